"""Reading CSV: types, gaps, delimiters and quotes by hand, a million rows in little memory, bad files."""

from __future__ import annotations

import csv
import gzip
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scratchtune.core.study.export import csv_text
from scratchtune.tables.reading import reading
from scratchtune.tables.reading.columns import Text
from scratchtune.tables.reading.reading import DELIMITERS, read_table
from scratchtune.tables.reading.table import Table


def _file(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _columns(table: Table) -> dict[str, list[Any]]:
    columns = {name: table.column(name) for name in table.names}
    return {name: (c.values() if isinstance(c, Text) else c).tolist() for name, c in columns.items()}


# By hand --------------------------------------------------------------------------------------------------------------


def test_a_file_by_hand(tmp_path: Path) -> None:
    path = _file(tmp_path, 'age,city,ok\n31,"New York, NY",true\n, Oslo ,false\n\n1e3,"say ""hi""",true\n')
    assert str(_columns(read_table(path))) == (
        "{'age': [31.0, nan, 1000.0], 'city': ['New York, NY', 'Oslo', 'say \"hi\"'], 'ok': ['true', 'false', 'true']}")


@pytest.mark.parametrize("gap", ["", "NA", "n/a", "NaN", "null", "None", "?", "  ", " na "])
def test_what_is_missing(tmp_path: Path, gap: str) -> None:
    columns = _columns(read_table(_file(tmp_path, f"a,b,c\n1,x,0\n{gap},{gap},0\n")))
    assert str(columns) == "{'a': [1.0, nan], 'b': ['x', None], 'c': [0.0, 0.0]}"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_delimiter_line_ends_and_byte_order_mark(tmp_path: Path, delimiter: str, end: str, mark: bytes) -> None:
    rows = [["größe", "b b", "c"], ["1,5;x" if delimiter == "\t" else "x", "2", "3"], ["y", "5", "6"]]
    path = _file(tmp_path, mark + end.join(delimiter.join(row) for row in rows).encode())
    table = read_table(path)
    assert table.names == ["größe", "b b", "c"] and table.shape == (2, 3)
    assert _columns(table)["c"] == [3.0, 6.0]
    assert read_table(path, delimiter=delimiter).names == table.names


def test_a_delimiter_inside_quotes_or_numbers_does_not_mislead(tmp_path: Path) -> None:
    assert read_table(_file(tmp_path, '"a,b,c,d";e\n"x,y";1,5\n')).names == ["a,b,c,d", "e"]
    assert read_table(_file(tmp_path, "only\n1\n2\n")).names == ["only"]


@pytest.mark.parametrize("cell, text", [
    ("1_000", True), ("0x10", True), ("1,5", False), ("1,5,2", True),
    ("1e400", None), ("-1.5E-3", False), ("+7", False), (" 7 ", False),
    ("true", True), ("2024-01-01", True)])
def test_what_is_a_number(tmp_path: Path, cell: str, text: bool | None) -> None:
    path = _file(tmp_path, f'a;b\n1;2\n"{cell}";3\n')
    if text is None:
        with pytest.raises(ValueError, match=r"not: '1e400' in line 3; write '1e400' as a plain, finite"):
            read_table(path)
    else:
        assert read_table(path).is_text("a") == text


def test_columns_can_be_read_as_texts(tmp_path: Path) -> None:
    path = _file(tmp_path, "zip,n\n01234,1\n99999,2\n")
    assert _columns(read_table(path, text=["zip", "absent"])) == {"zip": ["01234", "99999"], "n": [1.0, 2.0]}


# Notation -------------------------------------------------------------------------------------------------------------


def test_a_stray_cell_in_a_column_of_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named with its line, in whatever chunk it is; as a missing value, or among texts, it is read."""
    lines = [f"{i}.5,{i}" for i in range(40)]
    lines[2], lines[37] = "2.5,-", "twelve,37"
    path = _file(tmp_path, "x,n\n" + "\n".join(lines) + "\n")
    for cells in (400_000, 4):
        monkeypatch.setattr(reading, "_CELLS", cells)
        with pytest.raises(ValueError) as problem:
            read_table(path)
        assert str(problem.value) == (
            f"{path}: 39 of 40 cells of 'x' are numbers; not: 'twelve' in line 39; give missing=['twelve'] if that "
            "marks a missing value, or numeric=['x'] to make every cell missing that is not a number, or text=['x'] to "
            "take the column as text, or correct the file")
        table = read_table(path, missing=["-", "Twelve "])
        assert str(_columns(table)["n"][:4]) == "[0.0, 1.0, nan, 3.0]" and np.isnan(table.column("x")[37])
        assert _columns(read_table(path, text=["x", "n"]))["n"][2] == "-"
        assert read_table(path, skip=["x", "n"], only=["x"]).names == []
    assert read_table(path, missing=["-"], skip=["x"]).reading == (".", ("-",), ",", (), (), None)


def test_cells_of_a_numeric_column_that_are_no_numbers_become_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a warning that counts and names them; a column that nobody would take for numbers can be one too."""
    path = _file(tmp_path, "x;y\n1,5;a\n-;2\n$3;b\n;c\n-;d\n2,5;7\n")
    for cells in (400_000, 2):
        monkeypatch.setattr(reading, "_CELLS", cells)
        with pytest.warns(UserWarning) as warned:
            table = read_table(path, decimal=",", numeric=["x", "y"])
        assert [str(warning.message) for warning in warned] == [
            "2 of 5 cells of 'x' are numbers; not: '-' in line 3 (2 cells), '$3' in line 4; such cells are "
            "read as missing (text=['x'] takes the column as text)",
            "2 of 6 cells of 'y' are numbers; not: 'a' in line 2, 'b' in line 4, 'c' in line 5 and 1 other text; such "
            "cells are read as missing (text=['y'] takes the column as text)"]
        np.testing.assert_array_equal(table.column("x"), [1.5, np.nan, np.nan, np.nan, np.nan, 2.5])
        np.testing.assert_array_equal(table.column("y"), [np.nan, 2.0, np.nan, np.nan, np.nan, 7.0])
    with pytest.raises(ValueError, match="text and numeric both name 'x'"):
        read_table(path, text=["x"], numeric=["x"])


@pytest.mark.parametrize("cells", ["twelve", "1,5", "$3", "12%", "inf"])
def test_every_kind_of_stray_stops(tmp_path: Path, cells: str) -> None:
    """Where a column has few different values too."""
    path = _file(tmp_path, "a,b\n" + "1,x\n2,y\n3,x\n" * 20 + f'"{cells}",y\n')
    with pytest.raises(ValueError, match=r"60 of 61 cells of 'a' are numbers; not: '.*' in line 62; "):
        read_table(path)


@pytest.mark.parametrize("marker", [".", "-", "--", "*", "unknown", "Missing", "n.a."])
def test_what_can_only_mean_a_missing_value_is_one(tmp_path: Path, marker: str) -> None:
    """With a warning; in a column of texts it stays a text."""
    path = _file(tmp_path, "a,b\n" + "1,x\n2,y\n3,x\n" * 3 + f"{marker},{marker}\n")
    with pytest.warns(UserWarning, match=r"9 of 10 cells of 'a' are numbers; not: '.*' in line 11; such cells"):
        table = read_table(path)
    assert np.isnan(table.column("a")[-1]) and _columns(table)["b"][-1] == marker
    assert read_table(path, missing=[marker]).missing("a").tolist() == [False] * 9 + [True]


def test_markers_that_are_numbers_count_by_value(tmp_path: Path) -> None:
    path = _file(tmp_path, "a,b\n-999,x\n-999.0,-999\n3,y\n")
    assert str(_columns(read_table(path, missing=["-999"]))) == "{'a': [nan, nan, 3.0], 'b': ['x', None, 'y']}"
    comma = read_table(_file(tmp_path, "a;b\n9,9;1\n1,5;2\n"), missing=["9,9"], decimal=",")
    assert str(_columns(comma)["a"]) == "[nan, 1.5]"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_decimal_comma_is_found(tmp_path: Path, delimiter: str) -> None:
    rows = ["a b n c".split(), *([f"{i},5", "1,100", str(i), "Rome"] for i in range(30))]
    path = _file(tmp_path, "\n".join(map(delimiter.join, rows)))
    table = read_table(path)
    assert _columns(table)["a"][:3] == [0.5, 1.5, 2.5] and _columns(table)["b"][0] == 1.1  # since the first has decided
    assert _columns(table)["n"][:3] == [0.0, 1.0, 2.0] and table.reading.decimal == ","
    assert read_table(path, decimal=",").reading == table.reading


@pytest.mark.parametrize("content, options, what", [
    ('a,b\n"1,5",1\n"2,25",2\n', {}, "give decimal=',' to read '1,5' as 1.5"),
    ("a;b\n1,5;0.25\n2,25;0.5\n", {}, "give decimal=',' to read '1,5' as 1.5"),
    ("a;b\n1,100;3\n900;4\n", {}, "'1,100' in line 2; give decimal=',' to read .* as 1.1, or "),
    ("a;b\n1,5;1.234\n2,5;3\n", {}, "give decimal='.' to read '1.234' as 1.234, or "),
    ("a;b\n0.25;1\n0.5;2\n", {"decimal": ","}, "give decimal='.' to read '0.25' as 0.25"),
    ("a;b\n1,5;1\n2,5;2\n", {"decimal": "."}, "give decimal=','"),
    ("a;b\n1.234;1\n2.345;2\n3;3\n", {}, r"'1.234' in 'a' may have a decimal point \(decimal='.' says so\), or a sep"),
])
def test_what_is_not_sure_is_not_guessed(tmp_path: Path, content: str, options: dict[str, str], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        read_table(_file(tmp_path, content), **options)


@pytest.mark.parametrize("content, options, numbers", [
    ('a,b\n"1,5",1\n"2,25",2\n', {"decimal": ","}, [1.5, 2.25]),
    ('a,b\n"1,100",3\n900,4\n', {"decimal": ","}, [1.1, 900.0]),
])
def test_notation_that_is_given(
    tmp_path: Path, content: str, options: dict[str, str], numbers: list[float],
) -> None:
    assert _columns(read_table(_file(tmp_path, content), **options))["a"] == numbers


# Properties -----------------------------------------------------------------------------------------------------------


def test_numbers_are_exact_and_texts_survive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `csv` and repr write is read again bit for bit, in chunks of a few rows too."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=200) * 10.0 ** rng.integers(-300, 300, 200)
    texts = ["".join(rng.choice(list('a",;\n\té'), 4)) + "x" for _ in range(200)]
    late = ["1"] * 150 + ["one"] * 50
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["n", "t", "late"], *zip(map(repr, numbers.tolist()), texts, late, strict=True)])
    for cells in (400_000, 7, 1):
        monkeypatch.setattr(reading, "_CELLS", cells)
        columns = _columns(read_table(tmp_path / "t.csv", delimiter=","))
        assert columns == {"n": numbers.tolist(), "t": [text.strip() for text in texts], "late": late}


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("decimal", [".", ","])
def test_what_predict_writes_in_the_notation_of_a_file_is_read_again(delimiter: str, decimal: str) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=50) * 10.0 ** rng.integers(-9, 9, 50)
    texts = ["x" + "".join(rng.choice(list('a"|,;\n\té'), 4)) for _ in numbers]
    text = csv_text([["n", "t"], *zip(numbers, texts, strict=True)], "\n", delimiter, decimal)
    table = read_table(io.BytesIO(text.encode()), decimal=decimal, delimiter=delimiter)
    assert _columns(table) == {"n": numbers.tolist(), "t": [cell.strip() for cell in texts]}


