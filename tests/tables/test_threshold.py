"""The threshold with the highest F1: as brute force finds it, saved with the model, used when asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.tables.threshold import best_threshold, f1_at


@pytest.mark.parametrize("seed", range(8))
def test_no_threshold_is_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(60), 1 + seed % 2)
    y = (rng.random(60) < p * 0.4).astype(int)
    found = best_threshold(y, p)
    assert f1_at(y, p, found) == max(f1_at(y, p, value) for value in np.linspace(0.0, 1.0, 1001))


def test_f1_is_that_of_metrics() -> None:
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 50), rng.random(50)
    assert f1_at(y, p, 0.3) == pytest.approx(st.metrics.f1_score(y, (p >= 0.3).astype(int)))


def test_half_is_kept_if_no_other_is_better() -> None:
    assert best_threshold(np.array([0, 1]), np.array([0.2, 0.9])) == 0.5


def test_it_is_chosen_out_of_fold_saved_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    y = np.where(x + rng.normal(size=200) > 1.6, "yes", "no")
    result = st.tune_table({"x": x, "y": y}, "y", n_trials=1, families=["linear"], folds=3, progress=False)
    threshold = result.model.threshold_
    assert threshold is not None and f"threshold: 'yes' from a probability of {threshold:.3g} has the" in result.text()
    result.model.save(tmp_path / "m.npz")
    model = st.load_model(tmp_path / "m.npz")
    p = model.predict_proba({"x": x})[:, 1]
    for given, limit in (("best", threshold), (0.2, 0.2)):
        assert (model.predict({"x": x}, threshold=given) == np.where(p >= limit, "yes", "no")).all()
    (tmp_path / "t.csv").write_text("x\n" + "".join(f"{value}\n" for value in x.tolist()))
    assert main(["predict", str(tmp_path / "m.npz"), str(tmp_path / "t.csv"), "--threshold", "best"]) == 0
    assert capsys.readouterr().out.split() == np.where(p >= threshold, "yes", "no").tolist()
    for wrong in ("1.5", "half"):
        assert main(["predict", str(tmp_path / "m.npz"), str(tmp_path / "t.csv"), "--threshold", wrong]) == 2
        assert f"--threshold is {wrong!r}; it must be best or a number from 0 to 1" in capsys.readouterr().err
