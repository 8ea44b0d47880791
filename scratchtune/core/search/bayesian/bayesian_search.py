"""Bayesian search fits a model to all trials so far, and tries the point that the model predicts to be the most useful.

It begins with points that are spread evenly over the space. After them a model of the trials, a Gaussian process or a
tree-structured Parzen estimator, proposes each point.

Implements section 3.3 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scratchtune.core import checks
from scratchtune.core.search.bayesian import gaussian_search, parzen
from scratchtune.core.search.bayesian.acquisition import ACQUISITIONS
from scratchtune.core.search.random import RandomSearch
from scratchtune.core.search.searcher import Pending, Result, Rng, Searcher, Seen, Suggestion, as_seen
from scratchtune.core.search.space import Space

MODELS = ("auto", "gp", "tpe")
SEQUENCE = "latin_hypercube"  # of the initial points
INITIAL = 6  # of them, at most: with 4 a search often stays near its first points, 10 cost trials
PARZEN_INITIAL = 10  # trials before the Parzen estimator proposes: fewer are too few to split into good and bad


class BayesianSearch(Searcher):
    """Propose the point where a model of the trials so far predicts the most valuable improvement.

    model: "gp", a Gaussian process; "tpe", a tree-structured Parzen estimator; "auto" (see `chosen_model`).
    parallel: how many trials may run at the same time; for trial n the values of the ``parallel`` − 1 trials before it
    are not known yet, only their parameters. None: as many as the study's first run has workers, one where its first
    trial is from `Study.ask`; the study keeps that number, and stores it.
    acquisition: what the Gaussian process maximises: "log_ei", the logarithm of the expected improvement; "pi", that of
    the probability of improvement; "lcb", the lower confidence bound, ``kappa`` standard deviations below the mean.
    initial: how many points come first, spread evenly (from a parameter's ``prior`` where it has one); None: six, for
    one parameter four; with "tpe" ten, since fewer are too few to split into good and bad.

    With constraints (`Trial.set_constraint`) the acquisition is multiplied by the probability that they hold, from a
    process for each of them; with "tpe" feasible trials rank first. Trials that set fewer of them than others do tell
    the processes of constraints nothing.

    With "gp", and so with "auto", proposals also depend on the processor's instruction set, for which the Gaussian
    process is compiled: last digits differ without fused multiply-adds, say. With "tpe" they are the same everywhere.

    >>> BayesianSearch(parallel=4).needs(10), BayesianSearch().needs(10)
    (7, 10)
    """

    def __init__(
        self, model: str = "auto", parallel: int | None = None, acquisition: str = "log_ei", initial: int | None = None,
        kappa: float = 2.0,
    ) -> None:
        self.model = checks.choice("model", model, MODELS)
        self.parallel = None if parallel is None else checks.integer("parallel", parallel, low=1)
        self.acquisition = checks.choice("acquisition", acquisition, ACQUISITIONS)
        self.initial = None if initial is None else checks.integer("initial", initial, low=1)
        self.kappa = checks.real("kappa", kappa, low=0.0)

    def needs(self, number: int) -> int:
        """All trials but the last ``parallel`` − 1: one is finished whenever one is begun."""
        return max(0, number - (self.parallel or 1) + 1)

    def for_workers(self, workers: int) -> Searcher:
        """If ``parallel`` is None, the same searcher with ``parallel=workers``."""
        return self if self.parallel is not None else self.changed(parallel=workers)

    def suggest(self, space: Space, seen: Sequence[Result], pending: Pending, number: int, rng: Rng) -> Suggestion:
        """Suggest a point of the initial design, or the one that the model proposes."""
        default = PARZEN_INITIAL if self.model == "tpe" else min(2 * len(space.names) + 2, INITIAL)
        known, initial = len(seen) + len(pending), self.initial or default
        if known < initial or not seen:
            return self._spread(space, seen, pending, number, rng, {"phase": "initial", "of": initial})
        model, because = self.chosen_model(number, known)
        try:
            if model == "gp":
                params, why = gaussian_search.propose(space, seen, pending, number, rng, self.acquisition, self.kappa)
            else:
                params, why = parzen.propose(space, seen, pending, number, rng)
        except LookupError:  # the model found no new point: try the rest of a finite space
            return self._spread(space, seen, pending, number, rng, {"phase": "rest"})
        return Suggestion(params, why={
            "searcher": "bayesian", "because": because, "model": model, "phase": "model", **why})

    def chosen_model(self, number: int, known: int) -> tuple[str, str]:
        """Return the model of a trial, and why that one.

        With "auto" the two take turns, the Gaussian process at odd numbers and while there are fewer than ten trials.
        The process assumes a smooth function: it finds the minimum in few trials, but explains a rugged function by
        noise. The estimator only models where good trials are dense, which works on rugged functions too. Both are
        fitted to all trials. On average that is as good as the process alone: benchmarks/results/search_quality.md.
        """
        if self.model != "auto":
            return self.model, f"model={self.model!r}"
        if known < PARZEN_INITIAL:
            return "gp", f"the Parzen estimator's turns begin after {PARZEN_INITIAL} trials"
        model, whose = ("gp", "process") if number % 2 == 1 else ("tpe", "estimator")
        return model, f"a Gaussian process and a Parzen estimator take turns; this trial is the {whose}'s"

    def _spread(
        self, space: Space, seen: Sequence[Result], pending: Pending, number: int, rng: Rng, why: dict[str, Any],
    ) -> Suggestion:
        """Return a point of a Latin hypercube, or a random one of those that have not been tried."""
        earlier = [result.params for result in seen] + list(pending)
        seed = as_seen(seen, self.needs(number), rng).seed
        suggestion = RandomSearch(SEQUENCE).suggest(space, Seen(seed=seed), earlier, number, rng)
        return Suggestion(suggestion.params, why={**suggestion.why, "searcher": "bayesian", **why})

    def explain(self, why: dict[str, Any]) -> str:
        """Say why a point was proposed."""
        if "model" not in why:
            drawn = RandomSearch(SEQUENCE).explain(why)
            if why["phase"] == "initial":
                return f"One of the first {why['of']} points, before a model proposes. {drawn}"
            return f"All candidates of the model had been tried or were not allowed, so this is another point. {drawn}"
        explained = (gaussian_search if why["model"] == "gp" else parzen).explain(why)
        because = why["because"]
        return f"{explained} ({because[0].upper()}{because[1:]}.)" if self.model == "auto" else explained

    def brief(self, why: dict[str, Any], sign: float) -> str:
        """What the Gaussian process predicts; otherwise what `explain` says first."""
        return gaussian_search.brief(why, sign) if why.get("model") == "gp" else super().brief(why, sign)
