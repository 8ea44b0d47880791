"""A decoder: all choices of how a network's probabilities become a text; tuning these trains no network.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scratchtune import checks
from scratchtune.sequences.speech.decoding import decode, greedy_decode
from scratchtune.sequences.speech.ngram import NGram

NUMBERS = ("beam_width", "language_weight", "insertion_bonus")


@dataclass(frozen=True)
class Decoder:
    """A function of log-probabilities, (frames, symbols), that returns a text; the arguments are those of `decode`.

    With ``beam_width`` 1, no language model and no bonus it is `greedy_decode`: the most probable symbol of each frame.

    >>> import numpy as np
    >>> Decoder(beam_width=4)(np.log([[0.6, 0.4], [0.6, 0.4]]), "a")
    'a'
    """

    beam_width: int = 1
    language_model: NGram | None = None
    language_weight: float = 0.5
    insertion_bonus: float = 0.0

    def __post_init__(self) -> None:
        checks.integer("beam_width", self.beam_width, 1)
        checks.real("language_weight", self.language_weight, 0.0)
        checks.real("insertion_bonus", self.insertion_bonus)
        if not isinstance(self.language_model, NGram | None):
            raise TypeError(f"language_model is {self.language_model!r:.80}; it must be a speech.NGram, or None")

    def __call__(self, log_probabilities: Any, alphabet: Iterable[str]) -> str:
        """Return the text."""
        if self.beam_width == 1 and self.language_model is None and self.insertion_bonus == 0.0:
            return greedy_decode(log_probabilities, alphabet)
        return decode(log_probabilities, alphabet, self.beam_width, self.language_model, self.language_weight,
                      self.insertion_bonus)

    def to_dict(self) -> dict[str, Any]:
        """Return the arguments, with the language model's counts, as a dict that can be written as JSON."""
        model = None if self.language_model is None else self.language_model.to_dict()
        return {name: getattr(self, name) for name in NUMBERS} | {"language_model": model}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Decoder:
        """Return the decoder that `to_dict` described."""
        if not isinstance(values, Mapping) or {*values} != {*NUMBERS, "language_model"}:
            raise ValueError(f"values is {values!r:.80}; it must be what `Decoder.to_dict` returns")
        model = values["language_model"]
        return cls(**{**values, "language_model": None if model is None else NGram.from_dict(model)})
