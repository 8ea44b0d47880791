"""The pages to look things up in: every formula with its code and its test, sources, and the claims of the lessons."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path

from benchmarks.common import course, document, taught
from lessons import claims, highlight, prose
from lessons.book_course import to_lesson, to_section
from lessons.book_pages import Book, facts, listed, sided, source
from scratchtune import document as answered
from scratchtune import formulas
from scratchtune.core.formulas import Formula
from scratchtune.document.statements import STATEMENTS

ROOT = Path(__file__).parents[1]
REGISTRY_TEST = "tests/test_registry.py"
WHERE = re.compile(r"(\S+): (\S+), (scalar|\([^)]*\)), (.+)", re.DOTALL)
TEXTS = ("Computed as", "Returns", "Raises", "Variant", "Source")


def module_of(formula: Formula) -> str:
    """The file of a formula from the repository's root."""
    return formula.place.rpartition(":")[0]


@cache
def by_module() -> dict[str, list[Formula]]:
    """All formulas by their file."""
    found: dict[str, list[Formula]] = {}
    for formula in formulas.registry().values():
        found.setdefault(module_of(formula), []).append(formula)
    return found


def short(module: str) -> str:
    """A module's name without the package's: network.optimizers."""
    return module.removeprefix("scratchtune/").removeprefix("core/").removesuffix(".py").replace("/", ".")


def first_paragraph(file: str) -> str:
    """The first paragraph of a file's docstring."""
    return (ast.get_docstring(ast.parse((ROOT / file).read_text(encoding="utf-8"))) or "").split("\n\n")[0]


def said(text: str, links: prose.Links) -> str:
    """Text of a docstring: its code and the formulas that it names."""
    parts = re.split(r"``(.+?)``|`(.+?)`|\[(\w+)\]", text)
    found = []
    for at, part in enumerate(parts):
        if part is not None:
            inside = escape(part, quote=False)
            to = links(part) if at % 4 == 3 else None
            found.append(inside if at % 4 == 0 else f"<code>{inside}</code>" if at % 4 in (1, 2)
                         else prose.linked(f"<code>{inside}</code>", to) if to else f"[{inside}]")
    return "".join(found)


def table(kind: str, head: list[str], rows: Iterable[list[str]], anchors: list[str] | None = None) -> str:
    """A table that scrolls in itself."""
    names = "".join(f"<th>{name}</th>" for name in head)
    marks = (f' id="{anchor}"' for anchor in anchors) if anchors else itertools.repeat("")
    body = "\n".join(f"<tr{mark}>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
                     for row, mark in zip(rows, marks, strict=False))
    inside = f"<thead><tr>{names}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="scroll"><table class="{kind}">{inside}</table></div>'


# Formulas -----------------------------------------------------------------------------------------------------------


def name_formulas(book: Book) -> None:
    """Let the prose link to formulas."""
    for module, some in by_module().items():
        for formula in some:
            book.addresses[formula.id] = f"formulas/{short(module)}.html#{formula.id}"


@cache
def tests_of(module: str) -> str:
    """The file of tests for a module: the one that mirrors it, or the one that names most of its functions."""
    parts = Path(module).with_suffix("").parts[1:]
    mirror = Path("tests", *parts[:-1], f"test_{parts[-1]}.py")
    if (ROOT / mirror).exists():
        return mirror.as_posix()
    names = {each.plain.__name__ for each in by_module()[module]}
    found = {path: len(names & set(re.findall(r"\w+", path.read_text(encoding="utf-8"))))
             for path in sorted((ROOT / "tests" / parts[0]).rglob("test_*.py"))}
    best = max(found, key=found.__getitem__, default=None)
    return best.relative_to(ROOT).as_posix() if best and found[best] else ""


def formulas_pages(book: Book) -> None:
    """A page for each module that holds formulas, and their index."""
    for module, some in by_module().items():
        address = f"formulas/{short(module)}.html"
        head = f"""<p class="soft"><a href="index.html">Formulas</a></p>
<h1>{short(module)}</h1>
<p class="lead">{said(first_paragraph(module), book.links(address))}</p>
<p class="soft"><a href="../{source(module)}">{module}</a></p>"""
        ways = (f'<a href="#{each.id}">{each.id.replace("_", "_<wbr>")}</a>' for each in some)
        inside = "\n".join(_formula(book, address, each) for each in some)
        book.add(address, f"{short(module)}: formulas · scratchtune", sided(ways, head, inside))
        for each in some:
            book.found(each.id, book.addresses[each.id], "formula", each.sentence)
    _index(book)


