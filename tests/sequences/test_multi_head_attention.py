"""Multi-head attention, as a later model calls it: self, causal and cross-attention with masks; Keras and differences.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from scratchtune import jit
from scratchtune.sequences.multi_head_attention import (
    heads_shapes,
    multi_head_attention,
    multi_head_attention_grad,
    scratch_shapes,
)

# They take long to compile; test_registry.py compares the outputs with their formula, and test_every_layer.py the
# gradients with central differences in plain Python.
pytestmark = pytest.mark.slow


class Case(NamedTuple):
    """Sequences, weights and masks."""

    query: np.ndarray
    source: np.ndarray
    kernels: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    keep: np.ndarray
    causal: int
    dy: np.ndarray


def _case(queries: int = 3, keys: int = 4, causal: int = 0, with_biases: bool = True, dtype: Any = np.float64) -> Case:
    rng = np.random.default_rng(queries * 10 + keys)
    n, e, u, heads, size, outputs = 3, 5, 6, 2, 4, 7
    shapes = [(e, heads, size), (u, heads, size), (u, heads, size), (heads, size, outputs)]
    biases = [(heads, size)] * 3 + [(outputs,)] if with_biases else [(0, 1)] * 3 + [(0,)]
    keep = np.ones((n, keys))
    keep[1, keys // 2 + 1 :], keep[2, 1:] = 0.0, 0.0  # lengths differ
    made = Case(
        rng.normal(size=(n, queries, e)), rng.normal(size=(n, keys, u)),
        tuple(rng.normal(size=shape) for shape in shapes), tuple(rng.normal(size=shape) for shape in biases),
        keep, causal, rng.normal(size=(n, queries, outputs)))
    return Case(*(tuple(part.astype(dtype) for part in parts) if isinstance(parts, tuple) else
                  parts if isinstance(parts, int) else parts.astype(dtype) for parts in made))


def _nans(shapes: Any, case: Case) -> Any:
    return jit.views(np.full(jit.size_of(shapes), np.nan, case.query.dtype), shapes)


def _forward(case: Case) -> tuple[np.ndarray, Any]:
    n, queries, keys, (_, heads, size) = len(case.query), case.query.shape[1], case.keep.shape[1], case.kernels[0].shape
    work, y = _nans(jit.plain(heads_shapes)(n, queries, keys, heads, size), case), np.full_like(case.dy, np.nan)
    multi_head_attention(case.query, case.source, case.kernels, case.biases, case.keep, case.causal, work, y)
    return y, work


def _gradients(case: Case) -> list[np.ndarray]:
    """Of all kernels, of all biases, of query and source."""
    y, work = _forward(case)
    n, queries, heads, size = work[0].shape
    keys, inputs = case.source.shape[1:]
    scratch = _nans(jit.plain(scratch_shapes)(n, queries, keys, heads, size, inputs), case)
    kernels, biases = ([np.full_like(part, np.nan) for part in parts] for parts in (case.kernels, case.biases))
    dquery, dsource = np.full_like(case.query, np.nan), np.full_like(case.source, np.nan)
    multi_head_attention_grad(
        case.query, case.source, case.kernels, work, case.dy, tuple(kernels), tuple(biases),
        (dquery, dsource, scratch))
    return [*kernels, *biases, dquery, dsource]


def test_one_head_by_hand() -> None:
    """One feature, all kernels 1, no biases: a query 0 has equal weights, so the output is the mean of the source."""
    ones = tuple(np.ones((1, 1, 1)) for _ in range(4))
    none = (np.empty((0, 1)),) * 3 + (np.empty(0),)
    case = Case(np.zeros((1, 1, 1)), np.array([[[2.0], [4.0], [9.0]]]), ones, none, np.ones((1, 3)), 0,
                np.ones((1, 1, 1)))
    assert _forward(case)[0].tolist() == [[[5.0]]]
    case.keep[0, 2] = 0.0
    y, work = _forward(case)
    assert y.tolist() == [[[3.0]]] and work[3].tolist() == [[[[0.5, 0.5, 0.0]]]]


@pytest.mark.parametrize("queries, keys, causal, with_biases", [
    (3, 4, 0, True), (4, 4, 1, True), (4, 3, 0, False), (1, 1, 0, True), (5, 2, 1, True)])
def test_gradients_are_central_differences(queries: int, keys: int, causal: int, with_biases: bool) -> None:
    case = _case(queries, keys, causal, with_biases)
    parts = [*case.kernels, *case.biases, case.query, case.source]
    for part, gradient in zip(parts, _gradients(case), strict=True):
        found, step = np.empty(part.shape), 1e-6
        for index in np.ndindex(part.shape):
            kept, values = part[index], []
            for moved in (kept + step, kept - step):
                part[index] = moved
                values.append(float((_forward(case)[0] * case.dy).sum()))
            part[index] = kept
            found[index] = (values[0] - values[1]) / (2 * step)
        np.testing.assert_allclose(gradient, found, rtol=1e-6, atol=1e-7)


def test_steps_after_a_rows_length_have_no_influence() -> None:
    case = _case()
    y, gradients = _forward(case)[0], _gradients(case)
    case.source[case.keep == 0.0] = 1e3
    assert (_forward(case)[0] == y).all()
    for before, after in zip(gradients, _gradients(case), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-12)
    assert (gradients[-1][case.keep == 0.0] == 0.0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_has_the_same_bits_alone(dtype: Any) -> None:
    case = _case(7, 9, dtype=dtype)
    y = _forward(case)[0]
    for n in range(3):
        part = slice(n, n + 1)
        one = case._replace(query=case.query[part], source=case.source[part], keep=case.keep[part], dy=case.dy[part])
        assert y.dtype == dtype and (_forward(one)[0] == y[part]).all()


def test_inputs_whose_gradients_are_not_needed_may_be_empty() -> None:
    case = _case()
    wanted = _gradients(case)
    y, work = _forward(case)
    n, queries, heads, size = work[0].shape
    scratch = _nans(jit.plain(scratch_shapes)(n, queries, 4, heads, size, 6), case)
    kernels, biases = ([np.empty_like(part) for part in parts] for parts in (case.kernels, case.biases))
    multi_head_attention_grad(
        case.query, case.source, case.kernels, work, case.dy, tuple(kernels), tuple(biases),
        (np.empty((0, 1, 1)), np.empty((0, 1, 1)), scratch))
    assert all((a == b).all() for a, b in zip([*kernels, *biases], wanted[:8], strict=True))


@pytest.mark.parametrize("queries, keys, causal, with_biases", [
    (3, 4, 0, True), (4, 4, 1, True), (5, 2, 0, False), (12, 12, 1, True)])
def test_outputs_weights_and_gradients_are_kerass(
    queries: int, keys: int, causal: int, with_biases: bool, keras: Any, torch: Any,
) -> None:
    """Keras runs on PyTorch here, which differentiates it."""
    case = _case(queries, keys, causal, with_biases)
    layer = keras.layers.MultiHeadAttention(2, 4, use_bias=with_biases, output_shape=7, dtype="float64")
    layer.build(case.query.shape, case.source.shape)
    pairs = zip(case.kernels, case.biases, strict=True)
    layer.set_weights([part for pair in pairs for part in (pair if with_biases else pair[:1])])
    X, S = torch.tensor(case.query, requires_grad=True), torch.tensor(case.source, requires_grad=True)
    y, scores = layer(
        X, S, use_causal_mask=bool(causal), return_attention_scores=True,
        attention_mask=torch.tensor(case.keep[:, None, :].astype(bool).repeat(queries, 1)))
    (y * torch.tensor(case.dy)).sum().backward()
    ours, work = _forward(case)
    gradients = _gradients(case)
    np.testing.assert_allclose(ours, y.detach().numpy(), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(work[3], scores.detach().numpy(), rtol=1e-8, atol=1e-10)
    theirs = [weight.value.grad.numpy() for weight in layer.trainable_weights]
    order = [0, 4, 1, 5, 2, 6, 3, 7] if with_biases else [0, 1, 2, 3]
    for index, expected in zip([*order, 8, 9], [*theirs, X.grad.numpy(), S.grad.numpy()], strict=True):
        np.testing.assert_allclose(gradients[index], expected, rtol=1e-8, atol=1e-10)
