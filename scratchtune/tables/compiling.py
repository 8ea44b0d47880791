"""Compiling before the clock starts: Numba compiles a kernel at its first use, and caches it on disk.

A time budget is for training. So each family trains once on a few rows first, with the types of real tables.

Implements section 8.1 of the document.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchtune.evaluation.splits import Split
from scratchtune.streams import note
from scratchtune.tables.families import FAMILY, portfolio
from scratchtune.tables.members import Folds
from scratchtune.tables.reading.table import Table

ROWS = 48
LONG = 2.0  # seconds of compiling that are worth a line
SHORT = {"epochs": 1, "units": 8, "hidden_layers": 1, "max_iter": 2}  # what makes a training short
_compiled: set[tuple[str, int]] = set()  # families, with the number of classes up to 3, of this process


def compile_kernels(families: Sequence[str], classes: int, verbose: bool) -> float:
    """Train the portfolio's configurations on a few rows, unless this process has done so; return the seconds."""
    begun = time.monotonic()
    missing = [name for name in families if (name, min(classes, 3)) not in _compiled]
    if missing:
        folds = _few_rows(min(classes, 3))
        for params in _different(portfolio(missing, classes, ROWS)):
            model = folds.fold_model(params, 0, 0, None)
            model.predict_matrix(folds.features(model.features.encoding, 0)[2])
        _compiled.update((name, min(classes, 3)) for name in missing)
    seconds = time.monotonic() - begun
    if verbose and seconds > LONG:
        note(f"compiling the kernels, once: {seconds:.0f} s")
    return seconds


def _few_rows(classes: int) -> Folds:
    """A table with numbers, gaps and categories, and one fold."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=ROWS)
    gaps = np.where(x > 1.0, np.nan, x)
    table = Table.from_columns({"x": x, "gaps": gaps, "text": rng.choice(["a", "b", "c"], ROWS)})
    split: Split = np.arange(ROWS // 2), np.arange(ROWS // 2, ROWS)
    return Folds(table, np.arange(ROWS) % classes if classes else x, classes, [split])


def _different(configurations: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return short trainings, each kind once: they differ in what is compiled, such as an embedding, not in numbers."""
    found: dict[str, dict[str, Any]] = {}
    for params in configurations:
        short = {name: SHORT.get(name.removeprefix(f"{params[FAMILY]}_"), value) for name, value in params.items()}
        kind = {name: value if isinstance(value, (str, bool, type(None))) else None for name, value in short.items()}
        kind["members"] = params.get("network_members")
        kind["dropout"] = params.get("network_dropout", 0.0) > 0.0
        found.setdefault(repr(sorted(kind.items(), key=str)), short)
    return list(found.values())
