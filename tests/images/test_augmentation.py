"""Random flips, moves and turns: by hand, training only, repeatable, gradients; PyTorch and Keras as oracles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.images.augmentation import FILL_MODES, draw_rotation, draw_translation, rotation, sample

LAYERS = [
    st.RandomFlip(), st.RandomFlip("vertical"), st.RandomRotation(0.3),
    st.RandomRotation(0.3, "constant"),
    *(st.RandomTranslation(0.6, 0.9, mode) for mode in FILL_MODES),
    st.RandomRotation(0.3, "nearest"),
    st.GaussianNoise(0.2),
]


def _moved(image: Any, rows: float, columns: float, mode: str = "constant") -> list[list[float]]:
    """An image moved down and right by so many pixels."""
    x = np.asarray(image, np.float64)[..., None]
    y = np.empty_like(x)
    sample(x, (-float(rows), 1.0, 0.0, -float(columns), 0.0, 1.0), FILL_MODES.index(mode), y)
    return y[..., 0].tolist()


def test_a_translation_by_hand() -> None:
    assert _moved([[1, 2], [3, 4]], 1, 0) == [[0, 0], [1, 2]]
    assert _moved([[1, 2], [3, 4]], 0, -0.5) == [[1.5, 1.0], [3.5, 2.0]]


@pytest.mark.parametrize("mode, row", [
    ("constant", [0, 0, 1, 2]), ("nearest", [1, 1, 1, 2]), ("reflect", [2, 1, 1, 2]), ("wrap", [3, 4, 1, 2]),
])
def test_what_comes_in_at_the_edge(mode: str, row: list[float]) -> None:
    assert _moved([[1, 2, 3, 4]], 0, 2, mode) == [row]


def test_a_quarter_turn_is_counter_clockwise() -> None:
    x, y = np.arange(9.0).reshape(3, 3, 1), np.empty((3, 3, 1))
    sample(x, rotation(3, 3, np.pi / 2), 1, y)
    np.testing.assert_allclose(y[..., 0], np.rot90(x[..., 0]), atol=1e-12)


@pytest.mark.slow  # network/test_every_layer differentiates one of each kind in the plain run
@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_gradients_are_central_differences(layer: st.Layer, differenced: Any) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 3, 2))
    differenced(layer, x, True)
    differenced(layer, x, False)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_evaluation_changes_nothing_and_training_repeats_itself(layer: st.Layer, run: Any) -> None:
    x = np.random.default_rng(1).normal(size=(6, 5, 4, 1))
    assert (run(layer, x, training=False).y == x).all()
    first = run(layer, x).y
    assert (first == run(layer, x).y).all() and (first != x).any()


def test_each_image_is_moved_by_its_own_amount_within_the_limits() -> None:
    limits, shape, key = np.array([-0.1, 0.1, 0.2, 0.3]), np.array([10, 20]), np.uint64(5)
    moved = np.array([draw_translation(shape, limits, i, key) for i in range(2000)])
    rows, columns = -moved[:, 0], -moved[:, 3]
    assert -1.0 <= rows.min() < -0.99 and 0.99 < rows.max() <= 1.0
    assert 4.0 <= columns.min() < 4.02 and 5.98 < columns.max() <= 6.0
    assert abs(rows.mean()) < 5 * (2 / np.sqrt(12)) / np.sqrt(2000) and abs(np.corrcoef(rows, columns)[0, 1]) < 0.1
    turned = np.array([draw_rotation(np.array([5, 5]), np.array([0.0, 0.25]), i, key) for i in range(2000)])
    assert turned[:, 1].min() >= 0.0 and turned[:, 2].min() >= 0.0  # cosine and sine of up to a quarter turn


def test_half_of_the_images_are_flipped(run: Any) -> None:
    x = np.arange(4000.0).reshape(1000, 2, 2, 1)
    y = run(st.RandomFlip("horizontal"), x).y
    flipped = (y == x[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (flipped | (y == x).all(axis=(1, 2, 3))).all() and abs(flipped.mean() - 0.5) < 5 * 0.5 / np.sqrt(1000)
    both = run(st.RandomFlip(), x).y
    kinds = [(both == x[:, ::a, ::b]).all(axis=(1, 2, 3)).mean() for a in (1, -1) for b in (1, -1)]
    assert sum(kinds) == 1.0 and abs(np.array(kinds) - 0.25).max() < 5 * np.sqrt(0.1875 / 1000)


def test_they_train_and_are_saved(tmp_path: Any) -> None:
    model = st.Sequential([st.RandomTranslation(0.1, (0.0, 0.2)), st.RandomRotation(0.1), st.RandomFlip("horizontal"),
                           st.Conv2D(2, 3, activation="relu"), st.Flatten(), st.Dense(2, "softmax")], "float64")
    model.compile("adam", "categorical_crossentropy")
    X, y = np.random.default_rng(2).normal(size=(10, 6, 5, 1)), [0, 1] * 5
    model.fit(X, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.npz")
    assert (st.load_model(tmp_path / "model.npz").predict(X) == model.predict(X)).all()


# Oracles --------------------------------------------------------------------------------------------------------------


def _theirs(torch: Any, x: np.ndarray, moves: list[Any], padding: str) -> tuple[Any, Any]:
    """PyTorch's grid_sample at the places that our six numbers name, for each image."""
    n, height, width, _ = x.shape
    m, k = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    grids = []
    for f in moves:
        row, column = f[0] + f[1] * m + f[2] * k, f[3] + f[4] * m + f[5] * k
        grids.append(np.stack([(2 * column + 1) / width - 1, (2 * row + 1) / height - 1], axis=-1))
    X = torch.tensor(x, requires_grad=True)
    y = torch.nn.functional.grid_sample(
        X.permute(0, 3, 1, 2), torch.tensor(np.array(grids)), "bilinear", padding, align_corners=False)
    return X, y.permute(0, 2, 3, 1)


