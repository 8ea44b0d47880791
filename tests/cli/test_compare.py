"""The comparison: a disjoint test set, the same budget for all searchers, a winner chosen by cross-validation."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import compare as comparison
from scratchtune.cli import main
from scratchtune.cli.compare import TunedTraining, compare, mean_score, plan, trials_within, with_equal_budget
from scratchtune.core.evaluation.cross_validation import FoldScore


@pytest.fixture(scope="module")
def result():
    X, y = st.datasets.load_digits()
    return compare(X[:300] / 16, y[:300], n_trials=12, seed=1)


def test_every_searcher_has_the_same_budget(result):
    assert [row.searcher for row in result.rows] == ["grid", "random", "bayesian", "genetic", "hyperband"]
    each = 12 * comparison.EPOCHS * comparison.FOLDS
    assert {sum(row.costs) for row in result.rows if row.searcher != "hyperband"} == {each}
    assert {row.configurations for row in result.rows if row.searcher != "hyperband"} == {12}
    (hyperband,) = [row for row in result.rows if row.searcher == "hyperband"]
    assert 0.75 * each <= sum(hyperband.costs) <= each and hyperband.configurations > 12


def test_the_winner_is_best_by_cross_validation_and_says_why(result):
    best = max(row.study.best_value for row in result.rows)
    assert result.winner.study.best_value == best
    assert result.winner.study.why(result.winner.study.best_trial.number) in result.text()
    assert f"{result.winner.test_accuracy:.4f}" in result.text()


def test_the_winner_has_the_best_score_after_the_most_epochs():
    studies = [SimpleNamespace(best_trial=SimpleNamespace(budget=budget), best_value=value)
               for budget, value in ((9, 0.99), (None, 0.8), (comparison.EPOCHS, 0.9))]
    rows = [comparison.SearcherResult("", study, 0.5, 1.0) for study in studies]
    assert comparison.Comparison(rows, 200, 100).winner is rows[2]


def _compared(*scores, budget=None):
    """A comparison of searchers a, b, ... whose best trials have these scores on the folds."""
    trials = [SimpleNamespace(budget=budget, scores=list(some)) for some in scores]
    studies = [SimpleNamespace(best_trial=one, best_value=float(np.mean(one.scores))) for one in trials]
    rows = [comparison.SearcherResult(name, study, 0.5, 1.0) for name, study in zip("abc", studies, strict=False)]
    return comparison.Comparison(rows, 200, 100)


def test_differences_from_the_winner_are_paired_over_the_folds_by_hand():
    """The differences -0.01 and -0.03 by turns: std 0.0110, times the root of 1/5 + 1/4, times 2.776, t of 4."""
    best = np.array([0.9, 0.95, 0.9, 0.85, 0.9])
    less = best - [0.01, 0.03, 0.01, 0.03, 0.02]
    found = _compared(less, best, best - [0.2, 0.0, 0.0, 0.0, 0.0]).differences()
    reach = 2.776445 * np.std([0.01, 0.03, 0.01, 0.03, 0.02], ddof=1) * np.sqrt(1 / 5 + 1 / 4)
    assert (found[0].mean, found[0].low, found[0].high) == pytest.approx((-0.02, -0.02 - reach, -0.02 + reach))
    assert found[1][:3] == (0.0, 0.0, 0.0)
    said = "searchers: worse than b by more than chance: a; not shown to be worse than b: c (one seed; 95 % intervals "
    assert _compared(less, best, best - [0.2, 0.0, 0.0, 0.0, 0.0]).said_of_the_others() == [said + "over the 5 folds)"]


def test_the_picture_shows_each_difference_with_its_interval(result):
    axes, beside = comparison.plot_comparison(result).figure.axes
    shown = [container[0].get_xdata()[0] for container in beside.containers]
    assert shown == pytest.approx([found.mean for found in result.differences()])
    widest = max(found.high - found.mean for found in result.differences())
    low, high = axes.get_ylim()
    assert high - low >= 1.6 * widest  # no axis that is finer than chance


def test_no_searcher_s_seconds_include_compiling(monkeypatch, capsys):
    begun = []
    monkeypatch.setattr(comparison.Study, "run", lambda self, objective, count, **given: begun.append(
        (type(self.searcher).__name__, count)))
    X, y = st.datasets.load_digits()
    planned = {"random": (st.RandomSearch(), 5), "bayesian": (st.BayesianSearch(), 27)}
    comparison.compile_all(comparison.network(10, 0), planned, X[:1], y[:1])
    assert begun == [("RandomSearch", 5), ("BayesianSearch", comparison.WARM)]


def test_a_plan_of_hyperband_counts_trials_and_configurations(result):
    (hyperband,) = [row for row in result.rows if row.searcher == "hyperband"]
    trials = f"{len(hyperband.study.trials)} trials of {hyperband.configurations} configurations"
    assert comparison.plan(hyperband.study.searcher, len(hyperband.study.trials)).startswith(f"{trials} x 5 folds")
    whole = hyperband.study.searcher.total(hyperband.study.space)
    assert comparison.plan(hyperband.study.searcher, whole).startswith(f"{whole} trials of 49 configurations")


def test_the_error_of_an_accuracy_is_binomial(result):
    p, n = result.winner.test_accuracy, result.test_rows
    said = f"a difference below about 2 x {(p * (1.0 - p) / n) ** 0.5:.4f} may be chance"
    assert (said in result.text()) == (p < 1.0)


@pytest.mark.parametrize(("options", "given"), [
    ("", ([], 27, 0, 2, None)),
    ("--data digits --trials 5 --seed 3 --jobs 1", ([], 5, 3, 1, None)),
    ("--searchers random grid --db a.db --report", (["random", "grid"], 27, 0, 2, Path("a.db"))),
])
def test_the_options_are_those_of_the_comparison(options: str, given: Any, tmp_path, monkeypatch, capsys):
    def stops(X: np.ndarray, *arguments: Any) -> None:
        raise ValueError(f"pixels up to {X.max()}, {arguments[1:]}")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(comparison, "compare", stops)
    assert main(["compare", *options.split()]) == 2
    assert capsys.readouterr() == ("", f"scratchtune: pixels up to 1.0, {given}\n")


@pytest.mark.parametrize(("epochs", "trials"), [
    (8, 8), (9, 9), (11, 9), (12, 10), (23, 13), (24, 14), (51, 17), (53, 18), (57, 20), (62, 20), (63, 21), (68, 21),
    (69, 22), (999, 22)])
def test_hyperbands_trials_within_a_number_of_epochs_by_hand(epochs: int, trials: int):
    """Up to 9 epochs it begins 9 trials of 1, 5 of 3 and 3 of 9; 3 go on from 1 to 3, then two from 3 to 9."""
    assert trials_within(st.Hyperband(9), epochs) == trials


@pytest.mark.parametrize(("searcher", "configurations", "said"), [
    ("random", 10, "10 trials x 5 folds, 27 epochs each"),
    ("grid", 12, "12 trials x 5 folds, 27 epochs each"),  # 2 x 3 x 2
    ("grid", 11, "3 trials x 5 folds, 27 epochs each"),  # 1 x 3 x 1
    ("hyperband", 1, "46 trials of 46 configurations x 5 folds, up to 27 epochs each"),  # 27 of 1, 12 of 3, 6 of 9, 1
    ("hyperband", 27, "69 trials of 49 configurations x 5 folds, up to 27 epochs each"),
])
def test_the_plan_of_a_budget(searcher: str, configurations: int, said: str):
    assert plan(*with_equal_budget(searcher, configurations)) == said


def test_the_score_of_a_trial_is_the_mean_or_the_first_error():
    right, wrong = [FoldScore({"score": score}) for score in (0.5, 1.0)], ValueError("first")
    assert mean_score(right) == 0.75
    assert mean_score([right[0], FoldScore(error=wrong), FoldScore(error=ValueError("second"))]) is wrong


def test_a_promoted_training_visits_the_rows_of_its_further_epochs():
    X, y = st.datasets.load_digits()
    training = TunedTraining(comparison.network(10, 0), X[:100] / 16.0, y[:100])
    params = {"learning_rate": 0.01, "batch_size": 32, "decay": 0.001}
    trials = [SimpleNamespace(number=number, parent=parent, budget=budget, params=params)
              for number, parent, budget in ((0, None, 1), (1, 0, 3), (2, None, 3))]
    scores = [training.score(trial, 0) for trial in trials]
    assert [score.visits for score in scores] == [80, 2 * 80, 3 * 80] and scores[1].score == scores[2].score
