"""The glossary of lessons/README.md agrees with the package: its names in the code, its symbols, its lessons."""

from __future__ import annotations

import importlib
import inspect
import re
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import scratchtune
from scratchtune import formulas, jit
from scratchtune.core.formulas import dialect

LESSONS = Path(__file__).parents[2] / "lessons"


class Entry(NamedTuple):
    """A row of the glossary; a symbol or a lesson may be missing."""

    term: str
    meaning: str
    symbol: str
    code: str
    lesson: str


def entries() -> list[Entry]:
    """The rows of the glossary's tables."""
    text = (LESSONS / "README.md").read_text(encoding="utf-8").partition("\n## Glossary\n")[2]
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if re.match(r"\| (?!term )", line)]
    return [Entry(*(cell.strip() for cell in row)) for row in rows]


ENTRIES = entries()
EVERY_TERM = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.term)


def named(path: str) -> Any:
    """What a dotted name of the package is: ``st.Trial.params``, ``search.space.Space``."""
    parts = path.removeprefix("st.").split(".")
    for count in range(len(parts) - 1, -1, -1):
        for package in ("scratchtune", "scratchtune.core"):
            try:
                return reduce(attribute, parts[count:], importlib.import_module(".".join([package, *parts[:count]])))
            except (ModuleNotFoundError, AttributeError):
                continue
    raise AssertionError(path)


def attribute(owner: Any, name: str) -> Any:
    """An attribute, also one that a class only annotates, keeps in a slot, or assigns in its methods."""
    if hasattr(owner, name) or not inspect.isclass(owner):
        return getattr(owner, name)
    assigned = re.search(rf"\bself\.{name}\b[^=\n]* = |^    {name}: ", inspect.getsource(owner), re.MULTILINE)
    assert assigned, f"{owner.__name__} has no {name}"
    return None


def test_there_are_terms_enough_and_each_occurs_once():
    assert len(ENTRIES) >= 60
    assert len({entry.term for entry in ENTRIES}) == len(ENTRIES)


def check_its_names(entry):
    """Its names are in the package's code, with these arguments."""
    for path, argument in re.findall(r"`([\w.]+)(?:\((\w+)\))?`", entry.code):
        found = named(path)
        if argument:
            assert argument in inspect.signature(jit.plain(found)).parameters, f"{path} has no argument {argument}"
    assert re.sub(r"`[\w.]+(\(\w+\))?`", "", entry.code).replace(",", "").strip() == ""


def check_its_symbol(entry):
    """Its symbol is in the formula."""
    if entry.symbol:
        symbol, name = re.fullmatch(r"`(.+)` of \[(\w+)\]", entry.symbol).groups()
        formula = formulas.registry()[name]
        known = {where.symbol for where in formula.where} | {
            node.symbol.removesuffix("'") for equation in formula.equations
            for node in (equation.target, *dialect.walk(equation.value)) if hasattr(node, "symbol")}
        known |= {letter for where in formula.where for letter in where.letters}
        assert symbol in known


def check_its_argument(entry):
    """An argument of the formula's function is what the symbol denotes."""
    if entry.symbol:
        formula = formulas.registry()[entry.symbol.partition("[")[2].rstrip("]")]
        own = f"{formula.plain.__module__.removeprefix('scratchtune.')}.{formula.plain.__name__}"
        arguments = re.findall(rf"`{re.escape(own)}\((\w+)\)`", entry.code)
        denoted = {where.argument: where.symbol for where in formula.where}
        assert {denoted[argument] for argument in arguments} <= {entry.symbol.split("`")[1]}


def check_its_lesson(entry):
    """The lesson uses the term."""
    if entry.lesson:
        (number, file), = re.findall(r"\[(\d\d)\]\((\S+)\)", entry.lesson)
        text = re.sub(r"^# ?", "", (LESSONS / file).read_text(encoding="utf-8"), flags=re.MULTILINE)
        words = re.sub(r"[\s_]+", " ", text.lower().replace("-", ""))  # [standard_error_of_mean] counts too
        term = re.sub(r" \(.*", "", entry.term).lower().replace("-", "").removesuffix("s")
        assert file.startswith(number) and term in words


def check_its_meaning(entry):
    """The meaning is one line of plain English."""
    assert 10 < len(entry.meaning) <= 200 and not entry.meaning.endswith(".") and entry.term not in entry.meaning[:20]


@EVERY_TERM
def test_it_agrees_with_the_package(entry):
    for check in (check_its_names, check_its_symbol, check_its_argument, check_its_lesson, check_its_meaning):
        check(entry)


def test_a_name_that_does_not_exist_is_found():
    with pytest.raises(AssertionError, match="Trial has no nothing"):
        named("st.Trial.nothing")
    with pytest.raises(AssertionError, match="search.space.Nothing"):
        named("search.space.Nothing")
    assert named("st.Trial") is scratchtune.Trial
