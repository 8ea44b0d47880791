"""Emitted scripts: they compile, run, and train the same network as ours, step for step from the same weights."""

from __future__ import annotations

import ast
import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.emit import WRITERS, script
from scratchtune.estimators import _MLP
from scratchtune.network.activations import ACTIVATIONS
from scratchtune.table_tuning import prepare_table

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")

SETTINGS: list[dict[str, Any]] = [
    {}, {"optimizer": "sgd", "learning_rate": 0.05}, {"optimizer": "sgd", "momentum": 0.0}, {"optimizer": "rmsprop"},
    {"decay": 0.1}, {"weight_decay": 0.05}, {"decay": 0.1, "weight_decay": 0.05}, {"l1": 0.001}, {"l2": 0.01},
    {"l1": 0.001, "l2": 0.01}, {"hidden_layers": 0}, {"hidden_layers": 2}, {"units": (6, 4)}, {"units": [6, 4]},
    {"scale": None}, {"scale": "minmax"}, *({"activation": name} for name in ACTIVATIONS),
]
NOISY: list[dict[str, Any]] = [{"dropout": 0.3}, {"augment": 0.2}, {"early_stopping": True, "patience": 1, "epochs": 9}]
WEIGHTED: list[dict[str, Any]] = [{"class_weight": "balanced"}, {"class_weight": {0: 1.0, 1: 4.0}}]


def named(settings: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in settings.items()) or "default"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbers, a text with a gap, a class "y" and a value "z" to predict."""
    rng = np.random.default_rng(0)
    a, b, city = rng.normal(5.0, 2.0, 300), rng.normal(0.0, 1.0, 300), rng.choice(["Rome", "Oslo", "Nice"], 300)
    z = 10.0 + a + 2.0 * b * (city == "Rome") + rng.normal(0.0, 0.3, 300)
    file = tmp_path_factory.mktemp("table") / "table.npz"
    np.savez(file, a=a, b=b, city=np.where(np.arange(300) % 29 == 0, "", city), z=z, y=np.where(z > 16.5, "yes", "no"))
    return file


def rows_of(path: Path, kind: str) -> dict[str, Any]:
    """The arguments of `prepare_table` that a command line gives."""
    target, drop = ("y", ["z"]) if kind == "classifier" else ("z", ["y"])
    return {"path": str(path), "target": target, "task": None, "positive": None, "drop": drop, "impute": "median",
            "seed": 0, "sealed": 0.2}


def fitted(path: Path, kind: str, settings: dict[str, Any]) -> tuple[_MLP, Any, dict[str, Any]]:
    rows = rows_of(path, kind)
    made: Any = st.MLPClassifier if kind == "classifier" else st.MLPRegressor
    encoded = prepare_table(**rows)
    estimator = made(**{"random_state": 0, "verbose": 0, "epochs": 1, "units": 8, **settings})
    return estimator.fit(encoded.X, encoded.y), encoded, rows


def run(source: str, monkeypatch: pytest.MonkeyPatch, **names: Any) -> dict[str, Any]:
    """Run a script as `python THIS_SCRIPT` does; its names."""
    monkeypatch.setattr(sys, "argv", ["script.py"])
    space = {"__name__": "__main__", **names}
    exec(compile(source, "script.py", "exec"), space)
    return space


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """What a script has printed: a number after each name of a metric."""
    return {name: float(value) for name, value in re.findall(r"^([a-z][a-z0-9 ]*) (-?[0-9.]+)$",
                                                           capsys.readouterr().out, re.MULTILINE)}


def imported(framework: str) -> None:
    """Keras or PyTorch, on the processor; the test is skipped where it is not installed."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    pytest.importorskip(framework)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)  # so small a network only waits for threads


