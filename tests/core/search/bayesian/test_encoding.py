"""The encoding: there and back, on the steps, and what is absent."""

from __future__ import annotations

import numpy as np
import pytest

from scratchtune.core.search.bayesian.encoding import ABSENT_CHOICE, ABSENT_UNIT, Encoding
from scratchtune.core.search.space import Categorical, Float, Int, Space

MIXED = Space({
    "rate": Float(1e-4, 1e-1, log=True),
    "share": Float(0.0, 1.0, step=0.25),
    "units": Int(1, 64, log=True),
    "layers": Int(1, 3),
    "kind": ["sgd", "adam", "rmsprop"],
    "momentum": Float(0.0, 0.9, when={"kind": ["sgd"]}),
    "nesterov": Categorical([True, False], when={"kind": ["sgd"], "layers": [2, 3]}),
    "fixed": Int(7, 7),
})


def points(n: int, seed: int = 0) -> list[dict]:
    rng = np.random.default_rng(seed)
    return [MIXED.from_unit(rng.random(len(MIXED.names))) for _ in range(n)]


def test_a_row_by_hand() -> None:
    space = Space({"x": Float(0.0, 10.0), "n": Int(0, 3), "kind": ["a", "b"], "y": Float(1.0, 2.0, when={"kind": "b"})})
    encoding = Encoding(space)
    rows = encoding.rows([{"x": 2.5, "n": 1, "kind": "a"}, {"x": 10.0, "n": 3, "kind": "b", "y": 1.25}])
    assert rows.tolist() == [[0.25, 0.375, 0.0, ABSENT_UNIT], [1.0, 0.875, 1.0, 0.25]]
    assert encoding.is_categorical.tolist() == [0.0, 0.0, 1.0, 0.0] and encoding.counts.tolist() == [0, 4, 2, 0]


def test_there_and_back() -> None:
    encoding = Encoding(MIXED)
    for params, row in zip(points(300), encoding.rows(points(300)), strict=True):
        back = encoding.params(row)
        assert back.keys() == params.keys()
        assert back.pop("rate") == pytest.approx(params.pop("rate"), rel=1e-12)
        if "momentum" in params:
            assert back.pop("momentum") == pytest.approx(params.pop("momentum"), rel=1e-12)
        assert back == params


def test_a_snapped_row_is_the_row_of_its_point() -> None:
    encoding, rng = Encoding(MIXED), np.random.default_rng(1)
    wild = rng.random((300, len(MIXED.names))) * np.where(encoding.is_categorical == 1.0, encoding.counts, 1.0)
    wild = np.where(encoding.is_categorical == 1.0, np.floor(wild), wild + 0.2 * rng.standard_normal(wild.shape))
    snapped = encoding.snapped(wild)
    np.testing.assert_allclose(snapped, encoding.rows([encoding.params(row) for row in snapped]), atol=1e-12)
    np.testing.assert_array_equal(encoding.snapped(snapped), snapped)


def test_what_is_absent_has_a_fixed_place() -> None:
    encoding = Encoding(MIXED)
    given = points(300)
    rows = encoding.rows(given)
    active = encoding.active(rows)
    for j, name in enumerate(MIXED.names):
        here = np.array([name in params for params in given])
        np.testing.assert_array_equal(active[:, j], here)
        assert set(rows[~here, j]) <= {ABSENT_CHOICE if encoding.is_categorical[j] else ABSENT_UNIT}


def test_the_cube_gives_each_value_its_share() -> None:
    encoding = Encoding(MIXED)
    rows = encoding.from_unit(np.random.default_rng(2).random((6000, len(MIXED.names))))
    found = [encoding.params(row) for row in rows]
    for name, shares in {"kind": (1 / 3,) * 3, "share": (0.2,) * 5, "layers": (1 / 3,) * 3}.items():
        parameter = MIXED.parameters[name]
        counts = [sum(params[name] == parameter.value(k) for params in found) for k in range(len(shares))]
        assert np.array(counts) / 6000 == pytest.approx(shares, abs=0.03)


def test_neighbours_differ_in_one_parameter_and_in_what_depends_on_it() -> None:
    encoding = Encoding(MIXED)
    dependent = {"kind": {"momentum", "nesterov"}, "layers": {"nesterov"}}
    for params, found in zip(points(50), encoding.neighbours(encoding.rows(points(50))), strict=True):
        around = [encoding.params(other) for other in found]
        kinds = {other["kind"] for other in around}
        assert kinds == {"sgd", "adam", "rmsprop"}  # every other choice is among them
        for other in around:
            changed = {name for name in MIXED.names if name not in ("rate", "momentum")
                       and other.get(name) != params.get(name)}
            root = [name for name in changed if changed <= {name} | dependent.get(name, set())]
            assert root and "fixed" not in changed


def test_a_row_has_no_neighbours_where_every_parameter_has_one_value() -> None:
    encoding = Encoding(Space({"one": Categorical(["a"]), "five": Int(5, 5)}))
    assert [found.shape for found in encoding.neighbours(encoding.rows([{"one": "a", "five": 5}] * 2))] == [(0, 2)] * 2


def test_the_prior_is_highest_at_its_centre_and_says_nothing_of_what_is_absent() -> None:
    space = Space({
        "kind": Categorical(["a", "b"], prior=[1.0, 3.0]),
        "x": Float(1e-4, 1.0, log=True, prior=(1e-2, 0.1), when={"kind": "b"}),
        "n": Int(5, 5, prior=(5, 0.1))})
    encoding = Encoding(space)
    assert encoding.has_prior and not Encoding(MIXED).has_prior
    rows = encoding.rows([
        {"kind": "b", "x": 1e-2, "n": 5}, {"kind": "b", "x": 1e-4, "n": 5}, {"kind": "a", "n": 5}])
    assert encoding.log_prior(rows) == pytest.approx([0.0, -0.5 * (0.5 / 0.1) ** 2, np.log(1 / 3)])


def test_a_weight_of_zero_is_finite() -> None:
    encoding = Encoding(Space({"kind": Categorical(["a", "b"], prior=[0.0, 1.0])}))
    low, high = encoding.log_prior(encoding.rows([{"kind": "a"}, {"kind": "b"}]))
    assert np.isfinite(low) and low < -10.0 and high == 0.0
