"""Did a change of the table job lose anything? The public tables, as many trials, before and after the change, paired.

Each of the 20 tables of `benchmarks automl` is divided with several seeds; AutoClassifier or AutoRegressor gets the
first rows of the training part and a number of trials instead of seconds, so that the result depends neither on the
processor nor on what else is running. The losses of the earlier version are in results/table_change.json, made by the
same calls; the defaults of the families, which are tried first today and were not then, are extra trials.
"""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

import numpy as np

from benchmarks.automl import scored, split
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from benchmarks.common.public_tables import ALL, CLASSIFICATION, by_name

ROWS, TRIALS, SEEDS, DEFAULTS = 1_500, 8, 3, 3
HELD_OUT = 4_000  # rows at most
BEFORE = harness.ROOT / "benchmarks" / "results" / "table_change.json"


def fitted(name: str, seed: int) -> dict[str, Any]:
    """Fit today's version on a table, and evaluate it on the held-out rows."""
    import scratchtune as st

    one = by_name(name)
    X, X_test, y, y_test = split(one, seed)
    is_classes = one.task == CLASSIFICATION
    make = st.AutoClassifier if is_classes else st.AutoRegressor
    model = make(n_trials=TRIALS + DEFAULTS, random_state=seed, n_jobs=1, verbose=0).fit(X.iloc[:ROWS], y[:ROWS])
    rows = X_test.iloc[:HELD_OUT]
    predictions = model.predict_proba(rows) if is_classes else model.predict(rows)
    return {"saved": model.verdict_.saved, **scored(is_classes, y[:ROWS], y_test[:HELD_OUT], predictions)}


def measure(given: Namespace) -> list[dict[str, Any]]:
    """Fit all tables; each result is appended to a file when it is there."""
    names = [one.name for one in ALL][: 2 if given.quick else None]
    plan = [{"name": name, "seed": seed} for seed in range(1 if given.quick else given.seeds) for name in names]
    given.records = harness.RESULTS / "table_change.jsonl"
    return harness.remembered(given, plan, fitted)


def report(runs: list[dict[str, Any]], given: Namespace) -> list[str]:
    """The ratio of the losses, table by table, and its mean."""
    before = {(run["name"], run["seed"]): run for run in json.loads(BEFORE.read_text(encoding="utf-8"))}
    rows, ratios = [], []
    for name in dict.fromkeys(run["name"] for run in runs):
        pairs = [(run, before[name, run["seed"]]) for run in runs if run["name"] == name]
        logs = [float(np.log(now["loss"] / then["loss"])) for now, then in pairs]
        ratios.append(float(np.mean(logs)))
        rows.append([name, *(f"{np.mean([run['shown'] for run in side]):.4f}" for side in zip(*pairs, strict=True)),
                     f"{100 * np.expm1(np.mean(logs)):+.1f} %",
                     f"{sum(now['saved'] == 'default' for now, _ in pairs)} of {len(pairs)}"])
    mean, error = float(np.mean(ratios)), float(np.std(ratios, ddof=1) / np.sqrt(len(ratios)))
    better = sum(ratio < 0.0 for ratio in ratios)
    return [
        f"{len(rows)} tables, {len(runs)} divisions of the rows, at most {ROWS:,} training rows, {TRIALS} trials.",
        harness.table(["table", "after", "before", "loss", "the default was saved"], rows),
        f"After / before: R² for values, log loss for classes. The loss changed by {100 * np.expm1(mean):+.2f} % on "
        f"average over the tables (standard error {100 * error:.2f} %); it is smaller on {better} of {len(rows)}.",
        harness.verdict(mean <= error, "the mean loss is at most one standard error above that of before")]


ANSWER = (
    "Neither: after the change the loss is +0.26 % higher on average over 20 tables, with a standard error of "
    "0.38 %, and smaller on 9 of 20.")
BENCHMARK = Benchmark(
    "The table job, before and after a change", measure, report, ("pandas", "scikit-learn"),
    quick="two tables, one seed",
    options={"--seeds": {"type": count, "default": SEEDS, "help": "how many divisions of the rows (default: 3)"}})
