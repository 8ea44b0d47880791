"""A recogniser of speech: a network that gives the probability of each symbol in each frame of a recording.

A symbol is a letter of the alphabet, or the *blank*, which stands for no letter. The network is a `Sequential` of the
layers below, and is trained as any other one. This file turns clips and texts into its rows, and its outputs into
texts.

| layer | what it does |
|---|---|
| `Masking` | frames of zeros are padding, since clips are not equally long |
| `SpecAugment`, if one is given | in training, hides stretches of time and bands of frequency |
| `Conv1D` with ReLU | each output depends on a few neighbouring frames |
| `Bidirectional` of "gru" or "lstm" | each output depends on all frames, before and after |
| `Dense` | logits of the blank and of each letter, for each frame |

The loss is CTC, which needs the texts, but not the times of their letters: see `scratchtune.sequences.ctc`.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.declared import exactly, made
from scratchtune.core.network.callbacks import Callback, History
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.layers.dense import Dense
from scratchtune.core.network.layers.dropout import Dropout
from scratchtune.core.network.saving import described, entry, remade
from scratchtune.core.network.sequential import Sequential
from scratchtune.core.network.sequential import unpacked as unpacked_network
from scratchtune.sequences.ctc import ctc_targets, guessing_loss
from scratchtune.sequences.layers.bidirectional import Bidirectional
from scratchtune.sequences.layers.conv1d import Conv1D
from scratchtune.sequences.layers.embedding import Masking
from scratchtune.sequences.layers.gru import GRU
from scratchtune.sequences.layers.lstm import LSTM
from scratchtune.sequences.layers.spec_augment import SpecAugment
from scratchtune.sequences.sequence_model import SequenceModel
from scratchtune.sequences.speech.alphabets import encode, fewest_frames, letters
from scratchtune.sequences.speech.decoding import Decoder
from scratchtune.sequences.speech.error_rates import character_error_rate, word_error_rate
from scratchtune.sequences.speech.features import Features, rate_of
from scratchtune.sequences.speech.ngram import NGram
from scratchtune.sequences.speech.resampling import change_speed

RECURRENT = {"gru": GRU, "lstm": LSTM}
SPEEDS = (0.9, 1.1)  # of Ko et al. (2015), "Audio augmentation for speech recognition"
MOST_LAYERS = 1000  # a file may claim any number
ARGUMENTS = ("structure", "units", "layers", "dropout")  # of the network
KERNEL_SIZE = 5  # frames on which an output of the convolution depends


class SpeechRecognizer(SequenceModel):
    """Transcribes clips; a text consists of the characters of ``alphabet``.

    ``features``: how the rows of the network are computed from a clip, by default log mel energies every 20 ms, which
    have half as many frames as MFCC every 10 ms (lesson 44 compares them). Without a rate they take that of the
    first clip of the first fit; clips of another rate are resampled, with a warning. ``structure``: "gru" or "lstm", in
    both directions. ``units``: of each direction, and the filters of the convolution. ``layers``: the number
    of recurrent layers. ``dropout``: the rate before each recurrent layer and before the last layer. ``frames``: the
    most frames that a clip may have in training; None: those of the longest clip of the first fit. ``augment``: a
    `SpecAugment` layer, which is copied, that hides parts of a clip's features in training.

    ``decoder``, an attribute that may be set, is how `transcribe` turns probabilities into texts; it is saved too.
    """

    kind, loss, lengths = "recognizer", "ctc", "frames"

    def __init__(
        self, alphabet: str, features: Features | None = None, structure: str = "gru", units: int = 64, layers: int = 1,
        dropout: float = 0.2, frames: int | None = None, dtype: str = "float32", seed: int = 0,
        augment: SpecAugment | None = None,
    ) -> None:
        super().__init__(dtype, seed)
        if not isinstance(augment, SpecAugment | None):
            raise TypeError(f"augment is {augment!r:.80}; it must be a SpecAugment, or None")
        if not isinstance(features, Features | None):
            raise TypeError(f"features is {features!r:.80}; it must be a speech.Features, or None")
        self.augment = augment
        self.alphabet = "".join(letters(alphabet))
        self.features = Features(kind="log_mel", step=0.02) if features is None else features
        self.arguments: dict[str, Any] = {
            "structure": checks.choice("structure", structure, RECURRENT), "units": checks.integer("units", units, 1),
            "layers": checks.integer("layers", layers, 1, MOST_LAYERS),
            "dropout": checks.real("dropout", dropout, 0.0, 1.0, open_high=True)}
        self.frames = None if frames is None else checks.integer("frames", frames, 1)
        self.decoder = Decoder()
        self._longest_text = 1  # in letters; `fit` finds it

    def stack(self) -> list[Layer]:
        """The network's layers, new ones."""
        units, dropout = self.arguments["units"], self.arguments["dropout"]
        dropouts = [Dropout(dropout)] if dropout > 0.0 else []
        augment = [] if self.augment is None else [self.augment.fresh()]
        found: list[Layer] = [Masking(), *augment, Conv1D(units, KERNEL_SIZE, padding="same", activation="relu")]
        for _ in range(self.arguments["layers"]):
            layer = RECURRENT[self.arguments["structure"]](units, return_sequences=True)
            found += [*(each.fresh() for each in dropouts), Bidirectional(layer)]
        return [*found, *(each.fresh() for each in dropouts), Dense(1 + len(self.alphabet))]

    def input_shape(self) -> tuple[int, ...]:
        """The most frames, and the features of each."""
        if self.frames is None:
            raise ValueError(
                "frames is None; give the most frames of a clip, or call fit, which takes it from the clips")
        return self.frames, self.features.n_features

    def longest(self) -> int:
        """The letters of the longest text of `fit`: letters have to be aligned, one by one, and frames need not."""
        return self._longest_text

    def guessing(self, y: np.ndarray) -> float:
        """The CTC loss of the best distribution over symbols that is the same in all frames of all clips."""
        return guessing_loss(y, self.dtype)

    def description(self) -> dict[str, Any]:
        """The alphabet, the features, the arguments of the network, its augmentation, the decoder."""
        return {"alphabet": self.alphabet, "features": asdict(self.features), "arguments": self.arguments,
                "decoder": self.decoder.to_dict(), "augment": None if self.augment is None else described(self.augment)}

    # Rows -------------------------------------------------------------------------------------------------------------

    def _heard(
        self, clips: Sequence[Any], name: str, any_length: bool = False, features: Features | None = None,
    ) -> list[np.ndarray]:
        """The checked features of each clip, (frames, features); an array of two axes is features already."""
        found, features = [], features or self.features
        rates = [rate_of(clip, f"{name} {number}") for number, clip in enumerate(_listed(f"{name}s", clips))]
        for number, clip in enumerate(clips):
            is_ready = isinstance(clip, np.ndarray) and clip.ndim == 2
            if self.built and features.rate is None and not is_ready:
                raise ValueError(f"{name} {number} is not an array of features, (frames, {features.n_features}), as "
                                 "in the training of this model, whose features have no rate; pass such arrays, or "
                                 "train SpeechRecognizer(alphabet, Features(rate=...))")
            rows = checks.matrix(f"{name} {number}", clip) if is_ready else features(clip, f"{name} {number}")
            if is_ready and clip.shape[1] != self.features.n_features:
                raise ValueError(f"{name} {number} has {clip.shape[1]} features; this model takes "
                                 f"{self.features.n_features}")
            if self.frames is not None and len(rows) > self.frames and not any_length:
                raise ValueError(f"{name} {number} has {len(rows)} frames; this model was built for at most "
                                 f"{self.frames}")
            found.append(rows)
        if not found:
            raise ValueError(f"{name}s is empty; it must hold at least one clip")
        others = [rate for rate in rates if rate not in (None, features.rate)]
        if others:
            warnings.warn(f"{len(others)} of {checks.counted(len(rates), 'clip')} resampled to {features.rate:,} "
                          f"samples a second, which the model takes; the first of them has {others[0]:,}", stacklevel=4)
        return found

    def _padded(self, heard: list[np.ndarray], most: int = 0) -> np.ndarray:
        """Rows for the network (n, frames, features), padded with zeros to `frames`, or to ``most`` if that is more."""
        assert self.frames is not None
        rows = np.zeros((len(heard), max(self.frames, most), self.features.n_features), self.dtype)
        for row, frames in zip(rows, heard, strict=True):
            row[: len(frames)] = frames
        return rows

    def _spoken(self, texts: Sequence[str], heard: list[np.ndarray], name: str) -> list[np.ndarray]:
        """The symbols of each text; an error for one that is no text of the alphabet, or too long for its clip."""
        if len(_listed(f"{name}s", texts, "texts")) != len(heard):
            raise ValueError(f"{name}s has {len(texts)} texts for {len(heard)} clips; the numbers must be equal")
        found = [encode(text, self.alphabet, f"{name} {number}") for number, text in enumerate(texts)]
        for number, (symbols, rows) in enumerate(zip(found, heard, strict=True)):
            if fewest_frames(symbols) > len(rows):
                raise ValueError(
                    f"{name} {number} is {texts[number]!r:.80}, {checks.counted(len(symbols), 'letter')}, which take "
                    f"at least {fewest_frames(symbols)} frames (equal ones have a blank between them), and its clip "
                    f"has {len(rows)}; leave it out, or use features with a smaller step")
        return found

    def _copies(
        self, clips: Sequence[Any], spoken: list[np.ndarray], features: Features, speed: float,
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The features and the symbols of the clips at another speed, if they fit; not of clips that are features."""
        for clip, symbols in zip(clips, spoken, strict=True):
            if isinstance(clip, np.ndarray) and clip.ndim == 2:
                continue
            played = change_speed(features.clip(clip), speed)
            if len(played.samples) >= features.frame_length:
                rows = features(played)
                if fewest_frames(symbols) <= len(rows) <= (self.frames or len(rows)):
                    yield rows, symbols

    def _targets(self, symbols: list[np.ndarray], heard: list[np.ndarray]) -> np.ndarray:
        """The rows of targets for CTC, see `ctc_targets`."""
        labels = np.zeros((len(symbols), max(1, *map(len, symbols))), np.int64)
        for row, found in zip(labels, symbols, strict=True):
            row[: len(found)] = found
        assert self.frames is not None
        return ctc_targets(labels, [len(rows) for rows in heard], [len(found) for found in symbols], self.frames,
                           1 + len(self.alphabet))

    # Training ---------------------------------------------------------------------------------------------------------

    def fit(
        self, clips: Sequence[Any], texts: Sequence[str], epochs: int | None = None, batch_size: int | None = None,
        verbose: int = 1, callbacks: Sequence[Callback] | None = (),
        validation_data: tuple[Sequence[Any], Sequence[str]] | None = None, speeds: Sequence[float] = SPEEDS,
    ) -> History:
        """Train for ``epochs`` passes over the clips and their texts; other arguments are those of `Sequential.fit`.

        A clip is what `st.speech.read_wav` returns, an array of samples, or its features (frames, features). What is
        None, and the learning rate unless `compile` got an optimizer, is chosen by
        `scratchtune.sequences.sequence_model.chosen_training`. ``speeds``: each clip, but not features, is also played
        at these, formula [sampling_times], which changes pitch and timbre as another voice does; () for none. A copy
        that has too few frames for its text, or more than ``frames``, is left out.
        """
        for number, speed in enumerate(speeds):
            checks.real(f"speeds[{number}]", speed, 0.1, 10.0)
        rates = (rate_of(clip, f"clip {number}") for number, clip in enumerate(_listed("clips", clips)))
        rate = next((rate for rate in rates if rate is not None), None)
        features = self.features if rate is None else self.features.of_rate(rate)
        heard = self._heard(clips, "clip", features=features)
        spoken, parts = self._spoken(texts, heard, "text"), [heard]
        if validation_data is not None:
            if not isinstance(validation_data, tuple | list) or len(validation_data) != 2:
                raise TypeError(f"validation_data is of type {type(validation_data).__name__}; it must be a pair: "
                                "clips, and their texts")
            valid_clips, valid_texts = validation_data
            parts.append(self._heard(valid_clips, "validation clip", features=features))
            valid_spoken = self._spoken(valid_texts, parts[1], "validation text")
        copies = [copy for speed in speeds for copy in self._copies(clips, spoken, features, speed)]
        heard, spoken = heard + [rows for rows, _ in copies], spoken + [symbols for _, symbols in copies]
        parts[0], self.features, self._longest_text = heard, features, max(map(len, spoken))
        if self.frames is None:
            self.frames = max(len(rows) for part in parts for rows in part)
        valid = None if len(parts) == 1 else (self._padded(parts[1]), self._targets(valid_spoken, parts[1]))
        return self.fit_rows(self._padded(heard), self._targets(spoken, heard), batch_size, epochs, verbose, callbacks,
                             valid)

    def evaluate(self, clips: Sequence[Any], texts: Sequence[str], **decoding: Any) -> dict[str, float]:
        """Mean CTC loss, word and character error rate of the clips; ``decoding``: arguments of `transcribe`."""
        self._decoder(**decoding)  # checks the arguments
        heard = self._heard(clips, "clip")
        spoken = self._spoken(texts, heard, "text")
        if not any(text.split() for text in texts):
            raise ValueError("texts are all empty; at least one must have a word, since error rates are relative to "
                             "their number")
        loss = self.network.evaluate(self._padded(heard), self._targets(spoken, heard))
        found = self.transcribe(heard, **decoding)
        return loss | {"word_error_rate": word_error_rate(texts, found),
                       "character_error_rate": character_error_rate(texts, found)}

    def _decoder(self, **given: Any) -> Decoder:
        """The model's decoder, with those arguments of `transcribe` that are not None instead of its own."""
        decoder = replace(self.decoder, **{name: value for name, value in given.items() if value is not None})
        if given.get("language_weight") is not None and decoder.language_model is None:
            raise ValueError(f"language_weight is {given['language_weight']}, and there is no language model; pass "
                             "language_model too, or omit language_weight")
        return decoder

    # Recognising ------------------------------------------------------------------------------------------------------

    def _network_for(self, frames: int) -> Sequential:
        """The network; for more frames than it takes, one for that many with the same weights, which fit any length."""
        if self.frames is None or frames <= self.frames:
            return self.network
        longer = Sequential(self.stack(), self.dtype, self.seed)
        longer.build((None, frames, self.features.n_features))
        longer.set_weights(self.network.get_weights())
        return longer

    def log_probabilities(self, clips: Sequence[Any]) -> list[np.ndarray]:
        """For each clip the natural log-probabilities of the blank and of each letter, (frames, 1 + letters)."""
        heard = self._heard(clips, "clip", any_length=True)
        frames = max(len(rows) for rows in heard)
        logits = self._network_for(frames).predict(self._padded(heard, frames)).astype(np.float64)
        logits -= logits.max(axis=2, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=2, keepdims=True))
        return [rows[: len(frames)] for rows, frames in zip(logits, heard, strict=True)]

    def transcribe(
        self, clips: Any, beam_width: int | None = None, language_model: NGram | None = None,
        language_weight: float | None = None, insertion_bonus: float | None = None,
    ) -> Any:
        """Return what is said in a clip, or the list of texts for a list of clips.

        The other arguments replace those of the model's ``decoder``, and None keeps them; see `st.speech.Decoder`. A
        clip may have more frames than those of the training.
        """
        decoder = self._decoder(beam_width=beam_width, language_model=language_model, language_weight=language_weight,
                                insertion_bonus=insertion_bonus)
        several = clips if isinstance(clips, list) else [clips]
        found = [decoder(rows, self.alphabet) for rows in self.log_probabilities(several)]
        return found if isinstance(clips, list) else found[0]


def _listed(name: str, values: Any, kind: str = "clips") -> Any:
    """Return a list, a tuple or an array of several items; a TypeError for anything else, such as a single clip."""
    is_single = hasattr(values, "_fields") or (isinstance(values, np.ndarray) and values.ndim == 1
                                               and values.dtype.kind not in "OU")
    if is_single or not isinstance(values, list | tuple | np.ndarray):
        seen = repr(values) if isinstance(values, str | None) else f"a single {type(values).__name__}"
        raise TypeError(f"{name} is {seen:.80}; it must be a list of {kind}")
    return values


def unpacked(header: dict[str, Any], arrays: Any) -> SpeechRecognizer:
    """Make the recogniser that `SpeechRecognizer.save` has written."""
    network, augment = unpacked_network(header, arrays), entry(header, "augment")
    model = SpeechRecognizer(
        entry(header, "alphabet"), made(Features, entry(header, "features")),
        **exactly("arguments", entry(header, "arguments"), ARGUMENTS),
        frames=network.input_shape[0], augment=None if augment is None else remade(SpecAugment, augment),
        dtype=network.dtype, seed=network.seed)
    model.decoder = Decoder.from_dict(entry(header, "decoder"))
    return model.adopt(network, header)
