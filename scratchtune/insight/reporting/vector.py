"""Figures of matplotlib as SVG elements of the page: small, without style attributes, each mark of a trial named.

matplotlib writes colours and fonts into style attributes, which the page's security policy forbids, and a group around
everything. Here properties become attributes, those that all children share become their group's, coordinates have one
decimal, and lines no more corners than are seen. The elements of an artist that `drawing.of_trials` has noted have
``data-n``, the number of their trial; report.js finds them by it. In the dark scheme report.css inverts the lightness.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import io
import itertools
import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np

from scratchtune.insight.reporting.markup import Markup, element

TAGS = {"g", "path", "use", "defs", "clipPath", "rect", "image", "text", "tspan", "pattern"}
ATTRIBUTES = {"d", "x", "y", "width", "height", "transform", "clip-path", "preserveAspectRatio", "id", "href",
              "patternUnits", "data-n", "fill"}  # a pattern has its colour there
STYLES = {"fill": "#000000", "stroke": "none", "stroke-width": "1", "stroke-dasharray": "none", "fill-opacity": "1",
          "stroke-opacity": "1", "opacity": "1", "text-anchor": "start", "font-size": "10", "font-weight": "400",
          "font-style": "normal"}  # the properties that are kept, and their values where nothing is said
OF_GROUPS = {*STYLES, "clip-path"} - {"opacity"}  # what a group may say for its children
PER_INCH, POINTS, RESOLUTION = 96.0, 72.0, 110.0  # pixels of the page, units of a picture, its pixels
TOLERANCE = 0.2  # by how much a line without some of its corners may differ, in units of a picture
MOST_MARKS = 6000  # of a picture; one with more has pixels instead of elements of the page
LARGE = 500  # characters of a path; a shorter one that is used is a shape, such as a marker
NUMBER = r"-?[\d.]+(?:e-?\d+)?"
NEAR = 0.5  # how near to its trial an element is, in these units


def drawing(figure: Any, description: str, prefix: str) -> Markup:
    """Return a figure as one svg element; ``prefix`` makes its ids unique in the page."""
    import matplotlib as mpl

    found = [artist for axes in figure.axes for artist in (*axes.collections, *axes.lines)
             if hasattr(artist, "trial_numbers")]
    artists = {f"of-trials-{k}": artist for k, artist in enumerate(found)}
    for name, artist in artists.items():
        artist.set_gid(name)
        if sum(len(one.trial_numbers) for one in found) <= MOST_MARKS:
            artist.set_rasterized(False)
    figure.dpi = POINTS  # so that pixels are the units of the page's pictures
    if figure.get_layout_engine() is not None:  # once is enough; savefig would do it twice
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine("none")
    file = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "scratchtune"}):
        figure.savefig(file, format="svg", dpi=RESOLUTION, facecolor="none", metadata={"Date": None, "Creator": None})
    root = ET.fromstring(file.getvalue())
    used = sorted({*re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', file.getvalue())})
    for node in root.iter():
        _clean(node)
        if node.get("id") in artists:
            _mark(node, artists[node.get("id", "")], figure)
    ids = {name or other: f"{prefix}{k}" for k, (name, other) in enumerate(used)}
    _hoist(root)
    parts = [_written(child, ids) for child in root]
    width, height = figure.get_size_inches()
    return element("svg", *parts, class_="drawn", viewBox=root.get("viewBox"), width=round(PER_INCH * width),
                   height=round(PER_INCH * height), role="img", aria_label=description)


# Attributes ----------------------------------------------------------------------------------------------------------


def _clean(node: ET.Element) -> None:
    """Keep what the page knows: attributes and properties that differ from their defaults, and known children."""
    node.tag = node.tag.rpartition("}")[2]
    given = {key.rpartition("}")[2]: value for key, value in node.attrib.items()}
    kept = {key: value for key, value in given.items() if key in ATTRIBUTES or (node.tag == "svg" and key == "viewBox")}
    if "rotate(-0" in kept.get("transform", ""):
        del kept["transform"]
    if not (href := kept.get("href", "#")).startswith(("#", "data:image/png;base64,")):
        raise ValueError(f"a picture has the reference {href[:60]!r}; it must be within the page")
    kept |= {key: value for key, value in _properties(given.get("style", "")) if key in STYLES}
    node.attrib.clear()
    node.attrib.update(kept)
    for child in list(node):
        if child.tag.rpartition("}")[2] not in TAGS or _is_invisible(child):
            node.remove(child)


def _properties(style: str) -> list[tuple[str, str]]:
    """The properties of a style attribute; those of a font one by one.

    >>> _properties("fill: none; font: bold 12px 'DejaVu Sans'")
    [('fill', 'none'), ('font-size', '12'), ('font-weight', 'bold')]
    """
    pairs = [(key.strip(), value.strip()) for key, _, value in (part.partition(":") for part in style.split(";"))]
    font = dict(pairs).get("font", "")
    patterns = {"font-size": r"([\d.]+)px", "font-weight": r"\b(bold|[1-9]00)\b", "font-style": "(italic|oblique)"}
    found = {key: re.search(pattern, font) for key, pattern in patterns.items()}
    kept = [(key, value.removesuffix("px")) for key, value in pairs if key != "font"]
    return kept + [(key, part[1]) for key, part in found.items() if part]


def _is_invisible(node: ET.Element) -> bool:
    """Whether a path has neither a colour nor an id."""
    style = dict(_properties(node.get("style", "")))
    return (node.tag.endswith("}path") and not node.get("id") and style.get("fill") == "none"
            and style.get("stroke", "none") == "none")


def _hoist(node: ET.Element) -> None:
    """Move what all children of a group say to the group, and unwrap a group that says nothing."""
    for child in node:
        _hoist(child)
        if child.tag == "defs":
            for path in child:  # the element that uses it says how it looks
                path.attrib = {key: value for key, value in path.attrib.items() if key not in STYLES}
    _unwrap(node)
    if "matplotlib.axis" in node.get("id", ""):  # its ticks do not overlap, so their order is free
        node[:] = sorted(node, key=lambda child: (child.tag != "defs", child.tag, sorted(child.attrib.items())))
    for child, after in zip(list(node), list(node)[1:], strict=False):  # of equal neighbours the second has everything
        if child.tag == after.tag == "g" and child.attrib == after.attrib:
            after[:] = [*child, *after]
            node.remove(child)
    children = [child for child in node if child.tag != "defs"]
    for key in OF_GROUPS if node.tag == "g" and children else ():
        values = {child.get(key) for child in children}
        if len(values) == 1 and None not in values and key not in node.attrib:
            node.set(key, values.pop() or "")
            for child in children:
                del child.attrib[key]
    _unwrap(node)


def _unwrap(node: ET.Element) -> None:
    """Replace a group without attributes by its children; remove what is empty."""
    for place, child in reversed(list(enumerate(node))):
        if child.tag == "g" and "matplotlib.axis" not in child.get("id", ""):
            child.attrib.pop("id", None)
        if child.tag in ("g", "defs") and not len(child):
            node.remove(child)
        elif child.tag == "g" and set(child.attrib) <= {"id"}:
            node[place : place + 1] = list(child)
        elif child.tag == "g" and len(child) == 1 and "data-n" in child[0].attrib:  # a mark says its colour itself
            child[0].attrib.update(child.attrib)
            node[place] = child[0]


def _written(node: ET.Element, ids: dict[str, str]) -> Markup:
    """An element with its children."""
    attributes = {key: _with_ids(key, _rounded(key, value), ids) for key, value in node.attrib.items()
                  if key not in ("id", "d") and value != STYLES.get(key)}
    if node.get("id") in ids:
        attributes["id"] = ids[node.attrib["id"]]
    if "d" in node.attrib:
        plain = "data-n" not in attributes and ("id" not in attributes or len(node.attrib["d"]) > LARGE)
        attributes["d"] = simplified(node.attrib["d"]) if plain else _rounded("d", node.attrib["d"], "id" in attributes)
    text = node.text if node.tag in ("text", "tspan") and node.text else ""
    return element(node.tag, *[text] * bool(text), *(_written(child, ids) for child in node), **attributes)


def _with_ids(key: str, value: str, ids: dict[str, str]) -> str:
    """An attribute whose reference, if it has one, leads to the id in the page."""
    if key == "href" and value.startswith("#"):
        return f"#{ids[value[1:]]}"
    return re.sub(r"url\(#([^)]+)\)", lambda found: f"url(#{ids[found[1]]})", value)


def _rounded(key: str, value: str, fine: bool = False) -> str:
    """An attribute with short numbers: one decimal in coordinates, two in shapes and in widths of lines."""
    if key in ("href", "fill", "stroke", "clip-path", "data-n"):
        return value
    digits = 1 if key in ("x", "y", "d", "width", "height") and not fine else 2
    text = re.sub(r"-?\d+\.\d+", lambda number: f"{round(float(number[0]), digits) + 0.0:g}", " ".join(value.split()))
    return re.sub(r" ?([MLCQz]) ?", r"\1", text) if key == "d" else text


# Lines ---------------------------------------------------------------------------------------------------------------


def simplified(path: str) -> str:
    """A path of straight lines without corners that are not visible, in relative coordinates of one decimal.

    >>> simplified("M 10 20 L 12 22 L 15 25 L 15 30 z")
    'M10 20l5 5 0 5z'
    """
    from matplotlib.path import Path

    if not set(re.findall("[A-Za-z]", path)) <= {"M", "L", "z"}:
        return _rounded("d", path)
    parts = []
    for part in path.split("M")[1:]:
        line = Path(np.array(re.findall(NUMBER, part), dtype=float).reshape(-1, 2))
        line.simplify_threshold = TOLERANCE
        corners = np.rint(10.0 * np.asarray(line.cleaned(simplify=True).vertices)[:-1]).astype(int)
        moves = np.diff(corners, axis=0)
        tenths = np.concatenate([corners[:1], moves[moves.any(axis=1)]]).ravel().tolist()
        first, text = (re.sub(r"\b0(?=\.)", "", " ".join(f"{tenth / 10:g}" for tenth in some)).replace(" -", "-")
                       for some in (tenths[:2], tenths[2:]))
        parts.append(f"M{first}{f'l{text}' if text else ''}{'z' * part.rstrip().endswith('z')}")
    return "".join(parts)


# Marks of trials -----------------------------------------------------------------------------------------------------


def _mark(group: ET.Element, artist: Any, figure: Any) -> None:
    """Write the number of its trial on each point or line of an artist; remove points that are beyond the axes."""
    numbers = artist.trial_numbers
    defined = {id(path) for defs in group.iter("{http://www.w3.org/2000/svg}defs") for path in defs}
    shown = [node for node in group.iter() if node.tag.endswith(("}use", "}path")) and id(node) not in defined]
    if len(numbers) == 1 or hasattr(artist, "get_segments"):
        for node, number in zip(shown, itertools.cycle(numbers) if len(numbers) == 1 else numbers, strict=False):
            node.set("data-n", str(number))
        return
    points = _points(artist, figure)
    free = np.isfinite(points).all(axis=1)
    low, high = _window(artist, figure)
    parents = {child: parent for parent in group.iter() for child in parent}
    for node in shown:
        far = np.where(free, np.hypot(*(points - _place(node)).T), np.inf)
        nearest = int(far.argmin())
        if far[nearest] < NEAR and (low <= points[nearest]).all() and (points[nearest] <= high).all():
            free[nearest] = False
            node.set("data-n", str(numbers[nearest]))
        elif far[nearest] < NEAR:  # a line's own path is no point
            parents[node].remove(node)


def _points(artist: Any, figure: Any) -> np.ndarray:
    """The points of an artist in the coordinates of the picture, (n, 2)."""
    at, transform = ((artist.get_offsets(), artist.get_offset_transform()) if hasattr(artist, "get_offsets")
                     else (artist.get_xydata(), artist.get_transform()))
    pixels = np.ma.filled(transform.transform(np.ma.filled(at.astype(float), np.nan)), np.nan)
    return np.asarray(_flipped(pixels, figure))


def _flipped(pixels: np.ndarray, figure: Any) -> np.ndarray:
    """Pixels of a figure, from below, as coordinates of the picture, from above."""
    return np.array([0.0, POINTS * figure.get_figheight()]) + pixels * [1.0, -1.0]


def _window(artist: Any, figure: Any) -> tuple[np.ndarray, np.ndarray]:
    """The corners of the axes of an artist in the coordinates of the picture, with a little room."""
    corners = _flipped(np.asarray(artist.axes.bbox.get_points()), figure)
    return corners.min(axis=0) - 1.0, corners.max(axis=0) + 1.0


def _place(node: ET.Element) -> np.ndarray:
    """Where an element is: the point at which a shape is used, or the middle of a path."""
    if node.tag.endswith("use"):
        return np.array([float(node.get("x", "0")), float(node.get("y", "0"))])
    points = np.array(re.findall(NUMBER, node.get("d", "")), dtype=float).reshape(-1, 2)
    return np.asarray((points.min(axis=0) + points.max(axis=0)) / 2.0)
