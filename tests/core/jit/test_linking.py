"""linking: a loop is compiled once, and its callers call it by its symbol."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import scratchtune
from scratchtune import jit
from scratchtune.core.jit import linking

PACKAGE = Path(scratchtune.__file__).resolve().parent


@jit.loop
def tripled(x):
    for i in range(x.size):
        x[i] *= 3.0


@jit.function
def tripled_and_halved(x):
    tripled(x)
    for i in range(x.size):
        x[i] *= 0.5


@jit.loop
def twice(x):
    tripled_and_halved(x)
    tripled_and_halved(x)


@pytest.mark.needs_compiler
def test_the_code_of_a_loop_is_in_none_of_its_callers() -> None:
    """Not even in one that calls it through a function that is inlined."""
    x = np.ones(3)
    twice(x)
    assert x.tolist() == [2.25] * 3
    if twice.stats.cache_misses:  # what was loaded from the cache can't be read
        (code,) = twice.inspect_llvm().values()
        symbols = [line for line in code.splitlines() if "tripledB" in line and line.startswith(("declare", "define"))]
        assert len(symbols) == 1 and symbols[0].startswith("declare")


@pytest.mark.needs_compiler
def test_a_caller_whose_loop_is_unknown_is_not_loaded() -> None:
    assert linking.load_loops([]) and not linking.load_loops([linking.Linked("symbol", "identity", ())])


def test_threads_that_come_first_at_once() -> None:
    @jit.function
    def f(x):
        twice(x)
        return x[0]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: f(np.ones(2, np.float32)), range(8))) == [2.25] * 8


LOOPS = """
from scratchtune import jit


@jit.loop
def inner(x):
    for i in range(x.size):
        x[i] *= 2.0


@jit.loop
def outer(x):
    inner(x)
    inner(x)
"""
POOL = """
import concurrent.futures, multiprocessing
import numpy as np
import use

if __name__ == "__main__":
    with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        print(*pool.map(use.result, [1.0, 2.0, 3.0]))
"""
USE = """
import numpy as np
from scratchtune import jit
from loops import outer


@jit.function
def called(x):
    outer(x)
    return x[0]


@jit.function
def called_by_another(x):
    return called(x)


def result(number):
    return float(called(np.full(3, number)))


def result_of_another(number):
    return float(called_by_another(np.full(3, number)))
"""


def _run(folder: Path, *command: str) -> list[float]:
    path = os.pathsep.join([str(folder), str(PACKAGE.parent)])
    environment = {**os.environ, "PYTHONPATH": path, "NUMBA_CACHE_DIR": str(folder / "cache")}
    out = subprocess.run([sys.executable, *command], env=environment, text=True, capture_output=True, timeout=300)
    assert out.returncode == 0, out.stderr
    return [float(number) for number in out.stdout.split()]


def _write(folder: Path) -> None:
    for name, source in {"loops": LOOPS, "use": USE, "pool": POOL}.items():
        (folder / f"{name}.py").write_text(source)


@pytest.mark.slow
@pytest.mark.needs_compiler
def test_a_loop_that_is_no_longer_in_the_cache_or_was_edited(tmp_path: Path) -> None:
    _write(tmp_path)
    command = "-c", "import use; print(use.result(1.0))"
    assert _run(tmp_path, *command) == [4.0] == _run(tmp_path, *command)
    lost = list(tmp_path.rglob("loops.inner*.nb*"))
    assert lost
    for file in lost:
        file.unlink()
    assert _run(tmp_path, *command) == [4.0]
    assert list(tmp_path.rglob("loops.inner*.nb*"))  # it was compiled again
    (tmp_path / "loops.py").write_text(LOOPS.replace("*= 2.0", "*= 3.0"))
    assert _run(tmp_path, *command) == [9.0]


@pytest.mark.slow
@pytest.mark.needs_compiler
def test_a_new_caller_of_a_cached_function_that_calls_a_loop(tmp_path: Path) -> None:
    """The cached function is copied into the new caller, and with it the call."""
    _write(tmp_path)
    command = "-c", "import use; print(use.result_of_another(1.0))"
    assert _run(tmp_path, *command) == [4.0]
    for file in tmp_path.rglob("use.called_by_another*.nb*"):
        file.unlink()
    assert _run(tmp_path, *command) == [4.0]


@pytest.mark.slow
@pytest.mark.needs_compiler
def test_a_pool_of_processes_with_an_empty_and_with_a_full_cache(tmp_path: Path) -> None:
    _write(tmp_path)
    for _ in range(2):
        assert _run(tmp_path, str(tmp_path / "pool.py")) == [4.0, 8.0, 12.0]
