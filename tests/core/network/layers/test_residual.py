"""Residual connections: by hand, gradients where several layers read the same values, files, a small GPT; bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.network.engine import inputs_of
from scratchtune.core.network.layers.base import InputOf
from scratchtune.core.network.layers.residual import Add, Composed, Residual


def _nested(dtype: str = "float64") -> st.Sequential:
    """Connections in a row, one inside another, and layers whose inputs are read three times."""
    inner = Residual([Residual([st.Dense(4, "tanh")]), st.LayerNormalization(), st.Dense(4)])
    model = st.Sequential([st.Dense(4), Residual([st.Dense(4)]), inner, st.Dense(2, "softmax")], dtype, seed=1)
    model.compile("sgd", "categorical_crossentropy")
    model.build((None, 3))
    return model


def test_by_hand(run: Any) -> None:
    """y = x + (2 x + 1) at x = 3 is 10; dJ/dx = 3 for dJ/dy = 1, and the weight's gradient is x."""
    found = run(Residual([st.Dense(1)]), np.array([[3.0]]), np.array([[1.0]]), theta=[[2.0, 1.0]])
    assert (found.y.item(), found.dx.item(), found.dtheta.tolist()) == (10.0, 3.0, [3.0, 1.0])


def test_the_program_names_the_inputs() -> None:
    model = _nested()
    x_from, second_from = zip(*inputs_of(model.program.stages), strict=True)
    assert [type(stage).__name__ for stage in model.program.stages] == [
        "Dense", "Dense", "Add", "Dense", "Activation", "Add", "LayerNormalization", "Dense", "Add", "Dense",
        "Activation"]
    assert x_from == tuple(range(11)) and second_from == (-1, -1, 1, -1, -1, 3, -1, -1, 3, -1, -1)
    at = model.program.network(5).at
    added = at.inputs[:, 2:] != at.values[at.inputs[:, :2]]  # to what a stage above has written
    assert np.flatnonzero(added[:, 0]).tolist() == [1, 3] and np.flatnonzero(added[:, 1]).tolist() == [5]


def test_gradients_are_central_differences() -> None:
    model, rng = _nested(), np.random.default_rng(0)
    X, y, found = rng.normal(size=(5, 3)), rng.integers(0, 2, 5), []
    gradient = model.gradient(X, y)
    for i in range(gradient.size):
        ends = []
        for step in (1e-6, -2e-6):
            model.theta[i] += step
            ends.append(model.objective(X, y))
        model.theta[i] += 1e-6
        found.append((ends[0] - ends[1]) / 2e-6)
    np.testing.assert_allclose(gradient, found, rtol=1e-6, atol=1e-9)


def test_a_file_holds_the_layers_of_a_layer(tmp_path: Path) -> None:
    model, X = _nested("float32"), np.ones((2, 3))
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    assert repr(loaded.layers) == repr(model.layers) and (loaded.predict(X) == model.predict(X)).all()


@pytest.mark.slow
def test_a_small_gpt_learns_to_repeat_and_sees_no_later_token() -> None:
    """Tokens that repeat with period 3: each next one is known from the fourth on."""
    rng, tokens, length = np.random.default_rng(0), 8, 12
    rows = np.tile(rng.integers(1, tokens, (400, 3)), (1, 5))[:, : length + 1]

    def block() -> list[st.Layer]:
        return [Residual([st.LayerNormalization(), st.MultiHeadAttention(2, 8, use_causal_mask=True)]),
                Residual([st.LayerNormalization(), st.Dense(32, "relu"), st.Dense(16)])]

    model = st.Sequential([st.Embedding(tokens, 16), st.SinusoidalPositions(), *block(), *block(),
                           st.LayerNormalization(), st.Dense(tokens)])
    model.compile(st.Adam(0.01), "token_crossentropy")
    model.fit(rows[:300, :-1], rows[:300, 1:], epochs=30, batch_size=32, verbose=0)
    written = model.predict(rows[300:, :-1]).argmax(axis=2)
    assert (written[:, 3:] == rows[300:, 4:]).mean() > 0.95
    X = rows[300:, :-1].copy()
    before = model.predict(X)
    X[:, 6:] = 1 + X[:, 6:] % (tokens - 1)
    after = model.predict(X)
    assert (after[:, :6] == before[:, :6]).all() and (after[:, 6:] != before[:, 6:]).any(axis=2).all()


def test_bad_layers_are_refused() -> None:
    with pytest.raises(TypeError, match=r"layers is \[\]; it must be a list of layers"):
        Residual([])
    with pytest.raises(ValueError, match=r"make rows of shape \(3,\) to \(4,\)"):
        st.Sequential([Residual([st.Dense(4)])]).build((None, 3))

    class Wrong(Composed):
        """Two dense layers, of which the second one reads ``source``."""

        source: Any = None

        def build(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
            self.parts = [st.Dense(2), st.Dense(2)]
            self.parts[1].reads = self.source(self.parts)
            return super().build(input_shape)

    Wrong.source = lambda self, parts: InputOf(parts[0])
    with pytest.raises(ValueError, match=r"no stage reads the outputs of Dense\(units=2\)"):
        st.Sequential([Wrong()]).build((None, 2))
    Wrong.source = lambda self, parts: parts[1]
    with pytest.raises(ValueError, match="which is no stage below it"):
        st.Sequential([Wrong()]).build((None, 2))


def test_a_layer_without_the_input_that_its_kernels_read_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Add\(\).second is None, and its forward kernel is a forward2 kernel"):
        st.Sequential([st.Dense(4), Add()]).build((None, 3))
    layer = st.Dense(4)
    layer.second = InputOf(layer)
    with pytest.raises(ValueError, match="its forward kernel is a forward kernel"):
        st.Sequential([layer]).build((None, 3))
