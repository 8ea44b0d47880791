"""Figures of matplotlib as SVG elements of the page, whose colours follow the reader's light or dark scheme.

matplotlib writes colours and fonts into style attributes, which the page's security policy forbids. So each element is
written again: only known elements and attributes, known colours as classes of report.css, ids with a prefix.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from typing import Any

from scratchtune.insight.drawing import COLOURS
from scratchtune.insight.reporting.markup import Markup, element

TAGS = {"svg", "g", "path", "use", "defs", "clipPath", "rect", "image", "text", "tspan"}
ATTRIBUTES = {"d", "x", "y", "width", "height", "transform", "clip-path", "viewBox", "preserveAspectRatio", "id"}
STYLES = {"fill-opacity", "stroke-opacity", "opacity", "stroke-width", "stroke-linecap", "stroke-linejoin",
          "stroke-dasharray", "stroke-dashoffset", "text-anchor", "fill", "stroke", "font-size", "font-weight",
          "font-style"}
COLOUR_NAMES = {
    "#000000": "ink", "#262626": "ink", "#4d4d4d": "soft", "#4c4c4c": "soft", "#595959": "soft", "#999999": "soft",
    "#b0b0b0": "soft", "#ffffff": "paper", "#f2f2f2": "panel",
    **{colour.lower(): f"m{number}" for number, colour in enumerate(COLOURS)}}
PER_INCH = 96.0  # pixels of the page


def drawing(figure: Any, description: str, prefix: str, adapts: bool = True) -> Markup:
    """Return a figure as one svg element; ``prefix`` makes its ids unique in the page.

    Unless it ``adapts``, colours are kept, on white: for texts on coloured areas.
    """
    import matplotlib as mpl

    file = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "scratchtune"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    root = ET.fromstring(file.getvalue())
    used = set(re.findall(r"#([\w.-]+)[\")]", file.getvalue()))
    width, height = (round(PER_INCH * size) for size in figure.get_size_inches())
    parts = [_written(child, prefix, used, adapts) for child in root]
    return element("svg", *parts, class_="drawn" if adapts else "drawn fixed", viewBox=root.get("viewBox"),
                   width=width, height=height, role="img", aria_label=description)


def _written(node: ET.Element, prefix: str, used: set[str], adapts: bool) -> Markup:
    """An element with its children; an empty text for one that is not known, such as metadata."""
    name = node.tag.rpartition("}")[2]
    if name not in TAGS:
        return Markup("")
    attributes = {key: _shortened(value) if key == "d" else value.replace("url(#", f"url(#{prefix}")
                  for key, value in node.attrib.items() if key in ATTRIBUTES - {"id"}}
    identity = node.get("id")
    if identity in used:
        attributes["id"] = f"{prefix}{identity}"
    target = node.get("{http://www.w3.org/1999/xlink}href") or node.get("href")
    if target is not None and (target.startswith(("#", "data:image/png;base64,"))):
        attributes["href"] = f"#{prefix}{target[1:]}" if target.startswith("#") else target
    attributes |= _styled(node.get("style", ""), adapts)
    children = [_written(child, prefix, used, adapts) for child in node]
    text = node.text if name in ("text", "tspan") and node.text else ""
    return element(name, text, *children, **attributes) if text or children else element(name, **attributes)


def _styled(style: str, adapts: bool) -> dict[str, str]:
    """The properties of a style attribute as attributes, known colours as classes."""
    found: dict[str, str] = {}
    classes = []
    for key, _, value in (part.partition(":") for part in style.split(";")):
        key, value = key.strip(), value.strip()
        if key == "font":  # such as: bold 12px 'DejaVu Sans', sans-serif
            found |= _font(value)
        elif adapts and key in ("fill", "stroke") and value.lower() in COLOUR_NAMES:
            classes.append(f"{key}-{COLOUR_NAMES[value.lower()]}")
        elif key in STYLES:
            found[key] = value
    return found | ({"class": " ".join(classes)} if classes else {})


def _font(text: str) -> dict[str, str]:
    size = re.search(r"([\d.]+)px", text)
    found = {"font-size": size[1]} if size else {}
    before = text[: size.start()] if size else ""
    weight = re.search(r"\b(bold|[1-9]00)\b", before)
    if weight:
        found["font-weight"] = weight[1]
    if re.search("italic|oblique", before):
        found["font-style"] = "italic"
    return found


def _shortened(path: str) -> str:
    """A path with two decimals in its coordinates."""
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", " ".join(path.split()))
