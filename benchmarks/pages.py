"""The pages that are generated in part: tables of results, from benchmarks/results, of lessons and of sections.

    python -m benchmarks pages            writes them
    python -m benchmarks pages --check    exit code 1 where one of them is not what would be written; lists the reports
                                          whose code has changed since they were made (no failure)
    python -m benchmarks pages --rows     prints each row of README's table with the lines of the report it is from

A generated block is between two comments, `<!-- generated: NAME -->` and `<!-- end -->`; the rest of a page is written
by hand. Every number in a block is read from a stored report, so a page cannot say what no run has printed. The marks
of reports that are older than the code are those of the day when the page was written: a page is not out of date
because of them, so an edit of the package does not require a new page.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import statistics
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import scratchtune as st
from benchmarks import stale
from benchmarks.common import course, document, front, questions, taught
from benchmarks.common.harness import RESULTS, ROOT, table
from benchmarks.common.reports import report, tables_of
from scratchtune import formulas
from scratchtune.core import evaluation, metrics, search
from scratchtune.core.network.activations import ACTIVATIONS
from scratchtune.core.network.losses import LOSSES
from scratchtune.document.statements import STATEMENTS

CITED = re.compile(r"^# - \[(\w+)\]", re.MULTILINE)  # a formula that a lesson cites
BLOCK = re.compile(r"(<!-- generated: (\w+)(?: ([\w/]+))? -->\n).*?(<!-- end -->)", re.DOTALL)
PACKAGE = ROOT / "scratchtune"
PAGES = (*(ROOT / folder / "README.md" for folder in (".", "benchmarks", "lessons", "scratchtune")),
         ROOT / "scratchtune" / "CONTRIBUTING.md",
         *sorted((ROOT / "scratchtune").rglob("README.md"))[1:])


# scratchtune/README.md and those of the rooms -------------------------------------------------------------------------

FLOORS = {  # from the bottom to the top: the files beside the rooms have their text here, a room's is its docstring's
    "plain.py": "the whole idea in one file, which imports nothing of the package and is imported by nothing",
    "core/cores.py core/lazy.py core/version.py":
    "the processor cores that this process may use; public names, loaded when they are first used; the version",
    "core/jit": "",
    "core/checks.py core/configured.py core/declared.py core/digests.py core/files.py core/archives.py core/streams.py "
    "core/protocol.py core/interruption.py core/shipping.py":
    "arguments and error messages; objects that are their arguments; digests; files that are written whole or not at "
    "all; ZIP and gzip with limits; printing; scikit-learn's protocol; Ctrl-C in threads; data sent once to workers",
    "core/formulas": "", "core/metrics": "", "core/data": "", "core/network": "", "core/evaluation": "",
    "core/search": "", "core/estimators": "", "core/study": "", "insight": "", "interop": "", "images": "",
    "sequences": "", "tables": "", "play": "",
    "datasets.py layers.py losses.py metrics.py search.py loading.py wrappers.py translated.py":
    "data sets, layers, losses, metrics, searchers as users type them; loading saved models; the document's name for "
    "the grid search; texts in Chinese",
    "examples": "", "document": "", "cli": ""}
CORE = "core/"
PATH = {  # the ten files that hold the whole idea; the part of plain.py that each is like: what it shows, what it adds
    "plain.py": ("", "", "all of it, in NumPy alone", ""),
    "core/network/penalties.py": (
        "l1_l2_penalty", "l1_l2_penalty_grad", "a formula, its line and its gradient", "compiled; L1 and L2 alone"),
    "core/network/layers/dense.py": (
        "forward", "backward", "a layer: two kernels and a class", "compiled, in place; any number of axes"),
    "core/network/engine.py": (
        "loss_and_gradient", "train", "the loop that runs all layers", "one compiled loop, whatever the layers are"),
    "core/network/optimizers.py": (
        "gradient_descent", "adam", "what becomes of the gradient", "compiled, in place; schedules, clipping, decay"),
    "core/search/space.py": (
        "Float", "points_of", "a space: hyper-parameters as points of a cube", "conditions, constraints, sizes"),
    "core/search/grid.py": (
        "grid_search", "grid_search", "the simplest searcher", "conditions; a point of a huge grid without listing it"),
    "core/search/bayesian/gaussian_process.py": (
        "scaled_distance", "posterior", "what a Bayesian searcher predicts", "compiled; a second, rougher kernel"),
    "core/search/bayesian/acquisition.py": (
        "expected_improvement", "expected_improvement", "where it looks next", "logarithms, so nothing underflows"),
    "core/search/genetic/operators.py": (
        "tournament", "mutated", "how a genetic searcher makes a child", "six more operators, as options")}


def said(path: Path) -> str:
    """The first sentence of a file's docstring, or of a package's."""
    tree = ast.parse((path / "__init__.py" if path.is_dir() else path).read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").split("\n\n")[0].replace("\n", " ").replace("``", "`")


def lines_of(path: Path) -> int:
    """The lines of a file, or of all files in a folder."""
    return sum(file.read_bytes().count(b"\n") for file in ([path] if path.is_file() else path.rglob("*.py")))


def rooms(_: Collection[str], __: str = "") -> str:
    """The rooms of the package, from the bottom to the top, with their sizes."""
    rows = []
    for names, text in FLOORS.items():
        paths = [PACKAGE / name for name in names.split()]
        links = ", ".join(f"[{path.name}{'/' * path.is_dir()}]({name})"
                          for name, path in zip(names.split(), paths, strict=True))
        files = sum(len(list(path.rglob("*.py"))) if path.is_dir() else 1 for path in paths)
        room = f"**{links}**" if names.startswith(CORE) and paths[0].is_dir() else links
        rows.append(f"| {room} | {text or said(paths[0])} | {files} | {sum(map(lines_of, paths)):,} |")
    return "\n".join(["| module | what it holds | files | lines |", "|---|---|---|---|", *rows])


def path(_: Collection[str], __: str = "") -> str:
    """Ten files to read first, in this order, and the lines of the first that each of the others is like."""
    places = {node.name: node for node in ast.parse((PACKAGE / "plain.py").read_text(encoding="utf-8")).body
              if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    rows = []
    for number, (name, (first, last, shows, adds)) in enumerate(PATH.items(), 1):
        like = f"{places[first].lineno}-{places[last].end_lineno}" if first else ""
        rows.append(f"| {number} | [{name}]({name}) | {shows} | {like} | {adds} | {lines_of(PACKAGE / name)} |")
    return "\n".join(["| | file | what it shows | lines in plain.py | what it adds | length |",
                      "|---|---|---|---|---|---|", *rows])


def imported(path: Path, package: str) -> set[str]:
    """The modules of a package that a file imports."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(node, ast.ImportFrom) and node.module]
    return {str(node.module).removeprefix(f"{package}.") for node in nodes} | {
        alias.name for node in nodes if node.module == package for alias in node.names}


