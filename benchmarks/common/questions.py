"""The questions that the benchmarks answer, in the order in which the whole report reads.

A question is the first line of a benchmark's module. Its answer is the report, or the reports, that the module stores.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common.harness import ROOT

FOLDER = ROOT / "benchmarks"
CHAPTERS = {
    "The same job in each framework": ("same_job", "document_example"),
    "The network and its training": (
        "parity", "training_speed", "image_speed", "distributed_training", "first_run"),
    "The searchers": (
        "search_quality", "search_groups", "noisy_search", "pareto", "search_overhead", "random_against_grid",
        "tuning_cost"),
    "Studies": ("study_overhead", "scaling", "torture", "report_speed", "importance_errors"),
    "Is the gain of tuning real?": ("sealed_rows", "is_the_gain_real", "gain_confirmation"),
    "Tables": (
        "estimators", "weight_decay_default", "table_defaults", "audit", "coverage", "trees", "automl", "table_change",
        "large_table", "diagnosis"),
    "Images, translation and speech": (
        "arms", "translation_speed", "speech_speed", "japanese_vowels"),
}
OTHERS = ("pages", "portfolio", "stale")  # modules that answer no question, and have a function main


@dataclass(frozen=True)
class Question:
    """A benchmark's module, its question, and whether it has a short run."""

    name: str
    chapter: str
    text: str
    is_quick: bool


def questions() -> list[Question]:
    """Return all questions in their order."""
    return [_question(name, chapter) for chapter, names in CHAPTERS.items() for name in names]


def modules(folder: Path = FOLDER) -> list[str]:
    """Return the names of all modules that answer a question."""
    return sorted(path.stem for path in folder.glob("[a-z]*.py") if path.stem not in OTHERS)


def _question(name: str, chapter: str) -> Question:
    module = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    text = re.split(r"\n\s*\n", ast.get_docstring(module) or name)[0]
    given = [keyword.arg for node in module.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
             and ast.unparse(node.targets[0]) == "BENCHMARK" for keyword in node.value.keywords]
    return Question(name, chapter, " ".join(text.split()), "quick" in given)
