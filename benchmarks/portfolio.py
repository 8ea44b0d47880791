"""The portfolio of AutoML: which few configurations do well on many tables?

Random configurations of each family, the estimators' defaults, and the best combination of `table_defaults` are
cross-validated on the public tables by which choices may be made (`FOR_CHOICES`; at most 2,000 rows of each, 3 folds).
A portfolio is chosen greedily: see `chosen`. For large tables further trees are chosen, from random configurations on
the tables of more than 4,000 rows (at most 10,000 rows of each). The loss of a table is divided by that of a model
without features, so that all tables count alike. Results are kept in a file of JSON lines, from which an interrupted
run continues; `--save` writes scratchtune/tables/portfolio.json.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.common.harness import ROOT, kept_runs
from benchmarks.common.public_tables import CLASSIFICATION, FOR_CHOICES, REGRESSION, PublicTable
from scratchtune.evaluation.parallel import in_order
from scratchtune.search import Space
from scratchtune.tables.families import FAMILIES, FAMILY, joint_space
from scratchtune.tables.goal import goal_for
from scratchtune.tables.members import Folds
from scratchtune.tables.portfolio import LARGE, MANY
from scratchtune.tables.reading.table import Table
from scratchtune.tables.splitting import splits_for

ROWS, LARGE_ROWS, FOLDS = 2_000, 10_000, 3
LARGE_TREES, MOST_LARGE = 40, 5  # random configurations for large tables, and how many are chosen
SHARES = {"network": 0.6, "trees": 0.3, "linear": 0.1}  # of the configurations
DEFAULTS = (
    {"family": "trees", "trees_learning_rate": 0.1, "trees_max_iter": 100, "trees_max_leaf_nodes": 31,
     "trees_min_samples_leaf": 20, "trees_l2_regularization": 0.001, "trees_max_features": 1.0},
    {"family": "network", "network_hidden_layers": 1, "network_units": 64, "network_learning_rate": 0.003,
     "network_batch_size": 32, "network_epochs": 20, "network_dropout": 0.0, "network_weight_decay": 0.1,
     "network_scale": "standard", "network_numeric_embedding": None, "network_schedule": None, "network_members": 1,
     "network_parametric_activation": False},
    {"family": "network", "network_hidden_layers": 1, "network_units": 64, "network_learning_rate": 0.009,
     "network_batch_size": 32, "network_epochs": 20, "network_dropout": 0.2, "network_weight_decay": 1e-6,
     "network_scale": "robust", "network_numeric_embedding": None, "network_schedule": "cosine", "network_members": 8,
     "network_parametric_activation": False})
LONGEST = 20.0  # seconds of a configuration on one table: slower ones are cut off, as in AutoML
STORED = ROOT / "scratchtune" / "tables" / "portfolio.json"
MOST = {"network": 10, "trees": 5, "linear": 1}  # configurations of each family in the portfolio
BEST = 3  # of the configurations so far count for a table


def configurations(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """The listed configurations, and about ``count`` random ones of all families; the same for each run."""
    found: list[dict[str, Any]] = [dict(params) for params in DEFAULTS]
    for k, (family, share) in enumerate(SHARES.items()):
        space = Space(joint_space([family]))
        rng = np.random.default_rng([seed, k])
        found += [space.from_unit(rng.random(len(space.names))) for _ in range(round(share * count))]
    return [rounded(params) for params in found]


def rounded(params: dict[str, Any]) -> dict[str, Any]:
    """A configuration whose numbers have two significant digits."""
    return {name: float(f"{value:.2g}") if isinstance(value, float) else value for name, value in params.items()}


def large_configurations() -> list[dict[str, Any]]:
    """The trees' defaults, and random trees; the same for each run."""
    space, rng = Space(dict(FAMILIES["trees"].space)), np.random.default_rng(1)
    found = [rounded(space.from_unit(rng.random(len(space.names)))) for _ in range(LARGE_TREES)]
    return [dict(DEFAULTS[0]), *({FAMILY: "trees", **{f"trees_{name}": value for name, value in params.items()}}
                                 for params in found)]


def folds_of(one: PublicTable, most: int) -> tuple[Folds, int]:
    """The folds of at most so many rows of a table, and its number of classes (0 for regression)."""
    X, y = one.load()
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(len(y), min(most, len(y)), replace=False))
    columns = {f"{name} ": X[name].to_numpy()[rows] for name in X}
    table = Table.from_columns(columns, text=[name for name, values in columns.items() if values.dtype.kind == "O"])
    labels, codes = np.unique(y[rows], return_inverse=True)
    classes = len(labels) if one.task == CLASSIFICATION else 0
    target = codes if classes else y[rows]
    return Folds(table, target, classes, splits_for(target, classes, FOLDS)), classes


def name_of(one: PublicTable, most: int) -> str:
    """The name of a table with at most so many rows."""
    return one.name if most == ROWS else f"{one.name}, {most} rows"


