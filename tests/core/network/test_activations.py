"""Activations: kernels over whole batches by hand, at the edges and in odd shapes; the oracle is PyTorch's autograd."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import jit
from scratchtune.core.network import activations, engine
from scratchtune.core.network.activations import ACTIVATIONS
from scratchtune.layers import Activation

SHAPES = [(1, 1), (1, 3), (3, 1), (5, 3), (2, 17), (3, 20)]


def _through(name: Any, x: Any, dy: Any = None, dtype: str = "float64") -> tuple[np.ndarray, np.ndarray]:
    """The layer's outputs for a batch ``x``, and what it hands back of ``dy``; a linear layer stands before it."""
    x = np.asarray(x, dtype)
    stages = [Activation("linear"), Activation(name)]
    for stage in stages:
        stage.start(x.shape[1:])
    rows, nothing, key = len(x), engine.aligned(0, dtype), np.uint64(0)
    network = engine.build_network(stages, nothing, nothing, rows)
    engine.matrix(network.values, network.at, 0, rows)[:] = x
    engine.forward_pass(network, 0, 2, rows, True, 0, key)
    engine.matrix(network.value_grads, network.at, 2, rows)[:] = 1.0 if dy is None else dy
    engine.backward_pass(network, 2, rows, True, 0, key)
    at = network.at
    return engine.matrix(network.values, at, 2, rows).copy(), engine.matrix(network.value_grads, at, 1, rows).copy()


def test_relu_over_a_batch_by_hand() -> None:
    y, dx = _through("relu", [[-1.0, 2.0], [0.0, 3.0]], [[5.0, 6.0], [7.0, 8.0]])
    assert y.tolist() == [[0.0, 2.0], [0.0, 3.0]]
    assert dx.tolist() == [[0.0, 6.0], [0.0, 8.0]]


def test_softmax_over_a_batch_by_hand() -> None:
    """Logits (0, log 3): p = (1/4, 3/4). With dy = (4, 0) the mean is 1, so dx = (1/4 * (4 - 1), 3/4 * (0 - 1))."""
    y, dx = _through("softmax", [[0.0, np.log(3.0)], [5.0, 5.0]], [[4.0, 0.0], [1.0, 1.0]])
    np.testing.assert_allclose(y, [[0.25, 0.75], [0.5, 0.5]], rtol=1e-15)
    np.testing.assert_allclose(dx, [[0.75, -0.75], [0.0, 0.0]], atol=1e-15)


