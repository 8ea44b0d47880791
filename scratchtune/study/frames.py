"""A study's trials as a pandas DataFrame, with the columns of Optuna's ``trials_dataframe``.

Implements section 7.2 of the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from scratchtune.study.trial import Trial


def trials_frame(trials: Sequence[Trial], names: Sequence[str]) -> Any:
    """Return a DataFrame with a row for each trial; ``names`` are the parameters of the space.

    Columns: number, value, datetime_start, datetime_complete, duration, params_NAME..., state. Times are local, and a
    duration is that from the start to the end. What a trial does not have, such as the value of a failed one or a
    parameter whose condition does not hold, is missing (NaN, NaT or None).

    Raises
        ImportError if pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise ImportError("to_dataframe needs pandas, which is not installed: pip install pandas; study.to_csv(path) "
                          "writes the same table without it") from None
    begun = [_date(trial.started) for trial in trials]
    ended = [_date(trial.finished) for trial in trials]
    columns: dict[str, Any] = {
        "number": pandas.Series([trial.number for trial in trials], dtype="int64"),
        "value": pandas.Series([trial.value for trial in trials], dtype="float64"),
        "datetime_start": pandas.to_datetime(pandas.Series(begun, dtype="datetime64[us]")),
        "datetime_complete": pandas.to_datetime(pandas.Series(ended, dtype="datetime64[us]"))}
    columns["duration"] = columns["datetime_complete"] - columns["datetime_start"]
    for name in names:
        columns[f"params_{name}"] = [trial.shared_params.get(name) for trial in trials]
    return pandas.DataFrame({**columns, "state": [trial.state for trial in trials]})


def _date(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds)
