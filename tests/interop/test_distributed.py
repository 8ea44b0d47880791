"""Distributed gradient descent: the one-worker result up to rounding, the same bits each time, data sent once."""

from __future__ import annotations

import subprocess
import sys
import warnings
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core import shipping
from scratchtune.interop import distributed

pytestmark = pytest.mark.filterwarnings("ignore::scratchtune.EfficiencyWarning")  # all networks here are small

rng = np.random.default_rng(0)
X, y = rng.normal(size=(203, 7)), rng.integers(0, 3, 203)


def model(optimizer: Any = None, **options: Any) -> st.Sequential:
    made = st.Sequential([st.Dense(9, activation="tanh"), st.Dense(3, activation="softmax")], dtype="float64", seed=4)
    made.compile(optimizer or st.Adam(0.01), "categorical_crossentropy", ["accuracy"], **options)
    return made


def trained(executor: Any = None, workers: int = 2, **options: Any) -> tuple[np.ndarray, dict[str, list[float]]]:
    made = model(**options)
    more = {} if executor is None else {"executor": executor, "workers": workers}
    weights = 0.5 + (np.arange(len(X)) % 3)
    history = made.fit(X, y, batch_size=50, epochs=4, verbose=0, sample_weight=weights, **more).history
    return made.theta.copy(), history


@pytest.mark.parametrize("options", [
    {}, {"penalty": st.L1L2(1e-3, 1e-2)}, {"optimizer": st.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01)},
    {"optimizer": st.RMSprop(0.01, decay=0.1)}, {"optimizer": st.Adam(0.01, clipnorm=0.05)},
    {"optimizer": st.SGD(0.1, global_clipnorm=0.05), "penalty": st.L2(1e-2)}])
def test_any_number_of_workers_gives_the_one_worker_result_up_to_rounding(options: Any) -> None:
    theta, history = trained(**options)
    with ThreadPoolExecutor(4) as pool:
        for workers in (1, 2, 3, 7):
            shared, shared_history = trained(pool, workers, **options)
            np.testing.assert_allclose(shared, theta, rtol=0.0, atol=1e-12)
            np.testing.assert_allclose(shared_history["loss"], history["loss"], rtol=1e-12)
            assert shared_history["accuracy"] == history["accuracy"]
            assert (trained(pool, workers, **options)[0] == shared).all()  # bit for bit from run to run


@pytest.mark.parametrize("count", [1, pytest.param(2, marks=pytest.mark.slow)])  # each process imports the package
def test_processes_give_the_bits_of_threads(count: int) -> None:
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(count, mp_context=get_context("spawn")) as processes:
        assert (trained(threads, 3)[0] == trained(processes, 3)[0]).all()


class Counting(Executor):
    """Runs at once, and counts the bytes of the network and the rows that are sent."""

    def __init__(self) -> None:
        self.sent: list[int] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        self.sent.append(len(args[2] or b""))
        future.set_result(fn(*args, **kwargs))
        return future


def test_rows_are_sent_once_to_each_worker_and_again_only_where_they_are_missing() -> None:
    shipping._received.clear()
    pool = Counting()
    trained(pool, 2)
    assert sum(size > 0 for size in pool.sent) == 2 and len(pool.sent) == 2 * 5 * 4

    class Forgetful(Counting):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
            if len(self.sent) == 11:
                shipping._received.clear()
                distributed._replicas.clear()
            return super().submit(fn, *args, **kwargs)

    shipping._received.clear()
    forgetful = Forgetful()
    assert (trained(forgetful, 2)[0] == trained(pool, 2)[0]).all() and sum(size > 0 for size in forgetful.sent) == 3


def test_two_trainings_of_the_same_model_at_a_time_do_not_meet() -> None:
    theta, _ = trained()
    with ThreadPoolExecutor(4) as pool, ThreadPoolExecutor(2) as both:
        for shared, _ in both.map(lambda _: trained(pool, 3), range(6)):
            np.testing.assert_allclose(shared, theta, rtol=0.0, atol=1e-12)
    assert not distributed._replicas and not shipping._received


