"""One truth: an object whose argument was set is the object that was constructed with that value.

Every public class with arguments is found, not listed. Each argument is set to another value of `VALUES`, in a new
object and in one that is in use (a layer in a built model, an optimizer in a compiled one, a searcher that has already
searched). Then what is printed, saved, copied and computed is compared. `REFUSED` are the arguments that refuse.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.protocol import Parameters
from scratchtune.core.study.stopping import Stopping

# What has arguments and is no object that its user configures: results, errors, and what its constructor begins.
OTHERS = {
    "Sequential", "Seq2Seq", "SpeechRecognizer",  # models: built, compiled and trained by their methods
    "Study", "Trial", "FixedTrial", "Suggestion", "NotReady", "Table", "RayExecutor", "DaskTasks", "PairKernel"}
NEEDED: dict[str, Callable[[], dict[str, Any]]] = {  # arguments without a default, and those that others depend on
    "Dense": lambda: {"units": 3}, "Activation": lambda: {"activation": "relu"}, "Dropout": lambda: {"rate": 0.2},
    "GaussianNoise": lambda: {"stddev": 0.2}, "Residual": lambda: {"layers": [st.Dense(4)]},
    "Input": lambda: {"shape": (4,)}, "RandomTranslation": lambda: {"height_factor": 0.2, "width_factor": 0.2},
    "RandomRotation": lambda: {"factor": 0.1}, "Conv2D": lambda: {"filters": 2, "kernel_size": 2},
    "Conv1D": lambda: {"filters": 2, "kernel_size": 2}, "Bidirectional": lambda: {"layer": st.GRU(2)},
    "Embedding": lambda: {"input_dim": 7, "output_dim": 3}, "GRU": lambda: {"units": 2}, "LSTM": lambda: {"units": 2},
    "MultiHeadAttention": lambda: {"num_heads": 1, "key_dim": 2},
    "TransformerEncoder": lambda: {"intermediate_dim": 3, "num_heads": 1},
    "SGD": lambda: {"momentum": 0.5}, "RMSprop": lambda: {}, "AdamW": lambda: {},
    "Schedule": lambda: {"initial_learning_rate": 0.1, "decay_steps": 5},
    "InverseTimeDecay": lambda: {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5},
    "ExponentialDecay": lambda: {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5},
    "PiecewiseConstantDecay": lambda: {"boundaries": [3], "values": [0.1, 0.01]},
    "CosineDecay": lambda: {"initial_learning_rate": 0.1, "decay_steps": 5, "warmup_target": 0.2, "warmup_steps": 1},
    "CosineLogDecay": lambda: {"initial_learning_rate": 0.1, "decay_steps": 5},
    "PolynomialDecay": lambda: {"initial_learning_rate": 0.1, "decay_steps": 5},
    "Monitor": lambda: {"monitor": "loss", "mode": "auto"}, "EarlyStopping": lambda: {"monitor": "loss"},
    "ReduceLROnPlateau": lambda: {"monitor": "loss", "patience": 1, "min_delta": 10.0},
    "ModelCheckpoint": lambda: {"filepath": "{epoch}.npz", "monitor": "loss"}, "Deadline": lambda: {"moment": 1e12},
    "KFold": lambda: {"n_splits": 3, "shuffle": True, "random_state": 0},
    "StratifiedKFold": lambda: {"n_splits": 3, "shuffle": True, "random_state": 0},
    "GroupKFold": lambda: {"n_splits": 3, "shuffle": True, "random_state": 0},
    "TimeSeriesSplit": lambda: {"n_splits": 3},
    "Hyperband": lambda: {"max_budget": 9}, "SuccessiveHalving": lambda: {"configurations": 9, "max_budget": 9},
    "Float": lambda: {"low": 1.0, "high": 2.0}, "Int": lambda: {"low": 1, "high": 8},
    "Categorical": lambda: {"choices": [1, 2]},
    **dict.fromkeys(("MLPClassifier", "MLPRegressor", "NetworkClassifier", "NetworkRegressor"), lambda: {
        "epochs": 2, "random_state": 0, "units": 4, "verbose": 0}),
    **dict.fromkeys(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), lambda: {
        "max_iter": 3, "random_state": 0}),
}
# Another value by the argument's name, or by the class's and the argument's.
VALUES: dict[str, Any] = {
    "units": 5, "activation": "tanh", "use_bias": False, "kernel_initializer": "he_normal", "bias_initializer": "ones",
    "kernel_regularizer": st.L2(0.1), "bias_regularizer": st.L1(0.1), "rate": 0.5, "stddev": 0.7, "epsilon": 0.03,
    "shape": (4, 4), "Residual.layers": [st.Dense(4, "tanh")], "RandomFlip.mode": "vertical", "mode": "max",
    "height_factor": 0.4, "width_factor": 0.4, "factor": 0.4, "fill_mode": "constant", "filters": 3, "kernel_size": 3,
    "strides": 2, "padding": "same", "pool_size": 3, "use_causal_mask": True, "layer": st.GRU(3), "input_dim": 9,
    "output_dim": 4, "mask_zero": True, "scale": True, "mask_value": 1.0, "return_sequences": True,
    "go_backwards": True, "reset_after": False, "num_heads": 2, "key_dim": 4, "time_masks": 3, "time_width": 3,
    "frequency_masks": 3, "frequency_width": 2, "time_share": 0.9, "intermediate_dim": 5, "dropout": 0.4,
    "SinusoidalPositions.steps": 5,
    "learning_rate": 0.03, "decay": 0.2, "weight_decay": 0.3, "clipnorm": 0.1, "global_clipnorm": 0.1,
    "clipvalue": 0.1, "use_ema": True, "ema_momentum": 0.6, "weight_decay_excludes": ("bias",), "momentum": 0.8,
    "nesterov": True, "rho": 0.5, "beta_1": 0.5, "beta_2": 0.5, "l1": 0.2, "l2": 0.2, "lam": 0.2, "biases": False,
    "initial_learning_rate": 0.3, "decay_steps": 7, "decay_rate": 0.9, "staircase": True, "boundaries": [2],
    "values": [0.2, 0.02], "alpha": 0.5, "warmup_target": 0.4, "warmup_steps": 3, "cycles": 2,
    "end_learning_rate": 0.01, "power": 2.0,
    "model": "tpe", "parallel": 3, "acquisition": "lcb", "initial": 3, "kappa": 5.0, "population": 6, "sigma": 0.1,
    "offspring": 3, "parents": 3, "selection": "roulette", "tournament": 4, "crossover": "blend",
    "crossover_rate": 0.3, "mutation": "polynomial", "mutation_rate": 0.9, "brood": 2, "elitism": False,
    "resolution": 3, "max_budget": 27, "eta": 2, "proposer": st.GridSearch(2), "min_budget": 3, "random_share": 0.9,
    "order": "brackets", "iterations": 2, "configurations": 12, "sequence": "halton",
    "min_steps": 2, "warmup": 2, "first_step": 3,
    "monitor": "accuracy", "min_delta": 0.5, "patience": 2, "verbose": 3, "restore_best_weights": True,
    "start_from_epoch": 2, "ReduceLROnPlateau.factor": 0.5, "min_lr": 0.05, "filepath": "other{epoch}.npz",
    "save_best_only": True, "moment": -1e12,
    "n_splits": 4, "shuffle": False, "random_state": 5, "max_train_size": 3, "test_size": 2, "gap": 1,
    "error": 0.5, "min_trials": 4,
    "categories": [[0.0, 1.0, 2.0, 3.0, 4.0]] * 4, "drop": "first", "sparse_output": True, "handle_unknown": "ignore",
    "strategy": "median", "copy": False, "feature_range": (-1, 1), "with_mean": False,
    "low": 0.5, "high": 3.0, "Int.low": 2, "Int.high": 4, "Int.step": 7, "log": True, "step": 1, "when": {"a": [1]},
    "prior": (1.5, 0.2), "Categorical.prior": [1.0, 2.0], "choices": [3, 4],
    "hidden_layers": 2, "optimizer": "sgd", "batch_size": 5, "epochs": 3, "augment": 0.1,
    "early_stopping": True, "dtype": "float64", "validation_fraction": 0.3, "schedule": "cosine", "averaging": 0.5,
    "class_weight": "balanced", "label_smoothing": 0.1, "numeric_embedding": "piecewise", "categorical_features": [0],
    "parametric_activation": True, "members": 2, **dict.fromkeys(
        ("MLPClassifier.scale", "MLPRegressor.scale", "NetworkClassifier.scale", "NetworkRegressor.scale"), None),
    "max_iter": 4, "max_leaf_nodes": 4, "max_depth": 2, "min_samples_leaf": 3, "l2_regularization": 1.0,
    "max_features": 0.5, "max_bins": 9,
    "time_budget": 3.0, "n_trials": 3, "scoring": "f1_macro", "families": ["trees"], "cv": 3, "n_jobs": 2,
    "storage": "study.db", "searcher": "random", "impute": True,
    "estimator": st.StandardScaler(), "space": {"b": [1, 2]}, "param_grid": {"b": [1, 2]}, "n_iter": 3, "refit": False,
    "param_distributions": {"b": [1, 2]}, "return_train_score": True, "error_score": 0.0, "resource": "epochs",
    "n_candidates": 4, "min_resources": 3, "max_resources": 9, "HalvingGridSearchCV.factor": 2,
    "HalvingRandomSearchCV.factor": 2,
}
KFOLDS = ("KFold", "StratifiedKFold", "GroupKFold")
DEPENDS: dict[str, Callable[[], dict[str, Any]]] = {  # what else the value of an argument needs
    **{f"{name}.shuffle": lambda: {"n_splits": 3} for name in KFOLDS}, "SGD.momentum": lambda: {},
}
VALUES |= {f"{name}.shuffle": True for name in KFOLDS}
FROZEN = "a parameter of a space, which is immutable: it is the key of studies"
BUILT = "a layer of a built model, whose weights and kernels were made for its arguments"


def classes() -> dict[str, type[Any]]:
    """The public classes with arguments: those of the stubs, and those of the modules in them."""
    found: dict[str, type[Any]] = {}
    for stub in Path(st.__file__).parent.rglob("*.pyi"):
        for module, name in re.findall(r"^from (\S+) import (\w+)", stub.read_text(encoding="utf-8"), re.MULTILINE):
            value = getattr(importlib.import_module(module), name, None)
            members = vars(value).values() if inspect.ismodule(value) else [value]
            for each in members:
                is_ours = inspect.isclass(each) and each.__module__.startswith("scratchtune.")
                if is_ours and not each.__name__.startswith("_") and (
                        each is value or each.__module__ == getattr(value, "__name__", "")):
                    found[each.__name__] = each
    return {name: kind for name, kind in sorted(found.items()) if name not in OTHERS
            and not issubclass(kind, (Exception, tuple, dict)) and arguments(kind)}


def arguments(kind: type[Any]) -> list[str]:
    """The names of a class's arguments."""
    return [name for name, each in inspect.signature(kind).parameters.items() if each.kind not in (2, 4)]


