"""Which changes of the networks' defaults pay on tables? An ablation over public tables, and what it recommends.

1. *single*: each change alone, all other arguments at their defaults.
2. *greedy*: changes are added one after the other, from the best one on; each is kept if it reduces the loss further by
   more than two standard errors, and is given up after 8 tables if it has not reduced it on average.
3. *final*: what was kept and some listed combinations against the defaults; then on other random rows and folds
   of the same tables, against the defaults and boosted trees with their defaults.
4. *pool*: network configurations for a portfolio. Ten are chosen one after the other, each the one that most reduces
   the geometric mean over the tables of the smallest loss of those chosen; ranks are among all of the pool.

The tables are those that choices may be made by (`benchmarks.common.public_tables.FOR_CHOICES`), with at most --rows
random rows each. The loss is the log loss for classes, and the root of the mean squared error for values, averaged over
the folds. A change is the geometric mean over the tables of the ratio of two losses, minus 1: below 0 is better. The
standard error is that of the mean logarithm of the ratio over the tables. --records keeps every measured loss, and the
same command continues after the last one.
"""

from __future__ import annotations

import json
import math
import statistics
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.harness import table
from benchmarks.common.public_tables import FOR_CHOICES
from benchmarks.common.table_folds import EMBEDDED, TREES, Configuration, Losses, is_classification

FOLDS, ROWS, TIE, PORTFOLIO = 3, 2000, 1e-9, 10
RACE = 8  # tables after which a change that does not help is given up
STAGES = ("single", "greedy", "final", "pool")
RATE = 0.003  # the default learning rate
Change = tuple[str, Configuration]
SCHEDULES: list[Change] = [
    (f"{prefix}{name} schedule{', learning rate x 3' if factor > 1 else ''}",
     {**more, "schedule": schedule, **({"learning_rate": factor * RATE} if factor > 1 else {})})
    for prefix, more in (("", {}), ("50 epochs, ", {"epochs": 50}))
    for name, schedule in (("cosine", "cosine"), ("linear", "linear"), ("cosine-log", "cosine_log"))
    for factor in (1, 3)]
CHANGES: list[Change] = [  # add a line for a further argument
    ("robust scaling", {"scale": "robust"}),
    ("quantile transform", {"scale": "quantile"}),
    ("label smoothing 0.03", {"label_smoothing": 0.03}),
    ("label smoothing 0.1", {"label_smoothing": 0.1}),
    ("learning rate x 3", {"learning_rate": 3 * RATE}),
    ("learning rate / 3", {"learning_rate": RATE / 3}),
    ("10 epochs", {"epochs": 10}),
    ("50 epochs", {"epochs": 50}),
    ("50 epochs, learning rate x 3", {"epochs": 50, "learning_rate": 3 * RATE}),
    *SCHEDULES,
    ("averaging 0.9", {"averaging": 0.9}),
    ("averaging 0.99", {"averaging": 0.99}),
    ("averaging 0.995", {"averaging": 0.995}),
    ("biases x 0.1", {"layer_rates": {"biases": 0.1}}),
    ("first layer x 3", {"layer_rates": {"first": 3.0}}),
    ("last layer x 0.3", {"layer_rates": {"last": 0.3}}),
    ("learned category embeddings", EMBEDDED),
    ("periodic embeddings of all columns", {"numeric_embedding": "periodic"}),
    ("piecewise embeddings of all columns", {"numeric_embedding": "piecewise"}),
    ("periodic embeddings, learned category embeddings", {"numeric_embedding": "periodic", **EMBEDDED}),
    ("piecewise embeddings, learned category embeddings", {"numeric_embedding": "piecewise", **EMBEDDED}),
    ("periodic embeddings of scale 0.5", {"numeric_embedding": "periodic", "frequency_scale": 0.5}),
    ("scaling layer", {"scaling_layer": True}),
    ("scaling layer x 6", {"scaling_layer": True, "layer_rates": {"scaling": 6.0}}),
    ("parametric activation", {"parametric_activation": True}),
    ("parametric activation x 0.1", {"parametric_activation": True, "layer_rates": {"activation": 0.1}}),
    ("RealMLP's layers and rates", {"scaling_layer": True, "parametric_activation": True, "layer_rates": {
        "scaling": 6.0, "biases": 0.1, "activation": 0.1}}),
    ("4 members", {"members": 4}),
    ("8 members", {"members": 8}),
    ("16 members", {"members": 16}),
    ("dropout 0.1", {"dropout": 0.1}),
    ("dropout 0.2", {"dropout": 0.2}),
    ("dropout 0.4", {"dropout": 0.4}),
    ("weight decay 0.01", {"weight_decay": 0.01}),
    ("weight decay 0.1", {"weight_decay": 0.1}),
    ("weight decay 0.3", {"weight_decay": 0.3}),
    ("l2 0.0001", {"l2": 0.0001}),
    ("l2 0.001", {"l2": 0.001}),
    ("noise 0.1", {"augment": 0.1}),
    ("batches of 64", {"batch_size": 64}),
    ("batches of 128, learning rate x 3", {"batch_size": 128, "learning_rate": 3 * RATE}),
    ("GELU", {"activation": "gelu"}),
    ("ELU", {"activation": "elu"}),
    ("tanh", {"activation": "tanh"}),
    ("2 layers", {"hidden_layers": 2}),
    ("3 layers", {"hidden_layers": 3}),
    ("32 units", {"units": 32}),
    ("128 units", {"units": 128}),
    ("256 units", {"units": 256}),
    ("early stopping, up to 100 epochs", {"early_stopping": True, "epochs": 100}),
]

