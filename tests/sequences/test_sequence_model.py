"""What translator and recogniser share: both learn, have errors that name their own arguments, and refuse other files.

The tests of `Seq2Seq` and `SpeechRecognizer` train, save and load them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import scratchtune as st
from scratchtune.core.network.saving import write_whole
from scratchtune.sequences.sequence_model import SequenceModel, chosen_training


def _translator(**lengths: int) -> st.Seq2Seq:
    vocabulary = st.text.Vocabulary([["one", "two"]])
    return st.Seq2Seq(vocabulary, vocabulary, embedding=4, units=4, **lengths)  # type: ignore[arg-type]


def _recogniser(**frames: int) -> st.SpeechRecognizer:
    return st.SpeechRecognizer("ab", units=4, **frames)  # type: ignore[arg-type]


BOTH = pytest.mark.parametrize("make, lengths, message", [
    (_translator, {"source_length": 3, "target_length": 4}, "source_length and target_length"),
    (_recogniser, {"frames": 9}, "frames"),
])


@BOTH
def test_errors_name_the_models_own_arguments(
    make: Callable[..., SequenceModel], lengths: dict[str, int], message: str,
) -> None:
    with pytest.raises(ValueError, match=f"the model has no weights yet; call fit first, or give {message} and call"):
        make(**lengths).network  # noqa: B018 - reading it is the error
    with pytest.raises(ValueError, match=f"^{message.split()[0]}.* is None; give .*, or call fit, which takes"):
        make().build()


@BOTH
def test_compile_reaches_a_network_that_is_built(
    make: Callable[..., SequenceModel], lengths: dict[str, int], message: str,
) -> None:
    model = make(**lengths)
    assert not model.built
    model.build()
    assert model.built and model.network.optimizer is None
    model.compile(st.Adam(0.25), st.L2(0.5))
    assert repr(model.network.optimizer) == repr(st.Adam(0.25)) and repr(model.network.penalty) == repr(st.L2(0.5))
    assert model.network.loss.name == model.loss


def test_a_training_is_chosen_from_the_number_of_rows_and_their_length() -> None:
    assert chosen_training(400, 8, 0.005)[1:] == (8, 28, 1400)
    assert chosen_training(3000, 14, 0.005)[1:] == (16, 10, 1880)
    assert chosen_training(28_000, 14, 0.005)[1:3] == (64, 10)
    assert chosen_training(5, 14, 0.005)[1:3] == (5, 100)
    assert chosen_training(400, 8, 0.005, 32, 3)[1:] == (32, 3, 39)
    for rows, epochs, low, high in ((400, 1, 0.02, 0.02), (400, 30, 0.0049, 0.0051), (10**5, 100, 0.0025, 0.0025)):
        assert low <= chosen_training(rows, 8, 0.005, epochs=epochs).learning_rate <= high
    with pytest.raises(ValueError, match="epochs is 0; it must be an integer of at least 1"):
        chosen_training(400, 8, 0.005, epochs=0)


def test_the_chosen_rate_rises_falls_to_0_and_begins_again_with_the_next_fit() -> None:
    training = chosen_training(400, 8, 0.005, epochs=30)
    first, second = training.optimizer(), training.optimizer(1500)
    assert first.rates(0, 1)[0] == 0.0 and abs(first.rates(75, 1)[0] - training.learning_rate) < 1e-12
    assert first.rates(1500, 1)[0] < 1e-9 and first.global_clipnorm == 1.0
    assert abs(second.rates(1500, 1)[0] - training.learning_rate) < 1e-12 and second.rates(3000, 1)[0] < 1e-9


@pytest.mark.slow  # its kernels take long to compile
def test_a_translator_learns_by_defaults_goes_on_after_loading_and_warns_if_it_learns_nothing(tmp_path: Path) -> None:
    pairs = [("one two", "uno dos"), ("three", "tres"), ("two three", "dos tres"), ("one", "uno")] * 10
    vocabularies = [st.text.Vocabulary(texts) for texts in zip(*pairs, strict=True)]
    model = st.Seq2Seq(*vocabularies, embedding=8, units=16)
    model.compile()
    history = model.fit(pairs, verbose=0)
    assert len(history.history["loss"]) == 100 and model.evaluate(pairs)["exact_match"] == 1.0
    model.save(tmp_path / "model.npz")
    loaded = st.load_model(tmp_path / "model.npz")
    for each in (model, loaded):
        each.fit(pairs, epochs=2, verbose=0)
    assert (loaded.network.theta == model.network.theta).all()
    other = st.Seq2Seq(*vocabularies, embedding=8, units=16)
    other.compile(st.Adam(1e-6))
    with pytest.warns(UserWarning, match="^the translator has not left guessing: in 3 epochs the loss was never"):
        other.fit(pairs, epochs=3, verbose=0)
    other.warns = False
    assert st.diagnose(other.fit(pairs, epochs=3, verbose=0)).names[0] == "has not left guessing"


@BOTH
def test_a_file_whose_network_is_another_is_refused(
    make: Callable[..., SequenceModel], lengths: dict[str, int], message: str, tmp_path: Path,
) -> None:
    model, dense = make(**lengths), st.Sequential([st.Dense(3)])
    model.build()
    dense.build((None, *model.input_shape()))
    described = model.description()
    others = described | {"arguments": described["arguments"] | {"units": 5}}
    for network, description in ((model.network, others), (dense, described)):
        header, arrays = network.packed()
        write_whole(tmp_path / "other.npz", model.kind, header | description, arrays)
        with pytest.raises(ValueError, match="its network is not the one that its arguments describe"):
            st.load_model(tmp_path / "other.npz")
