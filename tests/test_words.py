"""Docstrings, comments and messages use the field's terms.

Each pattern is a word of an old dialect, with the term that replaces it. Only the folders in CLEAN are
checked; one whose words have been revised is added there.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # a tool of this repository: CI runs its tests

ROOT = Path(__file__).parents[1]

CLEAN = (  # folders, relative to the repository
    "benchmarks", "lessons", "scratchtune",
)

WORDS = {  # what is not to be written, and what is
    r"settings?": "configuration, or hyper-parameter",
    r"sealed (rows|images)|(rows? (is|are)|stay) sealed|rows to (choose|judge) by|to judge by": "held-out test set",
    r"(on|of) other rows": "validation set, or test set",
    r"slopes": "gradient",
    r"(?<!standard )(?<!normal )deviations?": "standard deviation",
    r"whole[- ]numbers?": "integer",
    r"strangers?": "unknown label",
    r"even random numbers?": "uniform random number",
    r"(by|at|of|from) (its|a|the) places?|the places? of": "index, position, or unit value",
    r"hand(s|ed)? (back|on|over)": "return, or pass",
    r"go(es|ing)? on": "continue",
    r"(stands?|standing) (there|for it|where|in the order|twice|at|before|beside|in its place)": "is, or occurs",
    r"lies?": "is",
    r"judge[sd]? (anew|it|on|by)|judged": "evaluated",
    r"anew": "again",
    r"held against|holds? \w+ against": "compared with",
    r"how far (they are )?apart|told apart|tells? \w+ apart": "distinct, or their difference",
    r"trusts?": "assumes",
    r"nobody": "passive voice",
    r"(what|that) arrives": "dy, or the argument's name",
    r"believed?|tame[ds]?|likelier|luckiest|lucky": "the statistical term",
    r"(is|are) asked for": "is requested, or is called",
    r"as (it|they) stands?": "unchanged",
    r"learnt by heart": "memorised",
    r"the surer|the surest|surely": "more confident",
    r"comes? along": "is built in",
}
FORBIDDEN = {re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE): term for pattern, term in WORDS.items()}


def files(folder: str) -> list[Path]:
    """The Python files of an entry of CLEAN."""
    return sorted((ROOT / folder).rglob("*.py"))


def prose(source: str) -> Iterator[tuple[int, str]]:
    """(line number, text) of each line of comments and of strings with a space; code and doctests are left out."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "COMMENT" or (kind in ("STRING", "FSTRING_MIDDLE") and " " in token.string):
            text = re.sub(r"\{[^{}]*\}", "", token.string) if kind == "STRING" else token.string
            yield from ((token.start[0] + i, line) for i, line in enumerate(text.splitlines())
                        if not line.lstrip().startswith((">>>", "...")))


def faults(source: str) -> list[str]:
    """One sentence for each forbidden word: its line, the word, and the right term."""
    return [f"line {number}: {found[0]!r}; write: {term}" for number, line in prose(source)
            for pattern, term in FORBIDDEN.items() for found in pattern.finditer(re.sub(r"(`+)[^`]*\1", "", line))]


@pytest.mark.parametrize("folder", CLEAN)
def test_the_words_are_the_fields(folder: str) -> None:
    found = [f"{path.relative_to(ROOT)}, {fault}" for path in files(folder)
             for fault in faults(path.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("source, words", [
    ('"""The best setting of all."""', ["setting"]),
    ("x = 1  # a whole number", ["whole number"]),
    ('raise ValueError(f"{x} is {y}, no whole numbers")', ["whole numbers"]),
    ("settings = {'whole number': 1}\ndeviation = 2", ["whole number"]),
    ('"""Noise with standard deviation 1, of `setting_of`; the standard deviations."""', []),
    ('"""``settings`` is an argument.\n\n>>> halving(settings=27)\n"""', []),
])
def test_prose_is_found_and_code_is_not(source: str, words: list[str]) -> None:
    assert [fault.split("'")[1] for fault in faults(source)] == words


def test_every_entry_exists() -> None:
    assert all((ROOT / entry).exists() for entry in CLEAN)
