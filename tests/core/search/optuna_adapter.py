"""A searcher as a sampler of Optuna: what Optuna's own tests of samplers drive.

Optuna's spaces come to be while a trial runs; ours are known beforehand. So parameters that all finished trials had are
proposed together (Optuna's "relative" sampling, over the intersection of the spaces so far), and any other one by the
same searcher in a space of its own, from the trials that had it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from scratchtune.core.search import Categorical, Exhausted, Float, Int, Result, Searcher, Space


class SearcherSampler(optuna.samplers.BaseSampler):
    """Asks a searcher for each trial; ``make`` builds it, since a searcher belongs to one study."""

    def __init__(self, make: Callable[[], Searcher], seed: int = 0) -> None:
        self._searcher, self._seed = make(), seed

    def reseed_rng(self) -> None:
        """Nothing: the random numbers of a trial are keyed by the seed and the trial's number."""

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The parameters that all finished trials had, with the same distribution."""
        return optuna.search_space.intersection_search_space(study.get_trials(deepcopy=False))

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """The searcher's proposal in this space."""
        self._raise_error_if_multi_objective(study)
        return self._proposed(study, trial, search_space) if search_space else {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution,
    ) -> Any:
        """The searcher's proposal in a space of this one parameter."""
        self._raise_error_if_multi_objective(study)
        return self._proposed(study, trial, {param_name: param_distribution})[param_name]

    def _proposed(
        self, study: optuna.Study, trial: FrozenTrial, distributions: Mapping[str, BaseDistribution],
    ) -> dict[str, Any]:
        space = Space({name: as_parameter(distribution) for name, distribution in distributions.items()})
        sign = 1.0 if study.direction == optuna.study.StudyDirection.MINIMIZE else -1.0
        finished: list[tuple[dict[str, Any], float]] = []
        running: list[dict[str, Any]] = []
        for other in study.get_trials(deepcopy=False):
            params = within(space, other.params)
            if params is None or other.number == trial.number:
                continue
            if other.state == TrialState.COMPLETE:
                finished.append((params, sign * (other.value or 0.0)))
            elif other.state.is_finished():
                finished.append((params, math.nan))
            else:
                running.append(params)
        return self._suggested(space, finished, running, trial.number)

    def _suggested(
        self, space: Space, finished: Sequence[tuple[dict[str, Any], float]], running: list[dict[str, Any]], key: int,
    ) -> dict[str, Any]:
        """The next point after these trials; when a finite space has been gone through, it is gone through again."""
        while True:
            results = [
                Result(k, params, value, "failed" if math.isnan(value) else "complete")
                for k, (params, value) in enumerate(finished)]
            number = len(results) + len(running)
            while (needs := self._searcher.needs(number)) > len(results):
                number -= 1  # a study of ours would wait for a running trial; Optuna does not, so it is left out
            pending = [result.params for result in results[needs:]] + running
            rng = np.random.default_rng(np.random.SeedSequence(self._seed, spawn_key=(key,)))
            try:
                suggestion = self._searcher.suggest(space, results[:needs], pending[:number - needs], number, rng)
                return suggestion.params
            except Exhausted:
                finished, running = finished[space.size:], []


def within(space: Space, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Params as a point of the space; None if they are none, since a range has moved or a parameter was not there."""
    try:
        return space.check({name: params[name] for name in space.names})
    except (KeyError, ValueError):
        return None


def as_parameter(distribution: BaseDistribution) -> Float | Int | Categorical:
    """One of Optuna's distributions as a parameter of ours."""
    if isinstance(distribution, FloatDistribution):
        return Float(distribution.low, distribution.high, log=distribution.log, step=distribution.step)
    if isinstance(distribution, IntDistribution):
        return Int(distribution.low, distribution.high, log=distribution.log, step=distribution.step)
    assert isinstance(distribution, CategoricalDistribution)
    return Categorical(distribution.choices)
