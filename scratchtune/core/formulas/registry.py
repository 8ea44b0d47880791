"""The registry holds every formula of the package, read from the docstring of the function that computes it."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from scratchtune.core import jit
from scratchtune.core.formulas import arithmetic, dialect
from scratchtune.core.formulas.domains import Domain, read_domain

PACKAGE = Path(__file__).resolve().parents[2]  # all of scratchtune: applications have formulas, too
MARK = "Formula ["
HEADINGS = ("Formula", "Computed as", "Gradient of", "Where", "Returns", "Raises", "Variant", "Source", "Example")
REQUIRED = ("Formula", "Where", "Source")


@dataclass(frozen=True)
class Where:
    """One line of Where: the function's argument that a symbol of the line denotes, or a part of it, ``name[0]``."""

    symbol: str
    argument: str
    letters: tuple[str, ...]
    domain: Domain  # what the function accepts
    sampled: Domain  # what the check draws
    words: str = ""


@dataclass(frozen=True)
class Gradient:
    """What a gradient differentiates: a target of another formula (by default the last one), in one argument."""

    id: str
    argument: str
    target: str = ""


@dataclass(frozen=True)
class Formula:
    """A formula and the function that computes it."""

    id: str
    sentence: str
    line: str
    where: tuple[Where, ...]
    gradient_of: Gradient | None
    sections: Mapping[str, str]
    function: Callable[..., Any] = field(repr=False)
    equations: tuple[dialect.Equation, ...] = field(repr=False)
    aliases: Mapping[str, str] = field(repr=False)  # index letter -> the argument's axis that it runs over

    @property
    def source(self) -> str:
        """Where the formula is from."""
        return self.sections.get("Source", "")

    @property
    def plain(self) -> FunctionType:
        """The function as plain Python, without its compiler's wrapper."""
        return jit.plain(self.function)

    @property
    def parameters(self) -> list[str]:
        """The names of the function's arguments."""
        return list(inspect.signature(self.plain).parameters)

    def values(self, arguments: Mapping[str, Any]) -> list[Any]:
        """The values of the arguments in the function's order; one that Where names in parts is a tuple of them."""
        parts: dict[str, list[Any]] = {}
        for where in self.where:
            parts.setdefault(where.argument.partition("[")[0], []).append(arguments[where.argument])
        in_parts = {where.argument.partition("[")[0] for where in self.where if "[" in where.argument}
        return [tuple(parts[name]) if name in in_parts else parts[name][0] for name in self.parameters]

    @property
    def place(self) -> str:
        """Its location, file:line, as short as possible."""
        return _place(self.plain.__code__)

    @cached_property
    def code(self) -> str:
        """The source of the plain function, without its docstring."""
        source = textwrap.dedent(inspect.getsource(self.plain))
        (definition,) = ast.parse(source).body
        docstring = definition.body[0]  # type: ignore[attr-defined]
        lines = source.splitlines()
        return "\n".join(lines[: docstring.lineno - 1] + lines[docstring.end_lineno :])

    @property
    def changed(self) -> dict[str, str]:
        """The targets that are not returned but written to an argument: target -> argument."""
        arguments = {where.symbol + "'" * where.domain.drawn: where.argument for where in self.where}
        targets = [equation.target.symbol for equation in self.equations]
        return {target: arguments[target] for target in targets if target in arguments}

    @property
    def choices(self) -> list[dialect.Choice]:
        """Every ``x if c else y`` of the line."""
        nodes = (node for equation in self.equations for node in dialect.walk(equation.value))
        return [node for node in nodes if isinstance(node, dialect.Choice)]

    def sizes(self, arguments: Mapping[str, Any]) -> dict[str, int]:
        """Return the length of each index letter's axis, from the arguments' shapes; a ValueError if two disagree."""
        found: dict[str, int] = {}
        for where in self.where:
            shape = np.shape(arguments[where.argument])
            if len(shape) != len(where.letters):
                raise ValueError(f"{where.argument} has shape {shape}; it must be ({', '.join(where.letters)})")
            for letter, size in zip(where.letters, shape, strict=True):
                if found.setdefault(letter, size) != size:
                    raise ValueError(
                        f"{where.argument} has {size} entries along {letter}; it must have {found[letter]}, as others")
        return found | {letter: found[axis] for letter, axis in self.aliases.items()}

    def solve(self, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], set[Any]]:
        """Evaluate the line's equations in decimals: the value of each target, and the branches taken."""
        drawn = [where for where in self.where if where.domain.drawn]
        symbols = {where.symbol: arithmetic.decimals(arguments[where.argument]) for where in drawn}
        evaluation = dialect.Evaluation(symbols, self.sizes(arguments))
        return evaluation.run(self.equations), evaluation.branches


