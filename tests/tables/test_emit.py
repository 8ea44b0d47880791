"""Emitted scripts: they compile, run, and train the same network as ours, step for step from the same weights."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.estimators.base import MLP
from scratchtune.network.activations import ACTIVATIONS
from scratchtune.tables.emit import WRITERS, check_space_written, script
from scratchtune.tables.prepared import prepare_table

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")

SETTINGS: list[dict[str, Any]] = [
    {}, {"optimizer": "sgd", "learning_rate": 0.05}, {"optimizer": "sgd", "momentum": 0.0}, {"optimizer": "rmsprop"},
    {"decay": 0.1}, {"weight_decay": 0.05}, {"decay": 0.1, "weight_decay": 0.05}, {"l1": 0.001}, {"l2": 0.01},
    {"l1": 0.001, "l2": 0.01}, {"hidden_layers": 0}, {"hidden_layers": 2}, {"units": (6, 4)}, {"units": [6, 4]},
    {"scale": None}, {"scale": "minmax"}, *({"activation": name} for name in ACTIVATIONS),
]
NOISY: list[dict[str, Any]] = [{"dropout": 0.3}, {"augment": 0.2}, {"early_stopping": True, "patience": 1, "epochs": 9}]
WEIGHTED: list[dict[str, Any]] = [
    {"class_weight": "balanced"}, {"class_weight": {0: 1.0, 1: 4.0}}, {"class_weight": {1: 4}, "scale": "minmax"},
    {"class_weight": {0: 2.0, 1: 2.0, 2: 2.0}}, {"class_weight": {0: 0.0, 2: 3.0}, "scale": "minmax"},
    {"class_weight": "balanced", "scale": "minmax"}]


def named(settings: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in settings.items()) or "default"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbers, a text with a gap, a class "y", one of three, and a value "z" to predict."""
    rng = np.random.default_rng(0)
    a, b, city = rng.normal(5.0, 2.0, 300), rng.normal(0.0, 1.0, 300), rng.choice(["Rome", "Oslo", "Nice"], 300)
    z = 10.0 + a + 2.0 * b * (city == "Rome") + rng.normal(0.0, 0.3, 300)
    y = np.array(["no", "perhaps", "yes"])[(z > 14.0).astype(int) + (z > 16.5)]
    file = tmp_path_factory.mktemp("table") / "table.npz"
    np.savez(file, a=a, b=b, city=np.where(np.arange(300) % 29 == 0, "", city), z=z, y=y)
    return file


def rows_of(path: Path, kind: str) -> dict[str, Any]:
    """The arguments of `prepare_table` that a command line gives."""
    target, drop = ("y", ["z"]) if kind == "classifier" else ("z", ["y"])
    return {"path": str(path), "target": target, "task": None, "positive": None, "drop": drop, "impute": "median",
            "seed": 0, "test_size": 0.2}


def fitted(path: Path, kind: str, settings: dict[str, Any]) -> tuple[MLP, Any, dict[str, Any]]:
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


