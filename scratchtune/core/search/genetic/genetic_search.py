"""Genetic search breeds configurations: the best ones seen become parents, and their children are tried next.

Its parts are those of every genetic algorithm. A trial is an individual, its parameters are its genes, and its fitness
is minus its loss. The first ``population`` trials are spread over the space. From then on each trial is a child:

1. *replacement*: the fittest of all trials seen, of any generation, may become parents (elitism);
2. *selection*: two of them are chosen, fitter ones with a higher probability;
3. *crossover*: the child takes its genes from both, or from between them;
4. *mutation*: some genes change at random.

A *brood* of such children is made for each trial, and the one that a simple surrogate predicts to be the fittest is
tried (`brood`; the operators are in `operators`). Generations are small: with 50 to 500 trials in all, few should be
spent on children of parents that later trials have surpassed.

Implements section 3.4 of the document.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.search.genetic import operators
from scratchtune.core.search.genetic.brood import FITTED, QuadraticSurrogate
from scratchtune.core.search.random import RandomSearch, draw_from_prior, params_at_quantiles
from scratchtune.core.search.searcher import Pending, Result, Rng, Searcher, Suggestion, Taken, as_seen
from scratchtune.core.search.sequences import latin_hypercube
from scratchtune.core.search.space import Categorical, Parameter, Space

POPULATION, OFFSPRING = 16, 4
TRIES = 100  # children that are made, at most, to find some that are allowed and differ from all earlier trials
BLEND = 0.5  # alpha of BLX
SBX_ETA, SBX_SHARE = 1.0, 0.5  # a wide spread, since there are few generations; share of the genes that are crossed
FEW = 16  # a parameter with at most so many values is inherited unchanged, as a choice is
STRENGTH, LEAST, CELL = 0.5, 0.03, 0.7  # of a Gaussian step: share of the parents' std, least std, share of a cell
POLYNOMIAL_ETA = 5.0


# The operators by name -----------------------------------------------------------------------------------------------


def _sbx(x: np.ndarray, y: np.ndarray, rng: Rng) -> np.ndarray:
    """SBX of half of the genes; the others are copied, as in Deb's own code.

    Each gene is that of the child near x or of the child near y, with equal probabilities.
    """
    u, first, crossed = rng.random(len(x)), rng.random(len(x)) < 0.5, rng.random(len(x)) < SBX_SHARE
    spreads = [operators.sbx_spread(float(v), SBX_ETA) if chosen else 1.0 for v, chosen in zip(u, crossed, strict=True)]
    near, far = np.where(first, x, y), np.where(first, y, x)
    return np.array([
        operators.sbx_child(float(a), float(b), beta) for a, b, beta in zip(near, far, spreads, strict=True)])


CROSSOVERS: dict[str, Callable[[np.ndarray, np.ndarray, Rng], np.ndarray]] = {
    "sbx": _sbx,
    "blend": lambda x, y, rng: operators.blend_crossover(x, y, rng.random(len(x)), BLEND),
    "uniform": lambda x, y, rng: operators.uniform_crossover(x, y, rng.random(len(x)))}
MUTATIONS: dict[str, Callable[[float, float, Rng], float]] = {  # (gene, std, rng) to gene
    "gaussian": lambda gene, std, rng: operators.gaussian_mutation(gene, std, float(rng.normal())),
    "polynomial": lambda gene, std, rng: operators.polynomial_mutation(
        gene, operators.polynomial_step(float(rng.random()), POLYNOMIAL_ETA))}
SELECTIONS: dict[str, Callable[[np.ndarray, int, Rng], int]] = {  # (fitness, tournament, rng) to index
    "tournament": operators.tournament,
    "roulette": lambda fitness, size, rng: operators.roulette(fitness, rng)}


# The searcher --------------------------------------------------------------------------------------------------------


class Parents(NamedTuple):
    """Who may become a parent, the fittest first: trials, genes (individuals, parameters; NaN is absent), fitness."""

    results: list[Result]
    genes: np.ndarray
    fitness: np.ndarray


class Child(NamedTuple):
    """A child: its genes, the index of the parent that each is from (None: drawn), mutated genes before mutation."""

    parents: tuple[int, int]
    genes: np.ndarray
    origin: list[int | None]
    before: dict[int, float]


class GeneticSearch(Searcher):
    """A genetic algorithm with small generations, in which the best so far is never lost.

    - ``population``: trials in the first generation, spread evenly (or as the priors say); None is 16.
    - ``offspring``: children in each later generation: so many trials may run side by side.
    - ``parents``: how many of the fittest may become parents; None is half of the population.
    - ``selection``: "tournament", of ``tournament`` individuals, or "roulette".
    - ``crossover``: "sbx", "blend" or "uniform"; with the probability ``crossover_rate``, else the child is a copy
      of a parent.
    - ``mutation``: "gaussian" or "polynomial"; each gene with the probability ``mutation_rate``, and a child
      without crossover has at least one mutated gene. Choices are never blended: each is a parent's, or mutates into
      another.
    - ``brood``: children made for each trial, of which one is tried (see `brood`); 1 does without a surrogate.
    - ``elitism``: False lets only the latest ``population`` trials be parents, so that the best may be forgotten.

    Trial ``number`` waits for all trials before its own generation. Failed trials are no parents; as long as fewer than
    two have succeeded, trials are drawn at random.
    """

    def __init__(
        self, population: int | None = None, offspring: int = OFFSPRING, parents: int | None = None,
        selection: str = "tournament", tournament: int = 2, crossover: str = "sbx", crossover_rate: float = 1.0,
        mutation: str = "gaussian", mutation_rate: float = 0.5, brood: int = 4, elitism: bool = True,
    ) -> None:
        self.population = POPULATION if population is None else checks.integer("population", population, low=2)
        self.offspring = checks.integer("offspring", offspring, low=1)
        half = max(2, self.population // 2)
        self.parents = half if parents is None else checks.integer("parents", parents, low=2)
        self.selection = checks.choice("selection", selection, SELECTIONS)
        self.tournament = checks.integer("tournament", tournament, low=1)
        self.crossover = checks.choice("crossover", crossover, CROSSOVERS)
        self.crossover_rate = checks.real("crossover_rate", crossover_rate, 0.0, 1.0)
        self.mutation = checks.choice("mutation", mutation, MUTATIONS)
        self.mutation_rate = checks.real("mutation_rate", mutation_rate, 0.0, 1.0)
        self.brood = checks.integer("brood", brood, low=1)
        self.elitism = checks.boolean("elitism", elitism)

    def generation(self, number: int) -> int:
        """The generation that a trial belongs to; the first is 0."""
        return 0 if number < self.population else 1 + (number - self.population) // self.offspring

    def needs(self, number: int) -> int:
        """The number of trials in earlier generations: it reads the results of all of them."""
        generation = self.generation(number)
        return 0 if generation == 0 else self.population + (generation - 1) * self.offspring

    def pool(self, seen: Sequence[Result]) -> list[Result]:
        """The trials that may be parents: all seen, or without ``elitism`` the latest ``population``."""
        return list(seen) if self.elitism else list(seen[-self.population :])

    def possible_parents(self, space: Space, seen: Sequence[Result]) -> Parents:
        """The fittest of the pool, from which the parents of each child are selected."""
        return self.fittest(space, self.pool(seen), self.parents)

    def fittest(self, space: Space, pool: Sequence[Result], count: int) -> Parents:
        """Return the ``count`` fittest trials of a pool, with their genes."""
        chosen = [pool[k] for k in operators.survivors(
            [result.value for result in pool], count, [result.violation for result in pool])]
        losses = range(len(chosen)) if any(one.violation for one in chosen) else [one.value for one in chosen]
        return Parents(chosen, genes_of(space, [result.params for result in chosen]), -np.array(losses, dtype=float))

    def suggest(self, space: Space, seen: Sequence[Result], pending: Pending, number: int, rng: Rng) -> Suggestion:
        """Suggest a founder in generation 0, later the child of a brood that a surrogate predicts to be the fittest.

        If the founder or all children are unusable, or fewer than two trials have succeeded, draw at random.
        """
        seen = as_seen(seen, self.needs(number), rng)
        taken = Taken(space, seen, pending)
        generation = self.generation(number)
        why = {"searcher": "genetic", "generation": generation}
        has_parents = False
        # In generation 0, `seen` holds only the trials of an earlier study. They count as the first founders, so a
        # whole population of them leaves no founder to suggest: then the study begins with children.
        is_founder = generation == 0 and len(seen) < self.population
        if is_founder:
            founder = next(latin_hypercube(len(space.names), len(seen) + number, seen.seed, rng))
            params = params_at_quantiles(space, founder)
            if space.allows(params) and params not in taken:
                return Suggestion(params, why | {"founder": number})
        else:
            pool = self.pool(seen)
            parents = self.possible_parents(space, seen)
            has_parents = len(parents.results) > 1
            brood = self._brood(space, parents, taken, rng)
            if brood:
                estimates = self._estimates(space, pool, brood)
                best = int(np.argmin(estimates or [0.0]))
                child, params = brood[best]
                return Suggestion(params, why | _reasons(space, parents, child, params, seen.earlier)
                                  | {"estimates": estimates, "chosen": best})
        drawn = RandomSearch().suggest(space, seen, pending, number, rng)
        return Suggestion(
            drawn.params, why | {"drawn": drawn.why, "parented": has_parents, "founder_refused": is_founder})

    def explain(self, why: dict[str, Any]) -> str:
        """Say where a configuration came from; of a child, which gene is from which parent, and which have mutated."""
        if "drawn" in why:
            return f"Generation {why['generation']}; {_why_drawn(why)}. {RandomSearch().explain(why['drawn'])}"
        if "founder" in why:
            return f"Generation 0: founder {why['founder']}, one of a population that is spread evenly over the space."
        first, second = (_named(parent) for parent in why["parents"])
        changes = [f"{name} from {_short(a)} to {_short(b)}" for name, (a, b) in why["mutated"].items()]
        mutated = f"mutated: {', '.join(changes)}" if changes else "nothing mutated"
        siblings = f", the most promising of {len(why['estimates'])}" if why["estimates"] else ""  # by the surrogate
        return (
            f"Generation {why['generation']}: a child of {first} and {second}{siblings}. "
            f"Its genes: {_inherited(why)}; {mutated}.")

    def brief(self, why: dict[str, Any], sign: float) -> str:
        """Of a child its parents with their values, and what has mutated; otherwise what `explain` says first."""
        if "parents" not in why:
            return super().brief(why, sign)
        first, second = (_named(parent, sign) for parent in why["parents"])
        mutated = f", in which {', '.join(why['mutated'])} mutated" if why["mutated"] else ""
        return f"Generation {why['generation']}: a child of {first} and {second}{mutated}"

    def _estimates(
        self, space: Space, pool: Sequence[Result], brood: Sequence[tuple[Child, dict[str, Any]]],
    ) -> list[float]:
        """The rank that is predicted of each child, smaller is fitter; empty for an only child."""
        if len(brood) == 1:
            return []
        fitted = self.fittest(space, pool, min(max(len(pool) // 2, POPULATION), FITTED))
        children = genes_of(space, [params for _, params in brood])
        return QuadraticSurrogate(space, fitted.genes).estimates(children).tolist()

    def _brood(self, space: Space, parents: Parents, taken: Taken, rng: Rng) -> list[tuple[Child, dict[str, Any]]]:
        """Return the first children that the constraint allows and that differ from all earlier trials."""
        children = ((child, _params(space, parents, child)) for child in self._children(space, parents, rng))
        new = (each for each in children if each[1] not in taken and space.allows(each[1]))
        return list(itertools.islice(new, self.brood))

    def _children(self, space: Space, parents: Parents, rng: Rng) -> Iterator[Child]:
        """Yield children, each of another pair of parents; none if there are fewer than two parents."""
        if len(parents.results) < 2:
            return
        parameters = list(space.parameters.values())
        stds = [_mutation_std(p, parents.genes[:, i]) for i, p in enumerate(parameters)]
        for _ in range(TRIES):
            pair = self._select(parents.fitness, rng)
            genes, origin, crossed = self._cross(parameters, parents.genes, pair, rng)
            chosen = rng.random(len(genes)) < self.mutation_rate
            if not crossed and not chosen.any():
                chosen[rng.integers(len(genes))] = True
            before = {int(i): float(genes[i]) for i in np.flatnonzero(chosen)}
            for i in before:
                genes[i] = self._mutate(parameters[i], float(genes[i]), stds[i], rng)
            yield Child(pair, genes, origin, before)

    def _select(self, fitness: np.ndarray, rng: Rng) -> tuple[int, int]:
        """Two parents; the second is selected from all but the first."""
        select = SELECTIONS[self.selection]
        first = select(fitness, self.tournament, rng)
        second = select(np.delete(fitness, first), self.tournament, rng)
        return first, second + (second >= first)

    def _cross(
        self, parameters: Sequence[Parameter], genes: np.ndarray, pair: tuple[int, int], rng: Rng,
    ) -> tuple[np.ndarray, list[int | None], bool]:
        """Return the child's genes before mutation, the nearest parent of each, and whether there was crossover.

        A gene that one parent lacks, since its condition does not hold there, is the other's. One that both lack is
        that of any individual that has it, or it is drawn: a mutation may make its parameter active.
        """
        (x, y), (of_x, of_y) = _completed(parameters, genes, pair, rng)
        if not rng.random() < self.crossover_rate:
            return x, of_x, False
        child = CROSSOVERS[self.crossover](x, y, rng)
        unchanged = operators.uniform_crossover(x, y, rng.random(len(child)))
        child = np.where([_is_discrete(parameter) for parameter in parameters], unchanged, child)
        child = np.array([_reflected_if_outside(float(gene)) for gene in child])
        nearer = np.abs(child - x) <= np.abs(child - y)
        return child, [a if near else b for near, a, b in zip(nearer, of_x, of_y, strict=True)], True

    def _mutate(self, parameter: Parameter, gene: float, std: float, rng: Rng) -> float:
        """Return the gene after mutation: of another choice, or after a step."""
        if isinstance(parameter, Categorical):
            weights = parameter.prior or [1.0] * parameter.count
            return parameter.to_unit(parameter.value(
                operators.other_choice(parameter.index(parameter.from_unit(gene)), weights, rng)))
        return _reflected_if_outside(MUTATIONS[self.mutation](gene, std, rng))


# Genes ---------------------------------------------------------------------------------------------------------------


def genes_of(space: Space, individuals: Sequence[dict[str, Any]]) -> np.ndarray:
    """The genes of some params, (individuals, parameters); NaN where a parameter is absent."""
    return np.array([space.to_unit(params) for params in individuals]).reshape(-1, len(space.names))


def _completed(
    parameters: Sequence[Parameter], genes: np.ndarray, pair: tuple[int, int], rng: Rng,
) -> tuple[np.ndarray, list[list[int | None]]]:
    """Both parents' genes, (2, genes), absent ones filled in, and from which individual each is (None: drawn)."""
    values = genes[list(pair)].copy()
    origins: list[list[int | None]] = [[k] * genes.shape[1] for k in pair]
    for i in map(int, np.flatnonzero(np.isnan(values).any(axis=0))):
        donors = [k for k in pair if not math.isnan(genes[k, i])] or list(np.flatnonzero(~np.isnan(genes[:, i])))
        donor = int(donors[rng.integers(len(donors))]) if donors else None
        gene = draw_from_prior(parameters[i], rng) if donor is None else genes[donor, i]
        for row in range(2):
            if math.isnan(values[row, i]):
                values[row, i], origins[row][i] = gene, donor
    return values, origins


