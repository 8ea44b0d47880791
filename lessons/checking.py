"""How an exercise is checked: its cases, and the mistakes that it names.

The file `exercises/exercise_NN.py` of a lesson's exercise has

- ``right``: a right solution, by which the reader's is evaluated;
- ``CASES``: the arguments to try, a tuple each, or a function that returns one (for random generators and objects);
- ``MISTAKES``: pairs of a hint and a wrong function. A solution that returns what this function returns, in every
  case, gets its hint. So a hint is never given to another mistake;
- ``extra``, if it is there: a function of the solution with further assertions, run when all cases agree;
- ``TOLERANCE``, if it is there: the largest relative difference between two equal numbers, by default 1e-6.
"""

from __future__ import annotations

import copy
import importlib.util
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from scratchtune.core.search import Suggestion

FOLDER = Path(__file__).parent / "exercises"
UNSOLVED, SOLVED = "not solved", "solved"
LONGEST = 300  # characters of a value in a message
Function = Callable[..., Any]


def exercise(number: int) -> ModuleType:
    """The module of an exercise: its right answer, its cases and its mistakes."""
    path = FOLDER / f"exercise_{number:02}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(number: int, solution: Function) -> None:
    """Check a solution of the exercise of a lesson.

    Raises
        AssertionError with a hint where it is wrong; NotImplementedError where it is still empty.
    """
    module = exercise(number)
    cases, tolerance = module.CASES, getattr(module, "TOLERANCE", 1e-6)
    expected, found = returned(module.right, cases), returned(solution, cases)
    wrong = [k for k in range(len(cases)) if not same(found[k], expected[k], tolerance)]
    if wrong:
        for hint, mistake in module.MISTAKES:
            mistaken = returned(mistake, cases)
            pairs = list(zip(found, mistaken, strict=True))
            if all(same(a, b, tolerance) for a, b in pairs) and not all(other_error(a, b) for a, b in pairs):
                raise AssertionError(hint)
        raise AssertionError(unnamed(solution, cases[wrong[0]], found[wrong[0]], expected[wrong[0]]))
    getattr(module, "extra", lambda _: None)(solution)


def verdict(number: int, solution: Function) -> tuple[str, str]:
    """Check a solution: whether it is `SOLVED` or `UNSOLVED`, and the reason."""
    name = getattr(solution, "__name__", "it")
    try:
        check(number, solution)
    except NotImplementedError:
        return UNSOLVED, f"{name} is still empty."
    except AssertionError as error:
        return UNSOLVED, str(error) or f"A check of {name} failed."
    except Exception as error:  # whatever a reader's solution raises belongs to the verdict
        return UNSOLVED, f"{name} raises {type(error).__name__}: {error}"
    return SOLVED, f"{name} passes every check."


def returned(function: Function, cases: Sequence[Any]) -> list[Any]:
    """What a function returns in each case, with the arguments that it changed; an error counts as a result."""
    return [_one(function, arguments_of(case)) for case in cases]


def arguments_of(case: Any) -> tuple[Any, ...]:
    """Fresh arguments of a case."""
    return tuple(case()) if callable(case) else copy.deepcopy(case)


