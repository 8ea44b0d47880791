"""What the examples share: the ranking of trials, and the checks of options."""

from __future__ import annotations

from pathlib import Path

import pytest

import scratchtune as st
from scratchtune.examples.shared import check_options, prepare_folder, ranking
from scratchtune.study.best import best_first


def _study(direction: str, searcher: st.search.Searcher) -> st.Study:
    space = {"x": [0.3, 0.1, 0.2]}
    return st.tune(lambda trial: trial.params["x"], space, searcher, direction=direction, progress=False)


def test_without_budgets_all_trials_are_ranked() -> None:
    values = [trial.value for trial in best_first(_study("minimize", st.GridSearch()).trials, "minimize")]
    assert values == [0.1, 0.2, 0.3]
    assert [trial.value for trial in best_first(_study("maximize", st.GridSearch()).trials, "maximize")] == values[::-1]


def test_only_trials_of_the_largest_budget_are_ranked() -> None:
    study = _study("maximize", st.Hyperband(9))
    assert {trial.budget for trial in study.trials} == {1, 3, 9}
    assert {trial.budget for trial in best_first(study.trials, study.direction)} == {9}


def test_failed_trials_are_not_ranked() -> None:
    study = st.Study({"x": [1, 2]}, "grid")
    study.tell(study.ask(), 5.0)
    study.tell(study.ask(), state="failed")
    assert [trial.number for trial in best_first(study.trials, study.direction)] == [0]


def test_the_table_of_the_best() -> None:
    lines = ranking(_study("minimize", st.GridSearch()), "loss", epochs=7, most=2).splitlines()
    assert len(lines) == 3 and lines[0].split() == ["trial", "epochs", "loss", "configuration"]
    assert lines[1].split() == ["1", "7", "0.1000", "x=0.1"]


def test_options(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="a file; it must be a folder"):
        check_options(tmp_path / "file", 1, 0)
    with pytest.raises(ValueError, match="--jobs is 0"):
        check_options(tmp_path, 0, 0)
    with pytest.raises(ValueError, match="--seed is -1"):
        check_options(tmp_path, 1, -1)
    prepare_folder(tmp_path / "new" / "folder")
    assert list((tmp_path / "new" / "folder").iterdir()) == []
