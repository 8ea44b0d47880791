"""Bayesian search with a Gaussian process: propose the point where the acquisition function is highest.

It has three parts, each in a file of its own: a *surrogate* predicts the loss at every point (`surrogate`), an
*acquisition function* says how much a point is worth trying (`acquisition`), and an *optimiser* finds the point where
it is highest (`acquisition_search`).

Values may be noisy, so the expected improvement is that over the lowest posterior mean, not over the lowest value; and
it counts what one more noisy value will change (`acquisition.updated_mean_std`). No configuration is proposed twice: a
value nearby says as much about the function.

Implements section 3.3 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.search.bayesian import acquisition_search, cholesky, fitting, reading, surrogate
from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian.acquisition import ACQUISITIONS
from scratchtune.core.search.bayesian.acquisition_search import Candidate, Goal, RangePrior, log_feasible, search
from scratchtune.core.search.bayesian.encoding import Encoding
from scratchtune.core.search.bayesian.kernels import NOISE, SIGNAL
from scratchtune.core.search.bayesian.surrogate import Standardized, within_floats
from scratchtune.core.search.searcher import Pending, Result, Rng
from scratchtune.core.search.space import Space

PRIOR_TRIALS = 10.0  # at this trial the user's prior has the same weight as the acquisition, later less
MARGIN = 0.05  # that the probability of improvement subtracts from the best value, in stds of the values


class Model(NamedTuple):
    """What proposes a trial: the process fitted to the trials seen, and what is maximised.

    ``kept``: indices of the trials seen that the process is fitted to, its first rows; ``feasible``: which of its rows
    are trials whose constraints hold, or pending ones for which that is probable.
    """

    encoding: Encoding
    process: gp.Process
    goal: Goal
    standardized: Standardized
    kept: np.ndarray
    feasible: np.ndarray


def propose(
    space: Space, seen: Sequence[Result], pending: Pending, number: int, rng: Rng,
    acquisition: str = "log_ei", kappa: float = 2.0,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the next point and the reasons, as plain data; raise a LookupError if no new point was found."""
    model = fitted_model(space, seen, pending, number, acquisition, kappa)
    taken = {*map(space.key, pending), *reading.read(reading.keys, space, seen).tolist()}
    ranked = search(model.encoding, model.process, model.goal, taken, rng)
    if not ranked:
        raise LookupError("no candidate is new")
    return ranked[0].params, reasons(model, ranked)


def fitted_model(
    space: Space, seen: Sequence[Result], pending: Pending, number: int, acquisition: str = "log_ei",
    kappa: float = 2.0,
) -> Model:
    """Fit the model that proposes trial ``number``, from at least one result."""
    prepare()
    kind = ACQUISITIONS.index(acquisition)
    encoding = Encoding(space)
    losses, violations = reading.read(reading.losses_and_violations, space, seen).T
    violated = violations > 0.0
    violated |= np.isnan(losses) & violated.any()  # where a constraint is violated, failures count as violations too
    kept = surrogate.subsample(np.where(violated, np.inf, losses), surrogate.MOST_TRIALS)
    standardized = surrogate.compress_and_standardize(losses[kept])
    rows = reading.read(reading.encoded, space, seen)[kept]
    process = surrogate.fitted_process(encoding, rows, standardized.values)
    constraints = surrogate.fitted_constraints(encoding, rows, [seen[i].constraints for i in kept])
    added = encoding.rows(list(pending))
    process = surrogate.with_pending(process, added)
    feasible = np.append(~violated[kept], log_feasible(constraints, added).sum(axis=0) > math.log(0.5))
    means = gp.means_at_rows(process)
    best = means[feasible].min() if feasible.any() else means.max()  # any feasible point would improve on that
    margin = MARGIN if ACQUISITIONS[kind] == "pi" else 0.0  # without it, tiny certain improvements are preferred
    goal = Goal(
        kind, best=float(best) - margin, kappa=kappa, weight=PRIOR_TRIALS / max(number, 1),
        noise=math.exp(process.theta[NOISE]), constraints=constraints)
    return Model(encoding, process, goal, standardized, kept, feasible)


@cache
def prepare() -> None:
    """Compile all loops of the search at once, so that the user sees one message."""
    vector, matrix = np.zeros(1), np.zeros((1, 1))
    process = gp.Process(matrix, vector, vector, vector, 0.0, matrix, vector)
    goal, prior = Goal(kind=0, best=0.0, kappa=1.0, weight=1.0, noise=0.0), RangePrior(vector, vector)
    loops: list[tuple[Any, tuple[Any, ...]]] = [
        (cholesky.solve_lower, (matrix, matrix)), (cholesky.solve_lower_vector, (matrix, vector)),
        (cholesky.solve_upper, (matrix, vector)), (cholesky.inverse, (matrix,)),
        (gp.factored, (matrix, vector, vector)),
        (fitting.chain_rule, (matrix, vector, vector, matrix, matrix, vector)), (gp.posterior, (process, matrix)),
        (acquisition_search.acquisition_values, (vector, vector, goal)),
        (acquisition_search.of_constraint, (goal.constraints, 1)),
        (acquisition_search.gradient_ascent, (process, goal, prior, matrix, matrix, 1))]
    jit.prepare([jit.loop_job(loop, arguments) for loop, arguments in loops])


# Why -----------------------------------------------------------------------------------------------------------------


