"""What the examples share: checks of their options, and the ranking of a study's trials."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import scratchtune as st
from scratchtune import checks
from scratchtune.insight import report
from scratchtune.streams import shown_params, tell
from scratchtune.study.best import best_first


def check_options(out: Path, jobs: int, seed: int) -> None:
    """Check ``--jobs``, ``--seed``, and that ``--out`` can be a folder; nothing is created."""
    checks.integer("--jobs", jobs, 1)
    checks.integer("--seed", seed, 0, 2**32 - 1)
    for folder in (out, *out.parents):
        if folder.exists() and not folder.is_dir():
            seen = "a file" if folder == out else f"within {str(folder)!r}, a file"
            raise ValueError(f"--out is {str(out)!r}, {seen}; it must be a folder")


def prepare_folder(out: Path) -> None:
    """Create the folder of ``--out``; fail before the work if no file can be made in it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()
    except OSError as problem:
        raise OSError(f"--out is {str(out)!r}; no file can be made in it: {problem.strerror}") from None


def check_db(db: Path | None, out: Path, names: Sequence[str]) -> None:
    """Check that ``--db`` is none of the files of these names that the example writes to ``--out``."""
    for name in names:
        if db is not None and db.resolve() == (out / name).resolve():
            raise ValueError(f"--db is {str(db)!r}, which this example writes to --out; it must be a file of its own")


def ranking(study: st.Study, heading: str, epochs: int, most: int = 5) -> str:
    """Return the best trials of the largest budget as a table; ``epochs`` is the budget where a trial has none."""
    width = max(len(heading), 6)
    lines = [f"{'trial':>5} {'epochs':>6} {heading:>{width}}  configuration"]
    lines += [f"{trial.number:>5} {trial.budget or epochs:>6.0f} {trial.value:>{width}.4f}  "
              f"{shown_params(trial.params)}" for trial in best_first(study.trials, study.direction)[:most]]
    return "\n".join(lines)


def write_report(page: Path | None, studies: Sequence[st.Study]) -> None:
    """Write the report of ``--report``, if one is wanted, and say where it is."""
    if page is not None:
        report(list(studies), page)
        tell(f"report: {page}")