@pytest.mark.parametrize("mode, padding", [("constant", "zeros"), ("nearest", "border"), ("reflect", "reflection")])
@pytest.mark.parametrize("kind", [st.RandomTranslation, st.RandomRotation])
def test_outputs_and_gradients_are_pytorchs(kind: Any, mode: str, padding: str, run: Any, torch: Any) -> None:
    rng = np.random.default_rng(3)
    x, dy = rng.normal(size=(5, 6, 4, 3)), rng.normal(size=(5, 6, 4, 3))
    layer = kind(*([0.4, 0.7] if kind is st.RandomTranslation else [0.3]), fill_mode=mode)
    ours = run(layer, x, dy)
    drawn = draw_translation if kind is st.RandomTranslation else draw_rotation
    layer.start(x.shape[1:])
    moves = [drawn(np.array(layer.integers()), np.array(layer.reals()), i, ours.key) for i in range(5)]
    X, y = _theirs(torch, x, moves, padding)
    (y * torch.tensor(dy)).sum().backward()
    np.testing.assert_allclose(ours.y, y.detach().numpy(), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(ours.dx, X.grad.numpy(), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("mode", FILL_MODES)
def test_a_moved_image_is_kerass(mode: str, keras: Any) -> None:
    """Its operation with our six numbers, which are its matrix with columns before rows."""
    x, y = np.random.default_rng(4).normal(size=(2, 6, 5, 2)), np.empty((2, 6, 5, 2))
    f = rotation(6, 5, 0.4)
    matrix = np.array([[f[5], f[4], f[3] + 0.3, f[2], f[1], f[0] - 1.7, 0.0, 0.0]] * 2)
    theirs = keras.ops.image.affine_transform(x, matrix, fill_mode=mode)
    for i in range(2):
        sample(x[i], (f[0] - 1.7, *f[1:3], f[3] + 0.3, *f[4:]), FILL_MODES.index(mode), y[i])
    np.testing.assert_allclose(y, keras.ops.convert_to_numpy(theirs), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("mode", FILL_MODES)
def test_a_rotation_and_a_translation_are_kerass(mode: str, keras: Any) -> None:
    """Keras's layers, their amounts fixed by equal limits; they compute the places in single precision."""
    x, y = np.random.default_rng(4).normal(size=(2, 6, 5, 2)), np.empty((2, 6, 5, 2))
    theirs = keras.layers.RandomRotation((0.07, 0.07), fill_mode=mode, dtype="float64")(x, training=True)
    for i in range(2):
        sample(x[i], rotation(6, 5, 2 * np.pi * 0.07), FILL_MODES.index(mode), y[i])
    np.testing.assert_allclose(y, keras.ops.convert_to_numpy(theirs), atol=1e-5)
    layer = keras.layers.RandomTranslation((0.25, 0.25), (-0.3, -0.3), fill_mode=mode, dtype="float64")
    for i in range(2):
        sample(x[i], (-0.25 * 6, 1.0, 0.0, 0.3 * 5, 0.0, 1.0), FILL_MODES.index(mode), y[i])
    np.testing.assert_allclose(y, keras.ops.convert_to_numpy(layer(x, training=True)), atol=1e-5)


@pytest.mark.parametrize("make, error, message", [
    (lambda: st.RandomFlip("sideways"), ValueError, "mode is 'sideways'"),
    (lambda: st.RandomTranslation(0.1, 1.5), ValueError, "width_factor is 1.5"),
    (lambda: st.RandomTranslation((0.2, 0.1), 0.0), ValueError, "the lower limit must not be above the upper one"),
    (lambda: st.RandomTranslation((0.2,), 0.0), ValueError, r"height_factor is \(0.2,\); it must be a number, or two"),
    (lambda: st.RandomRotation(-0.1), ValueError, "factor is -0.1"),
    (lambda: st.RandomRotation("a"), TypeError, "factor is 'a'"),
    (lambda: st.RandomRotation(0.1, "reflekt"), ValueError, "did you mean 'reflect'"),
    (lambda: st.Sequential([st.RandomFlip()]).build((None, 4)), ValueError, r"RandomFlip gets rows of shape \(4,\)"),
])
def test_bad_arguments(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
