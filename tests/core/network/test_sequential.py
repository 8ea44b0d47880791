"""Sequential: weights and theta, labels, metrics, files and copies; the same training in PyTorch and Keras."""

from __future__ import annotations

import io
import json
import os
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(14, 4)), np.arange(14) % 3


def _model(*layers: st.Layer, dtype: str = "float64", seed: int = 0, **compiled: Any) -> st.Sequential:
    layers = layers or (st.Dense(5, "relu"), st.Dropout(0.2), st.Dense(3, "softmax"))
    model = st.Sequential(layers, dtype=dtype, seed=seed)
    defaults = {"loss": "categorical_crossentropy", "optimizer": st.Adam(0.01), "metrics": ["accuracy"]}
    model.compile(**defaults | compiled)
    return model


def _fitted(**settings: Any) -> st.Sequential:
    model = _model(penalty=st.L1L2(1e-3, 1e-3), **settings)
    model.fit(X, Y, batch_size=4, epochs=2)
    return model


# Weights and theta ----------------------------------------------------------------------------------------------------


def test_theta_is_kernel_bias_kernel_bias_by_hand() -> None:
    model = _model(st.Dense(2, "relu"), st.Dense(1), loss="mse", metrics=())
    model.build((None, 2))
    model.set_weights([[[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0], [[7.0], [8.0]], [9.0]])
    assert model.theta.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    assert model.predict([[1.0, 1.0]]).tolist() == [[7.0 * 9.0 + 8.0 * 12.0 + 9.0]]


def test_theta_is_a_writable_view_and_the_lists_are_copies() -> None:
    model = _model()
    model.build((None, 4))
    before = model.predict(X)
    model.theta[:5] = 100.0
    assert (model.get_weights()[0][0] == 100.0).all() and (model.predict(X) != before).any()
    weights = model.get_weights()
    weights[0][:] = 0.0
    assert (model.theta[:5] == 100.0).all()
    given = [np.zeros((4, 5)), np.zeros(5), np.zeros((5, 3)), np.ones(3)]
    model.set_weights(given)
    given[3][:] = 7.0
    assert model.theta[-3:].tolist() == [1.0, 1.0, 1.0]


def test_theta_lives_on_through_training() -> None:
    model = _model()
    model.build((None, 4))
    view, start = model.theta, model.theta.copy()
    model.fit(X, Y)
    assert model.theta is view and (view != start).any()
    weights = model.get_weights()
    assert (np.concatenate([weight.ravel() for weight in weights]) == view).all()
    other = _model(seed=5)
    other.build((None, 4))
    other.set_weights(weights)
    assert (other.predict(X) == model.predict(X)).all()


def test_gradient_descent_by_hand_on_theta_is_fit() -> None:
    fitted, by_hand = _model(st.Dense(3, "softmax"), optimizer=st.SGD(0.5)), _model(st.Dense(3, "softmax"))
    by_hand.build((None, 4))
    fitted.fit(X, Y, batch_size=14, epochs=3)
    for _ in range(3):
        by_hand.theta -= 0.5 * by_hand.gradient(X, Y)
    np.testing.assert_allclose(fitted.theta, by_hand.theta, rtol=1e-12)


def test_build_again_is_a_new_start_and_add_makes_it_needed() -> None:
    model = _fitted()
    model.build((None, 4))
    assert (model.theta == _built_theta()).all() and model.optimizer_step == model.epochs_done == 0
    model.add(st.Dense(2))
    assert not model.built
    with pytest.raises(ValueError, match="the model has no weights yet; call build"):
        model.get_weights()


def _built_theta() -> np.ndarray:
    model = _model()
    model.build((None, 4))
    return model.theta


def test_summary_counts_the_parameters(capsys: Any) -> None:
    model = _model()
    model.build((None, 4))
    model.summary()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["25", "0", "18", "43"]
    assert lines[1].startswith("Dense(units=5, activation='relu')") and "(None, 5)" in lines[1]


# Labels and metrics ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("y", [np.eye(3)[Y], Y.astype(float), Y[:, None], Y.tolist(), Y.astype(np.uint8)],
                         ids=["one-hot", "float", "column", "list", "bytes"])
