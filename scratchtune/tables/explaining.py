"""The explanation of a model: which columns matter, what it is, and the simplest model that is as good.

All of it is computed on rows that the models were not trained on: the models of a fold predict its validation rows.

Implements section 8.2 of the document.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.core.streams import aligned, shown_params
from scratchtune.tables.ensemble_selection import IN_WORDS, NO_FEATURES, Evidence
from scratchtune.tables.evaluating import in_words, shown
from scratchtune.tables.expectation import LEVEL, difference
from scratchtune.tables.families import TARGET, defaults, own_arguments
from scratchtune.tables.members import Folds
from scratchtune.tables.reading.table import Table
from scratchtune.tables.target import LINEAR

ROWS, FEWEST = 2_000, 200  # on which a column is permuted: at most, and at least
PREDICTED = 1_000_000  # rows that are predicted by single members, for the permutations
SHARE = 0.025  # of the time budget, for predictions, permutations, and models of few columns, each
MEASURED = 30  # columns; of more, those that change the predictions of the heaviest member the most
SCREENED = 5  # rows, at least, on which each column is permuted to choose these
VISIBLE = 3.0  # standard errors
CELLS = 4_000_000  # of the tables that are predicted at once
SHOWN = 5  # members, or columns without visible importance, that the text names
FEW, ENOUGH = (1, 2, 3, 5, 8), 5_000  # columns of the simple models that are trained, on at most so many rows
NEAR = 2.0  # standard errors within which a simple model is as good


class Importance(NamedTuple):
    """By how much the loss rises where a column is permuted, with the standard error."""

    column: str
    rise: float
    error: float

    @property
    def ends(self) -> tuple[float, float]:
        """The interval at `LEVEL`."""
        half = NormalDist().inv_cdf(0.5 + LEVEL / 2.0) * self.error
        return self.rise - half, self.rise + half

    @property
    def visible(self) -> bool:
        """Whether the rise is above `VISIBLE` standard errors, so that few of many columns without effect have one."""
        return self.rise > VISIBLE * self.error


@dataclass
class Explanation:
    """What `explained` has found; ``importances`` are in order, ``unmeasured`` columns were screened out.

    ``rows`` is the number of held-out rows that the importances are measured on. ``members`` are those of the saved
    model, as in ``leaderboard_``. ``simple`` names the simplest model that is as good, or says that there is none.
    """

    scoring: str
    folds: int
    rows: int
    importances: list[Importance]
    unmeasured: list[str]
    members: list[dict[str, Any]]
    simple: str

    @property
    def loss(self) -> str:
        """The name of the loss: the metric's, or minus a metric that is maximised."""
        name = in_words(self.scoring).split(" (")[0]
        return name if self.scoring.startswith("neg_") else f"loss (minus {name})"

    @property
    def visible(self) -> list[Importance]:
        """The columns with a visible importance."""
        return [found for found in self.importances if found.visible]

    def about_columns(self) -> list[str]:
        """Say how the importances are measured, and which columns have none."""
        lines = [f"rise of the {self.loss} where a column is permuted, on {self.rows:,} rows that the models were not "
                 f"trained on; {LEVEL:.0%} interval"]
        without = [found.column for found in self.importances if not found.visible]
        if without:
            more = f" and {len(without) - SHOWN} more" if len(without) > SHOWN else ""
            lines.append(f"no visible importance (at most {VISIBLE:g} standard errors): "
                         f"{checks.quoted(without[:SHOWN])}{more}")
        if self.unmeasured:
            lines.append(f"not measured: {checks.counted(len(self.unmeasured), 'more column')}, which change the "
                         "predictions of the heaviest member less")
        return lines

    def about_members(self) -> list[str]:
        """Say what the model is: one configuration, or an ensemble with its weights."""
        how = f"one model for each of {self.folds} folds" if self.folds > 1 else "one model"
        if len(self.members) == 1:
            return [f"one configuration, no ensemble, {how}: {_member_text(self.members[0])}"]
        lines = [f"an ensemble of {len(self.members)} configurations, each with {how}"]
        lines += [f"{row['weight']:.0%} {_member_text(row)}" for row in self.members[:SHOWN]]
        rest = self.members[SHOWN:]
        return lines + [f"{sum(row['weight'] for row in rest):.0%} in {len(rest)} more"] * bool(rest)

    def text(self) -> str:
        """Return the explanation in a few lines."""
        about, *others = self.about_columns()
        rows = [[f"  {found.column}", shown(found.rise), " to ".join(map(shown, found.ends))] for found in self.visible]
        first, *members = self.about_members()
        return "\n".join([f"columns that matter ({about}):", *aligned(rows or [["  none visibly"]]),
                          *(f"  {line}" for line in others), f"the model: {first}",
                          *(f"  {line}" for line in members), self.simple])


