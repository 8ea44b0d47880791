"""One row for each layer: a stack with it, for small inputs. A new layer gets a row, and test_every_layer.py tests it.

``python zoo.py FILE`` computes all rows; with NUMBA_DISABLE_JIT=1 in plain Python, which needs no compiler.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import scratchtune as st
from scratchtune import jit
from scratchtune.core.network import engine
from scratchtune.core.network.program import build_layers, wire
from scratchtune.core.network.random_numbers import random_bits
from scratchtune.sequences.encoder_decoder import EncoderDecoder
from scratchtune.tables.layers.batch_ensemble import BatchEnsembleDense, MemberDense, MemberMean, RepeatMembers
from scratchtune.tables.layers.category_embedding import CategoryEmbedding
from scratchtune.tables.layers.number_embeddings import PeriodicEmbedding, PiecewiseEmbedding
from scratchtune.tables.layers.parametric_activation import ParametricActivation

KEY, OTHER_KEY = np.uint64(20), np.uint64(21)


class Run(NamedTuple):
    """What layers make of x, and, of a given dJ/dy, of the gradients."""

    y: np.ndarray
    dx: np.ndarray
    dtheta: np.ndarray
    state: np.ndarray
    key: Any  # what the first layer's kernels got


def run_layers(
    layers: Sequence[st.Layer], x: np.ndarray, dy: np.ndarray | None = None, training: bool = True, theta: Any = None,
    state: Any = None, key: Any = KEY,
) -> Run:
    """One forward and one backward pass through layers after an identity layer, so that dx is computed too."""
    layers = [st.Activation("linear"), *(layer.fresh() for layer in layers)]
    shape = build_layers(layers, x.shape[1:])
    stages = [stage for layer in layers for stage in layer.stages()]
    wire(stages)
    own = engine.aligned(sum(engine.parameter_count(stage) for stage in stages), x.dtype)
    first = [number for stage in stages for number in stage.state()]
    kept = engine.aligned(len(first), x.dtype)
    own[:] = 0.0 if theta is None else np.concatenate([np.ravel(part) for part in theta])
    kept[:] = first if state is None else np.concatenate([np.ravel(part) for part in state])
    for stage in stages:
        stage.needs_input_grad = True
        jit.prepare([jit.kernel_job(kernel, x.dtype) for kernel in (stage.forward, stage.backward)])
    network, n = engine.build_network(stages, own, kept, len(x)), len(x)
    engine.matrix(network.values, network.at, 0, n)[:] = x.reshape(n, -1)
    engine.forward_pass(network, 0, len(stages), n, training, 0, key)
    y = engine.matrix(network.values, network.at, len(stages), n).reshape(n, *shape).copy()
    value_grads = engine.matrix(network.value_grads, network.at, len(stages), n)
    value_grads[:] = 0.0 if dy is None else dy.reshape(n, -1)
    engine.backward_pass(network, len(stages), n, training, 0, key)
    dx = engine.matrix(network.value_grads, network.at, 1, n).reshape(x.shape).copy()
    return Run(y, dx, network.gradient.copy(), kept, np.uint64(random_bits(key, np.uint64(1))))


def wrong_gradient(
    layers: Sequence[st.Layer], x: np.ndarray, theta: np.ndarray, dy: np.ndarray, training: bool, state: Any = None,
) -> float:
    """How far dx and dtheta are from central differences of the sum of dy * y, along five random directions each.

    Relative to the largest gradient, or to 1. What is 0 in x, as padding is, stays 0.
    """
    rng, step, errors = np.random.default_rng(2), 1e-6, [0.0]
    found = run_layers(layers, x, dy, training, [theta], state)
    for given, gradient in ((x, found.dx), (theta, found.dtheta)):
        for _ in range(5 if given.size else 0):
            direction = rng.normal(size=given.shape) * ((given != 0.0) if given is x else 1.0)
            start, ends = given.copy(), []
            for length in (step, -step):
                given[...] = start + length * direction
                ends.append((run_layers(layers, x, None, training, [theta], state).y * dy).sum())
            given[...] = start
            error = (ends[0] - ends[1]) / (2 * step) - (gradient * direction).sum()
            errors.append(abs(error) / max(1.0, abs(gradient).max()))
    return float(np.max(errors))  # NaN, if one is


class Row(NamedTuple):
    """Layers, and the shape of a sample: random numbers, or integers below ``codes`` plus 1/2, which no step changes.

    With ``padding`` the second sample has zeros from its second step on. ``compiled`` names the types in which the
    plain run compares compiled kernels with plain Python, as it does for most of the core's; CI does so for all.
    """

    layers: Callable[[], list[Any]]
    shape: tuple[int, ...]
    compiled: tuple[str, ...] = ()
    codes: int = 0
    padding: bool = False

    def case(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Three rows of inputs, theta, and dJ/dy."""
        layers, rng = self.layers(), np.random.default_rng(0)
        shape = build_layers(layers, self.shape)
        size = sum(engine.parameter_count(stage) for layer in layers for stage in layer.stages())
        x = rng.integers(0, self.codes, (3, *self.shape)) + 0.5 if self.codes else rng.normal(size=(3, *self.shape))
        if self.padding and self.codes:
            x[0] = np.maximum(x[0], 1.5)
        if self.padding:
            x[1, 1:] = 0.5 if self.codes else 0.0
        return x, rng.normal(size=size), rng.normal(size=(3, *shape))

    def run(self, training: bool, dtype: str = "float64", key: Any = KEY) -> Run:
        """What the layers compute."""
        x, theta, dy = (array.astype(dtype) for array in self.case())
        return run_layers(self.layers(), x, dy, training, [theta], key=key)

    def wrong(self, training: bool) -> float:
        """`wrong_gradient` of these layers."""
        x, theta, dy = self.case()
        return wrong_gradient(self.layers(), x, theta, dy, training)

    def is_kept_in_files(self, path: Path) -> bool:
        """Whether copies and a file have the same classes, arguments, weights and state."""
        model = st.Sequential(self.layers(), "float64", seed=3)
        model.build((None, *self.shape))
        model.save(path)
        loaded = st.load_model(path)
        stacks = (self.layers(), model.layers, [layer.fresh() for layer in model.layers], loaded.layers)
        given, *others = (json.dumps([[type(layer).__name__, layer.config] for layer in layers], default=repr)
                          for layers in stacks)  # a file holds tuples as lists
        pairs = zip(loaded.get_weights(), model.get_weights(), strict=True)
        return others == [given] * 3 and all((a == b).all() for a, b in pairs)


