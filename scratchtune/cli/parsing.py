"""The parser of the command line, of all commands and of each."""

import argparse
from collections.abc import Callable


class Parser(argparse.ArgumentParser):
    """argparse without the usage text before an error: one line says what is wrong.

    ``end`` returns the last paragraphs of the help; it is called only when the help is printed.
    """

    end: Callable[[], str] | None = None

    def format_help(self) -> str:
        """The help, and its last paragraphs."""
        return super().format_help() + ("" if self.end is None else f"\n{self.end()}\n")

    def error(self, message: str) -> None:  # type: ignore[override]
        """Print one line, and exit with 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")
