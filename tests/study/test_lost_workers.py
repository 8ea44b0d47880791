"""The counts of lost workers, and a trial that begins again after one."""

from __future__ import annotations

import copy
from pathlib import Path

import scratchtune as st
from scratchtune.study.lost_workers import WorkerLosses
from scratchtune.study.storage import Storage


def test_losses_are_counted_up_to_a_number_and_forgotten() -> None:
    losses = WorkerLosses()
    losses.register(4)
    assert 4 in losses and 5 not in losses and losses.with_at_least(0) == [4]
    assert [losses.add(5, at_most=2) for _ in range(3)] == [1, 2, 2] and losses.add(5, at_most=None) == 3
    losses.register(5)
    assert losses.with_at_least(3) == [5] and 5 not in copy.deepcopy(losses) and 5 in losses
    losses.forget(5)
    losses.forget(5)  # no second time
    assert 5 not in losses


def test_a_trial_that_begins_again_is_written_with_its_attempts(tmp_path: Path) -> None:
    core, run = st.Study({"x": [1, 2]}, "grid", storage=tmp_path / "a.db")._core, object()
    core.begin_run()
    trial = core.assign(run)
    core.write()
    trial.report(1.0, step=0)
    assert core.begin_again(trial) and trial.reports == {}
    core.write()
    with Storage(tmp_path / "a.db", reading=True) as storage:
        assert [(row.state, row.attempts) for row in storage.rows("study")] == [("running", 2)]
    core.tell_value(trial, 1.0, seconds=0.5, visits=3)
    assert not core.begin_again(trial) and (trial.state, trial.seconds, trial.visits) == ("complete", 0.5, 3)
    core.end_run(run)
