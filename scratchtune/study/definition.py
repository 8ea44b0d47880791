"""A study's definition is what its table of trials is a function of, apart from the objective."""

from __future__ import annotations

from typing import Any, NamedTuple

from scratchtune.digests import digest_of_repr
from scratchtune.search import Result, Searcher, Space
from scratchtune.study.errors import StorageError
from scratchtune.study.stopping import Stopping
from scratchtune.study.trial import ADDRESS


class Definition(NamedTuple):
    """The arguments of `Study`, checked; ``earlier`` are the results of the study that this one starts from."""

    name: str
    space: Space
    searcher: Searcher
    direction: str
    seed: int
    stopping: Stopping | None
    data: str | None
    earlier: list[Result]

    @property
    def sign(self) -> float:
        """The factor that turns a value in the user's direction into a loss, and back."""
        return 1.0 if self.direction == "minimize" else -1.0

    def reason(self, number: int, why: dict[str, Any]) -> str:
        """Explain in words why a trial was proposed."""
        if why.get("enqueued"):
            return f"Trial {number}: put into the queue by the user."
        said = self.searcher.explain(why)
        sign_note = "(A loss is minus the value here.) " if self.direction == "maximize" and "loss" in said else ""
        return f"Trial {number}: {sign_note}{said}"

    def as_stored(self) -> dict[str, Any]:
        """Return the definition as the file stores and compares it; of a constraint only whether there is one.

        Raises
            StorageError where a part has no text that is the same in every process.
        """
        parameters = [[name, repr(parameter)] for name, parameter in self.space.parameters.items()]
        stored = {
            "space": parameters, "searcher": repr(self.searcher), "seed": self.seed, "direction": self.direction,
            "stopping": repr(self.stopping), "constraint": self.space.constraint is not None,
            "earlier trials": digest_of_repr(self.earlier), "data": self.data}
        for name, parameter in self.space.parameters.items():
            if any(isinstance(choice, (set, frozenset)) for choice in getattr(parameter, "choices", ())):
                raise StorageError(f"{name} has choices that are sets, whose order differs between processes; for a "
                                   "stored study, use sorted lists instead")
        for part, value in (*parameters, *stored.items()):
            if isinstance(value, str) and ADDRESS.search(value):
                raise StorageError(f"{part} is {value}; its repr changes between processes. For a stored study, use a "
                                   "name instead, and look the object up in the objective")
        return stored
