"""Mutants of decisions: one small mistake in code that decides, written into its file.

``python -m tests.mutating FILE ...`` prints them, each as a line of JSON.

A decision is a comparison, a condition, an order, an index, a weight, a default. Messages, types and the functions of
formulas are left alone: the registry has mutants of its own for these functions. The kinds: a comparison turned or off
by one; `not` removed, `and` for `or`; a branch off; min for max, any for all, the first for the last; an operand, a
bound of a slice, or an argument that weighs or orders dropped; a default or an answer changed; a statement left out.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scratchtune.core.formulas import mutants as of_formulas

ROOT = Path(__file__).resolve().parents[1]
_TURNED = {ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
_BOUNDARY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_NAMES = {"any": "all", "argmin": "argmax", "nanmin": "nanmax", "nanargmin": "nanargmax", "floor": "ceil"}
_NAMES |= {new: old for old, new in _NAMES.items()}
_DECIDES = {"key", "reverse", "default", "axis", "weights", "weight", "sample_weight", "kind", "side", "start"}
_SILENT = ("warn", "info", "debug", "print", "write", "close", "set_description", "update_wrapper")  # calls that tell
_DRAWS = ("ax", "axes", "axis", "figure", "fig", "plt", "canvas", "legend")  # what such names draw is looked at
_TELLS = ("__repr__", "__str__", "__format__", "_repr_html_")
_OF_REGISTRY = ("swapped", "dropped", "sign", "sum and mean")

Mutant = dict[str, Any]  # file, function, name, lines, is_compiled, and the text `new` for the bytes from first to last


def mutants(file: str) -> list[Mutant]:
    """All mutants of a file, in its order; names do not depend on line numbers, and are different."""
    found, seen = [], Counter[str]()
    for mutant in _File(file, (ROOT / file).read_bytes()).block(None, "", False):
        seen[mutant["name"]] += 1
        found.append(mutant | {"name": mutant["name"] + f" ({seen[mutant['name']]})" * (seen[mutant["name"]] > 1)})
    return found


class _File:
    def __init__(self, file: str, text: bytes) -> None:
        self.file, self.text, self.tree = file, text, ast.parse(text)
        self.starts = [0]
        for line in text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def block(self, node: ast.AST | None, function: str, is_compiled: bool) -> Iterator[Mutant]:
        """The mutants of the statements in a node, or in the file; ``function`` is the node's qualified name."""
        for statement in (child for child in ast.iter_child_nodes(node or self.tree) if _decides(child)):
            if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                name = f"{function}.{statement.name}".lstrip(".")
                compiled = is_compiled or any("jit." in ast.unparse(one) for one in statement.decorator_list)
                body = tuple(range(statement.body[0].lineno, (statement.end_lineno or 0) + 1))
                if isinstance(statement, ast.FunctionDef):
                    for default in [*statement.args.defaults, *statement.args.kw_defaults]:
                        yield from (self.made(default, kind, new, statement, name, compiled, body)
                                    for kind, new in _of_default(default))
                yield from self.block(statement, name, compiled)
                continue
            yield from self.in_statement(statement, function, is_compiled)
            yield from self.block(statement, function, is_compiled)

    def in_statement(self, statement: ast.AST, function: str, is_compiled: bool) -> Iterator[Mutant]:
        if not isinstance(statement, ast.stmt):  # a handler or a case: its own condition is left alone
            return
        inner = [child.lineno for child in ast.iter_child_nodes(statement)
                 if isinstance(child, (ast.stmt, ast.ExceptHandler))]
        last = min(inner) - 1 if inner else statement.end_lineno or 0
        lines = tuple(range(statement.lineno, max(last, statement.lineno) + 1))
        lines = tuple(range(1, len(self.starts))) if not function else lines
        for kind, new in _of_statement(statement):
            yield self.made(statement, kind, new, statement, function, is_compiled, lines)
        for node in _expressions(statement):
            for kind, new in _of_expression(node):
                yield self.made(node, kind, new, statement, function, is_compiled, lines)

    def made(
        self, old: ast.AST, kind: str, new: ast.AST, statement: ast.AST, function: str, is_compiled: bool,
        lines: tuple[int, ...],
    ) -> Mutant:
        first = self.starts[old.lineno - 1] + old.col_offset
        last = self.starts[old.end_lineno - 1] + old.end_col_offset
        ast.fix_missing_locations(new)
        code, empty = ast.unparse(new), "\n" * (self.text[first:last].count(b"\n"))
        was = ast.unparse(old).splitlines()[0]
        where = ast.unparse(statement).splitlines()[0] if old is not statement else ""
        what = f"{kind}: {was} -> {code.splitlines()[0]}" + (f" in `{where}`" if where and where != was else "")
        text = f"({code}{empty})" if isinstance(new, ast.expr) else code + empty
        return {"file": self.file, "name": f"{self.file} {function}: {what}", "lines": lines, "new": text,
                "is_compiled": is_compiled, "first": first, "last": last}


