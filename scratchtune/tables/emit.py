"""The best network of a search as a script in Keras or PyTorch, which runs without scratchtune.

The script reads the same file, encodes and scales the same rows by what was fitted here, trains the same network, and
prints its scores beside ours. `emit_template` holds its text; here are the values in it, which also decide on the lines
that it needs.
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
from typing import Any, cast

import numpy as np

from scratchtune import checks
from scratchtune.estimators.class_weights import weight_of_rows
from scratchtune.metrics import accuracy_score, r2_score
from scratchtune.tables.emit_template import TEMPLATE
from scratchtune.tables.encoded_columns import Categories, Numbers
from scratchtune.tables.families import FAMILY, own_arguments
from scratchtune.tables.goal import LEAST, mean_log_loss
from scratchtune.tables.layers import CategoryEmbedding, PiecewiseEmbedding
from scratchtune.tables.members import FoldModel, Folds
from scratchtune.tables.prepared import Prepared
from scratchtune.tables.reading.columns import Dates, number_text
from scratchtune.tables.reading.notation import MISSING
from scratchtune.tables.target_scale import LINEAR
from scratchtune.tables.wording import option

NAMES = {  # of what has another name in each framework
    "torch": {
        "FRAMEWORK": "PyTorch", "LAYER": "nn.Module", "MODEL": "nn.Module", "CALL": "forward", "OPS": "torch",
        "MATH": "np", "LIST": "nn.ParameterList", "MODULES": "nn.ModuleList", "DROPOUT": "nn.Dropout",
        "CONCATENATE": "torch.cat", "SET_SEED": "torch.manual_seed", "REPEAT": "x[:, None].expand(-1, MEMBERS, -1)",
        "BINS": "torch.tensor(BINS, dtype=x.dtype)"},
    "keras": {
        "FRAMEWORK": "Keras", "LAYER": "keras.layers.Layer", "MODEL": "keras.Model", "CALL": "call", "OPS": "ops",
        "MATH": "ops", "LIST": "list", "MODULES": "list", "DROPOUT": "keras.layers.Dropout",
        "CONCATENATE": "ops.concatenate", "SET_SEED": "keras.utils.set_random_seed",
        "REPEAT": "ops.repeat(x[:, None], MEMBERS, axis=1)", "BINS": "ops.convert_to_tensor(BINS, x.dtype)"}}
ACTIVATIONS = {  # of PyTorch
    "linear": "nn.Identity()", "relu": "nn.ReLU()", "leaky_relu": "nn.LeakyReLU(0.2)", "elu": "nn.ELU()",
    "gelu": "nn.GELU()", "sigmoid": "nn.Sigmoid()", "tanh": "nn.Tanh()", "softmax": "nn.Softmax(dim=-1)"}
SCALINGS = {
    "standard": "Minus the mean, divided by the standard deviation.", "minmax": "The range becomes 0 to 1.",
    "robust": "Minus the median, divided by the quartile range, and smoothly clipped to (-3, 3).",
    "quantile": "To a normal distribution: the normal quantile of the share of the rows below a number.",
    None: "Unchanged."}
KINDS = {".npz": "npz", ".parquet": "parquet", ".xlsx": "excel"}  # of files; any other is CSV
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y-%m", "%d.%m.%Y", "%d.%m.%y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y",
        "%d-%b-%y", "%d %b %y", "%d %B %y", "%d-%B-%Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y", "%b. %d, %Y")
EITHER = {"dmy": ("%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y"), "mdy": ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y"), None: ()}
CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M%p", "%I:%M:%S %p")
TIMES = ["", *map("".join, product((" ", "T", ", "), CLOCKS, ("", "%z", " %z", " UTC")))]
THOUSANDS = {" ": " \u00a0\u202f", "'": "'\u2019", ".": ".", ",": ",", None: ""}


def script(framework: str, model: Any, prepared: Prepared) -> str:
    """Return the script for "keras" or "torch": the best network of the search of a fitted model.

    It trains on the training rows of a prepared table and is scored on its test rows; without these, on those of the
    first fold. The network is trained here once on the same rows, for the scores to compare with.

    Raises
        ValueError if no network was tried, or a hyper-parameter has no counterpart.
    """
    checks.choice("framework", framework, NAMES)
    if model.best_network_ is None:
        raise ValueError("the search has tried no network; give it more trials or time, or "
                         f"{option('families', 'network')}")
    params, trial = {FAMILY: "network", **model.best_network_["params"]}, model.best_network_["number"]
    check_space_written([framework], own_arguments("network", params))
    folds, path = _folds(model, prepared), prepared.source
    fold = folds.fold_model(params, 0, model.seed_, None)
    net, inputs = fold.estimator, _inputs(fold, prepared)
    values = {"file": path, **_reading(prepared), **_network(fold, folds), **inputs, **_scaling(fold, inputs["order"]),
              "scores": _scores(fold, folds)}
    parts = {framework, *_source(path), *(part for *_, found in inputs["dates"].values() for part in found)}
    parts |= {name for name, value in values.items() if value}
    parts |= {f"{name}={value}" for name, value in values.items() if isinstance(value, str)}
    names = {**{name: _literal(value) for name, value in values.items()}, **NAMES[framework],
             "title": Path(path).name.translate({34: "'", 92: "/"}) or "a table", "TRIAL": str(trial),
             "SCALING": SCALINGS[net.scale], "LOG": fold.scale.kind, "ROWS": _packed(len(folds.y), *folds.splits[0]),
             "ACTIVATION": {"torch": ACTIVATIONS[net.activation]}.get(framework, f"keras.activations.{net.activation}")}
    return _written(names, parts)


def check_space_written(frameworks: Sequence[str], space: Mapping[str, Any]) -> None:
    """Raise a ValueError if no script can have a hyper-parameter of a space, or of a configuration."""
    rates = space.get("layer_rates", space.get("network_layer_rates"))
    if frameworks and rates is not None:
        raise ValueError(f"layer_rates is {rates!r}, and a script for {' or '.join(frameworks)} has one "
                         "learning rate for all weights; take it out of the space")


def _written(names: Mapping[str, str], parts: set[str]) -> str:
    """Return the template's lines whose marks ask for these parts, with their values."""
    lines, in_block = list[str](), True
    for line in TEMPLATE.splitlines():
        text, _, marks = line.partition("  #? ")
        wanted = all(any((name.strip("!") in parts) != name.startswith("!") for name in mark.split("|"))
                     for mark in marks.split())
        if text[:1].strip():
            in_block = wanted
        if wanted and in_block:
            lines.append(text)
    text = re.sub(r"\n\n+", "\n\n", "\n".join(lines) + "\n")
    text = re.sub(r"(?<!no_grad\(\))\n+(?=@|def |class |# [A-Z]|if __)", "\n\n\n", text)  # not after a decorator
    return Template(re.sub(r"\n(?=    def )", "\n\n", text)).substitute(names)


