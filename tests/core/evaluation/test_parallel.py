"""Workers: results in the order of the work, and an end that does not wait for trainings that nobody wants any more."""

import threading

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core import interruption
from scratchtune.core.evaluation.parallel import in_order, workers


@pytest.mark.parametrize("n_jobs", [None, 1, 2, 4, -1])
def test_results_come_in_order(n_jobs):
    assert in_order(lambda i: i * i, range(20), n_jobs) == [i * i for i in range(20)]


def test_ctrl_c_ends_the_trainings_of_other_threads():
    X, begun = np.random.default_rng(0).normal(size=(64, 2)), threading.Event()

    class Begun(st.Callback):
        def on_epoch_end(self, epoch, logs):
            begun.set()

    def endless():
        model = st.Sequential([st.Dense(1)])
        model.compile(optimizer="sgd", loss="mean_squared_error")
        model.fit(X, X[:, 0], epochs=10**9, callbacks=[Begun()], verbose=0)

    futures = []
    with pytest.raises(KeyboardInterrupt), workers(2) as pool:
        futures.append(pool.submit(endless))
        assert begun.wait(60)
        raise KeyboardInterrupt  # as the main thread gets it
    assert isinstance(futures[0].exception(), KeyboardInterrupt)
    assert interruption.event_of_this_thread() is None  # and the next search trains as if nothing had been


def test_an_interrupted_trial_is_handed_out_again():
    study, running = st.Study({"x": [1.0, 2.0]}, "grid"), threading.Barrier(2)

    def objective(trial):
        running.wait(60)
        if trial.number == 0:
            raise KeyboardInterrupt
        return trial.params["x"]

    with pytest.raises(KeyboardInterrupt):
        study.run(objective, n_jobs=2, progress=False)
    assert study.trials[0].state == "running"
    study.run(lambda trial: trial.params["x"], n_jobs=2, progress=False)
    assert [trial.value for trial in study.trials] == [1.0, 2.0]