# What objects of each kind do -----------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
ROWS, LABELS = RNG.normal(size=(24, 4)), np.arange(24) % 2


def _shape(layer: Any) -> tuple[int, ...]:
    if "images" in type(layer).__module__:
        return (6, 6, 2)
    if isinstance(layer, st.Embedding):
        return (5,)
    return (5, 4) if "sequences" in type(layer).__module__ else (4,)


def _network(*layers: Any, shape: tuple[int, ...] = (4,), optimizer: Any = "sgd", penalty: Any = None) -> st.Sequential:
    model = st.Sequential([*layers, *([st.Flatten()] if len(shape) > 1 or layers else []), st.Dense(2)], seed=1)
    model.compile(optimizer, "mse", ["accuracy"], penalty)
    model.build((None, *shape))
    return model


def _trained(model: st.Sequential, callbacks: Any = (), epochs: int = 2) -> list[Any]:
    """What a model is, trains to, saves and copies."""
    rng = np.random.default_rng(3)
    X, y = rng.integers(0, 7, (8, *model.input_shape)).astype(float), rng.normal(size=(8, 2))
    X = X if isinstance(model.layers[0], st.Embedding) else X / 7 - 0.5
    history = model.fit(X, y, batch_size=4, epochs=epochs, verbose=0, callbacks=callbacks).history
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.npz")
        loaded = st.load_model(Path(folder) / "model.npz")
    told = [[str(part), str(part.optimizer), str(part.penalty)] for part in (model, loaded, model.fresh())]
    return [told, model.theta.tobytes(), history, loaded.predict(X).tobytes()]


