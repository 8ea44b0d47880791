"""A study's definition is what its table of trials is a function of, apart from the objective."""

from __future__ import annotations

from typing import Any, NamedTuple

from scratchtune.digests import digest_of_repr
from scratchtune.search import Result, Searcher, Space
from scratchtune.study.asking import is_open, packed_parameter
from scratchtune.study.errors import StorageError
from scratchtune.study.objectives import Objectives
from scratchtune.study.stopping import Stopping
from scratchtune.study.trial import ADDRESS, Trial


class Copied(NamedTuple):
    """What is known of the first trials of a fork, which were proposed in a study with other arguments.

    ``seeds`` are pairs (end, seed) in order: up to trial ``end``, not included, the trials are of a study with that
    seed. ``reasons`` say why each of them was proposed, since this study's searcher can't explain them.
    """

    seeds: tuple[tuple[int, int], ...]
    reasons: tuple[str, ...]

    @property
    def end(self) -> int:
        """How many trials are copied."""
        return self.seeds[-1][0]


def checked_seeds(stored: Any) -> tuple[tuple[int, int], ...]:
    """Return the seeds of copied trials as a definition stores them; a ValueError where they are something else."""
    pairs = stored if isinstance(stored, list) else [stored]
    if not all(isinstance(pair, list) and len(pair) == 2 and all(type(one) is int for one in pair) for pair in pairs):
        raise ValueError(f"the copied trials are {stored!r:.60}; they must be a list of pairs of integers")
    ends = [0, *(end for end, _ in pairs)]
    if any(last >= end for last, end in zip(ends, ends[1:], strict=False)) or any(seed < 0 for _, seed in pairs):
        raise ValueError(f"the copied trials are {stored!r:.60}; their ends must increase, and no seed be negative")
    return tuple((end, seed) for end, seed in pairs)


def seed_before(seeds: tuple[tuple[int, int], ...], seed: int, number: int) -> int:
    """The seed of the study that trial ``number`` was proposed in: that of its part of ``seeds``, else ``seed``."""
    return next((of_part for end, of_part in seeds if number < end), seed)


class Definition(NamedTuple):
    """The arguments of `Study`, checked; ``earlier`` are the results of the study that this one starts from.

    ``copied`` is for a fork with other arguments than the study that its first trials are from, else None.
    """

    name: str
    space: Space
    searcher: Searcher
    objectives: Objectives
    seed: int
    stopping: Stopping | None
    data: str | None
    earlier: list[Result]
    copied: Copied | None = None

    @property
    def sign(self) -> float:
        """The factor that turns a value of the first objective, in the user's direction, into a loss, and back."""
        return 1.0 if self.objectives.directions[0] == "minimize" else -1.0

    @property
    def foreign(self) -> int:
        """How many of the first trials this definition's searcher has not proposed."""
        return 0 if self.copied is None else self.copied.end

    def seed_of(self, number: int) -> int:
        """The seed of the study in which a trial was proposed; it is another one only for copied trials."""
        return seed_before(() if self.copied is None else self.copied.seeds, self.seed, number)

    def reason(self, number: int, why: dict[str, Any]) -> str:
        """Explain in words why a trial was proposed."""
        if self.copied is not None and number < self.copied.end:
            return self.copied.reasons[number]
        if why.get("enqueued"):
            return f"Trial {number}: put into the queue by the user."
        if "unplanned" in why:
            return f"Trial {number}: no proposal, since {why['unplanned']}."
        said = self.searcher.explain(why)
        of_maximised = " of what is maximised" * self.objectives.several
        sign_note = (f"(A loss is minus the value{of_maximised} here.) "
                     if "maximize" in self.objectives.directions and "loss" in said else "")
        return f"Trial {number}: {sign_note}{said}"

    def reason_of(self, trial: Trial) -> str:
        """Explain in words why a trial was proposed, and what of its params does not follow from the proposal."""
        said = self.reason(trial.number, trial.why)
        return said if trial.asked is None or trial.number < self.foreign else said + trial.asked.said()

    def as_stored(self) -> dict[str, Any]:
        """Return the definition as the file stores and compares it; of a constraint only whether there is one.

        Raises
            StorageError where a part has no text that is the same in every process.
        """
        parameters = [(name, repr(parameter)) for name, parameter in self.space.parameters.items()]
        stored = {
            "space": [[name, text, self._packed(name)] for name, text in parameters],
            "searcher": repr(self.searcher), "seed": self.seed,
            "direction": self.objectives.as_stored(), "stopping": repr(self.stopping),
            "constraint": self.space.constraint is not None,
            "earlier trials": digest_of_repr(self.earlier), "data": self.data}
        if self.copied is not None:
            stored["copied trials"] = [list(pair) for pair in self.copied.seeds]
        for name, parameter in self.space.parameters.items():
            if any(isinstance(choice, (set, frozenset)) for choice in getattr(parameter, "choices", ())):
                raise StorageError(f"{name} has choices that are sets, whose order differs between processes; for a "
                                   "stored study, use sorted lists instead")
        for part, value in (*parameters, *stored.items()):
            if isinstance(value, str) and ADDRESS.search(value):
                raise StorageError(f"{part} is {value}; its repr changes between processes. For a stored study, use a "
                                   "name instead, and look the object up in the objective")
        return stored

    def _packed(self, name: str) -> dict[str, Any]:
        """A parameter of the space, as a file stores it."""
        parents = self.space.parameters
        return packed_parameter(parents[name], {
            parent: [one if parents[parent].count is None else parents[parent].index(one) for one in values]
            for parent, values in self.space.conditions.get(name, {}).items()})


def refuse_without_space(definition: Definition, start_from: Any) -> None:
    """A ValueError where an argument of a study without a space (define-by-run) requires one."""
    if is_open(definition.space) and definition.searcher.requires_space:
        raise ValueError(f"space is None and searcher is {definition.searcher!r}, which requires a space; give one, or "
                         'use "random", "bayesian", "genetic" or "hyperband"')
    if is_open(definition.space) and start_from is not None:
        raise ValueError("start_from is given without a space; give the space of this study too")
