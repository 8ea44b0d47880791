"""Optimism, gain, verdict, comparisons: by hand, properties, SciPy, and bad input."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight
from scratchtune.core.evaluation.selection import student_quantile
from scratchtune.core.study.fold_run import run_folds
from scratchtune.insight.verdicts import expected_optimism, residuals_of, shrunken_means


class Fold(NamedTuple):
    """A fold's result, as a study reads it."""

    score: float
    fit_time: float = 0.0
    score_time: float = 0.0
    visits: int = 0


def study_of(scores: Any, direction: str = "maximize", default: bool = True, **options: Any) -> st.Study:
    """A study whose trials have these scores (n, k)."""
    table = np.asarray(scores, dtype=float)
    study = st.Study({"x": list(range(len(table)))}, "grid", direction, **options)
    if default:
        study.enqueue({"x": 0}, again=True)
    run_folds(study, lambda trial, fold: Fold(float(table[trial.params["x"], fold])), table.shape[1],
                    lambda found: float(np.mean([fold.score for fold in found])), len(table))
    return study


def scattered(n: int, k: int = 5, gain: float = 0.0, seed: int = 0) -> np.ndarray:
    """Scores of n configurations with noise, the last of them better by a gain."""
    rng = np.random.default_rng(seed)
    scores = 0.9 + rng.normal(0.0, 0.02, (n, k)) + rng.normal(0.0, 0.02, k)
    scores[-1] += gain
    return scores


# Optimism ------------------------------------------------------------------------------------------------------------


def test_the_optimism_of_equal_configurations_is_that_of_the_largest_of_n_normal_numbers() -> None:
    for n, std, largest in ((50, 1.0, 2.2491), (100, 2.0, 2.5076)):
        scores = np.random.default_rng(1).normal(0.0, std * np.sqrt(1000.0), (n, 1000))  # of so many folds
        assert expected_optimism(np.zeros(n), residuals_of(scores)) == pytest.approx(std * largest, rel=0.03)


def test_the_optimism_is_unbiased_with_few_folds_and_despite_bad_configurations() -> None:
    """Without the fixed length of the weights it is 0.80 of this with 2 folds; if bad ones were shrunken, 0.72."""
    rng, largest = np.random.default_rng(0), 2.2491  # the mean of the largest of 50 standard normal numbers
    for folds, bad in ((2, 0), (5, 0), (5, 10)):
        found = []
        for seed in range(60):
            scores = rng.normal(0.0, np.sqrt(folds), (50 + bad, folds)) - 20.0 * (np.arange(50 + bad) >= 50)[:, None]
            found.append(expected_optimism(scores.mean(axis=1), residuals_of(scores), seed=seed))
        assert np.mean(found) == pytest.approx(largest, rel=0.07)


def test_a_far_better_configuration_has_no_optimism() -> None:
    found = insight.optimism(study_of(scattered(20, gain=1.0)))
    assert found.optimism < 0.006 and found.trial == 19 and found.configurations == 20 and found.folds == 5


def test_means_are_shrunken_by_hand_and_residuals_have_no_means() -> None:
    np.testing.assert_allclose(shrunken_means(np.array([0.0, 2.0]), 1.5), [0.5, 1.5])
    np.testing.assert_array_equal(shrunken_means(np.array([0.0, 2.0]), 9.0), [1.0, 1.0])
    residuals = residuals_of(scattered(7))
    np.testing.assert_allclose([residuals.mean(axis=0).max(), abs(residuals.mean(axis=1)).max()], 0.0, atol=1e-15)


def test_scale_shift_and_direction() -> None:
    scores = scattered(12)
    plain = insight.optimism(study_of(scores))
    moved = insight.optimism(study_of(100.0 * scores - 7.0))
    mirrored = insight.optimism(study_of(-scores, "minimize"))
    for name in ("best", "corrected", "low", "high"):
        assert getattr(moved, name) == pytest.approx(100.0 * getattr(plain, name) - 7.0)
    assert mirrored[:4] == pytest.approx((-plain.best, -plain.corrected, -plain.high, -plain.low))
    assert mirrored.optimism == pytest.approx(plain.optimism) and plain.optimism > 0.0


def test_scores_of_folds_are_required() -> None:
    study = st.Study({"x": [1, 2, 3]}, "grid").run(lambda trial: float(trial.params["x"]), progress=False)
    with pytest.raises(ValueError, match="trial 0 has no score of a fold.*a search with cross-validation$"):
        insight.optimism(study)
    with pytest.raises(TypeError, match="study is 3; it must be a Study"):
        insight.optimism(3)


# Gain and verdict ----------------------------------------------------------------------------------------------------


def test_equal_configurations_show_no_gain_and_a_large_gain_is_real() -> None:
    assert sum(insight.gain(study_of(scattered(15, seed=seed))).real for seed in range(20)) <= 2
    found = insight.gain(study_of(scattered(15, gain=0.2)))
    assert found.real and found.low < 0.2 < found.high and found.reference == "default" and found.of == 0
    assert (found.low + found.high) / 2.0 == pytest.approx(found.winner.best - found.score)
    assert insight.gain(study_of(scattered(15, gain=0.2), default=False)).reference == "median"


