"""Guards for arguments: one style of error sentence for the whole package.

Each returns an argument in plain form, or raises a sentence with its name, the value seen and what is accepted.
"""

from __future__ import annotations

import difflib
import inspect
import itertools
import numbers
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from math import isfinite
from typing import Any, TypeVar, cast

import numpy as np

PACKAGE = __name__.partition(".")[0]
Function = TypeVar("Function", bound=Callable[..., Any])


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the nearest line outside this package in the stack of calls: the line that a user can change."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == PACKAGE:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def nearest(value: object, names: Iterable[str]) -> str:
    """``, did you mean 'adam'?`` for the name closest to ``value``, or an empty string."""
    lowered = {name.lower(): name for name in names}
    close = difflib.get_close_matches(str(value).lower(), list(lowered), n=1, cutoff=0.6)
    return f", did you mean {lowered[close[0]]!r}?" if close else ""


def quoted(names: Sequence[str], most: int = 10) -> str:
    """Names in quotes, the first of many: ``'a', 'b' and 3 more``."""
    return ", ".join(map(repr, names[:most])) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 row``, ``2 rows``."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def ranges(numbers: Iterable[int]) -> str:
    """Integers in order, neighbours as a range.

    >>> ranges([3, 5, 6, 7])
    '3, 5 to 7'
    """
    groups = itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    runs = [[number for _, number in group] for _, group in groups]
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def ordinal(number: int) -> str:
    """A number as an ordinal one.

    >>> [ordinal(number) for number in (1, 2, 3, 4, 11, 22, 112)]
    ['1st', '2nd', '3rd', '4th', '11th', '22nd', '112th']
    """
    return f"{number}{'th' if 10 < number % 100 < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def choice(name: str, value: object, choices: Iterable[Any]) -> Any:
    """Return the item of ``choices`` that equals ``value``; a ValueError that lists them if there is none.

    A NumPy scalar counts as its Python value. True and False equal only themselves, not 1 and 0.
    """
    choices = list(choices)
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, (str, int, float, type(None))):  # other types, such as arrays, may compare to what is no bool
        for item in choices:
            if plain == item and isinstance(plain, bool) == isinstance(item, (bool, np.bool_)):
                return item
    known = ", ".join(repr(item) for item in choices)
    hint = nearest(plain, [item for item in choices if isinstance(item, str)]) if isinstance(plain, str) else ""
    raise ValueError(f"{name} is {value!r}; it must be one of {known}{hint}")


def no_others(
    function: str, given: Iterable[str], known: Sequence[str], synonyms: Mapping[str, str] | None = None,
) -> None:
    """Raise a TypeError for an argument that ``function`` lacks, with the name, or the synonym, that is meant."""
    for name in given:
        if name not in known:
            meant = (synonyms or {}).get(name)
            hint = f", did you mean {meant!r}?" if meant else nearest(name, known)
            raise TypeError(f"{function}() has no argument {name!r}{hint or f'; it has {quoted(known, 99)}'}")


def refuse_unexpected(function: str, signature: inspect.Signature, given: Iterable[str]) -> None:
    """Raise as `no_others` does for a keyword of a call that no argument of ``signature`` takes."""
    known = signature.parameters
    if not any(argument.kind is argument.VAR_KEYWORD for argument in known.values()):
        no_others(function, given, [name for name in known if name != "self"])


def refusing(function: Function) -> Function:
    """Decorate a function so that it refuses an unknown keyword as `no_others` does."""
    name, signature = function.__qualname__.removesuffix(".__init__"), inspect.signature(function)

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        refuse_unexpected(name, signature, kwargs)
        return function(*args, **kwargs)

    return cast(Function, called)


def real(
    name: str, value: object, low: float | None = None, high: float | None = None,
    open_low: bool = False, open_high: bool = False,
) -> float:
    """Return ``value`` as a finite float within the bounds; TypeError or ValueError otherwise."""
    if type(value) is float and (low is None or value > low) and (high is None or value < high) and isfinite(value):
        return value  # as nearly always
    accepted = "a finite number" + _interval(low, high, open_low, open_high)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (numbers.Real, np.floating, np.integer)):
        raise TypeError(f"{name} is {value!r} ({type(value).__name__}); it must be {accepted}")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"{name} is a number of {len(str(value))} digits; it must be {accepted}") from None
    below = low is not None and (number <= low if open_low else number < low)
    above = high is not None and (number >= high if open_high else number > high)
    if not np.isfinite(number) or below or above:
        raise ValueError(f"{name} is {value!r}; it must be {accepted}")
    return number


