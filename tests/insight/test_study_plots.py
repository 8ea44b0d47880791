"""Plots of a study: what is drawn, labelled and counted; small, empty and large studies; bad input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight
from scratchtune.cli import main
from scratchtune.cli.pictures import OF_PARAMETERS, PLOTS
from scratchtune.core.study.trial import record
from scratchtune.insight import drawing
from scratchtune.insight.history_plots import reports_of

SPACE = {"rate": st.Float(1e-4, 1e-1, log=True), "layers": st.Int(1, 4), "optimizer": ["sgd", "adam"],
         "momentum": st.Float(0.0, 0.9, when={"optimizer": ["sgd"]})}


def objective(trial: st.Trial) -> float | None:
    """A value for most trials; trial 1 fails, trial 2 is stopped after two reports."""
    if trial.number == 1:
        raise ValueError("diverged")
    value = abs(float(np.log10(trial.params["rate"])) + 2.0) + 0.1 * trial.params["layers"]
    for step in range(1, 4):
        trial.report(value + 1.0 / step, step)
        if trial.number == 2 and step == 2:
            return None
    return value


def made(count: int = 12, direction: str = "minimize", storage: Any = None) -> st.Study:
    """A study with trials in every final state."""
    study = st.Study(SPACE, "random", direction, storage=storage)
    for _ in range(count):
        trial = study.ask()
        try:
            value = objective(trial)
        except ValueError as error:
            study.tell(trial, error)
        else:
            study.tell(trial, value, "stopped" if value is None else None)
    return study


def filled(count: int, function: Callable[[st.Trial], float], space: Any = None, **options: Any) -> st.Study:
    study = st.Study(space or {"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}, "random", **options)
    return study.run(function, count, progress=False) if count else study


def complete(study: st.Study) -> list[st.Trial]:
    return [trial for trial in study.trials if trial.state == "complete"]


def texts(axes: Any) -> str:
    return " | ".join(text.get_text() for text in axes.texts)


def legend(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize("direction, best", [("minimize", min), ("maximize", max)])
def test_history_shows_values_and_the_best_so_far(direction: str, best: Any) -> None:
    study = made(direction=direction)
    axes = insight.plot_optimization_history(study)
    values = [trial.value for trial in complete(study)]
    points = axes.collections[0].get_offsets()
    assert points[:, 0].tolist() == [0, *range(3, 12)] and points[:, 1].tolist() == values
    line = axes.lines[0].get_ydata()
    assert list(line) == [best(values[: n + 1]) for n in range(len(values))] + [best(values)]
    assert legend(axes)[2].startswith(f"best, trial {study.best_trial.number}: ")
    assert texts(axes) == "10 trials; not shown: 1 failed, 1 stopped"
    assert axes.get_ylabel() == f"value ({'lower' if direction == 'minimize' else 'higher'} is better)"


def test_several_studies_in_one_plot() -> None:
    studies = [filled(5, lambda trial: trial.params["x"], name=name) for name in ("one", "$two$")]
    assert legend(insight.plot_edf(studies)) == ["one, 5", r"\$two\$, 5"]
    history = insight.plot_optimization_history(studies)
    assert len(history.collections) == 4 and [name.partition(":")[0] for name in legend(history)] == [
        "one", r"\$two\$"]  # one entry for each study, below the axes
    assert texts(history) == "dots: complete trials; lines: best value so far; stars: best trials"
    with pytest.raises(ValueError, match="all must have one direction"):
        insight.plot_edf([studies[0], filled(2, lambda trial: 1.0, direction="maximize")])
    with pytest.raises(TypeError, match="study is 3; it must be a Study"):
        insight.plot_edf(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("direction, as_good", [("minimize", np.less_equal), ("maximize", np.greater_equal)])
def test_edf_is_the_share_of_values_that_are_as_good(direction: str, as_good: Any) -> None:
    study = made(direction=direction)
    axes = insight.plot_edf(study)
    x, y = axes.lines[0].get_data()
    values = np.array([trial.value for trial in complete(study)])
    assert all(y[k] == np.mean(as_good(values, x[k])) for k in range(1, len(x))) and y[0] == 0.0
    assert axes.get_ylabel() == f"share of trials with at {'most' if direction == 'minimize' else 'least'} this value"


def test_slice_has_the_axis_of_the_parameter() -> None:
    study = made()
    rate, layers, optimizer, momentum = insight.plot_slice(study)
    assert [axes.get_xlabel() for axes in (rate, layers, optimizer, momentum)] == list(study.space.names)
    assert rate.get_xscale() == "log" and layers.get_xscale() == "linear"
    expected = [[trial.params["rate"], trial.value] for trial in complete(study)]
    assert rate.collections[0].get_offsets().tolist() == expected
    assert rate.collections[0].get_array().tolist() == [trial.number for trial in complete(study)]
    assert [label.get_text() for label in optimizer.get_xticklabels()] == ["sgd", "adam"]
    assert set(optimizer.collections[0].get_offsets()[:, 0]) == {0.0, 1.0}
    having = [trial for trial in complete(study) if "momentum" in trial.params]
    assert len(momentum.collections[0].get_offsets()) == len(having) < 10
    assert texts(momentum) == f"{len(having)} of 10 trials" and texts(rate) == ""
    assert rate.figure.get_suptitle() == "Slice: 10 trials; not shown: 1 failed, 1 stopped"
    assert f"{10 - len(having)} without the parameter" in texts(insight.plot_slice(study, "momentum"))


def test_contour_interpolates_in_the_scale_of_the_axes() -> None:
    space = {"a": st.Float(1e-4, 1.0, log=True), "b": st.Float(0.0, 2.0)}
    study = filled(60, lambda trial: float(np.log10(trial.params["a"])) + trial.params["b"], space)
    axes = insight.plot_contour(study)
    assert axes.get_xscale() == "log" and axes.get_xlabel() == "a" and axes.get_ylabel() == "b"
    filled_contours = axes.collections[0]
    low, high = sorted(drawing.ends(study, drawing.values_of(study.trials)))
    for level, path in zip(filled_contours.levels[1:6], filled_contours.get_paths()[2:7], strict=True):
        x, y = path.vertices.T  # the function is linear in log a and b, so each band has values between its levels
        values = (np.log10(x) + y - low) / (high - low)
        assert values.min() > level - 0.01 * np.ptp(filled_contours.levels) - 1e-9
    assert axes.figure.axes[-1].get_ylabel() == "value (lower is better)"


def test_the_star_is_on_the_surface() -> None:
    space = {"n": st.Int(1, 3), "x": st.Float(0.0, 1.0)}
    study = filled(100, lambda trial: trial.params["n"] + trial.params["x"], space)
    (star,) = (one for one in insight.plot_contour(study).collections
               if getattr(one, "trial_numbers", []) == [study.best_trial.number])
    assert star.get_offsets().tolist() == [list(study.best_trial.params.values())]  # not spread, as in plot_rank


def test_contour_of_choices_and_of_too_few_trials_has_dots_alone() -> None:
    study = made()
    axes = insight.plot_contour(study, ["rate", "optimizer"])
    dots, star = axes.collections
    assert sorted(dots.get_array()) == sorted(trial.value for trial in complete(study))
    assert star.trial_numbers == dots.trial_numbers[-1:] == [study.best_trial.number]
    assert dots.get_array()[-1] == study.best_value  # the best one is on top
    few = filled(2, lambda trial: trial.params["x"])
    assert len(insight.plot_contour(few).collections) == 2
    assert len(insight.plot_contour(study)) == 6


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("values", [
    [1.0, 1.0 + 2.3e-16, 1.0 + 4.6e-16], [2e300, -1e300, 5e299], [3e-310, 5e-324, 1e-310]],
    ids=["near", "huge", "tiny"])
def test_contour_has_bands_of_extreme_values(values: list[float]) -> None:
    axes = insight.plot_contour(filled(12, lambda trial: values[trial.number % 3]))
    axes.figure.canvas.draw()
    assert len(axes.collections) == 4  # bands and their lines, the trials, and the best one


def test_ticks_are_within_the_range_over_many_decades() -> None:
    for low, high in ((1e-12, 1.0), (1e-300, 1.0), (1e-5, 1e-4)):
        at, _ = drawing.ticks(st.Float(low, high, log=True), 5)
        assert len(at) and low * 0.999 <= at.min() <= at.max() <= high * 1.001
    study = filled(6, lambda trial: 1.0, {"x": st.Float(1e-300, 1.0, log=True), "y": st.Float(0.0, 1.0)})
    low, high = insight.plot_slice(study)[0].get_xlim()
    assert 0.0 < low < 1e-300 < 1.0 < high < np.inf


def test_values_too_far_apart_for_an_axis_are_refused() -> None:
    study = filled(6, lambda trial: 1.7e308 * (-1) ** trial.number)
    for plot in (insight.plot_optimization_history, insight.plot_slice, insight.plot_contour, insight.plot_edf):
        with pytest.raises(ValueError, match=r"^values from -1\.7e\+308 to 1\.7e\+308 are too far"):
            plot(study)


def test_rank_gives_equal_values_the_mean_of_their_ranks() -> None:
    study = filled(4, lambda trial: [3.0, 1.0, 3.0, 9.0][trial.number], direction="maximize")
    axes = insight.plot_rank(study)
    dots, _ = axes.collections
    ranks = {x: rank for (x, _), rank in zip(dots.get_offsets().tolist(), dots.get_array().tolist(), strict=True)}
    assert [ranks[trial.params["x"]] for trial in study.trials] == [0.5, 1.0, 0.5, 0.0]


def test_parallel_coordinates_cross_each_axis_at_the_value() -> None:
    study = made()
    axes = insight.plot_parallel_coordinate(study)
    lines = np.array(axes.collections[0].get_segments())
    best = study.best_trial
    assert lines.shape == (10, 5, 2) and lines[-1, 0, 1] == 0.0  # the lowest value, drawn last
    assert lines[-1, 1, 1] == pytest.approx((np.log10(best.params["rate"]) + 4.0) / 3.0)
    assert lines[-1, 2, 1] == pytest.approx((best.params["layers"] - 1) / 3.0)
    absent = sum("momentum" not in trial.params for trial in complete(study))
    assert (lines[:, 4, 1] < 0.0).sum() == absent > 0
    assert [label.get_text() for label in axes.get_xticklabels()] == ["value", *study.space.names]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["absent"]


@pytest.mark.parametrize("count, places", [(19, 6), (20, 2)])
def test_of_more_than_twenty_scales_the_ends_alone_have_numbers(count: int, places: int) -> None:
    space = {f"x{k}": st.Float(0.0, 1.0) for k in range(count)}
    axes = insight.plot_parallel_coordinate(filled(2, lambda trial: trial.params["x0"], space))
    texts = [text.get_text() for text in axes.texts if getattr(text, "xy", (0, 0))[0] == 1]
    assert texts == ["0", "0.2", "0.4", "0.6", "0.8", "1"][:: 5 if places == 2 else 1]


def test_intermediate_values_of_complete_and_stopped_trials() -> None:
    study = made()
    axes = insight.plot_intermediate_values(study)
    assert legend(axes) == ["complete (10)", "stopped (1)", f"best, trial {study.best_trial.number}"]
    whole, stopped, best = (one for one in axes.collections if hasattr(one, "get_segments"))
    assert [curve[:, 1].tolist() for curve in whole.get_segments()] == [
        list(trial.reports.values()) for trial in complete(study)]
    assert whole.trial_numbers == [trial.number for trial in complete(study)]
    assert stopped.get_segments()[0].tolist() == [[step, value] for step, value in study.trials[2].reports.items()]
    assert best.trial_numbers == [study.best_trial.number] and texts(axes) == "not shown: 1 failed"


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_legend_of_intermediate_values_covers_no_curve(direction: str) -> None:
    axes = insight.plot_intermediate_values(made(direction=direction))
    axes.figure.draw_without_rendering()
    assert axes.get_legend().get_window_extent().y1 < axes.get_window_extent().y0  # it is below the axes


@pytest.mark.parametrize("parameter, expected", [
    (st.Float(1e-5, 1e-1, log=True), ["1e-5", "1e-3", "1e-1"]),
    (st.Float(1e-3, 1.0, log=True), ["0.001", "0.01", "0.1", "1"]), (st.Float(1.5e-5, 1.5e-5), ["1.5e-5"]),
    (st.Int(0, 200_000), ["0", "5e4", "1e5", "1.5e5", "2e5"])])
def test_numbers_of_one_axis_are_written_in_one_way(parameter: Any, expected: list[str]) -> None:
    assert drawing.ticks(parameter, 4)[1] == expected


def test_a_trial_that_continues_another_one_is_one_line_with_it() -> None:
    def promoted(trial: st.Trial) -> float:
        trial.report(trial.params["x"], int(trial.budget or 0))
        return float(trial.params["x"])

    study = st.tune(promoted, {"x": st.Float(0.0, 1.0)}, st.Hyperband(9), progress=False)
    whole, small, best = (one for one in insight.plot_intermediate_values(study).collections
                          if hasattr(one, "get_segments"))
    parents = {trial.parent for trial in study.trials}
    assert sorted(whole.trial_numbers + small.trial_numbers) == [
        trial.number for trial in study.trials if trial.number not in parents]
    for trial, curve in zip(whole.trial_numbers, whole.get_segments(), strict=True):
        assert curve[-1, 0] == study.trials[trial].budget == 9
        assert len(curve) == 3 - study.trials[trial].why["bracket"]
    assert best.trial_numbers == [study.best_trial.number]


def test_what_an_ancestor_reported_later_than_its_child_is_not_part_of_it() -> None:
    study = filled(2, lambda trial: 1.0)
    first, second = study.trials
    record(first, reports={1: 0.5, 2: 0.4, 3: 9.0})
    record(second, reports={3: 0.3, 4: 0.2}, parent=0)
    assert reports_of(study, second).tolist() == [[1, 0.5], [2, 0.4], [3, 0.3], [4, 0.2]]


def test_timeline_has_a_bar_for_each_trial() -> None:
    study = made()
    study.ask()
    for trial in study.trials:
        record(trial, started=100.0 + 2.0 * trial.number, finished=101.0 + 2.0 * trial.number)
    axes = insight.plot_timeline(study)
    assert sorted(legend(axes)) == ["complete (10)", "failed (1)", "running (1)", "stopped (1)"]
    bars = np.concatenate([collection.get_segments() for collection in axes.collections])
    numbers = [number for collection in axes.collections for number in collection.trial_numbers]
    assert bars[:, 0, 1].tolist() == numbers and sorted(numbers) == list(range(13)) and not texts(axes)
    assert bars[numbers.index(4), :, 0].tolist() == [8.0, 9.0]
    assert all(tick % 1.0 == 0.0 for tick in insight.plot_timeline(filled(2, lambda trial: 1.0)).get_yticks())


def test_a_timeline_shortens_the_compilation_and_a_pause() -> None:
    study = filled(9, lambda trial: 1.0)
    for trial in study.trials:  # of 1 s or 1.5 s; the first takes 40 s more, and an hour is between trials 4 and 5
        record(trial, started=2.0 * trial.number + 40.0 * (trial.number > 0) + 3600.0 * (trial.number > 4))
        record(trial, finished=trial.started + (1.5 if trial.number % 2 else 1.0) + 40.0 * (trial.number == 0))
    axes = insight.plot_timeline(study)
    assert texts(axes) == "41 s shortened | 60 min shortened" and "shortened" in axes.get_xlabel()
    ends = np.array(axes.collections[0].get_segments())[:, :, 0]
    assert (ends[:, 1] - ends[:, 0]).tolist() == [1.5, 1.5, 1.0, 1.5, 1.0, 1.5, 1.0, 1.5, 1.0]
    assert ends[5, 0] - ends[4, 1] == 1.5  # a shortened stretch is as long as the longest of the others


@pytest.mark.slow
@pytest.mark.parametrize("count, function, said", [
    (0, lambda trial: 0.0, "no complete trial\n(no trial at all)"),
    (3, lambda trial: float("nan"), "no complete trial\n(3 failed)"),
    (1, lambda trial: 0.0, None), (3, lambda trial: trial.params["x"], None),
])
def test_small_studies_are_drawn(count: int, function: Callable[[st.Trial], float], said: str | None) -> None:
    study = filled(count, function)
    assert {f"plot_{name}" for name in PLOTS} <= set(insight.__all__)
    for name in PLOTS:
        axes = getattr(insight, f"plot_{name}")(study)
        axes = axes[0] if isinstance(axes, list) else axes
        if said is not None and name not in ("timeline", "intermediate_values"):
            assert said in texts(axes)
        axes.figure.draw_without_rendering()


@pytest.mark.slow
def test_thousands_of_trials_are_pixels() -> None:
    study = st.Study({"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}, "random")
    for _ in range(1500):
        trial = study.ask()
        study.tell(trial, trial.params["x"] + trial.params["y"])
    for name in ("optimization_history", "rank", "parallel_coordinate", "timeline"):
        axes = getattr(insight, f"plot_{name}")(study)
        assert axes.collections[0].get_rasterized(), name
    assert insight.plot_rank(study).collections[0].get_alpha() < 0.5


def test_text_of_a_study_is_drawn_as_it_is() -> None:
    study = filled(4, lambda trial: 1.0, {"$x$": ["a\nb", "$\\frac$", "<b>"], "one": st.Int(3, 3)})
    axes = insight.plot_slice(study, "$x$")
    axes.figure.canvas.draw()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a\\nb", "\\$\\frac\\$", "<b>"]


def test_given_axes_are_used() -> None:
    from matplotlib.figure import Figure

    study, axes = made(), Figure().subplots(1, 2)
    assert insight.plot_slice(study, ["rate", "layers"], axes) == list(axes)
    assert insight.plot_edf(study, axes[0]) is axes[0]
    with pytest.raises(ValueError, match="ax holds 1 axes; it must hold 4, one for each panel"):
        insight.plot_slice(study, ax=axes[0])
    with pytest.raises(TypeError, match="ax is 'a'; it must be matplotlib Axes"):
        insight.plot_edf(study, "a")


def test_bad_parameters() -> None:
    study = made()
    for name in OF_PARAMETERS:
        with pytest.raises(ValueError, match="params is 'rat'; it must be one of .*, did you mean 'rate'?"):
            getattr(insight, f"plot_{name}")(study, ["rat", "layers"])
    with pytest.raises(ValueError, match="params holds 'rate' twice"):
        insight.plot_contour(study, ["rate", "rate"])
    with pytest.raises(ValueError, match="params holds 1 parameter; this plot needs at least two"):
        insight.plot_rank(study, "rate")
    with pytest.raises(ValueError, match="params is None, and the space has 60 parameters; this plot shows at most 8"):
        insight.plot_contour(filled(1, lambda trial: 0.0, {f"p{k}": st.Float(0.0, 1.0) for k in range(60)}))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["slice", "parallel_coordinate"])
def test_sixty_parameters_are_drawn(name: str) -> None:
    study = filled(3, lambda trial: trial.params["p0"], {f"p{k}": st.Float(0.0, 1.0) for k in range(60)})
    axes = getattr(insight, f"plot_{name}")(study)
    assert len(axes if isinstance(axes, list) else axes.get_xticks()[1:]) == 60


def test_the_command_draws_a_stored_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database, picture = str(tmp_path / "a.db"), tmp_path / "a.png"
    made(storage=database).close()
    for kind in (["slice", "--params", "rate"], ["edf"]):
        assert main(["plot", database, "--kind", *kind, "-o", str(picture)]) == 0
        assert picture.read_bytes().startswith(b"\x89PNG") and capsys.readouterr().out == f"picture: {picture}\n"
    for arguments, said in (
        (["--kind", "slize"], "did you mean 'slice'"), (["--kind", "edf", "--params", "rate"], "shows no parameters"),
        (["--kind", "slice", "--params", "rat"], "did you mean 'rate'"), (["--kind", "edf", "-o", "a.xyz"], ".png"),
        (["--kind", "edf", "--study", "b"], "holds no study 'b'"),
    ):
        out = [] if "-o" in arguments else ["-o", str(picture)]
        assert main(["plot", database, *arguments, *out]) == 2 and said in capsys.readouterr().err


def test_choices_without_a_literal_are_shown_by_their_text(tmp_path: Path) -> None:
    from scratchtune.core.study.file import File
    from scratchtune.core.study.stored import read_study

    space = {"a": [float("nan"), None], "b": st.Categorical([int, float]), "c": st.Int(1, 8, log=True)}
    filled(6, lambda trial: 1.0, space, storage=tmp_path / "a.db").close()
    parameters = read_study(File(tmp_path / "a.db", reading=True), "study").space.parameters
    assert repr(parameters["a"].choices) == "(nan, None)" and parameters["b"].choices == (repr(int), repr(float))
    assert parameters["c"] == st.Int(1, 8, log=True)


# What would make a plot illegible, and other values ------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("direction, sign", [("minimize", 1.0), ("maximize", -1.0)])
def test_a_diverged_trial_does_not_set_the_scale(direction: str, sign: float) -> None:
    study = filled(30, lambda trial: sign * (1e6 if trial.number == 4 else trial.params["x"]), direction=direction)
    axes = insight.plot_optimization_history(study)
    low, high = axes.get_ylim()
    assert high - low < 1.3 and texts(axes) == f"30 trials; 1 beyond the axis (worst {sign * 1e6:.4g})"
    assert [4] in [one.trial_numbers for one in axes.collections]  # a triangle at the edge
    assert insight.plot_edf(study).get_xlim() == (low, high)
    assert [one.get_ylim() for one in insight.plot_slice(study)] == [(low, high)] * 2
    heights = insight.plot_parallel_coordinate(study).collections[0].get_segments()
    assert heights[0][0, 1] == (1.04 if direction == "minimize" else -0.04)
    colours = insight.plot_contour(study).collections[0].norm
    assert max(abs(colours.vmin), abs(colours.vmax)) < 2.0


def test_reports_of_a_diverged_trial_do_not_set_the_scale() -> None:
    def reporting(trial: st.Trial) -> float:
        for step in range(1, 4):
            trial.report(1e6 if trial.number == 1 else 1.0 / step, step)
        return 1e6 if trial.number == 1 else 1.0 / 3.0

    axes = insight.plot_intermediate_values(filled(3, reporting))
    assert axes.get_ylim()[1] < 1.2 and texts(axes) == "1 beyond the axis (worst 1e+06)"


def test_many_trials_of_a_choice_are_spread_and_the_same_in_each_plot() -> None:
    study = filled(200, lambda trial: 1.0, {"a": ["x", "y"], "n": st.Int(1, 3), "wide": st.Int(1, 100)})
    a, n, wide = (np.asarray(axes.collections[0].get_offsets())[:, 0] for axes in insight.plot_slice(study))
    assert len(np.unique(a)) == len(np.unique(n)) == 200
    assert np.round(a).tolist() == [["x", "y"].index(trial.params["a"]) for trial in study.trials]
    assert np.round(n).tolist() == [trial.params["n"] for trial in study.trials]
    assert wide.tolist() == [trial.params["wide"] for trial in study.trials]
    assert sorted(np.asarray(insight.plot_rank(study, ["a", "n"]).collections[0].get_offsets())[:, 0]) == sorted(a)


def test_only_the_largest_budget_counts_as_the_best() -> None:
    study = st.tune(lambda trial: float(trial.budget or 0) + trial.params["x"], {"x": st.Float(0.0, 1.0)},
                    st.Hyperband(9), progress=False)  # a larger budget has a worse value
    axes = insight.plot_optimization_history(study)
    assert legend(axes)[:2] == ["complete trials, budget 9", "complete trials, smaller budgets"]
    full = [trial for trial in study.trials if trial.budget == 9]
    assert axes.lines[0].get_ydata()[-1] == min(trial.value or 0.0 for trial in full)
    assert len(axes.collections[0].get_offsets()) == len(full) < len(study.trials)


def bounded(trial: st.Trial) -> float:
    trial.set_constraint(0.5 - trial.params["x"])
    for step in range(3):
        trial.report(trial.params["x"] + step, step)
    return trial.params["x"]


def never(trial: st.Trial) -> float:
    trial.set_constraint(1.0 + trial.params["x"])
    return trial.params["y"]


def test_infeasible_trials_are_grey_and_never_the_best_so_far() -> None:
    study = filled(20, bounded)
    feasible = [trial for trial in study.trials if not trial.violation]
    axes = insight.plot_optimization_history(study)
    assert legend(axes)[:2] == ["complete trials", "complete trials, infeasible"]
    assert axes.lines[0].get_xdata()[0] == feasible[0].number and min(axes.lines[0].get_ydata()) >= 0.5
    assert len(axes.collections[0].get_offsets()) == len(feasible)
    assert len(axes.collections[1].get_offsets()) == 20 - len(feasible) > 0
    assert f"infeasible ({20 - len(feasible)})" in legend(insight.plot_intermediate_values(study))
    assert f"{20 - len(feasible)} do not count: infeasible" in texts(insight.plot_edf(study))
    assert "grey: infeasible" in texts(insight.plot_rank(study)) and insight.plot_slice(study) is not None


@pytest.mark.parametrize("name", ["optimization_history", "slice", "contour", "rank", "parallel_coordinate", "edf"])
def test_a_study_without_a_feasible_trial_is_drawn_without_a_best_one(
    name: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drawing, "mark_best", None)
    axes = np.ravel(np.array(getattr(insight, f"plot_{name}")(filled(6, never)), dtype=object))
    assert "infeasible" in texts(axes[0]) + str(axes[0].figure._suptitle) + " ".join(
        str(label) for label in axes[0].get_legend_handles_labels()[1])


def test_another_value_than_the_objective() -> None:
    study = made()
    for name in ("optimization_history", "slice"):
        plot = getattr(insight, f"plot_{name}")
        assert plot(study, target=lambda trial: trial.params["layers"], target_name="layers") is not None
    axes = insight.plot_optimization_history(study, target=lambda trial: trial.params["layers"], target_name="depth")
    assert axes.get_ylabel() == "depth" and legend(axes) == ["complete trials"]
    assert axes.collections[0].get_offsets()[:, 1].tolist() == [t.params["layers"] for t in complete(study)]
    some = insight.plot_optimization_history(study, target=lambda trial: trial.params.get("momentum"))
    assert "without this value" in texts(some) and study.trials[0].state == "complete"
    with pytest.raises(TypeError, match="target is 'seconds'; it must be a function of a trial"):
        insight.plot_slice(study, target="seconds")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the target of trial 0 is 'a'"):
        insight.plot_slice(study, target=lambda trial: "a")  # type: ignore[arg-type, return-value]


def test_a_timeline_of_thousands_has_signs() -> None:
    many = filled(0, lambda trial: 0.0)
    for number in range(1100):
        trial = many.ask()
        many.tell(trial, ValueError("diverged") if number % 2 else 0.0)
    axes = insight.plot_timeline(many)
    (signs,) = (line for line in axes.lines if line.get_marker() == "x" and len(line.get_xdata()) > 1)
    assert 20 <= len(signs.get_xdata()) <= 40


def test_the_command_says_which_studies_are_suitable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database, picture = str(tmp_path / "a.db"), str(tmp_path / "a.png")
    made(storage=database).close()
    for kind, needed in (("posterior", "BayesianSearch"), ("densities", "BayesianSearch"), ("family", "GeneticSearch"),
                         ("brackets", "Hyperband")):
        assert main(["plot", database, "--kind", kind, "-o", picture]) == 2
        assert f"plot_{kind} needs {needed}" in capsys.readouterr().err
    for arguments, said in (
        (["--kind", "edf", "--trial", "3"], "--trial is given, and edf shows more than one trial; omit it"),
        (["--kind", "posterior", "--params", "rate", "layers"], "holds 2 names; posterior shows one parameter"),
        (["--kind", "family", "--params", "rate"], "--params is given, and family shows no parameters"),
        (["--kind", "posteriour"], "did you mean 'posterior'"),
    ):
        assert main(["plot", database, *arguments, "-o", picture]) == 2 and said in capsys.readouterr().err
    assert main(["plot", database, "--kind", "grid", "--params", "layers", "optimizer", "-o", picture]) == 0


def test_all_slices_have_the_same_axis_of_values() -> None:
    axes = insight.plot_slice(made())
    assert len({one.get_ylim() for one in axes}) == 1  # also that of the momentum, which few trials have


@pytest.mark.slow
@pytest.mark.parametrize("count, columns", [
    (2, 2), (4, 4), (5, 5), (6, 3), (7, 4), (9, 3), (10, 5), (16, 4), (17, 6), (60, 6)])
def test_few_cells_of_the_panels_are_empty(count: int, columns: int) -> None:
    axes = drawing.panels(None, count)
    assert axes[0].get_gridspec().ncols == columns and axes == axes[0].figure.axes
    assert axes[0].figure.get_size_inches() == pytest.approx((3.0 * columns + 1.0, 2.7 * -(-count // columns) + 0.4))


def test_a_long_title_is_wrapped_and_an_empty_axis_has_no_ticks() -> None:
    axes = drawing.panels(None, 2, 1, (3.0, 2.0))
    drawing.head(axes, "Title", "word " * 30)
    lines = axes[0].figure.get_suptitle().splitlines()
    assert len(lines) > 2 and max(map(len, lines)) <= 11 * axes[0].figure.get_figwidth()
    empty = insight.plot_optimization_history(filled(0, lambda trial: 0.0))
    assert not len(empty.get_xticks()) and not len(empty.get_yticks())
    one = insight.plot_optimization_history(filled(1, lambda trial: 0.0))
    assert [tick for tick in one.get_xticks() if -0.5 <= tick <= 0.5] == [0.0]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_darker_is_better_and_colours_end_where_the_axis_does(direction: str) -> None:
    from matplotlib import colormaps

    sign = 1.0 if direction == "minimize" else -1.0
    study = filled(30, lambda trial: sign * (1e6 if trial.number == 4 else trial.params["x"]), direction=direction)
    values = drawing.values_of(study.trials)
    colours = drawing.value_colours(study, values)
    ends = drawing.ends(study, values)
    assert ends[0] == study.best_value and {colours["vmin"], colours["vmax"]} == set(ends)
    at = [(end - colours["vmin"]) / (colours["vmax"] - colours["vmin"]) for end in ends]
    best, worst = (sum(colormaps[colours["cmap"]](share)[:3]) for share in at)
    assert best < worst
    order = insight.plot_slice(study, "x").collections[0].cmap  # of one lightness: the order is not better or worse
    lightness = [np.dot(order(share)[:3], (0.2126, 0.7152, 0.0722)) for share in (0.0, 0.5, 1.0)]
    assert np.ptp(lightness) < 0.1


def test_every_plot_marks_the_best_trial_of_the_largest_budget() -> None:
    study = st.tune(lambda trial: float(trial.budget or 0) + trial.params["x"], {
        "x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}, st.Hyperband(9), progress=False)
    best = study.best_trial.number
    assert study.best_trial.budget == 9
    for name in ("optimization_history", "slice", "contour", "rank"):
        axes = getattr(insight, f"plot_{name}")(study)
        for one in axes if isinstance(axes, list) else [axes]:
            stars = [part for part in one.collections if getattr(part, "trial_numbers", []) == [best]]
            assert len(stars) == 1 and stars[0].get_facecolor().tolist() == [[0.0, 0.0, 0.0, 1.0]], name
            grey = [part for part in one.collections if len(getattr(part, "trial_numbers", [])) > 1
                    and part.get_facecolor().tolist()[0][:3] == [0.6, 0.6, 0.6]]
            assert grey[0].trial_numbers == [t.number for t in study.trials if t.budget != 9], name
    coloured, grey = insight.plot_parallel_coordinate(study).collections[:2]
    assert coloured.trial_numbers[-1] == best and len(grey.trial_numbers) + len(coloured.trial_numbers) == len(
        study.trials)
