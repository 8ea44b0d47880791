"""A vocabulary numbers the tokens of some texts: a network reads and writes these numbers, the ids.

The first four ids are special, in Keras's order: 0 is padding, 1 the unknown token, 2 the start, 3 the end of a text.

Implements section 6.2 of the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scratchtune.core import checks
from scratchtune.sequences.text.tokens import detokenize, tokenize

SPECIAL = ("[PAD]", "[UNK]", "[START]", "[END]")  # `tokenize` returns none of them: it splits at brackets


class Vocabulary:
    """The tokens of some texts and their ids, the most frequent token first; of equal frequency, in alphabetical order.

    A text is a str, which is split by `tokenize`, or a list of tokens of your own, such as single characters.
    ``min_count``: how often a token must occur. ``lower``: whether letters become lower case, as for `tokenize`.

    >>> vocabulary = Vocabulary(["the cat", "the dog"])
    >>> vocabulary.tokens
    ['[PAD]', '[UNK]', '[START]', '[END]', 'the', 'cat', 'dog']
    >>> vocabulary.encode("The dog, the cat", end=True)
    [4, 6, 1, 4, 5, 3]
    >>> vocabulary.decode([4, 6, 3, 0, 0])
    'the dog'
    """

    padding, unknown, start, end = range(len(SPECIAL))

    def __init__(self, texts: Iterable[str | Sequence[str]], min_count: int = 1, lower: bool = True) -> None:
        checks.integer("min_count", min_count, 1)
        self.lower = checks.boolean("lower", lower)
        if isinstance(texts, str):
            raise TypeError(f"texts is the single text {texts!r}; it must be a list of texts")
        counts: Counter[str] = Counter()
        for number, text in enumerate(texts):
            counts.update(self.split(text, f"texts[{number}]"))
        if not counts:
            raise ValueError("texts is empty; it must hold at least one text")
        for token in SPECIAL:
            del counts[token]
        frequent = sorted((token for token in counts if counts[token] >= min_count), key=lambda t: (-counts[t], t))
        self._number([*SPECIAL, *frequent])

    def _number(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._ids = {token: number for number, token in enumerate(tokens)}

    @property
    def tokens(self) -> list[str]:
        """All tokens, in the order of their ids."""
        return list(self._tokens)

    def __len__(self) -> int:
        return len(self._tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __repr__(self) -> str:
        return f"<Vocabulary of {checks.counted(len(self), 'token')}>"

    def encode(self, text: str | Sequence[str], start: bool = False, end: bool = False) -> list[int]:
        """Return the ids of a text's tokens, on request between the ids of start and end.

        A token that is not in the vocabulary has the id 1. A text without tokens is an error.
        """
        checks.boolean("start", start)
        checks.boolean("end", end)
        ids = [self._ids.get(token, self.unknown) for token in self.split(text)]
        return [self.start] * start + ids + [self.end] * end

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of some ids, up to the first end; padding and start are left out, an unknown is "[UNK]"."""
        return detokenize(self.decode_tokens(ids))

    def decode_tokens(self, ids: Iterable[int]) -> list[str]:
        """Return the tokens of some ids, as `decode` does but not joined."""
        found = []
        for number, value in enumerate(ids):
            token = checks.integer(f"ids[{number}]", value, 0, len(self) - 1)
            if token == self.end:
                break
            if token not in (self.padding, self.start):
                found.append(self._tokens[token])
        return found

    def split(self, text: str | Sequence[str], name: str = "text") -> list[str]:
        """Return the tokens of a text, as `encode` splits it, known or not; ``name`` is what errors call the text."""
        if isinstance(text, str):
            tokens = tokenize(text, self.lower)
        elif isinstance(text, (list, tuple)) and all(isinstance(token, str) for token in text):
            tokens = list(text)
        else:
            raise TypeError(f"{name} is {text!r:.80} ({type(text).__name__}); it must be a text or a list of tokens")
        if not tokens:
            raise ValueError(f"{name} is {text!r}; it must hold at least one token")
        return tokens

    def to_dict(self) -> dict[str, Any]:
        """Return the vocabulary as a dict that can be written as JSON."""
        return {"tokens": self.tokens, "lower": self.lower}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Vocabulary:
        """Return the vocabulary that `to_dict` wrote."""
        if not isinstance(values, Mapping) or set(values) != {"tokens", "lower"}:
            raise ValueError(f"values is {values!r:.80}; it must be a dict with 'tokens' and 'lower', as of `to_dict`")
        tokens = values["tokens"]
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            raise ValueError(f"values['tokens'] is {tokens!r:.80}; it must be a list of tokens")
        if tuple(tokens[: len(SPECIAL)]) != SPECIAL or len(set(tokens)) < len(tokens):
            raise ValueError(f"values['tokens'] begins with {checks.quoted(tokens, 4)}; it must begin with "
                             f"{checks.quoted(SPECIAL)}, and hold each token once")
        vocabulary = cls.__new__(cls)
        vocabulary.lower = checks.boolean("values['lower']", values["lower"])
        vocabulary._number(list(tokens))
        return vocabulary
