"""The best configuration as a script: the same rows, the same network, in scratchtune, Keras or PyTorch.

All three scripts read, split and encode the rows with scratchtune, so that they differ only in the framework that
trains; their output can be compared line by line. Each function below returns the lines of one part of a script; a line
that a configuration does not need is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pprint import pformat
from typing import Any

import numpy as np

from scratchtune import checks
from scratchtune.estimators import MLPClassifier
from scratchtune.estimators.base import MLP
from scratchtune.network.layers.activation import LEAKY_SLOPE
from scratchtune.tables.target_scale import LINEAR, LOG1P, TargetScale

LINEAR_SCALE = TargetScale()  # of a target that is learned as it is

TORCH_ACTIVATIONS = {
    "linear": "nn.Identity()", "relu": "nn.ReLU()", "leaky_relu": f"nn.LeakyReLU({LEAKY_SLOPE})", "elu": "nn.ELU()",
    "gelu": "nn.GELU()", "sigmoid": "nn.Sigmoid()", "tanh": "nn.Tanh()", "softmax": "nn.Softmax(dim=1)"}
KERAS_EPSILON = "Keras adds epsilon before Adam's bias correction; at first 3e-10 there acts like 1e-8 after it"
NEEDS = {
    "Keras": "It needs scratchtune, and: pip install keras tensorflow\n"
             "With KERAS_BACKEND=torch (or jax), it needs that package in place of tensorflow.",
    "PyTorch": "It needs scratchtune, and: pip install torch"}
SCALERS = {"standard": "st.StandardScaler()", "minmax": "st.MinMaxScaler()"}
WRITTEN: dict[str, Collection[Any]] = {  # the only values of these arguments that scripts in other frameworks are for
    "scale": (*SCALERS, None), "label_smoothing": (0.0,), "schedule": (None,), "averaging": (None,),
    "layer_rates": (None,), "numeric_embedding": (None,), "categorical_features": (None,), "scaling_layer": (False,),
    "parametric_activation": (False,), "members": (1,)}


def check_written(framework: str, params: Mapping[str, Any]) -> None:
    """Raise a ValueError if the script of a framework could not have one of an estimator's arguments."""
    for name, values in WRITTEN.items():
        if framework != "ours" and name in params and params[name] not in values:
            raise ValueError(f"--emit is {framework!r} and {name} is {params[name]!r}; that script can only be written "
                             f"where it is {' or '.join(map(repr, values))}: take --emit ours")


def check_space_written(frameworks: Sequence[str], space: Mapping[str, Any]) -> None:
    """Raise a ValueError if a space has a configuration that the script of one of the frameworks could not have."""
    for framework in frameworks:
        for name, parameter in space.items():
            for value in getattr(parameter, "choices", None) or (parameter.high,):
                check_written(framework, {name: value})


def script(framework: str, fitted: MLP, rows: dict[str, Any], scale: TargetScale = LINEAR_SCALE) -> str:
    """The script for "ours", "keras" or "torch".

    ``fitted`` is the tuned estimator, ``rows`` the arguments of `prepare_table`, ``path`` among them, and ``scale``
    that of its target.
    """
    write = WRITERS[checks.choice("--emit", framework, WRITERS)]
    check_written(framework, fitted.get_params(deep=False))
    return "\n".join(write(fitted, rows, scale)) + "\n"


# Lines ---------------------------------------------------------------------------------------------------------------


def _when(needed: Any, *lines: str) -> list[str]:
    """The lines if they are needed, else none."""
    return list(lines) if needed else []


def _indented(levels: int, lines: Sequence[str]) -> list[str]:
    """The lines, indented by so many levels."""
    return [4 * levels * " " + line for line in lines]


def _literal(value: Any) -> str:
    """Return a value as a Python literal, with double quotes if it contains none, on several lines if it is long."""
    value = value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value
    text = pformat(value, width=96, compact=True, sort_dicts=False).replace("\n", "\n        ")
    return text if '"' in text else text.replace("'", '"')


# Parts of several scripts --------------------------------------------------------------------------------------------