def _member_text(row: Mapping[str, Any]) -> str:
    family, params = row["family"], row["params"]
    scale = f", target={params[TARGET]}" if params.get(TARGET, LINEAR) != LINEAR else ""
    return f"{IN_WORDS[family]} (trial {row['number']}: {shown_params(own_arguments(family, params))}{scale})"


def explained(model: Any, evidence: Evidence) -> Explanation:
    """Explain a fitted model by its evidence; without ``n_trials`` a share of the time budget bounds the work, too."""
    rng, goal = np.random.default_rng([model.seed_, 5]), evidence.goal
    seconds = SHARE * model.time_budget if model.n_trials is None else np.inf
    rows = rng.permutation(len(evidence.rows))[:ROWS]
    few, begun = rows[:FEWEST], time.monotonic()
    predicted(evidence, few)
    affordable = min(PREDICTED / len(evidence.members), len(few) * seconds / (time.monotonic() - begun))  # rows
    names, unmeasured = _screened(evidence, rng, few, affordable)
    part = rows[: int(np.clip(affordable / len(names), FEWEST, len(rows)))]
    importances = _importances(evidence, rng, part, names)
    known = {row["number"]: row for row in model.leaderboard_}
    members = [{**known[number], "weight": weight} for number, (weight, _) in evidence.members.items()]
    rows, visible = rows[: max(FEWEST, int(affordable))], [one.column for one in importances if one.visible]
    candidates = chain(_defaults(evidence, rows, visible, model.seed_, seconds), _alone(evidence, rows, members))
    return Explanation(goal.scoring, len(evidence.folds.splits), len(part), importances, unmeasured, sorted(
        members, key=lambda row: -row["weight"]), _simplest(evidence, rows, candidates))


