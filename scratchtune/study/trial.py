"""A trial is one configuration that is evaluated: its number, its parameters, why they were proposed, the outcome."""

from __future__ import annotations

import copy
import math
import numbers
import re
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.search import Suggestion
from scratchtune.study.asking import Asked, Asks, copied_value, nothing_asked
from scratchtune.study.objectives import Objectives, in_order, only_entry

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")  # of an object in memory, as in most objects' repr
MOST_SAVED = 500_000_000  # bytes; SQLite stores at most a billion in one value
STATES = ("running", "complete", "failed", "stopped")
ENDED = ("state", "values", "error", "traceback", "reports", "seconds", "visits", "scores", "saved", "finished")
OUTCOME = (*ENDED, "user_attrs", "shared_params", "asked", "uses_budget")


class TrialPruned(Exception):
    """An objective may raise it to end its trial early: "stopped", with the value that was reported last.

    Optuna's own exception of this name does the same. Where nothing was reported, the trial has failed.
    """


class Trial(Asks):
    """The argument of an objective, and one row of a study's table.

    Attributes: ``number``, from 0; ``values``, one of each objective in the user's direction, and ``value``, that of
    the only one; ``state``, "running", "complete", "failed" or
    "stopped"; ``error``, one sentence, and ``traceback`` where there was one, both with addresses in memory as
    "at 0x...", since those differ between processes; ``why``, the reasons as plain data;
    ``budget`` and ``parent`` where the searcher uses them; ``reports``, step to value; ``scores`` of the folds where it
    was cross-validated; ``attempts``, how often it was begun; ``started`` and ``finished``, seconds since 1970, and
    ``seconds`` of work; ``visits``, the rows its fits have used, summed over epochs and folds, where known; ``saved``,
    the arrays of `save`; ``shared_params``, the configuration itself, for reading only, where `params` is a copy;
    ``given_budget``, the same as ``budget``, but not noted in ``uses_budget``: whether the objective has read it;
    ``user_attrs``, what `set_user_attr` has attached; ``asked``, in a study without a space, what it has requested.
    What it reads of its study is in `scratchtune.study.context`.
    """

    __slots__ = (
        "number", "values", "state", "error", "traceback", "why", "given_budget", "parent", "reports", "scores",
        "attempts", "started", "finished", "seconds", "visits", "shared_params", "saved", "asked", "user_attrs",
        "uses_budget", "_context", "_clock", "_stopping")

    def __init__(self, context: Any, number: int, suggestion: Suggestion, asks: bool = False) -> None:
        self._context = context
        self.number = number
        self.shared_params = suggestion.params
        self.asked = Asked(suggestion.params, bool(suggestion.why.get("enqueued"))) if asks else None
        self.why = suggestion.why
        self.given_budget = suggestion.budget
        self.parent = suggestion.parent
        self.attempts = 0
        self.begin()

    def begin(self) -> None:
        """Reset the trial to its start: it is running, and nothing has been reported."""
        self.state = "running"
        self.attempts += 1
        self.user_attrs: dict[str, Any] = {}
        if self.asked is not None:
            self.asked, self.shared_params = self.asked.again(), {}
        self.values: tuple[float, ...] | None = None
        self.error: str | None = None
        self.traceback: str | None = None
        self.saved: dict[str, np.ndarray] | None = None
        self.reports: dict[int, float] = {}
        self.scores: list[float | None] | None = None
        self.visits: int | None = None
        self.uses_budget = self._stopping = False
        self.seconds: float | None = None
        self.finished: float | None = None
        self.started = time.time()
        self.start_clock()

    def start_clock(self) -> None:
        """Measure the trial's seconds from now on."""
        self._clock = time.perf_counter()

    def elapsed(self) -> float:
        """The seconds since `start_clock`."""
        return max(time.perf_counter() - self._clock, 0.0)  # a clock may be set back

    @property
    def value(self) -> float | None:
        """The value of the only objective; a ValueError where there are several."""
        if self.values is not None and len(self.values) > 1:
            raise ValueError(f"trial {self.number} has {len(self.values)} values, one for each objective; use "
                             "trial.values, or in a plot target=lambda trial: trial.values[0]")
        return None if self.values is None else self.values[0]

    @value.setter
    def value(self, value: float | None) -> None:
        self.values = None if value is None else (value,)

    @property
    def params(self) -> dict[str, Any]:
        """The configuration, as plain values; a deep copy, which the objective may change.

        A choice that can't be copied, such as a module, is shared.
        """
        return copied_params(self.shared_params)

    @property
    def budget(self) -> float | None:
        """What the searcher has allotted, such as the number of epochs; None of a searcher without budgets."""
        self.uses_budget |= self.finished is None  # what reads it later is not the objective
        return self.given_budget

    @property
    def seed(self) -> int:
        """An int made from the study's seed and the trial's number (its first ancestor's, where it has a parent)."""
        return self._context.seed_of(self.number, self.parent)

    def report(self, value: Any, step: int) -> None:
        """Record an intermediate value, in the user's direction, at a step such as the epoch.

        Raises
            ValueError where the value is not a finite number.
        """
        number, error = finite_number(value)
        if error is not None:
            raise ValueError(f"the reported {error}")
        self.reports[checks.integer("step", step, low=0)] = number

    def report_scores(self, scores: Iterable[Any]) -> None:
        """Record the scores of the folds of a cross-validation, whose mean the objective returns, as ``scores``.

        They tell `scratchtune.study.terminator.Terminator` and `scratchtune.insight.optimism` the error of the value.

        Raises
            TypeError where it is no list or array, and ValueError where one of the scores is not a finite number.
        """
        if isinstance(scores, (str, bytes)) or not isinstance(scores, Iterable):
            raise TypeError(f"scores is {_short(scores)}; it must be a list of numbers, one for each fold")
        found = [finite_number(score) for score in scores]
        for _, error in found:
            if error is not None:
                raise ValueError(f"of the scores one {error}")
        self.scores = [number for number, _ in found]

    def should_stop(self) -> bool:
        """Whether the study's stopping rule ends this trial, given what it has reported so far.

        After True, the objective should return its value, or None for the value reported at the last step. In both
        cases the trial's state is "stopped", and it can't be the study's best.

        Raises
            ValueError in a study of several objectives.
        """
        if self._context.objectives.several:
            raise self._context.objectives.no_single("value to stop a trial by", "train each trial to its end, or make "
                                                     "its cost, such as the number of epochs, a hyper-parameter")
        self._stopping = self._stopping or self._context.should_stop(self.number, self.reports)
        return self._stopping

    def should_prune(self) -> bool:
        """The same as `should_stop`, by Optuna's name; an objective may then raise `TrialPruned`."""
        return self.should_stop()

    def save(self, arrays: Mapping[str, Any]) -> None:
        """Save named arrays, such as a model's weights, for the trials that continue this one."""
        if not isinstance(arrays, Mapping):
            raise TypeError(f"arrays is {type(arrays).__name__}; it must be a dict from names to arrays")
        copies = {name: np.array(array) for name, array in arrays.items()}
        for name, array in copies.items():
            if not isinstance(name, str):
                raise TypeError(f"arrays has the name {name!r}; a name must be text")
            if array.dtype.hasobject:
                raise TypeError(f"arrays[{name!r}] holds Python objects; it must hold numbers, booleans or text")
        size = sum(array.nbytes for array in copies.values())
        if size > MOST_SAVED:
            raise ValueError(f"arrays hold {size:,} bytes; a trial may save at most {MOST_SAVED:,}")
        self.saved = copies

    def load(self) -> dict[str, np.ndarray] | None:
        """Return a copy of the arrays that the parent has saved; None for a trial without a parent."""
        self.uses_budget = True  # it continues where the smaller budget has ended
        saved = None if self.parent is None else self._context.saved_by(self.parent)
        return None if saved is None else {name: array.copy() for name, array in saved.items()}

    def finish(self, value: Any, state: str | None, measured: Mapping[str, Any] | None = None) -> str:
        """Record the outcome: a value that is not a finite number makes the trial a failed one, with the reason.

        In a study of several objectives it must be as many numbers, in order or, where they have names, by name.

        ``measured`` are values of other attributes, such as ``seconds``.
        Returns the trial's state. The caller sets it, together with what depends on it; until then it is "running".
        """
        self.finished = time.time()
        for name, number in (measured or {}).items():
            setattr(self, name, number)
        if self.seconds is None:
            self.seconds = self.elapsed()
        several = self._context.objectives.several
        if _is_pruned(value) and (self.reports or several):
            value, self._stopping = None, True
        if isinstance(value, BaseException):
            self.traceback = _formatted(value)
        if state is None and self._stopping:
            state = "stopped"
        if state == "stopped" and value is None and self.reports and not several:
            value = self.reports[max(self.reports)]
        values, error = _finite_values(value, self._context.objectives)
        if state == "stopped" and value is None and several:
            error = _not_pruned(self._context.objectives)
        if state == "failed" and value is None:
            error = "told as failed"
        else:
            error = nothing_asked(self.asked, value, error)
        self.error = error
        state = "failed" if error is not None else state or "complete"
        self.values = None if state == "failed" else values
        return state

    def detached(self, context: Any) -> Trial:
        """Return a copy with another context, to be sent to another process."""
        sent = copy.copy(self)
        sent._context = context
        return sent

    def copied(self, context: Any) -> Trial:
        """Return an independent copy for another study; one that is running is reset to its start."""
        if self.state == "running":
            proposal = Suggestion(self.proposed, self.why, self.budget, self.parent)
            made = Trial(context, self.number, proposal, self.asked is not None)
            made.attempts, made.started = self.attempts, self.started
            return made
        made = self.detached(context)
        made.reports, made.why = dict(self.reports), dict(self.why)
        return made

    def outcome(self) -> dict[str, Any]:
        """The outcome as plain data, to be returned from another process."""
        return {name: getattr(self, name) for name in OUTCOME}

    def finish_as(self, outcome: Mapping[str, Any]) -> str:
        """Record an `outcome` of another process; returns the trial's state, as `finish` does."""
        for name, value in outcome.items():
            if name != "state":
                setattr(self, name, value)
        self.finished = time.time()
        return str(outcome["state"])

    def __repr__(self) -> str:
        several = self.values is not None and len(self.values) > 1
        value = f"values={self.values!r}" if several else f"value={self.value!r}"
        outcome = value if self.error is None else f"error={self.error!r}"
        return f"Trial(number={self.number}, state={self.state!r}, {outcome}, params={self.shared_params!r})"