def _begin(rows: dict[str, Any], framework: str, imports: Sequence[str] = ()) -> list[str]:
    """Write the docstring, the imports, and the rows, with an encoder fitted on the training set."""
    path = rows["path"]
    shown = repr(path).replace('"', '\\"')  # neither a backslash nor quotes in a name end the docstring
    given = {name: value for name, value in rows.items() if name != "path" and value not in (None, (), [])}
    return [
        f'"""The network that scratchtune has chosen for {shown}, in {framework}.',
        "",
        "    python THIS_SCRIPT [FILE]",
        *_when(framework in NEEDS, "", *NEEDS.get(framework, "").splitlines()),
        '"""',
        "import sys",
        "",
        *imports,
        *_when(imports, ""),
        "import scratchtune as st",
        "",
        f"path = sys.argv[1] if len(sys.argv) > 1 else {_literal(path)}",
        "rows = st.prepare_table(  # X, y: training set; X_test, y_test: held-out test set",
        "    path,",
        *(f"    {name}={_literal(value)}," for name, value in given.items()),
        ")",
    ]


def _data(fitted: MLP, scale: TargetScale) -> list[str]:
    """Write X, y and X_test in the network's form, and row weights if the classes are weighted."""
    column = "[:, None]  # y as a column, like the outputs" if fitted.kind == "regressor" else ""
    y = _target_of(scale)
    return [f"X, X_test, y = rows.X, rows.X_test, {y}{column}", *_weights(fitted), *_scaled(fitted)]


def _target_of(scale: TargetScale) -> str:
    """The training targets on the scale that the network learns, as an expression in the script."""
    return "rows.y" if scale.kind == LINEAR else f"np.{scale.kind}(rows.y)"


def _restored(scale: TargetScale) -> list[str]:
    """Write predictions of the target from those of its logarithm."""
    minus = " - 1.0" if scale.kind == LOG1P else ""
    return _when(
        scale.kind != LINEAR,
        f"q = {scale.smearing!r} * np.exp(q){minus}  # the factor makes it the mean (Duan 1983)")


def _class_weights(fitted: MLP) -> list[float] | str | None:
    """Return the weight of each class, "balanced", or None for equal weights."""
    if not isinstance(fitted, MLPClassifier) or not isinstance(fitted.class_weight, dict):
        return getattr(fitted, "class_weight", None)
    weights = [float(fitted.class_weight.get(label, 1.0)) for label in fitted.classes_.tolist()]
    return weights if len(set(weights)) > 1 else None


def _weights(fitted: MLP) -> list[str]:
    """Write the weight of each row; the mean weight is 1."""
    weights = _class_weights(fitted)
    if weights is None:
        return []
    if isinstance(weights, str):
        return ["counts = np.bincount(y)", "weight = len(y) / (len(counts) * counts[y])  # rare classes count more"]
    return [
        f"weight = np.array({_literal(weights)})[y]  # of each row's class",
        *_when(0.0 in weights, "X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]"),
        "weight /= weight.mean()  # so that the learning rate need not change",
    ]


def _scaled(fitted: MLP) -> list[str]:
    """Write scalers fitted on the training set only, and the scaled rows."""
    if fitted.scale is None:
        return []
    weight = ", sample_weight=weight" if fitted.scale == "standard" and _class_weights(fitted) is not None else ""
    return [
        f"scaler = {SCALERS[fitted.scale]}.fit(X{weight})",
        "X, X_test = scaler.transform(X), scaler.transform(X_test)",
        *_when(fitted.kind == "regressor", f"y_scaler = {SCALERS[fitted.scale]}.fit(y)", "y = y_scaler.transform(y)"),
    ]


def _unscaled(fitted: MLP) -> list[str]:
    """Write a regressor's outputs, transformed back to the units of the target."""
    return _when(fitted.kind == "regressor" and fitted.scale, "q = y_scaler.inverse_transform(q)")


def _metrics(fitted: MLP, predictions: str = "q") -> list[str]:
    """Return the lines of the script that print the scores on the test set.

    In the script a classifier's probabilities are ``p``; a regressor's predictions are the expression ``predictions``.
    """
    if fitted.kind == "classifier":
        return [
            'print(f"accuracy {st.metrics.accuracy_score(rows.y_test, p.argmax(axis=1)):.4f}")',
            'print(f"log loss {st.metrics.log_loss(rows.y_test, p, labels=range(len(rows.classes))):.4f}")',
        ]
    return [
        f'print(f"r2 {{st.metrics.r2_score(rows.y_test, {predictions}):.4f}}")',
        f'print(f"mean squared error {{st.metrics.mean_squared_error(rows.y_test, {predictions}):.4f}}")',
    ]


def _outputs(fitted: MLP) -> str:
    """The number of outputs, as an expression in the script."""
    return "len(rows.classes)" if fitted.kind == "classifier" else "1"


