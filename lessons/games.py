"""One game of the race: a searcher proposes, the landscape answers; what happened, and what went wrong.

The game calls the searcher as a study with one worker does, with the same arguments. It does not stop where a study
would: a configuration that the space does not have counts as a failed trial, and an error ends the game, whose results
until then are kept.
"""

from __future__ import annotations

import importlib.util
import math
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import scratchtune as st
from lessons import running
from lessons.landscapes import FULL, Game, Params
from scratchtune.core.search import Exhausted, Result, Seen, Space

LONGEST = 5.0  # seconds of one proposal, of the processor: beyond it is a loop without an end
Make = Callable[[], st.Searcher]
RANGE, KINDS = "range", "kinds"  # what is wrong with a configuration: a value beyond its range; names and choices


@dataclass
class Played:
    """A game that was played: its trials, what each cost, the seconds of each proposal, and what went wrong."""

    results: list[Result] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)  # of each trial, the first of those that it continues
    wrong: dict[str, str] = field(default_factory=dict)  # the first message of each kind
    error: Exception | None = None

    def best(self, trials: float) -> Params | None:
        """The params of the best value observed within the cost of so many full trials, at the largest budget."""
        spent = np.cumsum(self.costs)
        done = [each for each, cost in zip(self.results, spent, strict=True)
                if cost <= trials + 1e-9 and not math.isnan(each.value)]
        return min(done, key=lambda each: (-(each.budget or FULL), each.value)).params if done else None


def play(make: Make, game: Game, seed: int, trials: float) -> Played:
    """Play one game at the cost of so many full trials; a trial that continues another one costs the difference."""
    played = Played()
    try:
        searcher = make().for_space(game.space)
        while sum(played.costs) < trials - 1e-9:
            _step(searcher, game, seed, played)
    except Exhausted:
        pass
    except Exception as error:  # whatever a learner's searcher raises ends the game
        played.error = error
    return played


def arguments(space: Space, needs: int, results: Sequence[Result], seed: int) -> tuple[Any, ...]:
    """The arguments of `Searcher.suggest` for the next trial, as a study passes them."""
    number = len(results)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    seen = Seen(results[:needs], enqueued=0, seed=seed)
    return space, seen, [dict(each.params) for each in results[needs:]], number, rng


def _step(searcher: st.Searcher, game: Game, seed: int, played: Played) -> None:
    """One trial: proposed, checked and measured."""
    results, number = played.results, len(played.results)
    given = arguments(game.space, searcher.needs(number), results, seed)
    begun = time.process_time()
    with limited(LONGEST):
        proposed = searcher.suggest(*given)
    played.seconds.append(time.process_time() - begun)
    if not isinstance(proposed, st.search.Suggestion):
        raise TypeError(f"suggest returned {proposed!r:.80}; it must return st.Suggestion(params)")
    budget = float(min(max(proposed.budget or FULL, 1.0), FULL))
    parent = proposed.parent
    played.roots.append(number if parent is None else played.roots[parent])
    before = 0.0 if parent is None else min(results[parent].budget or FULL, budget)
    params, kind, message = checked(game.space, proposed.params)
    if kind:
        played.wrong.setdefault(kind, message)
    value = math.nan if kind else game.measure(params, budget, played.roots[number])
    state = "failed" if math.isnan(value) else "complete"
    results.append(Result(number, params, value, state, proposed.budget, parent))
    played.costs.append(max(budget - before, 1.0) / FULL)


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise a TimeoutError after so much time of the processor; no limit where the system has no such timer."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: Any) -> None:
        raise TimeoutError(f"one proposal takes more than {seconds:g} seconds")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)


def checked(space: Space, params: Any) -> tuple[Params, str, str]:
    """The params as the space has them; or unchanged, with the kind of what is wrong, and the message."""
    try:
        return space.check(params), "", ""
    except (TypeError, ValueError) as error:
        message = str(error)
    if not isinstance(params, dict):
        raise TypeError(f"the params of the suggestion are {params!r:.80}; they must be a dict from names to values")
    for name, value in params.items():
        parameter = space.parameters.get(name)
        if isinstance(parameter, st.Float | st.Int) and isinstance(value, int | float | np.number):
            if not parameter.low <= value <= parameter.high:
                return params, RANGE, message
    return params, KINDS, message


# A learner's file ----------------------------------------------------------------------------------------------------


@cache
def searcher_of(entry: str) -> type[st.Searcher]:
    """The class in a file, from "my_searcher.py", or "my_searcher.py:Name" where it has several.

    Raises
        ValueError with one sentence where there is none, or where the file can't be run.
    """
    path, wanted = path_and_name(entry)
    names = _names(path)
    found = {name: each for name, each in names.items() if isinstance(each, type) and issubclass(each, st.Searcher)
             and each.__module__ == names["__name__"]}
    if wanted and wanted not in found:
        raise ValueError(f"{path} has no searcher {wanted!r}; it has {', '.join(found) or 'none'}")
    if not wanted and len(found) != 1:
        raise ValueError(f"{path} has the searchers {', '.join(found)}; name one: {path}:{next(iter(found))}" if found
                         else f"{path} has no subclass of st.Searcher; define one")
    made = found[wanted or next(iter(found))]
    try:
        made()
    except Exception as error:
        said = f"{made.__name__}() raises an error; the race gives no arguments. {explained(error, path)}"
        raise ValueError(said) from None
    return made


def path_and_name(entry: str) -> tuple[Path, str]:
    """The file and the name of an entry; ValueError where there is no such file."""
    file, _, name = entry.rpartition(":") if ".py:" in entry else (entry, "", "")
    path = Path(file)
    if not path.is_file():
        raise ValueError(f"there is no file {file}")
    return path, name


def _names(path: Path) -> dict[str, Any]:
    """Run a file, of a lesson its exercise; its names."""
    try:
        if running.EXERCISE in path.read_text(encoding="utf-8"):
            return running.exercise(path)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise ValueError("it must be a Python file")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return vars(module)
    except (Exception, SystemExit) as error:  # a learner's file may raise anything
        raise ValueError(f"{path} can't be run. {explained(error, path)}") from None


def explained(error: BaseException, path: Path) -> str:
    """What happened, in one sentence, and at which line of the learner's file."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError):
        return f"Line {error.lineno} is no valid Python: {error.msg}."
    if isinstance(error, NotImplementedError):
        what = f"it is still empty ({what})"
    name = os.path.realpath(path)
    here = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.realpath(frame.filename) == name]
    return f"Line {here[-1].lineno}, `{here[-1].line}`: {what}" if here else what
