"""Studies in files, drawn by the command: the data on the axes are those of the study in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import insight
from scratchtune.cli import main, pictures
from scratchtune.cli.pictures import OF_SEARCHERS, PLOTS
from scratchtune.core.study.file import File
from scratchtune.core.study.stored import StoredStudy, read_study

SPACE = {"rate": st.Float(1e-4, 1e-1, log=True), "layers": st.Int(1, 4), "optimizer": ["sgd", "adam"],
         "momentum": st.Float(0.0, 0.9, when={"optimizer": ["sgd"]})}
GRID = {"layers": [1, 2, 3], "optimizer": ["sgd", "adam"], "batch": [16, 32]}
TPE, GENETIC = st.BayesianSearch("tpe", initial=4), st.GeneticSearch(population=4)
GP = st.BayesianSearch("gp", initial=4)
SOME = ["optimization_history", "timeline", "intermediate_values", "parallel_coordinate"]


def objective(trial: st.Trial) -> float | None:
    """A value for most trials; trial 1 fails, trial 2 is stopped after two reports."""
    if trial.number == 1:
        raise ValueError("diverged")
    value = 0.1 * trial.params["layers"] + 0.01 * trial.number
    value += abs(float(np.log10(trial.params.get("rate", 0.1))) + 2.0)
    for step in range(1, 4):
        trial.report(value + 1.0 / step, step)
        if trial.number == 2 and step == 2 and trial.budget is None:
            return None
    return value


def stored(path: Path, searcher: Any, space: Any = None, count: int | None = 12, **options: Any) -> st.Study:
    """A study with trials in every final state, in a file that is complete."""
    study = st.Study(space or SPACE, searcher, storage=path, **options)
    while count is None or len(study.trials) < count:
        try:
            trial = study.ask()
        except st.Exhausted:
            break
        try:
            value = objective(trial)
        except ValueError as error:
            study.tell(trial, error)
        else:
            study.tell(trial, value, "stopped" if value is None else None)
    study.close()
    return study


def drawn(figure: Any) -> list[Any]:
    """All that is on the axes of a figure: points, lines, bars, images, colours' values, texts and labels."""
    found: list[Any] = [figure.get_suptitle()]
    for axes in figure.axes:
        found += [axes.get_title("left"), axes.get_xlabel(), axes.get_ylabel(), axes.get_xlim(), axes.get_ylim()]
        found += [text.get_text() for text in axes.texts]
        found += [line.get_xydata() for line in axes.lines]
        found += [patch.get_path().vertices for patch in axes.patches] + [image.get_array() for image in axes.images]
        for part in axes.collections:
            found += [part.get_offsets(), part.get_array(), *(path.vertices for path in part.get_paths())]
    return found


def assert_same(one: Any, other: Any) -> None:
    first, second = drawn(one), drawn(other)
    assert len(first) == len(second) > 5
    for left, right in zip(first, second, strict=True):
        np.testing.assert_array_equal(left, right)


def figure_of(axes: Any) -> Any:
    return (axes[0] if isinstance(axes, list) else axes).figure


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A function that returns the figure which ``scratchtune plot`` would save, of a kind of plot."""
    shown: list[Any] = []
    monkeypatch.setattr(pictures, "save", lambda figure, path: shown.append(figure))

    def run(path: Path, kind: str) -> Any:
        assert main(["plot", str(path), "--kind", kind, "-o", str(tmp_path / "a.png")]) == 0
        return shown.pop()

    return run


@pytest.mark.parametrize("searcher, space, kinds", [
    ("random", SPACE, SOME), (TPE, SPACE, ["densities"]), (GENETIC, SPACE, ["family"]),
    (st.Hyperband(9), SPACE, ["brackets", "intermediate_values"]), ("grid", GRID, ["grid"]),
    pytest.param(GP, SPACE, ["posterior"], marks=pytest.mark.slow),
])
def test_the_command_draws_the_data_of_the_study_in_memory(
    searcher: Any, space: Any, kinds: list[str], tmp_path: Path, command: Any, capsys: pytest.CaptureFixture[str],
) -> None:
    study = stored(tmp_path / "a.db", searcher, space)
    for kind in kinds:
        assert_same(command(tmp_path / "a.db", kind), figure_of(getattr(insight, f"plot_{kind}")(study)))


@pytest.mark.slow
@pytest.mark.parametrize("searcher", [
    "random", st.RandomSearch("halton"), "grid", GENETIC, TPE, GP, st.BayesianSearch("auto"), st.Hyperband(9),
    st.Hyperband(9, proposer=st.BayesianSearch("tpe"), random_share=0.0, order="brackets"),
    st.Hyperband(9, proposer=GP, random_share=0.0, order="brackets"), st.SuccessiveHalving(9, max_budget=9),
], ids=str)
def test_every_kind_of_every_searcher(
    searcher: Any, tmp_path: Path, command: Any, capsys: pytest.CaptureFixture[str],
) -> None:
    path, is_grid = tmp_path / "a.db", searcher == "grid"
    study = stored(path, searcher, GRID if is_grid else SPACE, None if hasattr(searcher, "max_budget") else 24)
    for kind in (*PLOTS, *OF_SEARCHERS):
        try:
            expected = figure_of(getattr(insight, f"plot_{kind}")(study))
        except ValueError as error:  # not for this searcher, or not enough trials: the command says the same
            assert main(["plot", str(path), "--kind", kind, "-o", str(tmp_path / "a.png")]) == 2
            assert str(error) in capsys.readouterr().err
        else:
            assert_same(command(path, kind), expected)


def test_a_file_without_the_trials_that_the_searcher_has_seen(tmp_path: Path) -> None:
    first = stored(tmp_path / "first.db", "random")
    for name, searcher, kinds in (("tpe", TPE, ["densities", "posterior"]), ("genetic", GENETIC, ["family"])):
        study = stored(tmp_path / "a.db", searcher, name=name, start_from=first)
        with File(tmp_path / "a.db", reading=True) as storage:
            read = read_study(storage, name)
        assert isinstance(read, StoredStudy) and read.has_earlier and read.at(3).has_earlier
        for kind in kinds:
            if kind == "family":
                tree, below = insight.plot_family(read)
                assert "possible parents are not shown: some are of the study" in tree.figure.get_suptitle().replace(
                    "\n", " ")
                assert [line.get_label() for line in below.lines] == ["trials of the generation"]
                assert len(insight.plot_family(study)[1].lines) == 2
                continue
            with pytest.raises(ValueError, match=f"study '{name}' has started from trials of another study, which its "
                                                 f"file lacks; plot_{kind} needs the Study itself"):
                getattr(insight, f"plot_{kind}")(read)
    with File(tmp_path / "first.db", reading=True) as storage:
        assert not read_study(storage, "study").has_earlier