def finished_count(trials: Iterable[Trial]) -> int:
    """How many trials are finished: complete, failed or stopped."""
    return sum(trial.state != "running" for trial in trials)


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
        return math.nan, f"value is {_short(value)}, which is no number: {type(problem).__name__}: {_text(problem)}"
    return math.nan, f"value is {_short(value)}; it must be a finite number"


def _finite_values(value: Any, objectives: Objectives) -> tuple[tuple[float, ...], str | None]:
    """Return (numbers, None) if what an objective has returned is a finite number for each, else what is wrong."""
    if not objectives.several or isinstance(value, BaseException):
        number, error = finite_number(only_entry(value))
        return (number,), error
    parts, error = in_order(value, objectives)
    found = list(zip(objectives.labels, map(finite_number, parts), strict=False))
    errors = [f"{label}: {wrong}" for label, (_, wrong) in found if wrong is not None]
    return tuple(number for _, (number, _) in found), error or next(iter(errors), None)


def _is_pruned(value: Any) -> bool:
    """Whether it is a `TrialPruned`, of this package or of Optuna, which is not imported for that."""
    return isinstance(value, TrialPruned) or any(
        kind.__name__ == "TrialPruned" and kind.__module__.startswith("optuna.") for kind in type(value).__mro__)


def _not_pruned(objectives: Objectives) -> str:
    count = len(objectives.directions)
    return (f"a trial can be stopped early (pruned) only in a study of one objective, and this one has {count}; train "
            f"each trial to its end, and return {count} finite numbers")


def copied_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy of a configuration; a choice that can't be copied, such as a module, is shared."""
    return {name: copied_value(value) for name, value in params.items()}


def evaluate(objective: Callable[[Trial], Any], trial: Trial) -> Any:
    """Call the objective and set the trial's seconds; return the value, or the exception that was raised."""
    trial.uses_budget, started = False, time.perf_counter()
    try:
        outcome = objective(trial)
    except Exception as error:
        outcome = error
    trial.seconds = max(time.perf_counter() - started, 0.0)
    return outcome


def _text(error: BaseException) -> str:
    try:
        return _same_in_all_processes(str(error))
    except Exception:  # of the exception's own __str__
        return "(it does not say why)"


def _formatted(error: BaseException) -> str:
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


def _short(value: Any) -> str:
    try:
        text = _same_in_all_processes(repr(value))
    except Exception:
        text = f"of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
