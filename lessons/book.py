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
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tqdm import tqdm

from benchmarks.common import course
from lessons import book_course, book_reference, cells, race
from lessons.book_pages import Book
from scratchtune.core import cores
from scratchtune.core.checks import counted
from scratchtune.core.files import made_folder
from scratchtune.play import page as play

FOLDER = Path(__file__).parent
Ran = tuple[int, list[cells.Output] | RuntimeError, float]


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
