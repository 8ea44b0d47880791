"""The command that translates: one translation a line; what it refuses before any work."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

import scratchtune as st
from scratchtune.cli import main

PAIRS = [("one two", "uno dos"), ("three", "tres")]


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A translator with random weights, which reads at most four tokens."""
    sources, targets = zip(*PAIRS, strict=True)
    made = st.Seq2Seq(st.text.Vocabulary(sources), st.text.Vocabulary(targets), embedding=4, units=4, source_length=4,
                      target_length=4)
    made.compile()
    made.build()
    made.save(tmp_path / "translator.npz")
    return str(tmp_path / "translator.npz")


def _give(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize("text, message", [
    ("", "TEXT is ''; it must hold at least one word"),
    ("  ", "TEXT is '  '; it must hold at least one word"),
])
def test_bad_sentences(model: str, text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["translate", model, text]) == 2
    printed = capsys.readouterr()
    assert message in printed.err and not printed.out


def test_stdin_that_is_no_text(
    model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    _give(monkeypatch, b"one\xff\n")
    assert main(["translate", model, "-"]) == 2
    printed = capsys.readouterr()
    assert "stdin is not UTF-8" in printed.err and not printed.out


def test_bad_models_and_options(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = st.Sequential([st.Dense(1)])
    network.compile("sgd", "mse")
    network.build((None, 2))
    network.save(tmp_path / "network.npz")
    (tmp_path / "text.npz").write_text("no model")
    for arguments, message in (
        ([str(tmp_path / "nothing.npz"), "one"], "there is no such file"),
        ([str(tmp_path / "network.npz"), "one"], "holds a Sequential; translate takes a translator"),
        ([str(tmp_path / "text.npz"), "one"], "text.npz"),
        ([model, "one", "--beam-width", "0"], "--beam-width is 0; it must be an integer of at least 1"),
    ):
        assert main(["translate", *arguments]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.slow  # its kernels take long to compile
def test_one_translation_a_line_and_unknown_words_are_named_once(
    model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    texts = ["one two", "one cat", "the cat"]
    for beam in ([], ["--beam-width", "2"]):
        _give(monkeypatch, "\n".join(texts).encode())
        assert main(["translate", model, "-", *beam]) == 0
        printed = capsys.readouterr()
        expected = st.load_model(model).translate(texts, beam_width=int(beam[1]) if beam else 1)
        assert printed.out.splitlines() == expected
        assert "not in the model's vocabulary: 'cat', 'the'\n" in printed.err
    _give(monkeypatch, "one\x0ctwo\r\none\u2028two\rone\x85two".encode())  # of these only \r\n and \r end a line
    assert main(["translate", model, "-"]) == 0
    assert capsys.readouterr().out.splitlines() == st.load_model(model).translate(["one two"] * 3)
    _give(monkeypatch, b"one\n" + b"one " * 9 + b"\n\ntwo\n")
    assert main(["translate", model, "-"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == st.load_model(model).translate(["one", "one one one one", "", "two"])
    assert "line 3 of stdin has no words; its translation is empty\n" in printed.err
    assert "line 2 of stdin has 9 tokens; the model reads at most 4, so only these are translated\n" in printed.err
    assert main(["translate", model, "One two"]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{expected[0]}\n" or len(printed.out.splitlines()) == 1
    assert "vocabulary" not in printed.err
