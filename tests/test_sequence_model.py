"""What translator and recogniser share: both learn, have errors that name their own arguments, and refuse other files.

The tests of `Seq2Seq` and `SpeechRecognizer` train, save and load them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import scratchtune as st
from scratchtune.network.saving import write_whole
from scratchtune.sequence_model import SequenceModel


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
