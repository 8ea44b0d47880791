"""Finalists: the best configurations of a study, and the default, are evaluated again with fresh seeds.

The scores of the search chose the finalists, so they are too good. The new values took no part in that choice. They do
choose among the finalists, so the mean of the chosen one is too good again, by much less.

Implements section 9.2 of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from scratchtune import checks
from scratchtune.insight.fold_scores import contenders
from scratchtune.insight.gains import is_default
from scratchtune.insight.paired_comparison import Difference, corrected, difference_of, reverse
from scratchtune.insight.reevaluation import reevaluate
from scratchtune.study import Trial


class Finalists(NamedTuple):
    """The configurations (m,), the best of the search first, and their new ``values`` (m, seeds).

    ``names`` are such as "trial 7" and "default". ``chosen`` is the index of the best new mean. ``differences`` are the
    chosen one (a) minus each other (b), with intervals that hold together and Holm's p-values, for all pairs.
    """

    names: list[str]
    configurations: list[dict[str, Any]]
    values: np.ndarray
    chosen: int
    differences: dict[str, Difference]

    @property
    def params(self) -> dict[str, Any]:
        """The chosen configuration."""
        return self.configurations[self.chosen]

    def __str__(self) -> str:
        lines = [f"{name}: mean {row.mean():.4g} over {checks.counted(len(row), 'seed')}"
                 + (", chosen" if i == self.chosen else "") + _against(self.differences.get(name))
                 for i, (name, row) in enumerate(zip(self.names, self.values, strict=True))]
        return "\n".join([*lines, *self._about()])

    def _about(self) -> list[str]:
        """Say that the mean of the chosen one is too good; a list of one line, none for a single finalist."""
        if len(self.names) < 2:
            return []
        return [f"the chosen one is the best of {len(self.names)} on these seeds, so its mean is slightly too good; "
                "that is not corrected here (evaluate it alone on further seeds or a held-out test set)"]


def finalists(
    study: Any, objective: Callable[[Trial], Any], n: int = 3, seeds: int = 5,
    default: Mapping[str, Any] | None = None, level: float = 0.95, n_jobs: int = 1, progress: bool = True,
) -> Finalists:
    """Evaluate the ``n`` best configurations again, and the default one, each with the same ``seeds`` fresh seeds.

    The default is ``default``, or trial 0 if it was enqueued. Configurations of which an evaluation fails are left out.

    Raises
        TypeError or ValueError where an argument is not valid or no trial is complete; RuntimeError where no
        configuration could be evaluated with every seed.
    """
    n, seeds = checks.integer("n", n, low=1), checks.integer("seeds", seeds, low=2)
    level = checks.real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    compared = contenders(study, with_scores=False)
    order = np.argsort(-compared.sign * compared.values, kind="stable")[:n]
    entries = {f"trial {compared.trials[i].number}": compared.trials[i].params for i in order}
    known = default if default is not None else next((t.params for t in study.trials if is_default(t)), None)
    if known is not None:
        known = study.space.check(known)
        entries = {name: params for name, params in entries.items() if params != known} | {"default": known}
    names, params = list(entries), list(entries.values())
    values = reevaluate(study, objective, params, seeds, n_jobs, progress)
    whole = [i for i, row in enumerate(values) if np.isfinite(row).all()]
    if not whole:
        raise RuntimeError("no finalist could be evaluated with every seed; the warning before says why")
    names, params, values = [names[i] for i in whole], [params[i] for i in whole], values[whole]
    chosen = int((compared.sign * values.mean(axis=1)).argmax())
    return Finalists(names, params, values, chosen, _differences(names, values, chosen, level, study.direction))


def _differences(
    names: list[str], values: np.ndarray, chosen: int, level: float, direction: str,
) -> dict[str, Difference]:
    """The chosen one minus each other; the intervals are Bonferroni's, the p-values Holm's.

    Both are for all pairs, since the chosen one is the best of these very values: any of the pairs could be here.
    """
    pairs = list(combinations(range(len(names)), 2))
    simultaneous = 1.0 - (1.0 - level) / max(len(pairs), 1)
    found = [difference_of(values[i] - values[j], 0.0, simultaneous, direction) for i, j in pairs]
    differences = {}
    for (i, j), one in zip(pairs, corrected(found, level, direction), strict=True):
        if chosen in (i, j):
            differences[names[j if chosen == i else i]] = one if chosen == i else reverse(one)
    return differences


def _against(found: Difference | None) -> str:
    if found is None:
        return ""
    return (f"; the chosen one differs by {found.difference:.3g} ({found.low:.3g} to {found.high:.3g}), "
            f"p = {found.p_value:.2g}")
