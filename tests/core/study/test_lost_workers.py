"""A trial that begins again after its worker was lost."""

from __future__ import annotations

from pathlib import Path

import scratchtune as st
from scratchtune.core.study.file import File
from scratchtune.core.study.trial import judged


def test_a_trial_that_begins_again_is_written_with_its_attempts(tmp_path: Path) -> None:
    core, run = st.Study({"x": [1, 2]}, "grid", storage=tmp_path / "a.db")._core, object()
    core.begin_run(1)
    trial = core.assign(run)
    core.write()
    trial.report(1.0, step=0)
    assert core.begin_again(trial) and trial.reports == {}
    core.write()
    with File(tmp_path / "a.db", reading=True) as storage:
        assert [(row["state"], row["attempts"]) for row in storage.rows("study")] == [("running", 2)]
    core.finish(trial, judged(trial, 1.0, seconds=0.5, visits=3))
    assert not core.begin_again(trial) and (trial.state, trial.seconds, trial.visits) == ("complete", 0.5, 3)
    core.end_run(run)
