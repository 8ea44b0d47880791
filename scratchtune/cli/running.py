"""One command runs: an error is printed as one line, and becomes an exit code."""

import argparse
import sys
import traceback

from scratchtune import interruption
from scratchtune.streams import note, redirect_to_devnull
from scratchtune.tables.wording import command_line

WRITING = ("run_tune", "run_compare")  # these write files
STORING = (*WRITING, "run_example")  # these store their trials in --db


def run(given: argparse.Namespace) -> int:
    """Run a parsed command; return the exit code. An interruption is raised again."""
    name = given.run.__name__
    nested, interruption.ends_process = interruption.ends_process, True
    try:
        if sys.stdout is None:
            raise OSError("stdout is closed, and results go there; redirect it to a file, or to /dev/null")
        with command_line():
            return int(given.run(given))
    except KeyboardInterrupt as signalled:
        db = getattr(given, "storage" if name == "run_tune" else "db", None)
        if name in STORING and db is not None:
            interruption.say_kept(signalled, db)
        raise
    except BrokenPipeError:  # while printing; a command that writes files may not have written them yet
        redirect_to_devnull(sys.stdout)
        return 1 if name in WRITING else 0
    except Exception as error:
        note(traceback.format_exc() if given.debug else f"scratchtune: {_said(error)}")
        return 2 if isinstance(error, (ValueError, TypeError, OSError)) else 1
    finally:
        interruption.ends_process = nested


def _said(error: Exception) -> str:
    """Return the text of an error, or its type where it has no text."""
    if isinstance(error, MemoryError) and not str(error):
        return "there is not enough memory for it"
    return str(error) or f"it failed with {type(error).__name__}"
