"""The encoder-decoder: PyTorch as oracle for logits, loss and all gradients; padding; rows; bad input; learning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.sequences.encoder_decoder import ATTENTIONS, STRUCTURES, EncoderDecoder, Writer

pytestmark = pytest.mark.slow  # its kernels take long to compile

SOURCE, TARGET, TOKENS = 5, 4, (9, 8)
RECURRENT = [(structure, attention) for structure in ("gru", "lstm") for attention in ATTENTIONS]
CASES = pytest.mark.parametrize(
    "structure, attention, layers",
    [(s, a, 1) for s, a in RECURRENT] + [("gru", "dot", 2), ("lstm", "multi_head", 3), ("transformer", None, 1),
                                         ("transformer", None, 2)])


def _stack(
    structure: str, attention: str | None, layers: int = 1, dropout: float = 0.0, source: int = SOURCE,
) -> list[Any]:
    return [EncoderDecoder(
        *TOKENS, source, structure, attention, 4 if structure == "transformer" else 3, 6, layers, 2, dropout)]


def _model(
    structure: str, attention: str | None, layers: int = 1, dtype: str = "float64", dropout: float = 0.0,
) -> st.Sequential:
    model = st.Sequential(_stack(structure, attention, layers, dropout), dtype, seed=1)
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


def _recurrent(torch: Any, structure: str, attention: str, layers: int, weights: list[Any], X: Any) -> Any:
    """A whole recurrent network in PyTorch."""
    source, target = X[:, :SOURCE], X[:, SOURCE:]
    keys, queries = weights.pop(0)[source], weights.pop(0)[target]
    zeros = torch.zeros(len(X), 6, dtype=torch.float64)
    for _ in range(layers):
        state = (zeros, zeros)[: 1 if structure == "gru" else 2]
        encoded, state = _coder(torch, structure, keys, weights[:3], state, source != 0)
        decoded, _ = _coder(torch, structure, queries, weights[3:6], state, target != 0)
        keys, queries, weights = torch.stack(encoded, 1), torch.stack(decoded, 1), weights[6:]
    if attention == "none":
        both = queries
    elif attention == "multi_head":
        layer = torch.nn.MultiheadAttention(6, 2, batch_first=True, dtype=torch.float64)
        found, _ = torch.func.functional_call(
            layer, _attention(torch, weights[:8]), (queries, keys, keys), {"key_padding_mask": source == 0})
        both, weights = torch.cat([queries, found], -1), weights[8:]
    else:
        scores = queries @ keys.transpose(1, 2)
        if attention == "additive":
            scores = (torch.tanh(queries[:, :, None] + keys[:, None]) * weights.pop(0)).sum(-1)
        scores = scores.masked_fill(source[:, None] == 0, -torch.inf)
        both = torch.cat([queries, torch.softmax(scores, -1) @ keys], -1)
    return torch.tanh(both @ weights[0] + weights[1]) @ weights[2] + weights[3]


def _attention(torch: Any, weights: list[Any], prefix: str = "") -> dict[str, Any]:
    """PyTorch's names for the four kernels and biases of multi-head attention."""
    features = weights[7].numel()
    kernels, biases = [w.reshape(-1, features).T for w in weights[0:6:2]], [b.reshape(-1) for b in weights[1:6:2]]
    return {f"{prefix}in_proj_weight": torch.cat(kernels), f"{prefix}in_proj_bias": torch.cat(biases),
            f"{prefix}out_proj.weight": weights[6].reshape(-1, features).T, f"{prefix}out_proj.bias": weights[7]}


def _block(torch: Any, weights: list[Any], attentions: tuple[str, ...]) -> dict[str, Any]:
    """PyTorch's names for the weights of a block, which are taken from ``weights``."""
    named: dict[str, Any] = {}
    for number, name in enumerate(attentions, 1):
        named |= {f"norm{number}.weight": weights.pop(0), f"norm{number}.bias": weights.pop(0)}
        named |= _attention(torch, [weights.pop(0) for _ in range(8)], f"{name}.")
    last = len(attentions) + 1
    named |= {f"norm{last}.weight": weights.pop(0), f"norm{last}.bias": weights.pop(0)}
    for name in ("linear1", "linear2"):
        named |= {f"{name}.weight": weights.pop(0).T, f"{name}.bias": weights.pop(0)}
    return named


def _positions(torch: Any, length: int, features: int) -> Any:
    angles = np.arange(length)[:, None] / 10000.0 ** (np.arange(0, features, 2) / features)
    return torch.tensor(np.stack([np.sin(angles), np.cos(angles)], 2).reshape(length, features))


def _transformer(torch: Any, layers: int, weights: list[Any], X: Any) -> Any:
    """A whole Transformer of PyTorch's layers."""
    source, target = X[:, :SOURCE], X[:, SOURCE:]
    x, y = (2.0 * weights.pop(0)[tokens] + _positions(torch, tokens.shape[1], 4) for tokens in (source, target))
    options = {"d_model": 4, "nhead": 2, "dim_feedforward": 6, "dropout": 0.0, "batch_first": True, "norm_first": True,
               "dtype": torch.float64}
    call = torch.func.functional_call
    for _ in range(layers):
        block = torch.nn.TransformerEncoderLayer(**options)
        x = call(block, _block(torch, weights, ("self_attn",)), x, {"src_key_padding_mask": source == 0})
    x = torch.nn.functional.layer_norm(x, (4,), weights.pop(0), weights.pop(0))
    causal = torch.ones(TARGET, TARGET).triu(1) > 0
    for _ in range(layers):
        block = torch.nn.TransformerDecoderLayer(**options)
        y = call(block, _block(torch, weights, ("self_attn", "multihead_attn")), (y, x), {
            "tgt_mask": causal, "tgt_key_padding_mask": target == 0, "memory_key_padding_mask": source == 0})
    y = torch.nn.functional.layer_norm(y, (4,), weights.pop(0), weights.pop(0))
    return y @ weights[0] + weights[1]


