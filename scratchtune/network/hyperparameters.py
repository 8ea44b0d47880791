"""Which argument a hyper-parameter's name sets: of the optimizer, of fit, of the penalty, or of the hidden layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scratchtune import checks
from scratchtune.network.layers.activation import Activation
from scratchtune.network.layers.base import Layer
from scratchtune.network.optimizers import Optimizer
from scratchtune.network.penalties import L1L2

FIT_ARGUMENTS = ("batch_size", "epochs", "class_weight", "shuffle", "validation_split")
LAYER_ARGUMENTS = {"dropout": "rate", "units": "units", "activation": "activation"}  # of all hidden layers that have it


def configure(
    params: Mapping[str, Any], layers: list[Layer], optimizer: Optimizer, penalty: L1L2,
) -> tuple[list[Layer], Optimizer, L1L2, dict[str, Any]]:
    """Return fresh layers, an optimizer and a penalty with hyper-parameters set by name, and the arguments of fit.

    A name is looked up among the arguments of the optimizer, then of fit, then of the penalty (l1, l2), then dropout,
    units and activation, which are set in all hidden layers that have them. An unknown name is a ValueError.
    """
    layers = list(layers)
    of_optimizer, of_fit, of_penalty = dict[str, Any](), dict[str, Any](), dict[str, Any]()
    for name, value in params.items():
        if name in optimizer.arguments():
            of_optimizer[name] = value
        elif name in FIT_ARGUMENTS:
            of_fit[name] = checks.integer(name, value, 1) if name in ("batch_size", "epochs") else value
        elif name in ("l1", "l2"):
            of_penalty[name] = value
        elif not (name in LAYER_ARGUMENTS and _set_in_layers(layers, LAYER_ARGUMENTS[name], value)):
            known = _known(layers, optimizer)
            meant = checks.nearest(name, known) or f"; its parameters are {', '.join(known)}"
            raise ValueError(f"parameter {name!r} is unknown to this model{meant}")
    if of_penalty:
        penalty = L1L2(**{"l1": penalty.l1, "l2": penalty.l2, "biases": penalty.biases, **of_penalty})
    return layers, optimizer.fresh(**of_optimizer), penalty, of_fit


def _set_in_layers(layers: list[Layer], argument: str, value: Any) -> bool:
    """Set an argument of all hidden layers that have it; False if none has."""
    having = [i for i, layer in enumerate(_hidden(layers)) if argument in layer.arguments()]
    if argument == "activation":
        having = [i for i in having if isinstance(layers[i], Activation) or not _is_followed_by_activation(layers, i)]
    for i in having:
        layers[i] = layers[i].fresh(**{argument: value})
    return bool(having)


def _hidden(layers: list[Layer]) -> list[Layer]:
    """The layers before the output layer, which is the last one that has units or filters."""
    with_units = [i for i, layer in enumerate(layers) if {"units", "filters"} & set(layer.arguments())]
    return layers[: with_units[-1] if with_units else len(layers) - 1]


def _is_followed_by_activation(layers: list[Layer], i: int) -> bool:
    """Whether an `Activation` follows layer i before the next layer with units or filters does."""
    for layer in layers[i + 1 :]:
        if isinstance(layer, Activation):
            return True
        if {"units", "filters"} & set(layer.arguments()):
            break
    return False


def _known(layers: list[Layer], optimizer: Optimizer) -> list[str]:
    """Return the names that this model accepts."""
    hidden = {argument for layer in _hidden(layers) for argument in layer.arguments()}
    in_layers = [name for name, argument in LAYER_ARGUMENTS.items() if argument in hidden]
    return [*optimizer.arguments(), *FIT_ARGUMENTS, "l1", "l2", *in_layers]
