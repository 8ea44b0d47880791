"""The age of a report: whether the code that it measured is still the code that is here.

A benchmark's code is what its module imports, directly or through others, from `scratchtune` and `benchmarks`; a name
taken from a package counts as the module that defines it, so that an edit of a layer concerns only the benchmarks that
use this layer. A *statement* is a function, a class or another statement at the top of a module. The digest is one of
the set of all statements of these modules, read as syntax trees without docstrings and imports of ours, and of
the data files that they name; the modules that run and print benchmarks (SCAFFOLD) do not count, nor does an assignment
to ANSWER, which is written after the report. It is the same after a change of comments, docstrings, messages of errors,
lines, the order of functions or the module that they are in.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
OURS = ("scratchtune", "benchmarks")
SCAFFOLD = frozenset(f"benchmarks.common.{name}" for name in (
    "age", "benchmark", "front", "harness", "questions", "reports", "suite"))  # these run and print
LINE = re.compile(r"^Code: digest (\w+), commit (\w+)", re.MULTILINE)
COMMAND = re.compile(r"`python -m benchmarks[. ](\w+)")
SECONDS = re.compile(r"^Code: .*; measured in ([\d,]+) s", re.MULTILINE)


# What a module says and imports ---------------------------------------------------------------------------------------


def _is_code(node: ast.AST) -> bool:
    """Whether a statement counts: no docstring, no import of ours, nothing for type checkers only."""
    if isinstance(node, ast.Import):
        return not any(name.name.split(".")[0] in OURS for name in node.names)
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] not in (*OURS, "__future__")
    if isinstance(node, ast.Expr):
        return not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str))
    return not _is_for_types(node)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _is_answer(node: ast.AST) -> bool:
    """Whether a statement is what a benchmark says of its report, which is written after it was measured."""
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ANSWER"


def _text(part: Any) -> str:
    """A syntax tree as text that is the same for all versions of Python (those of `ast.dump` differ)."""
    if isinstance(part, ast.Constant):
        return repr(part.value)
    if isinstance(part, ast.AST):
        fields = [f"{name}={_text(value)}" for name, value in ast.iter_fields(part)
                  if value is not None and value != [] and name != "ctx"]
        return f"{type(part).__name__}({','.join(fields)})"
    if isinstance(part, list):
        return f"[{','.join(_text(each) for each in part if not isinstance(each, ast.stmt) or _is_code(each))}]"
    return repr(part)


def code_of(source: str) -> str:
    """A module's statements in their order, as text without comments, docstrings and imports of ours."""
    return _text(ast.parse(source).body)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a tree, without what is imported for type checkers only."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not _is_for_types(child):
            yield from _nodes(child)


def _dotted(node: ast.AST) -> tuple[str, ...]:
    """The names of `a.b.c`; the first is empty where the node is not of this kind."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id if isinstance(node, ast.Name) else "", *reversed(names))


def _started(node: ast.AST) -> Iterator[str]:
    """Modules in texts: the command `"-m", "scratchtune"`, and `f"package.{name}"`, all of a package."""
    if isinstance(node, ast.List | ast.Tuple):
        texts = [each.value if isinstance(each, ast.Constant) else "" for each in node.elts]
        yield from ["scratchtune.__main__"] * (("-m", "scratchtune") in itertools.pairwise(texts))
    if isinstance(node, ast.JoinedStr) and isinstance(first := node.values[0], ast.Constant):
        package, _, rest = str(first.value).rpartition(".")
        yield from [f"{package}.*"] * (package.split(".")[0] in OURS and not rest)


class Module(NamedTuple):
    """What a module says: digests of its statements, its imports, what it takes from them, and what it starts.

    An import is a local name, the module, and the name there, if it has one. ``taken`` has, for each use of an import
    within its scope, the module, the name there, and the attributes that follow.
    """

    statements: frozenset[str]
    imports: frozenset[tuple[str, ...]]
    taken: frozenset[tuple[tuple[str, ...], tuple[str, ...]]]
    started: frozenset[str]


def _imports(nodes: list[ast.AST]) -> Iterator[tuple[str, ...]]:
    """The imports of ours in a list of nodes."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            yield from ((name.asname or name.name, str(node.module), name.name) for name in node.names)
        elif isinstance(node, ast.Import):
            for name in node.names:
                if (first := name.name.split(".")[0]) in OURS:
                    yield name.asname or first, name.name if name.asname else first


