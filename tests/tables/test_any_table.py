"""Properties of any table: it is trained on, saved, loaded, and predicts rows that it has not seen; or says why not.

The cases are drawn by Hypothesis; `pytest --hypothesis-profile=search` draws other ones each time (see tests/drawing).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st

from ..drawing import hypothesis

draws = hypothesis.strategies

ROWS, NEW = 24, 6  # of training, and never seen in it
DAY = date(2023, 11, 20)


def numbers(rng: np.random.Generator, rows: int) -> list[Any]:
    return (rng.normal(size=rows) * 10.0 ** rng.integers(-9, 9)).tolist()


def with_gaps(rng: np.random.Generator, rows: int) -> list[Any]:
    return [None if rng.random() < 0.3 else x for x in rng.normal(size=rows)]


def integers(rng: np.random.Generator, rows: int) -> list[Any]:
    return rng.integers(-5, 50, rows).tolist()


def truths(rng: np.random.Generator, rows: int) -> list[Any]:
    return (rng.random(rows) < 0.5).tolist()


def constant(rng: np.random.Generator, rows: int) -> list[Any]:
    return [7.5] * rows


def categories(rng: np.random.Generator, rows: int) -> list[Any]:
    """A few texts; among rows never seen there may be others."""
    return [f"{'äbc'[int(k) % 3]} {k}" for k in rng.integers(0, 3 + rows // 8, rows)]


def texts_with_gaps(rng: np.random.Generator, rows: int) -> list[Any]:
    return ["" if rng.random() < 0.4 else str(rng.choice(["no", "=cmd()", "a,b", "(other)"])) for _ in range(rows)]


def days(rng: np.random.Generator, rows: int) -> list[Any]:
    return [(DAY + timedelta(int(k))).isoformat() for k in rng.integers(0, 900, rows)]


def german_days(rng: np.random.Generator, rows: int) -> list[Any]:
    return [f"{13 + k % 16:02}.{1 + k % 12:02}.{2000 + k % 30}" for k in rng.integers(0, 999, rows)]


def stamps(rng: np.random.Generator, rows: int) -> list[Any]:
    return [datetime(2024, 1, 1) + timedelta(hours=int(k)) for k in rng.integers(0, 20_000, rows)]


def datetimes(rng: np.random.Generator, rows: int) -> list[Any]:
    return list(np.datetime64(DAY) + rng.integers(-400, 400, rows).astype("timedelta64[D]"))


KINDS = [numbers, with_gaps, integers, truths, constant, categories, texts_with_gaps, days, german_days, stamps,
         datetimes]


@draws.composite
def cases(draw: Any) -> dict[str, Any]:
    """A table: the kinds of its columns, the generator's seed, and what is predicted."""
    return {"kinds": draw(draws.lists(draws.sampled_from(KINDS), min_size=1, max_size=4)),
            "seed": draw(draws.integers(0, 2**31)),
            "target": draw(draws.sampled_from(["labels", "two", "integers", "numbers"]))}


def columns(case: dict[str, Any], rows: int, stream: int) -> dict[str, Any]:
    """The columns of a case, without its target; another ``stream`` has other rows."""
    rng = np.random.default_rng([case["seed"], stream])
    made = {f"c {number}": kind(rng, rows) for number, kind in enumerate(case["kinds"])}
    return {name: np.array(values) if isinstance(values[0], np.datetime64) else values
            for name, values in made.items()}


def target(case: dict[str, Any]) -> list[Any]:
    """Classes or numbers, each class in several rows."""
    rng = np.random.default_rng([case["seed"], 2])
    if case["target"] == "numbers":
        return rng.normal(size=ROWS).tolist()
    names = {"labels": ["low", "mid", "high"], "two": ["no", "yes"], "integers": [3, 5, 9]}[case["target"]]
    return [names[k % len(names)] for k in range(ROWS)]


def check_predictions(model: Any, path: Path, case: dict[str, Any]) -> None:
    """Saved and loaded it predicts the same; each row by itself, whatever the order of the rows and of the columns."""
    new = columns(case, NEW, 1)
    found = np.asarray(model.predict(new))
    assert found.shape == (NEW,)
    if case["target"] == "numbers":
        assert np.isfinite(found.astype(float)).all()
    else:
        assert {str(label) for label in found} <= {str(label) for label in target(case)}
    model.save(path)
    loaded = st.load_model(path)
    assert np.asarray(loaded.predict(new)).tolist() == found.tolist()
    backwards = {name: new[name][::-1] for name in reversed(new)}
    assert np.asarray(loaded.predict(backwards)).tolist() == found[::-1].tolist()


def trained(train: Callable[[], Any]) -> Any:
    """What was trained, or None where the table is refused, with a sentence that names what is wrong with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return train()
        except ValueError as problem:
            assert len(str(problem)) > 20 and "\n" not in str(problem)
            return None


@pytest.mark.slow
@hypothesis.given(case=cases(), family=draws.sampled_from(["network", "trees", "linear"]), named=draws.booleans())
def test_a_family_of_models_that_is_searched_on_it(
    case: dict[str, Any], family: str, named: bool, fresh: Callable[[], Path],
) -> None:
    """As a table with a named target, or as X and y."""
    X, y = columns(case, ROWS, 0), target(case)
    if named:
        result = trained(lambda: st.tune_table(
            X | {"target": y}, "target", families=[family], n_trials=1, folds=2, n_jobs=1, progress=False,
            seed=case["seed"]))
        model = result and result.model
    else:
        kind = st.AutoRegressor if case["target"] == "numbers" else st.AutoClassifier
        model = trained(lambda: kind(n_trials=1, random_state=case["seed"], families=(family,), cv=2, n_jobs=1,
                                     verbose=0).fit(X, y))
    if model is not None:
        check_predictions(model, fresh() / "model.npz", case)