def test_a_text_after_numbers_keeps_the_texts_of_all_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_CELLS", 4)
    path = _file(tmp_path, "a,b\n" + "01,1\n1.0,2\n" * 10 + "x,3\n,4\n")
    assert _columns(read_table(path))["a"] == ["01", "1.0"] * 10 + ["x", None]


def test_very_many_columns(tmp_path: Path) -> None:
    """Nothing compares each name with all others; a name that occurs twice is found."""
    names = [f"c{j}" for j in range(8_000)]
    path = _file(tmp_path, ",".join(names) + "\n" + ",".join(["1.5"] * len(names)) + "\n")
    assert read_table(path, only=names[:3], text=names).shape == (1, 3)
    assert read_table(path, text=names[1:]).shape == (1, 8_000)
    with pytest.raises(ValueError, match="line 1 has 2 columns named 'c7'"):
        read_table(_file(tmp_path, ",".join([*names, "c7"]) + "\n"))


@pytest.mark.slow  # writes a large file, and traces memory
def test_many_rows_need_little_memory(tmp_path: Path) -> None:
    """200,000 x 10: the table has 16 MB, its file 20; the peak stays below what the cells as Python objects take."""
    path = tmp_path / "t.csv"
    row = ",".join(["0.123456"] * 8 + ["some text", "1"]) + "\n"
    path.write_text(",".join("abcdefghij") + "\n" + row * 200_000)
    code = (
        "import resource, sys; from scratchtune.tables.reading.reading import read_table; "
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == 'darwin' else 1024);"
        f"before = peak(); table = read_table({str(path)!r}); print(table.shape, (peak() - before) < 100e6)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(200000, 10) True" and done.stderr == ""


