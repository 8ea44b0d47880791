"""What the commands on a table share: how a file writes its cells, and a file that can be read only once."""

import io
import sys
from pathlib import Path
from typing import BinaryIO

from scratchtune.cli.parsing import Parser


def add_notation(parser: Parser, rare: bool) -> None:
    """Add options that say how a file writes missing values and numbers."""
    add = parser.add_rare if rare else parser.add_argument
    add("--missing", nargs="+", action="extend", default=[], metavar="TEXT",
        help="further texts that mean a missing value, such as - or -999; these always mean one, in upper or lower "
             "case: empty, NA, N/A, NaN, null, None, ?")
    add("--decimal", choices=[".", ","], metavar="MARK",
        help="the decimal mark of numbers, a point or a comma (default: detected in the file)")


def source(path: Path) -> Path | BinaryIO:
    """Return a file, or the content of one that can be read only once, such as a pipe; - is stdin."""
    if path == Path("-"):
        if sys.stdin is None:
            raise OSError("stdin is closed, and FILE is -; give a file, or a table on stdin")
        return _Content("stdin", sys.stdin.buffer.read())
    if path.is_fifo():
        return _Content(str(path), path.read_bytes())
    return path


class _Content(io.BytesIO):
    """The content of a file in memory, with the name that messages show."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name
