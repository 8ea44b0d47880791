"""One best trial: whatever one reads of a study names the same trial, where small budgets are noisier and where the
trials of the lowest values are infeasible.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight
from scratchtune.cli import main
from scratchtune.cli.compare import Comparison, SearcherResult, plot_comparison
from scratchtune.core.study.best import best_first, of_largest_budget
from scratchtune.core.study.file import File
from scratchtune.core.study.stored import read_study
from scratchtune.insight.verdicts import contenders

SPACE = {"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}
SEEDS = range(6)


def loss(trial: st.Trial) -> float:
    """A bowl; its noise falls with the budget, so the lowest of all values is of a small one."""
    rng, budget = np.random.default_rng([trial.seed, trial.number]), float(trial.budget or 1.0)
    value = (trial.params["x"] - 0.3) ** 2 + 0.5 * trial.params["y"] + float(rng.normal(0.0, 1.0 / budget))
    for step in (0, 1):
        trial.report(value + 0.1 * (1 - step), step + int(budget))
    return value


def limited(trial: st.Trial) -> float:
    """The same bowl, whose minimum violates a constraint."""
    trial.set_constraint(0.4 - trial.params["x"])
    return loss(trial)


def studied(seed: int, most: int = 27, objective: Any = loss, **options: Any) -> st.Study:
    return st.Study(SPACE, st.Hyperband(most), seed=seed, **options).run(objective, progress=False)


def named(axes: Any) -> set[int]:
    """The trials that a picture names as the best or the chosen one."""
    from matplotlib.text import Text

    figures = {one.figure for one in np.ravel(np.array(axes, dtype=object))}
    texts = [text.get_text() for figure in figures for text in figure.findobj(Text)]
    texts += [label for one in np.ravel(np.array(axes, dtype=object)) for label in one.get_legend_handles_labels()[1]]
    found = [re.findall(r"best\W{0,3}trial (\d+)|trial (\d+)\W{0,3}(?:chosen|best|is the best)", text)
             for text in texts]
    return {int(number) for pairs in found for pair in pairs for number in pair if number}


@pytest.mark.parametrize("objective", [loss, limited])
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_printed_and_returned_names_one_trial(
    seed: int, objective: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    study = studied(seed, objective=objective, storage=tmp_path / "a.db")
    best = study.best_trial
    whole = [trial for trial in study.trials if trial.budget == 27.0 and not trial.violation]
    assert best is min(whole, key=lambda trial: (trial.value or 0.0, trial.number))
    assert min(trial.value or 0.0 for trial in study.trials) < study.best_value  # so that the question arises
    assert study.best_params == best.params and study.best_value == best.value
    assert f"(trial {best.number})" in repr(study)
    assert re.search(rf"\b[Tt]rial {best.number}\b", study.recommended().reason)
    compared = contenders(study, with_scores=False)
    assert compared.trials[compared.best].number == best.number
    assert f"is {best.value:.4g}, but how much" in insight.verdict(study)
    assert insight.reevaluate(study, lambda trial: trial.params["x"], 1, 1, progress=False)[0, 0] == best.params["x"]
    path = insight.ablation(study, lambda trial: trial.params["x"], default={"x": 0.999, "y": 0.999}, progress=False)
    assert path.steps[-1].after == best.params
    study.close()
    with File(tmp_path / "a.db", reading=True) as storage:
        assert read_study(storage, "study").best_trial.number == best.number
    assert main(["show", str(tmp_path / "a.db")]) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(k for k, line in enumerate(lines) if line.split()[:2] == ["trial", "value"])
    assert lines[head + 1].split()[0] == str(best.number)
    assert main(["studies", str(tmp_path / "a.db")]) == 0
    assert f"{best.value:.6g}" in capsys.readouterr().out


@pytest.mark.parametrize("seed", SEEDS)
def test_the_comparison_takes_the_winner_and_draws_its_line_by_the_largest_budget(seed: int) -> None:
    study, other = studied(seed), st.Study(SPACE, "random").run(loss, 5, progress=False)
    row = SearcherResult("hyperband", study, 0.5, 1.0)
    result = Comparison([row, SearcherResult("random", other, 0.5, 1.0)], 10, 10)
    text = Comparison([row], 10, 10).text()
    assert f"best by cross-validation: hyperband, trial {study.best_trial.number}, " in text
    lines = {str(line.get_label()): line for line in plot_comparison(result).lines}
    first = of_largest_budget(study.trials)[0]
    assert lines["hyperband"].get_ydata()[-1] == study.best_value
    assert lines["hyperband"].get_xdata()[0] == sum(row.costs[: first.number + 1])
    assert lines["random"].get_color() == "0.6"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("objective", [loss, limited])
@pytest.mark.parametrize("plot", ["plot_optimization_history", "plot_intermediate_values", "plot_brackets"])
def test_a_picture_names_the_best_trial(seed: int, objective: Any, plot: str) -> None:
    study = studied(seed, objective=objective)
    assert named(getattr(insight, plot)(study)) == {study.best_trial.number}


def test_importances_are_those_of_the_largest_budget(tmp_path: Path) -> None:
    study = studied(0, 81, storage=tmp_path / "a.db")
    study.close()
    with File(tmp_path / "a.db", reading=True) as storage:
        stored = read_study(storage, "study")
    whole = of_largest_budget(stored.trials)
    assert best_first(stored.trials, "minimize")[0] in whole and len(whole) < len(stored.trials)
    assert dict(insight.importance(stored)) == dict(insight.importance(replace(stored, trials=whole)))


@pytest.mark.slow
@pytest.mark.parametrize("objective", [loss, limited])
def test_the_report_names_the_best_trial_first(objective: Any, tmp_path: Path) -> None:
    study = studied(0, objective=objective)
    insight.report(study, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(style|script|svg|template).*?</\1>", " ", page))
    mentioned = re.search(r"(?i)\btrial\W+(\d+)", text)
    assert mentioned is not None and int(mentioned[1]) == study.best_trial.number


@pytest.mark.parametrize("objective", [loss, limited])
def test_in_optuna_only_trials_of_the_largest_budget_may_be_the_best(objective: Any) -> None:
    pytest.importorskip("optuna").logging.set_verbosity(40)
    study = studied(0, objective=objective)
    assert study.to_optuna().best_trial.number == study.best_trial.number
