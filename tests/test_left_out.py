"""What ``pytest --left-out`` selects."""

from types import SimpleNamespace
from typing import Any

import pytest

from .left_out import LeftOut

pytestmark = pytest.mark.slow  # a tool of this repository: CI runs its tests


class Cache(dict[str, Any]):
    """As much of pytest's cache as is used."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


def plugin(cache: Cache, **options: Any) -> LeftOut:
    hook = SimpleNamespace(pytest_deselected=lambda items: None)
    config: Any = SimpleNamespace(cache=cache, hook=hook, option=SimpleNamespace(**options), args=["tests"],
                                  getini=lambda name: ["tests"])
    return LeftOut(config)


def report(nodeid: str, outcome: str, text: str = "") -> Any:
    return SimpleNamespace(nodeid=nodeid, skipped=outcome == "skipped", longrepr=("file", 1, text))


class Item:
    """As much of a test as is used."""

    def __init__(self, nodeid: str, *marks: str) -> None:
        self.nodeid, self.marks = nodeid, marks

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self.marks else None


@pytest.fixture
def cache() -> Cache:
    """That of a run which lacked torch and a screen."""
    known = Cache()
    first = plugin(known, left_out=False)
    first.pytest_runtest_logreport(report("a.py::one", "passed"))
    first.pytest_runtest_logreport(report("a.py::torch", "skipped", "Skipped: could not import 'torch'"))
    first.pytest_runtest_logreport(report("a.py::screen", "skipped", "Skipped: no screen"))
    first.pytest_collectreport(report("b.py", "skipped", "Skipped: could not import 'keras'"))
    first.pytest_sessionfinish()
    return known


def test_what_needed_a_package_and_what_is_slow_runs_afterwards(cache: Cache) -> None:
    second = plugin(cache, left_out=True)
    names = {"a.py::one": (), "a.py::torch": (), "a.py::screen": (), "b.py::two": (), "c.py::long": ("slow",)}
    items: Any = [Item(name, *marks) for name, marks in names.items()]
    second.pytest_collection_modifyitems(items)
    assert [each.nodeid for each in items] == ["a.py::torch", "b.py::two", "c.py::long"]


def test_another_run_of_what_was_left_out_forgets_nothing(cache: Cache) -> None:
    known = dict(cache)
    second = plugin(cache, left_out=True)
    second.pytest_runtest_logreport(report("a.py::torch", "passed"))
    second.pytest_sessionfinish()
    assert cache == known