def in_order(room: str) -> list[Path]:
    """The files of a room in the order of their imports: each imports only from those before it."""
    found = {path.stem: path for path in (PACKAGE / room).glob("*.py") if path.stem != "__init__"}
    leads_to = {name: imported(path, f"scratchtune.{room.replace('/', '.')}") for name, path in found.items()}
    order: list[Path] = []
    while found:
        order.append(found.pop(next(name for name in sorted(found) if not leads_to[name] & ({*found} - {name}))))
    return order


def files(_: Collection[str], room: str = "") -> str:
    """The files of a room and what each holds."""
    rows = [f"| [{path.name}]({path.name}) | {said(path)} |" for path in in_order(room)]
    return "\n".join(["| file | what it holds |", "|---|---|", *rows])


def order(_: Collection[str], room: str = "") -> str:
    """The files of a large room, without a sentence for each."""
    below = Path(room.removeprefix(CORE)).parts[1:]  # the README may be that of the room above
    folder = "".join(f"{part}/" for part in below)
    return ", ".join(f"[{path.stem}]({folder}{path.name})" for path in in_order(room))


def speech(_: Collection[str], __: str = "") -> str:
    """What a recogniser reaches with its defaults, on synthetic voices and on one person."""
    text = report("speech_defaults")
    (headings, *rows), (_, *built_in) = tables_of(text)
    person = re.findall(r"word error rate ([.\d]+), character", text)
    cells = ["the built-in clips, then ten digits said by a person", *built_in[0][1:6], " ".join(person),
             f"{statistics.mean(map(float, person)):.2f}"]
    return table(headings, [*rows, *built_in, cells])


