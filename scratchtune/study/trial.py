"""A trial is one setting that is tried: its number, its parameters, why they were proposed, what came of them."""

from __future__ import annotations

import copy
import math
import numbers
import re
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from scratchtune import checks
from scratchtune.search import Suggestion

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")  # of an object in memory, as in most objects' repr
MOST_SAVED = 500_000_000  # bytes: a file of studies takes a billion at a time
STATES = ("running", "complete", "failed", "stopped")
OUTCOME = ("state", "value", "error", "traceback", "reports", "seconds", "visits", "scores", "_saved")


class Behind(Protocol):
    """What stands behind a trial: its study, or in another process `Apart`."""

    def seed_of(self, trial: Trial) -> int:
        """The seed of the trial's first ancestor."""

    def saved_by_parent(self, trial: Trial) -> dict[str, np.ndarray] | None:
        """What the trial's parent has saved."""

    def has_enough_of(self, trial: Trial) -> bool:
        """Whether the stopping rule would end the trial."""


class NotReady(RuntimeError):
    """The searcher must see an earlier trial first; ``awaited`` is its number."""

    def __init__(self, number: int, awaited: int) -> None:
        super().__init__(
            f"trial {number} can't be proposed yet: the searcher needs the result of trial {awaited} first")
        self.number, self.awaited = number, awaited

    def __reduce__(self) -> tuple[Any, ...]:
        return NotReady, (self.number, self.awaited)


class Trial:
    """What an objective is called with, and what a study keeps.

    Attributes: ``number``, from 0; ``value``, in the user's direction; ``state``, "running", "complete", "failed" or
    "stopped"; ``error``, one sentence, and ``traceback`` where there was one, both with addresses in memory as
    "at 0x...", since those differ from process to process; ``why``, the reasons as plain data;
    ``budget`` and ``parent`` where the searcher uses them; ``reports``, step to value; ``scores`` of the folds where it
    was cross-validated; ``attempts``, how often it was begun; ``started`` and ``finished``, seconds since 1970, and
    ``seconds`` of work; ``visits``, how many rows its trainings have seen, all epochs and folds counted, where known.
    """

    __slots__ = (
        "number", "value", "state", "error", "traceback", "why", "budget", "parent", "reports", "scores", "attempts",
        "started", "finished", "seconds", "visits", "_params", "_study", "_saved", "_clock", "_had_enough")

    def __init__(self, study: Behind, number: int, suggestion: Suggestion) -> None:
        self._study = study
        self.number = number
        self._params = suggestion.params
        self.why = suggestion.why
        self.budget = suggestion.budget
        self.parent = suggestion.parent
        self.attempts = 0
        self.begin()

    def begin(self) -> None:
        """Set the trial to its start: it is running, and nothing has been reported."""
        self.state = "running"
        self.attempts += 1
        self.value: float | None = None
        self.error: str | None = None
        self.traceback: str | None = None
        self._saved: dict[str, np.ndarray] | None = None
        self.reports: dict[int, float] = {}
        self.scores: list[float | None] | None = None
        self.visits: int | None = None
        self._had_enough = False
        self.seconds: float | None = None
        self.finished: float | None = None
        self.started = time.time()
        self._clock = time.perf_counter()

    @property
    def params(self) -> dict[str, Any]:
        """The configuration, as plain values; a deep copy, so that an objective may change it and what it holds.

        A choice that can't be copied, such as a module, is itself.
        """
        return {name: _copied(value) for name, value in self._params.items()}

    @property
    def seed(self) -> int:
        """An int made from the study's seed and the trial's number (its first ancestor's, where it has a parent)."""
        return self._study.seed_of(self)

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
        self._had_enough = self._had_enough or self._study.has_enough_of(self)
        return self._had_enough

    def save(self, arrays: Mapping[str, Any]) -> None:
        """Keep named arrays, such as a model's weights, for the trials that go on from this one."""
        if not isinstance(arrays, Mapping):
            raise TypeError(f"arrays is {type(arrays).__name__}; it must be a dict from names to arrays")
        kept = {name: np.array(array) for name, array in arrays.items()}
        for name, array in kept.items():
            if not isinstance(name, str):
                raise TypeError(f"arrays has the name {name!r}; a name must be text")
            if array.dtype.hasobject:
                raise TypeError(f"arrays[{name!r}] holds Python objects; it must hold numbers, booleans or text")
        size = sum(array.nbytes for array in kept.values())
        if size > MOST_SAVED:
            raise ValueError(f"arrays hold {size:,} bytes; a trial may save at most {MOST_SAVED:,}")
        self._saved = kept

    def load(self) -> dict[str, np.ndarray] | None:
        """Return what the parent has saved; None for a trial that starts afresh."""
        saved = None if self.parent is None else self._study.saved_by_parent(self)
        return None if saved is None else {name: array.copy() for name, array in saved.items()}

    def finish(self, value: Any, state: str | None) -> str:
        """Record the outcome: a value that is no finite number makes the trial a failed one, with the reason.

        Returns the trial's state, for the caller to set when all that goes with it is ready: until then it is running.
        """
        self.finished = time.time()
        if self.seconds is None:
            self.seconds = time.perf_counter() - self._clock
        if isinstance(value, BaseException):
            self.traceback = _formatted(value)
        if state is None and self._had_enough:
            state = "stopped"
        if state == "stopped" and value is None and self.reports:
            value = self.reports[max(self.reports)]
        number, error = judge(value)
        if state == "failed" and value is None:
            error = "told as failed"
        self.error = error
        state = "failed" if error is not None else state or "complete"
        self.value = None if state == "failed" else number
        return state

    def apart(self, behind: Behind) -> Trial:
        """The same trial without its study, to be sent to another process."""
        sent = copy.copy(self)
        sent._study = behind
        return sent

    def outcome(self) -> dict[str, Any]:
        """What has come of it, to be sent back."""
        return {name: getattr(self, name) for name in OUTCOME}

    def take(self, outcome: Mapping[str, Any]) -> str:
        """Record what has come of it in another process; returns its state, as `finish` does."""
        for name, value in outcome.items():
            if name != "state":
                setattr(self, name, value)
        self.finished = time.time()
        return str(outcome["state"])

    def __repr__(self) -> str:
        outcome = f"value={self.value!r}" if self.error is None else f"error={self.error!r}"
        return f"Trial(number={self.number}, state={self.state!r}, {outcome}, params={self._params!r})"


