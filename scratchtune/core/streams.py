"""Streams: printing without errors for letters that a stream lacks, or for a reader that has closed a pipe."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TextIO

# What controls a terminal: control characters, line separators, marks of direction; and lone surrogates.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """A text on one line, with control characters escaped: text from a file must not control the terminal.

    >>> visible("red \\x1b[31m and\\ntwo lines")
    'red \\\\x1b[31m and\\\\ntwo lines'
    """
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def shown_params(params: Mapping[str, Any]) -> str:
    """Parameters on one line, numbers with four significant digits."""
    values = {name: f"{value:.4g}" if isinstance(value, float) else str(value) for name, value in params.items()}
    return visible(", ".join(f"{name}={value}" for name, value in values.items()))


def aligned(rows: Sequence[Sequence[str]], left: Collection[int] = (0,)) -> list[str]:
    """Rows of cells as lines: a column is as wide as its widest cell; the columns ``left`` are aligned to the left.

    >>> aligned([["name", "value"], ["x", "0.5"]])
    ['name  value', 'x       0.5']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) if k in left else cell.rjust(width)
                      for k, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in rows]


def visible_lines(text: str) -> str:
    """`visible` for a text of several lines; line breaks remain."""
    return "\n".join(map(visible, re.split("\r?\n", text)))


def prepare_streams() -> None:
    """Call this once, before printing: letters that a stream lacks become "?", and a closed stderr is replaced."""
    if sys.stderr is None:  # closed; Python might otherwise give its descriptor to another file
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def tell(text: str, end: str = "\n", data: bool = False) -> None:
    """Print a result, in UTF-8 if the stream's encoding lacks a letter; a closed pipe is not an error.

    Control characters are escaped; in ``data``, for other programs, only if stdout is a terminal.
    """
    out = sys.stdout
    text = text if data and not out.isatty() else visible_lines(text)
    try:
        text.encode(out.encoding or "utf-8")
    except UnicodeEncodeError:
        if isinstance(out, io.TextIOWrapper):
            out.reconfigure(encoding="utf-8", errors="replace")
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        redirect_to_devnull(out)


def note(line: str) -> None:
    """Print a message to stderr, control characters escaped; a stream that can't be written is not an error."""
    try:
        print(visible_lines(line), file=sys.stderr, flush=True)
    except OSError:
        redirect_to_devnull(sys.stderr)


def redirect_to_devnull(stream: TextIO) -> None:
    """Redirect a stream whose reader is gone to the null device, since Python flushes it again at its end."""
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError, ValueError):
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


def flushed(code: int) -> int:
    """Flush stdout, and return the exit code; 2 instead of 0 where stdout can't be written."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        redirect_to_devnull(sys.stdout)
    except OSError as problem:
        redirect_to_devnull(sys.stdout)
        note(f"scratchtune: stdout: {problem}")
        return code or 2
    return code
