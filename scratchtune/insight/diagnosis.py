"""Diagnosis of a training from its curves, weights and activations, with the remedy to try first.

Each finding is a rule with a threshold; the thresholds were chosen on the development cases of benchmarks/diagnosis.py
and evaluated on its other cases.

Implements section 9.3 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchtune.core import checks, protocol
from scratchtune.core.network.layers.activation import Activation
from scratchtune.core.network.layers.base import Layer
from scratchtune.core.network.sequential import Sequential
from scratchtune.insight.findings import RULES, SHORTEST, Activity, Finding, Observed, at_end, not_finite

MOST_ROWS = 1000  # rows on which the network is run at most, which bounds the time
EDGES = {"tanh": (-0.97, 0.97), "sigmoid": (0.03, 0.97)}  # outside, the gradient is below 6 % and 12 % of its maximum
SMALLEST = np.finfo(float).tiny


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What `diagnose` found, in the order in which to act on it; ``notes`` say what could not be evaluated."""

    findings: list[Finding]
    epochs: int = 0
    notes: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether there are enough epochs to tell, and nothing was found."""
        return not self.findings and self.epochs >= SHORTEST

    @property
    def names(self) -> list[str]:
        """The names of the findings, in their order."""
        return [finding.name for finding in self.findings]

    def __repr__(self) -> str:
        if self.findings:
            lines = [str(finding) for finding in self.findings]
        elif self.healthy:
            lines = [f"healthy: no rule found a problem in {checks.counted(self.epochs, 'epoch')}."]
        else:
            lines = ["cannot say: no rule found a problem, but most rules need the curves of a longer training."]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])


def diagnose(history: Any, X: Any = None, y: Any = None, baseline: float | None = None) -> Diagnosis:
    """Return what the curves of a training show, and, where there is a network, its weights and activations.

    history: what `Sequential.fit` or Keras's `fit` returns, a dict of lists (one value per epoch; "loss" is needed,
    "val_loss", "accuracy" and "val_accuracy" are used), or a fitted `MLPClassifier`, `MLPRegressor` or `Sequential`. A
    `Sequential` does not keep its curves, so pass its history to have both evaluated.
    X: rows (n, ...), unscaled for an estimator: dead and saturated units are counted on them.
    y: their targets; with them the loss of the best constant prediction is computed, with which losses are compared.
    baseline: that loss, if it is known; a translator's or recogniser's History has it. Else, without y, it is the
    logarithm of the number of classes; for the regression of an estimator, whose targets are scaled, it is 1; else it
    is the largest training loss.

    A TypeError or ValueError where the history is none, lacks "loss", or X does not fit the network.

    >>> print(diagnose({"loss": [2.3, float("nan")]}).names)
    ['diverged']
    """
    reference = None if baseline is None else checks.real("baseline", baseline, 0.0, open_low=True)
    curves, diverged = _recorded(history)
    model, estimator = _network(history)
    rows = None if X is None else _rows(model, estimator, X)
    guessing = getattr(history, "guessing", None) if reference is None else None
    if reference is None:
        reference = guessing or _reference(model, estimator, None if y is None else np.asarray(y), rows)
    broken = not_finite(curves, diverged, None if model is None else model.theta)
    if broken is not None:
        return Diagnosis([broken], len(curves.get("loss", ())))
    loss, val_loss = curves.get("loss", np.array([])), curves.get("val_loss")
    scale = max(float(loss.max(initial=0.0)) if reference is None else reference, SMALLEST)
    accuracies = [at_end(curves[name]) if name in curves else np.nan for name in ("accuracy", "val_accuracy")]
    penalty = any(getattr(getattr(model, "penalty", None), name, 0.0) for name in ("l1", "l2"))
    seen = Observed(
        loss / scale, None if val_loss is None else val_loss / scale, (accuracies[0], accuracies[1]), scale,
        reference is not None, guessing is not None, [] if model is None or rows is None else _activities(model, rows),
        penalty, _moved(model))
    found: list[Finding] = []
    for rule in RULES:
        finding = rule.finding(seen)
        if finding is not None and not any(finding.name in other.explains for other in found):
            found.append(finding)
    return Diagnosis(found, seen.epochs, _notes(seen, model, X))


def _recorded(history: Any) -> tuple[dict[str, np.ndarray], bool]:
    """The curves, none for a Sequential, and whether the training is known to have diverged."""
    if isinstance(history, Sequential):
        return {}, False
    if isinstance(history, protocol.Parameters) and hasattr(history, "epochs"):  # an estimator of a network
        if not hasattr(history, "history_"):
            raise protocol.not_fitted(history)
        return (_read(history.history_), False) if history.history_ else ({}, True)
    curves = history if isinstance(history, Mapping) else getattr(history, "history", None)
    if isinstance(curves, Mapping):
        return _read(curves), bool(getattr(history, "diverged", False))
    raise TypeError(f"history is a {type(history).__name__}; it must be the History that fit returns, a dict of lists, "
                    "or a fitted MLPClassifier, MLPRegressor or Sequential")


def _read(history: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The curves of a dict, (epochs,), checked; NaN and infinity are allowed, since a diverged loss has them."""
    curves = {str(name): _curve(name, values) for name, values in history.items()}
    if "loss" not in curves:
        known = ", ".join(map(repr, curves)) or "nothing"
        raise ValueError(f"history has {known}; it must have 'loss', the training loss of each epoch")
    epochs = len(curves["loss"])
    if not epochs:
        raise ValueError("history['loss'] is empty; it must have a value for each epoch")
    for name, values in curves.items():
        if len(values) != epochs:
            raise ValueError(f"history[{name!r}] has {len(values)} values and history['loss'] has {epochs}; each must "
                             "have one for each epoch")
    return curves


