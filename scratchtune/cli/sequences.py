"""``scratchtune translate`` and ``transcribe``: sentences, or what is said in WAV files, with a saved model."""

import argparse
import io
import sys
from pathlib import Path

from scratchtune.cli.common import check_integers, load
from scratchtune.cli.parsing import Parser
from scratchtune.core import checks
from scratchtune.core.streams import note, tell
from scratchtune.sequences.recognizer import SpeechRecognizer
from scratchtune.sequences.seq2seq import Seq2Seq
from scratchtune.sequences.speech import is_clipped, read_wav
from scratchtune.sequences.text import tokenize

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


def run_translate(given: argparse.Namespace) -> None:
    """Run ``scratchtune translate``: print the translation of a sentence, or of each line of stdin."""
    check_integers(given, beam_width=1)
    model = load(given.model, Seq2Seq, "translate takes a translator, such as scratchtune example translation saves")
    sentences = _stdin_lines() if given.text == "-" else {"TEXT": given.text}
    if given.text != "-" and not tokenize(given.text):
        raise ValueError(f"TEXT is {given.text!r}; it must hold at least one word")
    texts, model.warns = list(sentences.values()), False  # the remarks are for all lines, and name them
    for line in model.remarks(texts, list(sentences)):
        note(f"scratchtune: {line}")
    for first in range(0, len(texts), SIDE_BY_SIDE):
        tell("\n".join(model.translate(texts[first : first + SIDE_BY_SIDE], given.beam_width)), data=True)


def _stdin_lines() -> dict[str, str]:
    """Return the lines of stdin, each with the name that messages give it."""
    if sys.stdin is None:
        raise OSError("stdin is closed, and TEXT is -; give a sentence, or a file on stdin")
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise ValueError(f"stdin is not UTF-8: {problem.reason} at byte {problem.start}; save the text as UTF-8"
                         ) from None
    lines = (line.removesuffix("\n") for line in io.StringIO(text, newline=None))  # splitlines divides at more than \n
    return {f"line {number} of stdin": line for number, line in enumerate(lines, start=1)}


def add_transcribe(parser: Parser) -> None:
    """Add the arguments of ``scratchtune transcribe``."""
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help="the file that holds the recogniser")
    add("files", type=Path, nargs="+", metavar="FILE.wav", help="the recordings; prints one text a line, in order")
    add("--beam-width", type=int, metavar="N",
        help="the number of candidates that beam search keeps in each frame; 1 without a language model takes the most "
             "probable symbol of each frame (default: the model's)")
    add("--language-weight", type=float, metavar="W",
        help="how much the model's language model counts; 0 for not at all (default: the model's)")
    add("--insertion-bonus", type=float, metavar="B",
        help="what is added to the score of a text for each letter (default: the model's)")


def run_transcribe(given: argparse.Namespace) -> int:
    """Run ``scratchtune transcribe``: print the text of each file; return the exit code."""
    check_integers(given, beam_width=1)
    if given.language_weight is not None:
        checks.real("--language-weight", given.language_weight, 0.0)
    if given.insertion_bonus is not None:
        checks.real("--insertion-bonus", given.insertion_bonus)
    model = load(given.model, SpeechRecognizer,
                 "transcribe takes a recogniser of speech, such as scratchtune example speech saves")
    if given.language_weight is not None and model.decoder.language_model is None:
        raise ValueError(f"--language-weight is {given.language_weight}, and {given.model} has no language model; omit "
                         "it")
    failed = resampled = 0
    for path in given.files:
        try:
            clip = read_wav(path)
            if is_clipped(clip):
                note(f"scratchtune: {path} was recorded too loud, with peaks that are cut off; its text may be wrong")
            text = model.transcribe(model.features(clip, str(path)), given.beam_width, None, given.language_weight,
                                    given.insertion_bonus)
        except (OSError, ValueError) as problem:
            if len(given.files) == 1:
                raise
            note(f"scratchtune: {problem}")
            failed, text = failed + 1, ""
        else:
            resampled += clip.rate != model.features.rate
        tell(text, data=True)
    if resampled:
        note(f"scratchtune: {resampled} of {checks.counted(len(given.files), 'file')} resampled to "
             f"{model.features.rate:,} samples a second, which the model takes")
    if failed:
        note(f"scratchtune: {failed} of {len(given.files):,} files could not be transcribed; their lines are empty")
    return 2 if failed else 0
