"""Reading the .ts files of the time series classification archive; damaged content raises one clear sentence.

A line of a header begins with # or @; after @data each line is a case: its series, one for each dimension, separated by
colons, then its label. A series is numbers separated by commas; the cases need not be equally long.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import numpy as np

Case = tuple[np.ndarray, str]


def parse_ts(text: str, shown: str) -> list[Case]:
    """The cases of a .ts file: each an array (steps, dimensions) float64 and its label.

    ``shown`` is the file's name in the errors.
    Raises
        ValueError, which names file and line, if there are no cases, or if one of them is damaged.

    >>> parse_ts("@dimensions 2\\n@data\\n1,2,3:4,5,6:yes", "small.ts")[0][0].shape
    (3, 2)
    """
    cases: list[Case] = []
    is_data = False
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if line.lower() == "@data":
            is_data = True
        elif line and is_data and not line.startswith(("#", "@")):
            cases.append(_case(line, f"{shown}, line {number}"))
    if not cases:
        raise ValueError(f"{shown} has no cases; a .ts file has a line @data, then one line for each case")
    dimensions = cases[0][0].shape[1]
    for position, (series, _) in enumerate(cases):
        if series.shape[1] != dimensions:
            raise ValueError(f"{shown}: case {position} has {series.shape[1]} dimensions and case 0 has {dimensions}; "
                             "all must have the same number")
    return cases


def _case(line: str, where: str) -> Case:
    """A case (steps, dimensions), and its label."""
    *parts, label = line.split(":")
    if not parts or not label.strip() or "," in label:
        raise ValueError(f"{where}, does not end with a colon and a label; the file may be cut off")
    try:
        series = [np.array([float(number) for number in part.split(",")]) for part in parts]
    except ValueError as problem:
        raise ValueError(f"{where}: {problem}; series are numbers separated by commas") from None
    steps = {len(each) for each in series}
    if len(steps) > 1:
        raise ValueError(f"{where}, has series of {min(steps)} to {max(steps)} steps; those of a case must be equally "
                         "long")
    found = np.stack(series, axis=1)
    if not np.isfinite(found).all():
        raise ValueError(f"{where}, has a number that is missing or infinite; all must be finite")
    return found, label.strip()