class Apart:
    """What stands behind a trial in another process: no study, but all that the trial may ask for, as plain data.

    ``others`` are the reports of the trials that the stopping rule sees, as losses.
    """

    def __init__(
        self, seed: int, saved: dict[str, np.ndarray] | None, stopping: Any, others: Sequence[dict[int, float]],
        sign: float,
    ) -> None:
        self._seed, self._saved, self._stopping, self._others, self._sign = seed, saved, stopping, others, sign

    def seed_of(self, trial: Trial) -> int:
        """The trial's seed."""
        return self._seed

    def saved_by_parent(self, trial: Trial) -> dict[str, np.ndarray] | None:
        """What the trial's parent has saved."""
        return self._saved

    def has_enough_of(self, trial: Trial) -> bool:
        """What the stopping rule says about a running trial, from its reports and those of the trials that it sees."""
        own = {step: self._sign * value for step, value in trial.reports.items()}
        return self._stopping is not None and bool(self._stopping.stops(own, self._others))


def judge(value: Any) -> tuple[float, str | None]:
    """Return (number, None) for a finite number of any library, else (NaN, what is wrong with it)."""
    if isinstance(value, BaseException):
        return math.nan, f"{type(value).__name__}: {_text(value)}"
    try:
        if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):  # its item() is what lies beneath the mask
            return math.nan, "value is masked, that is, missing; it must be a finite number"
        if not isinstance(value, numbers.Real) and hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
            value = value.item()  # a scalar of NumPy, PyTorch or JAX
        if isinstance(value, numbers.Real):
            number = float(value)
            if math.isfinite(number):
                return number, None
    except OverflowError:  # a whole number or a fraction that is too large for a float
        return math.nan, "value is too large for a float; it must be a finite number"
    except Exception as problem:  # what an objective returns may be anything
        return math.nan, f"value is {_short(value)}, which is no number: {type(problem).__name__}: {_text(problem)}"
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


def _copied(value: Any) -> Any:
    if type(value) in (int, float, str, bool):  # of most parameters, and not worth the time
        return value
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def _text(error: BaseException) -> str:
    try:
        return _of_any_process(str(error))
    except Exception:  # an exception may fail to say what it is
        return "(it does not say why)"


def _formatted(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(error))
        if "<exception str() failed>" in text:  # perhaps Ctrl-C, which Python swallows at that place
            text = "".join(traceback.format_exception(error))
        return _of_any_process(text)
    except Exception:
        return "".join(traceback.format_tb(error.__traceback__))


def _of_any_process(text: str) -> str:
    """Text without what differs between processes: addresses, and the name of the main module in a worker."""
    text = re.sub(r"^__mp_main__\.", "", text, flags=re.MULTILINE)  # a traceback leaves __main__ out
    return ADDRESS.sub(" at 0x...", text.replace("__mp_main__.", "__main__."))


def _short(value: Any) -> str:
    try:
        text = _of_any_process(repr(value))
    except Exception:
        text = f"of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
