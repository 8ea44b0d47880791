"""Emitted scripts: they run without scratchtune, and train and apply the same network, step for step."""

from __future__ import annotations

import ast
import builtins
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.metrics import r2_score
from scratchtune.tables.emit import check_space_written, date_forms, script
from scratchtune.tables.emit_template import TEMPLATE
from scratchtune.tables.families import NETWORK
from scratchtune.tables.goal import mean_log_loss
from scratchtune.tables.layers import CategoryEmbedding
from scratchtune.tables.members import FoldModel, Folds
from scratchtune.tables.prepared import prepare
from scratchtune.tables.reading.columns import Dates
from scratchtune.tables.reading.date_columns import to_days
from scratchtune.tables.reading.reading import read_table

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras", "ignore::UserWarning")
SMALL = {"network_epochs": 2, "network_units": 8, "network_batch_size": 64, "network_dropout": 0.0,
         "network_hidden_layers": 1, "network_learning_rate": 0.01, "network_weight_decay": 0.1}
SETTINGS: list[dict[str, Any]] = [  # each choice of the family's space, and what a user's space may have
    *({name: value} for name, parameter in NETWORK.space.items() for value in getattr(parameter, "choices", ())),
    {"hidden_layers": 3, "units": 4}, {"hidden_layers": 0}, {"units": (6, 4)},
    {"members": 3, "numeric_embedding": "periodic", "parametric_activation": True, "hidden_layers": 2},
    {"members": 2, "hidden_layers": 0, "numeric_embedding": "piecewise", "scale": "quantile"},
    {"l1": 0.002}, {"l2": 0.01}, {"l1": 0.002, "l2": 0.01, "weight_decay": 0.0}, {"scale": "minmax"}, {"scale": None},
    *({"optimizer": "sgd", "momentum": momentum, "schedule": schedule}
      for momentum in (0.0, 0.9) for schedule in (None, "cosine", "linear")),
    {"optimizer": "rmsprop", "decay": 0.1}, {"decay": 0.1, "schedule": "cosine_log"}, {"averaging": 0.8},
    {"scaling_layer": True}, {"dtype": "float64"},
    *({"activation": name} for name in ("linear", "leaky_relu", "elu", "gelu", "sigmoid", "tanh", "softmax"))]
OF_CLASSES: list[dict[str, Any]] = [{"class_weight": "balanced"}, {"label_smoothing": 0.2}]
NOISY: list[dict[str, Any]] = [{"dropout": 0.3}, {"augment": 0.2}, {"early_stopping": True, "patience": 1, "epochs": 9}]