def _one(function: Function, arguments: tuple[Any, ...]) -> Any:
    before = copy.deepcopy(arguments)
    try:
        value = function(*arguments)
    except NotImplementedError:
        raise
    except Exception as error:  # a wrong solution may raise anything
        return Raised(error)
    changed = [k for k, (a, b) in enumerate(zip(arguments, before, strict=True))
               if isinstance(a, np.ndarray) and not np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")]
    return Changed((value, {k: arguments[k] for k in changed})) if changed else value


def suggested(
    searcher: type, space: Any, seen: Sequence[Any], trials: int, key: int, lacking: str, no_trials: str,
) -> np.ndarray:
    """The unit values (trials, hyper-parameters) that a searcher of the reader's proposes in one state.

    Each time with other random numbers, keyed by ``key``. An error of the searcher is an AssertionError that begins
    with ``lacking``, or with ``no_trials`` where nothing has been seen.
    """
    found = []
    for k in range(trials):
        try:
            suggestion = searcher().suggest(space, seen, [], len(seen), np.random.default_rng([key, k]))
            assert isinstance(suggestion, Suggestion), lacking
            found.append(space.to_unit(space.check(suggestion.params)))
        except (NotImplementedError, AssertionError):
            raise
        except Exception as error:
            hint = lacking if len(seen) else no_trials
            raise AssertionError(f"{hint} Yours raises {type(error).__name__}: {error}") from None
    return np.array(found)


class Changed(tuple):
    """What a function returned, and the arguments that it changed, by their index."""


class Raised:
    """That a function raised an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def same(a: Any, b: Any, tolerance: float = 1e-6) -> bool:
    """Whether two results are equal: numbers and arrays within the tolerance, errors if they are of one kind."""
    if isinstance(a, Changed) != isinstance(b, Changed):
        return False
    if isinstance(a, Raised) or isinstance(b, Raised):
        return isinstance(a, Raised) and isinstance(b, Raised) and type(a.error) is type(b.error)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[key], b[key], tolerance) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    try:
        x, y = np.asarray(a), np.asarray(b)
    except ValueError:  # rows of different lengths
        return False
    if x.dtype.kind not in "biufc" or y.dtype.kind not in "biufc":
        return type(a) is type(b) and bool(np.all(a == b))
    return x.shape == y.shape and np.allclose(x, y, rtol=tolerance, atol=tolerance, equal_nan=True)


def other_error(a: Any, b: Any) -> bool:
    """Whether both are errors with different messages: a typing error gets no hint for a mistake that also raises."""
    return isinstance(a, Raised) and isinstance(b, Raised) and str(a.error) != str(b.error)


def unnamed(solution: Function, case: Any, found: Any, expected: Any) -> str:
    """What to say of a mistake that is not known: the first case that differs, and how."""
    call = f"{getattr(solution, '__name__', 'it')}({', '.join(shown(each) for each in arguments_of(case))})"
    names = list(inspect.signature(solution).parameters)
    if isinstance(found, Raised):
        wanted = f"make {changes(expected, names)}" if isinstance(expected, Changed) else f"return {shown(expected)}"
        return f"{call} raises {type(found.error).__name__}: {found.error}. It should {wanted}."
    if isinstance(expected, Changed):  # the function works in place
        is_now = changes(found, names) if isinstance(found, Changed) else "no change of its arguments"
        return f"{call} should make {changes(expected, names)}, in place; yours makes {is_now}."
    if isinstance(found, Changed):
        changed = " and ".join(named(k, names) for k in found[1])
        return f"{call} changes {changed}: leave the arguments as they are. It should return {shown(expected)}."
    if found is None:
        return f"{call} returns nothing (is `return` missing?). It should return {shown(expected)}."
    text = f"{call} should be {shown(expected)}, and is {shown(found)}."
    try:
        x, y = np.asarray(found, float), np.asarray(expected, float)
    except (TypeError, ValueError):
        return text
    if x.shape != y.shape:
        return f"{text} Its shape is {x.shape}, and should be {y.shape}."
    if np.isnan(x).any() and not np.isnan(y).any():
        return f"{text} NaN comes from 0 / 0, infinity less infinity, or infinity times 0."
    ratios = np.unique(np.round(x[y != 0] / y[y != 0], 9)) if x.size else np.array([])
    if len(ratios) == 1 and ratios[0] != 1.0 and np.allclose(x[y == 0], 0.0):
        return f"{text} It is {ratios[0]:g} times as large."
    return text


def changes(found: Changed, names: Sequence[str]) -> str:
    """The arguments that were changed, and to what."""
    return " and ".join(f"{named(k, names)} {shown(value)}" for k, value in found[1].items())


def named(k: int, names: Sequence[str]) -> str:
    """The name of argument ``k`` of a function with these names."""
    return f"`{names[k]}`" if k < len(names) else f"argument {k + 1}"


def shown(value: Any) -> str:
    """A value in a message, shortened; a function is its name, and NumPy's numbers are written as numbers."""
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__).strip("_")
    text = np.array2string(value, precision=6, separator=", ", threshold=12) if isinstance(value, np.ndarray) else (
        f"{value:.6g}" if isinstance(value, float) else repr(value))
    text = re.sub(r"np\.(?:float|int|bool)\d*_?\(([^()]*)\)", r"\1", " ".join(text.split()))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