def _epochs(fitted: MLP) -> int:
    """The number of epochs: with early stopping that of the best epoch, whose weights the estimator has."""
    losses = fitted.history_.get("val_loss")
    return losses.index(min(losses)) + 1 if losses else fitted.epochs


def _why_epochs(fitted: MLP) -> list[str]:
    """Write a comment on the number of epochs, if early stopping chose it."""
    return _when(
        "val_loss" in fitted.history_, "# the best epoch of early stopping on a validation set; here all are used")


# scratchtune ---------------------------------------------------------------------------------------------------------


def _ours(fitted: MLP, rows: dict[str, Any], scale: TargetScale) -> list[str]:
    """Write the script in scratchtune."""
    arguments = fitted.get_params() | {"random_state": fitted.seed_}
    written = {name: value for name, value in arguments.items() if (name, value) != ("dtype", "float32")}
    answer = "p = model.predict_proba" if fitted.kind == "classifier" else "q = model.predict"
    return [
        *_begin(rows, "scratchtune", _when(scale.kind != LINEAR, "import numpy as np")),
        "",
        f"model = st.{type(fitted).__name__}(",
        *(f"    {name}={_literal(value)}," for name, value in written.items() if name != "verbose"),
        ")",
        f"model.fit(rows.X, {_target_of(scale)})",
        "",
        f"{answer}(rows.X_test)",
        *_restored(scale),
        *_metrics(fitted),
    ]


# Keras ---------------------------------------------------------------------------------------------------------------


def _keras(fitted: MLP, rows: dict[str, Any], scale: TargetScale) -> list[str]:
    """Write the script in Keras."""
    uses_numpy = _class_weights(fitted) is not None or scale.kind != LINEAR
    imports = ["import keras", *_when(uses_numpy, "import numpy as np"), "from keras import layers"]
    return [
        *_begin(rows, "Keras", imports),
        "",
        *_data(fitted, scale),
        "",
        *_when(fitted.dtype != "float32", f'keras.config.set_floatx("{fitted.dtype}")'),
        f"keras.utils.set_random_seed({fitted.seed_ % 2**32})",
        *_keras_penalty(fitted),
        "model = keras.Sequential([",
        *_indented(1, _keras_layers(fitted)),
        "])",
        *_keras_optimizer(fitted),
        *_keras_training(fitted),
        "",
        f"{'p' if fitted.kind == 'classifier' else 'q'} = model.predict(X_test, verbose=0)",
        *_unscaled(fitted),
        *_restored(scale),
        *_metrics(fitted, "q[:, 0]"),
    ]


def _keras_penalty(fitted: MLP) -> list[str]:
    """Write the penalty of each layer."""
    return _when(
        fitted.l1 or fitted.l2,
        f"penalty = keras.regularizers.L1L2(l1={fitted.l1}, l2={fitted.l2})  # of all parameters, biases too")


def _keras_layers(fitted: MLP) -> list[str]:
    """Write the layers, from the input to the output."""
    penalty = ", kernel_regularizer=penalty, bias_regularizer=penalty" if fitted.l1 or fitted.l2 else ""
    layers = ["keras.Input((X.shape[1],)),", *_keras_noise(fitted.augment)]
    for units in fitted.hidden_units():
        layers.append(f'layers.Dense({units}, activation="{fitted.activation}"{penalty}),')
        layers += _when(fitted.dropout, f"layers.Dropout({fitted.dropout}),")
    return [*layers, f'layers.Dense({_outputs(fitted)}, activation="{fitted.output_activation}"{penalty}),']


def _keras_noise(stddev: float | None) -> list[str]:
    """Write the layers that add Gaussian noise to the rows.

    Keras rejects a stddev above 1. In that case divide the rows by it, add noise of stddev 1, and multiply by it.
    """
    if not stddev:
        return []
    if stddev <= 1.0:
        return [f"layers.GaussianNoise({stddev}),"]
    return [
        f"layers.Rescaling(1 / {stddev}),  # since GaussianNoise accepts no stddev above 1",
        "layers.GaussianNoise(1.0),",
        f"layers.Rescaling({stddev}),",
    ]


def _keras_optimizer(fitted: MLP) -> list[str]:
    """Write the optimizer and its learning-rate schedule."""
    kind, arguments = {
        "adam": ("Adam", ", epsilon=3e-10"), "rmsprop": ("RMSprop", ""),
        "sgd": ("SGD", f", momentum={fitted.momentum}")}[fitted.optimizer]
    decay = f", weight_decay={fitted.weight_decay_}" if fitted.weight_decay_ else ""
    schedule = f"InverseTimeDecay({fitted.learning_rate}, decay_steps=1, decay_rate={fitted.decay})"
    return [
        *_when(fitted.decay, f"rate = keras.optimizers.schedules.{schedule}"),
        *_when(fitted.optimizer == "adam", f"# {KERAS_EPSILON}"),
        f"optimizer = keras.optimizers.{kind}({'rate' if fitted.decay else fitted.learning_rate}{arguments}{decay})",
    ]


