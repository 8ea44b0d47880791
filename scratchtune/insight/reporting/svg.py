"""The frame of a picture as SVG: its axes with ticks and labels, its marks, and the text that describes it.

Colours and fonts are set by classes in report.css, so that a picture follows the reader's light or dark scheme.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from scratchtune.insight.reporting.markup import Markup, element, joined
from scratchtune.insight.reporting.scales import Scale

SHAPES = {"stopped": "M-3.6-3H3.6L0 3.4Z", "failed": "M-3-3L3 3M-3 3L3-3", "running": "M-3-3V3L3 0Z"}
CHARACTER = 6.4  # width of a character of a label, in the picture's units


class Box(NamedTuple):
    """The size of a picture, and the margins around the area where marks are drawn."""

    width: float = 480.0
    height: float = 290.0
    left: float = 62.0
    right: float = 14.0
    top: float = 12.0
    bottom: float = 46.0

    @property
    def x(self) -> tuple[float, float]:
        """The coordinates of the left and of the right end of the area."""
        return self.left, self.width - self.right

    @property
    def y(self) -> tuple[float, float]:
        """The coordinates of the lower and of the upper end of the area."""
        return self.height - self.bottom, self.top

    @property
    def inner_x(self) -> tuple[float, float]:
        """The same with room for half a mark at both ends."""
        return self.left + 8.0, self.width - self.right - 8.0

    @property
    def inner_y(self) -> tuple[float, float]:
        """The same with room for half a mark at both ends."""
        return self.height - self.bottom - 8.0, self.top + 8.0


def fitted(box: Box, y: Scale) -> Box:
    """The box with enough room at its left for the labels of a vertical scale."""
    return box._replace(left=30.0 + 7.2 * max((len(text) for _, text in y.ticks), default=4))


def picture(box: Box, description: str, *parts: Any, class_: str = "chart") -> Markup:
    """Return a whole picture; the description, a sentence with what there is to see, is its alternative text."""
    return element("svg", *parts, class_=class_, viewBox=f"0 0 {box.width:g} {box.height:g}", role="img",
                   aria_label=description)


def scroller(name: str, content: Markup) -> Markup:
    """What is wider than a small screen, in a region of its own that scrolls, by keyboard too."""
    return element("div", content, class_="scroll", tabindex=0, role="region", aria_label=name)


def figure(caption: str, *pictures: Any, note: str = "", wide: bool = False) -> Markup:
    """Return pictures with a caption below; ``note`` says what is not shown."""
    text = element("figcaption", element("b", f"{caption}. "), note)
    return element("figure", *pictures, text, class_="wide" if wide else None)


def axes(box: Box, x: Scale, y: Scale, x_label: str, y_label: str) -> Markup:
    """The grid lines, ticks and labels of a horizontal and a vertical scale."""
    (left, right), (low, high) = box.x, box.y
    parts: list[Markup] = []
    for value, text in y.ticks:
        at = y.at(value)
        parts += [element("line", class_="grid", x1=left, x2=right, y1=at, y2=at),
                  element("text", text, class_="tick end", x=left - 6, y=at + 4)]
    parts.append(element("line", class_="axis", x1=left, x2=right, y1=low, y2=low))
    parts += _ticks_below(x, low)
    parts.append(element("text", x_label, class_="label middle", x=(left + right) / 2, y=box.height - 6))
    if y_label:
        middle = (low + high) / 2
        parts.append(element("text", y_label, class_="label middle", x=14.0, y=middle,
                             transform=f"rotate(-90 14 {middle:.1f})"))
    return element("g", *parts, class_="frame")


def _ticks_below(x: Scale, at: float) -> list[Markup]:
    """Ticks and their labels below the horizontal axis; labels that would touch the one before are left out."""
    parts, free = [], -1e9
    for value, text in x.ticks:
        place, half = x.at(value), CHARACTER * len(text) / 2
        parts.append(element("line", class_="axis", x1=place, x2=place, y1=at, y2=at + 4))
        if place - half > free + 4:
            parts.append(element("text", text, class_="tick middle", x=place, y=at + 17))
            free = place + half
    return parts


def point(number: int, x: float, y: float, look: str, radius: float = 3.2) -> Markup:
    """The mark of a trial: a dot, which the script makes respond to pointer and keyboard."""
    return Markup(f'<circle class="m {look}" data-n="{number}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>')


def sign(number: int, x: float, y: float, look: str, state: str) -> Markup:
    """The mark of a trial whose value does not count: a triangle where it was stopped, a cross where it failed."""
    shape = SHAPES[state]
    kind = "l " if state == "failed" else ""
    return Markup(f'<path class="m s {kind}{look}" data-n="{number}" data-x="{x:.1f}" data-y="{y:.1f}" '
                  f'transform="translate({x:.1f} {y:.1f})" d="{shape}"/>')


def polyline(points: Iterable[tuple[float, float]], look: str, number: int | None = None) -> Markup:
    """A line through points; with a number it is the mark of a trial."""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    mark = "" if number is None else f' data-n="{number}"'
    return Markup(f'<path class="{"" if number is None else "m "}l {look}"{mark} d="M{path}"/>')


def steps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The corners of a line that stays at a height until the next point."""
    corners = list(points[:1])
    for (_, before), (x, y) in zip(points, points[1:], strict=False):
        corners += [(x, before), (x, y)]
    return corners


def layer(marks: Iterable[Markup]) -> Markup:
    """Marks as one group, those of the script's attention."""
    return element("g", joined(marks), class_="marks")
