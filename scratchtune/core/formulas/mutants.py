"""A mutant is a formula's function with one small mistake in it, of the kinds that people make.

Each must be caught by the cases of `check`: a mutant that survives reveals a missing case, or code without effect. The
few that compute the same in another way are listed with their reason in `EQUIVALENT`.

The kinds: a sign (+ for −), a constant (1.5 for 0.5), a dropped term (a for a + b or a · b), a swapped operator
(· for /, < for >=, max for min), a sum for a mean, an absolute value for a square; each the other way round too.
Loop ranges, indices, axes and shapes are not mutated: such a mistake would crash or never end, and test nothing.
"""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from scratchtune.core import jit

_OTHER: dict[type, Any] = {  # each operator's counterpart
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt}
_NAMES = {  # both ways
    "max": ("swapped", "min"), "maximum": ("swapped", "minimum"), "amax": ("swapped", "amin"),
    "sum": ("sum and mean", "mean")}
_NAMES |= {new: (kind, old) for old, (kind, new) in _NAMES.items()}
_ABSOLUTES = ("abs", "fabs", "absolute")
_UNTOUCHED_CALLS = ("range", "prange", "len", "empty", "zeros", "ones", "empty_like", "zeros_like", "reshape", "view")


@dataclass(frozen=True)
class Mutant:
    """A mutated function, and a description that does not depend on line numbers."""

    description: str
    function: Callable[..., Any]


def mutants(function: Callable[..., Any]) -> Iterator[Mutant]:
    """Yield every mutant of a function, one mistake each, as plain Python over the names of its own module."""
    plain = jit.plain(function)
    tree = _definition(plain)
    seen: dict[str, int] = {}
    for statement in _statements(tree):
        code = ast.unparse(statement).splitlines()[0]
        for node in _touchable(statement):
            for kind, changed in changes(node):
                text = f"{kind}: {_text(node)} -> {_text(changed)} in `{code}`"
                seen[text] = seen.get(text, 0) + 1
                label = text if seen[text] == 1 else f"{text} ({seen[text]})"
                yield Mutant(label, _compiled(tree, node, changed, plain))


def _definition(plain: FunctionType) -> ast.FunctionDef:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(plain))).body
    assert isinstance(tree, ast.FunctionDef)
    tree.decorator_list, tree.body, tree.returns = [], tree.body[1:], None  # the docstring comes first
    for argument in tree.args.args:
        argument.annotation = None
    return tree


# What may be mutated -------------------------------------------------------------------------------------------------


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt) and not isinstance(child, ast.While):
            yield child
            yield from _statements(child)