COMBINATIONS: list[Change] = [  # of several changes that help alone, of which greedy addition keeps few
    ("8 members, robust scaling, dropout 0.2", {"members": 8, "scale": "robust", "dropout": 0.2}),
    ("the same, cosine schedule, learning rate x 3", {
        "members": 8, "scale": "robust", "dropout": 0.2, "schedule": "cosine", "learning_rate": 3 * RATE}),
    ("one member: weight decay 0.3, robust scaling, dropout 0.2", {
        "weight_decay": 0.3, "scale": "robust", "dropout": 0.2}),
]


# Statistics -----------------------------------------------------------------------------------------------------------


def differs(configuration: Configuration, name: str) -> bool:
    """Whether a configuration can change anything on a table: label smoothing is for classes."""
    return is_classification(name) or set(configuration) != {"label_smoothing"}


def logs(losses: Losses, new: Configuration, old: Configuration, names: Sequence[str], repeat: int = 0) -> list[float]:
    """The logarithm of the ratio of two configurations' losses on each table."""
    return [math.log(losses(name, new, repeat) / losses(name, old, repeat)) for name in names]


def error_of(values: Sequence[float]) -> float:
    """The standard error of a mean."""
    return harness.spread(values) / len(values) ** 0.5 if values else 0.0


def pays(values: Sequence[float], errors: float = 2.0) -> bool:
    """Whether the mean is below 0 by more than so many standard errors."""
    return bool(values) and statistics.fmean(values) + errors * error_of(values) < 0.0


def percent(values: Sequence[float]) -> str:
    """The geometric mean of ratios minus 1, from their logarithms."""
    return f"{math.expm1(statistics.fmean(values)):+.2%}" if values else ""


def cells(values: dict[str, float]) -> list[str]:
    """The cells of one comparison: the change and its error, by task, the median, wins and losses, worst table."""
    numbers = list(values.values())
    of_classes = [value for name, value in values.items() if is_classification(name)]
    of_values = [value for name, value in values.items() if not is_classification(name)]
    worst = max(values, key=lambda name: values[name])
    return [str(len(numbers)), percent(numbers), f"{error_of(numbers):.2%}", percent(of_classes), percent(of_values),
            percent([statistics.median(numbers)]), str(sum(value < -TIE for value in numbers)),
            str(sum(value > TIE for value in numbers)), f"{worst} {percent([values[worst]])}",
            "better" if pays(numbers) else "worse" if pays([-value for value in numbers]) else ""]


