"""A token is a word, a number or a punctuation mark: a text is split into tokens, and tokens are joined to a text.

The rules suit English and Spanish: letters with accents are letters, an apostrophe within a word belongs to the word
("don't"), and inverted marks are tokens ("¿", "¡"). A hyphen is a token of its own, so that "twenty-one" and
"twenty-two" share the word "twenty".

Implements section 6.2 of the document.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from scratchtune.core import checks

OPENING = frozenset("([{«“‘¿¡$£#@")  # no space after it
CLOSING = frozenset(")]}»”’.,;:!?…%")  # no space before it
JOINING = frozenset("-—/")  # no space on either side
QUOTES = frozenset("\"'")  # alternately opening and closing

_DOTS = re.compile(r"\.{3,}")


def tokenize(text: str, lower: bool = True) -> list[str]:
    """Split a text into words, numbers and punctuation marks.

    With ``lower=True``, the default, all letters become lower case, and `detokenize` cannot restore the capitals.
    The text is normalised first: Unicode form NFC (an "e" with a combining accent becomes "é"), no format characters
    such as soft hyphens, "’" within a word becomes "'", three dots or more become "…", and a hyphen between spaces
    becomes the dash "–". A blank text has no tokens.

    >>> tokenize("¿Qué pasó? Don't ask: twenty-one of 1,000.")
    ['¿', 'qué', 'pasó', '?', "don't", 'ask', ':', 'twenty', '-', 'one', 'of', '1,000', '.']
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {text!r} ({type(text).__name__}); it must be a str")
    checks.boolean("lower", lower)
    return [token for chunk in _normalised(text, lower).split() for token in _tokens(chunk)]


def is_blank(text: str | Sequence[str]) -> bool:
    """Whether a text, or a list of tokens, has no words."""
    return not (tokenize(text) if isinstance(text, str) else text)


def detokenize(tokens: Iterable[str]) -> str:
    """Join tokens to a text: one space between words, and spaces around punctuation as English and Spanish have them.

    `tokenize` splits the text into the same tokens again. The text equals the original one except for what `tokenize`
    normalises and for unusual spaces: those at a dash, at a quotation mark within a quotation, at a sign such as "-5".

    >>> detokenize(["¿", "qué", "pasó", "?", "twenty", "-", "one", "(", "1,000", ")", "."])
    '¿qué pasó? twenty-one (1,000).'
    """
    if isinstance(tokens, str):
        raise TypeError(f"tokens is the text {tokens!r}; it must be a list of tokens")
    text, joined = "", True  # joined: no space before the next token
    quoting: set[str] = set()  # the quotation marks that are open
    for token in tokens:
        closes = token in CLOSING or token in quoting
        joins = token in JOINING
        between_dots = token == "." and text.endswith(".")  # two dots in a row would be read as part of "…"
        text += " " * (between_dots or not (joined or closes or joins)) + token
        joined = joins or token in OPENING or (token in QUOTES and not closes)
        quoting ^= {token} & QUOTES
    return text


def _normalised(text: str, lower: bool) -> str:
    """The text in NFC, with "…" for dots and without format characters; `_tokens` normalises hyphens and "’"."""
    text = text.lower() if lower else text
    if not text.isascii():
        text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return _DOTS.sub("…", unicodedata.normalize("NFC", text))


def _tokens(chunk: str) -> list[str]:
    """Split a part of a text that has no spaces."""
    if chunk.isalnum() or chunk == "-":
        return [chunk.replace("-", "–")]
    found: list[str] = []
    within = False  # whether the previous character belongs to a word
    for index, char in enumerate(chunk):
        belongs = _belongs_to_word(chunk, index)
        if belongs and within:
            found[-1] += "'" if char == "’" else char
        else:
            found.append(char)
        within = belongs
    return found


def _belongs_to_word(chunk: str, index: int) -> bool:
    """Whether a character is part of a word, as the apostrophe in "don't" is, or of a number, as the comma in 1,000."""
    char, left, right = chunk[index], chunk[max(index - 1, 0)], chunk[min(index + 1, len(chunk) - 1)]
    if char in "'’":
        return _in_words(left) and _in_words(right)
    if char in ".,:":
        return left.isdecimal() and right.isdecimal()
    return _in_words(char)


def _in_words(char: str) -> bool:
    """Whether a character is a letter, a digit, or a mark above or below one."""
    return char.isalnum() or unicodedata.category(char).startswith("M")
