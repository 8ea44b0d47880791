"""Embeddings of numbers: by hand, PyTorch as oracle, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.tables.layers.number_embeddings import PeriodicEmbedding, PiecewiseEmbedding


def test_waves_by_hand(run: Any) -> None:
    """One frequency 1/2, phase 1/4: x = 1/2 has the wave cos(pi) = -1; twice that plus 5 is 3."""
    x = np.array([[0.5, 9.0]], np.float32)
    found = run(PeriodicEmbedding(2, 1, columns=1), x, theta=[[0.5], [0.25], [2.0], [5.0]])
    np.testing.assert_allclose(found.y, [[0.5, 9.0, 3.0]], rtol=1e-6)


def test_initial_weights() -> None:
    model = st.Sequential([PeriodicEmbedding(4, 500, frequency_scale=0.1)])
    model.build((None, 3))
    frequencies, phases, _, bias = model.get_weights()
    assert frequencies.std() == pytest.approx(0.1, rel=0.1) and abs(phases).max() <= 0.5 and (bias == 0.0).all()
    assert phases.std() == pytest.approx(1.0 / np.sqrt(12), rel=0.1)


@pytest.mark.slow  # compiles the kernels a second time, in float64
def test_outputs_and_gradients_are_pytorchs(run: Any, torch: Any) -> None:
    rng = np.random.default_rng(1)
    x, c, b = rng.normal(size=(6, 3)), rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    w, a, dy = rng.normal(size=(3, 5, 2)), rng.normal(size=(3, 2)), rng.normal(size=(6, 9))
    ours = run(PeriodicEmbedding(3, 5), x, dy, theta=[c, b, w, a])
    X, *weights = (torch.tensor(part, requires_grad=True) for part in (x, c, b, w, a))
    waves = torch.cos(2 * torch.pi * (X[:, :, None] * weights[0] + weights[1]))
    embedded = torch.einsum("njk,jkm->njm", waves, weights[2]) + weights[3]
    y = torch.cat([X, embedded.reshape(6, -1)], 1)
    (y * torch.tensor(dy)).sum().backward()
    np.testing.assert_allclose(ours.y, y.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours.dx, X.grad.numpy(), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(
        ours.dtheta, torch.cat([weight.grad.ravel() for weight in weights]).numpy(), rtol=1e-9, atol=1e-11)


def test_bad_waves() -> None:
    with pytest.raises(ValueError, match="output_dim is 1"):
        PeriodicEmbedding(1)
    with pytest.raises(ValueError, match=r"gets rows of shape \(2,\); with 3 columns"):
        st.Sequential([PeriodicEmbedding(columns=3)]).build((None, 2))


EDGES = [[0.0, 1.0, 3.0], [-1.0, 0.5], []]


def test_bins_by_hand(run: Any) -> None:
    """2 is past the first bin and half through the second: 1 * 10 + 1/2 * 20 + 5 = 25; -7 is below: the bias, 5."""
    found = run(PiecewiseEmbedding(EDGES[:1], 2), np.array([[2, 9], [-7, 9]], np.float32), theta=[[10.0, 20.0], [5.0]])
    assert found.y.tolist() == [[2, 9, 25], [-7, 9, 5]]


def test_bad_bins() -> None:
    with pytest.raises(ValueError, match="it must have a list of increasing numbers for each column"):
        PiecewiseEmbedding([[1.0, 1.0]])
    with pytest.raises(ValueError, match=r"gets rows of shape \(2,\); with 3 columns"):
        st.Sequential([PiecewiseEmbedding(EDGES)]).build((None, 2))
