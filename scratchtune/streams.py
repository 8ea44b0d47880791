"""Streams: what a command prints reaches its reader whole, or the work goes on without him."""

from __future__ import annotations

import io
import os
import re
import sys
from typing import TextIO

# What a terminal obeys instead of showing it: control characters, line separators, marks that turn the direction of
# writing; and halves of characters, which no encoding has.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """A text on one line, each control character as an escape: what comes from a file must not steer the terminal.

    >>> visible("red \\x1b[31m and\\ntwo lines")
    'red \\\\x1b[31m and\\\\ntwo lines'
    """
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def visible_lines(text: str) -> str:
    """The same for a text of several lines, which stay lines."""
    return "\n".join(map(visible, re.split("\r?\n", text)))


def prepare_streams() -> None:
    """Once, before anything is printed: letters that a stream lacks are no errors, a closed stderr is silent."""
    if sys.stderr is None:  # closed: messages must not go to stdout instead
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a message shows a ? for a letter that the terminal lacks


def tell(text: str, end: str = "\n", data: bool = False) -> None:
    """Print a result: none of its letters is lost, and where its reader is gone the work goes on.

    Control characters are escaped; in ``data``, which another program may read, only where a terminal reads them.
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
    """Print a message, control characters escaped; where nobody can read it, the work goes on."""
    try:
        print(visible_lines(line), file=sys.stderr, flush=True)
    except OSError:
        redirect_to_devnull(sys.stderr)


def redirect_to_devnull(stream: TextIO) -> None:
    """Let a stream lead nowhere, since its reader is gone, and Python will flush it once more at the end."""
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def flushed(code: int) -> int:
    """The exit code, once all that was printed has left; 2 where it can't."""
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