# Bad files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content, what", [
    ("", "is empty"), (" \n\n", "is empty"), ("a,b\n", "has a header and no rows"),
    ("a,b\n1,2\n3\n", "line 3, has 1 cell and the header has 2"),
    ('a,b\n"x\ny",2\n\n3,4,5\n', "line 5, has 3 cells and the header has 2"),
    ("a,b,a\n1,2,3\n", "line 1 has 2 columns named 'a'"), ("a,,c\n1,2,3\n", "line 1: column 2 has no name"),
    ("1,2\n3,4\n", "the header holds only numbers"), ("a,b\n1,-inf\n", "are numbers; not: '-inf' in line 2; write"),
    (b"a,b\n1,2\n\xe9,3\n", "line 3, has the byte 0xe9, which is not UTF-8"), (b"a\0b", "holds binary data"),
    (b"\xff\xfea\0,\0", "begins as UTF-16 does"), (b"PK\x03\x04...", "is a zip archive, as Excel's workbooks"),
    ('a,b\n1,"2\n3,4\n', "line 2, is not CSV: unexpected end of data in line 3; is there a quote in line 2 that"),
    ('a;b;c\n1;2;3\n\n"4;5,5;6\n7;8,5;9\n', "line 4, is not CSV: unexpected end of data in line 5"),
    ('"a,b\n1,2\n', "line 1, is not CSV"), ('a,b\n1,"x" y\n', "line 2, is not CSV: ',' expected after '\"' in line 2"),
    ("a,b\n" + "x" * 140_000 + ",1\n", "line 2, is not CSV: field larger than .*; is there a quote"),
    ("# measured\na,b\n1,2\n", r"has 2 cells and the header has 1 \(is line 1 a comment"),
    ("a,b\n1,2\n9007199254740993,3\n", "column 'a' holds .9007199254740993. in line 3, an integer that"),
], ids=lambda value: repr(value)[:30])
def test_a_bad_file_is_an_error_of_one_sentence(tmp_path: Path, content: str | bytes, what: str) -> None:
    path = _file(tmp_path, content)
    with pytest.raises(ValueError, match=what) as problem:
        read_table(path)
    assert str(path) in str(problem.value) and "\n" not in str(problem.value)


