"""HTML and SVG as text: elements whose attributes and contents are escaped, so no text of a user becomes markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from scratchtune.core.streams import visible, visible_lines

VOID = {"br", "circle", "input", "line", "meta", "path", "rect", "img", "use", "image"}


class Markup(str):
    """HTML that is complete and safe; everything else is escaped where it becomes a part of an element."""

    __slots__ = ()


def element(name: str, /, *content: Any, **attributes: Any) -> Markup:
    """Return an element; what is no `Markup` is text, and escaped.

    An attribute that is None or False is left out, one that is True has no value. An underscore in an attribute's name
    is written as a hyphen, and one at its end is dropped.

    >>> element("p", "1 < 2 ", element("b", "&"), class_="note")
    '<p class="note">1 &lt; 2 <b>&amp;</b></p>'
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if name in VOID and not content:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{''.join(map(_escaped, content))}</{name}>")


def joined(parts: Iterable[Any]) -> Markup:
    """Join elements and texts without anything between them."""
    return Markup("".join(map(_escaped, parts)))


def one_line(value: Any, most: int | None = None) -> str:
    """A value of a user as text on one line, control characters visible, shortened to ``most`` characters.

    >>> one_line("two" + chr(10) + "lines"), one_line(0.000123456), one_line("abcdef", 4)
    ('two\\\\nlines', '0.0001235', 'abc…')
    """
    text = visible(f"{value:.4g}" if isinstance(value, float) else str(value))
    return text if most is None or len(text) <= most else f"{text[:most - 1]}…"


def scroller(name: str, content: Markup) -> Markup:
    """What is wider than a small screen, in a region of its own that scrolls, by keyboard too."""
    return element("div", content, class_="scroll", tabindex=0, role="region", aria_label=name)


def figure(caption: str, *pictures: Any, note: str = "", wide: bool = False) -> Markup:
    """Return pictures with a caption below; ``note`` says what they show."""
    return element("figure", *pictures, element("figcaption", element("b", f"{caption}. "), note),
                   class_="wide" if wide else None)


def facts(caption: Any, rows: Iterable[tuple[Any, Any]]) -> Markup:
    """A table of two columns, a name and its value in each row."""
    body = [element("tr", element("th", name, scope="row"), element("td", text)) for name, text in rows]
    return element("table", element("caption", caption), element("tbody", *body), class_="facts")


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Markup:
    """A table with a header, in a region that scrolls: names in the first column, numbers in the others."""
    head = [element("th", text, scope="col", class_="n" if at else None) for at, text in enumerate(header)]
    body = [element("tr", element("th", first, scope="row"), *(element("td", text, class_="n") for text in others))
            for first, *others in rows]
    return scroller(caption, element("table", element("caption", caption), element("thead", element("tr", *head)),
                                     element("tbody", *body), class_="facts"))


def sentences(texts: Iterable[str]) -> Markup:
    """A list of sentences."""
    return element("ul", *(element("li", text) for text in texts), class_="next")


def _attribute(key: str, value: Any) -> str:
    if value is False:
        return ""
    key = key.rstrip("_").replace("_", "-")
    return f" {key}" if value is True else f' {key}="{escape(visible(str(value)))}"'


def _escaped(part: Any) -> str:
    return part if isinstance(part, Markup) else escape(visible_lines(str(part)), quote=False)
