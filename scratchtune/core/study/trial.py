"""A trial is one configuration that is evaluated: its number, its parameters, why they were proposed, the outcome.

`Trial` is what users see, who can't set its attributes. The study's `Core` works on it by the functions below: `begin`
resets a trial, `judged` makes an `Outcome` of what an objective has returned, and `settle` records it.
"""

from __future__ import annotations

import copy
import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.files import valid_text
from scratchtune.core.search import Categorical, Float, Int, Result, Space, Suggestion
from scratchtune.core.search.constraints import violation
from scratchtune.core.search.learned_space import SpaceLearner
from scratchtune.core.search.space import Parameter
from scratchtune.core.study.definition import decoded, encoded, is_open
from scratchtune.core.study.errors import StorageError
from scratchtune.core.study.objectives import Objectives
from scratchtune.core.study.requests import (
    Requests,
    check_choices,
    checked_attribute,
    copied_params,
    copied_value,
    shown,
)
from scratchtune.core.study.returned import checked_reports, finite_number, finite_values, formatted, is_pruned, short
from scratchtune.core.study.stopping import Stopping, losses_of_reports

MOST_SAVED = 500_000_000  # bytes; SQLite stores at most a billion in one value
STATES = ("running", "complete", "failed", "stopped")
LOST = "its record was lost with a part of the file"  # why a salvaged trial begins again; see `lost_row`
RETURN = "return the value from the objective, raise an exception if the trial has failed, or use study.tell"
INSTEAD = {  # of writing to an attribute of a trial
    **dict.fromkeys(("state", "value", "values", "error", "traceback"), RETURN),
    "params": "its configuration is what the searcher has proposed; change the dict that trial.params returns, a copy",
    "reports": "use trial.report(value, step)", "scores": "use trial.report_scores(scores)",
    "saved": "use trial.save(arrays)", "user_attrs": "use trial.set_user_attr(key, value)",
    "constraints": "use trial.set_constraint(numbers)"}


class Outcome(NamedTuple):
    """How a trial has ended, and what it has recorded by then; the attributes are described at `Trial`.

    ``exception`` is what the objective has raised, in this process; ``params`` are None where a space gave them.
    """

    state: str
    values: tuple[float, ...] | None
    reports: dict[int, float]
    user_attrs: dict[str, Any]
    error: str | None = None
    traceback: str | None = None
    scores: list[float | None] | None = None
    visits: int | None = None
    saved: dict[str, np.ndarray] | None = None
    seconds: float | None = None
    finished: float | None = None
    uses_budget: bool = False
    constraints: tuple[float, ...] = ()
    params: dict[str, Any] | None = None
    requests: Requests | None = None
    exception: BaseException | None = None
    why: dict[str, Any] | None = None


SETTLED = (  # what `settle` records as it is
    "values", "error", "traceback", "reports", "scores", "visits", "saved", "user_attrs", "uses_budget", "seconds",
    "finished", "constraints")


class View(NamedTuple):
    """What one trial sees of its study, as plain data; ``board``: what its stopping rule compares it with."""

    seed: int
    objectives: Objectives = Objectives(("minimize",))
    saved: dict[str, np.ndarray] | None = None
    stopping: Stopping | None = None
    board: Any = None

    def stops(self, trial: Trial) -> bool:
        """Whether the stopping rule ends a trial, by what was known when it was sent."""
        return decide(trial, self.stopping, self.board)

    def seed_of(self, trial: Trial) -> int:
        """The trial's seed."""
        return self.seed

    def of(self, trial: Trial) -> View:
        """This view: a sent trial has it in place of its study's `Context`."""
        return self


