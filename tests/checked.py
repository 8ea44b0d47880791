"""The formulas that were checked as they are now: a digest of each is in checked.txt, beside this file.

The plain run of the tests checks every formula whose digest is not there; CI checks all. ``python tests/checked.py``
checks those whose digests are not there, and writes the digests of what passed. A digest covers the formula's lines
(Formula, Gradient of, Where, and those of the formula that a gradient differentiates), its code, and the code and the
constants of what it calls; the first digest covers the folders formulas/ and jit/. Comments and other parts
of docstrings do not count, nor does Python's version.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from scratchtune import formulas, jit

FILE = Path(__file__).with_suffix(".txt")
CHECK = "(the check)"


def to_check(known: Mapping[str, formulas.Formula]) -> set[str]:
    """The formulas whose digests are not stored: all, if the check itself has changed."""
    now, stored = digests(known), read()
    return {name for name in known if now[CHECK] != stored.get(CHECK) or now[name] != stored.get(name)}


def read() -> dict[str, str]:
    """The stored digests, by ID."""
    lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    return dict(reversed(line.split("  ", 1)) for line in lines)


def digests(known: Mapping[str, formulas.Formula]) -> dict[str, str]:
    """The digest of the check, and that of each formula by ID."""
    codes = [ast.parse(path.read_text(encoding="utf-8")) for path in files_of_the_check()]
    found = {CHECK: [ast.unparse(_without_docstrings(code)) for code in codes]}
    for name, formula in known.items():
        base = known.get(formula.gradient_of.id) if formula.gradient_of else None
        found[name] = [repr(_lines(formula)), repr(_lines(base) if base else None), *_code(formula.function)]
    return {name: hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12] for name, parts in found.items()}


def files_of_the_check() -> list[Path]:
    """The code that checks and compiles all formulas, wherever its folders are in the package."""
    return [path for package in (formulas, jit) for path in sorted(Path(str(package.__file__)).parent.glob("*.py"))]


def _lines(formula: formulas.Formula) -> list[str | None]:
    return [formula.sections.get(heading) for heading in ("Formula", "Gradient of", "Where")]


# The code ------------------------------------------------------------------------------------------------------------


def _code(function: Any) -> list[str]:
    """The source of a function and of all that it calls in this package, and the constants that they name."""
    found: dict[str, str] = {}
    waiting = [jit.plain(function)]
    while waiting:
        plain = waiting.pop()
        name = f"{plain.__module__}.{plain.__qualname__}"
        if name not in found:
            found[name] = f"{_source(plain.__code__)} {plain.__defaults__}"
            for key, value in _named(plain):
                value = inspect.unwrap(jit.plain(value))
                if isinstance(value, FunctionType):
                    waiting += [value] * value.__module__.startswith("scratchtune.")
                elif isinstance(value, np.ndarray):
                    found[f"{name} {key}"] = repr(value.tolist())
                elif isinstance(value, (int, float, str, tuple, dict, np.generic)):
                    found[f"{name} {key}"] = repr(value)
    return [f"{name}: {text}" for name, text in sorted(found.items())]


def _named(plain: FunctionType) -> Iterator[tuple[str, Any]]:
    """The values of the names in a function: globals, closed-over variables, attributes of the package's modules."""
    names = _names(plain.__code__)
    cells = zip(plain.__code__.co_freevars, plain.__closure__ or (), strict=True)
    scopes = [plain.__globals__, {name: cell.cell_contents for name, cell in cells}]
    for scope in scopes:  # it grows
        for name in sorted(names & scope.keys()):
            value = scope[name]
            if isinstance(value, ModuleType):
                if value.__name__.startswith("scratchtune.") and not value.__name__.startswith("scratchtune.core.jit"):
                    scopes += [vars(value)] * all(scope is not vars(value) for scope in scopes)
            else:
                yield f"{scope.get('__name__', '')}.{name}", value


def _names(code: CodeType) -> set[str]:
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return {*code.co_names, *code.co_freevars}.union(*map(_names, inner))


def _source(code: CodeType) -> str:
    return _definitions(code.co_filename).get(code.co_firstlineno, "")


@cache
def _definitions(file: str) -> dict[int, str]:
    """The code of each function of a file without docstrings, comments and empty lines, by its first line."""
    text = Path(file).read_text(encoding="utf-8")
    lines = text.splitlines()
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            own = lines[first - 1 : node.end_lineno]
            if ast.get_docstring(node, clean=False) is not None:
                begin, end = node.body[0].lineno, node.body[0].end_lineno
                own = lines[first - 1 : begin - 1] + lines[end : node.end_lineno]
            found[first] = "\n".join(line for line in own if line.strip() and not line.lstrip().startswith("#"))
    return found


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    return tree


def main() -> int:
    """Check the formulas whose digests are not stored, and store those of all that passed; 1 if one did not."""
    known = formulas.registry()
    now = digests(known)
    rows = formulas.Report([formulas.check(known[name], known) for name in sorted(to_check(known))])
    print("\n".join([rows.totals(), *rows.wrong]))
    right = {CHECK, *known} - {row.id for row in rows.rows if not row.ok}
    FILE.write_text("".join(f"{now[name]}  {name}\n" for name in sorted(right)), encoding="utf-8")
    return 0 if len(right) > len(known) else 1


if __name__ == "__main__":
    sys.exit(main())
