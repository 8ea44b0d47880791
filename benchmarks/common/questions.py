"""The questions that the benchmarks answer, and in one sentence each what the stored results say.

A question is the first line of a benchmark's module, and its answer the text ANSWER there: what is won and what is
lost, with numbers of the stored report. Its evidence is the report, or the reports, that the module stores.

A *settled* question is one whose answer no longer changes. It has no module, only its page, in which a line says

    Settled: QUESTION? ANSWER The code is in commit COMMIT: benchmarks/NAME.py.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common.harness import ROOT
from benchmarks.common.reports import stored

FOLDER = ROOT / "benchmarks"
CHAPTERS = {  # a name without a module is passed over, and a module without a chapter is in OTHER
    "The same job in each framework": ("parity", "same_job", "document_example", "todays_keras"),
    "The network and its training": ("training_speed", "image_speed", "first_run"),
    "The searchers": ("search_quality", "search_groups", "plain", "pareto", "search_overhead", "random_against_grid",
                      "async_halving", "trainings", "moves", "scores"),
    "Studies": ("study_overhead", "torture", "damage", "report_speed", "importance_errors"),
    "Tables": ("estimators", "audit", "coverage", "trees", "automl", "table_change", "large_table", "diagnosis"),
    "Images, translation and speech": ("arms", "translation_speed", "decoding", "speech_speed"),
}
UNMEASURED = "Not measured yet."  # the answer of a module without a stored report
OTHER, SETTLED = "Other questions", "Settled: the page says which commit has the code"
LINE = re.compile(r"^Settled: (.+?\?) (.+) The code is in commit (\w+): benchmarks/\w+\.py\.$", re.MULTILINE)


@dataclass(frozen=True)
class Question:
    """A question: its name, its chapter, its text, whether it has a short run, its answer, and if it is settled."""

    name: str
    chapter: str
    text: str
    is_quick: bool = False
    answer: str = ""
    is_settled: bool = False


def questions() -> list[Question]:
    """Return the questions that can be asked, in the order in which the whole report reads."""
    chapters = {name: chapter for chapter, names in CHAPTERS.items() for name in names}
    every = modules()
    return [_question(name, chapters.get(name, OTHER))
            for name in (*(name for name in chapters if name in every),
                         *(name for name in every if name not in chapters))]


def settled() -> list[Question]:
    """Return the questions that have a page and no code, by their names."""
    return [Question(name, SETTLED, line[1], answer=line[2], is_settled=True)
            for name, text in stored().items() if (line := LINE.search(text))]


def modules(folder: Path = FOLDER) -> list[str]:
    """Return the names of all modules that answer a question."""
    return sorted(path.stem for path in folder.glob("[a-z]*.py") if _benchmark(_tree(path)))


def others(folder: Path = FOLDER) -> list[str]:
    """Return the names of the modules that answer no question, and have a function main."""
    return sorted(path.stem for path in folder.glob("[a-z]*.py") if not _benchmark(_tree(path)))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _benchmark(module: ast.Module) -> ast.Call | None:
    """The call that makes a module's BENCHMARK."""
    found = _assigned(module, "BENCHMARK")
    return found if isinstance(found, ast.Call) else None


def _assigned(module: ast.Module, name: str) -> ast.expr | None:
    return next((node.value for node in module.body if isinstance(node, ast.Assign)
                 and ast.unparse(node.targets[0]) == name), None)


def _question(name: str, chapter: str) -> Question:
    module = _tree(FOLDER / f"{name}.py")
    text = re.split(r"\n\s*\n", ast.get_docstring(module) or name)[0]
    benchmark, answer = _benchmark(module), _assigned(module, "ANSWER")
    is_quick = benchmark is not None and "quick" in [keyword.arg for keyword in benchmark.keywords]
    said = str(ast.literal_eval(answer)) if answer else UNMEASURED
    return Question(name, chapter, " ".join(text.split()), is_quick, said)


def won_and_lost() -> str:
    """Return a list for a page in `benchmarks`: each chapter, and of each question its answer and its pages."""
    pages: dict[str, list[str]] = {}
    for page, text in stored().items():
        if LINE.search(text):
            pages[page] = [page]
        elif command := re.search(r"`python -m benchmarks[. ](\w+)", text):
            pages.setdefault(command[1], []).append(page)
    lines, chapter = [], ""
    for question in (*questions(), *settled()):
        if question.chapter != chapter:
            chapter = question.chapter
            lines += ["", f"**{chapter}**", ""]
        own = [question.name] * question.is_settled
        links = ", ".join(f"[{page}](results/{page}.md)" for page in pages.get(question.name, own))
        answer = "" if chapter == SETTLED else f" {question.answer}"  # that of a settled one is on its page
        lines.append(f"- {question.text}{answer} ({links or question.name})")
    return "\n".join(lines[1:])