def measured(
    one: PublicTable, pool: list[dict[str, Any]], most: int, known: dict[tuple[str, str], float], jobs: int, path: Path,
) -> None:
    """Cross-validate the configurations that are not known on one table, and append them to the file."""
    name = name_of(one, most)
    todo = [params for params in pool if (name, key(params)) not in known]
    if not todo:
        return
    folds, classes = folds_of(one, most)
    goal = goal_for(classes, None)
    none = goal.loss(folds.targets, goal.mean(folds.y, len(folds.rows)))

    def loss(params: dict[str, Any]) -> float:
        try:
            member = folds.member(params, 0, time.monotonic() + LONGEST)
        except ValueError:
            return 1.0
        return min(goal.loss(folds.targets, member.predictions) / none, 1.0)

    with open(path, "a", encoding="utf-8") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for begin in range(0, len(todo), 4 * jobs):
            some = todo[begin : begin + 4 * jobs]
            for params, value in zip(some, in_order(loss, some, jobs), strict=True):
                known[name, key(params)] = value
                file.write(json.dumps({"table": name, "params": params, "loss": value}) + "\n")
            file.flush()


def key(params: dict[str, Any]) -> str:
    """A configuration as a text."""
    return json.dumps(params, sort_keys=True)


def chosen(
    tables: list[str], pool: list[dict[str, Any]], known: dict[tuple[str, str], float], most: dict[str, int],
) -> list[Any]:
    """The greedy portfolio, as (params, mean over the tables of the loss of the best one so far).

    The next configuration is the one that reduces the most the mean, over tables, of the mean of the `BEST` smallest
    losses, since an ensemble needs more than one good configuration.
    """
    losses = np.array([[known[name, key(params)] for name in tables] for params in pool])
    found: list[int] = []
    while len(found) < sum(most.values()):
        counts = {name: sum(pool[k][FAMILY] == name for k in found) for name in most}
        left = [k for k in range(len(pool)) if k not in found and counts[pool[k][FAMILY]] < most[pool[k][FAMILY]]]
        if not left:
            break
        found.append(min(left, key=lambda k: (_few_best(losses, [*found, k]), losses[k].mean())))
    return [(pool[k], float(losses[found[: i + 1]].min(axis=0).mean())) for i, k in enumerate(found)]


def _few_best(losses: np.ndarray, some: list[int]) -> float:
    """The mean over tables of the mean of the `BEST` smallest losses of some of the configurations."""
    return float(np.sort(losses[some], axis=0)[:BEST].mean())


def main(arguments: Sequence[str]) -> int:
    """Measure what is missing, and print the portfolios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks portfolio", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configurations", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--records", type=Path, default=Path("portfolio.jsonl"))
    parser.add_argument("--known", action="store_true", help="measure nothing, and use the tables that are complete")
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args(arguments)
    known = {(run["table"], key(run["params"])): run["loss"] for run in kept_runs(given.records)}
    pools = {ROWS: configurations(given.configurations), LARGE_ROWS: large_configurations()}
    for most, pool in pools.items():
        for one in tqdm([] if given.known else sorted(tables_for(most), key=lambda one: one.rows), f"{most} rows"):
            measured(one, pool, most, known, given.jobs, given.records)
    stored: dict[str, Any] = {LARGE: {}}
    for task in (CLASSIFICATION, REGRESSION):
        stored[task] = ordered(printed(task, ROWS, pools[ROWS], known, MOST))
        trees = printed(task, LARGE_ROWS, pools[LARGE_ROWS], known, {"trees": MOST_LARGE})
        stored[LARGE][task] = [dict(DEFAULTS[0]), *(params for params in trees if params != DEFAULTS[0])]
    if given.save:
        STORED.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    return 0


def tables_for(most: int) -> list[PublicTable]:
    """The tables by which choices may be made; for large trees those with many rows."""
    return [one for one in FOR_CHOICES if most == ROWS or one.rows > MANY]


def printed(
    task: str, most: int, pool: list[dict[str, Any]], known: dict[tuple[str, str], float], counts: dict[str, int],
) -> list[dict[str, Any]]:
    """Choose a portfolio from the tables of a task that are complete, and print it."""
    names = [name_of(one, most) for one in tables_for(most) if one.task == task
             and all((name_of(one, most), key(params)) in known for params in pool)]
    portfolio = chosen(names, pool, known, counts)
    print(f"\n{task}, {len(names)} tables of at most {most:,} rows; mean loss (1: without features) of the best "
          "configuration so far:")
    for params, mean in portfolio:
        print(f"  {mean:.4f}  {key(params)}")
    return [params for params, _ in portfolio]


def ordered(portfolio: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The portfolio, with a configuration of each family first: the linear one, as it is the fastest.

    The trees' defaults follow it, whether they are in the portfolio or not: the tables that it is learned on have 2,000
    rows at most, and large tables need larger trees.
    """
    firsts = {name: next((p for p in portfolio if p[FAMILY] == name), None) for name in reversed(FAMILIES)}
    firsts["trees"] = dict(DEFAULTS[0])
    begin = [params for params in firsts.values() if params is not None]
    return [*begin, *(params for params in portfolio if params not in begin)]
