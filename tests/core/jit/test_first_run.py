"""The second process that compiles: both ends of one queue, and nothing lost when it fails."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scratchtune import jit
from scratchtune.core.jit import first_run
from scratchtune.core.network.layers.dense import dense_forward


@pytest.fixture(autouse=True)
def _two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCRATCHTUNE_COMPILE_PROCESSES", raising=False)


def _jobs(count: int, done: list[int], reference: Any = None) -> list[Any]:
    return [SimpleNamespace(compile=lambda i=i: done.append(i), reference=reference) for i in range(count)]


@pytest.mark.parametrize("count", [0, 1, 3, 8])
@pytest.mark.parametrize("reference", [None, ("no such module", "x"), lambda: None])
def test_every_job_is_done_here_where_the_other_process_can_not(count: int, reference: Any) -> None:
    done: list[int] = []
    first_run.compile_side_by_side(_jobs(count, done, reference), lambda: None)
    assert set(range(count)) - set(done) <= {count - 1}  # one may have been handed over in vain; `prepare` compiles it


def test_an_error_here_ends_it_and_the_other_process() -> None:
    jobs = _jobs(6, [])
    jobs[0].compile = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        first_run.compile_side_by_side(jobs, lambda: None)


@pytest.mark.parametrize("executable", ["/nowhere/python", "", None])
def test_a_python_that_can_not_be_started_again(monkeypatch: pytest.MonkeyPatch, executable: Any) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    done: list[int] = []
    first_run.compile_side_by_side(_jobs(6, done), lambda: None)
    assert done == list(range(6))


def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRATCHTUNE_COMPILE_PROCESSES", "1")
    monkeypatch.setattr(first_run, "_started", lambda: pytest.fail("a second process was started"))
    done: list[int] = []
    first_run.compile_side_by_side(_jobs(6, done), lambda: None)
    assert done == list(range(6)) and gc.isenabled()


def test_another_program_in_its_place_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    done: list[int] = []
    first_run.compile_side_by_side(_jobs(6, done), lambda: None)
    assert done == list(range(6))


@pytest.mark.slow
@pytest.mark.needs_compiler
def test_two_activations_keep_each_others_place_in_the_cache(tmp_path: Path) -> None:
    script = ("import scratchtune as st, numpy as np, sys\n"
              "m = st.Sequential([st.Dense(3, a) for a in sys.argv[1:]] + [st.Dense(1)]); m.compile('sgd', 'mse')\n"
              "m.fit(np.ones((4, 2)), [0, 1, 0, 1], verbose=0)\n")
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DISABLE_JIT": "0"}
    told = [subprocess.run([sys.executable, "-c", script, *names], env=env, capture_output=True, text=True, timeout=300)
            for names in (["tanh", "elu"], ["tanh", "elu"], ["elu"])]
    assert ["compiling" in found.stderr for found in told] == [True, False, False]


@pytest.mark.needs_compiler
def test_a_kernel_is_referred_to_by_name() -> None:
    job = jit.kernel_job(dense_forward, "float32")
    function, *arguments = job.reference
    function(*arguments)
    assert job.is_ready()
