"""`scratchtune recommend`: what it prints is `recommend` of the same space and budget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.tables.families import FAMILIES, joint_space

SPACE = ('{"units": {"low": 8, "high": 64, "log": true}, "rate": {"low": 0, "high": 0.5}, "kind": ["a", "b"], '
         '"epochs": {"low": 1, "high": 9}}')
READ = {"units": st.Int(8, 64, log=True), "rate": st.Float(0, 0.5), "kind": ["a", "b"], "epochs": st.Int(1, 9)}


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
    space = {name: space[name] for name in space if "max_budget" not in arguments or not name.endswith("epochs")}
    assert main(["recommend", *options.split(), *["--space", str(tmp_path / "space.json")] * own]) == 0
    assert capsys.readouterr().out == f"{st.recommend(space, **arguments)}\n"


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
