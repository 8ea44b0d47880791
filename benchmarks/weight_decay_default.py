"""Which default of the networks' weight decay? Changes that cost little time, on small and on whole tables.

`benchmarks.table_defaults` finds which arguments lower the loss on tables of at most 2,000 rows. Of these, members take
many times the time, and robust scaling does harm where a few large values matter (*forbes*). What is left is measured
here with other rows and folds than there, and on the whole of each table of more than 4,000 rows, where a penalty that
helps on few rows may do harm. Tables, losses and statistics are those of `benchmarks.table_defaults`.
The decay acts at each step, so a constant does harm where there are many: 0.1 raises the loss on *movies* by 1.9 %.
"auto", the default, is 0.1 for 42 batches per epoch and less for more (`normalized_weight_decay`).

Dropout is not a default, whatever it gains: a row with weight 2 is to count as the same row twice, as scikit-learn
requires, and two rows are not dropped out alike.
"""

from __future__ import annotations

import statistics
from argparse import Namespace
from pathlib import Path

from benchmarks.common.benchmark import Benchmark
from benchmarks.common.public_tables import FOR_CHOICES
from benchmarks.common.table_folds import Losses
from benchmarks.table_defaults import Change, by_table, compared, logs

ROWS, FOLDS, REPEATS = 2_000, 3, (1, 2)
MANY, WHOLE = 4_000, 100_000  # rows of a table that is also measured as a whole; more than any has
CHANGES: list[Change] = [
    ("auto", {"weight_decay": "auto"}),
    *((f"weight decay {decay}", {"weight_decay": decay}) for decay in (0.03, 0.1, 0.3)),
    ("dropout 0.2", {"dropout": 0.2}),
    ("weight decay 0.1, dropout 0.1", {"weight_decay": 0.1, "dropout": 0.1}),
    ("weight decay 0.1, dropout 0.2", {"weight_decay": 0.1, "dropout": 0.2}),
    ("weight decay 0.3, dropout 0.2", {"weight_decay": 0.3, "dropout": 0.2}),
    ("weight decay 0.3, robust scaling", {"weight_decay": 0.3, "scale": "robust"}),
]


Changes = dict[str, dict[str, float]]


def changes(losses: Losses, names: list[str], repeats: tuple[int, ...]) -> Changes:
    """By change and table: the mean over repeats of the logarithm of the loss over that without the change."""
    return {change: {name: statistics.fmean(logs(losses, given, {}, [name], repeat)[0] for repeat in repeats)
                     for name in names} for change, given in CHANGES}


def measure(given: Namespace) -> tuple[Changes, Changes]:
    """The changes on at most so many rows of all tables, and on the whole large ones."""
    names = ["pima", "solder"] if given.quick else [one.name for one in FOR_CHOICES]
    many = [one.name for one in FOR_CHOICES if one.name in names and one.rows > MANY]
    small = changes(Losses(given.records, ROWS, FOLDS), names, REPEATS)
    return small, changes(Losses(given.records, WHOLE, FOLDS), many, REPEATS[:1]) if many else {}


def report(found: tuple[Changes, Changes], _: Namespace) -> list[str]:
    """The changes, and those of each table."""
    headings = f"## At most {ROWS:,} rows", f"## Whole tables of more than {MANY:,} rows"
    return [part for heading, one in zip(headings, found, strict=True) if one
            for part in (heading, compared(list(one.items())), by_table(one, list(next(iter(one.values())))))]


BENCHMARK = Benchmark(
    "The default of the weight decay", measure, report, ("scikit-learn", "pandas"), quick="two small tables",
    options={"--records": {"type": Path, "help": "a file that keeps every measured loss"}})
