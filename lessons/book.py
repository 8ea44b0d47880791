"""The course as a folder of pages that any web server serves, or a browser opens from the disk; no network is needed.

    python -m lessons book                 runs all lessons, a few minutes, and writes the folder `book`
    python -m lessons book 19 20           only these lessons; the others are not linked
    python -m lessons book --out site --jobs 2

Each lesson is run once, in a process of its own; its page has what the cells printed and drew. One that fails is named,
the exit code is 1, and the other pages are written.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from tqdm import tqdm

from lessons import __main__ as course
from lessons import cells, race
from scratchtune import cores
from scratchtune.checks import counted
from scratchtune.files import made_folder
from scratchtune.play import page as play

FOLDER = Path(__file__).parent
NAVIGATION = {  # the pages that every page links to, by the key of their name in book.json
    "contents": "index.html#contents", "instruments": "instruments.html", "formulas": "formulas/index.html",
    "glossary": "glossary.html", "document": "document.html"}
LANGUAGE = '<button type="button" data-set="language" data-text="core.language">中文</button>'
Ran = tuple[int, list[cells.Output] | RuntimeError, float]
Entry = tuple[str, str, str, str]  # of the search: what is found, its address, its kind, and more words that find it


def words() -> dict[str, tuple[str, str]]:
    """The book's own texts by key, in English and in Chinese."""
    return {key: (english, chinese) for key, (english, chinese) in
            json.loads((FOLDER / "book.json").read_text(encoding="utf-8")).items()}


def both(english: str, chinese: str) -> str:
    """HTML in two languages, of which the page shows one."""
    return f'<span data-in="en" lang="en">{english}</span><span data-in="zh" lang="zh-CN">{chinese}</span>'


def listed(items: Iterable[str], kind: str = "", tag: str = "ul") -> str:
    """A list of HTML."""
    inside = "\n".join(f"<li>{item}</li>" for item in items)
    return f'<{tag} class="{kind}">\n{inside}\n</{tag}>' if kind else f"<{tag}>\n{inside}\n</{tag}>"


def facts(rows: Mapping[str, str]) -> str:
    """What there is to know, each with its name; what is empty is left out."""
    inside = "".join(f"<div><dt>{name}</dt><dd>{row}</dd></div>\n" for name, row in rows.items() if row)
    return f'<dl class="facts">\n{inside}</dl>'


def source(file: str, line: int = 0) -> str:
    """The address of a file's page, at a line."""
    return f"source/{file.removesuffix('.py').replace('/', '.')}.html" + f"#L{line}" * bool(line)


def sided(ways: Iterable[str], title: str, main: str) -> str:
    """A page with links to its parts at the side."""
    return f"""<div class="sided">
<nav class="side" aria-label="On this page">{listed(ways, tag="ol")}</nav>
<article>
<div class="title">{title}</div>
{main}
</article></div>"""


@dataclass
class Book:
    """All pages by address, relative to the folder of the book, and what leads to them.

    ``outputs`` is what the cells of each lesson printed and drew; a lesson that is not there has no page.
    """

    outputs: Mapping[int, list[cells.Output]]
    addresses: dict[str, str] = field(default_factory=dict)  # of a formula, a claim, a term, a lesson, by its name
    pages: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    texts: dict[str, tuple[str, str]] = field(default_factory=words)

    def __post_init__(self) -> None:
        for number in self.outputs:
            self.addresses[f"lesson {number:02}"] = f"lessons/{course.lessons()[number].stem}.html"

    def said(self, key: str, **values: Any) -> str:
        """A text of the book in both languages."""
        return both(*(escape(text.format(**values), quote=False) for text in self.texts[f"book.{key}"]))

    def links(self, page: str) -> Callable[[str], str | None]:
        """What is named in the prose of a page -> its address from there."""
        def find(name: str) -> str | None:
            to = self.addresses.get(name)
            if name.startswith("README.md#"):
                anchor, _, text = name.removeprefix("README.md#").partition(" ")
                to = self.addresses.get(_term(text), f"glossary.html#{anchor}")
            return root(page) + to if to else None
        return find

    def name_term(self, name: str, address: str) -> None:
        """Let the prose link to a term, of which the first with this name counts."""
        self.addresses.setdefault(_term(name), address)

    def add(self, address: str, title: str, main: str, scripts: Iterable[str] = (), bilingual: bool = False) -> None:
        """Add a page; ``scripts`` are those that it needs beyond the ones of every page."""
        up = root(address)
        needed = "\n".join(f'<script defer src="{up}assets/{name}.js"></script>' for name in ("core", "book", *scripts))
        navigation = "\n".join(f'<a href="{up}{to}">{self.said(key)}</a>' for key, to in NAVIGATION.items())
        self.pages[address] = Template((FOLDER / "book.html").read_text(encoding="utf-8")).substitute(
            title=escape(title), root=up, scripts=needed, navigation=navigation, skip=self.said("skip"), main=main,
            kind=address.partition("/")[0].removesuffix(".html"), language="" if bilingual else ' lang="en"',
            choice=LANGUAGE if bilingual else "")

    def found(self, title: str, address: str, kind: str, more: str = "") -> None:
        """Let the search find something."""
        self.entries.append((title, address, kind, more))