HEADINGS = ("tables", "change", "standard error", "classes", "values", "median", "wins", "losses", "worst table",
            "beyond 2 errors")


def compared(rows: Sequence[tuple[str, dict[str, float]]]) -> str:
    """A table of comparisons, the best one first."""
    ordered = sorted(rows, key=lambda row: statistics.fmean(row[1].values()))
    return table(["", *HEADINGS], [[name, *cells(values)] for name, values in ordered])


# Stage 1: single changes ----------------------------------------------------------------------------------------------


def single(losses: Losses, names: Sequence[str], changes: Sequence[Change]) -> dict[str, dict[str, float]]:
    """By change and table: the logarithm of the loss with the change over that of the defaults."""
    found: dict[str, dict[str, float]] = {}
    with tqdm(total=len(names) * (len(changes) + 1), unit="cross-validation", disable=None) as progress:
        for name in names:
            losses(name, {})
            progress.update()
        for change, configuration in changes:
            found[change] = {}
            for name in names:
                if differs(configuration, name):
                    found[change][name] = logs(losses, configuration, {}, [name])[0]
                progress.update()
    return found


def schedules(found: dict[str, dict[str, float]]) -> str:
    """The schedules at 50 epochs against 50 epochs with the same learning rate, and with the better constant one."""
    rows = []
    for change, values in found.items():
        if "schedule" in change and change.startswith("50 epochs"):
            for constant in ("50 epochs", "50 epochs, learning rate x 3"):
                if constant in found:
                    base = found[constant]
                    rows.append((f"{change}, against {constant}", {name: values[name] - base[name] for name in values}))
    return compared(rows)


def by_table(found: dict[str, dict[str, float]], names: Sequence[str]) -> str:
    """The change on each table."""
    rows = [[change, *(f"{math.expm1(values[name]):+.1%}" if name in values else "" for name in names)]
            for change, values in found.items()]
    return table(["change", *names], rows)


# Stage 2: the good ones together --------------------------------------------------------------------------------------


def joined(old: Configuration, new: Configuration) -> Configuration:
    """Both configurations, the new one's values where both have an argument; factors of learning rates are joined."""
    rates = {**old.get("layer_rates", {}), **new.get("layer_rates", {})}
    return {**old, **new, **({"layer_rates": rates} if rates else {})}


def is_possible(configuration: Configuration) -> bool:
    """Whether an estimator takes the arguments together: members have no smoothed labels."""
    return not (configuration.get("label_smoothing") and configuration.get("members", 1) > 1)


def order_of(found: dict[str, dict[str, float]], changes: Sequence[Change]) -> list[str]:
    """The changes to try together, by their mean plus its standard error; one for each set of arguments.

    It is the first one listed whose mean is within half a standard error of the best: the mildest or cheapest one.
    What does not help alone by more than one standard error is left out.
    """
    by_arguments: dict[tuple[str, ...], list[str]] = {}
    for change, configuration in changes:
        by_arguments.setdefault(tuple(sorted(configuration)), []).append(change)
    values = {change: list(found[change].values()) for change, _ in changes if found[change]}
    picked = []
    for group in filter(None, ([c for c in group if c in values] for group in by_arguments.values())):
        best = min(group, key=lambda change: statistics.fmean(values[change]))
        limit = statistics.fmean(values[best]) + error_of(values[best]) / 2.0
        picked.append(next(change for change in group if statistics.fmean(values[change]) <= limit))
    upper = {change: statistics.fmean(values[change]) + error_of(values[change]) for change in picked}
    return sorted((change for change in picked if upper[change] < 0.0), key=lambda change: upper[change])


def raced(losses: Losses, new: Configuration, old: Configuration, names: Sequence[str]) -> dict[str, float]:
    """The logarithms of the ratios by table; only of the first tables, of both tasks, if their mean is not below 0."""
    values: dict[str, float] = {}
    for name in [*names[::3], *names[1::3], *names[2::3]]:
        values[name] = logs(losses, new, old, [name])[0]
        if len(values) == RACE and statistics.fmean(values.values()) >= 0.0:
            break
    return values


