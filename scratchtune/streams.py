"""Streams: what a command prints reaches its reader whole, or the work goes on without him."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO


def prepare_streams() -> None:
    """Once, before anything is printed: letters that a stream lacks are no errors, a closed stderr is silent."""
    if sys.stderr is None:  # closed: messages must not go to stdout instead
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a message shows a ? for a letter that the terminal lacks


def tell(text: str, end: str = "\n") -> None:
    """Print a result: none of its letters is lost, and where its reader is gone the work goes on."""
    out = sys.stdout
    try:
        text.encode(out.encoding or "utf-8")
    except UnicodeEncodeError:
        if isinstance(out, io.TextIOWrapper):
            out.reconfigure(encoding="utf-8", errors="replace")
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        lead_nowhere(out)


def note(line: str) -> None:
    """Print a message; where nobody can read it, the work goes on."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        lead_nowhere(sys.stderr)


def lead_nowhere(stream: TextIO) -> None:
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
        lead_nowhere(sys.stdout)
    except OSError as problem:
        lead_nowhere(sys.stdout)
        note(f"scratchtune: stdout: {problem}")
        return code or 2
    return code
