"""A winning setting as a script: the same rows, the same network, in scratchtune, Keras or PyTorch.

Reading, sealing and encoding the rows is scratchtune's in all three, so that the scripts differ in nothing but the
framework that trains; what they print can be compared line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from scratchtune import checks
from scratchtune.estimators import _MLP
from scratchtune.network.layers.activation import LEAKY_SLOPE

TORCH_ACTIVATIONS = {
    "linear": "nn.Identity()", "relu": "nn.ReLU()", "leaky_relu": f"nn.LeakyReLU({LEAKY_SLOPE})", "elu": "nn.ELU()",
    "gelu": "nn.GELU()", "sigmoid": "nn.Sigmoid()", "tanh": "nn.Tanh()", "softmax": "nn.Softmax(dim=1)"}


def script(framework: str, fitted: _MLP, rows: dict[str, Any]) -> str:
    """The script for "ours", "keras" or "torch".

    ``fitted`` is the tuned estimator, ``rows`` the arguments of `prepare_table`, ``path`` among them.
    """
    write = WRITERS[checks.choice("--emit", framework, WRITERS)]
    return write(fitted, rows)


def _begin(rows: dict[str, Any], framework: str, imports: Sequence[str]) -> str:
    """The lines that all scripts begin with: the rows, encoded on the open ones, the target as numbers."""
    given = {name: value for name, value in rows.items() if name != "path" and value not in (None, (), [])}
    arguments = "".join(f",\n    {name}={value!r}" for name, value in given.items())
    imported = "\n".join([*imports, *([""] if imports else []), "import scratchtune as st"])
    shown = repr(rows["path"]).replace('"', '\\"')  # neither a backslash nor quotes in a name end the docstring
    return f'''"""The network that scratchtune has found for {shown}, in {framework}.

    python THIS_SCRIPT [FILE]