def greedy(
    losses: Losses, names: Sequence[str], found: dict[str, dict[str, float]], changes: Sequence[Change],
) -> tuple[list[Change], str]:
    """The changes that are kept, in this order, and a table of all that were tried."""
    given = dict(changes)
    kept: list[Change] = []
    current: Configuration = {}
    rows = []
    for change in tqdm(order_of(found, changes), unit="change", disable=None):
        tried = joined(current, given[change])
        if tried == current or not is_possible(tried):
            continue
        values = raced(losses, tried, current, names)
        keep = len(values) == len(names) and pays(list(values.values()))
        rows.append([change, *cells(values), "kept" if keep else ""])
        if keep:
            current = tried
            kept.append((change, given[change]))
    return kept, table(["added", *HEADINGS, ""], rows)


def all_of(changes: Sequence[Change]) -> Configuration:
    """The configuration with all of these changes."""
    current: Configuration = {}
    for _, configuration in changes:
        current = joined(current, configuration)
    return current


# Stage 3: what is recommended -----------------------------------------------------------------------------------------


def combined(losses: Losses, names: Sequence[str], kept: Sequence[Change]) -> tuple[list[Change], str]:
    """What greedy addition has kept and the listed combinations, against the defaults; the best one first."""
    candidates = [("kept by greedy addition", all_of(kept)), *COMBINATIONS]
    values = {change: {name: logs(losses, one, {}, [name])[0] for name in names}
              for change, one in tqdm(candidates, unit="configuration", disable=None)}
    order = sorted(candidates, key=lambda candidate: statistics.fmean(values[candidate[0]].values()))
    return order, compared(list(values.items()))


def final(losses: Losses, names: Sequence[str], candidates: Sequence[Change]) -> tuple[str, str]:
    """The candidates against the defaults and boosted trees on new rows and folds; and the losses of each table."""
    rows = []
    for change, one in tqdm([("the defaults", Configuration()), *candidates], unit="configuration", disable=None):
        for against, other in (("the defaults", {}), ("boosted trees", TREES)):
            if one != other:
                rows.append((f"{change}, against {against}", {
                    name: logs(losses, one, other, [name], 1)[0] for name in names}))
    shown = [{}, *(one for _, one in candidates), TREES]
    each = [[name, "log loss" if is_classification(name) else "RMSE",
             *bold([losses(name, configuration, 1) for configuration in shown])] for name in names]
    heads = ("table", "loss", "defaults", *(change for change, _ in candidates), "boosted trees")
    return compared(rows), table(heads, each, "ll".ljust(len(heads), "r"))


def bold(values: Sequence[float]) -> list[str]:
    """Numbers as texts, the smallest one bold."""
    return [f"**{value:.4g}**" if value == min(values) else f"{value:.4g}" for value in values]


# Stage 4: a portfolio of networks -------------------------------------------------------------------------------------


def pool(changes: Sequence[Change]) -> list[Configuration]:
    """Network configurations: the defaults, each change alone, and the combinations."""
    found: list[Configuration] = [{}]
    for _, one in (*changes, *COMBINATIONS):
        if one not in found:
            found.append(one)
    return found


def ranks(losses: Sequence[float]) -> list[float]:
    """The rank of each loss, 1 for the smallest; equal ones share the mean of their ranks."""
    return [1.0 + sum(other < one for other in losses) + (sum(other == one for other in losses) - 1) / 2
            for one in losses]


