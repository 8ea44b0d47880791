"""How a command is run, and what several of them share: checks of options before any work, warnings, saved models."""

import argparse
import io
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from scratchtune.cli.parsing import Parser
from scratchtune.core import checks, interruption
from scratchtune.core.files import check_writable
from scratchtune.core.streams import note, redirect_to_devnull
from scratchtune.tables.wording import command_line

Model = TypeVar("Model")
WRITING = ("run_tune", "run_compare")  # these write files
STORING = (*WRITING, "run_example")  # these store their trials in --db


def run(given: argparse.Namespace) -> int:
    """Run a command, and print its error, if any; return the exit code. An interruption is raised again."""
    name = given.run.__name__
    nested, interruption.ends_process = interruption.ends_process, True
    try:
        if sys.stdout is None:
            raise OSError("stdout is closed, and results go there; redirect it to a file, or to /dev/null")
        with command_line():
            return given.run(given) or 0
    except KeyboardInterrupt as signalled:
        db = getattr(given, "storage" if name == "run_tune" else "db", None)
        if name in STORING and db is not None:
            interruption.say_kept(signalled, db)
        raise
    except BrokenPipeError:  # while printing; a command that writes files may not have written them yet
        redirect_to_devnull(sys.stdout)
        return 1 if name in WRITING else 0
    except Exception as error:
        memory, kind = "there is not enough memory for it", type(error).__name__
        message = str(error) or (memory if isinstance(error, MemoryError) else f"it failed with {kind}")
        note(traceback.format_exc() if given.debug else f"scratchtune: {message}")
        return 2 if isinstance(error, (ValueError, TypeError, OSError)) else 1
    finally:
        interruption.ends_process = nested


def check_integers(given: argparse.Namespace, **lowest: int) -> None:
    """Check that integer options, where given, are at least their lowest values."""
    for name, low in lowest.items():
        if getattr(given, name) is not None:
            checks.integer(f"--{name.replace('_', '-')}", getattr(given, name), low)


def check_outputs(outputs: dict[str, Path | None], inputs: dict[str, Path | None]) -> None:
    """Check before any work that each file to write can be written, and is neither an input nor another one."""
    used = {what: path for what, path in inputs.items() if path is not None}
    for option, path in ((option, path) for option, path in outputs.items() if path is not None):
        for what, other in used.items():
            if path.resolve() == other.resolve() or (path.exists() and other.exists() and path.samefile(other)):
                raise ValueError(f"{option} is {str(path)!r}, which would overwrite {what}; it must be a file of its "
                                 "own")
        check_writable(path, option)
        used["the model" if option == "--out" else f"the file of {option}"] = path


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Print warnings as plain lines, without a position in the code; the study reports trainings that diverge."""
    from scratchtune.core.network.training import DivergenceWarning  # here, since not every command needs a network

    with warnings.catch_warnings():
        warnings.simplefilter("once")
        warnings.simplefilter("ignore", DivergenceWarning)
        warnings.simplefilter("ignore", ResourceWarning)  # says nothing to a user
        warnings.showwarning = lambda message, *_, **__: note(f"scratchtune: {message}")
        yield


def load(path: Path, kind: type[Model], takes: str) -> Model:
    """Load a model; raise a ValueError, which ends with what the command ``takes``, if the file holds another one."""
    from scratchtune.loading import load_model

    try:
        model = load_model(path)
    except (OSError, ValueError) as problem:
        raise type(problem)(str(problem).replace("path is", "MODEL is", 1)) from None
    if not isinstance(model, kind):
        raise ValueError(f"{path} holds a {type(model).__name__}; {takes}")
    return model


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