def _folds(model: Any, prepared: Prepared) -> Folds:
    """One fold: the rows that the network is trained on, and those that it is scored on."""
    classes, training, held_out = len(prepared.target.classes), prepared.training_rows, prepared.test_rows
    folds, _ = model.prepared_folds(prepared, classes)
    if not len(held_out):
        training, held_out = (training[rows] for rows in folds.splits[0])
    return Folds(prepared.table, prepared.y, classes, [(training, held_out)], folds.impute)


# Values of the template -----------------------------------------------------------------------------------------------


def _source(path: str) -> list[str]:
    """The parts that a file needs: its kind, whether gzip has compressed it, whether its first line is sep=.."""
    kind = KINDS.get(Path(path).suffix.lower(), "csv")
    begin = Path(path).read_bytes() if Path(path).is_file() and kind == "csv" else b""
    is_gzip = begin.startswith(b"\x1f\x8b")
    begin = gzip.decompress(begin) if is_gzip else begin
    return [kind, *["gzip"] * is_gzip, *["sep"] * begin[:7].removeprefix(b"\xef\xbb\xbf").startswith(b"sep=")]


def _reading(prepared: Prepared) -> dict[str, Any]:
    """How the file is read, and its target."""
    reading, classes = prepared.reading, prepared.target.classes
    return {"target": prepared.target.name, "classes": list(classes), "outputs": len(classes) or 1,
            "digits": bool(classes) and all(map(_is_number, classes)), "delimiter": reading.delimiter or ",",
            "missing": sorted({*MISSING, *(marker.lower() for marker in reading.missing)}),
            "missing_numbers": [float(marker) for marker in reading.missing if _is_number(marker)],
            "thousands": THOUSANDS[reading.thousands], "comma": reading.decimal == ",", "numeric": reading.numeric}


