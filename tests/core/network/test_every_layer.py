"""Every layer of the table in zoo.py: in plain Python, gradients match differences, evaluation draws nothing, and files
are read back; compiled kernels match plain Python; a prediction has the same bits in a batch of any size.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import jit
from scratchtune.core.configured import known_classes
from scratchtune.core.network.activations import ACTIVATIONS
from scratchtune.core.network.program import build_layers

from . import zoo

ROWS = zoo.ROWS


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What each row computes in plain Python, in another process, where nothing is compiled."""
    path = tmp_path_factory.mktemp("plain") / "rows.npz"
    run = subprocess.run([sys.executable, zoo.__file__, str(path)], env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
                         capture_output=True, text=True)
    assert run.returncode == 0, f"the row {run.stdout.splitlines()[-1:]}: {run.stderr}"
    with np.load(path) as found:
        return dict(found)


def test_every_layer_has_a_row() -> None:
    """Those of an encoder-decoder too; what users define has its own tests."""
    layers: list[Any] = []
    for row in ROWS.values():
        built = row.layers()
        build_layers(built, row.shape)  # some layers make their parts then
        layers += [*built, *(stage for layer in built for stage in layer.stages())]
    ours = {name: kind for name, kind in known_classes(st.Layer).items() if kind.__module__.startswith("scratchtune.")}
    assert not {name for name, kind in ours.items() if hasattr(kind, "forward") and not any(
        isinstance(layer, kind) for layer in layers)} - {"Layer", "CachedAttention"}
    found = {"Layer", "Input", *(type(layer).__name__ for layer in layers)}
    assert not {*st.layers.__all__} - found


@pytest.mark.parametrize("name", ROWS)
def test_gradients_are_central_differences(name: str, plain: Any) -> None:
    """In training too, where one key draws the same dropout and noise; along random directions of inputs and theta."""
    for training in (False, True):
        assert plain[f"{name}/{training}/wrong"] < 3e-8


@pytest.mark.parametrize("name", ROWS)
def test_evaluation_draws_nothing_and_leaves_the_state(name: str, plain: Any) -> None:
    row, layers = ROWS[name], ROWS[name].layers()
    build_layers(layers, row.shape)
    state = [number for layer in layers for stage in layer.stages() for number in stage.state()]
    assert plain[f"{name}/False/state"].tolist() == state
    assert (plain[f"{name}/False/other"] == plain[f"{name}/False/y"]).all()


def _of_types(plain_run: bool) -> list[tuple[str, str]]:
    return [(name, dtype) for name, row in ROWS.items() for dtype in zoo.BOTH if (dtype in row.compiled) == plain_run]


@pytest.mark.parametrize("name, dtype", [
    *_of_types(True), *(pytest.param(*case, marks=pytest.mark.slow) for case in _of_types(False))])
def test_compiled_kernels_compute_what_plain_python_does(name: str, dtype: str, plain: Any) -> None:
    """In float64, and in float32 as far as its digits go."""
    tolerance = 1e-10 if dtype == "float64" else 2e-5
    for training in (False, True):
        found = ROWS[name].run(training, dtype)
        for part in ("y", "dx", "dtheta", "state"):
            array, expected = getattr(found, part), plain[f"{name}/{training}/{part}"]
            assert array.dtype == dtype and array.shape == expected.shape
            largest = max(1.0, np.abs(expected).max(initial=0.0))
            np.testing.assert_allclose(array, expected, rtol=tolerance, atol=tolerance * largest)


@pytest.mark.parametrize("name", ROWS)
def test_files_keep_layers_weights_and_state(name: str, plain: Any) -> None:
    assert plain[f"{name}/kept"]


# A row of inputs, whatever the batch ----------------------------------------------------------------------------------

SIZES = (1, 2, 7, 9, 256, 257)  # around the rows of a tile, and around the default batch size of `predict`
BATCH = 20 if jit.DISABLED else 1000
VECTOR, SEQUENCE, IMAGE, COLOURED = (7,), (5, 7), (9, 8, 1), (7, 6, 3)


def _dense(*widths: int) -> Callable[[], tuple[st.Layer, ...]]:
    return lambda: (*(st.Dense(width, "relu") for width in widths[:-1]), st.Dense(widths[-1]))


def _activated(name: str, units: int) -> Callable[[], tuple[st.Layer, ...]]:
    return lambda: (st.Dense(units, name),)


def _convolution(kernel: int | tuple[int, int], strides: int | tuple[int, int], padding: str,
                 activation: str | None = None) -> Callable[[], tuple[st.Layer, ...]]:
    return lambda: (st.Conv2D(5, kernel, strides, padding, activation),)