def test_the_slope_of_leaky_relu_is_keras_s() -> None:
    y, dx = _through("leaky_relu", [[-10.0, 10.0]])
    assert y.tolist() == [[-2.0, 10.0]] and dx.tolist() == [[0.2, 1.0]]


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_overflows_and_nan_stays_nan(name: str, dtype: str) -> None:
    """NaN must not turn into a harmless zero, or a diverging training would look healthy."""
    y, dx = _through(name, [[-1e4, 1e4, 0.0], [-100.0, 88.0, 1.0]], dtype=dtype)
    assert y.dtype == dx.dtype == dtype and np.isfinite(y).all() and np.isfinite(dx).all()
    assert np.isnan(_through(name, [[np.nan, np.nan]], dtype=dtype)[0]).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_softmax_rows_are_probabilities_and_know_no_shift(shape: tuple[int, int]) -> None:
    z = np.random.default_rng(0).normal(size=shape) * 5
    y, dx = _through("softmax", z)
    assert (y > 0.0).all() and np.allclose(y.sum(1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(_through("softmax", z + 1000.0)[0], y, rtol=1e-12)
    np.testing.assert_allclose(dx, 0.0, atol=1e-15)  # dy = 1 for all: their sum is 1 whatever z is


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-12), ("float32", 2e-6)])
def test_values_and_gradients_are_pytorchs(name: str, dtype: str, tolerance: float) -> None:
    torch = pytest.importorskip("torch")
    theirs = {
        "linear": lambda z: z * 1.0, "softmax": lambda z: torch.softmax(z, 1), "swish": torch.nn.functional.silu,
        "leaky_relu": lambda z: torch.nn.functional.leaky_relu(z, 0.2),
    }.get(name) or getattr(torch.nn.functional, name, None)
    if theirs is None:
        pytest.skip(f"PyTorch has no function {name}")
    rng = np.random.default_rng(1)
    for shape in SHAPES:
        x, dy = (rng.normal(size=shape) * 3).astype(dtype), rng.normal(size=shape).astype(dtype)
        x[0, 0] = 0.0
        z = torch.tensor(x, requires_grad=True)
        a = theirs(z)
        a.backward(torch.tensor(dy))
        y, dx = _through(name, x, dy, dtype)
        np.testing.assert_allclose(y, a.detach().numpy(), rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(dx, z.grad.numpy(), rtol=tolerance, atol=tolerance)


# Activations of one's own ---------------------------------------------------------------------------------------------


def cube(z: Any) -> Any:
    return z * z * z


def cube_grad(z: Any) -> Any:
    return 3.0 * z * z


@pytest.fixture
def named_cube() -> Iterator[str]:
    st.activations.register("cube", cube, cube_grad)
    yield "cube"
    del ACTIVATIONS["cube"]


def _model(activation: Any, dtype: str = "float64") -> st.Sequential:
    model = st.Sequential([st.Dense(4, activation=activation), st.Dense(1)], dtype, seed=1)
    model.compile("sgd", "mse")
    model.build((None, 3))
    return model


@pytest.mark.parametrize("pair", [
    (cube, cube_grad), [cube, cube_grad], (lambda z: z * z * z, lambda z: 3.0 * z * z),
    (jit.function(cube), jit.function(cube_grad))])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_pair_of_functions_by_hand(pair: Any, dtype: str) -> None:
    y, dx = _through(pair, [[2.0, -1.0]], [[1.0, 5.0]], dtype)
    assert y.tolist() == [[8.0, -1.0]] and dx.tolist() == [[12.0, 15.0]] and y.dtype == dtype


def test_two_pairs_whose_functions_have_the_same_name_are_two_activations() -> None:
    square, twice = (lambda z: z * z, lambda z: 2.0 * z), (lambda z: 2.0 * z, lambda z: 2.0)
    for _ in range(2):
        assert _through(square, [[3.0]])[0].item() == 9.0 and _through(twice, [[3.0]])[0].item() == 6.0


def test_a_pair_that_does_what_a_named_activation_does_trains_to_the_same_bits() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    named, own = _model("silu"), _model((activations.silu, activations.silu_grad))
    for model in (named, own):
        model.fit(X, y, epochs=3, verbose=0)
    assert (named.theta == own.theta).all()


def test_a_pair_is_copied_and_pickled_with_its_layer() -> None:
    model, x = _model((cube, cube_grad)), np.ones((2, 3))
    for copy in (pickle.loads(pickle.dumps(model)), model.fresh()):
        copy.build((None, 3)) if not copy.built else None
        assert (copy.predict(x) == model.predict(x)).all()


def test_a_model_with_a_pair_is_saved_once_the_pair_has_a_name(tmp_path: Path, named_cube: str) -> None:
    path, x = tmp_path / "model.npz", np.ones((2, 3))
    with pytest.raises(TypeError, match=r"holds the function 'cube'.*st.activations.register\(name, function, deriv"):
        _model((cube, cube_grad)).save(path)
    assert not list(tmp_path.iterdir())
    model = _model(named_cube)
    model.save(path)
    assert (st.load_model(path).predict(x) == model.predict(x)).all()
    assert (_model((cube, cube_grad)).predict(x) == model.predict(x)).all()
    assert st.MLPRegressor(activation=named_cube).fit(np.eye(4), np.arange(4.0)).predict(np.eye(4)).shape == (4,)


def test_a_pair_of_a_script_is_compiled_in_each_process(tmp_path: Path) -> None:
    """The code on disk of one script is not taken for that of another whose functions have the same names."""
    for power in (2, 3):
        script = tmp_path / "script.py"
        script.write_text(f"""import numpy as np, scratchtune as st
def own(z): return z ** {power}
def own_grad(z): return {power} * z ** {power - 1}
model = st.Sequential([st.Activation((own, own_grad))], "float64")
model.build((None, 1))
print(model.predict(np.array([[2.0]])).item())
""")
        done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
        assert float(done.stdout) == 2.0**power


@pytest.mark.parametrize("make, error, message", [
    (lambda: st.Dense(2, activation="sosftmax"), ValueError, "must be one of 'linear', 'relu'.*did you mean 'softmax'"),
    (lambda: st.Dense(2, activation=np.tanh), TypeError, "must be a name, one of 'linear', .*or a pair of Python func"),
    (lambda: st.Activation((np.tanh, cube)), TypeError, "or a pair of Python functions of one number"),
    (lambda: st.Activation((cube,)), TypeError, "the activation and its derivative"),
    (lambda: st.activations.register("relu", cube, cube_grad), ValueError, "name is 'relu'; it must be a name that no"),
    (lambda: st.activations.register("cubed", cube, 3.0), TypeError, "the activation and its derivative"),
])
def test_bad_activations(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
