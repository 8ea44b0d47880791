"""The pages of the course: the front with the game and the contents, lessons, instruments, glossary, the document."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import NamedTuple

from benchmarks.common import course, document
from lessons import cells, highlight, prose
from lessons.book_pages import Book, both, facts, listed, sided, source
from scratchtune import document as answered
from scratchtune import formulas
from scratchtune.document.statements import STATEMENTS, Statement
from scratchtune.play import page as play
from scratchtune.translated import translation

FOLDER = Path(__file__).parent


@cache
def readme(chinese: bool = False) -> str:
    """The page of the course."""
    return (FOLDER / ("README.zh.md" if chinese else "README.md")).read_text(encoding="utf-8")


@cache
def in_chinese() -> dict[int, tuple[str, str]]:
    """The Chinese title of each lesson, and its question."""
    rows = re.findall(r"^\| \[(\d\d) ([^]]+)\]\([^)]+\) \| ([^|]+?) \|", readme(chinese=True), re.MULTILINE)
    return {int(number): (title, question) for number, title, question in rows}


def titles(number: int) -> tuple[str, str]:
    """A lesson's title without its number, in English and in Chinese."""
    return course.heading(course.lessons()[number])[0].partition(" ")[2], in_chinese()[number][0]


def lines(number: int) -> tuple[str, str]:
    """What a lesson is about, in English, and its question in Chinese."""
    return course.heading(course.lessons()[number])[1], in_chinese()[number][1]


def parts() -> list[tuple[str, str, list[int]]]:
    """The parts of the course: their names in English and in Chinese, and their lessons."""
    named = re.findall(r"^### (.+)$", readme(chinese=True).partition("\n## 术语表")[0], re.MULTILINE)
    firsts, every = list(course.PARTS.values()), list(course.lessons())
    ends = [*firsts[1:], every[-1] + 1]
    return [(name, chinese, [number for number in every if first <= number < end])
            for (name, first), chinese, end in zip(course.PARTS.items(), named, ends, strict=True)]


def to_lesson(book: Book, page: str, number: int, inside: str) -> str:
    """A link to a lesson, if the book has it."""
    return prose.linked(inside, book.links(page)(f"lesson {number:02}"))


def to_section(name: str) -> str:
    """A link to a section of the document, from a page in a folder."""
    return f'<a href="../document.html#section-{name}">{name} <span lang="zh-CN">{document.TITLES[name]}</span></a>'


# The front ----------------------------------------------------------------------------------------------------------


def front(book: Book) -> None:
    """The game, and below it the contents."""
    main = f"""<section id="game"></section>
{play.BOARD}<section id="contents" class="contents">
<h2>{book.said("course")}</h2>
<p class="lead">{book.said("about", lessons=len(course.lessons()))}</p>
<h3>{book.said("ways")}</h3>
{listed(_ways(book), "ways")}
<div class="parts">{"".join(_part(book, *part) for part in parts())}</div>
<h2>{book.said("more")}</h2>
{listed(_more(book), "more")}
</section>"""
    book.add("index.html", "scratchtune: beat the searcher, and a course", main,
             ("trainings", "moves", "game", "ending", "board"), bilingual=True)
    book.found("Beat the searcher", "index.html", "page", "game 游戏 打败搜索器")
    book.found("Contents", "index.html#contents", "page", "course lessons 目录")


def _ways(book: Book) -> Iterator[str]:
    """The ways through the course: the time, and the lessons in their order."""
    for way, numbers in course.PATHS.items():
        hours = sum(course.minutes(course.lessons()[number])[0] for number in numbers) / 60
        name, time = book.said(way.replace(" ", "_")), book.said("hours", hours=f"{hours:.0f}")
        links = [to_lesson(book, "index.html", number, f'<span title="{escape(titles(number)[0])}">{number:02}</span>')
                 for number in numbers]
        shown = " ".join(links) if len(numbers) < len(course.lessons()) else book.said("all", lessons=len(numbers))
        yield f'<strong>{name}</strong> <span class="soft">{time}</span><span class="numbers">{shown}</span>'


