"""The parser of the command line, of all commands and of each; and the options that several commands have."""

import argparse
import difflib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

SHARED: dict[str, dict[str, Any]] = {
    "--jobs": {"type": int, "default": 2, "metavar": "N",
               "help": "the number of trainings that run at the same time (default: 2)"},
    "--seed": {"type": int, "default": 0, "metavar": "N",
               "help": "the seed of the splits, the initial weights and the searchers (default: 0)"},
    "--db": {"type": Path, "metavar": "FILE",
             "help": "store every trial in this file, from which the same command continues after an interruption, and "
                     "which scratchtune why, show and export read"},
    "--report": {"nargs": "?", "const": "", "metavar": "FILE.html", "help": "also write a report as one HTML page"},
}


def nearest(word: str, known: Iterable[str]) -> str:
    """``, did you mean --trials?`` for the name closest to ``word``, or an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""


class Parser(argparse.ArgumentParser):
    """argparse without the usage text before an error: one line says what is wrong.

    ``end`` returns the last paragraphs of the help; it is called only when the help is printed. Arguments that
    `add_rare` has added are in the help only if ``shows_rare`` is true.
    """

    end: Callable[[], str] | None = None
    shows_rare = False

    def __init__(self, *args: Any, **options: Any) -> None:
        self.options: list[str] = []
        super().__init__(*args, **options)

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        """As argparse; the names of options are kept, for `refuse`."""
        self.options += [name for name in names if name.startswith("--")]
        return super().add_argument(*names, **options)

    def add_rare(self, *names: str, **options: Any) -> None:
        """Add an argument that only ``--help-all`` shows."""
        self.add_argument(*names, **options if self.shows_rare else options | {"help": argparse.SUPPRESS})

    def add_shared(self, *names: str, **changes: Any) -> None:
        """Add options of `SHARED`, some of their properties changed; ``begin`` and ``more`` complete the help."""
        begin, more = changes.pop("begin", ""), changes.pop("more", "")
        for name in names:
            self.add_argument(name, **SHARED[name] | {"help": begin + SHARED[name]["help"] + more} | changes)

    def refuse(self, words: list[str]) -> NoReturn:
        """Print that the parser has no such arguments, with the nearest option, and exit with 2."""
        option = words[0].split("=")[0]
        self.error(f"there is no option {option}{nearest(option, self.options)}"
                   if option.startswith("-") else f"too many arguments: {' '.join(words)}")

    def format_help(self) -> str:
        """The help, and its last paragraphs."""
        return super().format_help() + ("" if self.end is None else f"\n{self.end()}\n")

    def error(self, message: str) -> NoReturn:
        """Print one line, and exit with 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")
