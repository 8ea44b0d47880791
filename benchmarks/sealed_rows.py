"""How good is the winner of `scratchtune compare` on a held-out test set that no searcher has seen?

The whole job (splits, weights and searchers) with several seeds: once with a random, stratified fifth as the test set,
once with the last fifth of the file, where the digits are by other writers than those of the training set.

    python -m benchmarks.sealed_rows [--seeds 5] [--save]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import scratchtune as st
from scratchtune.comparison import EPOCHS, SPLITS, Comparison, compare
from scratchtune.job_options import JobOptions
from scratchtune.streams import shown_params

BAR = 0.97
QUIET = JobOptions(progress=False)


def main() -> int:
    """Run the job for every seed and split; return 1 if the bar is missed."""
    parser = argparse.ArgumentParser(description="test accuracy of compare's winner")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/sealed_rows.md")
    given = parser.parse_args()
    X, y = st.datasets.load_digits()
    job = f"{given.seeds} seeds of the whole job: {EPOCHS} epochs, at most 27 configurations on 5 folds per searcher"
    lines = ["# Accuracy on a held-out test set", "", f"`python -m benchmarks.sealed_rows`, {job}.", ""]
    means = {}
    for split, words in SPLITS.items():
        results = [compare(X / 16.0, y, seed=seed, split=split, run=QUIET) for seed in range(given.seeds)]
        accuracies = [result.winner.test_accuracy for result in results]
        means[split] = float(np.mean(accuracies))
        lines += [f"Test set: {words}.", "", *_table(results), "",
                  f"Mean {means[split]:.4f}, standard deviation {np.std(accuracies, ddof=1):.4f}.", ""]
    verdict = "PASS" if means["shuffled"] >= BAR else "FAIL"
    lines.append(f"- {verdict}: mean for a random fifth: bar at least {BAR}, measured {means['shuffled']:.4f}")
    text = "\n".join(lines)
    print(text)
    if given.save:
        path = Path(__file__).parent / "results" / "sealed_rows.md"
        path.write_text(text + "\n", encoding="utf-8")
        print(f"saved to {path.relative_to(Path.cwd())}", file=sys.stderr)
    return 0 if verdict == "PASS" else 1


def _table(results: list[Comparison]) -> list[str]:
    rows = ["| seed | winner | cross-validated | test | configuration |", "|---|---|---:|---:|---|"]
    for seed, result in enumerate(results):
        study, winner = result.winner.study, result.winner
        best = shown_params(study.best_params)
        rows.append(f"| {seed} | {winner.searcher} | {study.best_value:.4f} | {winner.test_accuracy:.4f} | {best} |")
    return rows


if __name__ == "__main__":
    sys.exit(main())
