"""The trainings: their file, their look-ups, and what a study of them sees."""

from __future__ import annotations

import numpy as np
import pytest

import scratchtune as st
from scratchtune.play import trainings
from scratchtune.play.trainings import EPOCHS, SEEDS, VALUES

KNOWN = st.datasets.load_trainings()
PARAMS = {"learning_rate": 0.01, "batch_size": 16, "l2": 0.0, "dropout": 0.2, "units": 64}
SPACE = {"learning_rate": st.Float(0.001, 2.0, log=True), "batch_size": st.Int(4, 128, log=True), "l2": [0.0, 0.001],
         "dropout": st.Float(0.0, 0.6), "units": st.Int(16, 192, log=True)}


def test_there_are_11_880_trainings_of_27_epochs():
    assert KNOWN.validation.shape == (11, 6, 3, 4, 3, SEEDS, EPOCHS) and KNOWN.held_out.size == 11_880
    assert KNOWN.validation.max() <= 250 and KNOWN.wide.max() <= 500 and KNOWN.held_out.max() <= 847
    assert len(list(KNOWN.configurations())) == 2376 == KNOWN.expected.size


def test_a_curve_is_that_of_the_nearest_configuration():
    """0.0073, 11.6 and 35 are below the middles of their neighbours, and above on a logarithmic scale."""
    close = {"learning_rate": 0.0073, "batch_size": 11.6, "l2": 0.0001, "dropout": 0.21, "units": 35}
    assert KNOWN.nearest(close) == PARAMS == KNOWN.nearest(PARAMS)
    curve = KNOWN.curve(close, seed=3)
    assert curve.shape == (EPOCHS,) and np.array_equal(curve * 250, KNOWN.validation[3, 2, 0, 1, 1, 3])
    assert KNOWN.accuracy(close, seed=3) == curve[-1]
    mean = np.mean([KNOWN.curve(PARAMS, seed) for seed in range(SEEDS)], axis=0)
    np.testing.assert_allclose(KNOWN.curve(PARAMS), mean)


def test_the_wide_accuracy_is_of_750_rows():
    at = KNOWN.index(PARAMS)
    right = int(KNOWN.validation[at][0, -1]) + int(KNOWN.wide[at][0])
    assert KNOWN.accuracy(PARAMS, 0, wide=True) == right / 750
    assert KNOWN.held_out_accuracy(PARAMS, 0) == KNOWN.held_out[at][0] / 847


def test_accuracies_of_all_seeds_by_hand():
    """The five seeds together are right on 1,044 of 1,250 rows, on 2,094 of 2,500 more, on 3,546 of 4,235 held out."""
    assert KNOWN.accuracy(PARAMS) == pytest.approx(1044 / 1250)
    assert KNOWN.accuracy(PARAMS, wide=True) == pytest.approx((1044 + 2094) / 3750)
    assert KNOWN.held_out_accuracy(PARAMS) == pytest.approx(3546 / 4235)
    expected = (1044 + 2094 + 3546) / (5 * 1597)
    assert KNOWN.expected[KNOWN.index(PARAMS)] == pytest.approx(expected)
    assert KNOWN.regret(PARAMS) == pytest.approx(100.0 * (KNOWN.expected.max() - expected))


def test_the_nearest_value_beyond_the_ends_is_the_end():
    low, high = dict.fromkeys(VALUES, -1.0), dict.fromkeys(VALUES, 1e9)
    assert KNOWN.nearest(low) == {name: values[0] for name, values in VALUES.items()}
    assert KNOWN.nearest(high) == {name: values[-1] for name, values in VALUES.items()}


def test_the_optimum_is_worth_less_on_the_seed_that_did_not_choose():
    best = KNOWN.optimum
    assert KNOWN.regret(best.params) == 0.0 and KNOWN.regret(PARAMS) > 0.0
    assert 0.8 < best.accuracy <= KNOWN.expected.max() and 0.0 < best.error < 0.02


def test_a_study_sees_the_same_numbers_again_and_reports_each_epoch():
    studies = [st.Study(SPACE, "random", direction="maximize", seed=1).run(KNOWN.objective(), 8, progress=False)
               for _ in range(2)]
    assert [t.value for t in studies[0].trials] == [t.value for t in studies[1].trials]
    trial = studies[0].trials[0]
    assert trial.value in [KNOWN.accuracy(trial.params, seed) for seed in range(SEEDS)]
    seed = int(trial.saved["seed"])
    assert trial.reports == dict(enumerate(KNOWN.curve(trial.params, seed).tolist(), start=1))
    wide = st.Study(SPACE, "random", direction="maximize", seed=1).run(KNOWN.objective(True), 1, progress=False)
    assert wide.best_value == KNOWN.accuracy(trial.params, seed, wide=True) != trial.value


def test_a_training_that_is_stopped_has_the_value_of_its_last_epoch():
    study = st.Study(SPACE, "random", direction="maximize", seed=1, stopping=st.MedianStopping(warmup=5))
    study.run(KNOWN.objective(), 20, progress=False)
    stopped = [trial for trial in study.trials if trial.state == "stopped"]
    assert stopped and all(trial.value == trial.reports[len(trial.reports)] for trial in stopped)
    assert all(len(trial.reports) < EPOCHS for trial in stopped)


def test_a_promoted_training_continues_its_own_curve():
    study = st.Study(SPACE, st.Hyperband(EPOCHS, 3), direction="maximize", seed=0)
    study.run(KNOWN.objective(), progress=False)
    for trial in study.trials:
        curves = [KNOWN.curve(trial.params, seed) for seed in range(SEEDS)]
        fits = {seed for seed, curve in enumerate(curves) if curve[int(trial.budget) - 1] == trial.value}
        if trial.parent is not None:
            parent = study.trials[trial.parent]
            fits &= {seed for seed, curve in enumerate(curves) if curve[int(parent.budget) - 1] == parent.value}
        assert fits


@pytest.mark.parametrize(("call", "message"), [
    (lambda: KNOWN.accuracy({"units": 3}), "without learning_rate, batch_size, l2, dropout; it needs"),
    (lambda: KNOWN.accuracy(PARAMS, seed=5), "seed is 5; it is 0 to 4"),
])
def test_what_is_not_there_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_another_file_is_refused(monkeypatch):
    monkeypatch.setattr(trainings, "SHA256", "0" * 64)
    with pytest.raises(ValueError, match="damaged, or of another version"):
        st.datasets.load_trainings()


def test_values_are_in_ascending_order():
    assert all(list(values) == sorted(values) for values in VALUES.values())
