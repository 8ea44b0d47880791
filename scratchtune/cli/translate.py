"""``scratchtune translate``: sentences are translated with a saved model."""

import argparse
import sys
from pathlib import Path

from scratchtune.cli.common import check_integers, loaded
from scratchtune.cli.parsing import Parser
from scratchtune.sequences.seq2seq import Seq2Seq
from scratchtune.sequences.text import tokenize
from scratchtune.streams import note, tell

SIDE_BY_SIDE = 64  # sentences that are translated at the same time


def add_translate(parser: Parser) -> None:
    """Add the arguments of ``scratchtune translate``."""
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help="the file that holds the translator")
    add("text", metavar="TEXT", help="the sentence to translate, or - for each line of stdin; prints one translation a "
                                     "line")
    add("--beam-width", type=int, default=1, metavar="N",
        help="the number of candidates that beam search keeps at each step; 1 takes the most probable token "
             "(default: 1)")


def run_translate(given: argparse.Namespace) -> int:
    """Run ``scratchtune translate``; return the exit code."""
    check_integers(given, beam_width=1)
    model = loaded(given.model, Seq2Seq, "translate takes a translator, such as scratchtune example translation saves")
    sentences = _lines_of_stdin() if given.text == "-" else {"TEXT": given.text}
    if given.text != "-" and not tokenize(given.text):
        raise ValueError(f"TEXT is {given.text!r}; it must hold at least one word")
    texts, model.warns = list(sentences.values()), False  # the remarks are for all lines, and name them
    for line in model.remarks(texts, list(sentences)):
        note(f"scratchtune: {line}")
    for first in range(0, len(texts), SIDE_BY_SIDE):
        tell("\n".join(model.translate(texts[first : first + SIDE_BY_SIDE], given.beam_width)), data=True)
    return 0


def _lines_of_stdin() -> dict[str, str]:
    """Return the lines of stdin, each with the name that messages give it."""
    if sys.stdin is None:
        raise OSError("stdin is closed, and TEXT is -; give a sentence, or a file on stdin")
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise ValueError(f"stdin is not UTF-8: {problem.reason} at byte {problem.start}; save the text as UTF-8"
                         ) from None
    return {f"line {number} of stdin": line for number, line in enumerate(text.splitlines(), start=1)}