def _place(code: CodeType) -> str:
    path, root = Path(code.co_filename), PACKAGE.parent
    short = path.resolve().relative_to(root) if path.resolve().is_relative_to(root) else path
    return f"{short}:{code.co_firstlineno}"


# Reading a docstring -------------------------------------------------------------------------------------------------


def read(function: Callable[..., Any]) -> Formula:
    """Parse the formula in a function's docstring; a ValueError names what is wrong."""
    plain = jit.plain(function)
    try:
        return _read(function, plain)
    except ValueError as error:
        raise ValueError(f"{_place(plain.__code__)} {plain.__name__}: {error}") from None


def _read(function: Callable[..., Any], plain: FunctionType) -> Formula:
    sentence, name, sections = _sections(inspect.getdoc(plain) or "")
    lines = list(_entries(sections["Formula"]))
    if len(lines) != 1:
        raise ValueError(f"[{name}] has {len(lines)} lines of mathematics; one is accepted, joined by ;, "
                         "and a continuation line is indented deeper")
    line = lines[0]
    where = tuple(_where(text) for text in _entries(sections["Where"]))
    equations = dialect.parse(line)
    _check_arguments(list(inspect.signature(plain).parameters), where)
    return Formula(
        name, sentence, line, where, _gradient_of(sections), sections, function, equations, _aliases(equations, where))


def _sections(docstring: str) -> tuple[str, str, dict[str, str]]:
    """Split a docstring into the first sentence, the ID, and the text beneath each heading."""
    lines, name, heading = docstring.splitlines(), "", ""
    opening: list[str] = []
    found: dict[str, list[str]] = {}
    for text in lines:
        if text.startswith(MARK) and not name:
            heading, name = "Formula", text.removeprefix(MARK).partition("]")[0]
            found[heading] = []
        elif text and not text[0].isspace() and heading:
            heading = _heading(text, found)
            found[heading] = []
        else:
            (found[heading] if heading else opening).append(text)
    for heading in REQUIRED:
        if heading not in found:
            raise ValueError(f"the heading {heading!r} is missing")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError(f"the ID is {name!r}; it must be lower-case letters, digits and _, as in [l2_penalty]")
    sentence = " ".join(" ".join(opening).strip().split())
    if not sentence:
        raise ValueError("it must begin with a sentence that says what it computes")
    return sentence, name, {heading: textwrap.dedent("\n".join(body)).strip() for heading, body in found.items()}


def _heading(text: str, found: Mapping[str, Any]) -> str:
    text = text.strip()
    if text not in HEADINGS:
        raise ValueError(f"{text!r} is no heading; known, in this order, are {', '.join(HEADINGS)}")
    if any(HEADINGS.index(text) <= HEADINGS.index(before) for before in found):
        raise ValueError(f"the heading {text!r} is repeated or out of order; the order is {', '.join(HEADINGS)}")
    return text


def _entries(text: str) -> Iterator[str]:
    """Yield the lines of a section, each joined with the deeper ones that continue it."""
    for entry in re.split(r"\n(?=\S)", text):
        if entry:
            yield " ".join(line.strip() for line in entry.splitlines())


_WHERE = re.compile(r"(?P<symbol>[^:]+): (?P<argument>\w+(?:\[\d\])?), (?P<shape>scalar|\([^)]*\)), (?P<rest>.+)")