def _studied(searcher: Any, stopping: Any = None, spaced: bool = True) -> list[Any]:
    """The trials that a searcher proposes, and a rule stops."""
    several = isinstance(searcher, st.NSGA2)
    space = {"a": st.Float(-5.0, 5.0), "b": st.Float(-5.0, 5.0), "c": st.Int(0, 20)}
    made: dict[str, Any] = {"directions": ("minimize", "minimize")} if several else {}
    study = st.Study(space, searcher, seed=3, stopping=stopping, **made)

    def objective(trial: Any) -> Any:
        value = sum((number - 0.3) ** 2 for number in trial.params.values())
        for step in range(6 if stopping is not None else 0):
            trial.report(value / (step + 1) + (trial.number * 7 % 5) * (step < 3), step)
            if trial.should_stop():
                raise st.TrialPruned
        return (value, trial.params["a"]) if several else value

    study.run(objective, n_trials=18, progress=False)
    return [(trial.params, trial.value if not several else trial.values, trial.state, trial.budget, str(trial.why))
            for trial in study.trials]


def _split(splitter: Any) -> list[Any]:
    if getattr(splitter, "shuffle", False) and splitter.random_state is None:
        return []  # other folds every time
    return [[part.tolist() for part in pair] for pair in splitter.split(ROWS, LABELS, np.arange(24) // 3)]


def _fitted(estimator: Any) -> Any:
    """The estimator after a fit, what it predicts, saves and is copied to."""
    if "SearchCV" in type(estimator).__name__ or type(estimator).__name__.startswith("Auto"):
        return None  # they read their arguments when they fit, as any estimator; a fit takes long
    if hasattr(estimator, "transform"):
        return estimator.fit_transform(np.where(ROWS > 1.0, np.nan, ROWS) if "Imputer" in str(estimator) else ROWS)
    regresses = type(estimator).__name__.endswith("Regressor")
    estimator.fit(np.abs(ROWS // 1), ROWS[:, 0] if regresses else LABELS)
    return estimator.predict(np.abs(ROWS // 1))


def _copied(made: Any) -> list[Any]:
    """How an object and its copies show themselves."""
    copies = [made, copy.copy(made), copy.deepcopy(made)]
    if hasattr(made, "get_params"):
        copies.append(type(made)(**made.get_params(deep=False)))
    if hasattr(made, "fresh"):
        copies.append(made.fresh())
    return [str(each) for each in copies] if type(made).__repr__ is not object.__repr__ else []


def used(made: Any) -> tuple[Any, Callable[[], Any]]:
    """The object in use, whose argument is set, and what is computed with it afterwards."""
    if isinstance(made, st.Layer):
        model = _network(made, shape=_shape(made))
        return made, lambda: _trained(model)
    if isinstance(made, st.layers.Input):
        model = st.Sequential([made, st.Flatten(), st.Dense(2)])
        return made, lambda: (model.input_shape, model.fresh().input_shape)
    if isinstance(made, st.Optimizer):
        model = _network(optimizer=made)
        return model.optimizer, lambda: _trained(model)
    if isinstance(made, st.penalties.L1L2):
        model = _network(penalty=made)
        return made, lambda: _trained(model)
    if isinstance(made, st.schedules.Schedule):
        model = _network(optimizer=st.SGD(made))
        return made, lambda: _trained(model)
    if isinstance(made, st.Searcher):
        _studied(made)
    elif isinstance(made, Stopping):
        _studied("random", made)
    elif isinstance(made, st.Callback):
        _trained(_network(), [made])
    elif isinstance(made, Parameters):
        _fitted(made)
    return made, lambda: computed(made)


def computed(made: Any) -> Any:
    """What a new object computes, as it would in use."""
    if isinstance(made, st.Searcher):
        return _studied(made)
    if isinstance(made, Stopping):
        return _studied("random", made)
    if isinstance(made, st.Callback):
        return _trained(_network(), [made], 6) if type(made).on_epoch_end is not st.Callback.on_epoch_end else None
    if isinstance(made, Parameters):
        return _fitted(made)
    if hasattr(made, "split"):
        return _split(made)
    if isinstance(made, (st.Layer, st.layers.Input, st.Optimizer, st.penalties.L1L2, st.schedules.Schedule)):
        return used(made)[1]()
    return None


def told(made: Any, compute: Callable[[], Any]) -> str:
    """All that can be seen of an object, as a text to compare."""
    np.random.seed(0)
    try:
        result = compute()
    except Exception as problem:  # noqa: BLE001  (an error that both objects end in)
        result = f"{type(problem).__name__}: {problem}"
    return re.sub(r"0x[0-9a-f]+", "0x", f"{_copied(made)} {result!r}")


# The comparison -------------------------------------------------------------------------------------------------------


def needed(kind: type[Any]) -> Callable[[], dict[str, Any]]:
    """The arguments that a class can't be made without, and some that make it quick, or its arguments visible."""
    if "estimator" in arguments(kind):
        spaces = {"space", "param_grid", "param_distributions"} & {*arguments(kind)}
        return lambda: {"estimator": st.MinMaxScaler(), min(spaces, key=arguments(kind).index): {"a": [1, 2]}}
    return NEEDED.get(kind.__name__, dict)


def _value(name: str, argument: str) -> Any:
    for key in (f"{name}.{argument}", argument):
        if key in VALUES:
            return copy.deepcopy(VALUES[key])
    raise KeyError(f"VALUES has no value for the argument {argument!r} of {name}; add one, which is not its default")


def outcomes(kind: type[Any]) -> Iterator[tuple[str, str, str]]:
    """For each argument of a class, new and in use: "same", "refused", or what differs."""
    name, cached = kind.__name__, dict[str, str]()
    for argument in arguments(kind):
        given = DEPENDS.get(f"{name}.{argument}", needed(kind))
        wanted, plain = kind(**{**given(), argument: _value(name, argument)}), kind(**given())
        expected = told(wanted, lambda made=wanted: computed(made))
        key = str(given())
        unchanged = cached[key] = cached.get(key) or told(plain, lambda made=plain: computed(made))
        assert expected != unchanged, f"VALUES has the default for the argument {argument!r} of {name}; give another"
        for moment in ("new", "in use"):
            made = kind(**given())
            made, compute = (made, lambda made=made: computed(made)) if moment == "new" else used(made)
            try:
                setattr(made, argument, _value(name, argument))
            except AttributeError as problem:
                found = told(made, compute)
                kept = found == unchanged and str(problem).count(argument)
                yield argument, moment, "refused" if kept else f"refused, and {found:.60} is not {unchanged:.60}"
                continue
            found = told(made, compute)
            at = next((i for i, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1]), None)
            where = slice(max((at or 0) - 40, 0), (at or 0) + 40)
            yield argument, moment, "same" if found == expected else (
                f"{found[where]} is not {expected[where]}" + " (and is as if nothing was set)" * (found == unchanged))


def refusing(kind: type[Any], moment: str) -> bool:
    """Whether all arguments of a class refuse to be set at this moment."""
    return is_dataclass(kind) and not issubclass(kind, Parameters) or moment == "in use" and (
        issubclass(kind, (st.Layer, st.layers.Input)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.slow) if re.search("images|sequences|tables", kind.__module__) else name
    for name, kind in classes().items()])
def test_an_argument_that_is_set_is_one_that_was_given(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    kind = classes()[name]
    found = {(argument, moment): said for argument, moment, said in outcomes(kind)}
    wanted = {key: "refused" if refusing(kind, key[1]) else "same" for key in found}
    assert found == wanted


def test_few_arguments_refuse() -> None:
    """At most a quarter of all, in use or not."""
    every = Counter(refusing(kind, "in use") for kind in classes().values() for _ in arguments(kind))
    print(f"\n{len(classes())} classes, {every.total()} arguments; {every[True]} refuse in use: {BUILT}; {FROZEN}")
    assert every[True] <= every.total() / 4


def test_what_follows_from_arguments_is_not_set_beside_them() -> None:
    for made, name, message in (
        (st.L2(0.1), "l2", "l2 of L2(lam=0.1) follows from its arguments; set lam or biases"),
        (st.SGD(0.1), "settings", "settings of SGD(learning_rate=0.1) follows from its arguments; set learning_rate"),
    ):
        with pytest.raises(AttributeError, match=re.escape(message)):
            setattr(made, name, 0.5)


def test_a_value_that_the_constructor_refuses_is_refused_and_changes_nothing() -> None:
    for made, name, value in (
        (st.SGD(0.1), "momentum", 1.5), (st.Dense(8), "units", 0), (st.L2(0.1), "lam", -1.0),
        (st.BayesianSearch(), "model", "none"), (st.MedianStopping(), "warmup", 0),
        (st.EarlyStopping(), "mode", "best"), (st.KFold(3), "random_state", 1),
        (st.Adam(clipnorm=1.0), "clipvalue", 1.0),
    ):
        before = str(vars(made))
        with pytest.raises((ValueError, TypeError), match=name):
            setattr(made, name, value)
        assert str(vars(made)) == before


def test_setting_an_argument_keeps_what_came_after_the_constructor() -> None:
    callback = st.EarlyStopping("loss", patience=5)
    model = _network()
    _trained(model, [callback])
    best = callback.best
    callback.patience = 7
    assert callback.best is best is not None and callback.patience == 7


def test_an_optimizer_that_needs_other_moments_after_its_first_step_says_so() -> None:
    model = _network(optimizer=st.SGD(0.1))
    _trained(model)
    assert model.optimizer is not None
    model.optimizer.clipnorm = 0.5
    _trained(model)
    model.optimizer.momentum = 0.9
    with pytest.raises(ValueError, match="changed after step 8, and needs other moments.*compile the model again"):
        _trained(model)


def test_a_callback_may_set_any_argument_of_the_optimizer() -> None:
    """As if the model had been trained with one value up to that epoch, and with another one from then on."""
    class Halve(st.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            if epoch == 1:
                self.model.optimizer.beta_1 = 0.5

    one, two = _network(optimizer=st.Adam(0.1)), _network(optimizer=st.Adam(0.1))
    _trained(one, [Halve()], 4)
    _trained(two, (), 2)
    assert two.optimizer is not None
    two.optimizer.beta_1 = 0.5
    _trained(two, (), 2)
    assert (one.theta == two.theta).all()
