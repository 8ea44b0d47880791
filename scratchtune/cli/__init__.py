"""The command line: ``scratchtune compare``, ``tune``, ``predict``, ``translate``, ``transcribe``, ``example``, others.

Only the module of the command that is given is imported; it has ``add_NAME(parser)`` and ``run_NAME(given)``. Results
go to stdout, progress and messages to stderr. Exit codes: 0 done, 1 the job failed, 2 wrong arguments or input, 130
interrupted, 143 terminated. A closed pipe on stdout loses no work: files are written before results are printed.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module

from scratchtune.cli.parsing import Parser, nearest
from scratchtune.core.streams import flushed, note, prepare_streams
from scratchtune.core.version import __version__
from scratchtune.examples import NAMES

COMMANDS = {
    "compare": "tune one small network with every searcher, within the same budget of epochs, and compare the results",
    "tune": "search networks, boosted trees and linear models for your own table, combine the best, and save the model",
    "auto": "another name of tune",
    "predict": "predict with a model that tune has saved: one label or number for each row, in their order",
    "score": "evaluate a model that tune has saved on a table with known targets: all metrics with standard errors",
    "translate": "translate with a model that scratchtune example translation, or save of a Seq2Seq, has saved",
    "transcribe": "write what is said in WAV files, with a model that scratchtune example speech, or save of a "
                  "SpeechRecognizer, has saved",
    "why": "explain in words why the searcher proposed a trial; reads a file of studies",
    "studies": "list the studies of a file",
    "show": "show a study: its definition, its cost and its best trials",
    "export": "write a study as CSV or JSON; unless --times is given, two runs of the same study give the same bytes",
    "plot": "draw a study of a file as a picture",
    "report": "write a report of a study, or of all studies of a file, as one HTML page, which needs no network: "
              "whether the gain is real, the best configuration, what mattered, what to do next, and all trials with "
              "their reasons",
    "check": "check that a file of studies is whole (exit code 0), or damaged (1), and copy what is whole of it",
    "example": f"run a complete example: {', '.join(NAMES)}",
    "play": "write a page, a game against the searchers and interactive pictures of tuning, and open it in a browser",
    "recommend": "recommend a searcher for a space and a budget, and say why",
    "formulas": "list the formulas, show one of them beside its code, or check them all",
    "document": "show what the article that scratchtune implements says, statement by statement: what is right, what "
                "is not, and where it is measured",
}
MODULES = {  # of commands that have none of their own name
    "auto": "tune", "score": "predict", "why": "stored", "studies": "stored", "show": "stored", "export": "stored",
    "check": "stored",
    "plot": "pictures", "report": "pictures", "translate": "sequences", "transcribe": "sequences",
    "example": "learning", "formulas": "learning"}


def _terminate(*_: object) -> None:
    """Handle SIGTERM: it ends a command as Ctrl-C does."""
    raise KeyboardInterrupt("terminated")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _terminate) if is_main else None
    try:
        prepare_streams()
        return flushed(_run(arguments))
    except KeyboardInterrupt as signalled:
        word, code = ("terminated", 143) if signalled.args else ("interrupted", 130)
        note(f"scratchtune: {word}")
        return code
    finally:
        if is_main:
            signal.signal(signal.SIGTERM, before)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        given = _arguments(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    from scratchtune.cli.common import run  # here, since an interruption while it is imported is reported by `main`
    return run(given)


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    """Parse a command and its arguments; ``run`` of the result is its function. Help and errors raise SystemExit."""
    about = "Hyper-parameter tuning from scratch, with every formula beside the code that computes it."
    parser = Parser(prog="scratchtune", description=about)
    parser.add_argument("--version", action="version", version=f"scratchtune {__version__}")
    commands = parser.add_subparsers(
        title="commands", required=True, dest="command", metavar="COMMAND", parser_class=Parser)
    chosen = next((word for word in words if not word.startswith("-")), None)
    if chosen is not None and chosen not in COMMANDS:
        parser.error(f"there is no command {chosen}{nearest(chosen, COMMANDS)}")
    parsers = {}
    for name, text in COMMANDS.items():
        parsers[name] = command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.shows_rare = "--help-all" in words
        add = command.add_rare if name in ("tune", "auto") else command.add_argument
        add("--debug", action="store_true", help="show the traceback of an error")
        if name == chosen:
            module = import_module(f"scratchtune.cli.{MODULES.get(name, name)}")
            command.set_defaults(run=getattr(module, f"run_{name}"))
            getattr(module, f"add_{name}")(command)
    given, unknown = parser.parse_known_args(words)
    if unknown:
        parsers[given.command].refuse(unknown)
    return given