def _network(fold: FoldModel, folds: Folds) -> dict[str, Any]:
    """The arguments of a fitted network, with those that it has chosen itself."""
    net, y = fold.estimator, folds.y[folds.splits[0][0]]
    losses = net.history_.get("val_loss")  # of early stopping, which keeps the weights of the best epoch
    found = {**net.get_params(deep=False), "units": net.hidden_units(), "seed": net.seed_ % 2**32, "rows": len(y),
             "members": net.members if net.members > 1 else 0, "weight_decay": net.weight_decay_,
             "epochs": losses.index(min(losses)) + 1 if losses else net.epochs, "least": float(f"{LEAST:.6g}")}
    if found.get("class_weight") is not None:
        weights = np.ones(folds.classes)
        codes = np.searchsorted(net.classes_, y)
        weights[y] = weight_of_rows(net.class_weight, net.classes_, codes, np.ones(len(y)))
        found["class_weight"] = weights.tolist()
    return found


def _inputs(fold: FoldModel, prepared: Prepared) -> dict[str, Any]:
    """What is fitted to each column, and the order of the numeric features in which the script has them."""
    net, start, order = fold.estimator, 0, (list[int](), list[int]())  # of numbers, then of dates
    numbers, dates, texts, vectors = dict[str, Any](), dict[str, Any](), dict[str, Any](), dict[str, Any]()
    layer = next((layer for layer in net.model_.layers if isinstance(layer, CategoryEmbedding)), None)
    sizes = iter(layer.sizes if layer else ())
    for name, one in fold.features.columns.items():
        stop = start + len(one.suffixes)
        if isinstance(one, Categories):
            (vectors if next(sizes) else texts)[name] = one.texts
        elif isinstance(one, Numbers):
            numbers[name] = one.fill, one.indicator
            order[0].extend(range(start, stop))
        else:
            parts = {part: values if part in one.one_hot else tuple(values) for part, values in one.parts.items()}
            forms = date_forms(name, cast(Dates, prepared.table.column(name)))
            dates[name] = forms, one.fill, one.indicator, one.first, parts
            order[1].extend(range(start, stop))
        start = stop
    columns = [*order[0], *order[1]]
    embedding = net.numeric_embedding if columns else None
    own_layers = embedding or vectors or net.members > 1 or net.parametric_activation or net.scaling_layer
    return {"numbers": numbers, "dates": dates, "texts": texts, "vectors": vectors, "order": columns,
            "columns": len(columns), "numeric_embedding": embedding, "own_layers": bool(own_layers)}


def _scaling(fold: FoldModel, order: list[int]) -> dict[str, Any]:
    """The fitted scales of the numeric inputs and of the target, and the bins of a piecewise embedding."""
    net, scaler, found = fold.estimator, fold.estimator.scaler_, dict[str, Any]()
    found["log"] = "" if fold.scale.kind == LINEAR else fold.scale.kind
    found["log_range"] = fold.scale.low, fold.scale.high
    center, factor = _affine(getattr(net, "target_scaler_", None), [0])
    found["y_scaling"] = center[0], 1.0 / factor[0]
    found["center"], found["factor"] = _affine(None if net.scale == "quantile" else scaler, order)
    found["quantiles"] = [_landmarks(*pair) for pair in zip(scaler.quantiles_.T[order], scaler.scores_.T[order],
                                                             strict=True)] if net.scale == "quantile" else []
    layer = next((layer for layer in net.model_.layers if isinstance(layer, PiecewiseEmbedding)), None)
    if layer is not None:  # its columns are the numeric ones in the order of the features
        places = np.argsort(np.argsort(order))
        found["bins"] = np.reshape(layer.reals(), (2, len(order), -1))[:, places].tolist()
    return {"bins": [], **found}