def test_however_labels_are_written_the_training_is_the_same(y: Any) -> None:
    model, labels = _model(), _model()
    assert model.fit(X, y, batch_size=4, epochs=2).history == labels.fit(X, Y, batch_size=4, epochs=2).history
    assert (model.theta == labels.theta).all() and model.evaluate(X, y) == labels.evaluate(X, Y)


def test_inputs_may_be_of_any_numeric_type() -> None:
    whole = np.round(X * 3)
    wanted = _model().fit(whole, Y).history
    for given in (whole.astype(np.int8), whole.astype(np.float16), whole.tolist(), np.asfortranarray(whole),
                  np.repeat(whole, 2, axis=0)[::2], whole.astype(">f8"), whole.astype(object)):
        assert _model().fit(given, Y).history == wanted


def test_accuracy_by_hand() -> None:
    """Logits are the inputs themselves: the largest of each row is the class."""
    model = _model(st.Dense(3, "softmax"))
    model.build((None, 3))
    model.set_weights([np.eye(3), np.zeros(3)])
    inputs = [[3.0, 0, 0], [0, 3, 0], [0, 3, 0], [0, 0, 3]]
    assert model.evaluate(inputs, [0, 1, 2, 2])["accuracy"] == 0.75 == model.score(inputs, [0, 1, 2, 2])
    single = _model(st.Dense(1, "sigmoid"), loss="binary_crossentropy")
    single.build((None, 1))
    single.set_weights([[[1.0]], [0.0]])
    assert single.evaluate([[-1.0], [2.0], [3.0], [4.0]], [0, 0, 1, 1])["accuracy"] == 0.75


def test_a_score_without_metrics_is_minus_the_loss() -> None:
    model = _model(metrics=())
    model.fit(X, Y)
    assert model.score(X, Y) == -model.evaluate(X, Y)["loss"] == -model.objective(X, Y)
    measured = _model(st.Dense(1), loss="mse", metrics=["mae"])
    measured.fit(X, Y)
    assert measured.score(X, Y) == -measured.evaluate(X, Y)["mae"]


@pytest.mark.parametrize("last, loss", [
    ("softmax", "categorical_crossentropy"), ("sigmoid", "binary_crossentropy"), ("linear", "mse"), ("softmax", "mse")])
@pytest.mark.parametrize("metric", ["accuracy", "mean_squared_error", "mae"])
def test_a_metric_means_the_same_in_training_as_in_evaluation(last: str, loss: str, metric: str) -> None:
    """With steps that are too small to move anything, both measure the same network."""
    model = _model(st.Dense(3, last), loss=loss, metrics=[metric], optimizer=st.SGD(1e-15))
    y = np.eye(3)[Y]
    history = model.fit(X, y, batch_size=4).history
    assert history[metric] == [pytest.approx(model.evaluate(X, y)[metric], rel=1e-9)]


def test_evaluate_is_the_objective_and_predict_has_probabilities() -> None:
    model = _fitted()
    p = model.predict(X)
    assert p.shape == (14, 3) and np.allclose(p.sum(1), 1.0)
    penalty = 1e-3 * np.abs(model.theta).sum() + 1e-3 * (model.theta**2).sum()
    loss = -np.log(p[np.arange(14), Y]).mean() + penalty
    assert model.evaluate(X, Y) == {"loss": pytest.approx(loss, rel=1e-12), "accuracy": np.mean(p.argmax(1) == Y)}
    assert model.objective(X, Y) == model.evaluate(X, Y)["loss"]


