"""Pairs of sentences from a TSV file: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import scratchtune as st


def _file(folder: Path, content: str | bytes) -> Path:
    path = folder / "pairs.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("content, pairs", [
    ("one\tuno\ntwo\tdos\n", [("one", "uno"), ("two", "dos")]),
    ("one\tuno", [("one", "uno")]),
    ("source\ttarget\none\tuno\n", [("one", "uno")]),
    ("\nSource\tTARGET \n\none\tuno\n", [("one", "uno")]),
    ("one\tuno\nsource\ttarget\n", [("one", "uno"), ("source", "target")]),  # a header is the first line
    ("target\tsource\n", [("target", "source")]),
    ("\ufeffsource\ttarget\r\none\tuno\r\n", [("one", "uno")]),
    ("one\tuno\rtwo\tdos\r", [("one", "uno"), ("two", "dos")]),
    ("\n  one  two \t uno dos \n \t \n\n", [("one  two", "uno dos")]),
    ('"one\tuno"\n', [('"one', 'uno"')]),  # a quote is a letter
    ("one\u2028line\tuna línea\n", [("one\u2028line", "una línea")]),
    ("one\tuno\none\tuno\n", [("one", "uno"), ("one", "uno")]),
])
def test_pairs_that_are_read(tmp_path: Path, content: str, pairs: list[tuple[str, str]]) -> None:
    path = _file(tmp_path, content)
    assert st.read_pairs(path) == st.read_pairs(str(path)) == pairs


@pytest.mark.parametrize("content, message", [
    ("one\tuno\ntwo\n", r"pairs\.tsv, line 2, has 1 column; each line must hold a source sentence, a tab and a target"),
    ("one,uno\n", "line 1, has 1 column;"),
    ("source\ttarget\none\tuno\n\ntwo\tdos\tdeux\n", "line 4, has 3 columns;"),
    ("one\tuno\t\n", "line 1, has 3 columns;"),
    ("one\tuno\n\tdos\n", "line 2, has an empty source sentence;"),
    ("one\tuno\ntwo\t \n", "line 2, has an empty target sentence;"),
    ("", r"pairs\.tsv holds no pairs of sentences; each line must hold"),
    ("\n \n", "holds no pairs of sentences"),
    ("source\ttarget\n", "holds no pairs of sentences"),
    (b"one\tuno\nboy\tni\xf1o\n", "line 2, has the byte 0xf1, which is not UTF-8; save the file as UTF-8"),
    (b"\xef\xbb\xbfone\tuno\r\n\r\ntwo\t\xf1\r\n", "line 3, has the byte 0xf1"),
    ("one\tuno\n".encode("utf-16"), "line 1, begins as UTF-16 does; save the file as UTF-8"),
    (b"one\tuno\n\0\1\t\2\n", "line 2, holds binary data"),
])
def test_files_that_are_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        st.read_pairs(_file(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none.tsv does not exist; pairs of sentences are read from a TSV file"):
        st.read_pairs(tmp_path / "none.tsv")
    with pytest.raises(IsADirectoryError, match="is a folder; pairs of sentences are read from a TSV file"):
        st.read_pairs(tmp_path)


def test_the_pairs_that_are_built_in_can_be_written_and_read(tmp_path: Path) -> None:
    pairs = [*st.datasets.load_verses("test"), *st.datasets.number_words(50), *st.datasets.dates(50)]
    assert st.read_pairs(_file(tmp_path, "".join(f"{source}\t{target}\n" for source, target in pairs))) == pairs