def reasons(model: Model, ranked: Sequence[Candidate]) -> dict[str, Any]:
    """Say why the first of ``ranked`` is proposed, in units of the loss, which is compressed above the median.

    ``value`` is the acquisition alone; ``log_prior`` is what the user's prior adds to it.
    """
    encoding, process, goal, standardized, kept, feasible = model
    compared = standardized.values[feasible[: len(kept)]]
    rows = np.array([candidate.row for candidate in ranked])
    means, variances = gp.predict(process, rows)
    probabilities = log_feasible(goal.constraints, rows).sum(axis=0)
    log_priors = goal.weight * encoding.log_prior(rows) if encoding.has_prior else np.zeros(len(rows))  # in the values
    entries = [
        {"params": candidate.params, "mean": standardized.to_loss(mean),
         "std": within_floats(standardized.factor * math.sqrt(variance)),
         "value": _in_units(standardized, goal.kind, candidate.value - log_prior - log_probability),
         "log_prior": log_prior}
        for candidate, mean, variance, log_prior, log_probability in zip(
            ranked, means.tolist(), variances.tolist(), log_priors.tolist(), probabilities.tolist(), strict=True)]
    first = entries[0]
    return {
        "model": "gp", "acquisition": ACQUISITIONS[goal.kind],
        **{name: first[name] for name in ("value", "log_prior", "mean", "std")},
        "best": standardized.to_loss(float(compared.min())) if len(compared) else None,
        "target": standardized.to_loss(goal.best),
        "noise_std": within_floats(standardized.factor * math.exp(0.5 * process.theta[NOISE])),
        "trials": len(standardized.values), "pending": len(process.rows) - len(standardized.values),
        "runners_up": entries[1:],
        **({"feasible": math.exp(probabilities[0])} if len(goal.constraints.theta) else {}),
        "length_scales": {name: math.exp(process.theta[j]) for j, name in enumerate(encoding.space.names)
                          if encoding.parameters[j].count != 1},
        **dict(zip(("signal", "rough", "noise"), np.exp(process.theta[SIGNAL:]).tolist(), strict=True))}


def _in_units(standardized: Standardized, kind: int, value: float) -> float:
    """Return an acquisition of standardised values in units of the loss; a probability has none."""
    name = ACQUISITIONS[kind]
    if name == "lcb":
        return within_floats(standardized.factor * value - standardized.offset)
    return value + math.log(standardized.factor) if name == "log_ei" else value


def explain(why: Mapping[str, Any]) -> str:
    """Say why a point was proposed, from the reasons of `propose`."""
    pending = f" (and {why['pending']} pending, with the losses that it predicts)" if why["pending"] else ""
    name = {"log_ei": "expected improvement is", "pi": f"probability of a loss below {why['target']:.4g} is",
            "lcb": "lower confidence bound is"}[why["acquisition"]]
    others = f" (the next candidate's: {_acquisition_text(why, why['runners_up'][0])})" if why["runners_up"] else ""
    shortest = sorted(why["length_scales"], key=why["length_scales"].get)[:2]
    told = " and ".join(f"{axis} (length scale {why['length_scales'][axis]:.2g})" for axis in shortest)
    feasible = f" Its weight is {why['feasible']:.2g}, the probability of being feasible." if "feasible" in why else ""
    fastest = f" The loss changes fastest along {told}." if len(shortest) > 1 else ""
    return (
        f"A Gaussian process of {why['trials']} trials{pending} predicts a loss of {why['mean']:.4g} ± {why['std']:.2g}"
        f" here, where {_best_text(why)}: the {name} {_acquisition_text(why, why)}{others}."
        f"{feasible}{_with_prior(why)}{fastest}")


def brief(why: Mapping[str, Any], sign: float) -> str:
    """Say in a clause why a point was proposed; ``sign`` times a loss is the user's value."""
    most = {"log_ei": "The highest expected improvement", "pi": "The highest probability of improvement",
            "lcb": "The best confidence bound"}[why["acquisition"]]
    best = "no trial so far is feasible" if why["best"] is None else (
        f"the best value so far is {sign * why['best']:.3g} ({'lower' if sign > 0.0 else 'higher'} is better)")
    return (f"{most}: a Gaussian process of {checks.counted(why['trials'], 'trial')} predicts "
            f"{sign * why['mean']:.3g} ± {why['std']:.2g} here, and {best}")


def _best_text(why: Mapping[str, Any]) -> str:
    """The best value so far; where it is partly noise, also the lowest posterior mean, which is to be improved on."""
    if why["best"] is None:
        return "no trial so far is feasible"
    best, target = f"{why['best']:.4g}", f"{why['target']:.4g}"
    has_noise = best != target and why["acquisition"] == "log_ei"
    return f"the best so far is {best}{f' (lowest posterior mean {target})' * has_noise}"


def _with_prior(why: Mapping[str, Any]) -> str:
    """Say what was compared if the user has a prior, of both candidates where the reasons hold it; else nothing."""
    compared = [why, *why["runners_up"][:1]]
    priors = [float(entry["log_prior"]) for entry in compared]
    if not any(priors):
        return ""
    if why["acquisition"] == "lcb":  # a bound is compared in units of the standardised losses
        texts = [f"by {abs(prior):.2g}" for prior in priors]
        begin, end = " The user's prior worsens it ", ", in standard deviations of the losses."
    else:
        texts = [_acquisition_text(why, {"value": entry["value"] + entry["log_prior"]}) for entry in compared]
        begin, end = " Weighted by the user's prior, as candidates are compared, it is ", "."
    other = f" (the next candidate's: {texts[1]})" if len(texts) > 1 else ""
    return f"{begin}{texts[0]}{other}{end}"


def _acquisition_text(why: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    """Return the acquisition of a candidate as text, not as a logarithm."""
    if why["acquisition"] == "lcb":
        return f"{-entry['value']:.4g}"
    return f"{math.exp(entry['value']):.2g}" if entry["value"] > -700.0 else f"1e{entry['value'] / math.log(10.0):.0f}"
