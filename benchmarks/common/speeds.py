"""The speed of the same work in each library: one loop over rounds, cases and libraries, and what its report says.

A library is a function of a case's arguments and a seed, which does the work and returns its ``seconds``, the ``loss``
reached, and a ``note`` where there is something to say; one that has an argument ``library`` is told which one it is.
All run in processes of their own, of which one works at a time; in every round each case is measured in each library in
turn, so a ratio is the median over the rounds of ratios within a round: what slows the machine down slows both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Collection, Mapping
from functools import cache
from inspect import signature
from typing import Any

from tqdm import tqdm

from benchmarks.common.harness import Worker, bar, environment, median_ratio, pinned_core, table, verdict

OURS = "ours"
CLOSE = 1e-3  # of two losses, relative
ADAMS: dict[str, dict[str, Any]] = {"default": {}, "foreach": {"foreach": True}, "fused": {"fused": True}}  # PyTorch's
ONE_THREAD = {"NUMBA_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore",
              "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}
Answer = dict[str, Any]
Library = Callable[..., Answer]
Key = tuple[str, str]  # a case, and a library
Found = dict[Key, list[Answer]]  # the answers, one a round


def in_turns(
    libraries: Mapping[str, Library], cases: Mapping[str, Mapping[str, Any]], rounds: int,
    first: Mapping[str, Any] | None = None, pinned: bool = True, left_out: Collection[Key] = (),
) -> Found:
    """Measure every case in every library once a round, with the round's number as seed.

    A round before the first compiles and is not counted; ``first`` are arguments that make it shorter. ``pinned``: one
    thread on one core for all, else as many as a library takes.
    """
    env = environment(1, **ONE_THREAD) if pinned else environment(PYTHONWARNINGS="ignore")
    workers = {name: Worker(library, name, env, pinned_core() if pinned else None)
               for name, library in libraries.items()}
    found: Found = {(case, name): [] for case in cases for name in libraries if (case, name) not in left_out}
    with tqdm(total=(rounds + 1) * len(found), desc="measuring", disable=None) as progress:
        for number in range(-1, rounds):
            for (case, name), answers in found.items():
                more = {"library": name} if "library" in signature(libraries[name]).parameters else {}
                given = workers[name].ask(**{
                    **cases[case], **((first or {}) if number < 0 else {}), "seed": max(number, 0), **more})
                answers += [given] * (number >= 0)
                progress.update()
    for worker in workers.values():
        worker.close()
    return found


# In the workers -------------------------------------------------------------------------------------------------------


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """The seconds of a call, and its result."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def our_epochs(model: Any, rows: tuple[Any, Any], batch: int, epochs: int, shuffle: bool = False) -> Answer:
    """Train our network: the seconds of a step after one epoch that is not timed, and the loss of the last epoch."""
    model.fit(*rows, batch, 1, shuffle=shuffle, verbose=0)
    seconds, history = timed(lambda: model.fit(*rows, batch, epochs, shuffle=shuffle, verbose=0))
    return {"seconds": seconds / (epochs * -(-len(rows[0]) // batch)), "loss": history.history["loss"][-1]}


def torch_epochs(network: Any, batches: Callable[[], Any], loss_of: Callable[[Any], Any], epochs: int, adam: str = "",
                 ) -> Answer:
    """The same in PyTorch's usual eager loop: ``batches`` gives those of an epoch, ``loss_of`` the loss of one."""
    import torch

    optimizer = torch.optim.Adam(network.parameters(), 0.001, eps=1e-8, **ADAMS[adam or "default"])

    def epoch() -> tuple[int, float]:
        steps, total = 0, 0.0
        for batch in batches():
            optimizer.zero_grad()
            loss = loss_of(batch)
            loss.backward()
            optimizer.step()
            steps, total = steps + 1, total + float(loss.detach())
        return steps, total / steps

    epoch()
    seconds, done = timed(lambda: [epoch() for _ in range(epochs)])
    return {"seconds": seconds / (epochs * done[-1][0]), "loss": done[-1][1], "note": adam and f"{adam} Adam"}


@cache
def fastest_adam(train: Library, *case: Any) -> str:
    """The name of PyTorch's fastest Adam for a case: the least of three trainings of one epoch each."""
    return min(ADAMS, key=lambda adam: min(train(*case, 0, 1, adam)["seconds"] for _ in range(3)))


# The report -----------------------------------------------------------------------------------------------------------


def values(found: Found, case: str, name: str, what: str = "seconds") -> list[float]:
    """A number of each round."""
    return [answer[what] for answer in found[case, name]]


def ratio(found: Found, case: str, above: str, below: str = OURS, what: str = "seconds") -> float:
    """The median over the rounds of the ratio of two libraries' times."""
    return median_ratio(values(found, case, above, what), values(found, case, below, what))


def label(found: Found, case: str, name: str) -> str:
    """The library, and its note."""
    note = found[case, name][0].get("note")
    return f"{name} ({note})" if note else name


def times(found: Found, case: str, name: str, form: str, scale: float = 1e6) -> list[str]:
    """Median and least time, and the ratio to ours."""
    every = [scale * seconds for seconds in values(found, case, name)]
    return [f"{statistics.median(every):{form}}", f"{min(every):{form}}", f"{ratio(found, case, name):.2f}"]


def speeds(found: Found, bars: Mapping[str, float | None], unit: str, form: str = ",.0f") -> tuple[str, list[str]]:
    """A table with a line for each case and library, and the bars: another library's seconds / ours."""
    rows = [[case, label(found, case, name), *times(found, case, name, form),
             f"{statistics.mean(values(found, case, name, 'loss')):.5f}"] for case, name in found]
    lines = [bar(f"{case}: {name} / ours", ratio(found, case, name), wanted, digits=2)
             for case, name in found if name != OURS and (wanted := bars[case]) is not None]
    return table(["what", "library", unit, "least", "time / ours", "loss"], rows, "llrrrr"), lines


def equal(found: Found, what: str, *keys: str) -> str:
    """The bar for what the libraries compute with the same seed, such as "loss"."""
    pairs = [(one, other) for (case, name), answers in found.items() if name != OURS
             for one, other in zip(found[case, OURS], answers, strict=True)]
    worst = max(abs(other[key] / one[key] - 1.0) for one, other in pairs for key in keys if key in one)
    return verdict(worst <= CLOSE, f"equal {what}: bar at most {CLOSE:g} relative difference, measured {worst:.1e}")
