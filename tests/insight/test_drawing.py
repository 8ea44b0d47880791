"""What plots share: axes of parameters and of values, dots and lines of many trials, texts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search import Space
from scratchtune.insight import drawing


def study_of(values: list[float], direction: str = "minimize") -> st.Study:
    """A study of one parameter x, with these values."""
    study = st.Study({"x": st.Float(0.0, 1.0)}, "random", direction)
    return study.run(lambda trial: values[trial.number], len(values), progress=False) if values else study


@pytest.mark.parametrize("parameter, most, texts", [
    (st.Float(0.3, 0.9), 4, ["0.4", "0.6", "0.8"]), (st.Int(1, 3), 6, ["1", "2", "3"]), (st.Int(7, 7), 6, ["7"]),
    (st.Float(0.02, 0.5, log=True), 6, ["0.02", "0.05", "0.1", "0.2", "0.5"]),  # of less than two decades
    (st.Float(0.002, 0.2, log=True), 6, ["0.01", "0.1"]), (st.Float(-2e-5, 2e-5), 2, ["-2e-5", "0", "2e-5"]),
    (st.Categorical([*"abcdefghijkl"]), 6, [*"abcdefghijkl"]), (st.Categorical([*"abcdefghijklm"]), 6, [*"acegikm"])])
def test_ticks_are_round_numbers_within_the_range_or_at_most_twelve_choices(
    parameter: Any, most: int, texts: list[str],
) -> None:
    at, found = drawing.ticks(parameter, most)
    assert found == texts
    assert at.tolist() == pytest.approx([ord(text) - ord("a") if text.isalpha() else float(text) for text in texts])


@pytest.mark.parametrize("parameter, low, high", [
    (st.Int(1, 4), 0.6, 4.4), (st.Int(0, 20), -0.8, 20.8), (st.Float(0.0, 2.0), -0.08, 2.08),
    (st.Float(3.0, 3.0), 2.46, 3.54), (st.Float(4.0, 4.0, log=True), 1.76, 8.24),
    (st.Float(1e-4, 1e-2, log=True), 10.0**-4.08, 10.0**-1.92), (st.Categorical(["a", "b"]), -0.5, 1.5)])
def test_the_axis_of_a_parameter_ends_a_little_beyond_its_range(parameter: Any, low: float, high: float) -> None:
    axes: Any = drawing.canvas(1)[1]
    for which in "xy":
        drawing.set_axis(axes, which, SimpleNamespace(space=Space({"p": parameter})), "p")
    assert [*axes.get_xlim(), *axes.get_ylim()] == pytest.approx([low, high] * 2)
    scale = "log" if 0.0 < low < 1e-3 else "linear"
    assert (axes.get_xscale(), axes.get_yscale(), axes.get_xlabel()) == (scale, scale, "p")


@pytest.mark.parametrize("parameter, most", [(st.Int(1, 3), 60), (st.Categorical(["a", "b"]), 40),
                                             (st.Int(1, 3, log=True), 99), (st.Int(1, 5, step=2), 99)])
def test_more_than_twenty_trials_a_value_are_spread(parameter: Any, most: int) -> None:
    at = np.ones(most + 1)
    assert drawing.jittered(parameter, at[1:], range(most)).tolist() == at[1:].tolist()
    spread = drawing.jittered(parameter, at, range(most + 1))
    assert (spread[0], np.ptp(spread) > 0.5) == ((0.7, True) if most < 99 else (1.0, False))
    assert most == 99 or drawing.jittered(parameter, at, range(most + 1), second=True)[1] == pytest.approx(
        0.7 + 0.6 * 0.5698402909980532)


@pytest.mark.parametrize("direction, sign", [("minimize", 1.0), ("maximize", -1.0)])
@pytest.mark.parametrize("values, last", [
    ([4.0, 1.0, 3.0, 2.0, 100.0], 4.0),  # 80 % are at most 3 from the best
    ([1.0, 2.0, 3.0, 10.0], 4.0 - 1.0), ([1.0, 2.0, 21.0], 21.0), ([1.0, 2.0, 21.5], 2.0), ([7.0, 7.0], 7.0),
    ([0.0] * 10 + [1.0], 1.0)])
def test_an_axis_of_values_reaches_just_beyond_its_ends(
    values: list[float], last: float, direction: str, sign: float,
) -> None:
    study, axes = study_of([sign * value for value in values], direction), drawing.canvas(1)[1]
    at, first = drawing.values_of(study.trials), min(values)
    axes.set_ylim(0.0, 1.0)
    assert drawing.limit_values(axes, study, at) == sign * last
    ends = sorted(sign * end for end in (first - 0.06 * (last - first), last + 0.06 * (last - first)))
    assert axes.get_ylim() == pytest.approx(ends if last > first else (0.0, 1.0))
    drawing.mark_beyond(axes, study, study.trials, range(len(values)), sign * last)
    marks = [(*at, number) for part in axes.collections
             for at, number in zip(part.get_offsets().tolist(), part.trial_numbers, strict=True)]
    beyond = [k for k, value in enumerate(values) if value > last]
    assert marks == [(k, 0.975 if sign > 0.0 else 0.025, k) for k in beyond]
    assert drawing.beyond_note(study, at, sign * last) == "".join(
        f"; 1 beyond the axis (worst {sign * values[k]:g})" for k in beyond)
    colours = drawing.value_colours(study, at)
    assert (colours["vmin"], colours["vmax"]) == tuple(sorted((sign * first, sign * last)))
    drawing.value_bar(colours, [axes], study, at)
    assert axes.figure.axes[1]._colorbar.extend == ("neither" if not beyond else "max" if sign > 0.0 else "min")


@pytest.mark.parametrize("count, size, alpha, edge", [
    (100, 32, 0.9, 0.3), (101, 16, 0.7, 0.3), (1000, 16, 0.7, 0.3), (1001, 7, 0.4, 0.0)])
def test_many_dots_are_small_and_faint(count: int, size: int, alpha: float, edge: float) -> None:
    assert drawing.look_of_points(count) == {"s": size, "alpha": alpha, "linewidth": edge, "rasterized": count > 1000}


def test_many_lines_are_faint() -> None:
    assert [drawing.faint(count) for count in (0, 50, 80, 10_000)] == [0.8, 0.8, 0.5, 0.015]
    assert drawing.faint(10_000, 0.12) == 0.12


def test_an_axis_of_one_integer_is_wide_enough_for_its_tick() -> None:
    for given, expected in (((6.9, 7.3), (6.5, 7.5)), ((6.0, 7.0), (6.0, 7.0))):
        axes = drawing.canvas(1)[1]
        axes.set_xlim(given)
        drawing.integer_ticks(axes.xaxis)
        assert axes.get_xlim() == expected and all(tick % 1.0 == 0.0 for tick in axes.get_xticks())


@pytest.mark.parametrize("state, said", [
    ("infeasible", "no trial is feasible\n(2 complete)"), ("failed", "no complete trial\n(2 failed)"),
    ("complete", "no complete trial has this parameter\n(2 complete)"), ("none", "no trial at all")])
def test_empty_axes_say_why_and_lose_the_ticks_of_an_axis_without_ends(state: str, said: str) -> None:
    def objective(trial: st.Trial) -> float:
        trial.set_constraint(1.0 if state == "infeasible" else 0.0)
        return float("nan") if state == "failed" else 1.0

    study, axes = st.Study({"x": st.Float(0.0, 1.0)}, "random"), drawing.canvas(1)[1]
    axes.set_xlim(0.0, 2.0)
    drawing.say_empty(axes, study if state == "none" else study.run(objective, 2, progress=False))
    assert said in axes.texts[0].get_text() and len(axes.get_xticks()) > 0 == len(axes.get_yticks())


def test_texts_are_shortened_and_wide_legends_have_one_column() -> None:
    assert [drawing.plain(text) for text in ("a" * 24, "a" * 25, 1 / 3)] == ["a" * 24, "a" * 21 + "...", "0.3333"]
    assert drawing.in_short("a model (of x, 5 trees) of it. More (of y).") == "a model of it"
    for length, columns in ((45, 2), (46, 1)):
        axes = drawing.canvas(1)[1]
        for label in ("b", "a" * length):
            axes.scatter([0.0], [0.0], s=7, alpha=0.4, label=label)
        drawing.legend_below(axes)
        handle, _ = axes.get_legend().legend_handles
        assert (axes.get_legend()._ncols, handle.get_alpha(), handle.get_sizes().tolist()) == (columns, 1.0, [24.0])
