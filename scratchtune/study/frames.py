"""The trials of a study as a pandas DataFrame, with Optuna's columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from scratchtune.study.objectives import Objectives, value_columns
from scratchtune.study.trial import Trial


def trials_frame(trials: Sequence[Trial], names: Sequence[str], objectives: Objectives) -> Any:
    """Return a DataFrame with a row for each trial; ``names`` are the parameters of the space.

    Columns: number, value, datetime_start, datetime_complete, duration, params_NAME..., user_attrs_NAME..., state; with
    several objectives values_0, values_1, ..., or values_NAME..., in place of value. Times are local, and a duration is
    that from the start to the end, 0 where the clock was set back meanwhile. What a trial does not have, such as the
    value of a failed one or a parameter whose condition does not hold, is missing (NaN, NaT or None).

    Raises
        ImportError if pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise ImportError("to_dataframe needs pandas, which is not installed: pip install pandas; study.to_csv(path) "
                          "writes the same table without it") from None
    begun = [local_time(trial.started) for trial in trials]
    ended = [local_time(trial.finished) for trial in trials]
    columns: dict[str, Any] = {
        "number": pandas.Series([trial.number for trial in trials], dtype="int64")}
    for k, column in enumerate(value_columns(objectives)):
        of_objective = [None if trial.values is None else trial.values[k] for trial in trials]
        columns[column] = pandas.Series(of_objective, dtype="float64")
    columns["datetime_start"] = pandas.to_datetime(pandas.Series(begun, dtype="datetime64[us]"))
    columns["datetime_complete"] = pandas.to_datetime(pandas.Series(ended, dtype="datetime64[us]"))
    columns["duration"] = (columns["datetime_complete"] - columns["datetime_start"]).clip(lower=pandas.Timedelta(0))
    for name in names:
        columns[f"params_{name}"] = [trial.shared_params.get(name) for trial in trials]
    for name in sorted({name for trial in trials for name in trial.user_attrs}):
        columns[f"user_attrs_{name}"] = [trial.user_attrs.get(name) for trial in trials]
    return pandas.DataFrame({**columns, "state": [trial.state for trial in trials]})


def local_time(seconds: float | None) -> datetime | None:
    """A time in seconds since 1970 as a date; None for None."""
    return None if seconds is None else datetime.fromtimestamp(seconds)
