"""The search on a table: its space and its searcher, both checked before any work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from scratchtune import checks
from scratchtune.search import Categorical, GridSearch, Hyperband, Searcher, Space, as_searcher
from scratchtune.search.grid import finest_grid
from scratchtune.tables.model import Target, estimator_for

EPOCHS = 27  # Hyperband's largest budget, if the space has no epochs
LARGEST_GRID = 1000  # points of a grid without --trials


class Search(NamedTuple):
    """Which configurations are tried.

    ``searcher`` is a name or a `Searcher`, ``trials`` the number of configurations (None: all that a grid or Hyperband
    has, else 50), ``space`` the hyper-parameters and their ranges (None: `default_space`), and ``seed`` the seed of the
    searcher, the folds and the trainings. ``target_scale`` is "auto", "linear" or "log": whether a numeric target is
    learned on a logarithmic scale (`target_scale`).
    """

    searcher: str | Searcher = "bayesian"
    trials: int | None = None
    space: Mapping[str, Any] | None = None
    seed: int = 0
    target_scale: str = "auto"


def checked_searcher(searcher: str | Searcher, trials: int | None, space: Space) -> tuple[Searcher, Space]:
    """Return the searcher and the space that it searches.

    A grid gets the finest resolution that fits into the trials; without ``trials`` its size is limited. Hyperband
    chooses the epochs of each training itself, up to the largest number in the space, so the space returned has none.
    """
    if searcher == "hyperband":
        epochs = space.parameters.get("epochs")
        most = EPOCHS if epochs is None else max(_ends(epochs))
        rest = {name: parameter for name, parameter in space.parameters.items() if name != "epochs"}
        for name, parameter in rest.items():
            if "epochs" in (parameter.when or {}):
                raise ValueError(
                    f"--space makes {name!r} depend on the epochs, which hyperband chooses itself; let it depend on "
                    "something else, or take another searcher")
        if not rest:
            raise ValueError("--space holds epochs alone, which hyperband chooses itself; it must name something else")
        return Hyperband(max_budget=most), Space(rest)
    if searcher != "grid":
        return as_searcher(searcher), space
    if trials is not None:
        return finest_grid(space, trials), space
    size = GridSearch().total(space)
    if size > LARGEST_GRID:
        raise ValueError(
            f"--searcher is 'grid', and the grid has {size:,} points; without --trials it may have at most "
            f"{LARGEST_GRID:,}: give --trials N for the finest grid of at most N points, or a smaller --space")
    return GridSearch(), space


def checked_space(given: Mapping[str, Any], target: Target) -> Space:
    """Make the space; check that each name is the estimator's argument, and that choices and bounds are valid."""
    try:
        space = Space(given)
    except ValueError as problem:
        raise ValueError(f"--space: {problem}") from None
    known = [name for name in estimator_for(target).get_params() if name not in ("random_state", "verbose", "dtype")]
    for name in space.names:
        if name not in known:
            raise ValueError(
                f"--space names {name!r}; the hyper-parameters are {', '.join(known)}{checks.nearest(name, known)}")
        for value in _ends(space.parameters[name]):
            try:
                estimator_for(target, **{name: value}).check_arguments()
            except (TypeError, ValueError) as problem:
                raise ValueError(f"--space, {name!r}: {problem}") from None
    return space


def _ends(parameter: Any) -> list[Any]:
    """All choices, or both bounds of a range."""
    return list(parameter.choices) if isinstance(parameter, Categorical) else [parameter.low, parameter.high]
