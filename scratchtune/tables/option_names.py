"""Options of the command line under the names that they have as arguments in Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = {
    "target": "target", "task": "task", "positive": "positive", "drop": "drop", "text": "text", "numeric": "numeric",
    "missing": "missing", "decimal": "decimal", "thousands": "thousands", "impute": "impute",
    "indicator": "add_indicator", "searcher": "searcher", "trials": "n_trials", "scoring": "scoring", "space": "space",
    "folds": "folds", "test-size": "test_size", "refit": "refit", "no-refit": "refit=False", "jobs": "n_jobs",
    "seed": "seed", "db": "storage", "keep": "keep", "group": "group", "time": "time", "date-order": "date_order",
    "target-scale": "target_scale"}
_OPTION = re.compile(rf"--({'|'.join(sorted(NAMES, key=len, reverse=True))})(?![\w-])")
_LISTS = {"drop": "['{}']", "keep": "['{}']", "positive": "'{}'", "text": "['{}']"}
_VALUE = re.compile(r"--(drop|keep|positive|text) ('([^']*)'|[^' ]+) (?=leaves it out|chooses|makes)")  # with its value


def in_python(text: str) -> str:
    """A message of the command line with the names of Python's arguments.

    >>> in_python("--test-size is 2, or choose a threshold with predict --proba")
    'test_size is 2, or choose a threshold with predict_proba'
    >>> in_python("if it only numbers the rows, --drop 'row number' leaves it out")
    "if it only numbers the rows, drop=['row number'] leaves it out"
    """
    text = _VALUE.sub(lambda found: f"{found[1]}={_LISTS[found[1]].format(found[3] or found[2])} ", text)
    return _OPTION.sub(lambda found: NAMES[found[1]], _in_methods(text))


def _in_methods(text: str) -> str:
    """A message with methods of a model instead of the options of ``scratchtune predict``."""
    return text.replace("predict --proba", "predict_proba").replace(
        "predict --threshold best", "predict(X, threshold='best')")


@contextmanager
def python_names() -> Iterator[None]:
    """Within this context an error names Python's arguments instead of the options of the command line."""
    try:
        yield
    except Exception as problem:
        if len(problem.args) == 1 and isinstance(problem.args[0], str):
            problem.args = (in_python(problem.args[0]),)
        raise