def _pairs(structure: str, attention: str | None) -> Callable[[], list[Any]]:
    """An encoder-decoder for two source tokens of 5 and up to three target tokens of 4."""
    return lambda: [EncoderDecoder(5, 4, 2, structure, attention, 4, 4, 1, 2, 0.3)]


def _masked(*layers: st.Layer) -> Callable[[], list[Any]]:
    return lambda: [st.Embedding(5, 2, mask_zero=True), *layers]


L = st.layers
WIDE, SINGLE, BOTH, LATER = ("float64",), ("float32",), ("float32", "float64"), ()
ROWS = {
    "Activation": Row(lambda: [st.Activation("tanh")], (4,), SINGLE),
    "AdditiveAttention": Row(lambda: [st.AdditiveAttention()], (3, 2)),
    "AdditiveAttention, masked": Row(_masked(st.AdditiveAttention(use_causal_mask=True)), (3,), LATER, 5, True),
    "Attention": Row(lambda: [st.Attention(use_causal_mask=True)], (3, 2)),
    "Attention, masked": Row(_masked(st.Attention()), (3,), LATER, 5, True),
    "AveragePooling2D": Row(lambda: [st.AveragePooling2D((2, 3), 2, "same")], (3, 4, 2)),
    "BatchEnsembleDense": Row(lambda: [BatchEnsembleDense(2)], (3, 4)),
    "BatchNormalization": Row(lambda: [st.BatchNormalization()], (3,), WIDE),
    "BatchNormalization, images": Row(lambda: [st.BatchNormalization()], (2, 2, 3), LATER),
    "Bidirectional": Row(lambda: [st.Bidirectional(st.GRU(2, True))], (3, 2)),
    "Bidirectional, masked": Row(_masked(st.Bidirectional(st.LSTM(2))), (3,), LATER, 5, True),
    "CategoryEmbedding": Row(lambda: [CategoryEmbedding([2, 0], [2, 3], 2, 2)], (3,), LATER, 4),
    "Conv1D": Row(lambda: [st.Conv1D(3, 2, 2, "same")], (5, 2)),
    "Conv2D": Row(lambda: [st.Conv2D(3, (2, 3), (1, 2), "same", "tanh")], (4, 3, 2)),
    "Dense": Row(lambda: [st.Dense(3, "sigmoid")], (4,), BOTH),
    "Dense, steps": Row(lambda: [st.Dense(3)], (2, 4), WIDE),
    "Dropout": Row(lambda: [st.Dropout(0.5)], (6,), BOTH),
    "Embedding": Row(lambda: [st.Embedding(5, 3)], (4,), LATER, 5),
    "Flatten": Row(lambda: [st.Flatten()], (2, 2, 2), WIDE),
    "GRU": Row(lambda: [st.GRU(2, True)], (3, 2)),
    "GRU, reset before": Row(lambda: [st.GRU(2, reset_after=False, go_backwards=True)], (3, 2)),
    "GRU, masked": Row(_masked(st.GRU(2)), (3,), LATER, 5, True),
    "GaussianNoise": Row(lambda: [st.GaussianNoise(0.2)], (5,), SINGLE),
    "GlobalAveragePooling2D": Row(lambda: [st.GlobalAveragePooling2D()], (3, 2, 2)),
    "LSTM": Row(lambda: [st.LSTM(2, go_backwards=True)], (3, 2)),
    "LSTM, masked": Row(_masked(st.LSTM(2, True)), (3,), LATER, 5, True),
    "LayerNormalization": Row(lambda: [st.LayerNormalization()], (2, 3), WIDE),
    "Masking": Row(lambda: [L.Masking(), st.Dense(2), st.GRU(2)], (3, 2), padding=True),
    "MaxPooling2D": Row(lambda: [st.MaxPooling2D((2, 3), 2, "same")], (3, 4, 2)),
    "MemberDense": Row(lambda: [MemberDense(2)], (3, 4)),
    "MemberMean": Row(lambda: [MemberMean()], (3, 4)),
    "MemberMean, softmax": Row(lambda: [MemberMean("softmax")], (3, 4)),
    "MultiHeadAttention": Row(lambda: [st.MultiHeadAttention(2, 2, use_causal_mask=True)], (3, 2)),
    "MultiHeadAttention, masked": Row(_masked(st.MultiHeadAttention(1, 2, use_bias=False)), (3,), LATER, 5, True),
    "ParametricActivation": Row(lambda: [ParametricActivation("relu")], (4,)),
    "ParametricActivation, steps": Row(lambda: [ParametricActivation("gelu")], (2, 4), LATER),
    "PeriodicEmbedding": Row(lambda: [PeriodicEmbedding(2, 2, columns=1)], (2,)),
    "PeriodicEmbedding, all columns": Row(lambda: [PeriodicEmbedding(3, 4)], (2,)),
    "PiecewiseEmbedding": Row(lambda: [PiecewiseEmbedding([[0.0, 1.0, 3.0], [-1.0, 0.5], []], 2)], (4,)),
    "RandomFlip": Row(lambda: [st.RandomFlip()], (2, 3, 2)),
    "RandomRotation": Row(lambda: [st.RandomRotation(0.3, "wrap")], (4, 3, 1)),
    "RandomTranslation": Row(lambda: [st.RandomTranslation(0.6, 0.9, "nearest")], (4, 3, 1)),
    "RepeatMembers": Row(lambda: [RepeatMembers(3)], (4,)),
    "Residual": Row(lambda: [L.Residual([st.LayerNormalization(), st.Dense(3, "tanh")])], (2, 3), BOTH),
    "SinusoidalPositions": Row(lambda: [st.SinusoidalPositions()], (3, 2)),
    "SinusoidalPositions, scaled": Row(lambda: [st.SinusoidalPositions(True)], (3, 2)),
    "SpecAugment": Row(lambda: [st.SpecAugment(1, 3, 1, 2, 0.5)], (6, 4)),
    "SpecAugment, masked": Row(lambda: [L.Masking(), st.SpecAugment(1, 3, 1, 2, 1.0)], (4, 3), padding=True),
    "TransformerEncoder": Row(lambda: [st.TransformerEncoder(3, 2, 0.3)], (3, 4)),
    "TransformerEncoder, masked": Row(_masked(st.Dense(4), st.TransformerEncoder(2, 1)), (3,), LATER, 5, True),
    **{f"encoder-decoder, gru, {attention}": Row(_pairs("gru", attention), (5,), LATER, 4, True)
       for attention in ("none", "dot", "additive", "multi_head")},
    "encoder-decoder, lstm": Row(_pairs("lstm", "dot"), (5,), LATER, 4, True),
    "encoder-decoder, transformer": Row(_pairs("transformer", None), (5,), LATER, 4, True),
}


def main(path: str) -> None:
    """Write what each row computes in evaluation and in training, whether its gradients and its files are right."""
    found: dict[str, Any] = {}
    for name, row in ROWS.items():
        print(name)  # the last one is that of an error
        found[f"{name}/kept"] = row.is_kept_in_files(Path(path).with_name("model.npz"))
        for training in (False, True):
            parts = row.run(training)._asdict() | {
                "wrong": row.wrong(training), "other": row.run(training, key=OTHER_KEY).y}
            found |= {f"{name}/{training}/{part}": np.asarray(array) for part, array in parts.items()}
    np.savez(path, **found)


if __name__ == "__main__":
    main(sys.argv[1])
