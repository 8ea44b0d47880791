"""A trial is one setting that is tried: its number, its parameters, why they were proposed, what came of them."""

from __future__ import annotations

import math
import numbers
import time
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchtune import checks
from scratchtune.search import Suggestion

if TYPE_CHECKING:
    from scratchtune.study.study import Study

STATES = ("running", "complete", "failed", "stopped")


class Trial:
    """What an objective is called with, and what a study keeps.

    Attributes: ``number``, from 0; ``value``, in the user's direction; ``state``, "running", "complete", "failed" or
    "stopped"; ``error``, one sentence, and ``traceback`` where there was one; ``why``, the reasons as plain data;
    ``budget`` and ``parent`` where the searcher uses them; ``reports``, step to value; ``seconds``.
    """

    __slots__ = (
        "number", "value", "state", "error", "traceback", "why", "budget", "parent", "reports", "seconds",
        "_params", "_study", "_saved", "_started", "_had_enough")

    def __init__(self, study: Study, number: int, suggestion: Suggestion) -> None:
        self._study = study
        self.number = number
        self._params = suggestion.params
        self.why = suggestion.why
        self.budget = suggestion.budget
        self.parent = suggestion.parent
        self.value: float | None = None
        self.error: str | None = None
        self.traceback: str | None = None
        self._saved: dict[str, np.ndarray] | None = None
        self.begin()

    def begin(self) -> None:
        """Set the trial to its start: it is running, and nothing has been reported."""
        self.state = "running"
        self.reports: dict[int, float] = {}
        self._had_enough = False
        self.seconds: float | None = None
        self._started = time.perf_counter()

    @property
    def params(self) -> dict[str, Any]:
        """The setting, as plain values; a copy, so that an objective may take it apart."""
        return dict(self._params)

    @property
    def seed(self) -> int:
        """An int made from the study's seed and the trial's number (its first ancestor's, where it has a parent)."""
        root = self
        while root.parent is not None:
            root = self._study._trials[root.parent]
        key = np.random.SeedSequence(self._study.seed, spawn_key=(root.number, 1))
        return int(key.generate_state(1)[0])

    def report(self, value: Any, step: int) -> None:
        """Record a value on the way, in the user's direction, at a step such as the epoch; a bad value is an error."""
        number, error = judge(value)
        if error is not None:
            raise ValueError(f"the reported {error}")
        self.reports[checks.integer("step", step, low=0)] = number

    def should_stop(self) -> bool:
        """Whether the study's stopping rule has had enough of this trial, by what it has reported so far.

        An objective that has heard True should return: the value that it has, or nothing, which stands for the value
        reported at the last step. Either way the trial's state is "stopped", and it can't be the study's best.
        """
        self._had_enough = self._had_enough or self._study._has_enough_of(self)
        return self._had_enough

    def save(self, arrays: Mapping[str, Any]) -> None:
        """Keep named arrays, such as a model's weights, for the trials that go on from this one."""
        if not isinstance(arrays, Mapping):
            raise TypeError(f"arrays is {type(arrays).__name__}; it must be a dict from names to arrays")
        self._saved = {name: np.array(array) for name, array in arrays.items()}

    def load(self) -> dict[str, np.ndarray] | None:
        """Return what the parent has saved; None for a trial that starts afresh."""
        saved = None if self.parent is None else self._study._trials[self.parent]._saved
        return None if saved is None else {name: array.copy() for name, array in saved.items()}

    def finish(self, value: Any, state: str | None) -> None:
        """Record the outcome: a value that is no finite number makes the trial a failed one, with the reason."""
        if self.seconds is None:
            self.seconds = time.perf_counter() - self._started
        if isinstance(value, BaseException):
            self.traceback = "".join(traceback.format_exception(value))
        if state is None and self._had_enough:
            state = "stopped"
        if state == "stopped" and value is None and self.reports:
            value = self.reports[max(self.reports)]
        number, error = judge(value)
        if state == "failed" and value is None:
            error = "told as failed"
        self.error = error
        self.state = "failed" if error is not None else state or "complete"
        self.value = None if self.state == "failed" else number

    def __repr__(self) -> str:
        outcome = f"value={self.value!r}" if self.error is None else f"error={self.error!r}"
        return f"Trial(number={self.number}, state={self.state!r}, {outcome}, params={self._params!r})"


def judge(value: Any) -> tuple[float, str | None]:
    """Return (number, None) for a finite number of any library, else (NaN, what is wrong with it)."""
    if isinstance(value, BaseException):
        return math.nan, f"{type(value).__name__}: {value}"
    if not isinstance(value, numbers.Real) and hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()  # a scalar of NumPy, PyTorch or JAX
    if isinstance(value, numbers.Real):
        try:
            number = float(value)
        except OverflowError:  # a whole number or a fraction that is too large for a float
            return math.nan, "value is too large for a float; it must be a finite number"
        if math.isfinite(number):
            return number, None
    return math.nan, f"value is {_short(value)}; it must be a finite number"


def evaluate(objective: Callable[[Trial], Any], trial: Trial) -> Any:
    """Call the objective; return its value, or the exception that it raised, and note the seconds it took."""
    started = time.perf_counter()
    try:
        outcome = objective(trial)
    except Exception as error:
        outcome = error
    trial.seconds = time.perf_counter() - started
    return outcome


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # what an objective returns may be anything
        text = f"of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