def test_integers_beyond_2_to_the_53(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that a float64 holds are numbers; others may be texts or left out; beside decimals, a warning is given."""
    path = _file(tmp_path, "a,b,c,d\n9007199254740993,1152921504606846976,1e300,0.5\n1,2,3,9007199254740993\n")
    for cells in (400_000, 4):
        monkeypatch.setattr(reading, "_CELLS", cells)
        with pytest.raises(ValueError, match="'a' holds .9007199254740993. in line 2"):
            read_table(path)
        with pytest.warns(UserWarning, match="'d' holds .9007199254740993. in line 3, an .* to 9007199254740992"):
            assert _columns(read_table(path, text=["a"])) == {
                "a": ["9007199254740993", "1"], "b": [2.0**60, 2.0], "c": [1e300, 3.0], "d": [0.5, 2.0**53]}
        assert read_table(path, skip=["a", "d"]).names == ["b", "c"]


def test_a_quote_within_a_column_of_texts_is_a_character(tmp_path: Path) -> None:
    assert _columns(read_table(_file(tmp_path, 'said\nwell, "no\n"yes"\n'))) == {"said": ['well, "no', "yes"]}


def test_columns_that_are_skipped(tmp_path: Path) -> None:
    table = read_table(_file(tmp_path, "a,b,c\ninf,1,x\n-inf,2,y\n"), skip=["a", "c", "absent"])
    assert _columns(table) == {"b": [1.0, 2.0]} and table.skipped == ("a", "c")


def test_a_late_problem_is_found_in_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_CELLS", 6)
    with pytest.raises(ValueError, match="line 102, has 3 cells"):
        read_table(_file(tmp_path, "a,b\n" + "1,2\n" * 100 + "1,2,3\n"))
    with pytest.raises(ValueError, match="not: 'inf' in line 102"):
        read_table(_file(tmp_path, "a,b\n" + "1,2\n" * 100 + "1,inf\n" + "3,4\n" * 9))
    with pytest.raises(ValueError, match="line 20002, has the byte 0xff"):
        read_table(_file(tmp_path, b"a,b\n" + b"1,2\n" * 20000 + b"1,\xff\n"))


def test_no_file_a_directory_and_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent.csv does not exist"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(ValueError, match=r"delimiter is '#'"):
        read_table(tmp_path, delimiter="#")
    with pytest.raises(TypeError, match="text is 'zip'; it must be a list"):
        read_table(tmp_path, text="zip")
    for name in ("skip", "only", "missing"):
        with pytest.raises(TypeError, match=f"{name} is 'zip'; it must be a list"):
            read_table(tmp_path, **{name: "zip"})
    with pytest.raises(ValueError, match="decimal is ';'"):
        read_table(tmp_path, decimal=";")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_compressed_and_open_files(tmp_path: Path) -> None:
    """They give the table of the plain file; messages name the file."""
    path = _file(tmp_path, "a,b\n" + "1,x\n2,y\n" * 50)
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    expected = str(_columns(read_table(path)))
    with open(path, "rb") as plain, open(packed, "rb") as compressed:
        assert str(_columns(read_table(packed))) == str(_columns(read_table(plain))) == expected
        assert str(_columns(read_table(compressed))) == expected
    assert str(_columns(read_table(io.BytesIO(path.read_bytes())))) == expected
    assert reading.first_line(packed) == reading.first_line(path) == b"a,b\n"
    for damaged in (packed.read_bytes()[:-9], packed.read_bytes()[:12] + b"\xff" * 40):
        packed.write_bytes(damaged)
        with pytest.raises(ValueError, match=f"{packed}, which gzip has compressed, is damaged: "):
            read_table(packed)
    with pytest.raises(ValueError, match="the file is empty; the first line of a table"):
        read_table(io.BytesIO(b""))


def test_a_pipe_is_read_where_it_is_open_and_refused_by_its_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ValueError, match=f"{path} is no regular file; a table is a .csv, .parquet or .xlsx file"):
            read_table(path)
    reader, writer = os.pipe()
    with open(writer, "wb") as file:
        file.write(b"a,b\n1,x\n")
    with open(reader, "rb") as file:
        assert _columns(read_table(file)) == {"a": [1.0], "b": ["x"]}


# Oracle ---------------------------------------------------------------------------------------------------------------


def test_a_table_that_pandas_wrote_is_read_as_pandas_reads_it(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({
        "x": rng.normal(size=300), "n": rng.integers(0, 9, 300), "t": rng.choice(["a b", 'c"d', "e,f", "g;h"], 300)})
    frame.loc[rng.uniform(size=300) < 0.2, ["x", "t"]] = None
    for separator in (",", ";", "\t"):
        frame.to_csv(tmp_path / "t.csv", index=False, sep=separator)
        ours = read_table(tmp_path / "t.csv")
        theirs = pandas.read_csv(tmp_path / "t.csv", sep=separator, float_precision="round_trip")
        assert str(_columns(ours)["t"]) == str(_columns(Table.from_columns(theirs))["t"])
        for name in ("x", "n"):  # by default, pandas' own parser may miss the last digits
            np.testing.assert_array_equal(ours.column(name), theirs[name])
