"""The comparison: a disjoint test set, the same budget for all searchers, a winner chosen by cross-validation."""

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import comparison
from scratchtune.cli.comparison import compare, hold_out
from scratchtune.job_options import JobOptions
from scratchtune.search import SEARCHERS


@pytest.fixture(scope="module")
def result():
    X, y = st.datasets.load_digits()
    return compare(X[:300] / 16, y[:300], trials=12, seed=1, run=JobOptions(progress=False))


def test_every_searcher_has_the_same_budget(result):
    assert [row.searcher for row in result.rows] == list(SEARCHERS)
    each = 12 * comparison.EPOCHS * comparison.FOLDS
    assert {row.epochs for row in result.rows if row.searcher != "hyperband"} == {each}
    assert {row.configurations for row in result.rows if row.searcher != "hyperband"} == {12}
    (hyperband,) = [row for row in result.rows if row.searcher == "hyperband"]
    assert 0.75 * each <= hyperband.epochs <= each and hyperband.configurations > 12


def test_the_winner_is_best_by_cross_validation_and_says_why(result):
    best = max(row.study.best_value for row in result.rows)
    assert result.winner.study.best_value == best
    assert result.winner.study.why(result.winner.study.best_trial.number) in result.text()
    assert f"{result.winner.test_accuracy:.4f}" in result.text()


def test_hyperbands_trials_and_configurations_are_counted_in_the_same_words(result):
    (hyperband,) = [row for row in result.rows if row.searcher == "hyperband"]
    trials = f"{len(hyperband.study.trials)} trials of {hyperband.configurations} configurations"
    assert f"hyperband: {trials}, " in result.text()
    assert comparison.plan(hyperband.study.searcher, len(hyperband.study.trials)).startswith(f"{trials} x 5 folds")
    whole = hyperband.study.searcher.total(hyperband.study.space)
    assert comparison.plan(hyperband.study.searcher, whole).startswith(f"{whole} trials of 49 configurations")


def test_the_error_of_an_accuracy_is_binomial(result):
    p, n = result.winner.test_accuracy, result.test_rows
    said = f"a difference below about 2 x {(p * (1.0 - p) / n) ** 0.5:.4f} may be chance"
    assert (said in result.text()) == (p < 1.0)


@pytest.mark.parametrize("split", ["shuffled", "order"])
def test_the_test_set_is_disjoint(split):
    X, y = np.arange(100.0).reshape(100, 1), np.repeat([0, 1], 50)
    X_train, X_test, _, y_test = hold_out(X, y, split, seed=0)
    assert sorted(np.concatenate([X_train, X_test]).ravel()) == list(range(100)) and len(X_test) == 20
    if split == "order":
        assert X_test[0] == 80.0
    else:
        assert np.bincount(y_test).tolist() == [10, 10]
