"""Recommendations: the rule that decides, the searcher's arguments, the reason, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.core.search.recommending import code_of

NUMBERS = {"a": st.Float(0.0, 1.0), "b": st.Float(1e-4, 1.0, log=True)}
MIXED = {"a": st.Float(0.0, 1.0), "b": ["x", "y"]}
FINITE = {"units": [16, 32, 64], "dropout": [0.0, 0.5]}


@pytest.mark.parametrize(("space", "options", "code"), [
    (FINITE, {"n_trials": 6}, "GridSearch()"),
    (FINITE, {}, "GridSearch()"),
    (FINITE, {"n_trials": 5}, "BayesianSearch()"),
    (FINITE, {"n_trials": 6, "noisy": True}, "BayesianSearch()"),  # one value of each point is not enough
    (MIXED, {"n_trials": 20, "n_jobs": 4}, "BayesianSearch(parallel=4)"),
    (NUMBERS, {"n_trials": 2000}, "BayesianSearch()"),
    (NUMBERS, {"n_trials": 2000, "seconds_per_trial": 60.0, "n_jobs": 64}, "BayesianSearch(parallel=64)"),
    (NUMBERS, {"n_trials": 2000, "seconds_per_trial": 0.01, "n_jobs": 64}, "RandomSearch()"),
    (NUMBERS, {"n_trials": 2000, "seconds_per_trial": 0.3, "n_jobs": 4}, "RandomSearch()"),  # 0.075 s a trial
    (NUMBERS, {"n_trials": 30, "objectives": 2}, "NSGA2()"),
    (MIXED, {"max_budget": 27}, "Hyperband(max_budget=27, proposer=BayesianSearch(model='tpe'))"),
    (MIXED, {"max_budget": 27, "n_trials": 3}, "BayesianSearch()"),  # the schedule takes more epochs than that
    (MIXED, {"max_budget": 81, "n_trials": 17}, "Hyperband(max_budget=81, proposer=BayesianSearch(model='tpe'))"),
    (MIXED, {"max_budget": 2}, "BayesianSearch()"),
])
def test_the_rule(space: dict[str, object], options: dict[str, int], code: str) -> None:
    found = st.recommend(space, **options)  # type: ignore[arg-type]
    assert code_of(found.searcher) == code and found.reason.endswith(".")
    assert str(found) == repr(found) == f"searcher: {code}\nbecause: {found.reason}"


def test_the_code_makes_the_searcher() -> None:
    for searcher in (st.GridSearch(7), st.BayesianSearch("gp", initial=3), st.NSGA2(population=8), st.Hyperband(9)):
        assert repr(eval(code_of(searcher), vars(st))) == repr(searcher)


def test_the_recommended_searcher_runs() -> None:
    found = st.recommend(MIXED, n_trials=8, n_jobs=2)
    study = st.Study(MIXED, found.searcher).run(lambda trial: trial.params["a"], 8, n_jobs=2, progress=False)
    assert len(study.trials) == 8


def test_noise_and_workers_are_in_the_reason() -> None:
    assert "study.recommended()" in st.recommend(NUMBERS, noisy=True).reason
    assert "for 4 workers" in st.recommend(NUMBERS, n_jobs=4).reason


@pytest.mark.parametrize(("options", "message"), [
    ({"n_trials": 0}, "n_trials is 0"), ({"n_jobs": 0}, "n_jobs is 0"), ({"noisy": 1}, "noisy is 1"),
    ({"seconds_per_trial": -1.0}, "seconds_per_trial is -1.0"), ({"max_budget": 0.5}, "max_budget is 0.5"),
    ({"objectives": 0}, "objectives is 0"),
])
def test_bad_arguments_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        st.recommend(MIXED, **options)  # type: ignore[arg-type]


def test_a_file_that_holds_no_space(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "space.json"
    for text in ("[", "[1]", '{"l2": 5}', '{"l2": {"low": 9, "high": 1}}', '{"l2": {"low": 1}}'):
        path.write_text(text)
        assert main(["recommend", "--space", str(path)]) == 2
        assert "--space is '" in capsys.readouterr().err