"""
import sys

{imported}

path = sys.argv[1] if len(sys.argv) > 1 else {rows["path"]!r}
rows = st.prepare_table(  # X, y to train on; X_sealed, y_sealed to judge by
    path{arguments},
)
'''


def _scaled(fitted: _MLP) -> str:
    kinds = {"standard": "st.StandardScaler()", "minmax": "st.MinMaxScaler()"}
    lines = ["X, X_sealed, y = rows.X, rows.X_sealed, rows.y", _weights(fitted)]
    if fitted.scale is not None:
        weighted = fitted.scale == "standard" and getattr(fitted, "class_weight", None) is not None
        lines += [f"scaler = {kinds[fitted.scale]}.fit(X{', sample_weight=weight' if weighted else ''})",
                  "X, X_sealed = scaler.transform(X), scaler.transform(X_sealed)"]
        if fitted.kind == "regressor":
            lines += [f"y_scaler = {kinds[fitted.scale]}.fit(y[:, None])", "y = y_scaler.transform(y[:, None])[:, 0]"]
    return "\n".join(lines)


def _judged(fitted: _MLP, outputs: str, scaled: bool = True) -> str:
    """The lines that print how good the outputs for the sealed rows are."""
    if fitted.kind == "classifier":
        return f'''
p = {outputs}
print(f"accuracy {{st.metrics.accuracy_score(rows.y_sealed, p.argmax(axis=1)):.4f}}")
print(f"log loss {{st.metrics.log_loss(rows.y_sealed, p, labels=range(len(rows.classes))):.4f}}")
'''
    back = "" if fitted.scale is None or not scaled else "q = y_scaler.inverse_transform(q[:, None])[:, 0]\n"
    return f'''
q = {outputs}
{back}print(f"r2 {{st.metrics.r2_score(rows.y_sealed, q):.4f}}")
print(f"mean squared error {{st.metrics.mean_squared_error(rows.y_sealed, q):.4f}}")
'''


def _weights(fitted: _MLP) -> str:
    """The line that gives each row its weight, 1 in the mean."""
    weighted = getattr(fitted, "class_weight", None)
    if weighted is None:
        return "weight = np.ones(len(y))"
    if weighted == "balanced":
        return "counts = np.bincount(y)\nweight = len(y) / (len(counts) * counts[y])  # rare classes count more"
    return f"weight = np.array([{weighted!r}.get(label, 1.0) for label in y.tolist()])\nweight /= weight.mean()"


def _epochs(fitted: _MLP) -> int:
    """How many epochs: where training has stopped early, those up to the best one."""
    stopped = fitted.early_stopping and fitted.n_iter_ < fitted.epochs
    return max(fitted.n_iter_ - fitted.patience, 1) if stopped else fitted.epochs


# scratchtune ---------------------------------------------------------------------------------------------------------


def _ours(fitted: _MLP, rows: dict[str, Any]) -> str:
    arguments = fitted.get_params() | {"verbose": 1}
    given = ",\n    ".join(f"{name}={value!r}" for name, value in arguments.items() if name not in ("dtype", "verbose"))
    method = "predict_proba" if fitted.kind == "classifier" else "predict"
    judged = _judged(fitted, f"model.{method}(rows.X_sealed)", scaled=False)
    return _begin(rows, "scratchtune", []) + f'''
model = st.{type(fitted).__name__}(
    {given},
)
model.fit(rows.X, rows.y)
{judged}'''


# Keras ---------------------------------------------------------------------------------------------------------------


def _keras(fitted: _MLP, rows: dict[str, Any]) -> str:
    layers = [f"layers.GaussianNoise({fitted.augment})"] if fitted.augment else []
    penalty = ", **penalty" if fitted.l1 or fitted.l2 else ""
    for units in fitted._hidden_units():
        layers.append(f'layers.Dense({units}, activation="{fitted.activation}"{penalty})')
        if fitted.dropout:
            layers.append(f"layers.Dropout({fitted.dropout})")
    outputs = "len(rows.classes)" if fitted.kind == "classifier" else "1"
    layers.append(f'layers.Dense({outputs}, activation="{fitted.output_activation}"{penalty})')
    listed = "".join(f"    {layer},\n" for layer in ["keras.Input((X.shape[1],))", *layers])
    regular = f'''
# as in the document, a penalty counts all of theta, biases too, without 1/2 and 1/n
penalty = {{
    "kernel_regularizer": keras.regularizers.L1L2({fitted.l1}, {fitted.l2}),
    "bias_regularizer": keras.regularizers.L1L2({fitted.l1}, {fitted.l2}),
}}''' if penalty else ""
    loss = "sparse_categorical_crossentropy" if fitted.kind == "classifier" else "mean_squared_error"
    answer = "model.predict(X_sealed, verbose=0)" + ("" if fitted.kind == "classifier" else "[:, 0]")
    imports = ["import keras", "import numpy as np", "from keras import layers"]
    return _begin(rows, "Keras", imports) + f'''{_scaled(fitted)}{regular}

keras.utils.set_random_seed({fitted._seed % 2**32})
model = keras.Sequential([
{listed}])
optimizer = {_keras_optimizer(fitted)}
model.compile(loss="{loss}", optimizer=optimizer)
model.fit(X, y, batch_size={fitted.batch_size}, epochs={_epochs(fitted)}, sample_weight=weight, verbose=2)
{_judged(fitted, answer)}'''


def _keras_optimizer(fitted: _MLP) -> str:
    rate: Any = fitted.learning_rate
    if fitted.decay:
        rate = f"keras.optimizers.schedules.InverseTimeDecay({rate!r}, decay_steps=1, decay_rate={fitted.decay!r})"
    decay = f", weight_decay={fitted.weight_decay!r}" if fitted.weight_decay else ""
    kinds = {"adam": ("Adam", ", epsilon=1e-8"), "rmsprop": ("RMSprop", ""),
             "sgd": ("SGD", f", momentum={fitted.momentum!r}")}
    kind, more = kinds[fitted.optimizer]
    return f"keras.optimizers.{kind}({rate}{more}{decay})"


# PyTorch -------------------------------------------------------------------------------------------------------------


def _torch(fitted: _MLP, rows: dict[str, Any]) -> str:
    layers, before = [], "X.shape[1]"
    for units in fitted._hidden_units():
        layers += [f"nn.Linear({before}, {units})", TORCH_ACTIVATIONS[fitted.activation]]
        if fitted.dropout:
            layers.append(f"nn.Dropout({fitted.dropout})")
        before = str(units)
    classes = fitted.kind == "classifier"
    layers.append(f"nn.Linear({before}, {'len(rows.classes)' if classes else '1'})")
    listed = "".join(f"    {layer},\n" for layer in layers)
    noise = f"\n        inputs = inputs + {fitted.augment} * torch.randn_like(inputs)" if fitted.augment else ""
    each = "(outputs[:, 0] - targets) ** 2"
    if classes:
        each = 'nn.functional.cross_entropy(outputs, targets, reduction="none")'
    penalty = "".join(
        f"\n        loss = loss + {lam!r} * sum({term} for theta in model.parameters())"
        for lam, term in ((fitted.l1, "theta.abs().sum()"), (fitted.l2, "(theta ** 2).sum()")) if lam)
    schedule = step = ""
    if fitted.decay:
        schedule = ("\nschedule = torch.optim.lr_scheduler.LambdaLR(optimizer, "
                    f"lambda done: 1.0 / (1.0 + {fitted.decay!r} * done))")
        step = "\n        schedule.step()"
    if fitted.weight_decay:
        step = f'''
        with torch.no_grad():
            for theta in model.parameters():
                theta -= optimizer.param_groups[0]["lr"] * {fitted.weight_decay!r} * theta''' + step
    answer = "torch.softmax(outputs, dim=1).double().numpy()" if classes else "outputs[:, 0].double().numpy()"
    target = "torch.tensor(y)" if classes else "torch.tensor(y, dtype=torch.float32)"
    imports = ["import numpy as np", "import torch", "from torch import nn"]
    return _begin(rows, "PyTorch", imports) + f'''{_scaled(fitted)}
X, y, weight = torch.tensor(X, dtype=torch.float32), {target}, torch.tensor(weight, dtype=torch.float32)

torch.manual_seed({fitted._seed})
model = nn.Sequential(
{listed})
for layer in model:
    if isinstance(layer, nn.Linear):  # as scratchtune and Keras begin
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
optimizer = {_torch_optimizer(fitted)}{schedule}
for epoch in range({_epochs(fitted)}):
    model.train()
    for batch in torch.randperm(len(X)).split({fitted.batch_size}):
        inputs, targets = X[batch], y[batch]{noise}
        outputs = model(inputs)
        loss = (weight[batch] * {each}).mean(){penalty}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step(){step}
model.eval()
with torch.no_grad():
    outputs = model(torch.tensor(X_sealed, dtype=torch.float32))
{_judged(fitted, answer)}'''


def _torch_optimizer(fitted: _MLP) -> str:
    rate = f"model.parameters(), lr={fitted.learning_rate!r}"
    kinds = {
        "adam": f"Adam({rate}, eps=1e-8)",
        # ours and Keras's epsilon, 1e-7, stands under the root
        "rmsprop": f"RMSprop({rate}, alpha=0.9, eps=1e-7 ** 0.5)",
        "sgd": f"SGD({rate}, momentum={fitted.momentum!r})"}
    return f"torch.optim.{kinds[fitted.optimizer]}"


WRITERS: dict[str, Callable[[_MLP, dict[str, Any]], str]] = {"ours": _ours, "keras": _keras, "torch": _torch}
