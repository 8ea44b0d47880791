"""The parser of the command line, of all commands and of each."""

import argparse
from collections.abc import Callable
from typing import Any


class Parser(argparse.ArgumentParser):
    """argparse without the usage text before an error: one line says what is wrong.

    ``end`` returns the last paragraphs of the help; it is called only when the help is printed. Arguments that
    `add_rare` has added are left out of the help of ``--help``, and are in that of ``--help-all``.
    """

    end: Callable[[], str] | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.rare: list[tuple[argparse.Action, str | None]] = []  # with the help of each

    def add_rare(self, *names: str, **options: Any) -> None:
        """Add an argument that only ``--help-all`` shows."""
        action = self.add_argument(*names, **options)
        self.rare.append((action, action.help))
        action.help = argparse.SUPPRESS

    def format_help(self) -> str:
        """The help, and its last paragraphs."""
        return super().format_help() + ("" if self.end is None else f"\n{self.end()}\n")

    def error(self, message: str) -> None:  # type: ignore[override]
        """Print one line, and exit with 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


class HelpAll(argparse.Action):
    """``--help-all``: the help with all arguments."""

    def __init__(self, option_strings: list[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print the help, and exit with 0."""
        assert isinstance(parser, Parser)
        for action, text in parser.rare:
            action.help = text
        parser.print_help()
        parser.exit()
