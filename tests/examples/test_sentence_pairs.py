"""Pairs of sentences: read, checked, divided; and the translation without a model."""

from __future__ import annotations

from pathlib import Path

import pytest

import scratchtune as st
from scratchtune.examples import sentence_pairs
from scratchtune.examples.sentence_pairs import LEAST, LONGEST, read_corpus, split


def _tsv(path: Path, pairs: list[tuple[str, str]]) -> Path:
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    return path


def test_the_verses_keep_their_split() -> None:
    corpus = read_corpus("verses")
    for part, pairs in (("train", corpus.train), ("validation", corpus.validation), ("test", corpus.test)):
        whole = st.datasets.load_verses(part)
        assert pairs == whole[: len(pairs)] and len(pairs) in (len(whole), sentence_pairs.MOST[1])


def test_vocabularies_are_made_from_the_training_pairs_alone() -> None:
    corpus = read_corpus("verses")
    counted = st.text.Vocabulary([source for source, _ in corpus.train], min_count=2)
    assert corpus.vocabularies[0].to_dict() == counted.to_dict()
    tokens = {token for source, _ in corpus.test for token in st.text.tokenize(source)}
    assert any(token not in corpus.vocabularies[0] for token in tokens)


@pytest.mark.parametrize("data", ["numbers", "dates", "verses"])
def test_every_sentence_fits(data: str) -> None:
    corpus = read_corpus(data, quick=True)
    for side, more in ((0, 0), (1, 1)):
        longest = max(len(st.text.tokenize(pair[side])) for pair in [*corpus.train, *corpus.validation, *corpus.test])
        assert longest + more <= corpus.lengths[side]


def test_a_source_sentence_is_in_one_part_only() -> None:
    pairs = [(f"sentence {i % 60}", f"translation {i}") for i in range(180)]
    parts = split(pairs, "pairs", seed=0)
    assert sorted(pair for part in parts for pair in part) == sorted(pairs)
    sources = [{source for source, _ in part} for part in parts]
    assert [len(part) for part in sources] == [42, 9, 9]
    assert not sources[0] & sources[1] and not sources[0] & sources[2] and not sources[1] & sources[2]


def test_the_split_is_the_seeds_and_repeated_pairs_count_once() -> None:
    pairs = [(f"sentence {i}", "same") for i in range(100)]
    assert split(pairs, "pairs", 1) == split(pairs[::-1] + pairs, "pairs", 1) != split(pairs, "pairs", 2)


def test_a_large_file_is_searched_on_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_pairs, "MOST", (50, 10, 10))
    path = _tsv(tmp_path / "pairs.tsv", [(f"word{i}", f"wort{i}") for i in range(100)])
    corpus = read_corpus(path)
    assert [len(part) for part in (corpus.train, corpus.validation, corpus.test)] == [50, 10, 10]


def test_long_sentences_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [(f"word{i}", f"wort{i}") for i in range(LEAST)] + [("a " * (LONGEST + 1), "b")]
    corpus = read_corpus(_tsv(tmp_path / "pairs.tsv", pairs))
    assert corpus.lengths == (1, 2)
    assert "1 of 51 pairs are left out: a sentence has over 40 tokens" in capsys.readouterr().err


@pytest.mark.parametrize("content, message", [
    ("one column\n", "pairs.tsv, line 1, has 1 column"),
    ("a\tb\tc\n", "pairs.tsv, line 1, has 3 columns"),
    ("", "holds no pairs"),
    ("a\tb\n", "with 1 different source sentence of at most 40 tokens; it must have at least 50"),
    ("\u200b\tb\n", "pair 1 of "),
])
def test_bad_files(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_corpus(tmp_path / "pairs.tsv")


def test_a_name_that_is_no_file() -> None:
    with pytest.raises(FileNotFoundError, match="--data is 'number'; there is no such file, and it is none of verses, "
                                                "numbers, dates, did you mean 'numbers'"):
        read_corpus("number")