def sections(_: Collection[str], __: str = "") -> str:
    """The map of the document's sections: the lesson that is most about each, else the module, and three formulas."""
    files, taught, rows = document.modules(), document.lessons(), []
    for number, title in document.TITLES.items():
        order = document.TAUGHT[number]
        about = sorted((order.index(int(Path(path).name[:2])), path) for path, told in taught.items() if number in told)
        texts = [(path, (ROOT / path).read_text(encoding="utf-8")) for _, path in about]
        here = [formula.id for formula in formulas.registry().values()
                if number in document.sections_of(formula, files)]
        cited = [name for _, text in texts for name in CITED.findall(text)]
        first = [f"`{name}`" for name in dict.fromkeys([*cited, *here]) if name in here and not name.endswith("_grad")]
        links = [f"[{text.splitlines()[1].removeprefix('# # ')}](../{path})" for path, text in texts[:1]]
        links = links or [f"[{path}](../{path})" for path, numbers in files.items() if number in numbers][:1]
        rows.append(f"| {number} {title} | {''.join(links)} | {', '.join(first[:3])} |")
    return "\n".join(["| section | lesson | formulas to begin with |", "|---|---|---|", *rows])


def parts(_: Collection[str], __: str = "") -> str:
    """What there is of each kind that can be added, by the names that users type."""
    optimizers = [name for name in st.__all__ if isinstance(getattr(st, name), type) and issubclass(
        getattr(st, name), st.Optimizer)]
    kinds = {"activations": ACTIVATIONS, "layers": st.layers.__all__, "losses": LOSSES, "optimizers": optimizers,
             "metrics": [name for name in metrics.__all__ if "y_true" in getattr(
                 getattr(metrics, name), "__annotations__", ())], "scores": metrics.SCORED,
             "splitters": [name for name in evaluation.__all__ if hasattr(getattr(evaluation, name), "split")],
             "searchers": [kind.__name__ for kind in (*search.SEARCHERS.values(), search.NSGA2)]}
    rows = [f"| {kind} | {', '.join(f'`{name}`' for name in names)} |" for kind, names in kinds.items()]
    return "\n".join(["| kind | names |", "|---|---|", *rows])


def untaught(_: Collection[str], __: str = "") -> str:
    """The formulas that no lesson shows, and that have no reason for it."""
    return ", ".join(f"`{name}`" for name in taught.untaught(course.lessons())) or "none."


# benchmarks/README.md -------------------------------------------------------------------------------------------------


def results(stale: Collection[str], _: str = "") -> str:
    """Every question, its answer in one sentence, and its reports; the ``stale`` ones are marked."""
    marked = re.sub(r"\(results/(\w+)\.md\)", lambda found: found[0] + f" {front.MARK}" * (found[1] in stale),
                    questions.won_and_lost())
    return f"{marked}\n\n{front.MARK} The code that this report measured has changed since: `python -m benchmarks " \
           "stale` says where."


