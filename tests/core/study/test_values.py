"""Every way to hand in a value, every kind of value, every searcher: alike in memory and in a file."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st

SPACE = {"x": st.Float(0.0, 1.0), "k": ["a", "b"]}
SEARCHERS: dict[str, Any] = {
    "grid": st.GridSearch(resolution=4), "random": st.RandomSearch(), "halton": st.RandomSearch("halton"),
    "gp": st.BayesianSearch(model="gp", initial=2), "tpe": st.BayesianSearch(model="tpe", initial=3),
    "auto": st.BayesianSearch(initial=2, parallel=2), "genetic": st.GeneticSearch(population=3, offspring=2),
    "hyperband": st.Hyperband(max_budget=9)}
BAD = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "none": None, "text": "0.5", "exception": ValueError("bad"),
       "array": np.zeros(2), "complex": 1j, "masked": np.ma.masked,
       "a masked array": np.ma.masked_array(0.5, mask=True)}
GOOD = {"float32": np.float32(0.25), "int64": np.int64(2), "zero-dimensional": np.array(0.5), "bool": True,
        "fraction": Fraction(1, 3)}
FEW = {"nan", "exception", "int64", "zero-dimensional"}  # for most searchers, which see a value and no kind
TRIALS, SPECIAL = 8, 5  # one trial is handed in otherwise than the others


def handed_in(way: str, value: Any, searcher: Any, path: Path | None) -> list[tuple[Any, ...]]:
    """The table of a study, one of whose trials is handed in so."""
    study = st.Study(SPACE, searcher, seed=1, storage=path)

    def objective(trial: st.Trial) -> Any:
        given = value if trial.number == SPECIAL else trial.params["x"]
        if way == "report":
            trial.report(given, step=0)
            return trial.reports[0]
        if way == "return" and isinstance(given, Exception):
            raise given
        return given

    for _ in range(TRIALS):
        trial = study.ask()
        if way == "tell":
            study.tell(trial, objective(trial))
        else:
            outcome: Any
            try:
                outcome = objective(trial)
            except Exception as error:
                outcome = error
            study.tell(trial.number, outcome)
    if path is not None:
        del study, trial
        study = st.Study(SPACE, searcher, seed=1, storage=path)
    return [(t.number, t.params, t.value, t.state, t.error, t.reports, t.why) for t in study.trials]


def some_of(values: dict[str, Any], name: str) -> list[tuple[str, Any]]:
    return [(kind, value) for kind, value in values.items() if name == "random" or kind in FEW]


@pytest.mark.parametrize("way", ["return", "tell", "report"])
@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[pytest.mark.slow] * (name not in ("random", "gp", "hyperband"))) for name in SEARCHERS])
def test_a_bad_value_fails_its_trial_alone_and_alike_in_memory_and_in_a_file(
    name: str, way: str, tmp_path: Path,
) -> None:
    after = set()
    for kind, value in some_of(BAD, name):
        table = handed_in(way, value, SEARCHERS[name], None)
        assert repr(table) == repr(handed_in(way, value, SEARCHERS[name], tmp_path / f"{kind}.db"))
        assert [row[3] for row in table] == ["complete"] * SPECIAL + ["failed"] + ["complete"] * (TRIALS - SPECIAL - 1)
        assert table[SPECIAL][2] is None and table[SPECIAL][4]
        after.add(repr([row[1] for row in table]))
    assert len(after) == 1  # whatever was wrong, a failed trial teaches a searcher the same


@pytest.mark.parametrize("way", ["return", "tell", "report"])
@pytest.mark.parametrize("name", ["random", "gp", "genetic", "hyperband"])
def test_a_number_of_any_library_is_a_number(name: str, way: str, tmp_path: Path) -> None:
    for kind, value in some_of(GOOD, name):
        table = handed_in(way, value, SEARCHERS[name], None)
        assert repr(table) == repr(handed_in(way, value, SEARCHERS[name], tmp_path / f"{kind}.db"))
        assert table[SPECIAL][2:4] == (float(value), "complete") and type(table[SPECIAL][2]) is float
