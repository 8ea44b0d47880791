"""ROC, precision-recall and calibration curves, confusions, attention, alignments: what is drawn, and bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scratchtune import insight

Y, P = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
ROWS = np.log(0.05 + 0.8 * np.eye(4)[[0, 1, 1, 0, 3, 2, 2, 0]])
ALL: tuple[Callable[..., Any], ...] = (insight.plot_roc, insight.plot_precision_recall, insight.plot_calibration)


def task(rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, each at least once, and probabilities that are better than chance."""
    rng = np.random.default_rng(0)
    y = np.append(np.arange(classes), rng.integers(classes, size=rows - classes))
    z = np.exp(rng.standard_normal((rows, classes)) + 2.0 * np.eye(classes)[y])
    return y, z / z.sum(axis=1, keepdims=True)


def curves(plot: Callable[..., Any], *arguments: Any, **options: Any) -> dict[str, Any]:
    """The lines by their labels."""
    return {line.get_label(): line for line in plot(*arguments, **options).lines}


def test_two_classes_have_the_curve_of_the_second() -> None:
    assert curves(insight.plot_roc, Y, P)["class 1 (AUC 0.750)"].get_xydata().tolist() == [
        [0.0, 0.0], [0.0, 0.5], [0.5, 0.5], [0.5, 1.0], [1.0, 1.0]]
    line = curves(insight.plot_precision_recall, Y, P)["class 1 (AP 0.833, random 0.500)"]
    assert line.get_ydata().tolist() == [0.5, 2 / 3, 0.5, 1.0, 1.0] and line.get_drawstyle() == "steps-post"
    axes = insight.plot_calibration(Y, P, n_bins=2)
    assert axes.lines[1].get_label().startswith("class 1 (ECE 0.08")  # 3/4 of 0.05 and 1/4 of 0.2
    assert axes.lines[1].get_xydata() == pytest.approx(np.array([[0.85 / 3, 1 / 3], [0.8, 1.0]]))
    sizes = axes.collections[0].get_sizes()  # three rows in the first bin, one in the second
    assert sizes[0] - 12.0 == pytest.approx(3.0 * (sizes[1] - 12.0))
    assert curves(insight.plot_roc, Y, np.stack([1 - P, P], axis=1)).keys() == curves(insight.plot_roc, Y, P).keys()


def test_each_of_several_classes_is_compared_with_the_rest() -> None:
    y, p = task(300, 3)
    for plot in ALL:
        assert [name.split(" (")[0] for name in curves(plot, y, p)][-3:] == ["class 0", "class 1", "class 2"]
        found = curves(plot, np.array(["$a$", "b", "c"])[y], p, classes=["$a$"])
        assert any(name.startswith(r"\$a\$ (") for name in found)
        assert len(curves(plot, np.eye(3)[y], p)) == len(curves(plot, y, p))
    axes = insight.plot_roc(y, p)
    assert axes.texts[0].get_text() == "300 rows; one class against the rest"
    styles = {(line.get_color(), line.get_linestyle()) for line in insight.plot_roc(*task(400, 12)).lines}
    assert len(styles) == 13  # each curve has its own colour and style


def test_of_many_classes_the_worst_are_drawn() -> None:
    y, p = task(600, 20)
    p[:, 7] = np.random.default_rng(1).random(600)
    axes = insight.plot_roc(y, p)
    assert axes.texts[0].get_text() == "600 rows; one class against the rest: the 12 worst of 20 classes"
    assert len(axes.lines) == 13 and any("class 7 " in line.get_label() for line in axes.lines)


