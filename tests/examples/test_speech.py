"""The example of speech: its space, a whole run on a folder of tones, trainings that continue."""

from __future__ import annotations

from pathlib import Path

import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.examples import decoding, speech
from scratchtune.examples.spoken_clips import read_corpus


def test_the_default_is_a_configuration_of_the_library(tones: Path) -> None:
    assert set(speech.DEFAULT) == set(speech.SPACE) and set(speech.QUICK) == set(speech.SPACE)
    features, plain = speech.build(speech.DEFAULT, read_corpus(tones), 1).features, st.speech.Features()
    assert (features.kind, features.n_mels, features.step) == (plain.kind, plain.n_mels, plain.step)
    assert speech.DEFAULT["learning_rate"] == st.Adam().learning_rate


@pytest.mark.slow
def test_decoding_is_tuned_without_training(tones: Path) -> None:
    corpus = read_corpus(tones)
    model = speech.build(speech.DEFAULT | {"units": 4}, corpus, 1)
    study = decoding.tune_decoding(model, corpus, 12)
    assert study.trials[0].params == decoding.GREEDY
    rows = model.log_probabilities(corpus.features(model.features, "validation"))
    for trial in study.trials:
        language = st.speech.NGram(trial.params["order"], smoothing=trial.params["smoothing"], alphabet=corpus.alphabet)
        decoder = st.speech.Decoder(language_model=language.fit(corpus.train.texts), **{
            name: trial.params[name] for name in ("beam_width", "language_weight", "insertion_bonus")})
        assert trial.value == st.speech.word_error_rate(
            corpus.validation.texts, [decoder(each, corpus.alphabet) for each in rows])


@pytest.mark.parametrize("arguments, message", [
    (["--data", "/nowhere"], "--data is '/nowhere'; there is no such folder"),
    (["--data", "empty"], "empty has no transcripts.tsv"),
    (["--jobs", "0"], "--jobs is 0"),
    (["--out", "empty/file/deep"], "--out is 'empty/file/deep', and 'empty/file' is a file; it must be a folder"),
    (["--db", "recognizer.npz"], "--db is 'recognizer.npz', which this example writes to --out"),
])
def test_bad_arguments(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "file").touch()
    monkeypatch.chdir(tmp_path)
    assert main(["example", "speech", "--quick", *arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err and not printed.out
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.slow  # its kernels take long to compile
def test_the_whole_example_on_a_folder(tones: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = ["example", "speech", "--quick", "--data", str(tones), "--out", str(out), "--db", str(tmp_path / "db")]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert first.startswith("train: 24 clips, validation: 8 clips, test: 8 clips\n") and "why: Trial" in first
    assert "test voices, greedy decoding: WER" in first and "test voices, tuned decoding: WER" in first
    assert sorted(path.name for path in out.iterdir()) == ["recognizer.npz", "speech_alignment.png"]
    assert main([*arguments, "--jobs", "1"]) == 0  # taken up from the file: nothing is trained again
    assert capsys.readouterr().out == first
    assert main(["transcribe", str(out / "recognizer.npz"), str(tones / "00.wav"), str(tones / "01.wav")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("speed", [0.0, 0.1])
def test_a_training_in_parts_is_one_long_training(tones: Path, speed: float) -> None:
    corpus, params = read_corpus(tones), speech.DEFAULT | {"speed": speed, "units": 8}
    whole, parts = speech.build(params, corpus, 6, 3), speech.build(params, corpus, 6, 3)
    losses = speech.train(whole, params, corpus, 6)
    assert losses == [*speech.train(parts, params, corpus, 2), *speech.train(parts, params, corpus, 6)]
    assert len(losses) == 6 and (whole.network.theta == parts.network.theta).all()
