"""A test with an argument ``make`` runs once for every searcher."""

from __future__ import annotations

import pytest

from tests.core.search.replaying import EVERY


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that asks for it every searcher's constructor."""
    if "make" in metafunc.fixturenames and not any(
            "make" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")):
        metafunc.parametrize("make", EVERY.values(), ids=EVERY.keys())