def _affine(scaler: Any, order: list[int]) -> tuple[list[float], list[float]]:
    """Return c and f of a scaler that computes (x - c) f; of none, no numbers for X, and 0 and 1 for a target."""
    if scaler is None:
        return ([0.0], [1.0]) if order == [0] else ([], [])
    if hasattr(scaler, "center_"):
        found = scaler.center_, scaler.factor_
    elif hasattr(scaler, "min_"):
        found = -scaler.min_ / scaler.scale_, scaler.scale_
    else:
        found = scaler.mean_, 1.0 / scaler.scale_
    return found[0][order].tolist(), found[1][order].tolist()


def _landmarks(values: np.ndarray, scores: np.ndarray) -> list[list[float]]:
    """Return the different numbers of a column with their normal scores, with digits enough for float32."""
    values, first = np.unique(values, return_index=True)
    return [[float(f"{x:.12g}") for x in values], [float(f"{score:.7g}") for score in scores[first]]]


def _packed(rows: int, training: np.ndarray, held_out: np.ndarray) -> str:
    """Return the use of each row, 1 for training and 2 for held out, compressed, as lines of text."""
    use = np.zeros(rows, np.uint8)
    use[training], use[held_out] = 1, 2
    return base64.encodebytes(zlib.compress(use.tobytes(), 9)).decode()


def _scores(fold: FoldModel, folds: Folds) -> dict[str, float]:
    """The scores of the network on the held-out rows."""
    y = folds.y[folds.splits[0][1]]
    p = fold.predict_matrix(folds.features(fold.features.encoding, 0)[2])
    if folds.classes:
        return {"accuracy": accuracy_score(y, p.argmax(axis=1)), "log loss": mean_log_loss(y, p)}
    return {"R2": float(r2_score(y, p)), "root mean squared error": float(np.sqrt(np.mean((y - p) ** 2)))}


def date_forms(name: str, column: Dates) -> list[str]:
    """Return forms for `datetime.strptime` that read the texts of a column of dates as it was read.

    Raises
        ValueError if there is no form for a text.
    """
    forms = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]  # those of Parquet, Excel and NumPy
    left = {text: day for text, day in zip(column.texts, column.days, strict=True) if day == day}
    left = {text: day for text, day in left.items() if not any(_reads(form, text, day) for form in forms)}
    while left:
        text, day = next(iter(left.items()))
        known = (date + time for date in (*DAYS, *EITHER[column.order]) for time in TIMES)
        form = next((form for form in known if _reads(form, text, day)), None)
        if form is None:
            raise ValueError(f"column {name!r} holds the date {text!r}, which no form of Python's strptime reads; "
                             "leave the column out, or write its dates as 2020-12-31")
        forms.append(form)
        left = {text: day for text, day in left.items() if not _reads(form, text, day)}
    return forms


def _reads(form: str, text: str, day: float) -> bool:
    """Whether a form reads a text as this day."""
    try:
        date = datetime.strptime(text, form)
    except ValueError:
        return False
    return abs(date.replace(tzinfo=date.tzinfo or UTC).timestamp() / 86_400 - day) < 1e-6


def _is_number(text: str) -> bool:
    """Whether a text is a number as a table of numbers has it."""
    try:
        return number_text(float(text)) == text
    except ValueError:
        return False


def _literal(value: Any) -> str:
    """Return a value as Python code, on several lines if it is long."""
    text = pformat(value, width=100, compact=True, sort_dicts=False)
    return text if '"' in text else text.replace("'", '"')