def root(address: str) -> str:
    """The way from a page to the folder of the book."""
    return "../" * address.partition("#")[0].count("/")


def _term(text: str) -> str:
    """The name of a term as it is compared: in small letters, without a plural."""
    return f"term {' '.join(text.lower().split()).removesuffix('s')}"


# The files ----------------------------------------------------------------------------------------------------------


def assets(book: Book) -> dict[str, str]:
    """The style and the scripts, each of them once for all pages."""
    formulas = {id: book.addresses[id] for each in play.INSTRUMENTS.values() for id in each.formulas}
    lessons = {each.lesson: book.addresses[f"lesson {each.lesson:02}"] for each in play.INSTRUMENTS.values()
               if each.lesson in book.outputs}
    scripts = play.scripts(play.INSTRUMENTS, formulas, lessons, board=race.board())
    own = json.dumps(book.texts, ensure_ascii=False, separators=(",", ":"))
    scripts["book"] = f"Object.assign(play.texts, {own});\n{(FOLDER / 'book.js').read_text(encoding='utf-8')}"
    entries = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in book.entries)
    scripts["entries"] = f"play.entries = [\n{entries}\n];"
    files = {f"assets/{name}.js": f'"use strict";\n{text}\n' for name, text in scripts.items()}
    return files | {"assets/book.css": f"{play.read('page.css')}\n{(FOLDER / 'book.css').read_text(encoding='utf-8')}"}


def write(outputs: Mapping[int, list[cells.Output]], folder: Path) -> Book:
    """Write all pages of a course whose lessons have been run."""
    from lessons import book_course, book_reference  # which need much

    book = Book(outputs)
    for make in (book_reference.name_formulas, book_course.name_terms, book_reference.name_claims):
        make(book)
    for make in (book_course.front, book_course.lessons, book_course.instruments, book_course.glossary,
                 book_course.document_page, book_reference.formulas_pages, book_reference.claims_page,
                 book_reference.sources):
        make(book)
    for address, text in (book.pages | assets(book)).items():
        path = folder / address
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return book


# The command --------------------------------------------------------------------------------------------------------


def run(numbers: list[int], pictures: Path, jobs: int) -> Iterator[Ran]:
    """Run lessons, some at a time: the number of each, what it printed and drew or why it stopped, and its seconds."""
    def one(number: int) -> Ran:
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="lesson-") as place:
            try:
                found = cells.run(course.lessons()[number], Path(place))
            except RuntimeError as error:
                return number, error, time.perf_counter() - begun
            for picture in (picture for each in found for picture in each.pictures):
                (pictures / picture.file).write_bytes((Path(place) / picture.file).read_bytes())
        return number, found, time.perf_counter() - begun

    pictures.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(one, number) for number in numbers]):
            yield done.result()


def parser() -> argparse.ArgumentParser:
    assert __doc__ is not None
    made = argparse.ArgumentParser(prog="python -m lessons book", description=__doc__,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("numbers", nargs="*", metavar="NUMBER", help="lessons; without one, all")
    made.add_argument("--out", type=Path, default=Path("book"), metavar="DIR", help="the folder (default: book)")
    made.add_argument("--jobs", type=int, default=cores.count(), metavar="N",
                      help="how many lessons are run at a time (default: the number of cores)")
    return made


def main(arguments: list[str]) -> int:
    """Run lessons and write the book; the exit code."""
    given = parser().parse_args(arguments)
    try:
        numbers = sorted({course.number_of(text) for text in given.numbers}) or list(course.lessons())
        if given.jobs < 1:
            raise ValueError(f"jobs is {given.jobs}; it must be at least 1")
        made_folder(given.out, "--out")
    except (ValueError, OSError) as error:
        print(f"lessons: {error}", file=sys.stderr)
        return 2
    outputs, seconds = dict[int, list[cells.Output]](), dict[int, float]()
    running = run(numbers, given.out / "lessons", given.jobs)
    for number, found, seconds[number] in tqdm(running, "lessons", len(numbers), unit="", disable=None):
        if isinstance(found, RuntimeError):
            tqdm.write(f"Lesson {number:02} stopped. {found}", file=sys.stderr)
        else:
            outputs[number] = found
    book = write(dict(sorted(outputs.items())), given.out)
    slowest = max(seconds, key=seconds.__getitem__)
    print(f"{given.out / 'index.html'}: {len(book.pages)} pages, {counted(len(outputs), 'lesson')}; the slowest was "
          f"{slowest:02}, with {seconds[slowest]:.0f} s")
    return 0 if len(outputs) == len(numbers) else 1
