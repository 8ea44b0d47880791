"""The best network of a search as a script in Keras or PyTorch, which runs without scratchtune.

The script reads the same file, encodes and scales the same rows by what was fitted here, trains the same network, and
prints its scores beside ours. `emit_template` holds its text; the functions below choose the parts that a network
needs, and write the hyper-parameters and the fitted numbers.
"""

from __future__ import annotations

import base64
import gzip
import re
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from pprint import pformat
from string import Template
from typing import Any, NamedTuple, cast

import numpy as np

from scratchtune import checks
from scratchtune.estimators.base import MLP
from scratchtune.estimators.class_weights import weight_of_rows
from scratchtune.metrics import accuracy_score, r2_score
from scratchtune.network.layers import CategoryEmbedding, PiecewiseEmbedding
from scratchtune.tables.emit_template import TEMPLATE
from scratchtune.tables.encoded_columns import Categories, DateParts
from scratchtune.tables.families import FAMILY, own_arguments
from scratchtune.tables.goal import LEAST, mean_log_loss
from scratchtune.tables.members import FoldModel, Folds
from scratchtune.tables.prepared import Prepared
from scratchtune.tables.reading.columns import Dates, number_text
from scratchtune.tables.reading.notation import MISSING
from scratchtune.tables.splitting import splits_for
from scratchtune.tables.target_scale import LINEAR, LOG1P

FRAMEWORKS = {"keras": "Keras", "torch": "PyTorch"}
NAMES = {  # of what differs only in its name
    "torch": {"LAYER": "nn.Module", "MODEL": "nn.Module", "CALL": "forward", "OPS": "torch", "LIST": "nn.ParameterList",
              "MODULES": "nn.ModuleList", "DROPOUT": "nn.Dropout", "DENSE": "dense", "CONCATENATE": "torch.cat",
              "SET_SEED": "torch.manual_seed", "REPEAT": "x[:, None].expand(-1, MEMBERS, -1)",
              "BINS": "torch.tensor(BINS, dtype=x.dtype)"},
    "keras": {"LAYER": "keras.layers.Layer", "MODEL": "keras.Model", "CALL": "call", "OPS": "ops", "LIST": "list",
              "MODULES": "list", "DROPOUT": "keras.layers.Dropout", "DENSE": "keras.layers.Dense",
              "CONCATENATE": "ops.concatenate", "SET_SEED": "keras.utils.set_random_seed",
              "REPEAT": "ops.repeat(x[:, None], MEMBERS, axis=1)", "BINS": "ops.convert_to_tensor(BINS, x.dtype)"}}
TORCH_ACTIVATIONS = {
    "linear": "nn.Identity()", "relu": "nn.ReLU()", "leaky_relu": "nn.LeakyReLU(0.2)", "elu": "nn.ELU()",
    "gelu": "nn.GELU()", "sigmoid": "nn.Sigmoid()", "tanh": "nn.Tanh()", "softmax": "nn.Softmax(dim=-1)"}
SCALINGS = {
    "standard": "Minus the mean, divided by the standard deviation.", "minmax": "The range becomes 0 to 1.",
    "robust": "Minus the median, divided by the quartile range, and smoothly clipped to (-3, 3).",
    "quantile": "To a normal distribution: the normal quantile of the share of the rows below a number.",
    None: "Unchanged."}
SCHEDULES = {"cosine": " * (1 + cos(pi * step / STEPS)) / 2", "linear": " * (1 - step / STEPS)",
             "cosine_log": " * (1 - cos(2 * pi * log2(1 + 15 * step / STEPS))) / 2", None: ""}
INPUTS = {"number": "scaled numbers", "date": "parts of dates", "short": "columns of 0 and 1", "long": "codes"}
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y-%m", "%d.%m.%Y", "%d.%m.%y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y",
        "%d-%b-%y", "%d %b %y", "%d %B %y", "%d-%B-%Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y", "%b. %d, %Y")