def _keras_training(fitted: MLP) -> list[str]:
    """Write the loss and the training."""
    loss = "sparse_categorical_crossentropy" if fitted.kind == "classifier" else "mean_squared_error"
    weight = ", sample_weight=weight" if _class_weights(fitted) is not None else ""
    return [
        f'model.compile(optimizer, loss="{loss}")',
        *_why_epochs(fitted),
        f"model.fit(X, y, batch_size={fitted.batch_size}, epochs={_epochs(fitted)}{weight}, verbose=2)",
    ]


# PyTorch -------------------------------------------------------------------------------------------------------------


def _torch(fitted: MLP, rows: dict[str, Any], scale: TargetScale) -> list[str]:
    """Write the script in PyTorch."""
    uses_numpy = _class_weights(fitted) is not None or scale.kind != LINEAR
    imports = [*_when(uses_numpy, "import numpy as np"), "import torch", "from torch import nn"]
    return [
        *_begin(rows, "PyTorch", imports),
        "",
        *_data(fitted, scale),
        *_torch_tensors(fitted),
        "",
        *_when(fitted.dtype != "float32", f"torch.set_default_dtype(torch.{fitted.dtype})"),
        f"torch.manual_seed({fitted.seed_})",
        *_torch_network(fitted),
        "",
        *(_torch_memory(fitted) if _by_hand(fitted) else _torch_optimizer(fitted)),
        *_why_epochs(fitted),
        f"for epoch in range({_epochs(fitted)}):",
        f"    for batch in torch.randperm(len(X)).split({fitted.batch_size}):",
        *_indented(2, _torch_loss(fitted)),
        *_indented(2, _torch_step_by_hand(fitted) if _by_hand(fitted) else _torch_step(fitted)),
        "",
        "model.eval()",
        "with torch.no_grad():",
        *_indented(1, _torch_answer(fitted)),
        *_unscaled(fitted),
        *_restored(scale),
        *_metrics(fitted, "q[:, 0]"),
    ]


def _torch_tensors(fitted: MLP) -> list[str]:
    """Write the arrays as tensors; classes remain integers."""
    of_kind = f", dtype=torch.{fitted.dtype}"
    return [
        f"X, X_test = torch.tensor(X{of_kind}), torch.tensor(X_test{of_kind})",
        "y = torch.tensor(y)" if fitted.kind == "classifier" else f"y = torch.tensor(y{of_kind})",
        *_when(_class_weights(fitted) is not None, f"weight = torch.tensor(weight{of_kind})"),
    ]


def _torch_network(fitted: MLP) -> list[str]:
    """Write the network and its initial weights."""
    return [
        "model = nn.Sequential(",
        *_indented(1, _torch_layers(fitted)),
        ")",
        "for layer in model:",
        "    if isinstance(layer, nn.Linear):  # initialised as in scratchtune and Keras",
        "        nn.init.xavier_uniform_(layer.weight)",
        "        nn.init.zeros_(layer.bias)",
    ]


def _torch_layers(fitted: MLP) -> list[str]:
    """Write the layers, from the input to the output, without a softmax, which PyTorch's ``cross_entropy`` includes."""
    layers, inputs = [], "X.shape[1]"
    for units in fitted.hidden_units():
        layers += [f"nn.Linear({inputs}, {units}),", f"{TORCH_ACTIVATIONS[fitted.activation]},"]
        layers += _when(fitted.dropout, f"nn.Dropout({fitted.dropout}),")
        inputs = str(units)
    return [*layers, f"nn.Linear({inputs}, {_outputs(fitted)}),"]


