"""The report of `benchmarks.automl`: tables of all results, ranks, wins, losses, and the coverage of the interval."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.common.harness import table, verdict
from benchmarks.common.public_tables import ASIDE, CLASSIFICATION, DEVELOPMENT, PublicTable
from benchmarks.common.table_peers import METHODS

BASELINE, PEER = "HGB searched", "FLAML"
SUBJECTS = ("AutoML", "AutoML, networks")
Z = 1.959964  # of a 95 % interval

Means = dict[str, dict[str, float]]  # by table and method


# Means and ranks ------------------------------------------------------------------------------------------------------


def means(records: Sequence[dict[str, Any]], what: str) -> Means:
    """The mean over seeds of each table and method; infinity, or NaN for what is shown, if a run has failed."""
    values: dict[str, dict[str, list[float]]] = {}
    for record in records:
        failed = math.inf if what == "loss" else math.nan
        values.setdefault(record["name"], {}).setdefault(record["method"], []).append(record.get(what, failed))
    return {name: {method: statistics.fmean(given) for method, given in row.items()} for name, row in values.items()}


def ranks(losses: dict[str, float]) -> dict[str, float]:
    """The rank of each method on one table, 1 for the smallest loss; equal losses share the mean of their ranks."""
    return {method: 1.0 + sum(other < loss for other in losses.values())
            + (sum(other == loss for other in losses.values()) - 1) / 2 for method, loss in losses.items()}


def mean_ranks(losses: Means, names: Sequence[str]) -> dict[str, float]:
    """The mean rank of each method over tables."""
    each = [ranks(losses[name]) for name in names]
    return {method: statistics.fmean(one[method] for one in each) for method in each[0]} if each else {}


def no_worse(losses: Means, names: Sequence[str], method: str, than: str) -> int:
    """On how many tables a method has not failed and its mean loss is at most another's."""
    return sum(math.isfinite(losses[name][method]) and losses[name][method] <= losses[name][than] for name in names)


# Tables ---------------------------------------------------------------------------------------------------------------


def results(shown: Means, losses: Means, tables: Sequence[PublicTable], methods: Sequence[str]) -> str:
    """A row for each table, with the mean of each method over the seeds; the best one is bold."""
    rows = []
    for one in tables:
        best = min(losses[one.name].values())
        cells = []
        for method in methods:
            value = f"{shown[one.name][method]:.4f}"
            cells.append("failed" if value == "nan" else f"**{value}**" if losses[one.name][method] == best else value)
        rows.append([one.name, "log loss" if one.task == CLASSIFICATION else "R²", *cells])
    return table(("table", "metric", *methods), rows, "ll".ljust(len(methods) + 2, "r"))


def summary(losses: Means, groups: dict[str, list[str]], methods: Sequence[str], records: Sequence[Any]) -> str:
    """A row for each method: mean rank, wins, comparisons with the baseline, times and memory."""
    by_group = {group: mean_ranks(losses, names) for group, names in groups.items()}
    every = groups["all"]
    rows = []
    for method in sorted(methods, key=lambda method: by_group["all"][method]):
        runs = [record for record in records if record["method"] == method and "error" not in record]
        used = [record["used"] for record in runs]
        rows.append([
            method, *(f"{by_group[group][method]:.2f}" for group in groups),
            str(sum(losses[name][method] == min(losses[name].values()) for name in every)),
            f"{no_worse(losses, every, method, BASELINE)} of {len(every)}" if BASELINE in methods else "",
            f"{statistics.fmean(used):.1f} / {max(used):.1f}" if used else "",
            f"{statistics.fmean(record['cpu'] for record in runs):.0f}" if runs else "",
            f"{max(record['memory'] for record in runs):,.0f}" if runs else ""])
    return table(("method", *(f"mean rank: {group}" for group in groups), "best", f"no worse than {BASELINE}",
                  "seconds: mean / most", "processor's seconds: mean", "most memory (MB)"), rows)


def defeats(shown: Means, losses: Means, names: Sequence[str], methods: Sequence[str], subject: str) -> str:
    """Every table on which the subject is worse than the baseline or FLAML."""
    rivals = [rival for rival in (BASELINE, PEER) if rival in methods]
    rows = [[name, rival, f"{shown[name][subject]:.4f}", f"{shown[name][rival]:.4f}",
             f"{100 * (losses[name][subject] / losses[name][rival] - 1):.1f} %"]
            for name in names for rival in rivals if losses[name][subject] > losses[name][rival]]
    if not rows:
        return f"{subject} is not worse than {' or '.join(rivals)} on any table."
    return f"Tables on which {subject} is worse:\n\n" + table(
        ("table", "than", subject, "the other", "its loss is larger by"), rows, "llrrr")