def _part(book: Book, english: str, chinese: str, numbers: list[int]) -> str:
    rows = []
    for number in numbers:
        title, about = (both(*map(escape, pair)) for pair in (titles(number), lines(number)))
        time = book.said("minutes", minutes=course.minutes(course.lessons()[number])[0])
        link = to_lesson(book, "index.html", number, title)
        rows.append(f'<span class="number">{number:02}</span><div><strong>{link}</strong> '
                    f'<span class="soft">{time}</span><p>{about}</p></div>')
    return f'<section id="part-{numbers[0]:02}"><h3>{both(english, chinese)}</h3>{listed(rows, tag="ol")}</section>'


def _more(book: Book) -> Iterator[str]:
    count = len(formulas.registry())
    for key, address in (("instruments", "instruments.html"), ("formulas", "formulas/index.html"),
                         ("glossary", "glossary.html"), ("document", "document.html"), ("claims", "claims.html")):
        about = book.said(f"about_{key}", formulas=count)
        yield f'<a href="{address}"><strong>{book.said(key)}</strong></a> {about}'


# A lesson -----------------------------------------------------------------------------------------------------------


class Section(NamedTuple):
    """A section of a lesson: its anchor, its heading, and its HTML."""

    anchor: str
    heading: str
    text: str


def lessons(book: Book) -> None:
    """A page for each lesson that was run."""
    for number in book.outputs:
        _lesson(book, number)


def _lesson(book: Book, number: int) -> None:
    page, (title, line) = book.addresses[f"lesson {number:02}"], course.heading(course.lessons()[number])
    instruments = [name for name, each in play.INSTRUMENTS.items() if each.lesson == number]
    *sections, exercise = _sections(book, number, page)
    first = max(first for first in course.PARTS.values() if first <= number)
    part = next(name for name, other in course.PARTS.items() if other == first)
    head = f"""<p class="soft"><a href="../index.html#part-{first:02}">{part}</a></p>
<h1>{escape(title)}</h1>
<p class="lead">{prose.inline(line, book.links(page))}</p>
{_facts(book, number, page)}"""
    inside = "\n".join([*(each.text for each in sections), play.sections(instruments), exercise.text])
    ways = (f'<a href="#{each.anchor}">{each.heading}</a>' for each in (*sections, exercise))
    needed = ["trainings"] * bool(play.OF_TRAININGS & {*instruments})
    book.add(page, f"{title} · scratchtune", sided(ways, head, f"{inside}\n{_neighbours(book, number, page)}"),
             (*needed, *instruments))
    chinese, question = in_chinese()[number]
    taught = [f"{term.term} {term.chinese}" for some in terms().values() for term in some
              if term.lesson[1:3] == f"{number:02}"]
    book.found(f"{title} · {chinese}", page, "lesson", " ".join([line, question, *taught]))
    for each in sections:
        if not re.match(r"Question|Predict|Answer", each.heading):
            book.found(each.heading, f"{page}#{each.anchor}", "heading", title)


def _facts(book: Book, number: int, page: str) -> str:
    minutes, needs = course.minutes(course.lessons()[number])
    return facts({
        "Time": f"{minutes} minutes, and ten for the exercise",
        "Needs": ", ".join(to_lesson(book, page, other, f"{other:02} {escape(titles(other)[0])}") for other in needs),
        "Document": ", ".join(to_section(name) for name, numbers in document.TAUGHT.items() if number in numbers),
        "Run it": f"<code>python -m lessons {number}</code>"})


def _sections(book: Book, number: int, page: str) -> Iterator[Section]:
    """The sections of a lesson, each with what its cells printed and drew."""
    outputs, links = iter(book.outputs[number]), book.links(page)
    heading, inside = "", list[str]()

    def section() -> Section:
        kind = heading.partition(" ")[0].lower()
        text = "\n".join(inside)
        return Section(prose.slug(heading), heading, f'<section class="{kind}">\n{text}\n</section>')

    for cell in cells.cells(course.lessons()[number])[1:]:  # the first one has the title, the line and the minutes
        if not cell.is_code and (found := re.match(r"## (.+)", cell.text)):
            if heading:
                yield section()
            heading, inside = found[1], []
        inside.append(_code(cell.text, next(outputs), number) if cell.is_code
                      else f'<div class="prose">{prose.html(cell.text, links)}</div>')
    yield section()


