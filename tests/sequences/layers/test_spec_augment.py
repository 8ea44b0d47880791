"""SpecAugment: masks by hand, their widths and positions, padding, equal bits, gradients, layers above."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune import jit
from scratchtune.core.network.program import Program
from scratchtune.core.network.random_numbers import random_bits, uniform
from scratchtune.sequences.layers.spec_augment import draw_mask, frequency_mask, time_mask

FRAMES, FEATURES = 100, 40


def _ones(rows: int = 400) -> np.ndarray:
    return np.ones((rows, FRAMES, FEATURES))


def _trained(layers: list[st.Layer], x: np.ndarray, key: int = 3) -> np.ndarray:
    """What layers make of rows in training."""
    program = Program(layers, x.shape[1:], x.dtype.name, 0)
    program.draw_weights()
    return program.outputs_in_training(x.reshape(len(x), -1), key)


def _padded(x: np.ndarray, layer: st.SpecAugment, key: int = 3, dtype: str = "float64") -> np.ndarray:
    """What `Masking` and the layer above it make of rows in training; padding is frames of zeros."""
    return _trained([st.layers.Masking(), layer.fresh()], x.astype(dtype), key)


def _hidden(y: np.ndarray, axis: int) -> np.ndarray:
    """How many frames (axis 2) or features (axis 1) of each row are 0."""
    return np.asarray((y == 0).all(axis=axis).sum(axis=1))


def test_masks_by_hand() -> None:
    rows = np.arange(1.0, 7.0).reshape(3, 2)
    time_mask(rows, 1, 1)
    assert rows.tolist() == [[1, 2], [0, 0], [5, 6]]
    frequency_mask(rows, 1, 4)
    assert rows.tolist() == [[1, 0], [0, 0], [5, 0]]


def test_widths_are_uniform_from_0_to_the_maximum(run: Any) -> None:
    counts = np.bincount(_hidden(run(st.SpecAugment(1, 4, 0, 0), _ones()).y, 2), minlength=5)
    assert len(counts) == 5 and counts.min() > 50
    counts = np.bincount(_hidden(run(st.SpecAugment(0, 0, 1, 3), _ones()).y, 1), minlength=4)
    assert len(counts) == 4 and counts.min() > 70


def test_a_mask_is_one_stretch_and_can_be_anywhere(run: Any) -> None:
    y = run(st.SpecAugment(1, 20, 0, 0), _ones()).y[:, :, 0]
    edges = np.diff(np.pad(y == 0, ((0, 0), (1, 1))).astype(int), axis=1)
    assert ((edges == 1).sum(axis=1) <= 1).all() and (y == 0).sum(axis=0).min() > 0
    assert (run(st.SpecAugment(0, 0, 1, 8), _ones()).y[:, 0] == 0).sum(axis=0).min() > 0


def test_a_time_mask_covers_at_most_a_share_of_the_frames(run: Any) -> None:
    for share, widest in ((0.1, 10), (0.0, 0), (0.29, 29), (1.0, 50)):
        hidden = _hidden(run(st.SpecAugment(1, 50, 0, 0, share), _ones(1000)).y, 2)
        assert hidden.max() == widest, share
        assert abs(hidden.mean() - widest / 2) < 5 * (widest + 1) / np.sqrt(12 * 1000)


def test_several_masks_together_cover_at_most_the_sum(run: Any) -> None:
    y = run(st.SpecAugment(3, 5, 2, 4), _ones(1000)).y
    assert 10 < _hidden(y, 2).max() <= 15 and 4 < _hidden(y, 1).max() <= 8


@pytest.mark.slow  # compiles recurrent layers
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_padding_is_neither_hidden_nor_counted(dtype: str) -> None:
    """A row of 30 frames gets masks of up to 0.2 · 30 = 6 frames, all within these; a row without a frame none."""
    x = _ones()
    x[:200, 30:] = 0.0
    x[-1] = 0.0
    y = _padded(x, st.SpecAugment(1, 20, 0, 0), dtype=dtype)
    short, long = _hidden(y[:200, :30], 2), _hidden(y[200:-1], 2)
    assert short.max() == 6 and np.bincount(short, minlength=7).min() > 5 and long.max() == 20
    assert (y[:200, :30, 0] == 0).sum(axis=0).min() > 0 and (y[x == 0] == 0).all()


def test_a_padding_of_another_value_stays_as_it_is() -> None:
    x = _ones(20)
    x[:, 50:] = 7.0
    layers: list[st.Layer] = [st.layers.Masking(7.0), st.SpecAugment(2, 50, 2, 40, 1.0)]
    y = _trained(layers, x)
    assert (y[:, 50:] == 7.0).all() and (y[:, :50] == 0.0).any()


def test_a_silent_frame_between_others_is_no_padding() -> None:
    x = _ones(50)
    x[:, 10] = 0.0
    assert (_padded(x, st.SpecAugment(1, 100, 0, 0, 1.0))[:, 11:] == 0).any()


def test_the_same_key_hides_the_same_and_each_row_differs() -> None:
    x, layer = _ones(50), st.SpecAugment()
    first = _padded(x, layer)
    assert (first == _padded(x, layer)).all() and (first != _padded(x, layer, key=4)).any()
    assert len({row.tobytes() for row in first}) == 50
    assert (_padded(x[:7], layer) == first[:7]).all()


def test_evaluation_changes_nothing(run: Any) -> None:
    x, dy = np.random.default_rng(0).normal(size=(2, 5, FRAMES, FEATURES))
    found = run(st.SpecAugment(), x, dy, training=False)
    assert (found.y == x).all() and (found.dx == dy).all()


def test_no_masks_change_nothing_in_training(run: Any) -> None:
    x = np.random.default_rng(1).normal(size=(5, 6, 3))
    for layer in (st.SpecAugment(0, 20, 0, 8), st.SpecAugment(2, 0, 2, 0)):
        assert (run(layer, x).y == x).all()


def test_the_gradient_is_zero_where_something_is_hidden(run: Any) -> None:
    x, dy = np.random.default_rng(2).normal(size=(2, 30, FRAMES, FEATURES))
    found = run(st.SpecAugment(), x, dy)
    assert (found.dx == np.where(found.y == 0.0, 0.0, dy)).all() and (found.dx == 0.0).any()


def test_gradients_are_central_differences(differenced: Any) -> None:
    x = np.random.default_rng(3).normal(size=(3, 6, 4))
    differenced(st.SpecAugment(1, 3, 1, 2, 0.5), x, True)
    differenced(st.SpecAugment(1, 3, 1, 2, 0.5), x, False)


def test_compiled_masks_are_those_of_plain_python(run: Any) -> None:
    """Row i's m-th of 4 masks has the random numbers 2 · (4 · i + m) and the next one of the layer's key."""
    x = np.random.default_rng(4).normal(size=(20, FRAMES, FEATURES))
    found = run(st.SpecAugment(), x)
    expected = x.copy()
    for i in range(20):
        for m, (size, widest) in enumerate([(FRAMES, 20), (FRAMES, 20), (FEATURES, 8), (FEATURES, 8)]):
            u, v = (jit.plain(uniform)(jit.plain(random_bits)(found.key, np.uint64(2 * (4 * i + m) + k)))
                    for k in range(2))
            width = int(u * (widest + 1))
            start = int(v * (size - width + 1))
            drawn = draw_mask(size, widest, found.key, np.uint64(2 * (4 * i + m)))
            assert drawn == (start, width) and 0 <= start <= size - width
            jit.plain(time_mask if m < 2 else frequency_mask)(expected[i], start, width)
    assert (found.y == expected).all()


@pytest.mark.slow  # the GRU takes long to compile
def test_layers_above_get_the_mask_and_the_layer_is_saved(tmp_path: Any) -> None:
    """Padding changes nothing of the layers above, in training neither, since the masks of a row depend on its frames.
    """
    x = np.random.default_rng(5).normal(size=(6, 20, 3))
    longer = np.concatenate([x, np.zeros((6, 7, 3))], axis=1)
    layers = [st.layers.Masking(), st.SpecAugment(2, 5, 1, 2), st.Conv1D(4, 3, padding="same"),
              st.Bidirectional(st.GRU(3))]
    short, long = (_trained([layer.fresh() for layer in layers], rows) for rows in (x, longer))
    np.testing.assert_allclose(long, short, rtol=1e-12)
    without = _trained([layer.fresh() for layer in layers if not isinstance(layer, st.SpecAugment)], x)
    assert np.abs(short - without).max() > 1e-3
    model = st.Sequential(layers)
    model.compile("adam", "mse")
    model.fit(x, np.zeros((6, 6)), verbose=0)
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    assert repr(loaded.layers[1]) == repr(layers[1]) and (loaded.predict(x) == model.predict(x)).all()


@pytest.mark.parametrize("arguments, message", [
    ({"time_masks": -1}, "time_masks is -1; it must be an integer of at least 0"),
    ({"frequency_width": 2.5}, "frequency_width is 2.5"),
    ({"time_share": 1.5}, r"time_share is 1.5; it must be a finite number in \[0.0, 1.0\]"),
])
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        st.SpecAugment(**arguments)


def test_rows_that_are_no_sequences_are_refused() -> None:
    with pytest.raises(ValueError, match=r"SpecAugment gets rows of shape \(4,\); it takes sequences"):
        st.Sequential([st.SpecAugment()]).build((None, 4))
