"""How good is the winner of `scratchtune compare` on a held-out test set that no searcher has seen?

The whole job (splits, weights and searchers) with several seeds: once with a random, stratified fifth as the test set,
once with the last fifth of the file, where the digits are by other writers than those of the training set.
"""

from __future__ import annotations

import statistics
from argparse import Namespace

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from scratchtune.comparison import EPOCHS, SPLITS, Comparison, compare
from scratchtune.job_options import JobOptions
from scratchtune.streams import shown_params

BAR = 0.97
QUIET = JobOptions(progress=False)


def measure(given: Namespace) -> dict[str, list[Comparison]]:
    """The whole job for every split and seed."""
    X, y = st.datasets.load_digits()
    return {split: [compare(X / 16.0, y, seed=seed, split=split, run=QUIET) for seed in range(given.seeds)]
            for split in SPLITS}


def report(found: dict[str, list[Comparison]], given: Namespace) -> list[str]:
    """The winners of each split, and the bar."""
    text = [f"{given.seeds} seeds of the whole job: {EPOCHS} epochs, at most 27 configurations on 5 folds per "
            "searcher."]
    accuracies = {split: [result.winner.test_accuracy for result in results] for split, results in found.items()}
    for split, results in found.items():
        text += [f"Test set: {SPLITS[split]}.", winners(results),
                 f"Mean {statistics.fmean(accuracies[split]):.4f}, standard deviation "
                 f"{harness.spread(accuracies[split]):.4f}."]
    return [*text, harness.bar("mean for a random fifth", statistics.fmean(accuracies["shuffled"]), BAR, "", digits=4)]


def winners(results: list[Comparison]) -> str:
    """The best configuration of each seed, and its accuracies."""
    return harness.table(["seed", "winner", "cross-validated", "test", "configuration"], [
        [str(seed), winner.searcher, f"{winner.study.best_value:.4f}", f"{winner.test_accuracy:.4f}",
         shown_params(winner.study.best_params)]
        for seed, winner in enumerate(result.winner for result in results)], "llrrl")


BENCHMARK = Benchmark("Accuracy on a held-out test set", measure, report,
                      options={"--seeds": {"type": count, "default": 5}})
