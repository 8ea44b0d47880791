"""Pictures that matplotlib draws, such as those of a searcher's state, embedded in the page as images.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

from scratchtune.insight.pair_plots import plot_contour
from scratchtune.insight.reporting.markup import Markup, element, one_line
from scratchtune.insight.reporting.svg import figure
from scratchtune.insight.reporting.view import View


def image(draw: Callable[[], Any], caption: str, description: str, note: str = "") -> Markup:
    """Return the figure of the Axes, or list of Axes, that ``draw`` returns."""
    drawn = draw()
    axes = drawn[0] if isinstance(drawn, (list, tuple)) else drawn
    file = io.BytesIO()
    axes.figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
    width, height = (int(round(110 * size)) for size in axes.figure.get_size_inches())
    source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
    return figure(caption, element("img", src=source, alt=description, width=width, height=height), note=note)


def contour(view: View) -> Markup:
    """The contour of the values over the two most important numeric parameters."""
    names = [name for name in view.ordered_names() if hasattr(view.study.space.parameters[name], "low")][:2]
    if len(names) < 2:
        raise ValueError("The study has fewer than two numeric parameters, so there is no contour.")
    first, second = (one_line(name, 40) for name in names)
    return image(lambda: plot_contour(view.study, names), "Contour",
                 f"Contour of the values over {first} and {second}.",
                 "Values between the trials, interpolated, over the two most important numeric parameters.")
