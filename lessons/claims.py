"""The claims table: sentences of the lessons that compare, each measured again on draws that its lesson does not use.

A claim is a function of a draw in `rules/rules_NN.py`, whose docstring is the sentence:

    @claim("18a")
    def random_is_nearer(draw):
        '''Random search comes nearer to the best value than the grid, on average.'''
        rng = np.random.default_rng(draw)
        ...
        return of_grid > of_random

It returns whether the sentence holds in this draw, or that and a number to report. Draws are seeds from 1000 on; a
lesson uses lower ones. In the lesson's text the claim is given as "in 20 of 20 draws [18a]". `python -m lessons claims`
measures those whose rule, lesson or package code has changed, stores the counts, and writes the table.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.common import age, harness

FOLDER = Path(__file__).parent
RULES, STORED, PAGE = FOLDER / "rules", harness.RESULTS / "claims.json", harness.RESULTS / "claims.md"
FIRST, DRAWS, LEAST = 1000, 20, 0.9
MARK = re.compile(r"in (\d+) of (\d+) draws \[(\d\d[a-z])\]")
Rule = Callable[[int], Any]


@dataclass(frozen=True)
class Claim:
    """A sentence, how to draw it again, in how many draws, and in which share of them it must hold."""

    id: str
    sentence: str
    rule: Rule
    draws: int
    least: float


_claims: dict[str, Claim] = {}


def claim(id: str, draws: int = DRAWS, least: float = LEAST) -> Callable[[Rule], Rule]:
    """Register a function of a draw as the rule of a claim; its docstring is the sentence."""
    if draws < 10 or least < LEAST:
        raise ValueError(f"claim {id}: draws is {draws} and least {least}; they are at least 10 and {LEAST}")

    def registered(rule: Rule) -> Rule:
        if id in _claims:
            raise ValueError(f"two claims have the ID {id}")
        _claims[id] = Claim(id, " ".join((rule.__doc__ or "").split()), rule, draws, least)
        return rule

    return registered


def claims_of(number: int) -> list[Claim]:
    """The claims of a lesson, by ID; none where it has no rules."""
    path = RULES / f"rules_{number:02}.py"
    if not path.exists():
        return []
    if not any(id.startswith(f"{number:02}") for id in _claims):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return [each for id, each in sorted(_claims.items()) if id.startswith(f"{number:02}")]


def of_lesson(number: int, *names: str) -> ModuleType:
    """These functions and constants of a lesson, which does not run: a rule tests the code that its lesson shows.

    What runs are the definitions, imports and assignments of these names and of the global names that they use, and the
    calls of imported functions that may fill them, ``fill(array)``. Loops and ``array[0] = ...`` do not run. A rule
    that draws other data assigns to a global name, as in ``lesson.rng = ...``.
    """
    path = next(FOLDER.glob(f"{number:02}_*.py"))
    body = ast.parse(path.read_text(encoding="utf-8")).body
    imported = set().union(*(_bound(each) for each in body if isinstance(each, ast.Import | ast.ImportFrom)))
    kinds = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Assign
    statements = [each for each in body if isinstance(each, kinds) or _filled(each, imported)]
    waiting, needed = set(names), set()
    while new := {each for each in statements if _bound(each) & waiting} - needed:
        needed |= new
        waiting |= set().union(*map(_used, new))
    module = ModuleType(path.stem)
    code = ast.Module([each for each in statements if each in needed], [])
    exec(compile(code, str(path), "exec"), vars(module))
    return module


def _bound(statement: ast.stmt) -> set[str]:
    """The global names to which a statement gives a value."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {each.asname or each.name.partition(".")[0] for each in statement.names}
    return {statement.name} if hasattr(statement, "name") else _names(statement, ast.Store) | _filled(statement)


