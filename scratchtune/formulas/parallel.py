"""Formulas are checked in several processes, one for each core; on one core, in this process.

A process takes all formulas of a module, because they call the same functions, and these are then compiled only once.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager

from scratchtune import cores
from scratchtune.formulas.check import Row, check
from scratchtune.formulas.registry import Formula, registry

MOST = 4  # processes: the longest module is a quarter of the work, so more gain nothing; each takes 300 MB


def number_of_processes() -> int:
    """Return one for each core, but at most `MOST`."""
    return min(cores.count(), MOST)


def check_each(formulas: Mapping[str, Formula], processes: int, done: Callable[[int], object]) -> dict[str, Row]:
    """Check each of the package's formulas; return their rows by ID.

    ``done`` is called with the number of rows that have just come.
    """
    rows: dict[str, Row] = {}
    if processes == 1:
        for name, formula in formulas.items():
            rows[name] = check(formula, formulas)
            done(1)
        return rows
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _end_on_interrupt)
    try:
        with _interrupts_held():
            futures = [pool.submit(_rows, names) for names in _by_module(formulas)]
        for future in as_completed(futures):
            rows |= future.result()
            done(len(future.result()))
    except BaseException:  # Ctrl-C too: what the processes are at is not waited for
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return {name: rows[name] for name in formulas}


def _by_module(formulas: Mapping[str, Formula]) -> list[list[str]]:
    """Return the IDs of each module's formulas."""
    found: dict[str, list[str]] = {}
    for name, formula in formulas.items():
        found.setdefault(formula.module, []).append(name)
    return list(found.values())


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back; a process that is started meanwhile holds it back until it has imported the package."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# In the other process -------------------------------------------------------------------------------------------------


def _end_on_interrupt() -> None:
    """Ctrl-C reaches every process of a terminal; this one then ends without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _rows(names: Sequence[str]) -> dict[str, Row]:
    formulas = registry()
    return {name: check(formulas[name], formulas) for name in names}
