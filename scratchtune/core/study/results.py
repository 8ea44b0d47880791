"""What follows from the trials of a study, in memory or read from a file: the best ones, a table, a recommendation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from scratchtune.core.study.best import best_first, constraint_columns, none_feasible, repeats, said_repeats
from scratchtune.core.study.objectives import Objectives, pareto_optimal
from scratchtune.core.study.recommended import RecommendedTrial, recommended_trial
from scratchtune.core.study.trial import Trial, configuration


class HasBestTrial:
    """What follows from the objectives and the trials, which each kind of study has in its own way.

    With several objectives use `best_trials`: `direction`, the other best_... and `recommended` raise a ValueError.
    """

    objectives: Objectives
    trials: Any  # in order of number
    space: Any

    @property
    def direction(self) -> str:
        """Whether values are minimised ("minimize") or maximised ("maximize")."""
        return self.objectives.direction

    @property
    def directions(self) -> tuple[str, ...]:
        """The direction of each objective."""
        return self.objectives.directions

    @property
    def best_trial(self) -> Trial:
        """The best trial (see `best`); a ValueError if none is complete, or none of these feasible."""
        if self.objectives.several:
            raise self.objectives.no_single("best trial", "use best_trials, which no other trial dominates")
        ranked = best_first(self.trials, self.direction)
        if not ranked:
            failed = [f"; trial {one.number} failed: {one.error}" for one in self.trials if one.state == "failed"]
            raise ValueError(none_feasible(self.trials) or
                             f"no trial of {len(self.trials)} is complete{''.join(failed[:1])}")
        return ranked[0]

    @property
    def best_trials(self) -> list[Trial]:
        """The Pareto front, the feasible complete trials that no other one dominates, in order of number."""
        return pareto_optimal(self.trials, self.objectives)

    @property
    def best_params(self) -> dict[str, Any]:
        """The configuration of the best trial."""
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """The best value, in the user's direction."""
        value = self.best_trial.value
        assert value is not None
        return value

    def said_best(self) -> str:
        """The best value in words, as "best value 1 (trial 0)", with the mean of its repeats; empty without one."""
        ranked = [] if self.objectives.several else best_first(self.trials, self.direction)
        if not ranked:
            return "" if self.objectives.several else none_feasible(self.trials)
        parts = [f"trial {ranked[0].number}", said_repeats(repeats(ranked, ranked[0], self.space))]
        return f"best value {ranked[0].value:.6g} ({'; '.join(filter(None, parts))})"

    def to_dataframe(self) -> Any:
        """Return the trials as a pandas DataFrame with the columns of Optuna's (`trials_frame`)."""
        return trials_frame(self.trials, self.space.names, self.objectives)

    def recommended(self, noise: bool | None = None) -> RecommendedTrial:
        """The trial to use where values are noisy, and why, or a ValueError; for ``noise`` see `recommended_trial`."""
        return recommended_trial(self, noise)


def trials_frame(trials: Sequence[Trial], names: Sequence[str], objectives: Objectives) -> Any:
    """Return a DataFrame with a row for each trial, in local time, or raise an ImportError without pandas."""
    try:
        import pandas
    except ImportError:
        raise ImportError("to_dataframe needs pandas, which is not installed: pip install pandas; study.to_csv(path) "
                          "writes the same table without it") from None
    begun = [local_time(trial.started) for trial in trials]
    ended = [local_time(trial.finished) for trial in trials]
    columns: dict[str, Any] = {"number": pandas.Series([trial.number for trial in trials], dtype="int64")}
    for k, column in enumerate(objectives.columns()):
        of_objective = [None if trial.values is None else trial.values[k] for trial in trials]
        columns[column] = pandas.Series(of_objective, dtype="float64")
    columns["datetime_start"] = pandas.to_datetime(pandas.Series(begun, dtype="datetime64[us]"))
    columns["datetime_complete"] = pandas.to_datetime(pandas.Series(ended, dtype="datetime64[us]"))
    columns["duration"] = (columns["datetime_complete"] - columns["datetime_start"]).clip(lower=pandas.Timedelta(0))
    for name in names:
        columns[f"params_{name}"] = [configuration(trial).get(name) for trial in trials]
    columns |= {name: pandas.Series(of_trials, dtype="float64")
                for name, of_trials in constraint_columns(trials).items()}
    for name in sorted({name for trial in trials for name in trial.user_attrs}):
        columns[f"user_attrs_{name}"] = [trial.user_attrs.get(name) for trial in trials]
    return pandas.DataFrame({**columns, "state": [trial.state for trial in trials]})


def local_time(seconds: float | None) -> datetime | None:
    """A time in seconds since 1970 as a date; None for None."""
    return None if seconds is None else datetime.fromtimestamp(seconds)