def predicted(
    evidence: Evidence, rows: np.ndarray, replaced: Sequence[tuple[str, np.ndarray]] = (),
) -> np.ndarray:
    """Predict held-out rows by the models of their folds, as they are, and with single columns replaced.

    ``rows`` (n,) are positions within ``evidence.rows``. Each of ``replaced`` is a column and the rows of the table,
    (n,), whose cells it takes. Returns the model's predictions, (1 + replaced, n, ...), the unchanged ones first.
    """
    folds, within = evidence.folds, evidence.rows[rows]
    fold_of = np.empty(len(folds.rows), np.int64)
    for fold, (_, validation) in enumerate(folds.splits):
        fold_of[np.searchsorted(folds.rows, validation)] = fold
    at, of = folds.rows[within], fold_of[within]
    shape = (len(rows), folds.classes) if folds.classes else (len(rows),)
    total = np.zeros((1 + len(replaced), *shape))
    for fold in np.unique(of):
        mine = np.flatnonzero(of == fold)
        most = max(1, CELLS // (len(mine) * len(folds.table.names)))
        for first in range(0, 1 + len(replaced), most):
            changes = [("", at), *replaced][first : first + most]
            table = _stacked(folds.table, at[mine], [(name, source[mine]) for name, source in changes])
            matrices: dict[int, np.ndarray] = {}
            for weight, models in evidence.members.values():
                features = models[fold].features
                if id(features) not in matrices:
                    matrices[id(features)] = features.transform(table)
                found = models[fold].predict_matrix(matrices[id(features)]).reshape(len(changes), len(mine), *shape[1:])
                total[first : first + len(changes), mine] += weight * found
    return total


def _stacked(table: Table, rows: np.ndarray, changes: Sequence[tuple[str, np.ndarray]]) -> Table:
    """The rows once for each change, one below the other; in it the named column (if any) has the cells of its rows."""
    same = np.tile(rows, len(changes))
    index = dict.fromkeys(table.names, same)
    for k, (changed, source) in enumerate(changes):
        if changed:
            index[changed] = same.copy() if index[changed] is same else index[changed]
            index[changed][k * len(rows) : (k + 1) * len(rows)] = source
    return Table({name: table.column(name)[index[name]] for name in table.names}, asked=table.asked)


def _screened(
    evidence: Evidence, rng: np.random.Generator, rows: np.ndarray, affordable: float,
) -> tuple[list[str], list[str]]:
    """The columns to measure, and the others: of many, those that change the heaviest member's predictions the most.

    ``affordable`` is how many rows may be predicted in all, though at least `SCREENED` for each column.
    """
    names = evidence.folds.table.names
    if len(names) <= MEASURED:
        return names, []
    rows = rows[: max(SCREENED, int(min(affordable, 20 * CELLS / len(names)) / len(names)))]  # all columns are copied
    heaviest = max(evidence.members, key=lambda number: evidence.members[number][0])
    alone = replace(evidence, members={heaviest: (1.0, evidence.members[heaviest][1])})
    found = predicted(alone, rows, _permuted(alone, rng, rows, names))
    changes = np.abs(found[1:] - found[0]).reshape(len(names), -1).mean(axis=1)
    order = np.argsort(-changes, kind="stable")
    return [names[j] for j in order[:MEASURED]], [names[j] for j in order[MEASURED:]]


def _permuted(
    evidence: Evidence, rng: np.random.Generator, rows: np.ndarray, names: Sequence[str],
) -> list[tuple[str, np.ndarray]]:
    """Each column, with the rows of the table from which it takes its cells: a permutation of the given rows."""
    at = evidence.folds.rows[evidence.rows[rows]]
    return [(name, at[rng.permutation(len(at))]) for name in names]


def _importances(
    evidence: Evidence, rng: np.random.Generator, rows: np.ndarray, names: Sequence[str],
) -> list[Importance]:
    found = predicted(evidence, rows, _permuted(evidence, rng, rows, names))
    y, units = evidence.y[rows], evidence.units.of(rows)
    return sorted((Importance(name, *difference(evidence.goal, y, found[0], changed, units, 0))
                   for name, changed in zip(names, found[1:], strict=True)), key=lambda one: -one.rise)


Candidate = tuple[str, Sequence[str], np.ndarray]  # a name, the columns (none: all), predictions


def _simplest(evidence: Evidence, rows: np.ndarray, candidates: Iterable[Candidate]) -> str:
    """Name the first candidate whose loss is at most `NEAR` standard errors above the model's, or those tried.

    The candidates come the simplest first; none is simpler than the model itself.
    """
    goal, y, ours, units = evidence.goal, evidence.y[rows], evidence.predictions[rows], evidence.units.of(rows)
    tried = []
    for name, columns, predictions in candidates:
        if np.allclose(predictions, ours, rtol=1e-6, atol=0.0):
            break
        rise, error = difference(goal, y, ours, predictions, units, 0)
        if rise <= NEAR * error:
            how = "better by more than" if rise < -NEAR * error else "as good within"
            alone = f" on {checks.quoted(columns)} alone" * bool(columns)
            return (f"{how} two standard errors: {name}{alone}, {goal.shown(goal.loss(y, predictions))}, "
                    f"{shown(abs(rise))} +- {shown(error)} {'worse' if rise > 0.0 else 'better'} than the model on the "
                    "same rows")
        tried.append(name + f" on {checks.counted(len(columns), 'column')}" * bool(columns))
    return ("no simpler model is as good within two standard errors (tried: "
            f"{', '.join(tried) or 'none, as it is the simplest'})")


def _defaults(
    evidence: Evidence, rows: np.ndarray, visible: Sequence[str], seed: int, seconds: float,
) -> Iterator[Candidate]:
    """The model without features, the best default on the 1, 2, 3, ... most important columns, and all defaults.

    No further models of few columns are trained after so many ``seconds``.
    """
    baselines = {name: found[rows] for name, found in evidence.baselines.items()}
    yield from (("a model without features", (), baselines[name]) for name in NO_FEATURES if name in baselines)
    folds, begun = evidence.folds, time.monotonic()
    losses = {name: evidence.goal.loss(evidence.y[rows], baselines[name]) for name in ("linear", "trees")
              if name in baselines}
    for count in FEW if losses and len(folds.table) <= ENOUGH else ():
        if count > len(visible) or count >= len(folds.table.names) or time.monotonic() - begun > seconds:
            break
        family, columns = min(losses, key=lambda name: losses[name]), visible[:count]
        table = Table({name: folds.table.column(name) for name in columns}, asked=folds.table.asked)
        params = defaults([family], folds.classes, len(folds.splits[0][0]))[family]
        member = Folds(table, folds.y, folds.classes, folds.splits, folds.impute).member(params, seed)
        yield f"{IN_WORDS[family]} with defaults", columns, member.predictions[evidence.rows[rows]]
    yield from ((f"{IN_WORDS[name]} with defaults", (), baselines[name]) for name in IN_WORDS if name in baselines)


def _alone(evidence: Evidence, rows: np.ndarray, members: Sequence[Mapping[str, Any]]) -> Iterator[Candidate]:
    """Each member of an ensemble alone."""
    for row in members[1:] and members:
        number = row["number"]
        only = replace(evidence, members={number: (1.0, evidence.members[number][1])})
        yield f"{IN_WORDS[row['family']]} (trial {number}) alone", (), predicted(only, rows)[0]