def chosen(losses: Losses, names: Sequence[str], configurations: Sequence[Configuration]) -> list[dict[str, Any]]:
    """Ten configurations, chosen one after the other; each with its mean rank in the pool and its mean change."""
    found: dict[str, list[float]] = {}
    with tqdm(total=len(names) * len(configurations), unit="cross-validation", disable=None) as progress:
        for name in names:
            found[name] = []
            for one in configurations:
                found[name].append(losses(name, one))
                progress.update()
    rank = {name: ranks(values) for name, values in found.items()}
    picked: list[int] = []
    for _ in range(min(PORTFOLIO, len(configurations))):
        left = [k for k in range(len(configurations)) if k not in picked]
        picked.append(min(left, key=lambda k: sum(
            math.log(min(found[name][j] for j in [*picked, k])) for name in names)))
    return [{"configuration": configurations[k], "rank": statistics.fmean(rank[name][k] for name in names),
             "changes": logs(losses, configurations[k], {}, names),
             "best": sum(found[name][k] == min(found[name]) for name in names)} for k in picked]


def portfolio_table(rows: Sequence[dict[str, Any]], size: int) -> str:
    """The chosen configurations as a table."""
    return table(("arguments other than the defaults", f"mean rank among {size}", "change against the defaults",
                  "standard error", "best on tables"),
                 [[f"`{json.dumps(row['configuration'])}`", f"{row['rank']:.1f}", percent(row["changes"]),
                   f"{error_of(row['changes']):.2%}", str(row["best"])] for row in rows])


# The command ----------------------------------------------------------------------------------------------------------


def measure(given: Namespace) -> list[str]:
    """The tables of all requested stages; each is measured where the one before has led."""
    if given.quick:
        given.tables, given.folds = ["pima", "solder"], 2
        given.changes = ["2 layers", "dropout 0.1", "50 epochs", "averaging 0.99"]
    losses = Losses(given.records, given.rows, given.folds)
    names, changes = given.tables, [change for change in CHANGES if change[0] in given.changes]
    found = single(losses, names, changes)
    text = ["## Single changes", compared(list(found.items()))]
    scheduled = [change for change in found if "schedule" in change]
    text += ["## Schedules against a constant learning rate", schedules(found)] if scheduled else []
    if set(given.stages) != {"single"}:
        kept, tried = greedy(losses, names, found, changes)
        text += ["## Together", tried, f"Kept: {'; '.join(change for change, _ in kept) or 'none'}. As arguments: "
                 f"`{json.dumps(all_of(kept))}`."]
    if "final" in given.stages:
        candidates, together = combined(losses, names, kept)
        against, each = final(losses, names, candidates)
        text += ["## Combinations", together, "## The same in other folds", against, "Losses:", each]
    if "pool" in given.stages:
        configurations = pool(changes)
        text += ["## Network configurations for a portfolio",
                 portfolio_table(chosen(losses, names, configurations), len(configurations))]
    return [*text, "## Single changes, table by table", by_table(found, names)]


def report(text: list[str], given: Namespace) -> list[str]:
    """What the columns are, and the requested stages."""
    return [
        f"{len(given.tables)} tables, "
        f"at most {given.rows:,} random rows of each, {given.folds} shuffled folds, stratified for classes, the same "
        "for all configurations. *Change*: the geometric mean over the tables of the ratio of two losses (log loss, or "
        "root mean squared error; each the mean over the folds), minus 1; below 0 is better. *Standard error*: of the "
        "mean logarithm of the ratio over the tables. *Classes* and *values*: the change on the tables of each task.",
        *text]


TABLES = [one.name for one in FOR_CHOICES]
BENCHMARK = Benchmark(
    "Changes of the networks' defaults on tables", measure, report, ("scikit-learn", "pandas"),
    quick="two small tables, two folds, four changes", options={
        "--stages": {"nargs": "+", "choices": STAGES, "default": list(STAGES), "metavar": "NAME",
                     "help": ", ".join(STAGES)},
        "--folds": {"type": int, "default": FOLDS},
        "--rows": {"type": count, "default": ROWS, "help": f"the most rows of a table (default: {ROWS})"},
        "--tables": {"nargs": "+", "choices": TABLES, "default": TABLES, "metavar": "NAME"},
        "--changes": {"nargs": "+", "choices": [name for name, _ in CHANGES], "metavar": "NAME",
                      "default": [name for name, _ in CHANGES]},
        "--records": {"type": Path, "help": "a file that keeps every measured loss"}})
