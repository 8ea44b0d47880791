"""What the examples share: the checks of their options, their searcher, and what they print of a study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import scratchtune as st
from scratchtune.core import checks
from scratchtune.core.files import made_folder, page_path
from scratchtune.core.streams import shown_params, tell
from scratchtune.core.study.best import best_first
from scratchtune.insight import report as written_report


def checked_options(
    out: Path, jobs: int, seed: int, report: str | Path | None, db: Path | None, model: str,
) -> Path | None:
    """Check the options and make the folder ``--out``, before any work; return the path of the report or None.

    Raises
        ValueError or OSError, which name the option.
    """
    checks.integer("--jobs", jobs, 1)
    checks.integer("--seed", seed, 0, 2**32 - 1)
    if db is not None and db.resolve() == (out / model).resolve():
        raise ValueError(f"--db is {str(db)!r}, which this example writes to --out; it must be a file of its own")
    made_folder(out, "--out")
    return page_path(report, out / "report.html")


def hyperband(epochs: int) -> st.Hyperband:
    """Hyperband over epochs, from a ninth of them; a Bayesian search proposes two thirds of the configurations."""
    return st.Hyperband(
        epochs, proposer=st.BayesianSearch(parallel=2), min_budget=max(epochs // 9, 1), random_share=1 / 3)


def summary(study: st.Study, heading: str, most: int = 5) -> str:
    """The best trials as a table, and why the best of them was proposed."""
    best = best_first(study.trials, study.direction)
    if not best:
        raise RuntimeError(f"all trials failed, the first by: {study.trials[0].error}")
    width = max(len(heading), 6)
    lines = [f"{'trial':>5} {heading:>{width}}  configuration"]
    lines += [f"{trial.number:>5} {trial.value:>{width}.4f}  {shown_params(trial.params)}" for trial in best[:most]]
    return "\n".join([*lines, "", f"why: {study.why(best[0].number)}", ""])


def write_report(page: Path | None, studies: Sequence[st.Study]) -> None:
    """Write the report of ``--report``, if one is wanted, and say where it is."""
    if page is not None:
        written_report(list(studies), page)
        tell(f"report: {page}")
