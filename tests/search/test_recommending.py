"""Recommendations: the rule that decides, the searcher's arguments, the expected time, and the measurements named."""

from __future__ import annotations

from pathlib import Path

import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.search.recommending import code_of, name_of
from scratchtune.tables import overhead

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
NUMBERS = {"a": st.Float(0.0, 1.0), "b": st.Float(1e-4, 1.0, log=True)}
MIXED = {"a": st.Float(0.0, 1.0), "b": ["x", "y"]}
CONDITIONAL = {"optimizer": ["sgd", "adam"], "momentum": st.Float(0.0, 0.9, when={"optimizer": ["sgd"]})}
FINITE = {"units": [16, 32, 64], "dropout": [0.0, 0.5]}


@pytest.mark.parametrize(("space", "options", "code"), [
    (FINITE, {"n_trials": 6}, "GridSearch()"),
    (FINITE, {"n_trials": 5}, "BayesianSearch()"),
    (MIXED, {"n_trials": 20, "n_jobs": 4}, "BayesianSearch(parallel=4)"),
    (NUMBERS, {"n_trials": 30}, "BayesianSearch()"),
    (NUMBERS, {"n_trials": 100}, "BayesianSearch()"),
    (CONDITIONAL, {"n_trials": 30}, "BayesianSearch()"),
    (MIXED, {"max_budget": 27}, "Hyperband(max_budget=27, proposer=BayesianSearch(model='tpe'))"),
    (MIXED, {"max_budget": 27, "n_trials": 3}, "BayesianSearch()"),  # the schedule takes more epochs than that
])
def test_the_rules(space: dict[str, object], options: dict[str, int], code: str) -> None:
    assert code_of(st.recommend(space, **options).searcher) == code  # type: ignore[arg-type]


def test_the_recommended_searcher_runs() -> None:
    found = st.recommend(MIXED, n_trials=8, n_jobs=2)
    study = st.Study(MIXED, found.searcher).run(lambda trial: trial.params["a"], found.trials, n_jobs=2, progress=False)
    assert len(study.trials) == found.trials == 8


def test_expected_seconds_are_those_of_the_trials_and_of_the_proposals() -> None:
    found = st.recommend(MIXED, 100, 2.0, 4)
    assert found.seconds == pytest.approx(100 * 2.0 / 4 + overhead.seconds("bayesian", 100))
    assert "expected time: 50 s" in str(found)
    assert st.recommend(MIXED, 100).seconds is None


def test_hyperband_takes_a_share_of_each_trial() -> None:
    found = st.recommend(MIXED, None, 27.0, max_budget=27)
    assert isinstance(found.searcher, st.Hyperband) and found.seconds is not None
    assert found.seconds - found.overhead == pytest.approx(found.searcher.cost(True))


def test_very_short_trials_are_told_about_the_overhead() -> None:
    assert "take longer than all trials" in str(st.recommend(MIXED, 100, 1e-4))
    assert "take longer than all trials" not in str(st.recommend(MIXED, 100, 1.0))


def every_reason() -> list[object]:
    """The reasons that any of these tasks gets."""
    tasks = [(space, trials, seconds, jobs, False, budget) for space in (NUMBERS, MIXED, CONDITIONAL, FINITE)
             for trials in (5, 30, 100) for seconds in (1e-4, 1.0) for jobs in (1, 4) for budget in (None, 27)]
    return [reason for task in tasks for reason in st.recommend(*task).reasons]


def test_every_figure_is_in_its_file() -> None:
    reasons = {reason for reason in every_reason()}
    assert len(reasons) > 4  # the rules
    for reason in reasons:
        assert reason.figures  # type: ignore[attr-defined]
        text = (RESULTS / reason.file).read_text(encoding="utf-8")  # type: ignore[attr-defined]
        assert [figure for figure in reason.figures if figure not in text] == []  # type: ignore[attr-defined]


def test_the_overhead_is_the_measured_one() -> None:
    lines = (RESULTS / overhead.MEASURED).read_text(encoding="utf-8").splitlines()
    rows = {cells[0]: tuple(map(float, cells[1:])) for cells in (
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| "))
        if cells[0] in overhead.MILLISECONDS}
    assert rows == {name: overhead.MILLISECONDS[name] for name in rows} and len(rows) == 5


def test_searchers_have_the_names_of_the_measurements() -> None:
    assert name_of(st.GeneticSearch()) == "genetic"


@pytest.mark.parametrize(("options", "message"), [
    ({"n_trials": 0}, "n_trials is 0"), ({"n_jobs": 0}, "n_jobs is 0"), ({"noisy": 1}, "noisy is 1"),
    ({"seconds_per_trial": -1.0}, "seconds_per_trial is -1.0"), ({"max_budget": 0.5}, "max_budget is 0.5"),
])
def test_bad_arguments_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        st.recommend(MIXED, **options)  # type: ignore[arg-type]


def test_on_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["recommend", "--trials", "30", "--jobs", "2", "--seconds-per-trial", "2"]) == 0
    assert "searcher: BayesianSearch(parallel=2)" in capsys.readouterr().out
    path = tmp_path / "space.json"
    path.write_text('{"units": [16, 32], "dropout": [0.0, 0.5]}')
    assert main(["recommend", "--space", str(path), "--trials", "10"]) == 0
    assert "searcher: GridSearch()" in capsys.readouterr().out
    assert main(["recommend", "--epochs", "27"]) == 0
    assert "Hyperband" in capsys.readouterr().out
    assert main(["recommend", "--trials", "0"]) == 2
