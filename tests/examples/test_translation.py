"""The example of translation: its space, a whole run on a small file, trainings that continue."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.examples import translation
from scratchtune.examples.sentence_pairs import read_corpus
from scratchtune.examples.shared import hyperband


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A TSV file of 60 sentences of three letters, each with its translation, the letters backwards."""
    rng = np.random.default_rng(0)
    rows = {"".join(rng.choice(list("abcdef"), 3)) for _ in range(90)}
    path = tmp_path / "words.tsv"
    path.write_text("source\ttarget\n" + "".join(f"{' '.join(row)}\t{' '.join(row[::-1])}\n"
                                                 for row in sorted(rows)[:60]), encoding="utf-8")
    return path


def test_the_default_is_a_configuration_of_the_library() -> None:
    assert set(translation.DEFAULT) == set(translation.SPACE)
    corpus = read_corpus("numbers", quick=True)
    model = translation.build(translation.DEFAULT, corpus, epochs=3)
    plain = st.Seq2Seq(*corpus.vocabularies)
    assert {name: model.arguments[name] for name in plain.arguments} == plain.arguments
    assert translation.DEFAULT["learning_rate"] == st.Adam().learning_rate


def test_a_configuration_without_a_parameter_of_recurrent_layers() -> None:
    study = st.Study(translation.SPACE, "random")
    for _ in range(20):
        params = study.ask().params
        assert ("attention" in params) == (params["structure"] in translation.RECURRENT)


def test_an_unknown_token_is_a_mistake() -> None:
    found = translation.scores_of(["el [UNK]", "sí"], [("the dog", "El perro"), ("yes", "Sí")])
    assert found["exact match"] == 0.5


@pytest.mark.parametrize("arguments, message", [
    (["--data", "/nowhere.tsv"], "--data is '/nowhere.tsv'; there is no such file"),
    (["--data", "column.tsv"], "column.tsv, line 1, has 1 column"),
    (["--jobs", "0"], "--jobs is 0"),
    (["--out", "column.tsv"], "--out is 'column.tsv', and 'column.tsv' is a file"),
])
def test_bad_arguments(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "column.tsv").write_text("one column\n")
    monkeypatch.chdir(tmp_path)
    assert main(["example", "translation", "--quick", *arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err and not printed.out
    assert [path.name for path in tmp_path.iterdir()] == ["column.tsv"]


@pytest.mark.slow  # its kernels take long to compile
def test_the_whole_example_on_a_small_file(words: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = ["example", "translation", "--quick", "--data", str(words), "--out", str(out), "--db",
                 str(tmp_path / "db")]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert "training set: 42 pairs, validation set: 9, held-out test set: 9" in first and "why: Trial" in first
    assert sorted(path.name for path in out.iterdir()) == ["translation_attention.png", "translator.npz"]
    assert main([*arguments, "--jobs", "1"]) == 0  # taken up from the file: nothing is trained again
    assert capsys.readouterr().out == first
    assert main(["translate", str(out / "translator.npz"), "a b c"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    scores = translation.scores(st.load_model(out / "translator.npz"), read_corpus(words, quick=True).test)
    assert f"test pairs: chrF {scores['chrF']:.3f}, BLEU {scores['BLEU']:.3f}" in first


@pytest.mark.slow
def test_a_promoted_trial_continues_as_one_long_training(words: Path) -> None:
    corpus = read_corpus(words, quick=True)
    study = st.Study(translation.SPACE, hyperband(9), "maximize")
    study.run(translation.objective(corpus, 9), n_jobs=2, progress=False)
    (trial, *_) = [trial for trial in study.trials if trial.parent is not None and trial.budget == 9]
    model = translation.build(trial.params, corpus, 9, trial.seed)
    model.fit(corpus.train, 9, trial.params["batch_size"], verbose=0)
    assert trial.saved is not None and (model.network.theta == trial.saved["theta"]).all()
    assert translation.scores(model, corpus.validation)["chrF"] == trial.value