def _code(text: str, output: cells.Output, number: int) -> str:
    made = [f'<pre class="code"><code>{highlight.html(text)}</code></pre>']
    if output.printed:
        made.append(f'<pre class="output"><samp>{escape(output.printed, quote=False)}</samp></pre>')
    for picture in output.pictures:
        size = f'width="{picture.width}" height="{picture.height}"'
        image = f'<img src="{picture.file}" {size} alt="{escape(picture.text)}">'
        caption = f"<strong>Picture of lesson {number:02}</strong> {escape(picture.title)}"
        made.append(f'<figure><a href="{picture.file}">{image}</a><figcaption>{caption}</figcaption></figure>')
    return f'<div class="cell">{"".join(made)}</div>'


def _neighbours(book: Book, number: int, page: str) -> str:
    """The lessons before and after, of those that the book has."""
    every, found = list(book.outputs), []
    for kind, shown, at in (("prev", "← {}", every.index(number) - 1), ("next", "{} →", every.index(number) + 1)):
        if 0 <= at < len(every):
            to = book.links(page)(f"lesson {every[at]:02}")
            title = escape(course.heading(course.lessons()[every[at]])[0])
            found.append(f'<a rel="{kind}" href="{to}">{shown.format(title)}</a>')
    return f'<nav class="neighbours" aria-label="Lessons before and after">{"".join(found)}</nav>'


def instruments(book: Book) -> None:
    """All instruments on one page."""
    ways = (f'<a href="#{name}" data-text="{name}.title"></a>' for name in play.INSTRUMENTS)
    main = f"""<h1>{book.said("instruments")}</h1>
<p class="lead">{book.said("about_instruments")}</p>
{listed(ways, "ways")}
{play.sections(play.INSTRUMENTS)}"""
    needed = ["trainings"] * bool(play.OF_TRAININGS & play.INSTRUMENTS.keys())
    book.add("instruments.html", "Instruments · scratchtune", main, (*needed, *play.INSTRUMENTS), bilingual=True)
    texts = play.texts(play.INSTRUMENTS)
    for name in play.INSTRUMENTS:
        title, what = texts[f"{name}.title"], texts[f"{name}.what"]
        book.found(" · ".join(title), f"instruments.html#{name}", "instrument", what[0])


# The glossary and the document --------------------------------------------------------------------------------------


class Term(NamedTuple):
    """A row of the glossary, with the Chinese term and its meaning."""

    term: str
    meaning: str
    symbol: str
    code: str
    lesson: str
    chinese: str
    sense: str

    @property
    def anchor(self) -> str:
        return f"term-{prose.slug(self.term)}"


@cache
def terms() -> dict[tuple[str, str], list[Term]]:
    """The glossary by heading, in English and in Chinese."""
    def tables(text: str) -> list[tuple[str, list[list[str]]]]:
        return [(name.strip(), [[cell.strip() for cell in line.strip("|").split(" | ")]
                                for line in table.splitlines() if re.match(r"\| (?!term |术语 )", line)])
                for name, _, table in (part.partition("\n") for part in text.split("\n### ")[1:])]

    english, chinese = (tables(readme(is_chinese).partition(f"\n## {heading}\n")[2])
                        for is_chinese, heading in ((False, "Glossary"), (True, "术语表")))
    return {(name, other): [Term._make([*row, translated[0], translated[2]])
                            for row, translated in zip(rows, others, strict=True)]
            for (name, rows), (other, others) in zip(english, chinese, strict=True)}


def name_terms(book: Book) -> None:
    """Let the prose link to terms, also by an abbreviation in parentheses."""
    for term in (term for some in terms().values() for term in some):
        plain, _, inside = term.term.partition(" (")
        for name in (plain, *re.findall(r"^([A-Z]\w+)\)$", inside)):
            book.name_term(name, f"glossary.html#{term.anchor}")


