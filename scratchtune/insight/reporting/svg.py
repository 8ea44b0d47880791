"""Figures of matplotlib as SVG elements of the page: small, without style attributes, each mark of a trial named.

matplotlib writes colours and fonts into style attributes, which the page's security policy forbids. Here properties
become attributes, those that all children share become their group's, coordinates have one decimal, and lines no more
corners than are seen. The elements of an artist that `drawing.of_trials` has noted have
``data-n``, the number of their trial; report.js finds them by it. In the dark scheme report.css inverts the lightness.
"""

from __future__ import annotations

import io
import itertools
import re
import warnings
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np

from scratchtune.insight.reporting.markup import Markup, element

TAGS = {"g", "path", "use", "defs", "clipPath", "rect", "image", "text", "tspan", "pattern"}
ATTRIBUTES = {"d", "x", "y", "width", "height", "transform", "clip-path", "preserveAspectRatio", "id", "href", "fill",
              "patternUnits", "viewBox", "data-n"}
PLACES = {"x", "y", "width", "height"}  # one decimal is enough for them
STYLES = {"fill": "#000000", "stroke": "none", "stroke-width": "1", "stroke-dasharray": "none", "fill-opacity": "1",
          "stroke-opacity": "1", "opacity": "1", "text-anchor": "start", "font-size": "10", "font-weight": "400",
          "font-style": "normal"}  # the properties that are kept, and their values where nothing is said
OF_GROUPS = {*STYLES, "clip-path"} - {"opacity"}  # what a group may say for its children
OF_FONTS = {"font-size": r"([\d.]+)px", "font-weight": r"\b(bold|[1-9]00)\b", "font-style": "(italic|oblique)"}
PER_INCH, POINTS, RESOLUTION = 96.0, 72.0, 110.0  # pixels of the page, units of a picture, its pixels
TOLERANCE = 0.2  # by how much a line without some of its corners may differ, in units of a picture
MOST_MARKS = 6000  # of a picture; one with more has pixels instead of elements of the page
LARGE = 500  # characters of a path; a shorter one that is used is a shape, such as a marker
NUMBER = r"-?[\d.]+(?:e-?\d+)?"
EDGE = 0.005  # of the length of an axis: a point this far beyond its end is still drawn
LINKED = re.compile(r'<a xlink:href="(\d+)"[^>]*>')  # how matplotlib writes the address of a mark


def drawing(figure: Any, description: str, prefix: str) -> Markup:
    """Return a figure as one svg element; ``prefix`` makes its ids unique in the page."""
    found = [artist for axes in figure.axes for artist in axes.collections if getattr(artist, "trial_numbers", [])]
    are_few = sum(len(artist.trial_numbers) for artist in found) <= MOST_MARKS
    for artist in found:
        artist.set_rasterized(artist.get_rasterized() and not are_few)
        if not artist.get_rasterized():
            _name_marks(artist)
    text = LINKED.sub(r'<g data-n="\1">', _saved(figure)).replace("</a>", "</g>")
    ids = {name: f"{prefix}{k}" for k, name in enumerate(dict.fromkeys(re.findall(
        r'(?:href="#|url\(#)([^")]+)', text)))}
    root = ET.fromstring(re.sub(r'(\bid="|href="#|url\(#)([^")]+)',
                                lambda found: found[1] + ids.get(found[2], found[2]), text))
    _clean(root)
    for group in root.iter("g"):
        if number := group.attrib.pop("data-n", ""):
            for mark in (*group.iter("use"), *group.iter("path")):
                mark.set("data-n", number)
    _hoist(root)
    width, height = (round(PER_INCH * inches) for inches in figure.get_size_inches())
    return element("svg", *map(_written, root), class_="drawn", viewBox=root.get("viewBox"), width=width, height=height,
                   role="img", aria_label=description)


def _name_marks(artist: Any) -> None:
    """Give each point or line of an artist an address, the number of its trial; remove points beyond the axes."""
    artist.set_urls([str(number) for number in artist.trial_numbers] * 2)  # it writes none for a list of one
    if not hasattr(artist, "get_segments"):
        offsets: np.ndarray = np.ma.filled(np.ma.asarray(artist.get_offsets(), dtype=float), np.nan)
        shares = (artist.get_offset_transform() - artist.axes.transAxes).transform(offsets)
        is_within = (np.abs(shares - 0.5) < 0.5 + EDGE).all(axis=1)
        artist.set_offsets(np.where(is_within[:, None], offsets, np.nan))