def named(settings: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in settings.items()) or "default"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A German file: numbers and texts with gaps, dates, three classes "y", two "w", a value "z"."""
    folder, rng, rows = tmp_path_factory.mktemp("tables"), np.random.default_rng(0), 320
    a, city, shop = rng.normal(5.0, 2.0, rows), rng.choice(["Rome", "Oslo", "Nice"], rows), rng.integers(0, 15, rows)
    day = np.datetime64("2020-01-01") + rng.integers(0, 500, rows)
    z = 40.0 + 3.0 * a + 8.0 * (city == "Rome") + shop + rng.normal(0.0, 1.0, rows)
    y = np.array(["no", "per;haps", "yes"])[(z > 60.0).astype(int) + (z > 70.0)]
    lines = ['a;"the ""city""";shop;when;y;w;z']
    for i in range(rows):
        number = "-999" if i % 23 == 0 else "" if i % 11 == 0 else f"{a[i]:.4f}".replace(".", ",")
        date = "?" if i % 19 == 0 else day[i].item().strftime("%d.%m.%Y" if i % 2 else "%Y-%m-%d %H:%M")
        value = "" if i == 7 else f"{z[i]:.3f}".replace(".", ",")
        lines.append(f'{number};{"" if i % 13 == 0 else city[i]};s{shop[i]};{date};"{y[i]}";{int(z[i] > 66.0)};{value}')
    (folder / "tabelle.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    return folder


def emitted(folder: Path, target: str, framework: str, settings: dict[str, Any], test_size: float = 0.2) -> Any:
    """The script of a configuration, and what is prepared."""
    table = read_table(folder / "tabelle.csv", skip={"w", "y", "z"} - {target}, missing=["-999"])
    prepared = prepare(table, target, seed=0, test_size=test_size)
    prepared.source = str(folder / "tabelle.csv")
    params = {**SMALL, **{f"network_{name}": value for name, value in settings.items() if name != "target"}}
    params |= {name: value for name, value in settings.items() if name == "target"}
    model = st.AutoClassifier(n_trials=1) if target != "z" else st.AutoRegressor(n_trials=1)
    model.best_network_ = {"number": 4, "params": params, "scores": []}
    model.audit_, model.seed_ = prepared.audit, 3
    return script(framework, model, prepared), prepared, {"family": "network", **params}


@pytest.fixture(autouse=True)
def single_precision_again() -> Iterator[None]:
    """A script of a float64 network sets the precision of all that follows in its framework."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_default_dtype(sys.modules["torch"].float32)
    if "keras" in sys.modules:
        sys.modules["keras"].config.set_floatx("float32")


def run(source: str) -> dict[str, Any]:
    """The names of a script that was read and not yet run."""
    space = {"__name__": "script"}
    exec(compile(source, "script.py", "exec"), space)
    return space


def imported(framework: str) -> None:
    """Keras or PyTorch, on the processor; the test is skipped where it is not installed."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    pytest.importorskip(framework)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)  # so small a network only waits for threads


# Every configuration --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["y", "z"])
@pytest.mark.parametrize("settings", [*SETTINGS, *OF_CLASSES, *NOISY], ids=named)
def test_scripts_have_what_they_need_and_no_more(target: str, settings: dict[str, Any], folder: Path) -> None:
    if target == "z" and settings in OF_CLASSES:
        return
    for framework in ("torch", "keras"):
        source, _, _ = emitted(folder, target, framework, settings)
        tree = ast.parse(source)
        assert "tabelle.csv" in str(ast.get_docstring(tree)) and "scratchtune" not in imports(tree)
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        assert defined(tree) - used == set()
        assert used - defined(tree) - {*dir(builtins), *parameters(tree), "__name__"} == set()
        assert max(map(len, source.replace(str(folder), "").splitlines())) <= 120


def imports(tree: ast.Module) -> set[str]:
    """The names that a script imports."""
    found = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return {alias.asname or alias.name for node in found for alias in node.names}


def defined(tree: ast.Module) -> set[str]:
    """The names that a script imports, and those of its functions, classes, constants and variables."""
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    blocks = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return imports(tree) | stored | blocks


def parameters(tree: ast.Module) -> set[str]:
    """The names of all parameters of functions."""
    return {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


# The same steps from the same first weights ---------------------------------------------------------------------------


def first_weights(fold: FoldModel, X: np.ndarray, outputs: int) -> list[np.ndarray]:
    """Our weights before the first step; a table of vectors ends with that of unknown categories."""
    net = fold.estimator
    weights = net._network(net.scaled(X), np.ones(len(X)), outputs, None).get_weights()
    layers = [layer for layer in net.model_.layers if isinstance(layer, CategoryEmbedding)]
    tables = sum(size > 0 for layer in layers for size in layer.sizes)
    return [np.vstack(weights[2 * j : 2 * j + 2]) for j in range(tables)] + weights[2 * tables :]


def begin(network: Any, weights: list[np.ndarray]) -> Any:
    """A network of a script with our weights."""
    ours = iter(weights)
    single = [*getattr(network, "vectors", ()), *(getattr(network, name, None) for name in ("frequencies", "phases"))]
    embedding = getattr(network, "embedding", None)
    single += [embedding and embedding.kernel, embedding and embedding.bias, getattr(network, "scale", None)]
    for theirs in single:
        if theirs is not None:
            assign(theirs, next(ours))
    for part in network.parts:
        is_linear = type(part).__name__ == "Linear"
        for theirs in part.weights if hasattr(part, "weights") else getattr(part, "parameters", tuple)():
            array = next(ours)
            assign(theirs, array.T if is_linear else array)
    assert next(ours, None) is None
    return network


def assign(theirs: Any, ours: np.ndarray) -> None:
    """Put our numbers into a weight of theirs."""
    assert tuple(theirs.shape) == ours.shape
    if hasattr(theirs, "assign"):
        theirs.assign(ours)
    else:
        theirs.data = sys.modules["torch"].tensor(ours.copy(), dtype=theirs.dtype)


def same_steps(framework: str, target: str, settings: dict[str, Any], folder: Path, close: float) -> None:
    """All rows are one batch, so that their order is no matter: twenty steps must lead to the same predictions."""
    imported(framework)
    whole = {**({"dtype": "float64"} if framework == "torch" else {}), **settings, "batch_size": 1000, "epochs": 20}
    source, prepared, params = emitted(folder, target, framework, whole)
    split = prepared.training_rows, prepared.test_rows
    folds = Folds(prepared.table, prepared.y, len(prepared.target.classes), [split])
    fold = folds.fold_model(params, 0, 3, None)
    X = folds.features(fold.features.encoding, 0)[1]
    script, outputs = run(source), len(prepared.target.classes) or 1
    made = script["Network"]

    def started(inputs: int) -> Any:
        network = made(inputs)
        if framework == "keras":
            network(np.zeros((1, inputs), script["features"](columns).dtype))
        return begin(network, first_weights(fold, X, outputs))

    columns = script["read"](script["FILE"])
    script |= {"Network": started, "save": lambda p, path: script.update(p=p)}
    new = folder / "new.csv"
    new.write_text('a;"the ""city""";shop;when\n1,5;Paris;s99;01.01.2031\n-999;;s3;\n7;Rome;;2020-03-01 12:30\n')
    script["sys"] = SimpleNamespace(argv=["script.py", str(new)], exit=sys.exit)
    with redirect_stdout(io.StringIO()) as printed:
        script["main"]()
    for theirs, ours in scores_in(printed.getvalue()).values():
        assert theirs == pytest.approx(ours, rel=2e-5 + close)
    ours = fold.predict_matrix(fold.features.transform(read_table(new, missing=["-999"])))
    np.testing.assert_allclose(script["p"], ours, rtol=close, atol=close)


def scores_in(printed: str) -> dict[str, tuple[float, float]]:
    """The scores that a script prints, each with ours."""
    found = re.findall(r"^([A-Za-z2 ]+) (\S+) \(the same network in scratchtune: (\S+)\)$", printed, re.MULTILINE)
    assert len(found) == 2
    return {name: (float(theirs), float(ours)) for name, theirs, ours in found}


@pytest.mark.parametrize("target", ["y", "z"])
@pytest.mark.parametrize("settings", [*SETTINGS, *OF_CLASSES], ids=named)
def test_torch_takes_the_same_steps(target: str, settings: dict[str, Any], folder: Path) -> None:
    if target == "y" or settings not in OF_CLASSES:
        same_steps("torch", target, settings, folder, close=1e-7)


@pytest.mark.slow  # importing Keras takes longer than all else here
@pytest.mark.parametrize("target", ["y", "z"])
@pytest.mark.parametrize("settings", [*SETTINGS, *OF_CLASSES], ids=named)
def test_keras_takes_the_same_steps(target: str, settings: dict[str, Any], folder: Path) -> None:
    if target == "y" or settings not in OF_CLASSES:
        same_steps("keras", target, settings, folder, close=2e-3)


@pytest.mark.parametrize("scale", ["log", "log1p"])
def test_a_logarithm_is_learned_and_inverted(scale: str, folder: Path) -> None:
    same_steps("torch", "z", {"target": scale}, folder, close=1e-7)


# In a process of its own ----------------------------------------------------------------------------------------------

ALONE = """
import runpy, sys
sys.path += {paths!r}
sys.modules["scratchtune"] = None
try:
    import scratchtune
except ImportError:
    sys.argv = {arguments!r}
    runpy.run_path(sys.argv[0], run_name="__main__")
"""
RICH = {"members": 4, "numeric_embedding": "periodic", "schedule": "cosine", "dropout": 0.1, "epochs": 15, "units": 16}
PLAIN = {"epochs": 15, "units": 16, "scale": "quantile"}


@pytest.mark.parametrize(("framework", "target", "settings"), [
    ("torch", "z", RICH), pytest.param("torch", "w", PLAIN, marks=pytest.mark.slow),
    pytest.param("torch", "y", RICH, marks=pytest.mark.slow), pytest.param("keras", "w", PLAIN, marks=pytest.mark.slow),
    pytest.param("keras", "y", RICH, marks=pytest.mark.slow),
    pytest.param("keras", "z", PLAIN, marks=pytest.mark.slow)])
def test_a_script_reaches_our_score_without_us(
    framework: str, target: str, settings: dict[str, Any], folder: Path, tmp_path: Path,
) -> None:
    """With first weights, order of the rows and dropout of its own; ours with several seeds tell the spread."""
    imported(framework)
    source, prepared, params = emitted(folder, target, framework, settings, test_size=0.0)
    (tmp_path / "script.py").write_text(source, encoding="utf-8")
    paths = sorted({str(Path(sys.modules[name].__file__ or "").parents[1]) for name in (framework, "torch", "numpy")})
    alone = ALONE.format(paths=paths, arguments=["script.py", str(folder / "tabelle.csv"), "out.csv"])
    done = subprocess.run([sys.executable, "-I", "-S", "-c", alone], cwd=tmp_path, capture_output=True, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()) == 321
    model = st.AutoClassifier(n_trials=1) if target != "z" else st.AutoRegressor(n_trials=1)
    model.audit_, model.seed_ = prepared.audit, 3
    folds, _ = model.prepared_folds(prepared, len(prepared.target.classes))
    y, ours = folds.y[folds.splits[0][1]], []
    for seed in range(6):
        fold = folds.fold_model(params, 0, seed, None)
        p = fold.predict_matrix(folds.features(fold.features.encoding, 0)[2])
        ours.append(r2_score(y, p) if target == "z" else mean_log_loss(y, p))
    theirs, shown = scores_in(done.stdout)["R2" if target == "z" else "log loss"]
    assert theirs == pytest.approx(np.mean(ours), abs=5.0 * np.std(ours, ddof=1) + 0.01)
    assert shown == pytest.approx(np.mean(ours), abs=5.0 * np.std(ours, ddof=1) + 0.01)


# Dates and errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "order"), [
    ("2020-12-31", None), ("31.12.20", None), ("3 Jan 1970", None), ("31-Dec-2020", None), ("December 31, 2020", None),
    ("2020-12", None), ("2020-12-31T23:59:58.5", None), ("2020-12-31 10:30+02:00", None), ("2020-12-31T10:30Z", None),
    ("03/04/2020 1:05 PM", "dmy"), ("03/04/20", "mdy"), ("1955/02/03", None)])
