"""The encoder-decoder: PyTorch as oracle for logits, loss and all gradients; padding; rows; bad input; learning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.network.layers.encoder_decoder import ATTENTIONS, STRUCTURES, EncoderDecoder

pytestmark = pytest.mark.slow  # its kernels take long to compile

SOURCE, TARGET, TOKENS = 5, 4, (9, 8)
CASES = pytest.mark.parametrize("structure, attention", [(s, a) for s in STRUCTURES for a in ATTENTIONS])


def _model(structure: str, attention: str, dtype: str = "float64", dropout: float = 0.0) -> st.Sequential:
    layer = EncoderDecoder(*TOKENS, SOURCE, structure, attention, embedding=3, units=6, dropout=dropout)
    model = st.Sequential([layer], dtype, seed=1)
    model.compile("adam", "token_crossentropy")
    model.build((None, SOURCE + TARGET))
    rng = np.random.default_rng(2)
    model.theta = model.theta + rng.normal(scale=0.3, size=model.theta.size)  # biases are zero at first
    return model


def _rows(n: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Random tokens; the first row has no padding, others end with some."""
    rng = np.random.default_rng(3)
    X = np.hstack([rng.integers(1, TOKENS[0], (n, SOURCE)), rng.integers(1, TOKENS[1], (n, TARGET))]).astype(float)
    y = rng.integers(1, TOKENS[1], (n, TARGET)).astype(float)
    for row in range(1, n):
        source, target = 1 + row % SOURCE, 1 + row % TARGET
        X[row, source:SOURCE], X[row, SOURCE + target :], y[row, target:] = 0.0, 0.0, 0.0
    return X, y


def _coder(torch: Any, structure: str, x: Any, weights: Any, state: Any, keep: Any) -> tuple[list[Any], Any]:
    """The outputs of a recurrent layer for x (n, t, features), and the last state, a tuple of tensors."""
    kernel, recurrent, bias = weights
    outputs = []
    for t in range(x.shape[1]):
        if structure == "gru":
            a, b = x[:, t] @ kernel + bias[0], state[0] @ recurrent + bias[1]
            (za, ra, ca), (zb, rb, cb) = a.chunk(3, 1), b.chunk(3, 1)
            z, c = torch.sigmoid(za + zb), torch.tanh(ca + torch.sigmoid(ra + rb) * cb)
            new = (z * state[0] + (1 - z) * c,)
        else:
            i, f, c, o = (x[:, t] @ kernel + state[0] @ recurrent + bias).chunk(4, 1)
            cell = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(c)
            new = (torch.sigmoid(o) * torch.tanh(cell), cell)
        state = tuple(torch.where(keep[:, t, None], after, before) for after, before in zip(new, state, strict=True))
        outputs.append(state[0])
    return outputs, state


def _logits(torch: Any, structure: str, attention: str, weights: list[Any], X: Any) -> Any:
    """The whole network in PyTorch."""
    source, target = X[:, :SOURCE], X[:, SOURCE:]
    rest = weights[8:]
    zeros = torch.zeros(len(X), 6, dtype=torch.float64)
    state = (zeros, zeros)[: 1 if structure == "gru" else 2]
    encoded, state = _coder(torch, structure, weights[0][source], weights[2:5], state, source != 0)
    decoded, _ = _coder(torch, structure, weights[1][target], weights[5:8], state, target != 0)
    keys, queries = torch.stack(encoded, 1), torch.stack(decoded, 1)
    if attention == "none":
        both = queries
    else:
        scores = queries @ keys.transpose(1, 2)
        if attention == "additive":
            scores = (torch.tanh(queries[:, :, None] + keys[:, None]) * rest.pop(0)).sum(-1)
        scores = scores.masked_fill(source[:, None] == 0, -torch.inf)
        both = torch.cat([queries, torch.softmax(scores, -1) @ keys], -1)
    return torch.tanh(both @ rest[0] + rest[1]) @ rest[2] + rest[3]