def unused_imports(tree: ast.Module) -> set[str]:
    """The names that a script imports and never uses."""
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {alias.asname or alias.name for node in imports for alias in node.names}
    return names - {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


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
        assert unused_imports(tree) == set()
        assert max(map(len, source.replace(str(path), path.name).splitlines())) <= 120


@pytest.mark.parametrize("settings", [{}, {"class_weight": {0: 1}}, {"class_weight": "balanced"}], ids=named)
def test_weights_stand_there_only_where_they_differ(settings: dict[str, Any], path: Path) -> None:
    estimator, _, rows = fitted(path, "classifier", settings)
    for framework in ("keras", "torch"):
        text = script(framework, estimator, rows).replace("layer.weight", "").replace("weight_decay", "")
        assert ("weight" in text.replace("weight decay", "")) == (settings == {"class_weight": "balanced"})


def test_long_arguments_are_broken_into_lines(path: Path) -> None:
    estimator, _, rows = fitted(path, "classifier", {})
    drop = [f"the {i}th column's name" for i in range(50)]
    source = script("torch", estimator, rows | {"drop": drop})
    assert max(map(len, source.splitlines())) <= 120
    assert drop in [ast.literal_eval(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.List)]


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(3)])
def test_a_drawn_seed_stands_in_the_script(random_state: Any, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estimator, _, rows = fitted(path, "classifier", {"random_state": random_state, "units": np.array([6, 4])})
    names = run(script("ours", estimator, rows), monkeypatch)
    assert names["model"].model_.theta.tobytes() == estimator.model_.theta.tobytes()


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


@pytest.mark.parametrize("settings", [
    {"members": 2}, {"scale": "robust"}, {"averaging": 0.9}, {"schedule": "cosine"}, {"numeric_embedding": "piecewise"},
    {"scaling_layer": True}], ids=named)
def test_what_only_our_script_can_have(settings: dict[str, Any], path: Path) -> None:
    rows, ((name, value),) = rows_of(path, "classifier"), settings.items()
    estimator = st.NetworkClassifier(**settings)
    for framework in ("keras", "torch"):
        with pytest.raises(ValueError, match=f"--emit is {framework!r} and {name} is {value!r}; .*: take --emit ours"):
            script(framework, estimator, rows)
        with pytest.raises(ValueError, match=f"--emit is {framework!r} and {name} is {value!r}; .*: take --emit ours"):
            check_space_written(["ours", framework], {"units": st.Int(8, 16), name: st.Categorical([value])})


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
    score = estimator.score(rows.X_test, rows.y_test)
    assert printed(capsys)["accuracy" if kind == "classifier" else "r2"] == pytest.approx(score, abs=5.1e-5)


def test_a_script_takes_another_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estimator, _, rows = fitted(path, "classifier", {})
    source = script("ours", estimator, {**rows, "path": "not there.csv"})
    monkeypatch.setattr(sys, "argv", ["script.py", str(path)])
    exec(compile(source, "script.py", "exec"), {"__name__": "__main__"})
    with pytest.raises(FileNotFoundError, match="not there.csv"):
        run(source, monkeypatch)


# Frameworks: the same steps from the same weights ---------------------------------------------------------------------

OPTIMIZERS: list[dict[str, Any]] = [
    {"optimizer": "adam"}, {"optimizer": "rmsprop"}, {"optimizer": "sgd", "momentum": 0.0},
    {"optimizer": "sgd", "momentum": 0.9}]
PENALTIES: list[dict[str, Any]] = [{}, {"l1": 0.002}, {"l2": 0.01}, {"l1": 0.002, "l2": 0.01}]
DESCENTS = [optimizer | {"decay": decay, "weight_decay": share}
            for optimizer in OPTIMIZERS for decay in (0.0, 0.1) for share in (0.0, 0.5)]


@pytest.fixture(autouse=True)
def single_precision_again() -> Iterator[None]:
    """A script of a float64 network sets the precision of all that follows in its framework."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_default_dtype(sys.modules["torch"].float32)
    if "keras" in sys.modules:
        sys.modules["keras"].config.set_floatx("float32")


def from_the_same_weights(source: str, framework: str) -> str:
    """The script with our first weights put in before it trains."""
    line = {"keras": "model.compile(", "torch": "for epoch in range("}[framework]
    assert source.count(line) == 1
    return source.replace(line, f"begin(model)\n{line}")


def first_weights(estimator: MLP, inputs: int) -> list[np.ndarray]:
    outputs = estimator.model_.get_weights()[-1].shape[0]
    return estimator._network(np.zeros((1, inputs)), np.ones(1), outputs, None).get_weights()


def same_steps(
    framework: str, kind: str, settings: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch, close: float,
) -> None:
    """All rows are one batch, so that their order is no matter: twenty steps must lead to the same outputs."""
    imported(framework)
    dtype = "float64" if framework == "torch" else "float32"  # Keras rounds learning rates to float32 in any case
    whole = {"batch_size": 1000, "epochs": 20, "learning_rate": 0.02, "dtype": dtype, **settings}
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
        ours, theirs = estimator.predict_proba(rows.X_test), names["p"]
    else:
        ours, theirs = estimator.predict(rows.X_test), names["q"][:, 0]
    np.testing.assert_allclose(theirs, ours, rtol=close, atol=close)


@pytest.mark.parametrize("penalty", PENALTIES, ids=named)
@pytest.mark.parametrize("descent", DESCENTS, ids=named)
def test_torch_descends_as_we_do(
    descent: dict[str, Any], penalty: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    same_steps("torch", "classifier", descent | penalty, path, monkeypatch, close=1e-9)


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
@pytest.mark.parametrize("settings", [*SETTINGS, *WEIGHTED], ids=named)
def test_torch_trains_the_same_network(
    kind: str, settings: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    if kind == "classifier" or "class_weight" not in settings:
        same_steps("torch", kind, settings, path, monkeypatch, close=1e-9)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=named)
def test_torch_in_single_precision_differs_by_rounding(
    optimizer: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = optimizer | {"dtype": "float32", "decay": 0.1, "weight_decay": 0.5, "l2": 0.01}
    same_steps("torch", "classifier", settings, path, monkeypatch, close=2e-6)


@pytest.mark.slow  # importing Keras takes longer than all else here
@pytest.mark.parametrize("settings", [
    *({"l1": 0.002, "l2": 0.01, "class_weight": "balanced"} | descent for descent in DESCENTS),
    {"optimizer": "sgd", "activation": "leaky_relu", "units": (6, 4)},
    {"optimizer": "sgd", "activation": "gelu", "scale": "minmax"},
], ids=named)
def test_keras_trains_the_same_network(settings: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    same_steps("keras", "classifier", settings, path, monkeypatch, close=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [
    {"optimizer": "rmsprop", "scale": "minmax"}, {"optimizer": "sgd", "scale": None, "learning_rate": 1e-4},
    {"optimizer": "sgd", "hidden_layers": 0, "decay": 0.1, "weight_decay": 0.05},
], ids=named)
def test_keras_trains_the_same_regressor(settings: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    same_steps("keras", "regressor", settings, path, monkeypatch, close=2e-6)


@pytest.mark.slow
def test_keras_takes_double_precision(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported("keras")
    sys.modules["keras"].utils.clear_session()  # else layers keep the precision of the first script
    estimator, _, rows = fitted(path, "regressor", {"dtype": "float64"})
    model = run(script("keras", estimator, rows), monkeypatch)["model"]
    sys.modules["keras"].utils.clear_session()
    assert {weight.dtype for weight in model.get_weights()} == {np.dtype("float64")}


# Epochs and noise -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("epochs", "patience"), [(2, 5), (30, 3), (30, 1), (9, 5), (12, 8)])
def test_early_stopped_epochs(epochs: int, patience: int, path: Path) -> None:
    """Whether training stopped early, at the last epoch or never: so many epochs give the weights that were kept."""
    settings = {"early_stopping": True, "patience": patience, "learning_rate": 0.03, "units": 32}
    estimator, _, rows = fitted(path, "classifier", settings | {"epochs": epochs})
    best = int(np.argmin(estimator.history_["val_loss"])) + 1
    assert f"for epoch in range({best}):" in script("torch", estimator, rows)
    assert f" epochs={best}," in script("keras", estimator, rows)
    again, _, _ = fitted(path, "classifier", settings | {"epochs": best})
    assert again.model_.theta.tobytes() == estimator.model_.theta.tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("deviation", [0.5, 1.0, 1.5, 4.0])
def test_keras_adds_noise_of_any_deviation(deviation: float, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported("keras")
    estimator, _, rows = fitted(path, "classifier", {"augment": deviation})
    model = run(script("keras", estimator, rows), monkeypatch)["model"]
    noisy = still = np.ones((4000, model.input_shape[1]), np.float32)
    for layer in model.layers[:-2]:
        noisy, still = layer(noisy, training=True), layer(still, training=False)
    added = np.asarray(noisy.detach()) - 1.0
    assert added.std() == pytest.approx(deviation, rel=0.05) and abs(added.mean()) < 0.05 * deviation
    np.testing.assert_allclose(still.detach(), 1.0, rtol=1e-6)


@pytest.mark.parametrize("deviation", [0.5, 4.0])
def test_torch_adds_noise_of_any_deviation(deviation: float, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported("torch")
    estimator, _, rows = fitted(path, "classifier", {"augment": deviation, "batch_size": 1000})
    names = run(script("torch", estimator, rows), monkeypatch)
    added = (names["inputs"] - names["X"][names["batch"]]).numpy()
    assert added.std() == pytest.approx(deviation, rel=0.1)


@pytest.mark.parametrize("framework", [pytest.param("keras", marks=pytest.mark.slow), "torch"])
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
        ours.append(judged(rows.y_test, answer(rows.X_test)))
    run(script(framework, estimator, arguments), monkeypatch)
    assert printed(capsys)[metric] == pytest.approx(np.mean(ours), abs=5.0 * np.std(ours, ddof=1) + 0.01)