# Every setting is valid Python ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
@pytest.mark.parametrize("settings", [*SETTINGS, *NOISY, *WEIGHTED], ids=named)
def test_scripts_are_valid(kind: str, settings: dict[str, Any], path: Path) -> None:
    if kind == "regressor" and "class_weight" in settings:
        return
    estimator, _, rows = fitted(path, kind, settings)
    for framework in WRITERS:
        source = script(framework, estimator, rows)
        tree = ast.parse(source)
        assert framework.replace("ours", "scratchtune") in str(ast.get_docstring(tree)).lower()
        calls = {node.func.attr for node in ast.walk(tree)
                 if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
        assert "prepare_table" in calls and "print" not in calls


@pytest.mark.parametrize("name", ["C:\\users\\new\\table.csv", 'a"""b.csv', "a'b.csv", "it's \"both\".csv", "ü 表.csv"])
def test_names_of_files_and_columns_are_quoted(name: str, path: Path) -> None:
    estimator, _, rows = fitted(path, "classifier", {})
    rows |= {"path": name, "target": name, "drop": [name], "positive": name}
    for framework in WRITERS:
        tree = ast.parse(script(framework, estimator, rows))
        assert name in str(ast.get_docstring(tree))
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        assert texts.count(name) == 4


def test_an_unknown_framework(path: Path) -> None:
    with pytest.raises(ValueError, match="--emit is 'tensorflow'; it must be one of 'ours', 'keras', 'torch'"):
        script("tensorflow", fitted(path, "classifier", {})[0], rows_of(path, "classifier"))


# Ours -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
@pytest.mark.parametrize(
    "settings", [{}, *NOISY, {"scale": None}, {"units": (6, 4), "l1": 1e-3, "decay": 1e-3}], ids=named)
def test_ours_gives_the_same_bits(
    kind: str, settings: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    estimator, rows, arguments = fitted(path, kind, settings)
    names = run(script("ours", estimator, arguments), monkeypatch)
    assert names["model"].model_.theta.tobytes() == estimator.model_.theta.tobytes()
    score = estimator.score(rows.X_sealed, rows.y_sealed)
    assert printed(capsys)["accuracy" if kind == "classifier" else "r2"] == pytest.approx(score, abs=5.1e-5)


def test_a_script_takes_another_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estimator, _, rows = fitted(path, "classifier", {})
    source = script("ours", estimator, {**rows, "path": "not there.csv"})
    monkeypatch.setattr(sys, "argv", ["script.py", str(path)])
    exec(compile(source, "script.py", "exec"), {"__name__": "__main__"})
    with pytest.raises(FileNotFoundError, match="not there.csv"):
        run(source, monkeypatch)


# Frameworks: the same steps from the same weights ---------------------------------------------------------------------


def from_the_same_weights(source: str, framework: str) -> str:
    """The script with our first weights put in before it trains."""
    line = {"keras": "optimizer = keras.", "torch": "optimizer = torch."}[framework]
    assert source.count(line) == 1
    return source.replace(line, f"begin(model)\n{line}")


def first_weights(estimator: _MLP, inputs: int) -> list[np.ndarray]:
    outputs = estimator.model_.get_weights()[-1].shape[0]
    return estimator._network(inputs, outputs).get_weights()


def same_steps(
    framework: str, kind: str, settings: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All rows are one batch, so that their order is no matter: five steps must lead to the same outputs."""
    whole = {"batch_size": 1000, "epochs": 5, "learning_rate": 0.02, **settings}
    if kind == "regressor" and (settings.get("hidden_layers") == 0 or settings.get("activation") == "linear"):
        whole["optimizer"] = "sgd"  # the bias's gradient is 0 but for rounding, and Adam would blow it up
    estimator, rows, arguments = fitted(path, kind, whole)
    weights = first_weights(estimator, rows.X.shape[1])

    def begin(model: Any) -> None:
        if framework == "keras":
            return model.set_weights(weights)
        torch = sys.modules["torch"]
        for theirs, ours in zip(model.parameters(), weights, strict=True):
            theirs.data = torch.tensor(ours.T.copy())

    source = from_the_same_weights(script(framework, estimator, arguments), framework)
    names = run(source, monkeypatch, begin=begin)
    if kind == "classifier":
        ours, theirs = estimator.predict_proba(rows.X_sealed), names["p"]
    else:
        ours, theirs = estimator.predict(rows.X_sealed), names["q"]
    close = 0.03 if framework == "torch" and estimator.optimizer == "rmsprop" else 2e-3  # epsilon beside the root
    np.testing.assert_allclose(theirs, ours, rtol=close, atol=2e-4)


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
@pytest.mark.parametrize("settings", [*SETTINGS, *WEIGHTED], ids=named)
def test_torch_takes_the_same_steps(
    kind: str, settings: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    imported("torch")
    if kind == "classifier" or "class_weight" not in settings:
        same_steps("torch", kind, settings, path, monkeypatch)


@pytest.mark.parametrize(("kind", "settings"), [
    ("classifier", {"l1": 0.001, "l2": 0.01, "decay": 0.1, "class_weight": "balanced"}),
    ("classifier", {"optimizer": "sgd", "weight_decay": 0.05, "activation": "leaky_relu", "units": (6, 4)}),
    ("regressor", {"optimizer": "rmsprop", "scale": "minmax", "activation": "gelu"}),
    ("regressor", {"hidden_layers": 0, "decay": 0.1, "weight_decay": 0.05}),
], ids=["adam", "sgd", "rmsprop", "linear"])
def test_keras_takes_the_same_steps(
    kind: str, settings: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    imported("keras")
    same_steps("keras", kind, settings, path, monkeypatch)


@pytest.mark.parametrize("framework", ["keras", "torch"])
@pytest.mark.parametrize(("kind", "metric"), [("classifier", "log loss"), ("regressor", "r2")])
def test_frameworks_reach_the_same_score_within_noise(
    framework: str, kind: str, metric: str, path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With their own first weights, order of the rows, dropout and noise; ours with several seeds tells the noise."""
    imported(framework)
    settings = {"epochs": 10, "units": 16, "learning_rate": 0.01, "dropout": 0.1, "augment": 0.1}
    ours = []
    for seed in range(6):
        estimator, rows, arguments = fitted(path, kind, {**settings, "random_state": seed})
        judged = st.metrics.log_loss if metric == "log loss" else st.metrics.r2_score
        answer = estimator.predict_proba if metric == "log loss" else estimator.predict
        ours.append(judged(rows.y_sealed, answer(rows.X_sealed)))
    run(script(framework, estimator, arguments), monkeypatch)
    assert printed(capsys)[metric] == pytest.approx(np.mean(ours), abs=5.0 * np.std(ours, ddof=1) + 0.01)