@functools.cache
def read(source: str) -> Module:
    """Read a module's text."""
    tree = ast.parse(source)
    nodes = list(_nodes(tree))
    functions = [list(_nodes(node)) for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {id(node) for function in functions for node in function}
    inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    found: set[tuple[str, ...]] = set()
    taken = set()
    for scope in (nodes, *functions):
        if imports := set(_imports([node for node in scope if scope is not nodes or id(node) not in inside])):
            used = {_dotted(node) for node in scope if id(node) not in inner}
            taken |= {(each[1:], names[1:]) for each in imports for names in used if each[0] == names[0]}
            found |= imports
    code = [node for node in tree.body if _is_code(node) and not _is_answer(node)]
    return Module(frozenset(_digest(_text(node)) for node in code), frozenset(found),
                  frozenset(taken), frozenset(text for node in nodes for text in _started(node)))


class Code:
    """The modules of `scratchtune` and `benchmarks` below a folder."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.source, self.taken, self.needed = map(functools.cache, (self._source, self._taken, self._needed))

    def folder(self, module: str) -> Path:
        """Where a package is, if it is one."""
        return self.root.joinpath(*module.split("."))

    def is_package(self, module: str) -> bool:
        """Whether a name is that of a package."""
        return self.folder(module).is_dir()

    def _source(self, module: str) -> str | None:
        """The text of a module; of a package its stub, if it has one, else its `__init__`; None where there is none."""
        folder = self.folder(module)
        for path in (folder.with_suffix(".py"), folder / "__init__.pyi", folder / "__init__.py"):
            if path.is_file():
                return path.read_text(encoding="utf-8")
        return "" if folder.is_dir() else None

    def module(self, name: str) -> Module:
        """What a module says."""
        return read(self.source(name) or "")

    def _taken(self, module: str, *names: str) -> str:
        """The module that defines what is taken by these names, one after the other; a package if it is one."""
        if not names or not self.is_package(module):
            return module
        for local, *origin in sorted(self.module(module).imports):
            if local == names[0] and origin != [module, local]:
                return self.taken(self.taken(*origin), *names[1:])
        inside = f"{module}.{names[0]}"
        return self.taken(inside, *names[1:]) if self.source(inside) is not None else module

    def _needed(self, name: str) -> frozenset[str]:
        """The modules that a module imports, and those that it starts as commands or by their names.

        Of an imported package only the modules that define what is used count; all of it if a package re-exports it.
        """
        module = self.module(name)
        origins = {self.taken(*origin) for _, *origin in module.imports}
        found = {origin for origin in origins if self.is_package(name) or not self.is_package(origin)}
        found |= {self.taken(self.taken(*origin), *names) for origin, names in module.taken}
        for text in module.started:
            package = text.removesuffix(".*")
            found |= {text} if package == text else {
                f"{package}.{path.stem}" for path in self.folder(package).glob("[!_]*.py")}
        return frozenset(each for each in found if each != name and self.source(each) is not None)

    def closure(self, module: str) -> frozenset[str]:
        """The modules that a module runs, with itself, without the scaffold of the benchmarks."""
        found, new = set(), {module}
        while new:
            found |= new
            new = {name for each in new for name in self.needed(each)} - found - SCAFFOLD
        return frozenset(found)

    def statements(self, module: str) -> frozenset[str]:
        """The digests of a module's statements, and of the files of data beside it that it names."""
        paths = (self.folder(module).parent / name
                 for name in re.findall(r'"([\w-]+\.(?!py)[\w.]+)"', self.source(module) or ""))
        data = {sha256(path.read_bytes()).hexdigest() for path in paths if path.is_file()}
        return self.module(module).statements | data

    def digest(self, module: str) -> str:
        """The digest of all that a module runs."""
        every = frozenset().union(*map(self.statements, self.closure(module)))
        return _digest(" ".join(sorted(every)))[:12]


# The line of a report, and what has changed since ---------------------------------------------------------------------


class Age(NamedTuple):
    """What a report says of the code that it measured; empty or 0 where it does not."""

    module: str
    digest: str
    commit: str
    seconds: float


def _git(*arguments: str) -> bytes:
    """What git prints; nothing where there is no git or no repository."""
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return b""


def line(module: str) -> str:
    """What a report of a module says of its code; the seconds of the run follow it."""
    commit = _git("rev-parse", "--short", "HEAD").decode().strip() or "unknown"
    changed = _git("status", "--porcelain", "--untracked-files=all", "--", "scratchtune", "benchmarks/*.py")
    return (f"Code: digest {Code().digest(module)}, commit {commit}"
            f"{' with uncommitted changes' if changed else ''}")


def age_of(text: str) -> Age:
    """What a report says of its code."""
    command, found, seconds = COMMAND.search(text), LINE.search(text), SECONDS.search(text)
    return Age(f"benchmarks.{command[1]}" if command else "", *(found.groups() if found else ("", "")),
               float(seconds[1].replace(",", "")) if seconds else 0.0)


def is_stale(age: Age, code: Code) -> bool:
    """Whether the code is another one than that which was measured."""
    return bool(age.digest) and code.digest(age.module) != age.digest


def changes(age: Age, code: Code) -> list[str]:
    """The files of a report's modules that git finds changed since its commit; none where the clone lacks it."""
    files = [f"{name.replace('.', '/')}.py" for name in sorted(code.closure(age.module))]
    return _git("diff", "--name-only", age.commit, "--", *files).decode().split()
