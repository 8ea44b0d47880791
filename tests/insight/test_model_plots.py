"""Confusions, attention, alignments: what is drawn, and bad input."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune import insight
from scratchtune.sequences.speech.alignment import align

ROWS = np.log(0.05 + 0.8 * np.eye(4)[[0, 1, 1, 0, 3, 2, 2, 0]])


def test_a_confusion_matrix_counts_labels() -> None:
    axes = insight.plot_confusion_matrix(["cat", "cat", "dog", "owl"], ["cat", "dog", "dog", "dog"])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["cat", "dog", "owl"]
    assert sorted(text.get_text() for text in axes.texts) == ["1", "1", "1", "1", "accuracy 50.0% on 4 rows"]
    assert axes.get_xlabel() == "predicted class" and axes.get_ylabel() == "true class"
    assert axes.images[0].get_array().tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
    assert insight.plot_confusion_matrix([0, 2], [1, 2], labels=[0, 1, 2]).images[0].get_array()[1].tolist() == [0] * 3
    assert axes.spines["top"].get_visible() and axes.spines["right"].get_visible()  # a frame around all cells
    assert {text.get_text(): text.get_color() for text in insight.plot_confusion_matrix([0] * 5, [0, 0, 1, 1, 1]).texts
            if len(text.get_text()) == 1} == {"2": "black", "3": "white"}  # on shares of 0.4 and 0.6
    large = insight.plot_confusion_matrix(np.arange(100), np.arange(100))
    assert len(large.texts) == 1  # too small for counts
    assert [text.get_text() for text in large.get_xticklabels()] == [str(k) for k in range(0, 100, 3)]
    for plot, width, height in ((axes, 3.85, 3.1), (large, 24.2, 21.6)):  # room for 3 and for 40 cells
        assert plot.figure.get_size_inches() == pytest.approx([width, height])
    with pytest.raises(ValueError, match="y_true has 2 rows and y_pred has 1"):
        insight.plot_confusion_matrix([0, 1], [0])


def test_attention_has_a_row_for_each_token_written() -> None:
    weights = np.array([[0.7, 0.2, 0.1], [0.0, 0.1, 0.9]])
    axes = insight.plot_attention((["it", "costs", "$5$"], ["cuesta", "[END]"], weights))
    assert axes.images[0].get_array().tolist() == weights.tolist() and axes.images[0].get_clim() == (0.0, 1.0)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["it", "costs", r"\$5\$"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["cuesta", "[END]"]
    axes.figure.canvas.draw()
    long = insight.plot_attention(([*"abcdefghij"], [*"uvwxy"], np.ones((5, 10))))
    assert long.figure.get_size_inches() == pytest.approx([5.3, 3.4])
    assert insight.plot_attention((["a"], ["x"], np.ones((1, 1))), axes) is axes
    with pytest.raises(ValueError, match=r"found has weights of shape \(2, 3\) for 1 tokens written and 3 read"):
        insight.plot_attention((["a", "b", "c"], ["x"], weights))


@pytest.mark.parametrize("step, time", [(None, "frame"), (0.01, "time in seconds")])
def test_an_alignment_is_the_path_over_the_probabilities(step: float | None, time: str) -> None:
    axes = insight.plot_alignment(ROWS, "a b", "ab ", align(ROWS, "a b", "ab "), step)
    assert np.asarray(axes.images[0].get_array()) == pytest.approx(np.exp(ROWS).T)
    assert axes.get_xlabel() == time
    assert [text.get_text() for text in axes.get_yticklabels()] == ["blank", "a", "b", "space"]
    assert axes.lines[0].get_ydata().tolist() == [0, 1, 1, 0, 3, 2, 2, 0]
    unit = step or 1.0
    assert axes.lines[0].get_xdata() == pytest.approx(unit * np.arange(8))
    assert [(text.get_text(), text.get_position()[0]) for text in axes.texts] == [
        ("a", unit), ("␣", pytest.approx(4 * unit)), ("b", pytest.approx(5 * unit))]
    assert axes.images[0].get_extent() == pytest.approx([-0.5 * unit, 7.5 * unit, 3.5, -0.5])
    ten, letters = np.tile(np.pad(ROWS, ((0, 0), (0, 6)), constant_values=-9.0), (10, 1)), "ab cdefgh"
    large = insight.plot_alignment(ten, "a", letters, align(ten, "a", letters))
    assert large.figure.get_size_inches() == pytest.approx([8.7, 3.2])  # 80 frames, 10 symbols


def test_an_alignment_of_bad_input() -> None:
    with pytest.raises(ValueError, match="step is 0.0; it must be a finite number above 0"):
        insight.plot_alignment(ROWS, "a", "ab ", align(ROWS, "a", "ab "), 0.0)