class Trial:
    """The argument of an objective, and one row of a study's table.

    Attributes: ``number``, from 0; ``values``, one of each objective in the user's direction, and ``value``, that of
    the only one; ``state``, "running", "complete", "failed" or "stopped"; ``error``, one sentence, and ``traceback``
    where there was one, both with addresses in memory as "at 0x...", since those differ between processes; ``why``, the
    reasons as plain data; ``budget`` and ``parent`` where the searcher uses them; ``reports``, step to value;
    ``scores`` of the folds where it was cross-validated; ``attempts``, how often it was begun; ``started`` and
    ``finished``, seconds since 1970, and ``seconds`` of work; ``visits``, the rows its fits have used, summed over
    epochs and folds, where known; ``saved``, the arrays of `save`; ``given_budget``, the same as ``budget``, but not
    noted in ``uses_budget``: whether the objective has read it; ``user_attrs``, what `set_user_attr` has attached;
    ``constraints``, those of `set_constraint`, () if there are none, and ``violation``, their sum above 0.

    They are read-only: methods record what an objective has to say, and the study the rest.

    ``context`` is a `View` of its study, or an object that makes one for each trial.
    """

    __slots__ = (
        "number", "values", "state", "error", "traceback", "why", "given_budget", "parent", "reports", "scores",
        "attempts", "started", "finished", "seconds", "visits", "saved", "user_attrs", "uses_budget", "constraints",
        "_params", "_requests", "_context", "_clock", "_stopping")
    number: int
    values: tuple[float, ...] | None
    state: str
    error: str | None
    traceback: str | None
    why: dict[str, Any]
    given_budget: float | None
    parent: int | None
    reports: dict[int, float]
    user_attrs: dict[str, Any]
    uses_budget: bool
    scores: list[float | None] | None
    attempts: int
    visits: int | None
    saved: dict[str, np.ndarray] | None
    started: float | None
    finished: float | None
    seconds: float | None
    constraints: tuple[float, ...]
    _params: dict[str, Any]
    _requests: Requests | None
    _clock: float
    _stopping: bool

    def __init__(self, context: Any, number: int, suggestion: Suggestion, requests: Requests | None = None) -> None:
        self._context = context
        record(self, number=number, attempts=0)
        propose(self, suggestion, requests)
        begin(self)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and name != "uses_budget":
            instead = INSTEAD.get(name, "use trial.set_user_attr(key, value) for what is yours")
            raise AttributeError(f"trial.{name} can't be set: {instead}")
        super().__setattr__(name, value)

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        record(self, **state[1])

    @property
    def value(self) -> float | None:
        """The value of the only objective; a ValueError where there are several."""
        if self.values is not None and len(self.values) > 1:
            raise ValueError(
                f"trial {self.number} has {len(self.values)} values, one for each objective; use trial.values, or "
                "target=lambda trial: trial.values[0] in plot_optimization_history and plot_slice")
        return None if self.values is None else self.values[0]

    @property
    def params(self) -> dict[str, Any]:
        """The configuration, as plain values; a deep copy, which the objective may change."""
        return copied_params(self._params)

    @property
    def budget(self) -> float | None:
        """What the searcher has allotted, such as the number of epochs; None of a searcher without budgets."""
        self.uses_budget |= self.finished is None  # what reads it later is not the objective
        return self.given_budget

    @property
    def seed(self) -> int:
        """An int made from the study's seed and the trial's number (its first ancestor's, where it has a parent)."""
        return self._context.seed_of(self)

    @property
    def violation(self) -> float:
        """The sum of the constraints above 0: 0 if the trial is feasible, as one without constraints is."""
        return violation(self.constraints)

    @property
    def repeat_of(self) -> int | None:
        """The number of the trial that this one repeats, to confirm it (`Study.confirm`); None of other trials."""
        return self.why.get("repeat_of")

    def suggest_float(
        self, name: str, low: float, high: float, *, log: bool = False, step: float | None = None,
    ) -> float:
        """Return the trial's value of a real parameter from low to high, on a log scale or in steps from low.

        A ValueError where this trial has requested the name with another range, earlier ones have with another kind or
        scale, or the study has a space and its value is not in range.
        """
        return self._suggested(name, Float, {"low": low, "high": high, "log": log, "step": step})

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Return the trial's value of an integer parameter from low to high; raises the errors of `suggest_float`."""
        return self._suggested(name, Int, {"low": low, "high": high, "step": step, "log": log})

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return the trial's choice; raises the errors of `suggest_float`.

        Without a space a TypeError for a choice that is no number, text, bool, None, or tuple, list or dict of these.
        """
        return self._suggested(name, Categorical, {"choices": choices})

    def _suggested(self, name: str, kind: type, arguments: Mapping[str, Any]) -> Any:
        if not isinstance(name, str) or not name:
            raise TypeError(f"name is {name!r}; a parameter's name must be text")
        name = str.__str__(name)  # a plain str of one of NumPy's, or of a member of an Enum
        try:
            parameter = kind(**arguments)
        except (TypeError, ValueError) as problem:
            raise type(problem)(f"{name}: {problem}") from None
        if self._requests is None:
            return copied_value(self._of_space(name, parameter))
        check_choices(name, parameter)
        before = self._requests.parameters.get(name)
        if before is not None and before != parameter:
            raise ValueError(f"trial {self.number} has requested {name!r} as {shown(before)}, and now as "
                             f"{shown(parameter)}; within a trial it must be the same, or have another name")
        if before is None:
            if self.state != "running":
                raise ValueError(f"trial {self.number} is {self.state}; a parameter can be requested only "
                                 "while it runs")
            value = self._requests.value(name, parameter, self.seed)
            self._params = {**self._params, name: value}
        return copy.deepcopy(self._params[name])

    def _of_space(self, name: str, parameter: Parameter) -> Any:
        if name not in self._params:
            has = ", ".join(map(repr, self._params)) or "none"
            raise ValueError(
                f"{name!r} is requested, and the configuration of trial {self.number} has {has}"
                f"{checks.nearest(name, list(self._params))}: add it to the study's space, or make the study "
                "without a space")
        try:
            return parameter.check(name, self._params[name])
        except (TypeError, ValueError) as problem:
            raise ValueError(f"{problem}: the study's space has another range for it; ask for the same one") from None

    def set_user_attr(self, key: str, value: Any) -> None:
        """Attach an attribute to the trial, any value that JSON has; it is stored when the trial has finished."""
        if self.state != "running":
            raise ValueError(f"trial {self.number} is {self.state}; its attributes are set while it runs")
        record(self, user_attrs={**self.user_attrs, **checked_attribute(key, value)})

    set_attr = set_user_attr  # the shorter name of the two

    def set_constraint(self, constraints: Any) -> None:
        """Record a number, or several, that are at most 0 where the trial is feasible, as ``memory - limit``.

        A feasible trial is better than any infeasible one. Another call replaces them; all trials should have as many.
        A ValueError where one is no finite number, or a bool, which might mean either.
        """
        if self.state != "running":
            raise ValueError(f"trial {self.number} is {self.state}; its constraints are set while it runs")
        several = isinstance(constraints, (list, tuple)) or getattr(constraints, "ndim", 0) > 0
        found = list(constraints) if several else [constraints]
        for one in found:
            if finite_number(one)[1] is not None or isinstance(one, (bool, np.bool_)):
                raise ValueError(f"a constraint is {short(one)}; it must be a finite number, at most 0 where the "
                                 "trial is feasible, such as memory - limit")
        numbers = tuple(finite_number(one)[0] for one in found)
        if math.isinf(violation(numbers)):
            raise ValueError(f"the constraints are {found}, whose sum above 0 is infinite; it must be a finite number: "
                             "divide each by its limit, such as memory / limit - 1")
        record(self, constraints=numbers)

    def report(self, value: Any, step: int) -> None:
        """Record an intermediate value at a step such as the epoch; a ValueError where it is no finite number."""
        if self.state != "running":
            raise ValueError(f"trial {self.number} is {self.state}; values are reported while it runs")
        number, error = finite_number(value)
        if error is not None:
            raise ValueError(f"the reported {error}")
        self.reports[checks.integer("step", step, low=0)] = number

    def report_scores(self, scores: Iterable[Any]) -> None:
        """Record the scores of the folds, whose mean the objective returns; an error where one is no finite number."""
        if isinstance(scores, (str, bytes)) or not isinstance(scores, Iterable):
            raise TypeError(f"scores is {short(scores)}; it must be a list of numbers, one for each fold")
        found = [finite_number(score) for score in scores]
        for _, error in found:
            if error is not None:
                raise ValueError(f"of the scores one {error}")
        record(self, scores=[number for number, _ in found])

    def should_stop(self) -> bool:
        """Whether the study's stopping rule ends this trial; a ValueError in a study of several objectives.

        After True, the objective should return its value, or None for the value reported at the last step. In both
        cases the trial's state is "stopped", and it can't be the study's best. A repeat is never stopped.
        """
        if self._context.objectives.several:
            raise self._context.objectives.no_single("value to stop a trial by", "train each trial to its end, or make "
                                                     "its cost, such as the number of epochs, a hyper-parameter")
        self._stopping = self._stopping or (self.state == "running" and self._context.stops(self))
        return self._stopping

    should_prune = should_stop  # Optuna's name; an objective may then raise `TrialPruned`

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
        record(self, saved=copies)

    def load(self) -> dict[str, np.ndarray] | None:
        """Return a copy of the arrays that the parent has saved; None for a trial without a parent."""
        self.uses_budget = True  # it continues where the smaller budget has ended
        saved = None if self.parent is None else self._context.of(self).saved
        return None if saved is None else {name: array.copy() for name, array in saved.items()}

    def __repr__(self) -> str:
        several = self.values is not None and len(self.values) > 1
        value = f"values={self.values!r}" if several else f"value={self.value!r}"
        outcome = value if self.error is None else f"error={self.error!r}"
        return f"Trial(number={self.number}, state={self.state!r}, {outcome}, params={self._params!r})"


class FixedTrial(Trial):
    """A trial outside any study, whose parameters are given: ``objective(FixedTrial({"x": 0.5}))`` evaluates them.

    A ValueError where the objective requests one that is missing or out of range. `should_stop` is never True.

    >>> FixedTrial({"x": 0.5}).suggest_float("x", 0.0, 1.0)
    0.5
    """

    __slots__ = ()

    def __init__(self, params: Mapping[str, Any], number: int = 0) -> None:
        if not isinstance(params, Mapping):
            raise TypeError(f"params is {params!r}; it must be a dict from names to values")
        super().__init__(View(number), number, Suggestion(dict(params), {"fixed": True}))

    def _of_space(self, name: str, parameter: Parameter) -> Any:
        if name not in self._params:
            raise ValueError(f"{name!r} is requested, and params has {list(self._params)}: add a value for it")
        return parameter.check(name, self._params[name])


def configuration(trial: Trial) -> dict[str, Any]:
    """The configuration itself, for reading only, where `Trial.params` is a copy."""
    return trial._params


def requests_of(trial: Trial) -> Requests | None:
    """What a trial of a study without a space has requested; None with a space."""
    return trial._requests


def proposal_of(trial: Trial) -> dict[str, Any]:
    """The configuration that was proposed for a trial; in a study with a space, its params."""
    return trial._params if trial._requests is None else trial._requests.proposed


def result_of(trial: Trial, sign: float | tuple[float, ...]) -> Result:
    """A finished trial as searchers see it: its value times ``sign``, so that smaller is better; NaN is a failure."""
    loss, losses = math.nan, tuple[float, ...]()
    if isinstance(sign, tuple):
        losses = tuple(one * value for one, value in zip(sign, trial.values or (), strict=False))
    elif trial.values is not None:
        loss = sign * trial.values[0]
    return Result(trial.number, trial._params, loss, trial.state, trial.given_budget, trial.parent, losses,
                  trial.constraints)


def results_of(trials: Sequence[Trial], sign: Any) -> list[Result]:
    """The finished trials as searchers see them: one and its complete repeats are one result, with the mean value.

    The mean includes the first value, which `confirmed_trial` omits, since candidates were selected by it.
    """
    new: dict[int, list[float]] = {}
    for trial in trials:
        if trial.repeat_of is not None and trial.state == "complete":
            new.setdefault(trial.repeat_of, []).append(result_of(trial, sign).value)
    results = [result_of(trial, sign) for trial in trials if trial.state != "running" and trial.repeat_of is None]
    return [one._replace(value=statistics.fmean([one.value, *new.get(one.number, ())])) for one in results]


def repeats_at_end(trials: Sequence[Trial]) -> list[Trial]:
    """The latest trials, if they are repeats: those of one confirmation."""
    return list(itertools.takewhile(lambda trial: trial.repeat_of is not None, reversed(trials)))[::-1]


def finished_count(trials: Iterable[Trial]) -> int:
    """How many trials are finished."""
    return sum(trial.state != "running" for trial in trials)


def learned_space(trials: Iterable[Trial]) -> Space:
    """The space of the parameters that the finished trials of a study without a space have requested."""
    learner = SpaceLearner()
    for trial in trials:
        if trial.state != "running" and trial._requests is not None:
            learner.add(trial._requests.parameters, trial._params, trial.state == "failed")
    return learner.space()


# From its beginning to its outcome ------------------------------------------------------------------------------------


def record(trial: Trial, **attributes: Any) -> None:
    """Set attributes of a trial, in this order, as only a study does, or whoever has a copy of its own."""
    for name, value in attributes.items():
        object.__setattr__(trial, name, value)


def propose(trial: Trial, suggestion: Suggestion, requests: Requests | None) -> None:
    """Give a trial its configuration; the reasons come last, since those of a lost one are kept until then."""
    record(trial, _params=suggestion.params, _requests=requests, parent=suggestion.parent,
           given_budget=suggestion.budget, why=suggestion.why)


def begin(trial: Trial) -> None:
    """Reset a trial to its start: it is running, and nothing has been reported."""
    record(trial, state="running", attempts=trial.attempts + 1)
    if trial._requests is not None:
        old = trial._requests
        record(trial, _requests=Requests(old.proposed, old.is_enqueued, old.known), _params={})
    record(trial, values=None, error=None, traceback=None, saved=None, scores=None, visits=None, reports={},
           user_attrs={}, uses_budget=False, _stopping=False, constraints=(), seconds=None, finished=None,
           started=time.time(), _clock=time.perf_counter())


def detached(trial: Trial) -> Trial:
    """A copy that has its view of the study with it, to be sent to another process."""
    sent = copy.copy(trial)
    sent._context = trial._context.of(trial)
    return sent


def copied(trial: Trial, context: Any) -> Trial:
    """An independent copy for another study; one that is running is reset to its start."""
    made = copy.copy(trial)
    record(made, _context=context, reports=dict(trial.reports), why=dict(trial.why))
    if made.state == "running":
        begin(made)
        record(made, attempts=trial.attempts, started=trial.started)
    return made


def decide(trial: Trial, rule: Stopping | None, board: Any) -> bool:
    """Whether a rule, if there is one, ends a trial; what it decides that is to be kept is added to ``trial.why``."""
    if rule is None or trial.repeat_of is not None:  # the values of repeats must be comparable, whichever they are
        return False
    before = trial.why.get("halving", ())
    own = losses_of_reports(trial.reports, trial._context.objectives.sign)
    stops, rungs = rule.decided(own, board, before)
    if len(rungs) > len(before):
        record(trial, why={**trial.why, "halving": rungs})
    return stops


def evaluate(objective: Callable[[Trial], Any], trial: Trial) -> Outcome:
    """Call the objective with a trial, and return the outcome, also where it raises an exception."""
    trial.uses_budget, started = False, time.perf_counter()
    try:
        returned = objective(trial)
    except Exception as error:
        returned = error
    return judged(trial, returned, seconds=max(time.perf_counter() - started, 0.0))


def judged(
    trial: Trial, value: Any, state: str | None = None, seconds: float | None = None, visits: int | None = None,
    scores: list[float | None] | None = None,
) -> Outcome:
    """The outcome of a running trial: a value that is not a finite number makes it a failed one, with the reason.

    In a study of several objectives it must be as many numbers, in order or, where they have names, by name. Arguments
    that are None are taken from the trial, which is not changed.
    """
    objectives, stops = trial._context.objectives, trial._stopping
    reports, refused = checked_reports(trial.reports)
    text = formatted(value) if isinstance(value, BaseException) else None
    if text is not None and is_pruned(value) and (reports or objectives.several):
        value, stops = None, True
    state = "stopped" if state is None and stops else state
    if state == "stopped" and value is None and reports and not objectives.several:
        value = reports[max(reports)]
    values, error = finite_values(value, objectives)
    if state == "stopped" and value is None and objectives.several:
        count = len(objectives.directions)
        error = (f"a trial can be stopped early (pruned) only in a study of one objective, and this one has {count}; "
                 f"train each trial to its end, and return {count} finite numbers")
    if state == "failed" and value is None:
        error = "told as failed"
    elif trial._requests is not None:
        error = trial._requests.error(value, error)
    error = error or refused
    has_failed = error is not None or state == "failed"
    return Outcome(
        "failed" if has_failed else state or "complete", None if has_failed else values, reports,
        trial.user_attrs, error, text if isinstance(value, BaseException) else None,
        trial.scores if scores is None else scores, trial.visits if visits is None else visits, trial.saved,
        max(time.perf_counter() - trial._clock, 0.0) if seconds is None else seconds, time.time(), trial.uses_budget,
        trial.constraints, None if trial._requests is None else trial._params, trial._requests,
        value if isinstance(value, BaseException) else None, trial.why)


def settle(trial: Trial, outcome: Outcome) -> None:
    """Record an outcome; the state comes last, so that a trial is running until all of it is there."""
    record(trial, **{name: getattr(outcome, name) for name in SETTLED},
           why=trial.why if outcome.why is None else outcome.why)
    if outcome.params is not None:
        record(trial, _params=outcome.params, _requests=outcome.requests)
    record(trial, state=outcome.state)


# A trial and its row in a file ----------------------------------------------------------------------------------------

RECORDED = ("error", "traceback", "scores", "visits", "seconds", "finished", "saved")  # when it has finished
STORED = ("number", "state", "values", "reports", "user_attrs", "why", "parent", "attempts", "started", *RECORDED)


def row_of(trial: Trial, space: Space, reason: str, is_copy: bool = False) -> dict[str, Any]:
    """A trial as a file has it; of a running one in a copy, what it will do again is left out."""
    row = {"budget": trial.given_budget, "reason": reason} | {name: getattr(trial, name) for name in STORED}
    for name in ("error", "traceback"):
        row[name] = row[name] and valid_text(row[name])
    is_running = trial.state == "running"
    if is_running:
        row["user_attrs"] = {}
        row |= {"reports": {}, "scores": None, "saved": None} if is_copy else {}
    elif trial.constraints:
        row["constraints"] = trial.constraints
    if trial._requests is None:
        return row | {"params": packed_params(space, trial._params)}
    requests = {} if is_running else trial._requests.parameters
    return row | {"proposed": encoded(trial._requests.proposed), "drawn": [] if is_running else trial._requests.drawn,
                  "params": [[name, encoded(one), encoded(trial._params[name])] for name, one in requests.items()]}


def lost_row(number: int) -> dict[str, Any]:
    """The row of a trial whose own is lost: a running one without params, which the study proposes again."""
    return {"number": number, "state": "running", "why": {"lost": LOST}, "params": {}, "proposed": encoded({}),
            "parent": None, "budget": None, "attempts": 0, "started": None, "saved": None,
            "reason": f"Trial {number}: {LOST}; it is proposed again, and run, when the study is continued."}


def is_lost(trial: Trial) -> bool:
    """Whether a trial was salvaged without its params, and is not proposed again yet."""
    return "lost" in trial.why


def trial_of(study: str, row: Mapping[str, Any], space: Space, context: Any) -> Trial:
    """The inverse of `row_of`, or a StorageError; a trial that was running is reset to its start."""
    try:
        return _trial_of(row, space, context)
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise StorageError(f"trial {row['number']} of the study {study!r} is not in this space: {problem}") from problem


def _trial_of(row: Mapping[str, Any], space: Space, context: Any) -> Trial:
    number, parent, requests = row["number"], row["parent"], None
    if not isinstance(row["why"], dict) or not (parent is None or (type(parent) is int and 0 <= parent < number)):
        raise ValueError(f"trial {number} continues trial {parent!r:.60}, or has the reasons {row['why']!r:.60}")
    if is_open(space):
        proposed, params = decoded(row["proposed"]), {}
        requests = Requests(proposed, bool(row["why"].get("enqueued")))
        for name, parameter, value in row["params"]:
            requests.parameters[name] = decoded(parameter)
            params[name] = requests.parameters[name].check(name, decoded(value))
        requests.drawn = list(map(str, row.get("drawn", ())))
    else:
        params = {} if "lost" in row["why"] else space.check(unpacked_params(space, row["params"]))
    trial = Trial(context, number, Suggestion(params, row["why"], row["budget"], parent), requests)
    record(trial, attempts=int(row["attempts"]), started=row["started"] or trial.started)
    if row["state"] != "running":
        values = None if row["values"] is None else tuple(map(float, row["values"]))
        if values is not None and len(values) != len(context.objectives.directions):
            raise ValueError(f"it has {len(values)} values for {len(context.objectives.directions)} objectives")
        settle(trial, Outcome(
            checks.choice("state", row["state"], STATES), values,
            {int(step): float(value) for step, value in row["reports"].items()}, dict(row["user_attrs"]),
            constraints=tuple(map(float, row.get("constraints", ()))),
            params=params, requests=requests, **{name: row[name] for name in RECORDED}))
    return trial


def packed_params(space: Space, params: Mapping[str, Any]) -> dict[str, Any]:
    """Params for JSON: a parameter of discrete values is stored as an index, so that a choice may be any object."""
    return {name: params[name] if parameter.count is None else parameter.index(params[name])
            for name, parameter in space.parameters.items() if name in params}


def unpacked_params(space: Space, packed: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `packed_params`."""
    return {name: packed[name] if parameter.count is None else parameter.value(packed[name])
            for name, parameter in space.parameters.items() if name in packed}