def _reflected_if_outside(gene: float) -> float:
    """A gene outside of the unit interval, reflected; any other unchanged, to the last bit."""
    return gene if 0.0 <= gene <= 1.0 else operators.reflected(gene)


def _params(space: Space, parents: Parents, child: Child) -> dict[str, Any]:
    """Return the params of a child's genes; an inherited gene gives exactly the parent's value, without rounding."""
    params = space.from_unit(child.genes)
    for i, name in enumerate(space.names):
        k = child.origin[i]
        if name in params and k is not None and child.genes[i] == parents.genes[k, i]:
            params[name] = parents.results[k].params[name]
    return params


def _is_discrete(parameter: Parameter) -> bool:
    """Whether a gene is inherited unchanged: choices have no order, and few values leave little to blend."""
    return isinstance(parameter, Categorical) or (parameter.count is not None and parameter.count <= FEW)


def _mutation_std(parameter: Parameter, genes: np.ndarray) -> float:
    """Standard deviation of a gene's Gaussian step; large enough to reach the next value if there are few."""
    least = LEAST if parameter.count is None else max(LEAST, CELL / parameter.count)
    present = genes[~np.isnan(genes)]
    return operators.mutation_std(present, STRENGTH, least) if len(present) else least


def _reasons(
    space: Space, parents: Parents, child: Child, params: dict[str, Any], earlier: Sequence[Result],
) -> dict[str, Any]:
    """Describe parents, crossover mask and mutated genes as plain data; only of the child's active parameters."""
    of_earlier_study = {id(result) for result in earlier}  # trials of the study that this one started from

    def described(k: int) -> dict[str, Any]:
        result = parents.results[k]
        losses = {"losses": list(map(float, result.losses))} if result.losses else {"loss": float(result.value)}
        found: dict[str, Any] = {"number": result.number, **losses}
        found |= {"violation": result.violation} if result.violation else {}
        return found | ({"earlier_study": True} if id(result) in of_earlier_study else {})

    shown = [(i, name) for i, name in enumerate(space.names) if name in params]
    origins = {name: child.origin[i] for i, name in shown}
    mask = {name: "drawn" if k is None else parents.results[k].number for name, k in origins.items()}
    mutated = {name: [_plain(space.parameters[name].from_unit(child.before[i])), _plain(params[name])]
               for i, name in shown if i in child.before}
    changed = {name: values for name, values in mutated.items() if values[0] != values[1]}
    return {"parents": [described(k) for k in child.parents], "mask": mask, "mutated": changed}


