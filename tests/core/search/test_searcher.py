"""What a searcher is given: a `Seen` by a study, and any sequence of results by anybody else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.core.search import BayesianSearch, RandomSearch, Result, Searcher, Seen, Space, Suggestion
from scratchtune.core.search.searcher import PendingParams, Taken, as_seen
from scratchtune.core.study import Study


@pytest.mark.parametrize(("searcher", "given", "message"), [
    (BayesianSearch, "n_intial", r"^BayesianSearch\(\) has no argument 'n_intial', did you mean 'initial'\?$"),
    (RandomSearch, "seed", r"^RandomSearch\(\) has no argument 'seed'; it has 'sequence'$")])
def test_a_misspelt_argument_is_one_clear_sentence(searcher: Any, given: str, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        searcher(**{given: 3})


class Recording(Searcher):
    """Remembers what it was given."""

    def __init__(self) -> None:
        self._given: list[tuple[Any, Any]] = []

    def needs(self, number: int) -> int:
        return max(0, number - 2)

    def suggest(self, space: Space, seen: Any, pending: Any, number: int, rng: Any) -> Suggestion:
        self._given.append((seen, pending))
        return Suggestion(space.from_unit(rng.random(1)))


def test_a_study_passes_earlier_and_own_results_what_was_enqueued_and_its_seed() -> None:
    earlier = Study({"x": [1, 2, 3]}, RandomSearch()).run(lambda trial: 0.0, 2, progress=False)
    searcher = Recording()
    study = Study({"x": [1, 2, 3]}, searcher, seed=7, start_from=earlier)
    study.enqueue({"x": 3})
    study.run(lambda trial: float(trial.params["x"]), 5, progress=False)
    assert len(searcher._given) == 4  # trials 1 to 4
    seen, pending = searcher._given[-1]
    assert isinstance(seen, Seen) and isinstance(seen, list) and isinstance(pending, PendingParams)
    assert [result.params for result in seen.earlier] == [trial.params for trial in earlier.trials]
    assert [result.number for result in seen.own] == [0, 1] and seen == seen.earlier + seen.own
    assert seen.enqueued == 1 and seen.seed == 7
    assert list(pending) == [trial.params for trial in study.trials[2:4]]


def test_of_a_plain_sequence_the_last_results_are_the_study_s_own() -> None:
    results = [Result(number, {"x": number}, 0.0, "complete") for number in (0, 1, 0)]
    rng = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(2,)))
    for kind in (list, tuple):
        seen = as_seen(kind(results), 1, rng)
        assert seen.earlier == results[:2] and seen.own == results[2:] and seen.enqueued is None and seen.seed == 7
    assert as_seen(seen, 0, rng) is seen


def test_taken_tells_equal_values_of_different_types_apart() -> None:
    space = Space({"x": [1, 1.0, True]})
    taken = Taken(space, [Result(0, {"x": 1}, 0.0, "complete")], [{"x": True}])
    assert {"x": 1} in taken and {"x": True} in taken and {"x": 1.0} not in taken
