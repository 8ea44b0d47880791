"""The comparison: a disjoint test set, the same budget for all searchers, a winner chosen by cross-validation."""

import pytest

import scratchtune as st
from scratchtune.cli import compare as comparison
from scratchtune.cli.compare import compare


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
