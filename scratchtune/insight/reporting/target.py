"""The file that a command writes a report to: the one of ``--report``, checked before any work."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from scratchtune.files import replaceable

ENDINGS = (".html", ".htm")


def report_path(given: str | os.PathLike[str] | None, default: Path, option: str = "--report") -> Path | None:
    """Return the path of the report: None where none is wanted, ``default`` where the option has no FILE.

    Raises
        ValueError, OSError where no page can be written there.
    """
    if given is None:
        return None
    path = Path(given) if str(given) else default
    written = f"{option} is {str(path)!r}"
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"{written}; its name must end in {' or '.join(ENDINGS)}")
    if path.is_dir():
        raise ValueError(f"{written}, a folder; it must be the name of a file")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{written}; there is no folder {str(path.parent)!r}")
    try:
        tempfile.TemporaryFile(dir=replaceable(path).parent).close()
    except OSError as problem:
        raise OSError(f"{written}; no file can be made there: {problem.strerror or problem}") from None
    return path
