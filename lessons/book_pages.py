"""The pages of the book: of what each consists, and one object that collects them, their links and search entries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.common import course
from lessons import cells

FOLDER = Path(__file__).parent
NAVIGATION = {  # the pages that every page links to, by the key of their name in book.json
    "contents": "index.html#contents", "instruments": "instruments.html", "formulas": "formulas/index.html",
    "glossary": "glossary.html", "document": "document.html"}
LANGUAGE = '<button type="button" data-set="language" data-text="core.language">中文</button>'
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
