"""The standard error of a mean score by hand; Student's t as in tables."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.core.evaluation.selection import standard_error, student_probability, student_quantile


def test_the_standard_error_of_three_folds_by_hand() -> None:
    assert standard_error(np.array([0.7, 0.8, 0.9])) == pytest.approx(0.1 / np.sqrt(3))
    assert standard_error(np.array([0.7])) == 0.0  # a single fold says nothing of the scatter


@pytest.mark.parametrize(("dof", "t", "probability"), [
    (1, 12.706, 0.95), (2, 4.303, 0.95), (3, 3.182, 0.95), (4, 2.776, 0.95), (9, 2.262, 0.95), (30, 2.042, 0.95),
    (7, 0.711, 0.5)])
def test_students_probabilities_and_quantiles_are_those_of_tables(dof: int, t: float, probability: float) -> None:
    assert student_probability(t, dof) == pytest.approx(probability, abs=1e-4)
    assert student_quantile(probability, dof) == pytest.approx(t, abs=5e-4)