def lessons(_: Collection[str], __: str = "") -> str:
    """The lessons by part: number and title, what each is about, its minutes, and the lessons that it needs."""
    parts = {first: part for part, first in course.PARTS.items()}
    blocks: list[list[str]] = []
    for number, path in course.lessons().items():
        title, about = course.heading(path)
        minutes, needs = course.minutes(path)
        if number in parts or not blocks:
            blocks.append([f"### {parts.get(number, '')}", "", "| lesson | what it is about | minutes | needs |",
                           "|---|---|--:|---|"])
        blocks[-1].append(f"| [{title}]({path.name}) | {about} | {minutes} | {' '.join(f'{n:02}' for n in needs)} |")
    return "\n\n".join("\n".join(block) for block in blocks)


def paths(_: Collection[str], __: str = "") -> str:
    """The ways through the course, each with its hours."""
    known = course.lessons()
    rows = [f"| {way} | {sum(course.minutes(known[n])[0] for n in numbers if n in known) / 60:.1f} | "
            f"{' '.join(f'[{n:02}]({known[n].name})' for n in numbers if n in known)} |"
            for way, numbers in course.PATHS.items() if len(numbers) < 30]
    return "\n".join(["| time | hours | lessons, in this order |", "|---|--:|---|", *rows])


# scratchtune/document/ ------------------------------------------------------------------------------------------------

MEASURED = PACKAGE / "document" / "measured.json"


def measured() -> str:
    """The claims that the table of the document's statements names: sentence, draws in which it held, draws."""
    known = json.loads((RESULTS / "claims.json").read_text(encoding="utf-8"))
    names = sorted({name for statement in STATEMENTS for name in statement.claims.split()})
    sentences = {claim: sentence for lesson in {int(name[:2]) for name in names}
                 for claim, sentence, _ in course.rules(lesson)}
    rows = (f'"{name}": {json.dumps([sentences[name], known[name]["held"], known[name]["draws"]])}' for name in names)
    return "{\n" + ",\n".join(rows) + "\n}\n"


GENERATORS: dict[str, Callable[[Collection[str], str], str]] = {
    "front": lambda stale, _: front.front(stale), "results": results, "lessons": lessons, "paths": paths,
    "sections": sections, "speech": speech, "rooms": rooms, "path": path, "files": files, "order": order,
    "parts": parts, "untaught": untaught}


def generated(page: str, marked: Collection[str] = ()) -> str:
    """A page with its generated blocks updated; these reports are marked as older than the code."""
    return BLOCK.sub(lambda found: f"{found[1]}{GENERATORS[found[2]](marked, found[3] or '')}\n{found[4]}", page)


def without_sizes(page: str) -> str:
    """A page without the sizes of files and rooms, which change with every edit."""
    return BLOCK.sub(lambda found: re.sub(r"( [\d,]+ \|)+$", "", found[0], flags=re.MULTILINE)
                     if found[2] in ("rooms", "path") else found[0], page)


def is_up_to_date(page: str) -> bool:
    """Whether a page is what would be written, whatever is marked, and but for the sizes."""
    now, then = (re.sub(" +", " ", without_sizes(text).replace(f" {front.MARK}", ""))
                 for text in (generated(page), page))
    return now == then


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or compare them with what would be written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks pages", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--rows", action="store_true", help="print where README's table is from, and write nothing")
    given = parser.parse_args(arguments)
    if given.rows:
        print(front.sources())
        return 0
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES if page.exists()}
    if given.check:
        old = [page for page, text in texts.items() if not is_up_to_date(text)]
        old += [MEASURED] * (MEASURED.read_text(encoding="utf-8") != measured())
        print(*(f"{page.relative_to(ROOT)} is out of date" for page in old), stale.listed(stale.reports()), sep="\n")
        return int(bool(old))
    marked = stale.reports()
    MEASURED.write_text(measured(), encoding="utf-8")
    for page, text in texts.items():
        if (new := generated(text, marked)) != text:
            page.write_text(new, encoding="utf-8")
            print(f"{page.relative_to(ROOT)} written")
    return 0
