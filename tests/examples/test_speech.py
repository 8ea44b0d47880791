"""The example of speech: its searches, a whole run on a folder of tones, the same table however it is run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.examples import arms, speech
from scratchtune.examples.spoken_clips import read_corpus
from scratchtune.study.export import as_csv
from scratchtune.study.storage import Storage


def test_the_default_is_a_configuration_of_the_library(tones: Path) -> None:
    assert set(speech.DEFAULT) == set(speech.SPACE)
    features, plain = speech.features_of(speech.DEFAULT), st.speech.Features()
    assert all(getattr(features, name) == getattr(plain, name) for name in speech.OF_FEATURES)
    assert set(st.SpeechRecognizer("ab").arguments) == set(speech.OF_MODEL)
    assert speech.DEFAULT["learning_rate"] == st.Adam().learning_rate


def test_decoding_is_tuned_without_training() -> None:
    rng = np.random.default_rng(0)
    rows = [np.log(rng.dirichlet(np.ones(4), 12)) for _ in range(6)]
    decoding = speech.Decoding(rows, ["a b", "b", "a", "b a", "a b", "b"], ["a b", "b a", "a", "b"], " ab")
    assert decoding.decoded(speech.GREEDY | {"beam_width": 16}, rows) == [
        st.speech.decode(each, " ab", beam_width=16) for each in rows]
    study = st.Study(speech.DECODING, "random", seed=0)
    study.enqueue(speech.GREEDY)
    study.run(decoding, 12, progress=False)
    assert study.trials[0].params == speech.GREEDY
    for trial in study.trials:
        model = st.speech.NGram(trial.params["order"], smoothing=trial.params["smoothing"], alphabet=" ab")
        decoder = st.speech.Decoder(language_model=model.fit(decoding.train), **{
            name: trial.params[name] for name in speech.OF_SEARCH})
        assert trial.value == st.speech.word_error_rate(decoding.texts, [decoder(each, " ab") for each in rows])


@pytest.mark.parametrize("arguments, message", [
    (["--searcher", "grid"], "--searcher is 'grid'; it must be one of 'hyperband', 'bayesian'"),
    (["--data", "/nowhere"], "--data is '/nowhere'; there is no such folder"),
    (["--data", "empty"], "empty has neither of transcripts.tsv and transcripts.csv"),
    (["--jobs", "0"], "--jobs is 0"),
    (["--out", "empty/file/deep"], "--out is 'empty/file/deep', within 'empty/file', a file; it must be a folder"),
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
    assert "training set: 24 clips of 6 voices, validation set: 8 clips of 2 voices" in first and "why trial" in first
    table = [line.split()[0] for line in first.split("test voices ")[1].splitlines()[1:7]]
    assert table == ["default", "default,", "learning", "learning", "tuned", "tuned,"]
    assert sorted(path.name for path in out.iterdir()) == [
        "recognizer.npz", "speech_alignment.png", "speech_curves.png"]
    assert main(arguments) == 0  # taken up from the file: nothing is trained again
    assert capsys.readouterr().out == first
    assert main(["transcribe", str(out / "recognizer.npz"), str(tones / "00.wav"), str(tones / "01.wav")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.slow
def test_the_studies_are_the_same_on_1_and_4_threads_and_after_an_interruption(tones: Path, tmp_path: Path) -> None:
    corpus = read_corpus(tones)
    found = []
    for jobs, first in ((1, None), (4, 7)):
        db = tmp_path / f"{jobs}.db"
        if first is not None:  # interrupted after some trials
            arm = speech.prepared(corpus, 3, db=db)[0]
            arm.study.run(arm.objective, first, n_jobs=jobs, progress=False)
            arm.study.close()
        searches = speech.prepared(corpus, 3, db=db)
        names, rows = [], []
        for arm in searches:
            arm.run(jobs)
            decoding, study = speech.tune_decoding(arm.model(), corpus, 12, jobs, db=db, name=f"decoding, {arm.name}")
            rows += speech.rows_of(arm, arm.model(), decoding, study, corpus)
            names += [arm.study.name, study.name]
            arm.study.close()
            study.close()
        found.append([*(as_csv(Storage(db, reading=True), name) for name in names), speech.compared(rows, corpus)])
    assert found[0] == found[1]


@pytest.mark.slow
@pytest.mark.parametrize("speed", [0.0, 0.1])
def test_a_promoted_trial_continues_as_one_long_training(tones: Path, speed: float) -> None:
    corpus, params = read_corpus(tones), speech.DEFAULT | {"speed": speed, "units": 8}
    objective = speech.Objective(6, corpus=corpus)
    whole, parts = objective.build(params, 3), objective.build(params, 3)
    curve = objective.train(whole, params, 0, 6)["val_loss"]
    first, second = (objective.train(parts, params, *epochs)["val_loss"] for epochs in ((0, 2), (2, 6)))
    assert curve == [*first, *second]
    assert (whole.network.theta == parts.network.theta).all()


def test_the_cost_of_the_searches_is_equal(tones: Path) -> None:
    for searcher in arms.SEARCHERS:
        searches = speech.prepared(read_corpus(tones), 9, searcher)
        assert [arm.trials for arm in searches[:2]] == [None if searcher == "hyperband" else arms.trainings(9)] * 2