def _where(text: str) -> Where:
    found = _WHERE.fullmatch(text)
    if not found:
        raise ValueError(f"the Where line {text!r} is not 'symbol: argument, shape, domain[; sampled range][, words]'")
    symbol = dialect.parse(f"{found['symbol']} = 0")[0].target
    if symbol.indices or symbol.symbol.endswith("'"):
        raise ValueError(f"the Where line {text!r} has an index or a prime on its symbol; it must have neither")
    letters = tuple(re.findall(r"\w+", found["shape"])) if found["shape"] != "scalar" else ()
    domain, sampled, words = read_domain(dialect.normal(found["rest"]))
    return Where(symbol.symbol, found["argument"], letters, domain, sampled, words)


def _gradient_of(sections: Mapping[str, str]) -> Gradient | None:
    text = sections.get("Gradient of")
    found = re.fullmatch(r"(?:(\S+) of )?\[(\w+)\] in (\w+)", text or "")
    if text is not None and not found:
        raise ValueError(f"Gradient of is {text!r}; it must be '[ID] in argument' or 'target of [ID] in argument'")
    return Gradient(found[2], found[3], dialect.normal(found[1] or "")) if found else None


def _check_arguments(parameters: list[str], where: tuple[Where, ...]) -> None:
    named = [entry.argument for entry in where]
    whole = [name.partition("[")[0] for name in named]
    for parameter in parameters:
        if parameter not in whole:
            raise ValueError(f"the argument {parameter!r} is missing in Where")
    for argument, name in zip(named, whole, strict=True):
        parts = [f"{name}[{number}]" for number in range(whole.count(name))]
        if name not in parameters or [other for other in named if other in (name, *parts)] not in ([name], parts):
            raise ValueError(f"Where names {argument!r}; each argument of {', '.join(parameters)} must occur once")


def _aliases(equations: tuple[dialect.Equation, ...], where: tuple[Where, ...]) -> dict[str, str]:
    """Check every name of the line, and return which axis each index runs over that has no axis of its own."""
    loops = [letter for equation in equations for letter in _loops(equation)]
    line = _Indices(where, {*loops, *arithmetic.CONSTANTS})
    for equation in equations:
        for node in dialect.walk(equation.value):
            line.read(node)
        line.define(equation.target)
    nodes = (node for equation in equations for node in dialect.walk(equation.value))
    for letter in [*(node.letter for node in nodes if isinstance(node, dialect.Count)), *loops]:
        if letter not in line.own and letter not in line.aliases:
            raise ValueError(
                f"the index {letter!r} is an axis of no argument; write an axis that Where gives to an argument")
    return line.aliases


def _loops(equation: dialect.Equation) -> Iterator[str]:
    """Yield the indices that an equation runs over: its target's and those of its reductions."""
    yield from equation.target.indices
    for node in dialect.walk(equation.value):
        if isinstance(node, dialect.Reduction):
            yield from node.indices