def _plain(value: Any) -> Any:
    """A value that can be written as JSON."""
    return value if isinstance(value, (int, float, str, bool, type(None))) else repr(value)


def _named(parent: dict[str, Any], sign: float | None = None) -> str:
    """A parent in words, such as "trial 3 (loss 0.5)"; with a sign "trial 3 (value 0.5)", if there is one objective."""
    where = " of the earlier study" if parent.get("earlier_study") else ""
    losses = parent.get("losses") or [parent["loss"]]
    infeasible = f", infeasible by {parent['violation']:.6g}" if "violation" in parent else ""
    if sign is not None:
        shown = f" (value {sign * losses[0]:.3g}{infeasible})" * (len(losses) == 1)
        return f"trial {parent['number']}{where}{shown}"
    shown = f"{'losses' if len(losses) > 1 else 'loss'} {' and '.join(f'{loss:.6g}' for loss in losses)}"
    return f"trial {parent['number']}{where} ({shown}{infeasible})"


def _why_drawn(why: dict[str, Any]) -> str:
    """Say why a configuration was drawn at random."""
    unusable = "a repetition of an earlier trial or not allowed by the constraint"
    if why["parented"]:
        return f"each of {TRIES} children was {unusable}"
    if why["generation"] > 0:
        return "fewer than two trials have succeeded"
    if why["founder_refused"]:
        return f"the founder was {unusable}"
    return "fewer than two trials of the earlier study have succeeded"


def _inherited(why: dict[str, Any]) -> str:
    """Say which genes are from which trial."""
    by: dict[Any, list[str]] = {}
    for name, origin in why["mask"].items():
        by.setdefault(origin, []).append(name)
    return "; ".join(
        f"{', '.join(names)} " + ("drawn" if origin == "drawn" else f"like trial {origin}'s")
        for origin, names in by.items())


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