def _curve(name: object, values: Any) -> np.ndarray:
    wrong = f"history[{name!r}] is {values!r}; it must be a list of numbers, one for each epoch"
    try:
        curve = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise TypeError(wrong) from None
    if curve.ndim != 1:
        raise ValueError(wrong)
    if name in ("loss", "val_loss") and (curve < 0.0).any():
        epoch = int((curve < 0.0).argmax())
        raise ValueError(f"history[{name!r}] holds {curve[epoch]:g} in epoch {epoch + 1}; every loss must be at least "
                         "0, since the rules compare ratios of losses")
    return curve


def _network(history: Any) -> tuple[Sequential | None, Any]:
    """The network that was trained, and the estimator that it belongs to, where there are any."""
    if isinstance(history, protocol.Parameters):
        return history.model_, history  # type: ignore[attr-defined]
    model = history if isinstance(history, Sequential) else getattr(history, "model", None)
    if not isinstance(model, Sequential):  # such as one of Keras
        return None, None
    model.program  # noqa: B018 - raises where there are no weights yet
    return model, None


def _rows(model: Sequential | None, estimator: Any, X: Any) -> np.ndarray:
    """X as the network receives it: checked, and scaled by an estimator's scaler."""
    if model is None:
        raise ValueError("X is given, and there is no network of scratchtune to run on it, only curves; pass the "
                         "History, the estimator or the Sequential instead, or omit X")
    if estimator is None:
        return checks.matrix("X", X)
    rows = protocol.features(estimator, X, fitting=False)
    scaler = getattr(estimator, "scaler_", None)
    return np.asarray(rows if scaler is None else scaler.transform(rows))


def _reference(
    model: Sequential | None, estimator: Any, y: np.ndarray | None, rows: np.ndarray | None,
) -> float | None:
    """The loss of the best constant prediction, or None where it is unknown."""
    if model is None or model.optimizer is None:
        return None
    if estimator is not None and estimator.kind == "regressor":
        return 1.0 if estimator.scale not in (None, "minmax") else None  # the variance of standardised targets
    if y is None:
        classes = {"categorical_crossentropy": max(model.output_shape[-1], 2), "binary_crossentropy": 2}
        return float(np.log(classes[model.loss.name])) if model.loss.name in classes else None
    if rows is not None and len(y) != len(rows):
        raise ValueError(f"y has {len(y)} rows and X has {len(rows)}; they must be equal in number")
    return _constant_loss(model.loss.name, y) or None