def _filled(statement: ast.stmt, functions: set[str] | None = None) -> set[str]:
    """The global names that a call of a function, of these ones, may fill."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and (not functions or call.func.id in functions):
        return {each.id for each in call.args if isinstance(each, ast.Name)}
    return set()


def _used(statement: ast.stmt) -> set[str]:
    """The names that a statement reads; of a function those that are not its own."""
    own = _names(statement, ast.Store) | {each.arg for each in ast.walk(statement) if isinstance(each, ast.arg)}
    return _names(statement, ast.Load) - (own if isinstance(statement, ast.FunctionDef) else set())


def _names(statement: ast.stmt, context: type) -> set[str]:
    return {each.id for each in ast.walk(statement) if isinstance(each, ast.Name) and isinstance(each.ctx, context)}


def digest(number: int, lesson: Path) -> str:
    """The digest of a lesson's code, its rules, and the package's code that they use; not of comments and prose, nor of
    the modules that they import from.
    """
    lines, rules = (age.code_of(path.read_text(encoding="utf-8"))
                    for path in (lesson, RULES / f"rules_{number:02}.py"))
    modules = [f"lessons.rules.rules_{number:02}", *[f"lessons.{lesson.stem}"] * ("of_lesson" in rules)]
    return sha256("\n".join([lines, rules, *map(age.Code().digest, modules)]).encode()).hexdigest()[:12]


def stored() -> dict[str, dict[str, Any]]:
    """What was measured, by ID: how often the claim held, the draws, the numbers, the seconds, the digest."""
    return json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}


def measure(each: Claim, progress: bool = True) -> dict[str, Any]:
    """Draw a claim again, as often as it says."""
    begun, held, figures = time.process_time(), [], []
    bar = tqdm(range(FIRST, FIRST + each.draws), each.id, leave=False, disable=None if progress else True)
    for draw in bar:
        found = each.rule(draw)
        holds, figure = found if isinstance(found, tuple) else (found, None)
        held.append(bool(holds))
        figures += [] if figure is None else [float(figure)]
    return {"held": sum(held), "draws": each.draws, "low": _rounded(figures, 5), "middle": _rounded(figures, 50),
            "high": _rounded(figures, 95), "seconds": round(time.process_time() - begun, 1)}


def _rounded(figures: list[float], percent: float) -> float | None:
    return float(f"{np.percentile(figures, percent):.3g}") if figures else None


def save(found: dict[str, dict[str, Any]]) -> None:
    """Store what was measured, a line for each claim."""
    lines = ",\n".join(f"{json.dumps(id)}: {json.dumps(found[id])}" for id in sorted(found))
    STORED.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def page(lessons: dict[int, Path]) -> str:
    """The table of all claims, in Markdown."""
    found, rows = stored(), []
    for number, path in lessons.items():
        for each in claims_of(number):
            row = found[each.id]
            figures = "" if row["middle"] is None else f"{row['low']} · {row['middle']} · {row['high']}"
            rows.append(f"| [{each.id}](../../lessons/{path.name}) | {each.sentence} | "
                        f"{row['held']} of {row['draws']} | {figures} |")
    held, draws = (sum(row[name] for row in found.values()) for name in ("held", "draws"))
    few = sum(row["held"] < row["draws"] for row in found.values())
    return "\n".join([
        "# The claims of the lessons", "",
        "`python -m lessons claims`. Each sentence of a lesson that compares was measured again, on draws (seeds, "
        f"splits, lengths) that its lesson does not use. {len(rows)} claims held in {held:,} of {draws:,} draws, each "
        f"in at least {LEAST:.0%} of its own; {few} did not hold in all of theirs. Where a claim compares two numbers, "
        "the last column has the 5th percentile, the median and the 95th percentile of their difference or ratio, as "
        f"its rule in [lessons/rules](../../lessons/rules) says. Measured on {harness.machine()}", "",
        "| claim | sentence | held | figures |", "|---|---|---|---|", *rows, ""])


def run(lessons: dict[int, Path], given: bool, progress: bool = True) -> bool:
    """Measure what is new or changed (all, where lessons were given), print a line for each; whether all hold."""
    found, good = stored(), True
    for number, path in lessons.items():
        every = claims_of(number)
        now = digest(number, path) if every else ""
        for each in every:
            if given or found.get(each.id, {}).get("digest") != now:
                found[each.id] = measure(each, progress) | {"digest": now}
                save(found)
            row = found[each.id]
            holds = row["held"] >= each.least * row["draws"]
            good &= holds
            print(f"{each.id} {row['held']} of {row['draws']} {'' if holds else 'FALLS SHORT '}{each.sentence}")
    if not given:
        save({id: row for id, row in found.items() if id in _claims})
        PAGE.write_text(page(lessons), encoding="utf-8")
    return good