def integer(name: str, value: object, low: int | None = None, high: int | None = None) -> int:
    """Return ``value`` as an int within the bounds; TypeError or ValueError otherwise."""
    accepted = "an integer" + _interval(low, high)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (numbers.Integral, np.integer)):
        raise TypeError(f"{name} is {value!r} ({type(value).__name__}); it must be {accepted}")
    number = int(value)
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(f"{name} is {value!r}; it must be {accepted}")
    return number


def boolean(name: str, value: object) -> bool:
    """Return ``value`` as a bool; TypeError for anything that is not True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {value!r} ({type(value).__name__}); it must be True or False")
    return bool(value)


def matrix(name: str, value: object, rows: int | None = None) -> np.ndarray:
    """Return ``value`` as a finite numeric array, (rows, ...); TypeError if it is not numeric, ValueError otherwise."""
    array = _numeric(name, value)
    if array.ndim < 2:
        raise ValueError(f"{name} has shape {array.shape}; it must have rows and columns, as in (n, features)")
    return _filled(name, array, rows)


def targets(name: str, value: object, rows: int | None = None) -> np.ndarray:
    """Return ``value`` as a finite numeric array, (rows,) or (rows, outputs); raises as `matrix` does."""
    array = _numeric(name, value)
    if array.ndim == 0:
        raise ValueError(f"{name} is a single value, {array.item()!r}; it must have one entry or row for each row of X")
    return _filled(name, array, rows)


def refuse_masked(name: str, value: object) -> None:
    """Raise a ValueError for an array with masked values: a conversion to a plain array would unmask them."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ValueError(
            f"{name} is a masked array, and {np.ma.count_masked(value)} of its {value.size} values are masked; every "
            "value must be known: fill them in, or take their rows out")


def too_large(name: str) -> ValueError:
    """The error for an array with an integer that no float can hold."""
    return ValueError(f"{name} holds an integer too large for a float; every value must be below 1.8e308 in size")


def _numeric(name: str, value: object) -> np.ndarray:
    refuse_masked(name, value)
    try:
        array = np.asarray(value)
    except ValueError:
        are_images = any(getattr(item, "ndim", 1) > 1 for item in value)  # type: ignore[attr-defined]
        found = "images of unequal size" if are_images else "rows of unequal length"
        raise ValueError(f"{name} has {found}; it must be a rectangular array of numbers") from None
    if array.dtype == object:
        try:
            array = array.astype(np.float64)
        except OverflowError:
            raise too_large(name) from None
        except (TypeError, ValueError):
            pass
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name} holds values of type {array.dtype}; it must hold numbers")
    return array


def _filled(name: str, array: np.ndarray, rows: int | None) -> np.ndarray:
    """Return the array; a ValueError if it is empty, has another number of rows, or holds NaN or infinity."""
    if array.size == 0:
        raise ValueError(f"{name} is empty, its shape is {array.shape}; it must have at least one row and one column")
    if rows is not None and len(array) != rows:
        raise ValueError(f"{name} has {len(array)} rows and X has {rows}; they must be equal in number")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        position = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        kind = "NaN" if np.isnan(array[position]) else "infinity"
        raise ValueError(f"{name} holds {kind}, first at {list(position)}; every value must be a finite number")
    return array


def finite_outputs(outputs: np.ndarray, learning_rate: object = None) -> np.ndarray:
    """Return what a model predicts; a ValueError if a number is NaN or infinity, which no model may predict."""
    if not np.isfinite(outputs).all():
        smaller = "a smaller learning_rate" + ("" if learning_rate is None else f" than {learning_rate!r}")
        raise ValueError(
            f"the model predicts {outputs[~np.isfinite(outputs)][0]}, which is no finite number: its training has "
            f"diverged, or X is far outside the range of its training rows; fit it with {smaller}, or scaled inputs")
    return outputs


def _interval(low: float | None, high: float | None, open_low: bool = False, open_high: bool = False) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f" {'above' if open_low else 'of at least'} {low}"
    if low is None:
        return f" {'below' if open_high else 'of at most'} {high}"
    return f" in {'(' if open_low else '['}{low}, {high}{')' if open_high else ']'}"