def _torch_loss(fitted: MLP) -> list[str]:
    """Write the loss of a batch: the mean over its rows, and the penalty."""
    inputs = "inputs" if fitted.augment else "X[batch]"
    if fitted.kind == "regressor":
        loss = f"nn.functional.mse_loss(model({inputs}), y[batch])"
    elif _class_weights(fitted) is None:
        loss = f"nn.functional.cross_entropy(model({inputs}), y[batch])"
    else:
        loss = f'(weight[batch] * nn.functional.cross_entropy(model({inputs}), y[batch], reduction="none")).mean()'
    return [
        *_when(fitted.augment, f"inputs = X[batch] + {fitted.augment} * torch.randn_like(X[batch])"),
        f"loss = {loss}",
        *_when(fitted.l1 or fitted.l2, "# the penalty counts all parameters, biases too"),
        *_when(fitted.l1, f"loss += {fitted.l1} * sum(theta.abs().sum() for theta in model.parameters())"),
        *_when(fitted.l2, f"loss += {fitted.l2} * sum((theta ** 2).sum() for theta in model.parameters())"),
    ]


def _torch_answer(fitted: MLP) -> list[str]:
    """Write the network's predictions for the test set."""
    if fitted.kind == "classifier":
        return ["p = torch.softmax(model(X_test).double(), dim=1).numpy()"]
    return ["q = model(X_test).double().numpy()"]


# An optimizer of PyTorch


def _by_hand(fitted: MLP) -> bool:
    """Whether PyTorch lacks an equivalent optimizer, so that the update must be written out.

    PyTorch's RMSprop adds epsilon outside the root. Its SGD keeps the learning rate out of the velocity, so that decay
    also rescales old gradients, and includes weight decay in the velocity.
    """
    momentum = fitted.optimizer == "sgd" and fitted.momentum
    return fitted.optimizer == "rmsprop" or bool(momentum and (fitted.decay or fitted.weight_decay_))


def _torch_optimizer(fitted: MLP) -> list[str]:
    """Write the optimizer and its learning-rate schedule."""
    kind = {"adam": "AdamW" if fitted.weight_decay_ else "Adam", "sgd": "SGD"}[fitted.optimizer]
    momentum = f", momentum={fitted.momentum}" if kind == "SGD" and fitted.momentum else ""
    decay = f", weight_decay={fitted.weight_decay_}" if fitted.weight_decay_ else ""
    factor = f"lambda steps: 1 / (1 + {fitted.decay} * steps)"
    return [
        f"optimizer = torch.optim.{kind}(model.parameters(), lr={fitted.learning_rate}{momentum}{decay})",
        *_when(fitted.decay, f"schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, {factor})"),
    ]


def _torch_step(fitted: MLP) -> list[str]:
    """Write a step of the optimizer."""
    return [
        "optimizer.zero_grad()",
        "loss.backward()",
        "optimizer.step()",
        *_when(fitted.decay, "schedule.step()"),
    ]


# An update by hand


def _torch_memory(fitted: MLP) -> list[str]:
    """Write why the update is by hand, and its state for each parameter."""
    if fitted.optimizer == "rmsprop":
        why = "RMSprop by hand: epsilon is inside the root, while torch.optim.RMSprop adds it outside"
    else:
        why = "SGD by hand: the velocity includes the learning rate and no weight decay, unlike torch.optim.SGD"
    return [
        f"# {why}",
        f"{_memory(fitted)} = [torch.zeros_like(theta) for theta in model.parameters()]",
        f"steps, rate = 0, {fitted.learning_rate}" if fitted.decay else f"rate = {fitted.learning_rate}",
    ]


def _memory(fitted: MLP) -> str:
    """The name of the optimizer's state."""
    return "squares" if fitted.optimizer == "rmsprop" else "velocities"


def _torch_step_by_hand(fitted: MLP) -> list[str]:
    """Write an update of all parameters."""
    return [
        "model.zero_grad()",
        "loss.backward()",
        "with torch.no_grad():",
        f"    for theta, v in zip(model.parameters(), {_memory(fitted)}):",
        *_when(fitted.weight_decay_, f"        theta -= rate * {fitted.weight_decay_} * theta  # weight decay"),
        *_indented(2, _torch_update(fitted)),
        *_when(fitted.decay, "steps += 1", f"rate = {fitted.learning_rate} / (1 + {fitted.decay} * steps)"),
    ]


def _torch_update(fitted: MLP) -> list[str]:
    """Write the formula of the optimizer for one parameter."""
    if fitted.optimizer == "rmsprop":
        return ["v.copy_(0.9 * v + 0.1 * theta.grad ** 2)", "theta -= rate * theta.grad / torch.sqrt(v + 1e-7)"]
    return [f"v.copy_({fitted.momentum} * v - rate * theta.grad)", "theta += v"]


WRITERS: dict[str, Callable[[MLP, dict[str, Any], TargetScale], list[str]]] = {
    "ours": _ours, "keras": _keras, "torch": _torch}
