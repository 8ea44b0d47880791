"""How good is the winner of `scratchtune compare` on rows that no searcher has seen?

The whole job, splits, weights and searchers, with several seeds: once with a fifth of each class sealed at random, once
with the last fifth of the file sealed, where the digits are by other writers than those tuned on.

    python -m benchmarks.sealed_rows [--seeds 5] [--save]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import scratchtune as st
from scratchtune.comparison import EPOCHS, SPLITS, Comparison, compare, shown

BAR = 0.97


def main() -> int:
    """Run the job for every seed and split; 1 where the bar is missed."""
    parser = argparse.ArgumentParser(description="accuracy of compare's winner on sealed rows")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/sealed_rows.md")
    given = parser.parse_args()
    X, y = st.datasets.load_digits()
    job = f"{given.seeds} seeds of the whole job: {EPOCHS} epochs of 27 settings on 5 folds for each searcher, or fewer"
    lines = ["# Accuracy on sealed rows", "", f"`python -m benchmarks.sealed_rows`, {job}.", ""]
    means = {}
    for split, words in SPLITS.items():
        results = [compare(X / 16.0, y, seed=seed, split=split, progress=False) for seed in range(given.seeds)]
        accuracies = [result.winner.sealed for result in results]
        means[split] = float(np.mean(accuracies))
        lines += [f"Sealed: {words}.", "", *_table(results), "",
                  f"Mean {means[split]:.4f}, standard deviation {np.std(accuracies, ddof=1):.4f}.", ""]
    verdict = "PASS" if means["shuffled"] >= BAR else "FAIL"
    lines.append(f"- {verdict}: mean with a random fifth sealed: bar at least {BAR}, measured {means['shuffled']:.4f}")
    text = "\n".join(lines)
    print(text)
    if given.save:
        path = Path(__file__).parent / "results" / "sealed_rows.md"
        path.write_text(text + "\n", encoding="utf-8")
        print(f"saved to {path.relative_to(Path.cwd())}", file=sys.stderr)
    return 0 if verdict == "PASS" else 1


def _table(results: list[Comparison]) -> list[str]:
    rows = ["| seed | winner | cross-validated | sealed | setting |", "|---|---|---:|---:|---|"]
    for seed, result in enumerate(results):
        study, winner = result.winner.study, result.winner
        best = shown(study.best_params)
        rows.append(f"| {seed} | {winner.searcher} | {study.best_value:.4f} | {winner.sealed:.4f} | {best} |")
    return rows


if __name__ == "__main__":
    sys.exit(main())