def _decides(node: ast.AST) -> bool:
    """Whether a child of a block may hold a decision: no message, no type, no formula."""
    match node:
        case ast.FunctionDef():
            told = ast.get_docstring(node) or ""
            overloads = any("overload" in ast.unparse(one) for one in node.decorator_list)
            return "Formula [" not in told and node.name not in _TELLS and not overloads
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Raise() | ast.Import() | ast.ImportFrom() | ast.Assert():
            return False
        case ast.Expr(value=ast.Constant()) | ast.Global() | ast.Nonlocal() | ast.Pass():
            return False
        case ast.Expr(value=ast.Call() as call):
            return not _is_shown(call)
        case ast.AugAssign(value=ast.JoinedStr()):
            return False
    return isinstance(node, (ast.stmt, ast.ExceptHandler, ast.match_case))


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement itself that may decide."""
    waiting = [child for child in ast.iter_child_nodes(statement) if isinstance(child, (ast.expr, ast.withitem))]
    if isinstance(statement, ast.AnnAssign):
        waiting = [statement.value] if statement.value else []
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, (ast.JoinedStr, ast.Constant)) or (isinstance(node, ast.Call) and _is_shown(node)):
            continue
        if isinstance(node, ast.expr):
            yield node
        waiting += [child.value if isinstance(child, ast.keyword) else child for child in ast.iter_child_nodes(node)
                    if isinstance(child, (ast.expr, ast.keyword, ast.withitem, ast.comprehension, ast.Slice))]


def _is_shown(call: ast.Call) -> bool:
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    draws = isinstance(holder, (ast.Name, ast.Attribute)) and ast.unparse(holder).split(".")[-1] in _DRAWS
    return draws or _called(call) in _SILENT or _called(call).endswith(("Error", "Warning", "TypeVar", "dtype"))


# The mistakes ---------------------------------------------------------------------------------------------------------


def _of_default(node: ast.expr | None) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Constant(value=bool() as value):
            yield "default", ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield "default", ast.Constant(value + 1 if isinstance(value, int) else 2 * value + (value == 0))


def _of_statement(node: ast.stmt) -> Iterator[tuple[str, ast.stmt]]:
    match node:
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Continue() | ast.Break() | ast.Delete():
            yield "left out", ast.Pass()
        case ast.Return(value=ast.Constant(value=bool() as value)):
            yield "answer", ast.Return(ast.Constant(not value))
    if isinstance(node, ast.AugAssign):
        yield from ((kind, new) for kind, new in of_formulas.changes(node) if isinstance(new, ast.stmt))


def _of_expression(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            for table, kind in ((_TURNED, "turned"), (_BOUNDARY, "off by one")):
                if type(op) in table:
                    yield kind, ast.Compare(left, [table[type(op)]()], [right])
        case ast.BoolOp(op=op, values=values):
            yield "and, or", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for k in range(len(values)):
                rest = values[:k] + values[k + 1 :]
                yield "dropped", rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not removed", operand
        case ast.IfExp(body=body, orelse=other):
            yield from (("branch off", body), ("branch off", other))
        case ast.Subscript(value=value, slice=ast.Slice() as bounds):
            for name in ("lower", "upper", "step"):
                if getattr(bounds, name) is not None:
                    kept = {**{key: getattr(bounds, key) for key in ("lower", "upper", "step")}, name: None}
                    yield "bound dropped", ast.Subscript(value, ast.Slice(**kept), ast.Load())
        case ast.Subscript(value=value, slice=at, ctx=ast.Load()) if ast.unparse(at) in ("0", "-1"):
            yield "first, last", ast.Subscript(value, ast.Constant(-1 if ast.unparse(at) == "0" else 0), ast.Load())
        case ast.Call():
            yield from _of_call(node)
    if isinstance(node, (ast.Compare, ast.BinOp, ast.UnaryOp, ast.Call)) and not _is_text(node):
        yield from ((kind, new) for kind, new in of_formulas.changes(node)
                    if kind in _OF_REGISTRY and isinstance(new, ast.expr))


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    other = _NAMES.get(_called(node))
    if other:
        func = ast.Name(other, ast.Load()) if isinstance(node.func, ast.Name) else ast.Attribute(
            node.func.value, other, ast.Load())  # type: ignore[attr-defined]
        yield "swapped", ast.Call(func, node.args, node.keywords)
    for keyword in node.keywords:
        if keyword.arg in _DECIDES:
            others = [one for one in node.keywords if one is not keyword]
            yield "argument dropped", ast.Call(node.func, node.args, others)


def _is_text(node: ast.expr) -> bool:
    """Whether an operation makes a text or a list of them, or is one of constants alone, such as 2 ** 32."""
    parts = [one for one in ast.walk(node) if isinstance(one, ast.expr)]
    return isinstance(node, ast.BinOp) and (
        any(isinstance(one, (ast.JoinedStr, ast.List, ast.ListComp)) or
            (isinstance(one, ast.Constant) and isinstance(one.value, str)) for one in parts)
        or all(isinstance(one, (ast.BinOp, ast.UnaryOp, ast.Constant)) for one in parts))


if __name__ == "__main__":
    for path in sys.argv[1:]:
        for one in mutants(path):
            print(json.dumps(one))
