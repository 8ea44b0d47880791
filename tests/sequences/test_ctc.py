"""CTC: three frames by hand, all paths as a property, PyTorch as oracle for the loss and its gradient; bad input."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.sequences.ctc import call_kernel, ctc_loss, ctc_loss_kernel, ctc_targets, guessing_loss


def _log_softmax(z: np.ndarray) -> np.ndarray:
    shifted = z - z.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _kernel(z: np.ndarray, labels: Any, used: Any, counts: Any, weight: Any = None) -> tuple[float, np.ndarray]:
    """The mean loss, weighted if so, and its gradient with respect to the logits."""
    n, dtype = len(z), z.dtype
    weight = np.ones(n, dtype) if weight is None else weight
    rows = ctc_targets(labels, used, counts, *z.shape[1:]).astype(dtype)
    gradient = np.empty((n, z[0].size), dtype)
    loss = call_kernel(ctc_loss_kernel.compiled(dtype), z.reshape(n, -1), rows, weight, gradient)
    return loss, gradient.reshape(z.shape)


def _case(rng: np.random.Generator, shortest: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Logits, labels with repeats, lengths; with ``shortest`` each recording is as short as its labels allow."""
    n, frames, symbols, most = rng.integers(1, 5), rng.integers(9, 20), rng.integers(2, 6), rng.integers(1, 5)
    labels, counts = rng.integers(1, symbols, (n, most)), rng.integers(0, most + 1, n)
    needed = [max(c + (row[1:c] == row[: max(c - 1, 0)]).sum(), 1) for row, c in zip(labels, counts, strict=True)]
    used = np.array(needed) if shortest else np.array([rng.integers(low, frames + 1) for low in needed])
    return rng.normal(scale=2.0, size=(n, frames, symbols)), labels, used, counts


def test_three_frames_by_hand() -> None:
    """"a" in three frames of equal probabilities 1/2: a--, -a-, --a, aa-, -aa, aaa; so 6/8."""
    assert ctc_loss(np.zeros((1, 3, 2)), [[1]], [3], [1])[0] == pytest.approx(-np.log(6.0 / 8.0), rel=1e-14)


def test_no_label_is_blanks_only() -> None:
    z = np.random.default_rng(0).normal(size=(1, 4, 3))
    assert ctc_loss(z, [[0]], [4], [0])[0] == pytest.approx(-_log_softmax(z)[0, :, 0].sum(), rel=1e-13)


@pytest.mark.parametrize("labels", [[1], [1, 1], [1, 2], [2, 1, 2], [1, 2, 2]])
def test_it_is_the_sum_over_all_paths(labels: list[int]) -> None:
    z = np.random.default_rng(len(labels)).normal(size=(1, 5, 3))
    p, total = np.exp(_log_softmax(z))[0], 0.0
    for path in itertools.product(range(3), repeat=5):
        merged = [symbol for symbol, _ in itertools.groupby(path)]
        if [symbol for symbol in merged if symbol > 0] == labels:
            total += np.prod([p[t, symbol] for t, symbol in enumerate(path)])
    assert ctc_loss(z, [labels], [5], [len(labels)])[0] == pytest.approx(-np.log(total), rel=1e-13)


