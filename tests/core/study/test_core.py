"""The core in memory: a short life by hand, then owners, look-ups, and the queue with what a file puts in its place."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core import checks
from scratchtune.core.search import Space
from scratchtune.core.study.core import Core
from scratchtune.core.study.queue import Queue, Waiting
from scratchtune.core.study.reasons import brief_reason
from scratchtune.core.study.study import core_of
from scratchtune.core.study.trial import Trial, View

SPACE = Space({"x": [1, 2, 3, 4]})


def core_with(*xs: int, owner: object = "run", direction: str = "minimize") -> Core:
    """A core whose first trials have these values of x; they are assigned to an owner."""
    core = core_of(st.Study(SPACE, "random", direction))
    for x in xs:
        core.enqueue({"x": x}, again=True)
        core.assign(owner)
    return core


def trial(number: int, x: int, **why: Any) -> Trial:
    return Trial(View(0), number, st.Suggestion({"x": x}, why))


def test_three_trials_that_end_in_another_order() -> None:
    core = core_with(2, 1, 2, direction="maximize")
    core.tell(2, 5.0)
    assert core.ledger.finished() == []
    core.tell(0, 7.0)
    assert [(result.number, result.value) for result in core.ledger.finished()] == [(0, -7.0)]
    core.tell(1, float("nan"))
    assert [result.state for result in core.ledger.finished()] == ["complete", "failed", "complete"]
    assert len(core.ledger.finished()) == 3 and np.isnan(core.ledger.finished()[1].value)
    assert list(core.ledger.numbers_with({"x": 2})) == [0, 2] and list(core.ledger.numbers_with({"x": 3})) == []


def test_released_trials_are_unassigned_and_restart_once() -> None:
    core = core_with(1, 1)
    core.enqueue({"x": 2})
    core.assign("other")
    core.tell(0, 1.0)
    core.release("run")
    assert core.order.unassigned == [core.trials[1]]
    assert core.assign("again") is core.trials[1] and core.order.unassigned == []
    assert [t.attempts for t in core.trials] == [1, 2, 1]
    core.release("other")
    assert core.order.unassigned == [core.trials[2]]


def test_a_copy_has_no_owners() -> None:
    core = core_with(3, owner=(number for number in ()))  # a generator can't be copied
    assert [one.number for one in copy.deepcopy(core).order.unassigned] == [0] and core.order.unassigned == []


@pytest.mark.parametrize(("asked", "error"), [(1, ValueError), (-1, ValueError), ("0", TypeError)])
def test_a_number_that_is_not_there(asked: Any, error: type[Exception]) -> None:
    core = core_with(3)
    with pytest.raises(error):
        core.ledger.find(asked)
    with pytest.raises(ValueError, match="trial 0 is not one of this study"):
        core.ledger.find(trial(0, 3))


# The queue -----------------------------------------------------------------------------------------------------------


def test_the_queue_and_what_a_file_holds_of_it() -> None:
    queue = Queue(SPACE)
    queue.add(Waiting({"x": 3}))
    queue.add(Waiting({"x": 4}))
    queue.state = queue.after(0)
    assert queue.state.waiting == [Waiting({"x": 4})] and queue.state.begun == [0]
    stored = [trial(0, 3, enqueued=True), trial(1, 4, enqueued=True), trial(2, 1)]  # another process has gone on
    queue.replace([Waiting({"x": 2})], stored)
    assert queue.state.waiting == [Waiting({"x": 2})] and queue.state.begun == [0, 1]


def test_a_configuration_is_known_that_waits_or_has_begun_and_is_no_repeat() -> None:
    queue, begun = Queue(SPACE), [trial(0, 3, enqueued=True), trial(1, 4, enqueued=True, repeat_of=0), trial(2, 2)]
    assert not queue.knows({"x": 3}, begun)
    queue.replace([Waiting({"x": 1})], begun)
    assert [x for x in (1, 2, 3, 4) if queue.knows({"x": x}, begun)] == [1, 3]
    queue.add(Waiting({"x": 4}))
    assert queue.knows({"x": 4}, begun)


def test_what_is_known_is_enqueued_again_only_where_that_is_asked() -> None:
    study = st.Study(SPACE, "random")
    for _ in range(2):
        study.enqueue({"x": 3})
        study.enqueue({"x": 4})
    assert study.waiting == [{"x": 3}, {"x": 4}]
    study.run(lambda trial: trial.params["x"], 3, progress=False)
    study.enqueue({"x": 3})
    assert study.waiting == []
    study.enqueue({"x": 3}, again=True)
    assert study.waiting == [{"x": 3}]
    with pytest.raises(TypeError, match="again is 1"):
        study.enqueue({"x": 3}, again=1)  # type: ignore[arg-type]


# Reasons in one sentence ---------------------------------------------------------------------------------------------

PLANE = {"x": st.Float(0.0, 1.0), "y": st.Float(0.0, 1.0)}


def test_brief_reasons_by_hand() -> None:
    objectives, one = st.Study(SPACE, direction="maximize").objectives, trial(12, 3, index=4, of=9)
    assert brief_reason(one, "", st.GridSearch(), objectives, 50) == "Trial 12 (the 13th of 50 trials): " + (
        "Point 5 of 9 of the grid, in its fixed order, independent of earlier results.")
    known = "Trial 12 (the 13th of 1,000 trials): First."
    assert brief_reason(one, "Trial 12: First. Second.", None, objectives, 1000) == known
    of_process = trial(0, 1, model="gp", acquisition="log_ei", trials=7, mean=-0.91, std=0.05, best=-0.9)
    assert brief_reason(of_process, "", st.BayesianSearch(), objectives, 1) == (
        "Trial 0 (the 1st of 1 trial): The highest expected improvement: a Gaussian process of 7 trials "
        "predicts 0.91 ± 0.05 here, and the best value so far is 0.9 (higher is better).")


def test_a_searcher_without_a_brief_reason_says_the_first_sentence() -> None:
    class Own(st.Searcher):
        def explain(self, why: dict[str, Any]) -> str:
            return "The loss 0.5 was near. And more."

    said = [brief_reason(trial(0, 1), "", Own(), st.Study(SPACE, direction=direction).objectives, 1).partition(": ")[2]
            for direction in ("minimize", "maximize")]
    assert said == ["The loss 0.5 was near.", "The loss 0.5 was near (a loss is minus the value)."]


@pytest.mark.parametrize("searcher", [
    "grid", "random", "bayesian", "genetic", st.Hyperband(9, 3, st.GeneticSearch(4)),
    st.BayesianSearch("gp", acquisition="pi"), st.BayesianSearch("gp", acquisition="lcb")], ids=repr)
def test_a_brief_reason_is_one_sentence_in_the_users_direction(searcher: Any) -> None:
    """All values are from 0.5 to 1, so a loss would have a minus sign."""
    study = st.Study(PLANE, searcher, "maximize")
    study.enqueue({"x": 0.5, "y": 0.5})
    study.run(lambda trial: 1.0 - sum(x * x for x in trial.params.values()) / 4 + 0.0 * (trial.budget or 0), 14,
              progress=False)
    for number in range(14):
        said = study.why(number, brief=True)
        assert said.startswith(f"Trial {number} (the {checks.ordinal(number + 1)} of 14 trials): ")
        assert said.endswith(".") and ". " not in said and "loss" not in said and " -" not in said
    assert study.why(0, brief=True).endswith(": put into the queue by the user.")
    with pytest.raises(TypeError, match="brief is 1"):
        study.why(0, 1)  # type: ignore[arg-type]


def test_of_several_objectives_a_brief_reason_has_no_values() -> None:
    study = st.Study(PLANE, st.NSGA2(population=4), directions=("maximize", "minimize"))
    study.run(lambda trial: tuple(trial.params.values()), 9, progress=False)
    assert "a child of trial " in study.why(8, brief=True) and "value" not in study.why(8, brief=True)