def test_keras_s_calls_are_understood() -> None:
    """What scripts for Keras write most: None for what is not given, verbose everywhere, x and y by position."""
    model = _model(metrics=None)
    model.fit(X, Y, 4, 1, 0, callbacks=None, validation_data=None, class_weight=None, sample_weight=None)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_holds_throughout(dtype: str) -> None:
    model = _fitted(dtype=dtype)
    assert {array.dtype for array in (model.theta, model.gradient(X, Y), model.predict(X), *model.get_weights())} == {
        np.dtype(dtype)}
    assert type(model.objective(X, Y)) is float


# Going on, files, copies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_epochs_and_one_more_are_three_bit_for_bit(dtype: str) -> None:
    whole, parts = _model(dtype=dtype), _model(dtype=dtype)
    history = whole.fit(X, Y, batch_size=4, epochs=3).history
    first, then = parts.fit(X, Y, batch_size=4, epochs=2).history, parts.fit(X, Y, batch_size=4, epochs=1).history
    assert (whole.theta == parts.theta).all()
    assert history == {name: first[name] + then[name] for name in history}


@pytest.mark.parametrize("optimizer", [
    st.Adam(st.schedules.CosineDecay(0.01, 20), weight_decay=0.1), st.SGD(0.1, momentum=0.9, decay=0.01), st.RMSprop(),
    st.SGD(0.1)], ids=lambda optimizer: type(optimizer).__name__)
def test_saved_and_loaded_goes_on_as_if_never_away(optimizer: Any, tmp_path: Path) -> None:
    model = _fitted(optimizer=optimizer)
    model.save(tmp_path / "model")
    loaded = st.load_model(str(tmp_path / "model"))
    assert [file.name for file in tmp_path.iterdir()] == ["model"]
    assert (loaded.predict(X) == model.predict(X)).all() and loaded.evaluate(X, Y) == model.evaluate(X, Y)
    histories = [each.fit(X, Y, batch_size=4, epochs=2).history for each in (model, loaded)]
    assert histories[0] == histories[1] and (loaded.theta == model.theta).all()
    assert repr(loaded.layers) == repr(model.layers) and repr(loaded.optimizer) == repr(model.optimizer)


@pytest.mark.parametrize("optimizer", [
    st.Adam(st.schedules.CosineDecay(0.01, 20)), st.SGD(0.1, momentum=0.9), st.SGD(0.1)], ids=repr)
def test_a_state_that_was_kept_goes_on_as_if_never_away(optimizer: Any) -> None:
    """As a searcher's promoted trial does: in another model, from plain arrays."""
    whole, first, then = (_model(optimizer=optimizer) for _ in range(3))
    history = whole.fit(X, Y, batch_size=4, epochs=9).history
    first.fit(X, Y, batch_size=4, epochs=3)
    state = first.get_state()
    first.fit(X, Y, batch_size=4, epochs=1)  # does not touch what was kept
    then.build((None, *X.shape[1:]))
    then.set_state({name: np.array(array) for name, array in state.items()})
    assert then.epochs_done == 3 and then.optimizer_step == first.optimizer_step * 3 // 4
    assert then.fit(X, Y, batch_size=4, epochs=6).history == {name: values[3:] for name, values in history.items()}
    assert (then.theta == whole.theta).all()


def test_a_state_of_another_model_is_refused() -> None:
    state, other = _fitted(optimizer=st.Adam(0.01)).get_state(), _fitted(optimizer=st.SGD(0.1))
    before = other.theta.copy()
    with pytest.raises(ValueError, match="state has the shapes"):
        other.set_state(state)
    with pytest.raises(ValueError, match="state has the shapes"):
        other.set_state({name: array for name, array in state.items() if name != "step"})
    assert (other.theta == before).all()
    with pytest.raises(ValueError, match="no weights yet"):
        _model().get_state()


def test_a_model_that_was_only_built_can_be_saved(tmp_path: Path) -> None:
    model = st.Sequential([st.Dense(2)], seed=3)
    model.build((None, 4))
    model.save(tmp_path / "m.npz")
    loaded = st.load_model(tmp_path / "m.npz")
    assert (loaded.predict(X) == model.predict(X)).all() and loaded.optimizer is None and loaded.seed == 3