class _Indices:
    """What is known in the middle of a line: the axes of each symbol, which ones have values, what each index is.

    ``own`` are the letters of Where's axes, ``counters`` the names that may stand for a number without a value.
    """

    def __init__(self, where: tuple[Where, ...], counters: set[str]) -> None:
        self.axes = {entry.symbol: entry.letters for entry in where}
        self.own = {letter for letters in self.axes.values() for letter in letters}
        self.readable = {entry.symbol for entry in where if entry.domain.drawn}
        self.counters, self.aliases = counters, dict[str, str]()

    def read(self, node: dialect.Node) -> None:
        """Check a node of an equation's value, and learn the axes of its indices."""
        match node:
            case dialect.Name(symbol, indices) if symbol in self.readable:
                self._check_count(f"{symbol!r} is used", symbol, len(indices))
                self._read_indices(symbol, indices)
            case dialect.Name(symbol, indices):
                if indices or symbol not in self.counters:
                    raise ValueError(f"the line uses {symbol!r}, which is neither in Where nor defined before; "
                                     "add it to Where, or define it")
            case dialect.Entry(symbol, places):
                if symbol not in self.readable:
                    raise ValueError(f"the line takes an entry of {symbol!r}, which is neither in Where nor defined "
                                     "before; add it to Where, or define it")
                self._check_count(f"an entry of {symbol!r} is taken", symbol, len(places))
            case dialect.Call("=", (dialect.Name(one, ()), dialect.Name(other, ()))):
                if (one in self.own) != (other in self.own):  # in `1 if j = k else 0` the index j has the range of k
                    letter, axis = (one, other) if other in self.own else (other, one)
                    self.aliases[letter] = axis

    def define(self, target: dialect.Name) -> None:
        """Check an equation's target, which has a value from here on."""
        symbol, base = target.symbol, target.symbol.removesuffix("'")
        if symbol in self.readable:
            raise ValueError(f"{symbol!r} has a value already; the new value of an argument is written {base}'")
        if symbol != base and base not in self.readable:
            raise ValueError(f"{symbol!r} is the new value of {base!r}, which has no value: it is neither an input in "
                             "Where nor defined before")
        if base in self.axes:
            self._check_count(f"{symbol!r} is used", base, len(target.indices))
        fixed = zip(target.indices, self.axes.get(base, ()), strict=False)  # a number in Where, as in (n, 3, j)
        self.aliases |= {letter: axis for letter, axis in fixed if axis.isdigit()}
        self.axes[symbol] = tuple(self.aliases.get(letter, letter) for letter in target.indices)
        self.readable.add(symbol)

    def _check_count(self, use: str, symbol: str, count: int) -> None:
        if count != len(self.axes[symbol]):
            raise ValueError(f"{use} with {count} indices; it must have {len(self.axes[symbol])}, as it is defined")

    def _read_indices(self, symbol: str, indices: tuple[str, ...]) -> None:
        for letter, axis in zip(indices, self.axes[symbol], strict=True):
            if letter not in self.own:
                self.aliases[letter] = axis
            elif letter != axis:
                raise ValueError(
                    f"{symbol!r} is used with the index {letter!r}, and is defined with the axis {axis!r} in that "
                    f"position; write {axis!r}, or a letter that is not the axis of any argument")


# Collecting ----------------------------------------------------------------------------------------------------------


@cache
def registry() -> dict[str, Formula]:
    """Every formula of the package by its ID, in the order of files and lines."""
    return defined_in_files_with(MARK)


def defined_in_files_with(text: str) -> dict[str, Formula]:
    """The formulas of those modules of the package whose source holds a text; no other module is imported for it."""
    return collect(_modules_in([str(PACKAGE)], "scratchtune.", text))


def collect(modules: Iterable[ModuleType]) -> dict[str, Formula]:
    """Return the formulas that are defined in some modules, by ID; a ValueError if an ID occurs twice."""
    found: dict[str, Formula] = {}
    for module in modules:
        functions = [value for value in vars(module).values() if _carries_formula(value, module)]
        for function in dict.fromkeys(functions):
            formula = read(function)
            other = found.setdefault(formula.id, formula)
            if other is not formula:
                raise ValueError(
                    f"{formula.place} {formula.plain.__name__}: [{formula.id}] is also at {other.place}; rename one")
    return dict(sorted(found.items(), key=lambda item: (
        item[1].plain.__code__.co_filename, item[1].plain.__code__.co_firstlineno)))


def _carries_formula(value: Any, module: ModuleType) -> bool:
    plain = value if isinstance(value, FunctionType) else getattr(value, "py_func", None)
    return isinstance(plain, FunctionType) and plain.__module__ == module.__name__ and MARK in (plain.__doc__ or "")


def _modules_in(folders: list[str], prefix: str, text: str) -> Iterator[ModuleType]:
    for found in sorted(pkgutil.iter_modules(folders, prefix), key=lambda found: found.name):
        if found.name == __package__:
            continue
        path = Path(found.module_finder.path) / found.name.removeprefix(prefix)  # type: ignore[union-attr]
        source = path / "__init__.py" if found.ispkg else path.with_suffix(".py")
        if text in source.read_text(encoding="utf-8"):
            yield importlib.import_module(found.name)
        if found.ispkg:
            yield from _modules_in([str(path)], found.name + ".", text)
