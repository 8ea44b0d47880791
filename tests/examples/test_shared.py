"""What the examples share: the checks of options, and what is printed of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.examples.shared import checked_options, hyperband, summary


def test_the_summary_begins_with_the_best_trial_of_the_largest_budget() -> None:
    study = st.tune(lambda trial: trial.params["x"] / trial.budget, {"x": st.Float(1.0, 2.0)}, hyperband(9),
                    progress=False)
    lines = summary(study, "loss", most=2).splitlines()
    assert len(lines) == 5 and lines[0].split() == ["trial", "loss", "configuration"]
    assert lines[1].split()[:2] == [str(study.best_trial.number), f"{study.best_value:.4f}"]
    assert lines[4].startswith(f"why: Trial {study.best_trial.number}: ")


def test_a_study_of_failures_says_why() -> None:
    def failing(trial: Any) -> float:
        raise RuntimeError("the training diverged")

    study = st.Study({"x": [1, 2]}, "grid")
    study.run(failing, progress=False, max_failures="unlimited")
    with pytest.raises(RuntimeError, match="all trials failed, the first by: .*the training diverged"):
        summary(study, "loss")


def test_options(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for changed, message in (({"out": tmp_path / "file"}, "is a file; it must be a folder"), ({"jobs": 0}, "--jobs is"),
                             ({"seed": -1}, "--seed is -1"), ({"db": tmp_path / "model.npz"}, "--db is ")):
        options: dict[str, Any] = {"out": tmp_path, "jobs": 1, "seed": 0, "report": None, "db": None}
        with pytest.raises(ValueError, match=message):
            checked_options(**options | changed, model="model.npz")
    new = tmp_path / "new" / "folder"
    assert checked_options(new, 1, 0, "", None, "model.npz") == new / "report.html" and list(new.iterdir()) == []
