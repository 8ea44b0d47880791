"""Optuna's own tests of samplers, which any sampler must pass, run on our searchers through a thin adapter.

Random search, Bayesian search (Gaussian process, Parzen estimator, auto; with its default start, and with models from
the second trial on) and genetic search pass all of `BasicSamplerTestCase`, `RelativeSamplerTestCase` and
`SingleOnlySamplerTestCase`. What does not apply:

- `MultiObjectiveSamplerTestCase`, to any: a study has one objective, and says so in a ValueError, which is what
  `SingleOnlySamplerTestCase` asks for.
- Grid search, none of the classes: they change the space from trial to trial, and a grid is the points of one space
  that is known beforehand. `test_grid.py` has what holds for it.
- Hyperband, none of the classes: it also says how much to spend on a trial and which trial it goes on from; in Optuna
  that is not a sampler's part but a pruner's. `test_hyperband.py` holds its schedule against the paper.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

optuna = pytest.importorskip("optuna", minversion="5.0")

from optuna.testing import pytest_samplers  # noqa: E402

from scratchtune.core.search import BayesianSearch, RandomSearch, Searcher  # noqa: E402
from scratchtune.core.search.genetic.genetic_search import GeneticSearch  # noqa: E402
from tests.core.search.optuna_adapter import SearcherSampler  # noqa: E402

pytestmark = pytest.mark.slow

SEARCHERS: dict[str, Callable[[], Searcher]] = {
    "random": RandomSearch,
    "gp": lambda: BayesianSearch(model="gp", initial=1),
    "tpe": lambda: BayesianSearch(model="tpe", initial=1),
    "auto": BayesianSearch,
    "genetic": GeneticSearch,
    "genetic-small": lambda: GeneticSearch(population=2),
}
NOT_OURS = {"MultiObjectiveSamplerTestCase"}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Optuna writes a line a trial."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)


class Ours:
    """Every searcher, as the fixture that Optuna's classes ask for: a function that makes a sampler."""

    @pytest.fixture(params=SEARCHERS.values(), ids=SEARCHERS.keys())
    def sampler(self, request: pytest.FixtureRequest) -> Callable[[], Any]:
        """A function that makes a sampler."""
        return lambda: SearcherSampler(request.param)


class TestBasic(Ours, pytest_samplers.BasicSamplerTestCase):
    """Values within their ranges, on their steps and of plain types; NaN, fixed, single and changing parameters."""


class TestRelative(Ours, pytest_samplers.RelativeSamplerTestCase):
    """The same for several parameters that are proposed together, also on two threads."""


class TestSingleOnly(Ours, pytest_samplers.SingleOnlySamplerTestCase):
    """Two objectives are refused."""


def test_every_class_of_optuna_is_run_or_named_as_not_applying() -> None:
    theirs = {name for name, kind in inspect.getmembers(pytest_samplers, inspect.isclass)
              if name.endswith("TestCase") and not name.startswith("_")}
    ours = {kind.__mro__[2].__name__ for kind in (TestBasic, TestRelative, TestSingleOnly)}
    assert theirs == ours | NOT_OURS


def test_the_adapter_asks_the_searcher() -> None:
    asked: list[tuple[int, int, int]] = []

    class Watched(RandomSearch):
        def needs(self, number: int) -> int:
            return number

        def suggest(self, space: Any, seen: Any, pending: Any, number: int, rng: Any) -> Any:
            asked.append((len(space.names), len(seen), number))
            return super().suggest(space, seen, pending, number, rng)

    study = optuna.create_study(sampler=SearcherSampler(Watched))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_int("k", 1, 5), n_trials=3)
    assert asked == [(1, 0, 0), (1, 0, 0), (2, 1, 1), (2, 2, 2)]