@CASES
def test_logits_loss_and_gradients_are_pytorchs(structure: str, attention: str) -> None:
    torch = pytest.importorskip("torch")
    model, (X, y) = _model(structure, attention), _rows()
    weights = [torch.tensor(weight, requires_grad=True) for weight in model.get_weights()]
    logits = _logits(torch, structure, attention, list(weights), torch.tensor(X, dtype=torch.int64))
    assert np.abs(model.predict(X) - logits.detach().numpy()).max() < 1e-12
    target = torch.tensor(y, dtype=torch.int64)
    each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), target, reduction="none", ignore_index=0)
    loss = (each.sum(1) / (target != 0).sum(1)).mean()
    loss.backward()
    assert abs(model.objective(X, y) - float(loss.detach())) < 1e-12
    gradient = np.concatenate([weight.grad.numpy().ravel() for weight in weights])
    assert np.abs(model.gradient(X, y) - gradient).max() < 1e-10


@CASES
def test_gradient_is_that_of_central_differences(structure: str, attention: str) -> None:
    model, (X, y) = _model(structure, attention), _rows(3)
    gradient, theta = model.gradient(X, y).copy(), model.theta.copy()
    for index in np.random.default_rng(4).choice(theta.size, 40, replace=False):
        values = []
        for step in (1e-5, -1e-5):
            model.theta = theta
            model.theta[index] += step
            values.append(model.objective(X, y))
        assert abs((values[0] - values[1]) / 2e-5 - gradient[index]) < 1e-8


@CASES
def test_padding_changes_nothing(structure: str, attention: str) -> None:
    """The same sentences in longer rows have the same logits, and the weights of padding's table rows no gradient."""
    model, (X, _) = _model(structure, attention), _rows()
    longer = st.Sequential(
        [EncoderDecoder(*TOKENS, SOURCE + 3, structure, attention, embedding=3, units=6)], "float64")
    longer.build((None, SOURCE + 3 + TARGET + 2))
    longer.set_weights(model.get_weights())
    zeros = np.zeros((len(X), 3))
    padded = np.hstack([X[:, :SOURCE], zeros, X[:, SOURCE:], zeros[:, :2]])
    assert np.abs(longer.predict(padded)[:, :TARGET] - model.predict(X)).max() < 1e-14


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@CASES
def test_a_row_has_the_same_bits_in_a_batch_of_any_size(structure: str, attention: str, dtype: str) -> None:
    model, (X, _) = _model(structure, attention, dtype), _rows(40)
    together = model.predict(X)
    for rows in (slice(0, 1), slice(5, 6), slice(3, 20)):
        assert (model.predict(X[rows]) == together[rows]).all()


def test_dropout_is_drawn_by_the_key_and_its_gradient_matches() -> None:
    model, (X, y) = _model("gru", "dot", dropout=0.5), _rows()
    first, again, other = (model(X, training=True, key=key) for key in (1, 1, 2))
    assert (first == again).all() and (first != other).any() and (first != model.predict(X)).any()
    before = model.objective(X, y)
    model.compile(st.Adam(0.02), "token_crossentropy")
    model.fit(X, y, epochs=60, verbose=0)
    assert model.objective(X, y) < 0.5 * before


def test_bad_rows_are_refused() -> None:
    layer = EncoderDecoder(*TOKENS, SOURCE)
    with pytest.raises(ValueError, match=r"rows of shape \(5,\); with source_length=5 it takes"):
        st.Sequential([layer]).build((None, SOURCE))
    with pytest.raises(ValueError, match="structure is 'rnn'"):
        EncoderDecoder(*TOKENS, SOURCE, structure="rnn")
    with pytest.raises(ValueError, match="attention is 'Dot'"):
        EncoderDecoder(*TOKENS, SOURCE, attention="Dot")
    model, (X, y) = _model("gru", "dot"), _rows()
    with pytest.raises(ValueError, match=r"y holds the token 8; tokens must be integers from 0 to 7"):
        model.fit(X, y + 1.0, verbose=0)
    with pytest.raises(ValueError, match="y has 3 tokens per row and the network has 32 outputs"):
        model.fit(X, y[:, :3], verbose=0)
