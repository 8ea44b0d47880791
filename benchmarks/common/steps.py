"""The time of the same training in each library: measured in turns, and reported beside ours."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import Any

from tqdm import tqdm

from benchmarks.common.harness import Worker, bar, environment, median_ratio, pinned_core, table, verdict

OURS = "ours"
CLOSE = 1e-3  # of two losses, relative
Key = tuple[str, str]  # what is trained, and the library
Found = dict[Key, list[dict[str, Any]]]  # the answers, one a round, with "seconds" and "loss"


def in_turns(
    answer: Callable[..., dict[str, Any]], questions: Mapping[Key, dict[str, Any]], rounds: int, epochs: int,
) -> Found:
    """Ask every question once a round, with the round's number as seed; a warm-up round is discarded.

    Each library has a worker, and all run on one core, in turns.
    """
    env, core = environment(1), pinned_core()
    workers = {name: Worker(answer, name, env, core) for name in dict.fromkeys(name for _, name in questions)}
    found: Found = {key: [] for key in questions}
    with tqdm(total=(rounds + 1) * len(questions), desc="measuring", disable=None) as progress:
        for number in range(-1, rounds):
            for key, question in questions.items():
                given = workers[key[1]].ask(
                    **question, name=key[1], seed=max(number, 0), epochs=epochs if number >= 0 else 1)
                if number >= 0:
                    found[key].append(given)
                progress.update()
    for worker in workers.values():
        worker.close()
    return found


def speeds(found: Found, bars: Mapping[str, float | None], unit: str, form: str = ",.0f") -> tuple[str, list[str]]:
    """A table with a line for each training and library, and the bars: another library's seconds / ours."""
    rows, lines = [], []
    for (what, name), answers in found.items():
        times, ours = ([one["seconds"] for one in found[what, library]] for library in (name, OURS))
        note, ratio = answers[0].get("adam"), median_ratio(times, ours)
        rows.append([what, f"{name} ({note} Adam)" if note else name, f"{1e6 * statistics.median(times):{form}}",
                     f"{1e6 * min(times):{form}}", f"{ratio:.2f}",
                     f"{statistics.mean(one['loss'] for one in answers):.5f}"])
        wanted = bars[what]
        if name != OURS and wanted is not None:
            lines.append(bar(f"{what}: {name} / ours", ratio, wanted, digits=2))
    return table(["what", "library", unit, "least", "time / ours", "loss"], rows, "llrrrr"), lines


def equal(found: Found, what: str, *keys: str) -> str:
    """The bar for what the libraries compute with the same seed, such as "loss"."""
    pairs = [(one, other) for (case, name), answers in found.items() if name != OURS
             for one, other in zip(found[case, OURS], answers, strict=True)]
    worst = max(abs(other[key] / one[key] - 1.0) for one, other in pairs for key in keys if key in one)
    return verdict(worst <= CLOSE, f"equal {what}: bar at most {CLOSE:g} relative difference, measured {worst:.1e}")
