"""A study's trials as a pandas DataFrame, with the columns of Optuna's ``trials_dataframe``.

Implements section 7.2 of the document.
"""

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
    that from the start to the end. What a trial does not have, such as the value of a failed one or a parameter whose
    condition does not hold, is missing (NaN, NaT or None).

    Raises
        ImportError if pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise ImportError("to_dataframe needs pandas, which is not installed: pip install pandas; study.to_csv(path) "
                          "writes the same table without it") from None
    columns: dict[str, Any] = {
        "number": pandas.Series([trial.number for trial in trials], dtype="int64")}
    for k, column in enumerate(value_columns(objectives)):
        of_objective = [None if trial.values is None else trial.values[k] for trial in trials]
        columns[column] = pandas.Series(of_objective, dtype="float64")
    for column, moment in (("datetime_start", "started"), ("datetime_complete", "finished")):
        dates = pandas.Series([_date(getattr(trial, moment)) for trial in trials], dtype="datetime64[us]")
        columns[column] = pandas.to_datetime(dates)
    columns["duration"] = columns["datetime_complete"] - columns["datetime_start"]
    for name in names:
        columns[f"params_{name}"] = [trial.shared_params.get(name) for trial in trials]
    for name in sorted({name for trial in trials for name in trial.user_attrs}):
        columns[f"user_attrs_{name}"] = [trial.user_attrs.get(name) for trial in trials]
    return pandas.DataFrame({**columns, "state": [trial.state for trial in trials]})


def _date(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds)