NETWORKS: dict[str, tuple[tuple[int, ...], Callable[[], tuple[st.Layer, ...]]]] = {
    "dense, one unit": (VECTOR, _dense(1)),
    "dense, 33 units": (VECTOR, _dense(33)),
    "dense, three layers": (VECTOR, _dense(64, 64, 10)),
    "dense, a kernel that is copied to panels": (VECTOR, _dense(300, 270, 3)),
    "dense, one sigmoid": (VECTOR, _activated("sigmoid", 1)),
    "dense, no bias": (VECTOR, lambda: (st.Dense(19, use_bias=False),)),
    "conv2d, 3 x 3": (IMAGE, _convolution(3, 1, "valid")),
    "conv2d, 3 x 3, same": (COLOURED, _convolution(3, 1, "same", "relu")),
    "conv2d, 1 x 1": (COLOURED, _convolution(1, 1, "valid")),
    "conv2d, 5 x 2, strides 2 x 3": (COLOURED, _convolution((5, 2), (2, 3), "same")),
    "conv2d, 2 x 3, strides 2": (IMAGE, _convolution((2, 3), 2, "valid", "relu")),
    "conv2d, tanh": (IMAGE, _convolution(3, 2, "same", "tanh")),
    "batch normalisation": (VECTOR, lambda: (st.Dense(13), st.BatchNormalization(), st.Activation("relu"))),
    "batch normalisation of images": (COLOURED, lambda: (st.Conv2D(6, 3), st.BatchNormalization())),
    "dense, each step of a sequence": (SEQUENCE, _dense(33, 5)),
    "layer normalisation": (VECTOR, lambda: (st.Dense(13), st.LayerNormalization(), st.Activation("relu"))),
    "layer normalisation of sequences": (SEQUENCE, lambda: (st.Dense(37), st.LayerNormalization())),
    "attention": (SEQUENCE, lambda: (st.Dense(9), st.Attention())),
    "additive attention, causal": (SEQUENCE, lambda: (st.Dense(9), st.AdditiveAttention(use_causal_mask=True))),
    "multi-head attention": (SEQUENCE, lambda: (st.SinusoidalPositions(), st.MultiHeadAttention(3, 9))),
    "multi-head attention, causal": (SEQUENCE, lambda: (st.MultiHeadAttention(2, 17, use_causal_mask=True),)),
    "max pooling": (COLOURED, lambda: (st.Conv2D(6, 2), st.MaxPooling2D(3, 2, "same"))),
    "average pooling": (COLOURED, lambda: (st.Conv2D(6, 2), st.AveragePooling2D(3, 2, "same"))),
    "global average pooling": (COLOURED, lambda: (st.Conv2D(6, 2), st.GlobalAveragePooling2D())),
    "layers that act in training alone": (VECTOR, lambda: (st.GaussianNoise(0.1), st.Dense(9), st.Dropout(0.5))),
    "augmentation, which acts in training alone": (COLOURED, lambda: (
        st.RandomFlip(), st.RandomRotation(0.1), st.RandomTranslation(0.1, 0.1))),
    "masks of time and frequency, which act in training alone": (SEQUENCE, lambda: (
        st.layers.Masking(), st.SpecAugment())),
    "a classifier of images": (COLOURED, lambda: (
        st.Conv2D(8, 3, activation="relu"), st.BatchNormalization(), st.MaxPooling2D(2), st.Flatten(),
        st.Dense(30, "gelu"), st.Dense(10, "softmax"))),
    "gru": (SEQUENCE, lambda: (st.GRU(19, return_sequences=True), st.GRU(33))),
    "lstm": (SEQUENCE, lambda: (st.LSTM(19, return_sequences=True, go_backwards=True), st.LSTM(7))),
    "bidirectional": (SEQUENCE, lambda: (st.Bidirectional(st.GRU(5, True)), st.Bidirectional(st.LSTM(5)))),
    **{f"{name}, {units} units": (VECTOR, _activated(name, units)) for name in ACTIVATIONS for units in (2, 3, 16, 37)},
}

TAKE_LONG_TO_COMPILE = ("attention", "additive", "multi-head", "gru", "lstm", "bidirectional", "augmentation", "masks")
RARE_IN_FLOAT32 = ("layer norm", "max", "average", "global", "a classifier", "conv2d", "batch normalisation of images")


def _model(layers: tuple[st.Layer, ...], shape: tuple[int, ...], dtype: str) -> st.Sequential:
    """A model with random weights. Vectors are positive, since the variances of batch normalisation are among them."""
    model, rng = st.Sequential(layers, dtype=dtype), np.random.default_rng(0)
    model.compile(loss="mse")
    model.build((None, *shape))
    model.set_weights([rng.uniform(0.5, 2.0, np.shape(weight)) if np.ndim(weight) == 1 else
                       rng.normal(size=np.shape(weight)) for weight in model.get_weights()])
    return model


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_prediction_for_padded_tokens_does_not_depend_on_the_batch(dtype: str) -> None:
    model = _model((st.Embedding(9, 6, mask_zero=True), st.GRU(19, True), st.LSTM(7)), (8,), dtype)
    x = np.random.default_rng(2).integers(0, 9, (20, 8))
    x[:, 5:] = 0
    together = model.predict(x)
    assert all((model.predict(x[row : row + 1]) == together[row]).all() for row in range(20))


@pytest.mark.parametrize("name, dtype", [
    pytest.param(name, dtype, marks=pytest.mark.slow) if name.startswith(TAKE_LONG_TO_COMPILE) or (
        dtype == "float32" and name.startswith(RARE_IN_FLOAT32)) else (name, dtype)
    for dtype in zoo.BOTH for name in NETWORKS])
def test_the_prediction_for_a_row_does_not_depend_on_the_batch(name: str, dtype: str) -> None:
    """Compared bit for bit with all rows at once: single rows, the first rows, and all rows in smaller batches."""
    shape, layers = NETWORKS[name]
    model = _model(layers(), shape, dtype)
    x = 3.0 * np.random.default_rng(1).normal(size=(BATCH, *shape)).astype(dtype)
    together = model.predict(x)
    assert np.isfinite(together).all() and np.ptp(together) > 0.0
    for row in range(20):
        assert (model.predict(x[row : row + 1]) == together[row]).all(), row
    for size in SIZES:
        assert (model.predict(x[:size]) == together[:size]).all(), size
        assert (model.predict(x, batch_size=size) == together).all(), size
