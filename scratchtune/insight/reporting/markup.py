"""HTML and SVG as text: elements whose attributes and contents are escaped, so no text of a user becomes markup."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from scratchtune.streams import visible, visible_lines

VOID = {"br", "circle", "input", "line", "meta", "path", "rect", "img"}


class Markup(str):
    """HTML that is complete and safe; everything else is escaped where it becomes a part of an element."""

    __slots__ = ()


def element(name: str, /, *content: Any, **attributes: Any) -> Markup:
    """Return an element; what is no `Markup` is text, and escaped.

    An attribute that is None or False is left out, one that is True has no value. An underscore in an attribute's name
    is written as a hyphen, and one at its end is dropped; numbers are rounded to a tenth, as befits coordinates.

    >>> element("p", "1 < 2 ", element("b", "&"), class_="note")
    '<p class="note">1 &lt; 2 <b>&amp;</b></p>'
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if name in VOID and not content:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{''.join(map(_escaped, content))}</{name}>")


def joined(parts: Any) -> Markup:
    """Join elements and texts without anything between them."""
    return Markup("".join(map(_escaped, parts)))


def one_line(value: Any, most: int | None = None) -> str:
    """A value of a user as text on one line, control characters visible, shortened to ``most`` characters.

    >>> one_line("two" + chr(10) + "lines"), one_line(0.000123456), one_line("abcdef", 4)
    ('two\\\\nlines', '0.0001235', 'abc…')
    """
    text = visible(f"{value:.4g}" if isinstance(value, float) else str(value))
    return text if most is None or len(text) <= most else f"{text[:most - 1]}…"


def embedded_json(value: Any) -> Markup:
    """JSON for a script element: no character in it can end the element, or a line of JavaScript.

    >>> embedded_json(["</script>"])
    '["\\\\u003c/script\\\\u003e"]'
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _attribute(key: str, value: Any) -> str:
    if value is False:
        return ""
    key = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {key}"
    if isinstance(value, float):
        value = f"{value:.1f}".removesuffix(".0")
    return f' {key}="{escape(visible(str(value)))}"'


def _escaped(part: Any) -> str:
    return part if isinstance(part, Markup) else escape(visible_lines(str(part)))