def test_a_configuration_that_is_lucky_on_the_rows_of_all_folds_is_no_gain() -> None:
    """The luck has the correlation 1 / k, as of Nadeau and Bengio. Uncorrected, 16 of 100 gains are false."""
    rng, false = np.random.default_rng(0), 0
    for _ in range(200):
        lucky = np.sqrt(0.2) * rng.normal(size=(30, 1)) + np.sqrt(0.8) * rng.normal(size=(30, 5))
        false += insight.gain(_table_study(lucky)).real
    assert false <= 10


def _table_study(scores: np.ndarray) -> Any:
    """What is read of a study with these scores (n, k); the first configuration is the default."""
    trials = [SimpleNamespace(number=i, state="complete", value=value, values=(value,), given_budget=None,
                              violation=0.0, scores=row.tolist(), _params=i, params=i, why={"enqueued": i == 0})
              for i, row in enumerate(scores) for value in [float(row.mean())]]
    return SimpleNamespace(space=SimpleNamespace(key=lambda params: params), direction="maximize", trials=trials)


def test_all_scores_equal() -> None:
    study = study_of(np.full((5, 3), 0.5))
    assert insight.optimism(study).optimism == 0.0 and not insight.gain(study).real
    assert insight.verdict(study) == "No gain can be shown: no configuration had a better score than the default, 0.5."


def test_the_verdict_of_every_state(tmp_path: Any) -> None:
    assert insight.verdict(st.Study({"x": [1]})) == "Nothing can be said yet: no trial has been run."
    failed = st.Study({"x": [1, 2]}, "grid").run(lambda trial: 1.0 / 0.0, progress=False)
    assert insight.verdict(failed) == "Nothing can be said yet: no trial of 2 is complete (2 failed)."
    plain = st.Study({"x": [1, 2]}, "grid").run(lambda trial: float(trial.params["x"]), progress=False)
    assert insight.verdict(plain, "loss").startswith("The best loss of 2 configurations is 1, but how much of it is")
    assert "only one configuration" in insight.verdict(study_of(scattered(1)))
    real = study_of(scattered(15, gain=0.2), storage=tmp_path / "s.db")
    text = insight.verdict(real, "accuracy")
    assert text.startswith("Tuning raised the accuracy from 0.9") and text.endswith("is hardly too high.")
    assert insight.verdict(study_of(-scattered(15, gain=0.2), "minimize"), "loss").startswith("Tuning lowered the loss")
    assert insight.verdict(study_of(scattered(15))).startswith("No gain can be shown: ")


# Comparisons ---------------------------------------------------------------------------------------------------------


def test_independent_pairs_are_scipys_paired_test() -> None:
    stats = pytest.importorskip("scipy.stats")
    a, b = scattered(2, 8)
    found, interval = insight.gain_of(b, a, "maximize"), stats.ttest_rel(a, b).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_a_gain_is_positive_for_the_better_side_in_each_direction() -> None:
    assert insight.gain_of([1.0, 1.1, 1.2], [0.0, 0.1, 0.3], "minimize").low > 0.0
    assert insight.gain_of([1.0, 1.1, 1.2], [0.0, 0.1, 0.3], "maximize").high < 0.0
    with pytest.raises(ValueError, match=r"before has shape \(2,\) and after \(3,\); both must be"):
        insight.gain_of([1.0, 2.0], [1.0, 2.0, 3.0], "maximize")


# Repeats -------------------------------------------------------------------------------------------------------------


def _repeated(*evaluations: tuple[float, float], folds: bool = True) -> st.Study:
    study = st.Study({"x": st.Float(0.0, 1.0)}, "random", "maximize")
    for x, value in evaluations:
        study.enqueue({"x": x}, again=True)
        trial = study.ask()
        if folds:
            trial.report_scores([value - 0.5, value + 0.5])
        study.tell(trial, value)
    return study


def test_of_a_repeated_configuration_the_best_trial_is_compared_and_it_counts_once() -> None:
    evaluations = (0.5, 1.0), (0.25, 2.0), (0.25, 4.0), (0.25, 3.0)
    study = _repeated(*evaluations)
    found = insight.optimism(study)
    assert (found.trial, found.best, found.configurations) == (study.best_trial.number, 4.0, 2) == (2, 4.0, 2)
    said = insight.verdict(_repeated(*evaluations, folds=False))
    assert "is 4 (the default configuration had 1), but how much of it is luck can't be said, its configuration was " \
           "evaluated 3 times: mean 3: evaluate" in said


def test_the_default_is_the_reference_when_it_was_evaluated_again() -> None:
    evaluations = (0.5, 2.0), (0.25, 1.0), (0.75, 0.0), (0.5, 3.0)
    assert insight.verdict(_repeated(*evaluations)) == (
        "No gain can be shown: no configuration had a better score than the default, 3.0.")
    assert "(the default" not in insight.verdict(_repeated(*evaluations, folds=False))
    found = insight.gain(_repeated(*evaluations, (0.75, 4.0)))
    assert (found.reference, found.of, found.score) == ("default", 0, 2.0)


def test_students_quantiles_are_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    for dof in (1, 2, 3, 4, 29, 200):
        assert student_quantile(0.95, dof) == pytest.approx(stats.t.ppf(0.975, dof))
