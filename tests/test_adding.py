"""What is added to the package is in its table, and has a test; what is missing is told with the file and the line.

The rules read the source, so that a file that nothing imports yet is seen too. How to add each kind: CONTRIBUTING.md.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import scratchtune as st
from scratchtune.core import evaluation, metrics, search
from scratchtune.core.network.activations import ACTIVATIONS

PACKAGE = Path(st.__file__).parent
TESTS = Path(__file__).parent
Definition = ast.FunctionDef | ast.ClassDef
Bases = Mapping[str, set[str]]  # of each class of the package, by name

MADE_BY_OTHERS = {  # layers that other layers and models make, and that users do not
    "Add", "RecurrentEncoder", "RecurrentDecoder", "TransformerDecoder", "CrossAttention", "MultiHeadCrossAttention",
    "CachedAttention", "SelfAttention", "Steps"}
BY_ANOTHER_NAME = {"NSGA2": "the default of several objectives", "SuccessiveHalving": "one bracket of Hyperband"}


class Kind(NamedTuple):
    """What can be added: its name, the files that define it (a regular expression), how it is found, its table."""

    what: str
    files: str
    found: Callable[[ast.Module, Bases], Iterator[Definition]]
    table: Any
    place: str
    exempt: Any = ()  # from a test of its own: all entries of the table are tested, or what makes them is


def subclasses(base: str) -> Callable[[ast.Module, Bases], Iterator[Definition]]:
    """The classes of a file that derive from this one; of layers and searchers those that no other one derives from."""
    def found(tree: ast.Module, bases: Bases) -> Iterator[Definition]:
        def derives(name: str) -> bool:
            return base in bases.get(name, ()) or any(derives(one) for one in bases.get(name, ()) if one != name)

        parents = set() if base == "Optimizer" else set[str]().union(*bases.values())
        yield from (node for node in tree.body if isinstance(node, ast.ClassDef)
                    and node.name not in parents and derives(node.name))
    return found


def activations_of(tree: ast.Module, _: Bases) -> Iterator[Definition]:
    """The functions of one number that have a gradient beside them."""
    named = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    yield from (node for name, node in named.items()
                if f"{name}_grad" in named and not name.startswith("default_") and len(node.args.args) == 1)


def metrics_of(tree: ast.Module, _: Bases) -> Iterator[Definition]:
    """The functions of truth and prediction that are no formulas."""
    yield from (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.args.args
                and node.args.args[0].arg == "y_true" and "Formula [" not in (ast.get_docstring(node) or ""))


def splitters_of(tree: ast.Module, _: Bases) -> Iterator[Definition]:
    """The classes with a method `split`, and those that derive from one in the same file."""
    splitting: set[str] = set()
    for node in (each for each in tree.body if isinstance(each, ast.ClassDef)):
        methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
        if "split" in methods or splitting & {ast.unparse(base) for base in node.bases}:
            splitting.add(node.name)
            yield node


KINDS = (
    Kind("an activation", "core/network/activations.py", activations_of, ACTIVATIONS,
         "ACTIVATIONS in scratchtune/core/network/activations.py", ACTIVATIONS),
    Kind("a layer", "core/network/layers/.*|images/.*|sequences/layers/.*", subclasses("Layer"),
         {*st.layers.__all__, *MADE_BY_OTHERS}, "scratchtune/layers.pyi", MADE_BY_OTHERS),
    Kind("an optimizer", "core/network/.*", subclasses("Optimizer"), {*st.__all__}, "scratchtune/__init__.pyi"),
    Kind("a metric", "core/metrics/(?!labels).*", metrics_of, {*metrics.__all__},
         "__all__ in scratchtune/core/metrics/__init__.py"),
    Kind("a splitter", "core/evaluation/.*", splitters_of, {*evaluation.__all__},
         "__all__ in scratchtune/core/evaluation/__init__.py"),
    Kind("a searcher", "core/search/.*", subclasses("Searcher"),
         {*(kind.__name__ for kind in search.SEARCHERS.values()), *BY_ANOTHER_NAME},
         "SEARCHERS in scratchtune/core/search/__init__.py"),
)


@cache
def sources() -> dict[str, ast.Module]:
    """The files of the package, parsed."""
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
            for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def words_of_tests() -> set[str]:
    """All words of the tests but this one's."""
    return {word for path in TESTS.rglob("*.py") if path != Path(__file__)
            for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}


def missing(files: Mapping[str, ast.Module], words: set[str]) -> Iterator[str]:
    """A sentence for each definition that is in no table, or that no test names."""
    bases = {node.name: {ast.unparse(one).split("[")[0].split(".")[-1] for one in node.bases}
             for tree in files.values() for node in tree.body if isinstance(node, ast.ClassDef)}
    for kind in KINDS:
        for file in (file for file in files if re.fullmatch(kind.files, file)):
            for node in (node for node in kind.found(files[file], bases) if not node.name.startswith("_")):
                where = f"scratchtune/{file}:{node.lineno}: {node.name} is {kind.what}"
                if node.name not in kind.table:
                    yield f"{where}; enter it in {kind.place}"
                elif node.name not in kind.exempt and node.name not in words:
                    folder, name = file.rsplit("/", 1)
                    yield f"{where} without a test; write one in tests/{folder}/test_{name}"


def test_everything_is_in_its_table_and_tested() -> None:
    assert not list(missing(sources(), words_of_tests()))


def test_what_is_exempt_exists() -> None:
    classes = {node.name for tree in sources().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    assert MADE_BY_OTHERS | set(BY_ANOTHER_NAME) <= classes


NEW = {
    "core/search/swarm.py": ("class SwarmSearch(Searcher):\n    pass", 1,
                             "SwarmSearch is a searcher; enter it in SEARCHERS in"),
    "core/network/layers/scale.py": ("import x\n\nclass Scale(Layer):\n    pass", 3,
                                     "Scale is a layer; enter it in scratchtune/layers.pyi"),
    "core/metrics/lift.py": ("def lift_score(y_true, y_pred):\n    pass", 1, "lift_score is a metric; enter it in"),
    "core/evaluation/leave_out.py": ("class LeaveOut:\n    def split(self, X): pass", 1, "LeaveOut is a splitter;"),
    "core/network/lookahead.py": ("class Lookahead(Optimizer):\n    pass", 1, "Lookahead is an optimizer; enter it in"),
    "core/network/activations.py": ("def bent(z):\n    pass\ndef bent_grad(z):\n    pass", 1, "bent is an activation"),
}


def test_what_is_missing_is_told_with_its_file_and_line() -> None:
    for file, (source, line, sentence) in NEW.items():
        (said,) = missing(sources() | {file: ast.parse(source)}, words_of_tests())
        assert said.startswith(f"scratchtune/{file}:{line}: {sentence}"), said


def test_what_is_in_its_table_needs_a_test() -> None:
    (said,) = missing(sources(), words_of_tests() - {"GridSearch"})
    assert said.endswith("GridSearch is a searcher without a test; write one in tests/core/search/test_grid.py")
