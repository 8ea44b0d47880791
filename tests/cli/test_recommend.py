"""`scratchtune recommend`: what it prints is `recommend` of the same space and budget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.tables.families import FAMILIES, joint_space

SPACE = ('{"units": {"low": 8, "high": 64, "log": true}, "rate": {"low": 0, "high": 0.5}, "kind": ["a", "b"], '
         '"epochs": {"low": 1, "high": 9}, '
         '"warmup_epochs": {"low": 1, "high": 4, "when": {"kind": ["a"]}, "prior": null}}')
READ = {"units": st.Int(8, 64, log=True), "rate": st.Float(0, 0.5), "kind": ["a", "b"], "epochs": st.Int(1, 9),
        "warmup_epochs": st.Int(1, 4, when={"kind": ["a"]})}


@pytest.mark.parametrize(("options", "arguments"), [
    ("", {}), ("--trials 9", {"n_trials": 9}), ("--seconds-per-trial 2.5", {"seconds_per_trial": 2.5}),
    ("--trials 50 --jobs 4", {"n_trials": 50, "n_jobs": 4}), ("--noisy", {"noisy": True}),
    ("--epochs 27", {"max_budget": 27}), ("--objectives 2", {"objectives": 2}),
])
@pytest.mark.parametrize("own", [True, False])
def test_each_option_is_an_argument(
    options: str, arguments: dict[str, Any], own: bool, tmp_path: Path, capsys: pytest.CaptureFixture,
) -> None:
    """Of a search with budgets, which Hyperband chooses, the numbers of epochs are no hyper-parameters."""
    (tmp_path / "space.json").write_text(SPACE)
    space: dict[str, Any] = READ if own else joint_space(list(FAMILIES))
    chosen = ("epochs", "network_epochs", "linear_epochs") if "max_budget" in arguments else ()
    space = {name: space[name] for name in space if name not in chosen}
    assert main(["recommend", *options.split(), *["--space", str(tmp_path / "space.json")] * own]) == 0
    assert capsys.readouterr().out == f"{st.recommend(space, **arguments)}\n"


@pytest.mark.parametrize(("space", "options", "searcher"), [
    ('{"kind": ["a", "b"], "n": {"low": 1, "high": 3, "when": {"kind": ["a"]}}}', "--trials 4", "GridSearch()"),
    ('{"warmup_epochs": [1, 2], "rate": [0.1, 0.01]}', "--trials 3 --epochs 27", "BayesianSearch()")])
def test_the_points_of_the_file_s_space_are_counted(
    space: str, options: str, searcher: str, tmp_path: Path, capsys: pytest.CaptureFixture,
) -> None:
    (tmp_path / "space.json").write_text(space)
    assert main(["recommend", "--space", str(tmp_path / "space.json"), *options.split()]) == 0
    assert capsys.readouterr().out.startswith(f"searcher: {searcher}\n")


def test_a_space_of_epochs_alone_leaves_nothing_to_choose(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "space.json").write_text('{"epochs": [10, 20]}')
    assert main(["recommend", "--space", str(tmp_path / "space.json"), "--epochs", "27"]) == 2
    assert "--epochs is 27, so that Hyperband chooses the epochs, and --space is" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "message"), [
    ("trials", "--trials is 0; it must be an integer of at least 1"),
    ("jobs", "--jobs is 0; it must be an integer of at least 1"),
    ("epochs", "--epochs is 0; it must be an integer of at least 1"),
    ("objectives", "--objectives is 0; it must be an integer of at least 1"),
    ("seconds-per-trial", "--seconds-per-trial is -1.0; it must be a finite number of at least 0.0"),
])
def test_numbers_that_are_too_low(option: str, message: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["recommend", f"--{option}", "-1" if "seconds" in option else "0"]) == 2
    assert capsys.readouterr() == ("", f"scratchtune: {message}\n")