def _touchable(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield the nodes of a statement that may be changed, without those of the statements inside it."""
    if isinstance(statement, ast.For):
        return
    yield statement
    queue = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt)]
    while queue:
        node = queue.pop(0)
        if isinstance(node, ast.Subscript) or (isinstance(node, ast.Call) and _called(node) in _UNTOUCHED_CALLS):
            continue
        yield node
        children = list(ast.iter_child_nodes(node))
        queue += [child for child in children if not isinstance(child, ast.keyword)]


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


# The mistakes --------------------------------------------------------------------------------------------------------


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield each mutation of a node: its kind and the node that replaces it."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            yield "constant", ast.Constant(value + 1 if value + 1 != value else 2 * value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield "sign", operand
        case ast.Return(value=ast.expr() as value) if not isinstance(value, (ast.UnaryOp, ast.Tuple)):
            yield "sign", ast.Return(ast.UnaryOp(ast.USub(), value))
        case ast.AugAssign(op=op, target=target, value=value) if type(op) in _OTHER:
            yield _kind(op), ast.AugAssign(target, _OTHER[type(op)](), value)
        case ast.BinOp():
            yield from _in_operation(node)
        case ast.Compare(left=left, ops=[op], comparators=right) if type(op) in _OTHER:
            yield "swapped", ast.Compare(left, [_OTHER[type(op)]()], right)
        case ast.Call():
            yield from _in_call(node)


def _kind(op: ast.operator) -> str:
    return "sign" if isinstance(op, (ast.Add, ast.Sub)) else "swapped"


def _in_operation(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    op = node.op
    if type(op) in _OTHER:
        yield _kind(op), ast.BinOp(node.left, _OTHER[type(op)](), node.right)
        yield "dropped", node.left
        if isinstance(op, (ast.Add, ast.Mult)):
            yield "dropped", node.right
    squared = isinstance(op, ast.Pow) and isinstance(node.right, ast.Constant) and node.right.value == 2
    if squared or (isinstance(op, ast.Mult) and ast.dump(node.left) == ast.dump(node.right)):
        yield "square and absolute", ast.Call(ast.Name("abs", ast.Load()), [node.left], [])


def _in_call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    name = _called(node)
    if name in _NAMES:
        kind, other = _NAMES[name]
        changed = copy.deepcopy(node)
        match changed.func:
            case ast.Name():
                changed.func.id = other
            case ast.Attribute():
                changed.func.attr = other
        yield kind, changed
    if name in _ABSOLUTES and node.args:
        yield "square and absolute", ast.BinOp(node.args[0], ast.Mult(), node.args[0])


# Making it run -------------------------------------------------------------------------------------------------------


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else super().generic_visit(node)


def _compiled(tree: ast.FunctionDef, old: ast.AST, new: ast.AST, plain: FunctionType) -> Callable[..., Any]:
    """Return the function with ``old`` replaced by ``new``; the functions that it calls run as plain Python too."""
    kept = {id(old): old}  # deepcopy does not copy what is in its memo, so `old` can be found in the copy
    mutated = _Replace(old, copy.deepcopy(new)).visit(copy.deepcopy(tree, kept))
    module = ast.fix_missing_locations(ast.Module([mutated], []))
    names = {name: jit.plain(value) if callable(value) else value for name, value in plain.__globals__.items()}
    names |= zip(plain.__code__.co_freevars, (cell.cell_contents for cell in plain.__closure__ or ()), strict=True)
    exec(compile(module, f"<mutant of {plain.__name__}>", "exec"), names)
    return names[plain.__name__]


def _text(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).splitlines()[0]


# Those that compute the same ------------------------------------------------------------------------------------------
#
# Keyed by the formula's ID and the mutant's description, as `scratchtune formulas --check` prints it. An entry whose
# mutant is caught after all, or no longer exists, is an error, so this table is always up to date.

EQUIVALENT: dict[tuple[str, str], str] = {
    ("exp_nonpositive", "dropped: x * _LOG2_E + 0.5 -> x * _LOG2_E in `k = np.floor(x * _LOG2_E + 0.5)`"):
        "k is then rounded down instead of to the nearest: less accurate for r up to log(2), by 7e-14, but not wrong",
    ("exp_nonpositive", "dropped: 0.0 * r -> 0.0 in `p = 0.0 * r`"):
        "0 · r is 0; it is there to give 0 the type of r",
    ("expm1_nonpositive", "dropped: x * _LOG2_E + 0.5 -> x * _LOG2_E in `k = np.floor(x * _LOG2_E + 0.5)`"):
        "as in exp_nonpositive",
    ("expm1_nonpositive", "dropped: 0.0 * r -> 0.0 in `p = 0.0 * r`"):
        "0 · r is 0; it is there to give 0 the type of r",
    ("linear_grad", "dropped: zero_like(z) + 1.0 -> 1.0 in `return zero_like(z) + 1.0`"):
        "zero_like(z) is 0; it is there to give 1 the type of z",
    ("log_sum_of_two",
     "sign: -np.inf -> np.inf in `return highest if highest == -np.inf else highest + np.log1p(np.exp(min(a, b) - "
     "highest))`"):
        "equal on every number; it keeps the sum of two −inf from being NaN, as test_decoding.py asserts",
    ("relu", "dropped: 0.0 * z -> 0.0 in `return z if z > 0.0 else 0.0 * z`"):
        "equal on every number; 0 · z also preserves NaN, which test_activations.py asserts",
    ("dropout", "dropped: 0.0 * x -> 0.0 in `return x / (1.0 - rate) if u >= rate else 0.0 * x`"):
        "0 · x is 0; it is there to give 0 the type of x",
    ("same_padding", "constant: 0 -> 1 in `return max((same_size(n, s) - 1) * s + k - n, 0) // 2`"):
        "half of 1, rounded down, is 0 too",
    ("matmul", "swapped: b.size > SMALL -> b.size <= SMALL in `if b.size > SMALL:`"):
        "with and without panels each sum has the same terms in the same order; only the time differs",
    ("flat_share", "square and absolute: np.abs(samples) -> samples * samples in `sizes = np.abs(samples)`"):
        "the samples of the largest size are those of the largest square"}
