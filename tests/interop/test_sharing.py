"""Sharing: the work of a worker, and the warning where there is too little of it."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.interop import sharing

X, y = np.random.default_rng(0).random((40, 6, 6, 1)), np.arange(40) % 3


def built(*layers: st.Layer, shape: tuple[int, ...] = (36,)) -> st.Sequential:
    model = st.Sequential([*layers, st.Dense(3, "softmax")])
    model.compile("adam", "categorical_crossentropy")
    model.build((None, *shape))
    return model


def test_work_counts_each_weight_at_each_position() -> None:
    """36 x 5 and 5 x 3 weights with biases, once each; 3 x 3 weights and a bias for 2 channels at 4 x 4 positions."""
    dense = built(st.Dense(5, "relu")).program
    assert sharing.multiply_adds(dense) == (36 + 1) * 5 + (5 + 1) * 3
    assert sharing.work_of_worker(dense, 32, 2) == 16 * 203 and sharing.work_of_worker(dense, 33, 2) == 17 * 203
    images = built(st.Conv2D(2, 3), st.Flatten(), shape=(6, 6, 1)).program
    assert sharing.multiply_adds(images) == (9 + 1) * 2 * 16 + (32 + 1) * 3


def test_the_least_work_grows_with_the_parameters_and_processes_need_more() -> None:
    program = built(st.Dense(5, "relu")).program
    assert sharing.least_work(program, "threads") == 2_500_000 + 65 * 203
    assert sharing.least_work(program, "processes") == 15_000_000 + 430 * 203


def test_fit_warns_of_little_work_and_names_it() -> None:
    model = built(st.Dense(5, "relu"))
    with ThreadPoolExecutor(2) as pool, pytest.warns(st.EfficiencyWarning) as caught:
        model.fit(X.reshape(40, 36), y, verbose=0, executor=pool)
    assert len(caught) == 1 and caught[0].filename == __file__
    message = str(caught[0].message)
    assert message.startswith("each of the 2 workers computes 3,248 multiply-adds per batch")
    assert "below 2,513,195, sharing a training of 203 parameters among threads" in message
    assert message.endswith("leave out executor, or use larger batches")


@pytest.mark.parametrize(("least", "expected"), [(3248, 0), (3249, 1)])
def test_from_the_limit_on_nothing_is_said(monkeypatch: pytest.MonkeyPatch, least: int, expected: int) -> None:
    monkeypatch.setitem(sharing.COSTS, "threads", sharing.Cost(least, 0))
    model: Any = built(st.Dense(5, "relu"))
    with ThreadPoolExecutor(2) as pool, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X.reshape(40, 36), y, verbose=0, executor=pool)
    assert len(caught) == expected