def _index(book: Book) -> None:
    """All formulas as lines of text, by module, with links to the first module of each room."""
    rows, firsts = list[str](), dict[str, str]()
    for module, some in by_module().items():
        name = short(module)
        firsts.setdefault(name.partition(".")[0], name)
        lines = (f'<a href="{name}.html#{each.id}"><code>{each.id}</code></a> '
                 f'<span class="line">{escape(each.line)}</span>' for each in some)
        rows.append(f'<section><h2 id="{name}"><a href="{name}.html">{name}</a></h2>\n'
                    f'<p>{said(first_paragraph(module), book.links("formulas/index.html"))}</p>\n'
                    f'{listed(lines, "lines")}</section>')
    ways = (f'<a href="#{first}">{room}</a>' for room, first in firsts.items())
    book.add("formulas/index.html", "All formulas · scratchtune", f"""<h1>Formulas</h1>
<p class="lead">All {len(formulas.registry())} formulas of the package, by module. Each line is in the docstring of the
function that computes it, and a test compares the two: <code>scratchtune formulas --check</code>. Loops, equations that
are solved, and searches have no line: their docstrings say them in words.</p>
{listed(ways, "ways")}
{"".join(rows)}""")


def _formula(book: Book, page: str, formula: Formula) -> str:
    links, (module, _, line) = book.links(page), formula.place.rpartition(":")
    example = formula.sections.get("Example")
    shown = f'<h3>Example</h3>\n<pre class="code"><code>{highlight.session(example)}</code></pre>' if example else ""
    return f"""<section class="of-formula">
<h2 id="{formula.id}">{formula.id}</h2>
<p>{said(formula.sentence, links)}</p>
{prose.formula(formula.id, formula.line, lambda name: None)}
<pre class="line"><code>{escape(formula.line)}</code></pre>
{_where(formula, links)}
{facts(_rows(book, page, formula))}
{shown}
<h3>Code</h3>
<p class="soft"><a href="../{source(module, int(line))}">{formula.place}</a></p>
<pre class="code"><code>{highlight.html(formula.code)}</code></pre>
</section>"""


def _rows(book: Book, page: str, formula: Formula) -> dict[str, str]:
    """What there is to know about a formula: its docstring's other texts, gradients, lessons, sections and tests."""
    links, gradient = book.links(page), formula.gradient_of
    of = f"<code>{escape(gradient.target)}</code> of " if gradient and gradient.target else ""
    own = (other.id for other in formulas.registry().values()
           if other.gradient_of and other.gradient_of.id == formula.id)
    lessons = (to_lesson(book, page, number, escape(course.heading(course.lessons()[number])[0]))
               for number in taught_in()[formula.id])
    return {key: said(formula.sections.get(key, ""), links) for key in TEXTS} | {
        "Gradient of": f"{of}{said(f'[{gradient.id}]', links)} in <code>{gradient.argument}</code>" if gradient else "",
        "Its gradient": ", ".join(said(f"[{id}]", links) for id in own),
        "Lessons": ", ".join(lessons) or _without_lesson(formula),
        "Document": ", ".join(map(to_section, dict.fromkeys(document.sections_of(formula, in_sections())))),
        "Tests": _tests(formula)}


@cache
def taught_in() -> dict[str, list[int]]:
    """The lessons of each formula."""
    return taught.lessons_of(course.lessons())


@cache
def in_sections() -> document.Places:
    """The document's sections of each module."""
    return document.modules()


def _without_lesson(formula: Formula) -> str:
    names = {formula.id, formula.gradient_of.id if formula.gradient_of else ""}
    reason = next((reason for reason, some in taught.TECHNICAL.items() if names & {*some}), "")
    return f"none: {escape(reason)}" if reason else "none"


