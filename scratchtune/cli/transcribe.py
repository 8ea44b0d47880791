"""``scratchtune transcribe``: what is said in WAV files is written with a saved model."""

import argparse
from pathlib import Path

from scratchtune import checks
from scratchtune.cli.common import check_integers, loaded
from scratchtune.cli.parsing import Parser
from scratchtune.sequences.recognizer import SpeechRecognizer
from scratchtune.sequences.speech import is_clipped, read_wav
from scratchtune.streams import note, tell


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
    """Run ``scratchtune transcribe``; return the exit code."""
    _check_decoding(given)
    model = loaded(given.model, SpeechRecognizer,
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


def _check_decoding(given: argparse.Namespace) -> None:
    """Check the options of the decoding before any work."""
    check_integers(given, beam_width=1)
    if given.language_weight is not None:
        checks.real("--language-weight", given.language_weight, 0.0)
    if given.insertion_bonus is not None:
        checks.real("--insertion-bonus", given.insertion_bonus)
