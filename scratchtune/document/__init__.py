"""The document, answered: each of its statements with a verdict, what was measured, the formula, the code, the lesson.

`statements` holds the table, example.txt the document's code block as it is printed there, and measured.json the claims
that the table names, from the stored measurement of all claims (``python -m benchmarks pages`` writes it).
"""

from __future__ import annotations

import inspect
import json
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from scratchtune.core import checks
from scratchtune.core.streams import aligned
from scratchtune.document.statements import STATEMENTS, TITLES, VERDICTS, Statement

PACKAGE = Path(__file__).resolve().parents[1]
Translate = Callable[[str], str]


def example() -> str:
    """The document's code block, to the letter."""
    return Path(__file__).with_name("example.txt").read_text(encoding="utf-8")


@cache
def measured() -> dict[str, tuple[str, int, int]]:
    """By claim: its sentence, in how many draws it held, and of how many."""
    text = Path(__file__).with_name("measured.json").read_text(encoding="utf-8")
    return {name: (sentence, held, draws) for name, (sentence, held, draws) in json.loads(text).items()}


def summary(translate: Translate) -> str:
    """The number of statements of each verdict, by section and in all."""
    rows = [[translate("section"), *_names(translate).values()]]
    for section, title in TITLES.items():
        counts = Counter(one.verdict for one in STATEMENTS if one.section == section)
        rows.append([f"{section} {title}", *(str(counts[verdict] or "") for verdict in VERDICTS)])
    counts, claimed = Counter(one.verdict for one in STATEMENTS), sum(bool(one.claims) for one in STATEMENTS)
    rows.append([translate("all"), *(str(counts[verdict]) for verdict in VERDICTS)])
    return "\n".join([
        *aligned(rows, left=[0]), "",
        translate("{count} statements, {claimed} of them with measured claims; scratchtune document 3.2: one section")
        .format(count=len(STATEMENTS), claimed=claimed)])


def described(section: str, translate: Translate) -> str:
    """The statements of a section and its subsections, one after the other; a ValueError for one that there is not."""
    found = [name for name in TITLES if name == section or name.startswith(f"{section}.")]
    if not found:
        checks.choice("SECTION", section, TITLES)
    blocks = []
    for name in found:
        blocks.append(f"{name} {TITLES[name]}")
        blocks += ["\n".join(_lines(one, translate)) for one in STATEMENTS if one.section == name]
    return "\n\n".join(blocks)


def _lines(statement: Statement, translate: Translate) -> Iterator[str]:
    from scratchtune.core import formulas  # here, since reading all formulas takes a second

    yield f"“{statement.quote}”"
    if translate("section") == "section":  # a reader of English
        yield f"    {statement.english}"
    yield f"  [{_names(translate)[statement.verdict]}] {translate(statement.note)}"
    measure, formula = translate("measured"), translate("formula")
    code, lesson = translate("code"), translate("lesson")
    for name in statement.claims.split():
        sentence, held, draws = measured()[name]
        told = translate("held in {held} of {draws} draws").format(held=held, draws=draws)
        yield f"  {measure}: [{name}] {sentence} ({told})"
    yield from (f"  {formula}: [{name}] {formulas.registry()[name].line}" for name in statement.formulas.split())
    if statement.code:
        yield f"  {code}: {place(statement.code)} {statement.code.rpartition('.')[2]}"
    if statement.lesson is not None:
        yield f"  {lesson}: python -m lessons {statement.lesson}"


def _names(translate: Translate) -> dict[str, str]:
    """The verdicts' names in a language."""
    return dict(zip(VERDICTS, (translate("right"), translate("right if"), translate("loose"), translate("wrong"),
                               translate("opinion")), strict=True))


def place(name: str) -> str:
    """The file and line where a qualified name is defined, such as scratchtune/core/network/penalties.py:68.

    A ValueError where there is no such name.
    """
    try:
        found = pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        raise ValueError(f"{name} is not defined in the package") from None
    plain = getattr(found, "py_func", found)  # of a compiled function the one that was written
    lines, first = inspect.getsourcelines(plain)
    file = Path(inspect.getfile(plain)).relative_to(PACKAGE.parent).as_posix()
    if inspect.ismodule(plain):
        return f"{file}:1"
    return f"{file}:{first + sum(line.startswith('@') for line in lines)}"  # below its decorators