def _constant_loss(loss: str, y: np.ndarray) -> float | None:
    """The mean loss of the best constant prediction of y: an entropy, or the variance; None for other losses.

    y has labels (n,) or (n, 1), one-hot rows (n, outputs), or values (n,) or (n, outputs).
    """
    if loss == "mean_squared_error":
        return float(np.var(y.reshape(len(y), -1), axis=0).mean())
    if "crossentropy" not in loss:
        return None
    are_shares = loss == "binary_crossentropy" and y.dtype.kind in "fiub" and 0.0 <= y.min() <= y.max() <= 1.0
    if y.shape[1:] == (1,) and not are_shares:
        y = y[:, 0]
    shares = np.unique(y, return_counts=True)[1] / len(y) if y.ndim == 1 else y.mean(axis=0)
    if y.ndim == 2 and loss == "binary_crossentropy":
        shares = np.stack([shares, 1.0 - shares])  # of each output
    return float(np.mean(-(shares * np.log(np.maximum(shares, SMALLEST))).sum(axis=0)))


def _moved(model: Sequential | None) -> float | None:
    """How far the weights are from those that the model's seed draws, as a share of their norm; None without them."""
    if model is None:
        return None
    initial = model.fresh()
    initial.build((None, *model.input_shape))
    return float(np.linalg.norm(model.theta - initial.theta) / max(float(np.linalg.norm(initial.theta)), 1e-12))


def _notes(observed: Observed, model: Sequential | None, X: Any) -> tuple[str, ...]:
    """Sentences on what could not be evaluated."""
    notes = []
    if not observed.epochs:
        notes.append("a Sequential keeps no curves; pass the History that fit returned to have them evaluated.")
    elif observed.epochs < SHORTEST:
        notes.append(f"the curves have {checks.counted(observed.epochs, 'epoch')}; at least {SHORTEST} are needed to "
                     "see more than a divergence.")
    elif observed.val_loss is None:
        notes.append("there is no val_loss, so overfitting cannot be seen; give fit validation_data.")
    if model is not None and X is None:
        notes.append("dead and saturated units are counted if X= is given.")
    return tuple(notes)

def _activities(model: Sequential, X: np.ndarray) -> list[Activity]:
    """What each hidden layer with an activation does on X, (n, ...), in evaluation mode; at most 1,000 rows of it.

    The rows are evenly spaced in X, so that they are of all classes where X is sorted by class.
    """
    X = X[np.unique(np.linspace(0, len(X) - 1, min(len(X), MOST_ROWS)).astype(int))]
    names = [_activation_of(layer) for layer in model.layers]
    last = max((k for k, layer in enumerate(model.layers) if names[k] != "linear" or hasattr(layer, "units")),
               default=0)
    return [_activity(model, depth, name, X) for depth, name in enumerate(names[:last], 1) if name != "linear"]


def _activation_of(layer: Layer) -> str:
    """The name of a layer's activation, "linear" if it has none."""
    if isinstance(layer, Activation):
        return layer.name
    return getattr(getattr(layer, "activated", None), "name", "linear")


def _activity(model: Sequential, depth: int, name: str, X: np.ndarray) -> Activity:
    """What the last of the first ``depth`` layers, with the activation ``name``, does on X, run as a network."""
    part = Sequential([layer.fresh() for layer in model.layers[:depth]], model.dtype, model.seed)
    part.build((None, *model.input_shape))
    if part.theta.size:
        part.theta = model.theta[: part.theta.size]  # the first layers come first in theta
    part.program.state[:] = model.program.state[: part.program.state.size]
    outputs = part.predict(X)
    by_unit = outputs.reshape(-1, outputs.shape[-1]).astype(np.float64)
    dead = float((by_unit <= 0.0).all(axis=0).mean()) if name == "relu" else 0.0
    low, high = EDGES.get(name, (-np.inf, np.inf))
    return Activity(f"{type(model.layers[depth - 1]).__name__} {depth}", name, by_unit.shape[1], dead,
                    float(((by_unit < low) | (by_unit > high)).mean()), float(by_unit.std(axis=0).mean()))
