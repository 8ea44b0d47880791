"""The table in memory: a short life by hand, then owners, look-ups and what a file puts in its place."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.search import Space
from scratchtune.study.table import Start, Table, Waiting
from scratchtune.study.trial import Trial

SPACE = Space({"x": [1, 2, 3, 4]})


def trial(number: int, x: int, **why: Any) -> Trial:
    return Trial(st.Study(SPACE)._core.context, number, st.Suggestion({"x": x}, why))


def told(table: Table, number: int, value: float, state: str | None = None) -> None:
    found = table.find(number)
    table.finish(found, found.finish(value, state))


def test_three_trials_that_end_in_another_order() -> None:
    table, run = Table(SPACE, sign=-1.0), object()  # values are maximised
    for number, x in enumerate((2, 1, 2)):
        table.add(trial(number, x), run, from_queue=False)
    told(table, 2, 5.0)
    assert table.finished() == [] and table.best is table.trials[2]
    told(table, 0, 7.0)
    assert [(result.number, result.value) for result in table.finished()] == [(0, -7.0)] and table.best is table.find(0)
    told(table, 1, float("nan"))
    assert [result.state for result in table.finished()] == ["complete", "failed", "complete"]
    assert len(table.results()) == 3 and np.isnan(table.finished()[1].value)
    assert list(table.numbers_with({"x": 2})) == [0, 2] and list(table.numbers_with({"x": 3})) == []


def test_the_first_of_equal_values_is_the_best_whenever_it_ends() -> None:
    table = Table(SPACE, sign=1.0)
    for number in range(3):
        table.add(trial(number, 1), "a run", from_queue=False)
    for number in (1, 0, 2):
        told(table, number, 4.0)
    assert table.best is table.trials[0]


def test_released_trials_are_unassigned_and_restart_once() -> None:
    table = Table(SPACE, sign=1.0)
    for number, owner in enumerate(("run", "other", "run")):
        table.add(trial(number, 1), owner, from_queue=False)
    told(table, 0, 1.0)
    table.release("run")
    assert table.unassigned == [table.trials[2]] and table.has_assigned()
    table.restart(table.unassigned[0], "again")
    assert table.unassigned == [] and [t.attempts for t in table.trials] == [1, 1, 2]
    table.disown_all()
    assert not table.has_assigned() and table.unassigned == []
    table.release_all()
    assert [t.number for t in table.unassigned] == [1, 2]


def test_the_queue_and_what_a_file_holds_of_it() -> None:
    table = Table(SPACE, sign=1.0)
    table.enqueue({"x": 3})
    table.enqueue({"x": 4})
    table.add(trial(0, 3, enqueued=True), "run", from_queue=True)
    assert table.waiting == [Waiting(1, {"x": 4})] and table.enqueued == [0]
    table.add(trial(1, 4, enqueued=True), "run", from_queue=True)
    table.enqueue({"x": 1})
    assert table.waiting == [Waiting(2, {"x": 1})]  # a position is never used again
    stored = [trial(0, 3, enqueued=True), trial(1, 4, enqueued=True), trial(2, 1, enqueued=True)]  # by another process
    table.replace(stored, [Waiting(2, {"x": 2})])  # and has enqueued 2, as the script of this one will
    assert table.waiting == [Waiting(2, {"x": 2})] and table.enqueued == [0, 1, 2] and table.unassigned == stored
    assert list(table.numbers_with({"x": 4})) == [1] and table.finished() == []
    assert not table.claim({"x": 1}) and table.claim({"x": 2}) and not table.claim({"x": 2})


def test_a_script_enqueues_again_what_a_file_holds() -> None:
    table = Table(SPACE, sign=1.0)
    assert not table.claim({"x": 3})
    table.replace([trial(0, 3, enqueued=True), trial(1, 4, enqueued=True)], [Waiting(0, {"x": 4})])
    assert table.claim({"x": 3}) and not table.claim({"x": 1}) and not table.claim({"x": 3})
    assert table.claim({"x": 4}) and table.claim({"x": 4}) and not table.claim({"x": 4})  # one began, one waits
    assert table.waiting == [Waiting(0, {"x": 4})]


def test_what_is_enqueued_after_a_new_trial_is_new() -> None:
    table = Table(SPACE, sign=1.0)
    table.replace([trial(0, 3, enqueued=True), trial(1, 4, enqueued=True)], [])
    table.restart(table.unassigned[0], "run")
    told(table, 0, 1.0)
    assert table.claim({"x": 3})  # a script of several runs ends this trial in its first one
    table.add(trial(2, 1), "run", from_queue=False)
    assert not table.claim({"x": 4})


def test_a_fork_repeats_a_configuration_at_its_own_number() -> None:
    table = Table(SPACE, sign=1.0, copied={0, 2})
    table.replace([trial(0, 3, enqueued=True)], Start([], {2: {"x": 1}}).waiting)
    table.enqueue({"x": 2})
    assert not table.claim({"x": 3}) and not table.claim({"x": 1})  # those of the original, which no script enqueues
    assert table.enqueued_by_number() == {0: {"x": 3}, 1: {"x": 2}, 2: {"x": 1}} and table.count_enqueued() == 3
    for number, x in ((1, 2), (2, 1)):
        assert table.next_enqueued().params == {"x": x}
        table.add(trial(number, x), "run", from_queue=True)
    assert table.next_enqueued() is None


def test_a_copy_has_no_owners() -> None:
    table = Table(SPACE, sign=1.0)
    table.add(trial(0, 3), (number for number in ()), from_queue=False)  # a generator can't be copied
    assert not copy.deepcopy(table).has_assigned() and table.has_assigned()


@pytest.mark.parametrize(("asked", "error"), [(1, ValueError), (-1, ValueError), ("0", TypeError)])
def test_a_number_that_is_not_there(asked: Any, error: type[Exception]) -> None:
    table = Table(SPACE, sign=1.0)
    table.add(trial(0, 3), "run", from_queue=False)
    with pytest.raises(error):
        table.find(asked)
    with pytest.raises(ValueError, match="trial 0 is not one of this study"):
        table.find(trial(0, 3))