EITHER = {"dmy": ("%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y"), "mdy": ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y"), None: ()}
TIMES = [""] + [between + clock + zone for between, clock, zone in product(
    (" ", "T", ", "), ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M%p", "%I:%M:%S %p"), ("", "%z", " %z", " UTC"))]
THOUSANDS = {" ": " \u00a0\u202f", "'": "'\u2019", ".": ".", ",": ","}


def script(framework: str, model: Any, prepared: Prepared) -> str:
    """Return the script for "keras" or "torch": the best network of the search of a fitted model.

    It trains on the training rows of a prepared table and is scored on its test rows; without these, on those of the
    first fold. The network is trained here once on the same rows, for the scores to compare with.

    Raises
        ValueError if no network was tried, or a hyper-parameter has no counterpart.
    """
    checks.choice("framework", framework, FRAMEWORKS)
    if model.best_network_ is None:
        raise ValueError("the search has tried no network; families must contain 'network'")
    params = {FAMILY: "network", **model.best_network_["params"]}
    check_space_written([framework], own_arguments("network", params))
    training, held_out = _rows(model, prepared)
    classes = len(prepared.target.classes)
    folds = Folds(prepared.table, prepared.y, classes, [(training, held_out)])
    fold = folds.fold_model(params, 0, model.seed_, None)
    return _written(framework, fold, folds, prepared, model.best_network_["number"])


def check_space_written(frameworks: Sequence[str], space: Mapping[str, Any]) -> None:
    """Raise a ValueError if no script can have a hyper-parameter of a space, or of a configuration."""
    if frameworks and "layer_rates" in space and space["layer_rates"] is not None:
        raise ValueError(f"layer_rates is {space['layer_rates']!r}, and a script for {' or '.join(frameworks)} has one "
                         "learning rate for all weights; take it out of the space")


def _rows(model: Any, prepared: Prepared) -> tuple[np.ndarray, np.ndarray]:
    """The rows that the network is trained on, and those that it is scored on."""
    if len(prepared.test_rows):
        return prepared.training_rows, prepared.test_rows
    y, classes, groups = prepared.y[prepared.training_rows], len(prepared.target.classes), prepared.rows.values
    seconds = model.time_budget if model.n_trials is None else np.inf
    first = splits_for(len(y), y, classes, model.cv, groups, model.seed_ % 2**32, seconds)[0]
    return prepared.training_rows[first[0]], prepared.training_rows[first[1]]


class Source(NamedTuple):
    """The file that a script reads: its kind, whether gzip has compressed it, whether its first line is sep=.."""

    path: str
    kind: str = "csv"
    is_gzip: bool = False
    names_delimiter: bool = False


def _source(path: str | None) -> Source:
    """Describe the file of a table; a table that was in no file has to be written into one."""
    if path is None:
        return Source("table.csv")
    kind = {".npz": "npz", ".parquet": "parquet", ".xlsx": "excel"}.get(Path(path).suffix.lower(), "csv")
    begin = Path(path).read_bytes()[:8]
    is_gzip = begin.startswith(b"\x1f\x8b")
    if is_gzip:
        with gzip.open(path) as file:
            begin = file.read(8)
    return Source(path, kind, is_gzip, begin.removeprefix(b"\xef\xbb\xbf").startswith(b"sep="))


class Inputs(NamedTuple):
    """What the features of a network are: fitted numbers, dates, and texts by name; the order of its numeric inputs."""

    numbers: dict[str, tuple[float | None, bool]]
    dates: dict[str, tuple[Any, ...]]
    short: dict[str, list[str]]  # one-hot
    long: dict[str, list[str]]  # with learned vectors
    order: list[int]


def _inputs(fold: FoldModel, prepared: Prepared, is_csv: bool) -> Inputs:
    """Describe the features of a fitted network for a script."""
    found, of_dates, start = Inputs({}, {}, {}, {}, []), list[int](), 0
    embedding = next((layer for layer in fold.estimator.model_.layers if isinstance(layer, CategoryEmbedding)), None)
    categories = iter(zip(embedding.categories, embedding.sizes, strict=True) if embedding else ())
    for name, one in fold.features.columns.items():
        stop = start + len(one.suffixes)
        if isinstance(one, Categories):
            number, size = next(categories)
            (found.long if size else found.short)[name] = one.texts[:number]
        elif isinstance(one, DateParts):
            parts = {part: values if part in one.one_hot else tuple(values) for part, values in one.parts.items()}
            forms = date_forms(name, cast(Dates, prepared.table.column(name)), is_csv)
            found.dates[name] = forms, one.fill, one.indicator, one.first, parts
            of_dates += range(start, stop)
        else:
            found.numbers[name] = one.fill, one.indicator
            found.order.extend(range(start, stop))
        start = stop
    found.order.extend(of_dates)
    return found


def date_forms(name: str, column: Dates, is_csv: bool = True) -> list[str]:
    """Return forms for `datetime.strptime` that read the texts of a column of dates as it was read.

    Raises
        ValueError if there is no form for a text.
    """
    forms = [] if is_csv else ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
    left = {text: column.days[code] for code, text in enumerate(column.texts) if column.days[code] == column.days[code]}
    while left:
        text, day = next(iter(left.items()))
        known = (date + time for date in (*DAYS, *EITHER[column.order]) for time in TIMES)
        form = next((form for form in known if _day(text, form, day)), None)
        if form is None:
            raise ValueError(f"column {name!r} holds the date {text!r}, which no form of Python's strptime reads; leave "
                             "the column out, or write its dates as 2020-12-31")
        forms.append(form)
        left = {text: day for text, day in left.items() if not _day(text, form, day)}
    return list(dict.fromkeys(forms))


def _day(text: str, form: str, day: float) -> bool:
    """Whether a form reads a text as this day."""
    try:
        date = datetime.strptime(text, form)
    except ValueError:
        return False
    seconds = date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    return abs(seconds / 86_400 - day) < 1e-6


def _parts(framework: str, fold: FoldModel, inputs: Inputs, prepared: Prepared, source: Source) -> set[str]:
    """Return the names of the parts that a script has."""
    net, reading, classes = fold.estimator, prepared.reading, prepared.target.classes
    forms = " ".join(form for forms, *_ in inputs.dates.values() for form in forms)
    parts = {
        framework: True, source.kind: True, "frame": source.kind in ("parquet", "excel"), "gzip": source.is_gzip,
        "sep": source.names_delimiter, "thousands": source.kind == "csv" and reading.thousands,
        "comma": source.kind == "csv" and reading.decimal == ",", "coerced": reading.numeric,
        "gaps": _numbers(reading.missing), "number": inputs.numbers, "date": inputs.dates, "zone": "%z" in forms,
        "short": inputs.short, "long": inputs.long, "unscaled": net.scale is None,
        "affine": net.scale in ("standard", "minmax"), "robust": net.scale == "robust",
        "quantile": net.scale == "quantile", "classes": classes,
        "digits": classes and all(_is_number(label) for label in classes), "log": fold.scale.kind != LINEAR,
        "log1p": fold.scale.kind == LOG1P, "members": net.members > 1, "hidden": net.hidden_units(), "double": net.dtype == "float64",
        "parametric": net.parametric_activation, "dropout": net.dropout, "augment": net.augment,
        "scaling": net.scaling_layer, "embedding": net.numeric_embedding and inputs.order,
        "schedule": net.schedule, "math": net.schedule in ("cosine", "cosine_log"), "decay": net.decay, "rate": net.schedule or net.decay, net.optimizer: True, "decayed": net.weight_decay_,
        "averaging": net.averaging is not None, "l1": net.l1, "l2": net.l2, "penalty": net.l1 or net.l2,
        "smoothing": getattr(net, "label_smoothing", 0.0), "weighted": getattr(net, "class_weight", None) is not None,
        **{part: True for _, _, _, _, parts in inputs.dates.values() for part in parts}}
    parts[str(net.numeric_embedding)] = parts["embedding"]
    parts["linear"] = parts["embedding"] or parts["members"]
    parts["custom"] = parts["linear"] or parts["parametric"] or parts["scaling"] or inputs.long
    parts["random"] = parts["linear"] or inputs.long
    return {name for name, needed in parts.items() if needed}


def _written(framework: str, fold: FoldModel, folds: Folds, prepared: Prepared, trial: int) -> str:
    """Return the script of a fitted network."""
    net, source = fold.estimator, _source(getattr(prepared, "path", None))
    inputs = _inputs(fold, prepared, source.kind == "csv")
    parts = _parts(framework, fold, inputs, prepared, source)
    rate = "LEARNING_RATE" + SCHEDULES[net.schedule] + " / (1 + DECAY * step)" * bool(net.decay)
    needs = "numpy" + " and pandas" * ("frame" in parts) + f" and {framework}"
    backend = ' with one of its backends (KERAS_BACKEND names it)' * (framework == "keras")
    names = {
        **NAMES[framework], "MATH": ", ".join(name for name in ("cos", "log2", "pi") if f"{name}" in rate and (
            framework == "torch" or name == "pi")),
        "RATE": re.sub(r"\b(cos|log2)\(", r"ops.\1(", rate) if framework == "keras" else rate,
        "READ": {"parquet": "read_parquet(path)"}.get(
            source.kind, 'read_excel(path, keep_default_na=False, na_values=[""])'),
        "SCALING": SCALINGS[net.scale], "DTYPE": net.dtype, "LEAST": f"{LEAST:.6g}", "LOG": fold.scale.kind,
        "WIDTH": "16" if "periodic" in parts else "len(BINS[0][0])", "OPTIMIZER": _optimizer(framework, net, parts),
        "INPUTS": "; ".join(what for part, what in INPUTS.items() if part in parts),
        "KNOWN": "number(cell) == number(cell)" if not parts & {"classes"} or "digits" in parts else
                 "cell.lower() not in MISSING",
        "CONSTANTS": _constants(framework, fold, parts, prepared, source, folds.y[folds.splits[0][0]]),
        "FITTED": _fitted(fold, folds, inputs, parts)}
    name = Path(source.path).name.replace("\\", "\\\\").replace('"', '\\"')
    head = f'"""The best network that scratchtune has found for {name} (trial {trial}), in {FRAMEWORKS[framework]}.\n\n' \
        "    python THIS_SCRIPT                           trains it, and prints its scores beside scratchtune's\n" \
        "    python THIS_SCRIPT NEW_ROWS [PREDICTIONS]    also predicts the rows of another file\n\n" \
        f'It needs {needs}{backend}.\n"""'
    text = Template("\n".join(_chosen(TEMPLATE, parts))).substitute(names)
    return head + re.sub(r"\n\n+(?=@|def |class |# [A-Z]|if __)", "\n\n\n", re.sub(r"\n{3,}", "\n\n", text))


def _chosen(template: str, parts: set[str]) -> list[str]:
    """Return the lines of a template whose marks ask for these parts."""
    lines, in_block = [], True
    for line in template.splitlines():
        text, _, marks = line.partition("  #? ")
        wanted = all(any((name.strip("!") in parts) != name.startswith("!") for name in mark.split("|"))
                     for mark in marks.split())
        if text[:1].strip():
            in_block = wanted
        if wanted and in_block:
            lines.append(text)
    return lines


def _optimizer(framework: str, net: MLP, parts: set[str]) -> str:
    """Return the optimizer of a framework, with its arguments."""
    decay = ", weight_decay=WEIGHT_DECAY" * bool(net.weight_decay_)
    if framework == "torch":
        return f"AdamW(parameters, lr=LEARNING_RATE{decay})" if decay else "Adam(parameters, lr=LEARNING_RATE)"
    # Keras adds epsilon before Adam's bias correction: at first 3e-10 there acts like 1e-8 after it
    own = {"adam": "Adam({}, epsilon=3e-10", "rmsprop": "RMSprop({}", "sgd": "SGD({}, momentum=MOMENTUM"}[net.optimizer]
    average = ", use_ema=True, ema_momentum=AVERAGING" * ("averaging" in parts)
    return own.format("Rate()" if "rate" in parts else "LEARNING_RATE") + decay + average + ")"


def _constants(
    framework: str, fold: FoldModel, parts: set[str], prepared: Prepared, source: Source, y: np.ndarray,
) -> str:
    """Write the file, how it is read, and the hyper-parameters; ``y`` are the training targets."""
    net, reading, classes = fold.estimator, prepared.reading, prepared.target.classes
    activation = TORCH_ACTIVATIONS if framework == "torch" else {net.activation: f"keras.activations.{net.activation}"}
    missing = {*MISSING, *(marker.lower() for marker in reading.missing)}
    found = [
        ("FILE", source.path, True), ("TARGET", prepared.target.name, True), ("CLASSES", list(classes), "classes"),
        ("DELIMITER", reading.delimiter or ",", "csv"), ("MISSING", sorted(missing), True),
        ("MISSING_NUMBERS", _numbers(reading.missing), "gaps"),
        ("THOUSANDS", THOUSANDS.get(reading.thousands or ""), "thousands"), ("", "", True),
        ("UNITS", net.hidden_units(), "hidden"), ("ACTIVATION", _Code(activation[net.activation]), "hidden"),
        ("MEMBERS", net.members, "members"), ("DROPOUT", net.dropout, "dropout"), ("NOISE", net.augment, "augment"),
        ("EMBEDDING_DIM", net.embedding_dim, "embedding"), ("FREQUENCY_SCALE", net.frequency_scale, "periodic"),
        ("OUTPUTS", _Code("len(CLASSES)") if classes else 1, True), ("LEARNING_RATE", net.learning_rate, True),
        ("DECAY", net.decay, "decay"), ("MOMENTUM", net.momentum, "sgd"), ("WEIGHT_DECAY", net.weight_decay_, "decayed"),
        ("AVERAGING", net.averaging, "averaging"), ("L1", net.l1, "l1"), ("L2", net.l2, "l2"),
        ("SMOOTHING", getattr(net, "label_smoothing", 0), "smoothing"),
        ("CLASS_WEIGHTS", _Code(f"np.array({_class_weights(net, y, len(classes))})"), "weighted"), ("BATCH_SIZE", net.batch_size, True),
        ("EPOCHS", _epochs(net), True), ("STEPS", _Code(f"EPOCHS * -(-{len(y)} // BATCH_SIZE)"), "schedule"),
        ("SEED", net.seed_, True), ("rng", _Code("np.random.default_rng(SEED)"), "random")]
    return "\n".join(f"{name} = {_literal(value)}" if name else "" for name, value, part in found
                     if part is True or part in parts)


def _fitted(fold: FoldModel, folds: Folds, inputs: Inputs, parts: set[str]) -> str:
    """Write what is fitted to the training rows, which rows they are, and the scores."""
    net, layers = fold.estimator, fold.estimator.model_.layers
    numeric = [j for j in range(net.n_features_in_) if j not in fold.features.categorical]
    positions = [numeric.index(j) for j in inputs.order]
    bins = next((np.reshape(layer.reals(), (2, len(numeric), -1))[:, positions].tolist() for layer in layers
                 if isinstance(layer, PiecewiseEmbedding)), None)
    found = [("NUMBERS", inputs.numbers, "number"), ("DATES", inputs.dates, "date"), ("TEXTS", inputs.short, "short"),
             ("EMBEDDED", inputs.long, "long"), *_scaling(net.scaler_, inputs.order, parts),
             ("COLUMNS", len(numeric), "embedding"), ("BINS", bins, "piecewise"), *_target_scaling(fold, parts),
             ("ROWS", _packed(len(folds.y), *folds.splits[0]), True), ("OURS", _scores(fold, folds), True)]
    return "\n".join(f"{name} = {_literal(value)}" for name, value, part in found if part is True or part in parts)


def _scaling(scaler: Any, order: list[int], parts: set[str]) -> list[tuple[str, Any, str]]:
    """The fitted numbers of the scaler of X."""
    if "robust" in parts:
        return [("CENTER", _array(scaler.center_[order]), "robust"), ("FACTOR", _array(scaler.factor_[order]), "robust")]
    if "quantile" in parts:
        pairs = zip(scaler.quantiles_.T[order], scaler.scores_.T[order], strict=True)
        return [("QUANTILES", [_landmarks(*pair) for pair in pairs], "quantile")]
    return [(name, _array(values[order]), "affine") for name, values in zip(("CENTER", "SCALE"), _affine(scaler),
                                                                            strict=True) if "affine" in parts]


def _affine(scaler: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return c and s of a scaler that computes (x - c) / s."""
    if scaler is None:
        return np.zeros(1), np.ones(1)
    if hasattr(scaler, "min_"):
        return -scaler.min_ / scaler.scale_, 1.0 / scaler.scale_
    return scaler.mean_, scaler.scale_


def _landmarks(values: np.ndarray, scores: np.ndarray) -> list[list[float]]:
    """Return the different numbers of a column with their normal scores, with digits enough for float32."""
    values, first = np.unique(values, return_index=True)
    return [[float(f"{x:.12g}") for x in values], [float(f"{score:.7g}") for score in scores[first]]]


def _target_scaling(fold: FoldModel, parts: set[str]) -> list[tuple[str, Any, bool]]:
    """The fitted numbers of the scale of y."""
    if "classes" in parts:
        return []
    center, scale = (float(x[0]) for x in _affine(fold.estimator.target_scaler_))
    return [("Y_CENTER", center, True), ("Y_SCALE", scale, True),
            *[("LOG_RANGE", (fold.scale.low, fold.scale.high), True)] * ("log" in parts)]


def _packed(rows: int, training: np.ndarray, held_out: np.ndarray) -> str:
    """Return the use of each row, 1 for training and 2 for held out, compressed."""
    use = np.zeros(rows, np.uint8)
    use[training], use[held_out] = 1, 2
    return base64.b64encode(zlib.compress(use.tobytes(), 9)).decode()


def _scores(fold: FoldModel, folds: Folds) -> dict[str, float]:
    """The scores of the network on the held-out rows."""
    y = folds.y[folds.splits[0][1]]
    p = fold.predict_matrix(folds.features(fold.features.encoding, 0)[2])
    if folds.classes:
        return {"accuracy": accuracy_score(y, p.argmax(axis=1)), "log loss": mean_log_loss(y, p)}
    return {"R2": float(r2_score(y, p)), "root mean squared error": float(np.sqrt(np.mean((y - p) ** 2)))}


def _class_weights(net: Any, y: np.ndarray, classes: int) -> list[float] | None:
    """Return the weight of each class, given the training rows' classes; None if all are equal."""
    if getattr(net, "class_weight", None) is None:
        return None
    weights = np.ones(classes)
    weights[y] = weight_of_rows(net.class_weight, net.classes_, np.searchsorted(net.classes_, y), np.ones(len(y)))
    return weights.tolist()


def _epochs(net: MLP) -> int:
    """The number of epochs: with early stopping that of the best epoch, whose weights the network has."""
    losses = net.history_.get("val_loss")
    return losses.index(min(losses)) + 1 if losses else net.epochs


def _numbers(markers: Sequence[str]) -> list[float]:
    """Return the markers of missing values that are numbers."""
    return [float(marker) for marker in markers if _is_number(marker)]


def _is_number(text: str) -> bool:
    """Whether a text is a number as a table of numbers has it."""
    try:
        return number_text(float(text)) == text
    except ValueError:
        return False


class _Code(str):
    """An expression, written as it is."""


def _array(values: np.ndarray) -> _Code:
    """An array as an expression."""
    return _Code(f"np.array({_literal(values.tolist())})")


def _literal(value: Any) -> str:
    """Return a value as Python code, on several lines if it is long."""
    if isinstance(value, _Code):
        return value
    text = pformat(value, width=110, compact=True, sort_dicts=False)
    return text if '"' in text else text.replace("'", '"')
