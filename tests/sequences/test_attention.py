"""Attention: a look-up by hand, masks, queries without keys, and PyTorch's scaled_dot_product_attention."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.sequences.attention import (
    SCORES,
    Memory,
    attention_scores_grad,
    dot_product_attention,
    dot_product_attention_value_grad,
    dot_scores_grad,
    masked_softmax,
)


def _attend(
    query: np.ndarray, key: np.ndarray, value: np.ndarray, scale: float = 1.0, keep: Any = None, causal: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """The outputs and the weights."""
    weights, out = np.full((len(query), len(key)), np.nan), np.full((len(query), value.shape[1]), np.nan)
    keep = np.ones(len(key)) if keep is None else np.array(keep, float)
    dot_product_attention(query, key, value, scale, keep, int(causal), weights, out)
    return out, weights


def test_a_look_up_by_hand() -> None:
    """The query (1, 0) has the scores log(3) and 0 with two keys: weights 3/4 and 1/4, of the values 8 and 4."""
    key = np.array([[np.log(3.0), 5.0], [0.0, 7.0]])
    out, weights = _attend(np.array([[1.0, 0.0]]), key, np.array([[8.0], [4.0]]))
    np.testing.assert_allclose(weights, [[0.75, 0.25]], rtol=1e-15)
    np.testing.assert_allclose(out, [[7.0]], rtol=1e-15)


def test_a_masked_key_has_no_weight_at_all_and_no_influence() -> None:
    rng = np.random.default_rng(0)
    query, key, value = rng.normal(size=(3, 4)), rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
    out, weights = _attend(query, key, value, keep=[1, 1, 0, 1, 0])
    assert (weights[:, [2, 4]] == 0.0).all() and np.allclose(weights.sum(axis=1), 1.0)
    key[[2, 4]], value[[2, 4]] = 100.0, -100.0
    assert (_attend(query, key, value, keep=[1, 1, 0, 1, 0])[0] == out).all()
    shorter = _attend(query, key[[0, 1, 3]], value[[0, 1, 3]])[0]
    np.testing.assert_allclose(shorter, out, rtol=1e-14)


def test_a_causal_query_sees_the_keys_up_to_its_own() -> None:
    weights = _attend(np.zeros((4, 1)), np.zeros((4, 1)), np.zeros((4, 1)), causal=True)[1]
    np.testing.assert_allclose(weights, np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None], rtol=1e-15)


def test_more_queries_than_keys_and_the_other_way_round() -> None:
    for queries, keys in ((5, 2), (2, 5)):
        weights = _attend(np.zeros((queries, 1)), np.zeros((keys, 1)), np.zeros((keys, 1)), causal=True)[1]
        assert ((weights > 0.0) == np.tril(np.ones((queries, keys), bool))).all()


def test_without_any_key_weights_outputs_and_gradients_are_zero() -> None:
    rng = np.random.default_rng(1)
    value, dscores = rng.normal(size=(3, 2)), np.full((2, 3), np.nan)
    out, weights = _attend(rng.normal(size=(2, 4)), rng.normal(size=(3, 4)), value, keep=[0, 0, 0])
    assert (out == 0.0).all() and (weights == 0.0).all()
    attention_scores_grad(weights, value, rng.normal(size=(2, 2)), dscores)
    assert (dscores == 0.0).all()


@pytest.mark.parametrize("name", SCORES)
def test_gradients_of_scores_are_central_differences(name: str) -> None:
    """Of the sum of the scores times random numbers; that of the scale is added to what is there."""
    score, backward = SCORES[name]
    rng, hidden = np.random.default_rng(1), np.zeros((2, 4, 3))
    given, dscores = [rng.normal(size=shape) for shape in ((2, 3), (4, 3), (3,))], rng.normal(size=(2, 4))

    def total() -> float:
        scores = np.empty((2, 4))
        score(*given, hidden, scores)
        return float((scores * dscores).sum())

    total()
    memory, dscale = Memory(np.empty((1, 2, 4)), hidden.copy(), dscores, np.empty((2, 3)), np.empty((4, 3))), np.ones(3)
    backward(*given, memory.tanhs, memory, dscale)
    for array, found in zip(given, (memory.dquery, memory.dkey, dscale - 1.0), strict=True):
        for at in np.ndindex(array.shape):
            before, ends = array[at], []
            for array[at] in (before + 1e-5, before - 1e-5):
                ends.append(total())
            array[at] = before
            assert found[at] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-8), (name, at)


def test_huge_scores_do_not_overflow() -> None:
    weights = np.full((1, 3), np.nan)
    masked_softmax(np.array([[1e4, -1e4, 2e4]]), np.array([1.0, 1.0, 0.0]), 0, weights)
    assert weights.tolist() == [[1.0, 0.0, 0.0]]


@pytest.mark.parametrize("queries, keys", [(1, 1), (5, 7), (7, 5), (12, 12)])
@pytest.mark.parametrize("causal", [False, True])
def test_outputs_and_gradients_are_pytorchs(queries: int, keys: int, causal: bool) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(queries)
    query, key, value = rng.normal(size=(queries, 9)), rng.normal(size=(keys, 9)), rng.normal(size=(keys, 5))
    keep, dout = np.ones(keys), rng.normal(size=(queries, 5))
    keep[1::2] = 0.0
    allowed = keep.astype(bool) & (np.tri(queries, keys, dtype=bool) if causal else True)
    Q, K, V = (torch.tensor(part, requires_grad=True) for part in (query, key, value))
    y = torch.nn.functional.scaled_dot_product_attention(
        Q, K, V, torch.tensor(np.broadcast_to(allowed, (queries, keys)).copy()))
    (y * torch.tensor(dout)).sum().backward()
    out, weights = _attend(query, key, value, 1.0 / 3.0, keep, causal)
    dscores, dvalue, dquery, dkey = np.empty((queries, keys)), np.empty((keys, 5)), query.copy(), key.copy()
    attention_scores_grad(weights, value, dout, dscores)
    dot_product_attention_value_grad(weights, dout, dvalue)
    dot_scores_grad(query, key, 1.0 / 3.0, dscores, dquery, dkey)
    for ours, theirs in ((out, y.detach()), (dquery, Q.grad), (dkey, K.grad), (dvalue, V.grad)):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-9, atol=1e-12)