def test_forms_of_dates(text: str, order: str | None) -> None:
    day = to_days(text, order)
    forms = date_forms("when", Dates(np.array([0, -1]), [text], np.array([day]), order))
    source = TEMPLATE[TEMPLATE.index("def days(") : TEMPLATE.index("\n# Features")].replace("  #? dates", "")
    script: dict[str, Any] = {"datetime": datetime, "timezone": timezone, "MISSING": [""], "np": np}
    exec(source, script)
    assert script["days"](text, forms) == pytest.approx(day, abs=1e-6) and np.isnan(script["days"]("", forms))


@pytest.mark.slow  # each form is a pattern that Python compiles
def test_a_date_that_no_form_reads() -> None:
    column = Dates(np.array([0]), ["3. Sept 2020"], np.array([18508.0]))
    with pytest.raises(ValueError, match="column 'when' holds the date '3. Sept 2020', which no form of Python's"):
        date_forms("when", column)


def test_what_no_script_can_have() -> None:
    with pytest.raises(ValueError, match="layer_rates is {'biases': 0.1}, and a script for keras or torch has one"):
        check_space_written(["keras", "torch"], {"layer_rates": {"biases": 0.1}})
    check_space_written([], {"layer_rates": {"biases": 0.1}})


def test_an_unknown_framework_and_a_search_without_networks(folder: Path) -> None:
    with pytest.raises(ValueError, match="framework is 'tensorflow'; it must be one of 'torch', 'keras'"):
        emitted(folder, "y", "tensorflow", {})
    with pytest.raises(ValueError, match="the search has tried no network; give it more trials or time"):
        script("torch", SimpleNamespace(best_network_=None), None)  # type: ignore[arg-type]