def _saved(figure: Any) -> str:
    """The figure as matplotlib's SVG; the figure's dpi is changed, so that its pixels are units of this picture."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    figure.dpi = POINTS
    file, canvas = io.StringIO(), FigureCanvasSVG(figure)
    with warnings.catch_warnings(), mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "scratchtune"}):
        warnings.filterwarnings("ignore", "Glyph .* missing|Matplotlib currently does not")  # the browser has its fonts
        if figure.get_layout_engine() is not None:  # once; savefig would do it twice, and draw twice
            figure.get_layout_engine().execute(figure)
            figure.set_layout_engine("none")
        figure.set(dpi=RESOLUTION, facecolor="none")  # of its pixels; the canvas sets it to POINTS
        canvas.print_svg(file, metadata={"Date": None, "Creator": None})
    return file.getvalue()


def _clean(node: ET.Element) -> None:
    """Of a node and all below it keep known attributes, style properties as attributes, and known, visible children."""
    node.tag = node.tag.rpartition("}")[2]
    given = {key.rpartition("}")[2]: value for key, value in node.attrib.items()}
    node.attrib = {key: value for key, value in given.items() if key in ATTRIBUTES and "rotate(-0" not in value}
    node.attrib |= {key: value for key, value in _properties(given.get("style", "")).items() if key in STYLES}
    if not node.get("href", "#").startswith(("#", "data:image/png;base64,")):
        raise ValueError(f"a picture has the reference {node.attrib['href'][:60]!r}; it must be within the page")
    for child in list(node):
        _clean(child)
        invisible = child.get("fill") == "none" and child.get("stroke", "none") == "none" and "id" not in child.attrib
        if child.tag not in TAGS or (child.tag == "path" and invisible):
            node.remove(child)


def _properties(style: str) -> dict[str, str]:
    """The properties of a style attribute; those of a font one by one.

    >>> _properties("fill: none; font: bold 12px 'DejaVu Sans'")
    {'font-size': '12', 'font-weight': 'bold', 'fill': 'none'}
    """
    pairs = (part.partition(":") for part in style.split(";"))
    given = {key.strip(): value.strip().removesuffix("px") for key, _, value in pairs}
    fonts = {key: re.search(pattern, given.get("font", "")) for key, pattern in OF_FONTS.items()}
    return {key: found[1] for key, found in fonts.items() if found} | {
        key: value for key, value in given.items() if key != "font"}


def _hoist(node: ET.Element) -> None:
    """Move what all children of a group say to the group, merge equal neighbours, unwrap groups that say nothing."""
    for child in node:
        _hoist(child)
        if child.tag == "defs":
            for path in child:  # the element that uses it says how it looks
                path.attrib = {key: value for key, value in path.attrib.items() if key not in STYLES}
    _unwrap(node)
    if "matplotlib.axis" in node.get("id", ""):  # its ticks do not overlap, so their order is free
        node[:] = sorted(node, key=lambda child: (child.tag != "defs", child.tag, sorted(child.attrib.items())))
    for child, after in itertools.pairwise(list(node)):  # of equal neighbours the second has everything
        if child.tag == after.tag == "g" and child.attrib == after.attrib:
            after[:] = [*child, *after]
            node.remove(child)
    children = [child for child in node if child.tag != "defs"]
    for key in sorted(OF_GROUPS - {*node.attrib}) if node.tag == "g" and children else ():
        values = {child.get(key) for child in children}
        if len(values) == 1 and None not in values:
            node.set(key, values.pop() or "")
            for child in children:
                del child.attrib[key]
    _unwrap(node)


def _unwrap(node: ET.Element) -> None:
    """Among a node's children remove empty groups, replace those without attributes by theirs, and drop other ids."""
    for place, child in reversed(list(enumerate(node))):
        if child.tag in ("g", "defs") and not len(child):
            node.remove(child)
        elif child.tag == "g" and set(child.attrib) <= {"id"}:
            node[place : place + 1] = list(child)
        elif child.tag == "g" and len(child) == 1 and "data-n" in child[0].attrib:  # a mark says its colour itself
            child[0].attrib |= {key: value for key, value in child.attrib.items() if key != "id"}
            node[place] = child[0]
        elif child.tag == "g" and "matplotlib.axis" not in child.get("id", ""):
            child.attrib.pop("id", None)


def _written(node: ET.Element) -> Markup:
    """An element with its children as text, with rounded numbers and simplified lines."""
    attributes = {key: _rounded(value, 1 if key in PLACES else 2) for key, value in node.attrib.items()
                  if value != STYLES.get(key) and (key != "id" or node.tag in ("path", "clipPath", "pattern"))}
    path = node.get("d", "")
    if path and "data-n" not in attributes and ("id" not in attributes or len(path) > LARGE):
        attributes["d"] = simplified(path)
    elif path:
        attributes["d"] = _path(path, 2 if "id" in attributes else 1)
    text = node.text if node.tag in ("text", "tspan") and node.text else ""
    return element(node.tag, *[text] * bool(text), *map(_written, node), **attributes)


def _rounded(value: str, digits: int) -> str:
    """A text with its numbers rounded to so many decimals."""
    return re.sub(r"-?\d+\.\d+", lambda number: f"{round(float(number[0]), digits) + 0.0:g}", " ".join(value.split()))


def _path(path: str, digits: int) -> str:
    """A path with rounded coordinates, without blanks around letters."""
    return re.sub(r" ?([MLCQz]) ?", r"\1", _rounded(path, digits))


def simplified(path: str) -> str:
    """A path of straight lines without corners that are not visible, in relative coordinates of one decimal.

    >>> simplified("M 10 20 L 12 22 L 15 25 L 15 30 z")
    'M10 20l5 5 0 5z'
    """
    from matplotlib.path import Path

    if not set(re.findall("[A-Za-z]", path)) <= {"M", "L", "z"}:
        return _path(path, 1)
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
