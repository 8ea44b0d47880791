"""The example of translation: its searches, a whole run on a small file, the same table however it is run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.examples import arms, translation
from scratchtune.examples.sentence_pairs import Corpus, read_corpus
from scratchtune.study.export import as_csv
from scratchtune.study.storage import Storage


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
    fixed = translation.prepared(corpus, 9)[2].objective.fixed
    assert 0.007 < fixed["learning_rate"] < 0.009 and (fixed["batch_size"], fixed["clipping"]) == (8, 1.0)


def test_all_searches_train_for_as_many_epochs_or_slightly_fewer() -> None:
    corpus = read_corpus("numbers", quick=True)
    for searcher in arms.SEARCHERS:
        costs = []
        for arm in translation.prepared(corpus, 9, searcher):
            method = arm.study.searcher
            costs.append(method.cost(going_on=True) if isinstance(method, st.Hyperband) else 9 * (arm.trials or 0))
        most = arms.hyperband(9).cost(going_on=True)
        assert all(most - 9 < cost <= most for cost in costs) and len(costs) == 3


def test_a_configuration_without_a_parameter_of_recurrent_layers() -> None:
    study = st.Study(translation.SPACE, "random")
    for _ in range(20):
        params = study.ask().params
        assert ("attention" in params) == (params["structure"] in translation.RECURRENT)


def test_an_unknown_token_is_a_mistake_even_where_the_reference_has_an_unknown_word() -> None:
    found = translation.scores_of(["el [UNK]", "sí"], [("the dog", "El perro"), ("yes", "Sí")])
    assert found["exact match"] == 0.5 and round(found["token accuracy"], 6) == round(2 / 3, 6)


@pytest.mark.parametrize("arguments, message", [
    (["--searcher", "grid"], "--searcher is 'grid'; it must be one of 'hyperband', 'bayesian'"),
    (["--data", "/nowhere.tsv"], "--data is '/nowhere.tsv'; there is no such file"),
    (["--data", "column.tsv"], "column.tsv, line 1, has 1 column"),
    (["--jobs", "0"], "--jobs is 0"),
    (["--out", "column.tsv"], "--out is 'column.tsv', a file"),
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
@pytest.mark.parametrize("searcher", arms.SEARCHERS)
def test_the_whole_example_on_a_small_file(
    words: Path, searcher: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    arguments = ["example", "translation", "--quick", "--data", str(words), "--out", str(out), "--db",
                 str(tmp_path / "db"), "--searcher", searcher]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert "training set: 42 pairs, validation set: 9, held-out test set: 9" in first and "why trial" in first
    table = [line.split()[0] for line in first.split("test pairs ")[1].splitlines()[1:7]]
    assert table == ["nearest", "dictionary", "default", "learning", "tuned", "tuned,"]
    assert sorted(path.name for path in out.iterdir()) == [
        "translation_attention.png", "translation_curves.png", "translator.npz"]
    assert main(arguments) == 0  # taken up from the file: nothing is trained again
    assert capsys.readouterr().out == first
    assert main(["translate", str(out / "translator.npz"), "a b c"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.slow
def test_the_table_is_the_same_on_1_and_4_threads_and_after_an_interruption(words: Path, tmp_path: Path) -> None:
    corpus = read_corpus(words, quick=True)
    found = []
    for jobs, first in ((1, None), (4, 7)):
        db = tmp_path / f"{jobs}.db"
        if first is not None:  # interrupted after some trials
            arm = translation.prepared(corpus, 3, db=db)[0]
            arm.study.run(arm.objective, first, n_jobs=jobs, progress=False)
            arm.study.close()
        searches = translation.prepared(corpus, 3, db=db)
        for arm in searches:
            arm.run(jobs)
            arm.study.close()
        tables = [as_csv(Storage(db, reading=True), arm.study.name) for arm in searches]
        found.append([*tables, translation.compared(searches, corpus)])
    assert found[0] == found[1]


@pytest.mark.slow
def test_a_promoted_trial_continues_as_one_long_training(words: Path) -> None:
    corpus = read_corpus(words, quick=True)
    arm = translation.prepared(corpus, 9)[0]
    arm.run(jobs=2)
    (trial, *_) = [trial for trial in arm.study.trials if trial.parent is not None and trial.budget == 9]
    assert trial.saved is not None
    model = translation.build(trial.params, corpus, 9, trial.seed)
    history = model.fit(corpus.train, 9, trial.params["batch_size"], verbose=0, validation_data=corpus.validation)
    assert (model.network.theta == trial.saved["theta"]).all()
    assert history.history["val_loss"] == trial.saved["val_loss"].tolist()


@pytest.mark.slow
def test_further_pairs_train_the_final_model(words: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = st.read_pairs(words)
    corpus = Corpus(pairs[:30], pairs[30:40], pairs[40:50], pairs[50:], (3, 4))
    arm = translation.prepared(corpus, 1, "bayesian")[0]
    arm.run(jobs=1)
    translation.trained_on_all(arm, corpus, 0)
    assert "trained on all 40 pairs: chrF" in capsys.readouterr().out