# The interval ---------------------------------------------------------------------------------------------------------


def coverage(records: Sequence[dict[str, Any]], method: str) -> str | None:
    """How often the interval stated in training holds the held-out score; None if no run states one."""
    stated = [record for record in records
              if record["method"] == method and "error" not in record and "low" in record["about"]]
    if not stated:
        return None
    inside = sum(record["about"]["low"] <= -record["loss"] <= record["about"]["high"] for record in stated)
    level = stated[0]["about"]["level"]
    low, high = wilson(inside, len(stated))
    return verdict(low <= level <= high, (
        f"{method}: the {100 * level:.0f} % interval stated in training holds the held-out score in "
        f"{inside} of {len(stated)} runs ({100 * inside / len(stated):.0f} %; 95 % interval of this "
        f"rate {100 * low:.0f} to {100 * high:.0f} %)"))


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a rate (Wilson 1927)."""
    rate, z2 = successes / trials, Z * Z / trials
    middle = (rate + z2 / 2) / (1 + z2)
    half = Z * math.sqrt(rate * (1 - rate) / trials + z2 / trials / 4) / (1 + z2)
    return middle - half, middle + half


# The report -----------------------------------------------------------------------------------------------------------


def models(records: Sequence[dict[str, Any]], method: str) -> str:
    """The models that a method has recorded to choose from, in parentheses, or nothing."""
    known = {name for record in records if record["method"] == method for name in record.get("about", {}).get(
        "models", [])}
    return f" ({', '.join(sorted(known))})" if known else ""


def bars(losses: Means, every: Sequence[str], methods: Sequence[str]) -> list[str]:
    """The bars of both rows of AutoML."""
    found = []
    rank = mean_ranks(losses, every)
    for subject in (subject for subject in SUBJECTS if subject in methods):
        if BASELINE in methods:
            count = no_worse(losses, every, subject, BASELINE)
            found.append(verdict(2 * count > len(every), f"{subject}: at least as good as {BASELINE} on {count} of "
                                                         f"{len(every)} tables; bar more than half"))
        if PEER in methods:
            found.append(verdict(rank[subject] < rank[PEER], f"{subject}: mean rank {rank[subject]:.2f}, {PEER}'s "
                                                             f"{rank[PEER]:.2f}; bar below it"))
        found += [verdict(None, f"{subject} beside {peer}", f"{peer} was not run")
                  for peer in (BASELINE, PEER) if peer not in methods]
    return found


def paragraphs(
    records: Sequence[dict[str, Any]], tables: Sequence[PublicTable], methods: Sequence[str],
) -> list[str]:
    """The paragraphs of the report. Tables that a method has not run on are left out."""
    shown, losses = means(records, "shown"), means(records, "loss")
    done = [one for one in tables if len(losses.get(one.name, {})) == len(methods)]
    if not done:
        return ["No table has been run with all methods yet."]
    groups = {"all": [one.name for one in done]} | {
        group: names for group in (ASIDE, DEVELOPMENT) if (names := [one.name for one in done if one.group == group])}
    text = ["Methods: " + "; ".join(f"*{method}*: {METHODS[method].about}{models(records, method)}"
                                    for method in methods) + ".",
            summary(losses, groups, methods, records)]
    for group, heading in ((ASIDE, "kept aside, used for no choice"), (DEVELOPMENT, "for development")):
        chosen = [one for one in done if one.group == group]
        if chosen:
            text += [f"Tables {heading}, means over the seeds (log loss: lower is better; R²: higher is better):",
                     results(shown, losses, chosen, methods)]
    text += [defeats(shown, losses, groups["all"], methods, subject) for subject in SUBJECTS if subject in methods]
    verdicts = bars(losses, groups["all"], methods)
    verdicts += [found for subject in SUBJECTS if (found := coverage(records, subject))]
    failed = [f"- {record['name']}, {record['method']}, seed {record['seed']}: {record['error']}"
              for record in records if "error" in record]
    text += ["Runs that failed:\n\n" + "\n".join(failed)] * bool(failed)
    return text + ["\n".join(verdicts)] * bool(verdicts)