@pytest.mark.parametrize("cases", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_loss_and_gradient_are_pytorchs(cases: int) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    for number in range(cases):
        z, labels, used, counts = _case(rng, shortest=number % 4 == 0)
        loss, gradient = _kernel(z, labels, used, counts)
        logits = torch.tensor(z, requires_grad=True)
        theirs = torch.nn.functional.ctc_loss(
            torch.log_softmax(logits, -1).transpose(0, 1), torch.tensor(labels), torch.tensor(used),
            torch.tensor(counts), reduction="none")
        theirs.mean().backward()
        assert np.abs(ctc_loss(z, labels, used, counts) - theirs.detach().numpy()).max() < 1e-11
        assert abs(loss - float(theirs.detach().mean())) < 1e-11
        assert np.abs(gradient - logits.grad.numpy()).max() < 1e-11


def test_gradient_is_that_of_central_differences_of_the_weighted_loss() -> None:
    z, labels, used, counts = _case(np.random.default_rng(2), shortest=False)
    weight = np.arange(1.0, len(z) + 1.0) / 2.0
    _, gradient = _kernel(z, labels, used, counts, weight)
    for index in itertools.product(*map(range, z.shape)):
        change = np.zeros_like(z)
        change[index] = 1e-5
        above, below = (_kernel(moved, labels, used, counts, weight)[0] for moved in (z + change, z - change))
        assert abs((above - below) / 2e-5 - gradient[index]) < 1e-8


@pytest.mark.slow  # compiles the kernel a second time
def test_float32_is_close_to_float64_over_a_long_recording() -> None:
    rng = np.random.default_rng(3)
    z, labels = rng.normal(size=(2, 400, 30)), rng.integers(1, 30, (2, 60))
    exact, gradient = _kernel(z, labels, [400, 300], [60, 50])
    loss, close = _kernel(z.astype(np.float32), labels, [400, 300], [60, 50])
    assert loss == pytest.approx(exact, rel=1e-5) and np.abs(close - gradient).max() < 1e-3


def test_a_network_learns_by_it() -> None:
    """Each symbol lasts three frames, in which its own input is 1."""
    rng = np.random.default_rng(4)
    texts = [rng.permutation([1, 2, 3])[: rng.integers(1, 4)] for _ in range(60)]
    X = np.zeros((60, 9, 4))
    labels = np.zeros((60, 3), int)
    for i, text in enumerate(texts):
        labels[i, : len(text)] = text
        for u, symbol in enumerate(text):
            X[i, 3 * u : 3 * u + 3, symbol] = 1.0
    rows = ctc_targets(labels, [9] * 60, [len(text) for text in texts], 9, 4)
    model = st.Sequential([st.Dense(8, activation="relu"), st.Dense(4)], "float64", seed=0)
    model.compile(st.Adam(0.02), "ctc")
    history = model.fit(X, rows, epochs=60, verbose=0).history["loss"]
    assert history[-1] < 0.2 * history[0]
    best = model.predict(X).argmax(axis=-1)
    found = [[symbol for symbol, _ in itertools.groupby(row) if symbol > 0] for row in best]
    assert [list(text) for text in texts] == found


@pytest.mark.parametrize("change, message", [
    ({"logits": np.zeros((2, 3))}, r"logits has shape \(2, 3\); it must be \(n, frames, symbols\)"),
    ({"labels": [[1, 3], [1, 2]]}, "labels holds 3; labels must be from 1 to 2, and 0 is the blank"),
    ({"labels": [1, 2]}, r"labels has shape \(2,\); it must be \(n, most labels\)"),
    ({"labels": [[1, 2]]}, "input_lengths"),
    ({"input_lengths": [4, 6]}, "input_lengths holds 6; it must be from 1 to 5"),
    ({"label_lengths": [2, 3]}, "label_lengths holds 3; it must be from 0 to 2"),
    ({"labels": [[1, 1], [1, 2]], "input_lengths": [2, 5]},
     "labels, row 0, has 2 labels, which take at least 3 frames"),
    ({"logits": np.full((2, 5, 3), np.nan)}, "logits"),
])
def test_bad_input(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {
        "logits": np.zeros((2, 5, 3)), "labels": [[1, 2], [2, 1]], "input_lengths": [5, 5], "label_lengths": [2, 2]}
    with pytest.raises(ValueError, match=message):
        ctc_loss(**{**arguments, **change})


def test_bad_rows_of_targets() -> None:
    model = st.Sequential([st.Dense(3)])
    model.compile("adam", "ctc")
    X = np.zeros((2, 5, 4))
    for rows, message in (
        ([[5, 3, 1], [5, 4, 1]], "each must hold the frames, the number of symbols"),
        ([[5, 4, 1], [5, 4, 1]], "y names 4 symbols and the network has 15 outputs"),
        ([[6, 3, 1], [5, 3, 1]], "y, row 0, has 6 frames"),
        ([[1, 3, 1, 1], [5, 3, 1, 0]], "y, row 0, has 2 labels, which take at least 3 frames"),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(X, rows, verbose=0)


@pytest.mark.parametrize("texts", [["ab"], ["a", "abc", "b", ""]])
def test_the_loss_of_guessing_is_that_of_the_best_constant_distribution(texts: list[str]) -> None:
    """No distribution has a lower loss; that of one frame and one letter is 0, and of two letters their entropy."""
    labels = np.array([[1 + "abc".index(c) for c in text.ljust(3, "a")] for text in texts])
    rows = ctc_targets(labels, [12] * len(texts), [len(text) for text in texts], 12, 4)
    best, rng = guessing_loss(rows), np.random.default_rng(0)
    drawn = [np.tile(np.log(rng.dirichlet(np.ones(4))), (len(texts), 12, 1)) for _ in range(300)]
    losses = [st.losses.ctc_loss(logits, labels, [12] * len(texts), [len(text) for text in texts]).mean()
              for logits in drawn]
    assert best < min(losses) < 1.2 * best + 0.5
    one = ctc_targets([[1], [2]], [1, 1], [1, 1], 1, 3)
    assert abs(guessing_loss(one) - np.log(2)) < 1e-3 and guessing_loss(one[:1]) < 1e-3
