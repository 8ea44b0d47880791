"""Curves of a classifier's scores: the points and the numbers by hand, by property, as scikit-learn's displays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scratchtune import insight, metrics

Y, S = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
PLOTS = (insight.plot_roc, insight.plot_precision_recall, insight.plot_calibration)


def legend_of(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def points_of(axes: Any, line: int = -1) -> list[list[float]]:
    return np.asarray(axes.lines[line].get_xydata()).tolist()


def test_a_roc_curve_by_hand() -> None:
    axes = insight.plot_roc(Y, S)
    assert points_of(axes) == [[0, 0], [0, 0.5], [0.5, 0.5], [0.5, 1], [1, 1]]
    assert points_of(axes, 0) == [[0, 0], [1, 1]]
    assert legend_of(axes) == ["random scores, AUC 0.500", "AUC 0.750"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("false positive rate", "true positive rate (recall)")
    assert axes.get_title(loc="left") == "ROC curve" and [text.get_text() for text in axes.texts] == ["4 rows"]


def test_a_precision_recall_curve_by_hand() -> None:
    axes = insight.plot_precision_recall(Y, S)
    assert points_of(axes) == [[1, 0.5], [1, pytest.approx(2 / 3)], [0.5, 0.5], [0.5, 1], [0, 1]]
    assert axes.lines[-1].get_drawstyle() == "steps-post"
    assert legend_of(axes) == ["random scores, precision 0.500", "average precision 0.833"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("recall", "precision")


def test_a_calibration_curve_by_hand() -> None:
    axes = insight.plot_calibration([0, 1, 1, 1], [0.25, 0.25, 0.75, 0.75], n_bins=2)
    assert points_of(axes) == [[0.25, 0.5], [0.75, 1.0]]
    assert legend_of(axes) == ["calibrated", "expected calibration error 0.250"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("mean predicted probability", "share of positive rows")


@pytest.mark.parametrize("plot", PLOTS)
def test_models_share_axes_and_a_label_of_text_is_named(plot: Callable[..., Any]) -> None:
    texts = ["ill" if y else "well" for y in Y]
    axes = plot(texts, S, pos_label="ill", label="network")
    assert plot(Y, S[::-1], axes, label="trees") is axes
    assert len(axes.lines) == 3 and len({line.get_color() for line in axes.lines}) == 3
    assert [text.partition(":")[0] for text in legend_of(axes)[1:]] == ["network", "trees"]
    assert len(axes.texts) == 1  # the note is written once
    assert points_of(axes, 1) == points_of(plot(Y, S))
    axes.figure.canvas.draw()


@pytest.mark.parametrize("plot", PLOTS)
def test_bad_input_is_one_clear_sentence(plot: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="pos_label must name the positive one"):
        plot(["a", "b"], [0.1, 0.2])
    with pytest.raises(ValueError, match="y_true has 2 rows and y_(score|prob) has 1"):
        plot([0, 1], [0.1])
    with pytest.raises(TypeError, match="ax is 3"):
        plot(Y, S, ax=3)


def test_the_curves_are_those_of_scikit_learns_displays() -> None:
    pytest.importorskip("sklearn")
    from sklearn.calibration import CalibrationDisplay
    from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay

    rng = np.random.default_rng(0)
    y, p = rng.integers(2, size=200), np.round(rng.random(200), 2)
    for plot, display in zip(PLOTS, (RocCurveDisplay, PrecisionRecallDisplay, CalibrationDisplay), strict=True):
        theirs = display.from_predictions(y, p).line_
        theirs = theirs[0] if isinstance(theirs, list) else theirs
        assert np.asarray(points_of(plot(y, p))) == pytest.approx(theirs.get_xydata())
    assert legend_of(insight.plot_roc(y, p))[1] == f"AUC {metrics.roc_auc_score(y, p):.3f}"
