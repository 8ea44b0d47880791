"""What an objective has returned or raised, as numbers and text: any library's scalar counts, and nothing else."""

from __future__ import annotations

import math
import numbers
import re
import traceback
from collections.abc import Mapping
from typing import Any

import numpy as np

from scratchtune.core import checks
from scratchtune.core.study.definition import ADDRESS
from scratchtune.core.study.errors import TrialPruned
from scratchtune.core.study.objectives import Objectives


def finite_number(value: Any) -> tuple[float, str | None]:
    """Return (number, None) for a finite number of any library, else (NaN, what is wrong with it)."""
    if isinstance(value, BaseException):
        return math.nan, f"{type(value).__name__}: {_text(value)}".removesuffix(": ")
    try:
        if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):  # its item() is the number under the mask
            return math.nan, "value is masked, that is, missing; it must be a finite number"
        if not isinstance(value, numbers.Real) and hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
            value = value.item()  # a scalar of NumPy, PyTorch or JAX
        if isinstance(value, numbers.Real):
            number = float(value)
            if math.isfinite(number):
                return number, None
    except OverflowError:  # an integer or a fraction that is too large for a float
        return math.nan, "value is too large for a float; it must be a finite number"
    except Exception as problem:  # an objective may return anything
        return math.nan, f"value is {short(value)}, which is no number: {type(problem).__name__}: {_text(problem)}"
    return math.nan, f"value is {short(value)}; it must be a finite number"


def finite_values(value: Any, objectives: Objectives) -> tuple[tuple[float, ...], str | None]:
    """Return (numbers, None) if what an objective has returned is a finite number for each, else what is wrong."""
    if not objectives.several or isinstance(value, BaseException):
        number, error = finite_number(_only_entry(value))
        return (number,), error
    parts, error = _in_order(value, objectives)
    found = list(zip(objectives.labels, map(finite_number, parts), strict=False))
    errors = [f"{label}: {wrong}" for label, (_, wrong) in found if wrong is not None]
    return tuple(number for _, (number, _) in found), error or next(iter(errors), None)


def checked_reports(reports: Any) -> tuple[dict[int, float], str | None]:
    """The reports as plain numbers, and None or what is wrong with one that the objective has not made by `report`."""
    found: dict[int, float] = {}
    for step, value in reports.items():
        number, error = (value, None) if type(value) is float and math.isfinite(value) else finite_number(value)
        is_step = isinstance(step, numbers.Integral) and not isinstance(step, bool) and int(step) >= 0
        if error is not None or not is_step or not isinstance(value, numbers.Real):
            return found, (f"trial.reports has {short(value)} at step {short(step)}, which must be a finite number "
                           "at an integer from 0; use trial.report(value, step)")
        found[int(step)] = number
    return found, None


def _only_entry(value: Any) -> Any:
    """The value without a dict, list, tuple or array of one entry around it."""
    if isinstance(value, Mapping) and len(value) == 1:
        return next(iter(value.values()))
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim == 1):
        return value[0] if len(value) == 1 else value
    return value


def _in_order(value: Any, objectives: Objectives) -> tuple[list[Any], str | None]:
    """Return ([a value for each objective], None) from what an objective has returned, else ([], what is wrong)."""
    count, labels = len(objectives.directions), objectives.labels
    if isinstance(value, Mapping):
        if not objectives.names:
            return [], f"value is a dict, and the objectives have no names; return {count} numbers in order"
        if set(value) != set(labels):
            return [], f"value has the names {', '.join(map(repr, value))}; it must have {', '.join(map(repr, labels))}"
        return [value[name] for name in labels], None
    try:
        values = [] if isinstance(value, (str, bytes, set, frozenset)) else list(value)
    except Exception:
        values = []
    if not values:
        return [], f"value is {short(value)}; it must be {count} finite numbers, one for each objective"
    if len(values) != count:
        return [], f"value holds {checks.counted(len(values), 'number')}; it must hold {count}, one for each objective"
    return values, None


def is_pruned(value: BaseException) -> bool:
    """Whether it is a `TrialPruned`, of this package or of Optuna."""
    return isinstance(value, TrialPruned) or any(
        kind.__name__ == "TrialPruned" and kind.__module__.startswith("optuna.") for kind in type(value).__mro__)


def _text(error: BaseException) -> str:
    try:
        return _same_in_all_processes(str(error))
    except Exception:  # of the exception's own __str__
        return "(it does not say why)"


def formatted(error: BaseException) -> str:
    """The traceback of an exception as text, the same in all processes."""
    try:
        text = "".join(traceback.format_exception(error))
        if "<exception str() failed>" in text:  # perhaps a KeyboardInterrupt, which `traceback` swallows here
            text = "".join(traceback.format_exception(error))
        return _same_in_all_processes(text)
    except Exception:
        return "".join(traceback.format_tb(error.__traceback__))


def _same_in_all_processes(text: str) -> str:
    """Text without what differs between processes: addresses, and the name of the main module in a worker."""
    text = re.sub(r"^__mp_main__\.", "", text, flags=re.MULTILINE)  # tracebacks omit __main__
    return ADDRESS.sub(" at 0x...", text.replace("__mp_main__.", "__main__."))


def short(value: Any) -> str:
    """The repr of a value, of at most 60 characters."""
    try:
        text = _same_in_all_processes(repr(value))
    except Exception:
        text = f"of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
