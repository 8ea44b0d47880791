"""The prose of a lesson as HTML: the small part of Markdown that the lessons use, and nothing else.

Headings of one or two #, paragraphs, lists, numbered lists, text indented by four spaces, *emphasis*, **strong words**,
`code`, [links](README.md#tuning). A list item `- [ID] line` is a formula. A name in brackets, `[adam]` or `[18a]`, and
a number after the word lesson are links as well, where the book has their page. What is not known is refused with the
line, so that nothing looks other than it was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

from lessons.typeset import mathml

Links = Callable[[str], str | None]  # from what is named (README.md#tuning, adam, 18a, lesson 18) to its address

FORMULA = re.compile(r"- \[([a-z]\w+)\] (.+ = .+)", re.DOTALL)
REFUSED = re.compile(r"#{3,} |[>|<]|[+*] |!\[|```|~~~|(?:---|\*\*\*|===)$|\t|[ ]{1,3}[-*+\d]")
_BLOCKS = {"code": re.compile(r" {4}"), "heading": re.compile(r"#{1,2} "), "bullets": re.compile(r"- "),
           "numbers": re.compile(r"\d+\. ")}
_INLINE = re.compile(r"""
      (?P<code>`[^`]+`)
    | (?P<strong>\*\*[^*\s](?:[^*]*[^*\s])?\*\*)
    | (?<![A-Za-z\d*])(?P<emphasis>\*[^*\s](?:[^*]*[^*\s])?\*)(?![A-Za-z\d*])
    | \[(?P<text>[^\]]+)\]\((?P<to>[^)\s]+)\)
    | \[(?P<name>[a-z]\w+|\d\d[a-z])\]
    | (?P<lessons>\b[Ll]essons?[ ]\d\d(?:(?:,[ ]|[ ]and[ ]|[ ]to[ ]|,[ ]and[ ])\d\d)*)\b""", re.VERBOSE)


def html(text: str, links: Links) -> str:
    """Prose as HTML; a ValueError names a line that is not understood."""
    return "\n".join(_element(kind, lines, links) for kind, lines in blocks(text))


def blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """The blocks of a text: the kind of each, and its lines; those of a list are its items."""
    kind, lines = "", list[str]()
    for line in [*text.splitlines(), ""]:
        now = next((name for name, begin in _BLOCKS.items() if begin.match(line)), "paragraph" if line else "")
        if kind in ("bullets", "numbers") and (deeper := re.fullmatch(r" {2,3}(?! )(.+)", line)):
            lines[-1] += f"\n{deeper[1]}"
            continue
        if kind == "paragraph" and now == "numbers" and not line.startswith("1. "):
            now = kind  # as in Markdown: a sentence that ends with a number, which is the first word of a line
        if REFUSED.match(line) and now != "code":
            raise ValueError(f"{line!r} is no Markdown that the course uses")
        if kind in ("bullets", "numbers") and now == "paragraph":
            raise ValueError(f"{line!r} follows a list item without an empty line; indent it if it belongs to the item")
        if now != kind or now == "heading":
            if lines:
                yield kind, lines
            kind, lines = now, []
        lines += [line] * bool(line)


def inline(text: str, links: Links) -> str:
    """The inside of a paragraph: code, emphasis and links; a ValueError where a mark is left over."""
    parts, at = [], 0
    for found in _INLINE.finditer(text):
        parts += [_plain(text[at : found.start()]), _marked(found, links)]
        at = found.end()
    return "".join([*parts, _plain(text[at:])])


def linked(inside: str, to: str | None) -> str:
    """A link; without an address, what would be in it."""
    return f'<a href="{escape(to)}">{inside}</a>' if to else inside


def formula(name: str, line: str, links: Links) -> str:
    """A formula, typeset, with its name beside it."""
    label = linked(f"<code>{name}</code>", links(name))
    typeset = f'<div class="math" role="group" aria-label="{name}">{mathml(line)}</div>'
    return f'<div class="formula">{typeset}<p>{label}</p></div>'


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _element(kind: str, lines: list[str], links: Links) -> str:
    if kind == "heading":
        marks, _, heading = lines[0].partition(" ")
        return f'<h{len(marks)} id="{slug(heading)}">{inline(heading, links)}</h{len(marks)}>'
    if kind == "code":
        inside = escape("\n".join(line[4:] for line in lines))
        return f'<pre class="block"><code>{inside}</code></pre>'
    if kind == "paragraph":
        return f"<p>{inline(chr(10).join(lines), links)}</p>"
    if kind == "numbers":
        first, items = lines[0].partition(".")[0], [line.partition(". ")[2] for line in lines]
        return _list(f'ol start="{first}"' if first != "1" else "ol", items, links)
    found = [FORMULA.fullmatch(line) for line in lines]
    if any(found):
        return "\n".join(formula(each[1], each[2].replace("\n", " "), links) if each else _list("ul", [line[2:]], links)
                         for each, line in zip(found, lines, strict=True))
    return _list("ul", [line[2:] for line in lines], links)


def _list(tag: str, items: list[str], links: Links) -> str:
    inside = "\n".join(f"<li>{inline(item, links)}</li>" for item in items)
    return f"<{tag}>\n{inside}\n</{tag.partition(' ')[0]}>"


def _plain(text: str) -> str:
    """Text without marks; an asterisk, a backtick or a tag that is left over is refused."""
    if found := re.search(r"`|(?<!\s)\*|\*(?!\s)|\]\(|</?[a-z]+[ />]|&\w+;|\\[*_`\[]", text):
        raise ValueError(f"{found[0]!r} in {text.strip()!r} is no Markdown that the course uses")
    return escape(text, quote=False)


def _marked(found: re.Match[str], links: Links) -> str:
    kind = found.lastgroup
    if kind == "code":
        return f"<code>{escape(found['code'][1:-1])}</code>"
    if kind in ("strong", "emphasis"):
        tag, marks = ("strong", 2) if kind == "strong" else ("em", 1)
        return f"<{tag}>{inline(found[kind][marks:-marks], links)}</{tag}>"
    if kind == "to":
        return linked(inline(found["text"], links), links(f"{found['to']} {found['text']}"))
    if kind == "name":
        to = links(found["name"])
        shown = found["name"] if to and not found["name"][0].isdigit() else found[0]
        return linked(f"<code>{shown}</code>" if shown[0] != "[" and to else escape(shown), to)
    return re.sub(r"\d\d", lambda number: linked(number[0], links(f"lesson {number[0]}")), found["lessons"])