@CASES
def test_logits_loss_and_gradients_are_pytorchs(structure: str, attention: str, layers: int) -> None:
    torch = pytest.importorskip("torch")
    model, (X, y) = _model(structure, attention, layers), _rows()
    weights = [torch.tensor(weight, requires_grad=True) for weight in model.get_weights()]
    tokens, target = torch.tensor(X, dtype=torch.int64), torch.tensor(y, dtype=torch.int64)
    if structure == "transformer":
        logits = _transformer(torch, layers, list(weights), tokens)
    else:
        logits = _recurrent(torch, structure, attention, layers, list(weights), tokens)
    ours = model.predict(X)
    assert np.abs((ours - logits.detach().numpy())[y != 0]).max() < 1e-12  # those of padding count nowhere
    each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), target, reduction="none", ignore_index=0)
    loss = (each.sum(1) / (target != 0).sum(1)).mean()
    loss.backward()
    assert abs(model.objective(X, y) - float(loss.detach())) < 1e-12
    gradient = np.concatenate([weight.grad.numpy().ravel() for weight in weights])
    assert np.abs(model.gradient(X, y) - gradient).max() < 1e-10


@CASES
def test_padding_changes_nothing(structure: str, attention: str, layers: int) -> None:
    """The same sentences in longer rows have the same logits, and the weights of padding's table rows no gradient."""
    model, (X, y) = _model(structure, attention, layers), _rows()
    longer = st.Sequential(_stack(structure, attention, layers, source=SOURCE + 3), "float64")
    longer.build((None, SOURCE + 3 + TARGET + 2))
    longer.set_weights(model.get_weights())
    zeros = np.zeros((len(X), 3))
    padded = np.hstack([X[:, :SOURCE], zeros, X[:, SOURCE:], zeros[:, :2]])
    assert np.abs((longer.predict(padded)[:, :TARGET] - model.predict(X))[y != 0]).max() < 1e-13


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@CASES
def test_a_row_has_the_same_bits_in_a_batch_of_any_size(
    structure: str, attention: str, layers: int, dtype: str,
) -> None:
    model, (X, _) = _model(structure, attention, layers, dtype), _rows(40)
    together = model.predict(X)
    for rows in (slice(0, 1), slice(5, 6), slice(3, 20)):
        assert (model.predict(X[rows]) == together[rows]).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@CASES
def test_logits_token_by_token_are_those_of_the_whole_network(
    structure: str, attention: str, layers: int, dtype: str,
) -> None:
    """Of hypotheses that are continued, dropped and swapped, as in beam search; tokens of padding occur too."""
    model, rng = _model(structure, attention, layers, dtype), np.random.default_rng(4)
    X, _ = _rows(3)
    writer = Writer(model.program, 6, TARGET)
    writer.read(X[:, :SOURCE].astype(dtype))
    of, written = np.arange(3), np.zeros((3, 0))
    for step, parents in enumerate(([0, 0, 1, 1, 2, 2], [1, 0, 2, 2, 5], [0, 4, 4], [2, 1, 0, 0])):
        of, tokens = of[parents], rng.integers(0, TOKENS[1], len(parents))
        written = np.column_stack([written[parents], tokens])
        rows = np.hstack([X[of, :SOURCE], written, np.zeros((len(of), TARGET - step - 1))])
        expected = model.predict(rows)[:, step]
        logits = writer.write(tokens, np.array(parents))
        assert np.abs(logits - expected).max() < (1e-6 if dtype == "float32" else 1e-13) * np.abs(expected).max()


@pytest.mark.parametrize("structure", STRUCTURES)
def test_dropout_is_drawn_by_the_key_and_training_lowers_the_loss(structure: str) -> None:
    model, (X, y) = _model(structure, None, dropout=0.3), _rows()
    first, again, other = (model(X, training=True, key=key) for key in (1, 1, 2))
    assert (first == again).all() and (first != other).any() and (first != model.predict(X)).any()
    before = model.objective(X, y)
    model.compile(st.Adam(0.02), "token_crossentropy")
    model.fit(X, y, epochs=100, verbose=0)
    assert model.objective(X, y) < 0.7 * before


def test_bad_arguments_and_rows_are_refused() -> None:
    for given, message in (
        ({"structure": "rnn"}, "structure is 'rnn'"), ({"attention": "Dot"}, "attention is 'Dot'"),
        ({"structure": "transformer", "attention": "dot"},
         "attention is 'dot'; structure='transformer' has attention='multi_head' only"),
        ({"structure": "transformer", "embedding": 63}, "embedding is 63; with heads=4 it must be a multiple of 4"),
        ({"attention": "multi_head", "units": 30}, "units is 30; with heads=4 it must be a multiple of 4"),
        ({"layers": 0}, "layers is 0"),
    ):
        with pytest.raises(ValueError, match=message):
            EncoderDecoder(*TOKENS, SOURCE, **given)
    with pytest.raises(ValueError, match=r"rows of shape \(5,\); with source_length=5 it takes"):
        st.Sequential([EncoderDecoder(*TOKENS, SOURCE)]).build((None, SOURCE))
    model, (X, y) = _model("gru", "dot"), _rows()
    with pytest.raises(ValueError, match=r"y holds the token 8; tokens must be integers from 0 to 7"):
        model.fit(X, y + 1.0, verbose=0)
    with pytest.raises(ValueError, match=r"X holds the token 9 in its source; tokens must be integers from 0 to 8"):
        model.fit(X + 1.0, y, verbose=0)