def test_a_training_that_diverges_keeps_the_last_finite_weights() -> None:
    made = st.Sequential([st.Dense(1)], dtype="float64")
    made.compile(st.SGD(1e100), "mean_squared_error")
    with ThreadPoolExecutor(2) as pool, pytest.warns(st.DivergenceWarning):
        made.fit(X, y.astype(float), epochs=3, verbose=0, executor=pool)
    assert np.isfinite(made.theta).all()


@pytest.mark.parametrize(("options", "message"), [
    ({"executor": 3}, "executor is 3"), ({"workers": 0}, "workers is 0"), ({"workers": 33}, "workers is 33")])
def test_bad_arguments_are_one_clear_sentence(options: Any, message: str) -> None:
    with ThreadPoolExecutor(2) as pool, pytest.raises((TypeError, ValueError), match=message):
        model().fit(X, y, verbose=0, **{"executor": pool} | options)


# The warning of too little work ---------------------------------------------------------------------------------------

IMAGES = np.random.default_rng(0).random((40, 6, 6, 1))


def built(*layers: st.Layer, shape: tuple[int, ...] = (36,)) -> st.Sequential:
    made = st.Sequential([*layers, st.Dense(3, "softmax")])
    made.compile("adam", "categorical_crossentropy")
    made.build((None, *shape))
    return made


@pytest.mark.parametrize("kind, least", [("threads", "2,5"), ("processes", "15,")])
def test_work_counts_each_weight_at_each_position(kind: str, least: str) -> None:
    """36 x 5 and 5 x 3 weights with biases, once each; 3 x 3 weights and a bias for 2 channels at 4 x 4 positions."""
    dense, images = built(st.Dense(5, "relu")), built(st.Conv2D(2, 3), st.Flatten(), shape=(6, 6, 1))
    for made, work in ((dense, (36 + 1) * 5 + (5 + 1) * 3), (images, (9 + 1) * 2 * 16 + (32 + 1) * 3)):
        with pytest.warns(st.EfficiencyWarning, match=f"computes {16 * work:,} multiply-adds per batch; below {least}"):
            distributed.warn_of_little_work(made.program, 16, 2, kind)


@pytest.mark.filterwarnings("default")
def test_fit_warns_of_little_work_and_names_it() -> None:
    small = built(st.Dense(5, "relu"))
    with ThreadPoolExecutor(2) as pool, pytest.warns(st.EfficiencyWarning) as caught:
        small.fit(IMAGES.reshape(40, 36), y[:40], verbose=0, executor=pool)
    assert len(caught) == 1 and caught[0].filename == __file__
    message = str(caught[0].message)
    assert message.startswith("each of the 2 workers computes 3,248 multiply-adds per batch")
    assert "below 2,513,195, sharing a training of 203 parameters among threads" in message
    assert message.endswith("leave out executor, or use larger batches")


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("least", "expected"), [(3248, 0), (3249, 1)])
def test_from_the_limit_on_nothing_is_said(monkeypatch: pytest.MonkeyPatch, least: int, expected: int) -> None:
    monkeypatch.setitem(distributed.COSTS, "threads", (least, 0))
    small = built(st.Dense(5, "relu"))
    with ThreadPoolExecutor(2) as pool, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        small.fit(IMAGES.reshape(40, 36), y[:40], verbose=0, executor=pool)
    assert len(caught) == expected


def test_the_front_door_loads_what_registers_itself_and_the_core_says_what_is_missing() -> None:
    code = """
from scratchtune.core.network.sequential import Sequential
from scratchtune.core.network.layers.dense import Dense
model = Sequential([Dense(1)])
model.compile("adam", "mse")
try:
    model.fit([[1.0]], [1.0], executor=1)
except ValueError as problem:
    print(problem)
import scratchtune as st
model = st.Sequential([st.Dense(2)])
model.compile("adam", "ctc")
try:
    model.compile("adam", "mse")
    model.fit([[1.0]], [[1.0, 1.0]], executor=1)
except TypeError as problem:
    print(problem)
"""
    lines = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert "no module that shares a training among workers is loaded; import scratchtune.interop.distr" in lines[0]
    assert lines[1].startswith("executor is 1; it must be one of concurrent.futures")