def test_arguments_that_are_numpy_numbers_can_be_saved(tmp_path: Path) -> None:
    """As they come out of np.arange or a grid of a search."""
    model = _model(st.Dense(np.int64(3), "softmax"), optimizer=st.SGD(np.float32(0.1)))
    model.fit(X, Y)
    model.save(tmp_path / "model")
    assert (st.load_model(tmp_path / "model").theta == model.theta).all()


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_model(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match="it is no model that scratchtune has saved"):
        st.load_model(tmp_path / "file")


def test_other_files_that_are_no_models(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.save(tmp_path / "one.npy", np.zeros(3))
    _fitted().save(tmp_path / "whole")
    data = (tmp_path / "whole").read_bytes()
    (tmp_path / "half").write_bytes(data[: len(data) // 2])
    for name in ("other.npz", "one.npy", "half"):
        with pytest.raises(ValueError, match=f"path is .*{name}'; it is no model"):
            st.load_model(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        st.load_model(tmp_path / "none")
    with pytest.raises(ValueError, match="which is a folder; it must be a file that save has written"):
        st.load_model(tmp_path)


def test_what_is_no_file_is_never_replaced(tmp_path: Path) -> None:
    model, fifo = _fitted(), tmp_path / "fifo"
    os.mkfifo(fifo)
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "read-only").write_bytes(b"kept")
    (tmp_path / "read-only").chmod(0o444)
    for name, error, sentence in (
        ("fifo", ValueError, "which is no regular file; it must be the name of a file"),
        (".", ValueError, "which is a folder"), ("round", ValueError, "a link that leads to itself"),
        ("read-only", PermissionError, "which is read-only"), ("none/m.npz", FileNotFoundError, "there is no folder"),
    ):
        with pytest.raises(error, match=sentence):
            model.save(tmp_path / name)
    with pytest.raises(ValueError, match="which is no regular file"):
        st.load_model(fifo)
    assert fifo.is_fifo() and (tmp_path / "read-only").read_bytes() == b"kept" and len(list(tmp_path.iterdir())) == 3


def test_a_link_stays_a_link_and_permissions_are_those_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    target, link, plain = tmp_path / "folder" / "model", tmp_path / "link", tmp_path / "plain"
    link.symlink_to(target)
    plain.touch()
    for existing in (False, True):
        _fitted().save(link)
        assert link.is_symlink() and [file.name for file in target.parent.iterdir()] == ["model"], existing
        assert st.load_model(link).built and target.stat().st_mode == plain.stat().st_mode
        plain.chmod(0o600)
        target.chmod(0o600)


def test_two_writers_and_a_file_of_the_users(tmp_path: Path) -> None:
    """Whoever reads meanwhile finds a whole model of one or the other, and a file named .part is the user's."""
    path, models = tmp_path / "m.npz", [_fitted(), _fitted(optimizer="sgd")]
    path.with_name("m.npz.part").write_bytes(b"mine")
    models[0].save(path)
    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(lambda model=model: [model.save(path) for _ in range(20)]) for model in models]
        while not all(writer.done() for writer in writers):
            assert st.load_model(path).theta.tolist() in [model.theta.tolist() for model in models]
        assert [writer.result() for writer in writers] == [[None] * 20] * 2
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.npz", "m.npz.part"]
    assert path.with_name("m.npz.part").read_bytes() == b"mine"


def _rewritten(path: Path, change: dict[str, Any], **arrays: np.ndarray) -> None:
    """The file again with entries of the header and arrays exchanged."""
    old = dict(np.load(path))
    header = json.loads(str(old.pop("header")))
    for name, value in change.items():
        (header["training"] if name in header["training"] else header)[name] = value
    np.savez(path, header=np.array(json.dumps(header)), **{**old, **arrays})


WIDTH = 10**6
DENSE = ["use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer"]


@pytest.mark.parametrize(("change", "sentence"), [
    ({"format": -3}, "damaged: its format is -3"), ({"format": True}, "damaged: its format is True"),
    ({"format": "1"}, "damaged: its format is '1'"), ({"format": 2}, "of format 2; this version reads up to format 1"),
    ({"input_shape": [WIDTH]}, r"damaged: theta is float64 \(43,\); it must be float64 \(5000023,\)"),
    ({"input_shape": [-1]}, "damaged: input_shape is -1"), ({"step": 1e308}, "damaged: step is 1e.308"),
    ({"step": 10**30}, r"damaged: step is 1000000000000000000000000000000; it must be an integer in \[0, 9"),
    ({"layers": "x"}, "damaged: layers is 'x'; it must be a list"), ({"loss": 5}, "damaged: loss is 5"),
    ({"metrics": "accuracy"}, "damaged: metrics"),
    ({"layers": ["x"]}, "damaged: it holds 'x' where an object with 'class' must be"),
    ({"layers": [{"class": ["Dense"], "config": {}}]}, "where the name and the arguments of a"),
    ({"layers": [{"class": "BatchNormalization", "config": {}, "defaults": ["momentum", "epsilon"]}],
      "input_shape": [10**13]},
     "damaged: input_shape is .10000000000000., so that one row needs 40,000,000,000,000 numbers"),
    ({"layers": [{"class": "BatchNormalization", "config": {}, "defaults": ["epsilon"]}]},
     "damaged: the config of a BatchNormalization lacks 'momentum'; it must have momentum, and no more"),
    ({"layers": [{"class": "Dense", "config": {"units": 5, "activation": {}}, "defaults": DENSE}]},
     "damaged: activation is {}; it must be a name, one of"),
    ({"layers": [{"class": "MyOwn", "config": {}}]}, "the file holds a Layer 'MyOwn'; import its definition"),
])
def test_a_damaged_header(change: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    _fitted().save(tmp_path / "m.npz")
    _rewritten(tmp_path / "m.npz", change)
    with pytest.raises(ValueError, match=f"path is '.*m.npz'.*{sentence}"):
        st.load_model(tmp_path / "m.npz")


def test_damaged_weights(tmp_path: Path) -> None:
    model = _fitted()
    for theta, sentence in (
        (model.theta.astype(complex), "theta is complex128"), (model.theta * np.nan, "theta holds NaN or infinity"),
        (model.theta[:1], r"theta is float64 \(1,\)"), (model.theta.astype(str), "theta is <U32"),
    ):
        model.save(tmp_path / "m.npz")
        _rewritten(tmp_path / "m.npz", {}, theta=theta)
        with pytest.raises(ValueError, match=f"damaged: {sentence}"):
            st.load_model(tmp_path / "m.npz")
    model.theta[0] = np.inf
    with pytest.raises(ValueError, match="theta holds NaN or infinity"):
        model.save(tmp_path / "other")


def _with_members(path: Path, compression: int = zipfile.ZIP_STORED, **members: bytes | None) -> None:
    """The file again with other members; None takes one out."""
    with zipfile.ZipFile(path) as archive:
        whole: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in (whole | {f"{name}.npy": content for name, content in members.items()}).items():
            if content is not None:
                archive.writestr(name, content)


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_a_missing_or_an_unknown_array_is_told_by_name(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    for members, sentence in (
        ({"state": None}, "the model in it is damaged: 'state' is missing"),
        ({"theta": None}, "the model in it is damaged: 'theta' is missing"),
        ({"zzz": _npy(np.zeros(3))}, "the model in it is damaged: it holds 'zzz.npy', which no model has"),
        ({"theta": b"no array"}, "the model in it is damaged: "),
    ):
        _fitted().save(path)
        _with_members(path, **members)
        with pytest.raises(ValueError) as error:
            st.load_model(path)
        assert str(error.value).startswith(f"path is {str(path)!r}; {sentence}") and "Error(" not in str(error.value)


def test_what_is_not_needed_is_not_read(tmp_path: Path) -> None:
    """A small file whose members claim to be large is refused before any of them is unpacked."""
    path, large = tmp_path / "m.npz", _npy(np.zeros(9_000_000))
    for name, sentence in (
        ("zzz", "it holds 'zzz.npy', which no model has"),
        ("theta", r"the array 'theta' claims 72,000,128 bytes; at most 67,.*; if that is right, write it unco"),
        ("header", "the array 'header' claims 72,000,128 bytes; at most 67,"),
    ):
        _fitted().save(path)
        _with_members(path, zipfile.ZIP_DEFLATED, **{name: large})
        assert path.stat().st_size < 300_000
        tracemalloc.start()
        with pytest.raises(ValueError, match=f"m.npz'; the model in it is damaged: {sentence}"):
            st.load_model(path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
        tracemalloc.stop()


def test_an_array_that_claims_more_than_it_holds(tmp_path: Path) -> None:
    _fitted().save(tmp_path / "m.npz")
    longer = _npy(np.zeros(43)).replace(b"(43,), }      ", b"(99999999,), }")
    _with_members(tmp_path / "m.npz", theta=longer)
    with pytest.raises(ValueError, match="the array 'theta' claims 799,999,992 bytes of numbers and has 344"):
        st.load_model(tmp_path / "m.npz")


def test_what_a_file_cannot_hold(tmp_path: Path) -> None:
    model = _fitted()
    model.seed = b"five"  # type: ignore[assignment]
    with pytest.raises(TypeError, match="the model holds b'five' .bytes.; a file can hold numbers, texts and lists"):
        model.save(tmp_path / "m.npz")


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = _fitted()
    model.save(tmp_path / "model")
    before = (tmp_path / "model").read_bytes()

    def full(*arguments: Any, **arrays: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space left"):
        model.save(tmp_path / "model")
    assert (tmp_path / "model").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_a_fresh_copy_is_untrained_and_independent() -> None:
    model = _fitted()
    copy = model.fresh()
    assert not copy.built and copy.seed == model.seed and model.fresh(seed=9).seed == 9
    copy.fit(X, Y, batch_size=4, epochs=2)
    assert (copy.theta == model.theta).all() and copy.theta is not model.theta


def test_parameters_are_put_where_their_names_belong() -> None:
    layers = [st.Dense(5, "relu"), st.Dropout(0.2), st.Dense(4, "tanh"), st.Dense(3, "softmax")]
    model = _model(*layers, penalty=st.L2(0.5))
    copy, fit_arguments = model.configured(
        {"learning_rate": 0.5, "batch_size": 7, "l1": 0.25, "dropout": 0.1, "units": 6, "activation": "elu"})
    assert fit_arguments == {"batch_size": 7} and copy.optimizer.learning_rate == 0.5
    assert (copy.penalty.l1, copy.penalty.l2) == (0.25, 0.5)
    hidden = "Dense(units=6, activation='elu')"
    assert repr(copy.layers) == f"[{hidden}, Dropout(rate=0.1), {hidden}, Dense(units=3, activation='softmax')]"
    assert repr(model.layers[0]) == "Dense(units=5, activation='relu')" and model.optimizer.learning_rate == 0.01


# Oracles --------------------------------------------------------------------------------------------------------------


def test_a_whole_training_is_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    model = _model(st.Dense(5, "relu"), st.Dense(3, "softmax"), penalty=st.L2(0.01))
    model.build((None, 4))
    weights = [torch.tensor(weight, requires_grad=True) for weight in model.get_weights()]
    adam = torch.optim.Adam(weights, 0.01)
    losses = []
    for _ in range(5):
        for start in range(0, 14, 4):
            x, y = torch.tensor(X[start : start + 4]), torch.tensor(Y[start : start + 4])
            hidden = torch.relu(x @ weights[0] + weights[1])
            loss = torch.nn.functional.cross_entropy(hidden @ weights[2] + weights[3], y)
            loss = loss + 0.01 * sum((weight**2).sum() for weight in weights)
            adam.zero_grad()
            loss.backward()
            adam.step()
            losses.append(loss.item() * len(x) / 14)
    history = model.fit(X, Y, batch_size=4, epochs=5, shuffle=False)
    np.testing.assert_allclose(history.history["loss"], np.reshape(losses, (5, 4)).sum(1), rtol=1e-10)
    for ours, weight in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(ours, weight.detach().numpy(), rtol=1e-9, atol=1e-12)


def test_a_training_with_weights_and_validation_is_that_of_keras(keras: Any) -> None:
    theirs = keras.Sequential([keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(3, activation="softmax")])
    theirs.build((None, 4))
    ours = _model(st.Dense(5, "tanh"), st.Dense(3, "softmax"), optimizer=st.SGD(0.1, momentum=0.9), dtype="float32")
    ours.build((None, 4))
    theirs.set_weights(ours.get_weights())
    theirs.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss="sparse_categorical_crossentropy",
                   metrics=["accuracy"])
    arguments: dict[str, Any] = {"batch_size": 4, "epochs": 3, "shuffle": False, "validation_split": 0.3,
                                 "class_weight": {0: 2.0, 1: 1.0, 2: 0.5}, "verbose": 0}
    wanted, found = theirs.fit(X, Y, **arguments).history, ours.fit(X, Y, **arguments).history
    assert set(found) == set(wanted)
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], rtol=2e-4)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_a_call_in_training_draws_dropout_by_its_key_and_changes_nothing():
    model = st.Sequential([st.BatchNormalization(), st.Dropout(0.5)], dtype="float64")
    model.build((None, 40))
    X = np.random.default_rng(0).normal(size=(50, 40))
    weights = model.get_weights()
    first, again, other = (model(X, training=True, key=key) for key in (1, 1, 2))
    assert (first == again).all() and (first != other).any()
    assert 0.4 < (first == 0.0).mean() < 0.6
    assert (model(X) == model.predict(X)).all()
    assert all((a == b).all() for a, b in zip(weights, model.get_weights(), strict=True))


# The shape of inputs as the first entry -------------------------------------------------------------------------------


def test_an_input_builds_the_model_at_once_with_the_same_weights(tmp_path: Path) -> None:
    layers = [st.Dense(4, "relu"), st.Dense(2)]
    model = st.Sequential([st.layers.Input((3,)), *(layer.fresh() for layer in layers)], seed=3)
    later = st.Sequential(layers, seed=3)
    later.build((None, 3))
    assert model.built and model.input_shape == (3,) and (model.theta == later.theta).all()
    assert len(model.layers) == 2 and str(model) == (
        "Sequential([Input(shape=(3,)), Dense(units=4, activation='relu'), Dense(units=2)])")
    model.compile("sgd", "mse")
    assert (model.fresh().theta == later.theta).all()
    model.save(tmp_path / "model.npz")
    assert st.load_model(tmp_path / "model.npz").input_shape == (3,)
    model.add(st.Dense(1))
    assert model.output_shape == (1,)


def test_an_input_is_the_first_entry() -> None:
    with pytest.raises(ValueError, match=r"layers holds Input\(shape=\(3,\)\) after Dense\(units=4\); an Input"):
        st.Sequential([st.Dense(4), st.layers.Input((3,))])
    with pytest.raises(TypeError, match=r"shape is 3; it must be a tuple such as \(features,\)"):
        st.layers.Input(3)
    with pytest.raises(ValueError, match="X has rows of shape"):
        st.Sequential([st.layers.Input((3,)), st.Dense(1)]).predict(np.zeros((2, 4)))