def _where(formula: Formula, links: prose.Links) -> str:
    """The table of the symbols."""
    rows = []
    for entry in re.split(r"\n(?! )", formula.sections["Where"]):
        found = WHERE.fullmatch(" ".join(entry.split()))
        assert found is not None, f"{formula.place}: {entry}"
        symbol, argument, shape, domain = found.groups()
        rows.append([f'<span class="symbol">{escape(symbol)}</span>', f"<code>{escape(argument)}</code>", escape(shape),
                     said(domain, links)])
    return table("where", ["symbol", "argument", "shape", "values"], rows)


def _tests(formula: Formula) -> str:
    """What tests a formula: the registry's check, and the file of tests for its module, at the function's first use."""
    found = [f'<a href="../{source(REGISTRY_TEST)}">{REGISTRY_TEST}</a> '
             f"(<code>pytest {REGISTRY_TEST} -k {formula.id}</code>)"]
    file = tests_of(module_of(formula))
    if file:
        lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
        used = (number for number, line in enumerate(lines, 1) if re.search(rf"\b{formula.plain.__name__}\(", line))
        found.append(f'<a href="../{source(file, next(used, 0))}">{file}</a>')
    return ", ".join(found)


# Sources ------------------------------------------------------------------------------------------------------------


def sources(book: Book) -> None:
    """The files that hold formulas, their tests, the rules of the claims, and what the document's page names; with a
    number at each line.
    """
    modules = list(by_module())
    tests = {tests_of(module) for module in modules} - {""}
    rules = [f"lessons/rules/{path.name}" for path in sorted((ROOT / "lessons" / "rules").glob("rules_*.py"))]
    named = {answered.place(one.code).partition(":")[0] for one in STATEMENTS if one.code} - {*modules}
    for file in [*modules, *sorted(tests), REGISTRY_TEST, *rules, *sorted(named)]:
        address = source(file)
        links = book.links(address)
        lines = highlight.lines((ROOT / file).read_text(encoding="utf-8"))
        rows = [f'<span id="L{number}"></span>{_referring(line, links)}' for number, line in enumerate(lines, 1)]
        to = f'<p class="soft"><a href="../formulas/{short(file)}.html">Its formulas</a></p>' if file in modules else ""
        code = "\n".join(rows)
        book.add(address, f"{file} · scratchtune",
                 f'<h1 class="file">{file}</h1>{to}\n<pre class="source"><code>{code}</code></pre>')


def _referring(line: str, links: prose.Links) -> str:
    """A line of code whose comments and docstrings link to the formulas that they name."""
    def linked(found: re.Match[str]) -> str:
        return re.sub(r"\[([a-z]\w+)\]", lambda name: f"[{prose.linked(name[1], links(name[1]))}]", found[0])

    return re.sub(r'<span class="[sc]">[^<]*</span>', linked, line)


# Claims -------------------------------------------------------------------------------------------------------------


def name_claims(book: Book) -> None:
    """Let the prose link to claims."""
    for id in claims.stored():
        book.addresses[id] = f"claims.html#{id}"


def claims_page(book: Book) -> None:
    """Every claim: the sentence, in how many draws it held, and the code that draws again."""
    stored, sections = claims.stored(), []
    for number, path in course.lessons().items():
        rows = {id: [id, escape(sentence), f"{stored[id]['held']} of {stored[id]['draws']}",
                     f'<a href="{source(f"lessons/rules/rules_{number:02}.py", line)}">rule</a>']
                for id, sentence, line in course.rules(number)}
        title = to_lesson(book, "claims.html", number, escape(course.heading(path)[0]))
        inside = table("claims", ["ID", "sentence", "held in draws", "code"], rows.values(), list(rows))
        sections.append(f'<section><h2 id="lesson-{number:02}">{title}</h2>\n{inside}</section>' * bool(rows))
    held, draws = (sum(row[name] for row in stored.values()) for name in ("held", "draws"))
    book.add("claims.html", "The claims of the lessons · scratchtune", f"""<h1>Claims</h1>
<p class="lead">Each sentence of a lesson that compares was measured again, on draws (seeds, splits, lengths) that its
lesson does not use. {len(stored)} claims held in {held:,} of {draws:,} draws. <code>python -m lessons claims 18</code>
measures those of a lesson.</p>
{"".join(sections)}""")
    book.found("Claims", "claims.html", "page", "evidence draws 结论")