@pytest.mark.parametrize("plot", ALL)
@pytest.mark.parametrize("y, p, options, message", [
    ([0, 0], [0.1, 0.2], {}, r"y_true holds one class only, \[0\]; a curve needs"),
    ([0, 1], [0.1], {}, "y_true has 2 rows and probabilities has 1"),
    ([0, 1], [0.1, np.nan], {}, "probabilities holds NaN"),
    ([0, 1, 2], [0.1, 0.2, 0.3], {}, r"probabilities has shape \(3,\) for 3 classes; it must be \(n, classes\)"),
    ([0, 1, 1], np.full((3, 3), 1 / 3), {}, r"labels=\[...\] names all classes"),
    ([0, 1, 3], np.eye(3), {"labels": [0, 1, 2]}, "y_true holds 3; it must hold only the given labels"),
    ([0, 1, 2], np.eye(3), {"labels": [0, 1, 1]}, "labels is .*; it must name the class of each column"),
    (["cat", "dog", "owl"], np.eye(3), {"classes": "cart"}, "classes is 'cart'; .*did you mean 'cat'"),
    ([0, 1, 1], np.eye(3), {"labels": [0, 1, 2], "classes": [2]}, "y_true holds no row of class 2"),
])
def test_bad_input_is_one_clear_sentence(plot: Any, y: Any, p: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plot(y, p, **options)


def test_calibration_takes_probabilities_only() -> None:
    with pytest.raises(ValueError, match="probabilities holds 2; it must hold numbers from 0 to 1"):
        insight.plot_calibration([0, 1], [0.5, 2.0])
    assert "class 1 (AUC 1.000)" in curves(insight.plot_roc, [0, 1], [0.5, 2.0])


def test_the_points_are_those_of_scikit_learn() -> None:
    metrics, calibration = pytest.importorskip("sklearn.metrics"), pytest.importorskip("sklearn.calibration")
    y, p = task(200, 2)
    roc, recall = (list(curves(plot, y, p).values()) for plot in ALL[:2])
    false, true, _ = metrics.roc_curve(y, p[:, 1])
    np.testing.assert_allclose(roc[1].get_xydata(), np.stack([false, true], axis=1))
    precisions, recalls, _ = metrics.precision_recall_curve(y, p[:, 1])
    np.testing.assert_allclose(recall[0].get_xydata(), np.stack([recalls, precisions], axis=1))
    for strategy in ("uniform", "quantile"):
        line = list(curves(insight.plot_calibration, y, p, strategy=strategy).values())[1]
        shares, means = calibration.calibration_curve(y, p[:, 1], n_bins=10, strategy=strategy)
        np.testing.assert_allclose(line.get_xydata(), np.stack([means, shares], axis=1))


def test_a_confusion_matrix_counts_labels() -> None:
    axes = insight.plot_confusion_matrix(["cat", "cat", "dog", "owl"], ["cat", "dog", "dog", "dog"])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["cat", "dog", "owl"]
    assert sorted(text.get_text() for text in axes.texts) == ["1", "1", "1", "1", "accuracy 50.0% on 4 rows"]
    assert axes.get_xlabel() == "predicted class" and axes.get_ylabel() == "true class"
    assert axes.images[0].get_array().tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
    assert insight.plot_confusion_matrix([0, 2], [1, 2], labels=[0, 1, 2]).images[0].get_array()[1].tolist() == [0] * 3
    assert len(insight.plot_confusion_matrix(np.arange(100), np.arange(100)).texts) == 1  # too small for counts
    with pytest.raises(ValueError, match="y_true has 2 rows and y_pred has 1"):
        insight.plot_confusion_matrix([0, 1], [0])


def test_attention_has_a_row_for_each_token_written() -> None:
    weights = np.array([[0.7, 0.2, 0.1], [0.0, 0.1, 0.9]])
    axes = insight.plot_attention((["it", "costs", "$5$"], ["cuesta", "[END]"], weights))
    assert axes.images[0].get_array().tolist() == weights.tolist() and axes.images[0].get_clim() == (0.0, 1.0)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["it", "costs", r"\$5\$"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["cuesta", "[END]"]
    axes.figure.canvas.draw()
    assert insight.plot_attention((["a"], ["x"], np.ones((1, 1))), axes) is axes
    with pytest.raises(ValueError, match=r"found has weights of shape \(2, 3\) for 1 tokens written and 3 read"):
        insight.plot_attention((["a", "b", "c"], ["x"], weights))


@pytest.mark.parametrize("step, time", [(None, "frame"), (0.01, "time in seconds")])
def test_an_alignment_is_the_path_over_the_probabilities(step: float | None, time: str) -> None:
    axes = insight.plot_alignment(ROWS, "a b", "ab ", step)
    assert np.asarray(axes.images[0].get_array()) == pytest.approx(np.exp(ROWS).T)
    assert axes.get_xlabel() == time
    assert [text.get_text() for text in axes.get_yticklabels()] == ["blank", "a", "b", "space"]
    assert axes.lines[0].get_ydata().tolist() == [0, 1, 1, 0, 3, 2, 2, 0]
    unit = step or 1.0
    assert axes.lines[0].get_xdata() == pytest.approx(unit * np.arange(8))
    assert [(text.get_text(), text.get_position()[0]) for text in axes.texts] == [
        ("a", unit), ("␣", pytest.approx(4 * unit)), ("b", pytest.approx(5 * unit))]


def test_a_spectrogram_is_above_the_symbols() -> None:
    above, axes = insight.plot_alignment(ROWS, "a b", "ab ", spectrogram=np.ones((8, 3)))
    axes.figure.canvas.draw()
    assert above.get_ylabel() == "mel filter" and axes.get_ylabel() == "symbol" and above.get_xlim() == axes.get_xlim()


def test_an_alignment_of_bad_input() -> None:
    with pytest.raises(ValueError, match="step is 0.0; it must be a finite number above 0"):
        insight.plot_alignment(ROWS, "a", "ab ", 0.0)
    with pytest.raises(ValueError, match="text holds 'x', which is not in the alphabet"):
        insight.plot_alignment(ROWS, "x", "ab ")