def glossary(book: Book) -> None:
    """The terms in two languages; the headings have the anchors that the lessons' links name."""
    links, rows = book.links("glossary.html"), []
    for (english, chinese), some in terms().items():
        inside = "\n".join(_term(term, links) for term in some)
        rows.append(f'<section><h2 id="{prose.slug(english)}">{both(english, chinese)}</h2>\n'
                    f'<dl class="terms">{inside}</dl></section>')
        for term in some:
            meaning = re.sub(r"[`*]", "", term.meaning)
            book.found(f"{term.term} · {term.chinese}", f"glossary.html#{term.anchor}", "term", meaning)
    ways = (f'<a href="#{prose.slug(english)}">{both(english, chinese)}</a>' for english, chinese in terms())
    main = f'<h1>{book.said("glossary")}</h1><p class="lead">{book.said("about_glossary")}</p>\n'
    book.add("glossary.html", "Glossary · scratchtune", "\n".join([main, listed(ways, "ways"), *rows]), bilingual=True)


def _term(term: Term, links: prose.Links) -> str:
    more = []
    if term.symbol:
        symbol, name = re.fullmatch(r"`(.+)` of \[(\w+)\]", term.symbol).groups()  # type: ignore[union-attr]
        more.append(f'<span class="symbol">{escape(symbol)}</span> in {prose.linked(name, links(name))}')
    if term.code:
        more.append(prose.inline(term.code, links))
    if term.lesson:
        number = term.lesson[1:3]
        more.append(f"{both('lesson', '课')} {prose.linked(number, links(f'lesson {number}'))}")
    name = f'{escape(term.term)} <span lang="zh-CN">{escape(term.chinese)}</span>'
    meaning = both(prose.inline(term.meaning, links), prose.inline(term.sense, links))
    details = f'<span class="soft">{" · ".join(more)}</span>'
    return f'<div id="{term.anchor}"><dt>{name}</dt><dd>{meaning}{details}</dd></div>'


def statement_of(book: Book, statement: Statement) -> str:
    """A statement of the document: its quotation, our verdict and why, and what that rests on."""
    chinese, escaped = translation("zh"), functools.partial(escape, quote=False)
    verdict = both(escaped(statement.verdict), escaped(chinese(statement.verdict)))
    rests = []
    for claim in statement.claims.split():
        sentence, held, draws = answered.measured()[claim]
        of = both(f"{held} of {draws} draws", f"{draws} 次抽样中 {held} 次成立")
        rests.append(f'<a href="{book.addresses.get(claim, "claims.html")}">{claim}</a> {escaped(sentence)} ({of})')
    rests += [f'<a href="{book.addresses[id]}"><code>{id}</code></a>' for id in statement.formulas.split()]
    if statement.code:
        file, _, line = answered.place(statement.code).partition(":")
        name = statement.code.removeprefix("scratchtune.")
        rests.append(f'<a href="{source(file, int(line))}"><code>{name}</code></a>')
    why = both(f"<em>{escaped(statement.english)}</em> {escaped(statement.note)}", escaped(chinese(statement.note)))
    return (f'<div><dt><q lang="zh-CN">{escaped(statement.quote)}</q> <strong>{verdict}</strong></dt>'
            f'<dd>{why}<span class="soft">{" · ".join(rests)}</span></dd></div>')


def document_page(book: Book) -> None:
    """The document that the package implements, section by section: its statements, lessons and formulas."""
    page, files, rows = "document.html", document.modules(), []
    places = {each.id: document.sections_of(each, files) for each in formulas.registry().values()}
    for name, title in document.TITLES.items():
        taught = (to_lesson(book, page, number, f"{number:02} {both(*map(escape, titles(number)))}")
                  for number in document.TAUGHT[name])
        own = [f'<a href="{book.addresses[id]}"><code>{id}</code></a>'
               for id, sections in places.items() if name in sections]
        shown = f'<p class="ids">{" ".join(own)}</p>' if own else ""
        said = "\n".join(statement_of(book, one) for one in STATEMENTS if one.section == name)
        rows.append(f'<section id="section-{name}"><h2>{name} <span lang="zh-CN">{title}</span></h2>\n'
                    f'<dl class="terms">\n{said}\n</dl>\n{listed(taught, "taught")}\n{shown}</section>')
        book.found(f"{name} {title}", f"{page}#section-{name}", "page", "document 文档")
    main = f'<h1>{book.said("document")}</h1><p class="lead">{book.said("about_document")}</p>\n'
    book.add(page, "The document, section by section · scratchtune", "\n".join([main, *rows]), bilingual=True)
