"""The audit: leaks are named and kept, useless columns dropped, copies counted; nothing is said of a clean table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.tables.audit import Audit, audited
from scratchtune.tables.reading.table import Table
from scratchtune.tables.splitting import RowOrder
from scratchtune.tables.wording import command_line

ROWS = 200
RNG = np.random.default_rng(0)
X = {"a": RNG.normal(size=ROWS), "b": RNG.normal(size=ROWS), "c": RNG.choice(["u", "v", "w"], ROWS)}
VALUE = X["a"] + X["b"] + RNG.normal(size=ROWS)
CLASS = (VALUE > 0.3).astype(int)
MANY = [f"0x{i:x}" if i < 60 else "0x0" for i in range(120)]  # 59 of 60 texts occur once, yet in half of the rows


def audit_of(y: np.ndarray, classes: int = 0, **columns: Any) -> Audit:
    return audited(Table.from_columns({**X, **columns}), y, [f"k{k}" for k in range(classes)])


def said(name: str, values: Any, as_asked: bool = False) -> str:
    """What is said of one column, whose values do not predict the target."""
    table = Table.from_columns({name: values, "z": np.arange(len(values)) % 7}, text=[name] if as_asked else [])
    y = np.random.default_rng(1).normal(size=len(values))
    return "\n".join(audited(table, y, [], asked=[name] if as_asked else []).lines())


# By hand --------------------------------------------------------------------------------------------------------------


def test_a_table_with_everything() -> None:
    audit = audit_of(CLASS, 2, code=np.array(["B2", "A7"])[CLASS], constant=[3] * ROWS, empty=[None] * ROWS,
                     id=np.arange(ROWS) + 1000, gap=[None, *X["a"][1:]])
    assert audit.lines() == [
        "'code' alone explains 100.0% of the target: was it made from the target, or known only after it? It is kept; "
        "drop=['code'] leaves it out",
        "left out, since it holds no value: 'empty'",
        "left out, since it is 3 in all rows: 'constant'",
        "left out, since it seems to identify the rows: 'id' (named like an ID, with a different integer in each row); "
        "keep=['id'] keeps it",
        "1 cell missing in 1 column, most in 'gap' (0%): missing texts form a category, missing numbers become the "
        "median (trees keep them as missing)"]
    assert list(audit.dropped) == ["constant", "empty", "id"] and audit.columns("leak") == ["code"]
    assert audit.duplicates is None


def test_a_clean_table_is_said_nothing_of() -> None:
    assert audit_of(VALUE) == Audit() and audit_of(CLASS, 2) == Audit()


def test_an_option_is_named_as_the_command_line_writes_it() -> None:
    with command_line():
        line = audit_of(VALUE, copy=VALUE).lines()[0]
    assert line.endswith("--drop copy leaves it out")


# Leaks ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [
    lambda y: y, lambda y: -3.0 * y + 7.0, np.exp, lambda y: np.exp(8.0 * y), lambda y: np.round(y, 1),
    lambda y: y + 0.05 * RNG.normal(size=ROWS), lambda y: np.where(np.arange(ROWS) % 50 == 0, np.nan, y)])
def test_a_column_made_from_a_value(make: Any) -> None:
    assert audit_of(VALUE, leak=make(VALUE)).columns("leak") == ["leak"]


@pytest.mark.parametrize("make", [
    lambda y: y, lambda y: np.array(["yes", "no"])[y], lambda y: np.where(y == 0, np.nan, RNG.uniform(size=ROWS)),
    lambda y: y + 0.1 * RNG.normal(size=ROWS), lambda y: np.where(RNG.uniform(size=ROWS) < 0.02, 1 - y, y)])
def test_a_column_made_from_the_class(make: Any) -> None:
    assert audit_of(CLASS, 2, leak=make(CLASS)).columns("leak") == ["leak"]


def test_a_rare_class_is_told_by_a_column() -> None:
    """12 rows of 2,000: a model that knows the number of events has nothing to predict."""
    rng = np.random.default_rng(2)
    y = (np.arange(2000) % 170 == 3).astype(int)
    events = Table({"events": y * rng.integers(1, 4, 2000).astype(float), "x": rng.normal(size=2000)})
    assert audited(events, y, ["no", "yes"]).columns("leak") == ["events"]


def test_good_columns_that_vouch_for_each_other() -> None:
    """Two measurements of nearly the same are a good table, not a leak; alone, one of them would be suspicious."""
    signal = np.random.default_rng(3).normal(size=400)
    one, two = (signal + 0.15 * np.random.default_rng(seed).normal(size=400) for seed in (4, 5))
    noise = np.random.default_rng(6).normal(size=400)
    assert audited(Table({"one": one, "two": two, "x": noise}), signal, []).findings == ()
    assert audited(Table({"one": one, "x": noise}), signal, []).columns("leak") == ["one"]


def test_a_good_column_beside_names() -> None:
    """A text that is different in each row can't vouch for another column."""
    signal = np.random.default_rng(3).normal(size=60)
    table = Table.from_columns({"one": signal + 0.15 * np.random.default_rng(4).normal(size=60),
                                "name": [f"n{i}" for i in range(60)]})
    assert audited(table, signal, [], asked=["name"]).columns("leak") == ["one"]


def test_a_column_that_only_knows_the_frequent_value_of_a_target_is_no_leak() -> None:
    """It is 0 in the rows, 60 percent, in which the target is 0, and a noisy root of the target elsewhere."""
    rng = np.random.default_rng(0)
    y = np.where(rng.uniform(size=ROWS) < 0.6, 0.0, rng.uniform(1.0, 2.0, ROWS))
    root = np.where(y == 0.0, 0.0, np.sqrt(y) + 0.2 * rng.normal(size=ROWS))
    assert audit_of(y, root=root).columns("leak") == []


def test_a_date_is_no_leak() -> None:
    days = [str(day) for day in np.datetime64("2020-01-01") + np.arange(ROWS)]
    assert audit_of(np.sin(np.arange(ROWS) / 30.0), when=days).columns("leak") == []


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_no_leak(seed: int) -> None:
    """Small tables, wide ones, rare classes, zeros: 60 columns that know nothing."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(21, 80))
    table = Table({f"x{j}": rng.normal(size=n) if j % 2 else rng.integers(0, 5, n).astype(float) for j in range(60)})
    for y, k in ((rng.normal(size=n), 0), (np.maximum(rng.normal(size=n), 0.0), 0), ((np.arange(n) < 5) * 1, 2),
                 (rng.integers(0, 3, n), 3)):
        assert audited(table, y, [f"k{j}" for j in range(k)]).columns("leak") == []


# Rows -----------------------------------------------------------------------------------------------------------------


def test_copies_of_rows_have_one_number() -> None:
    table = Table.from_columns(X)
    rows = np.r_[np.arange(ROWS), 5, 5, 7]
    audit = audited(table[rows], VALUE[rows], [])
    assert audit.lines() == ["3 of 203 rows repeat another row; equal rows are always in the same fold"]
    assert audit.duplicates is not None and len(set(audit.duplicates)) == ROWS
    assert len({*audit.duplicates[[5, 200, 201]]}) == len({*audit.duplicates[[7, 202]]}) == 1
    groups = RowOrder("group", "g", np.arange(len(rows)))
    assert "equal rows of one group are" in audited(table[rows], VALUE[rows], [], groups).lines()[0]


def test_a_file_that_was_written_twice() -> None:
    rows = np.r_[np.arange(ROWS), np.arange(ROWS)]
    for y, classes in ((VALUE, []), (CLASS, ["no", "yes"])):
        audit = audited(Table.from_columns(X)[rows], y[rows], classes)
        assert audit.duplicates is not None and (audit.duplicates[:ROWS] == audit.duplicates[ROWS:]).all()


def test_equal_rows_of_a_coarse_table_are_no_copies() -> None:
    """Twelve kinds of rows in 500: equal ones are independent."""
    rng = np.random.default_rng(7)
    table = Table({"p": rng.integers(0, 4, 500).astype(float), "q": rng.integers(0, 3, 500).astype(float)})
    assert audited(table, rng.integers(0, 2, 500), ["no", "yes"]) == Audit()


def test_rows_are_equal_if_all_their_cells_are() -> None:
    """Missing cells and the two zeros are equal; dates, texts and numbers count."""
    base = {"n": [0.0, np.nan, 1.0] * 10, "t": ["a", None, "b"] * 10, "z": np.arange(30) // 3,
            "d": ["2020-01-01", "2020-01-02", None] * 10}
    table, y = Table.from_columns(base), np.arange(30.0)
    twice = Table.from_columns({**{name: [*column, *column] for name, column in base.items()},
                                "n": [-0.0 if n == 0.0 else n for n in [*base["n"], *base["n"]]]})
    assert audited(table, y, []).duplicates is None
    duplicates = audited(twice, np.r_[y, y], []).duplicates
    assert duplicates is not None and (duplicates[:30] == duplicates[30:]).all()


def test_rows_without_a_target_and_rare_classes() -> None:
    y = np.r_[np.zeros(50, int), np.ones(49, int), 2]
    table = Table({"x": np.random.default_rng(8).normal(size=100)})
    assert audited(table, y, ["no", "yes", "fog"], without_target=3).lines() == [
        "left out, since the target is missing: 3 of 103 rows",
        "classes with fewer than 5 rows: fog (1); a fold whose training rows lack a class gives it probability 0"]


def test_of_rare_classes_the_rarest_are_named_in_their_order() -> None:
    counts = [9, *[3] * 20, *[2] * 20, 90]
    names = [f"c{k}" for k in range(42)]
    table = Table({"x": np.random.default_rng(8).normal(size=sum(counts))})
    (found,) = audited(table, np.repeat(np.arange(42), counts), names).lines()
    assert found.startswith("classes with fewer than 5 rows: c21 (2), c22 (2), c23 (2), c24 (2), c25 (2), ..;")


def test_a_class_for_each_row_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="200 classes in 200 rows, 200 of them in a single row, about which nothing"):
        audit = audit_of(np.arange(ROWS), ROWS)
    assert [finding.kind for finding in audit.findings] == ["class"]


# Columns --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, values, what", [
    ("Branche, Sektor", MANY, "60 different texts, 59 of them once: the rare ones are together the category "
                              "'(other)', the other 1 one each; drop=['Branche, Sektor'] leaves the column out"),
    ("tail", [f"N{i % 300}" for i in range(900)], "'(other)', the other 200 one each"),
    ("date", [f"2024-01-{1 + i % 30:02d}" for i in range(120)],
     "'date' holds dates, 2024-01-01 to 2024-01-30: 3 parts (weekday, day, days since the first one); text=['date'] "),
    ("Postal Code", [90001 + 37 * (i % 40) for i in range(120)], "'Postal Code' holds integers that may be codes "),
    ("countyId", [101 + i % 20 for i in range(120)], "text=['countyId'] makes each a category"),
])
def test_columns_that_deserve_a_look(name: str, values: Any, what: str) -> None:
    assert what in said(name, values)


@pytest.mark.parametrize("name, values", [
    ("pop", np.cumsum(RNG.integers(100, 300, 120)) + 198_712),  # a population grows
    ("paid", RNG.permutation(10_000)[:120]), ("grid", RNG.permutation(10_000)[:120] // 300),  # no name of an ID
    ("id", np.arange(120) // 2), ("id", np.arange(120) / 2), ("id", np.arange(20)), ("x", RNG.normal(size=120)),
    ("town", [f"town {i % 40}" for i in range(120)]), ("size", ["S", "M"] * 60),
])
def test_columns_that_do_not(name: str, values: Any) -> None:
    assert said(name, values) == ""


def test_what_was_asked_for_needs_no_hint() -> None:
    assert said("code", ["1", "2", "3", "4", "A", "B", "C", "D"] * 15, as_asked=True) == ""
    kept = audited(Table.from_columns({"id": np.arange(100), "x": np.arange(100) % 9}), X["a"][:100], [], asked=["id"])
    assert kept.dropped == {}


def test_the_column_of_times_is_no_identifier() -> None:
    time = np.arange(ROWS, dtype=float)
    table = Table.from_columns({**X, "day number": time})
    assert list(audited(table, VALUE, []).dropped) == ["day number"]
    assert audited(table, VALUE, [], RowOrder("time", "day number", time)).dropped == {}


def test_a_wide_table_takes_few_lines() -> None:
    rng = np.random.default_rng(9)
    columns: dict[str, Any] = {f"x{j}": rng.normal(size=60) for j in range(2_900)}
    columns |= {f"constant{j}": [1] * 60 for j in range(60)} | {f"empty{j}": [None] * 60 for j in range(20)}
    columns |= {f"Id{j} id": 7 * np.arange(60) for j in range(20)}
    columns |= {f"leak{j}": columns["x0"] + j for j in range(12)}
    columns["x5"][3:9] = np.nan
    audit = audited(Table.from_columns(columns), columns["x0"], [])
    lines = audit.lines()
    assert len(lines) <= 10 and len(audit.dropped) == 100 and len(audit.columns("leak")) >= 13
    assert "left out, since it is 1 in all rows: 'constant0'; likewise 'constant1', 'constant2', 'constant3', " \
           "'constant4', 'constant5' and 54 more" in lines


@pytest.mark.parametrize(("columns", "why"), [
    ({}, "the table has only the target"), ({"a": [None] * 40}, "left out, since it holds no value: 'a'"),
    ({"a": [1] * 40, "id": np.arange(40)}, "left out, since it is 1 in all rows: 'a'; left out, since it seems to "
                                           "identify the rows: 'id' .*; keep=.'id'. keeps it")])
def test_nothing_is_left(columns: Any, why: str) -> None:
    with pytest.raises(ValueError, match=f"no column is left to learn from: {why}"):
        audited(Table.from_columns(columns), np.arange(40.0), [])


# Anything -------------------------------------------------------------------------------------------------------------


def any_numbers(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Numbers of any size."""
    return rng.normal(size=rows) * 10.0 ** rng.integers(-300, 300, rows)


def any_column(rng: np.random.Generator, rows: int) -> Any:
    """Numbers of any size, few numbers, texts, one value or none; with gaps."""
    kind = str(rng.choice(["any", "few", "text", "one", "none"], p=[0.4, 0.2, 0.2, 0.1, 0.1]))
    column = {"any": any_numbers(rng, rows), "few": rng.integers(-2, 2, rows), "one": np.full(rows, 7),
              "text": rng.choice(["a", "b", "(missing)", "c"], rows), "none": np.full(rows, None)}[kind].astype(object)
    if rng.uniform() < 0.5 and kind != "one":
        column[rng.uniform(size=rows) < rng.uniform()] = None
    return column


@pytest.mark.parametrize("seed", range(100))
@pytest.mark.filterwarnings("error::RuntimeWarning", "ignore::UserWarning")
def test_any_table_is_audited(seed: int) -> None:
    """Few rows, any gaps, any size of numbers: what is left has two values, and rows have one number if all is equal.
    """
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(1, 60))
    columns = {f"c{j}": any_column(rng, rows) for j in range(rng.integers(1, 5))}
    classes = int(rng.choice([0, 2, rows]))
    y = rng.integers(0, classes, rows) if classes else any_numbers(rng, rows)
    table = Table.from_columns(columns)
    try:
        audit = audited(table, y, [f"k{k}" for k in range(classes)])
    except ValueError as problem:
        assert "no column is left" in str(problem)
        return
    kept = {name: [None if cell is None else cell + 0.0 if isinstance(cell, float) else cell for cell in column]
            for name, column in columns.items() if name not in audit.dropped}
    assert all(len(set(column)) > 1 for column in kept.values())
    if audit.duplicates is not None:
        cells = list(zip(*kept.values(), y.tolist(), strict=True))
        for i in range(rows):
            for j in range(i):
                assert (audit.duplicates[i] == audit.duplicates[j]) == (cells[i] == cells[j])


def test_a_date_that_only_one_class_has_is_a_leak() -> None:
    rng = np.random.default_rng(0)
    left = rng.random(200) < 0.3
    day = np.where(left, np.datetime64("2024-01-01") + rng.integers(0, 300, 200), np.datetime64("NaT"))
    table = Table.from_columns({"closed": day, "opened": np.datetime64("2023-01-01") + rng.integers(0, 300, 200),
                                "x": rng.normal(size=200)})
    found = audited(table, left.astype(np.int64), ("no", "yes")).findings
    assert [finding.column for finding in found if finding.kind == "leak"] == ["closed"]


def test_few_measured_rows_that_are_repeated_often_are_copies() -> None:
    rng = np.random.default_rng(0)
    row = rng.integers(0, 25, 200)
    table = Table.from_columns({"x": rng.normal(size=25)[row], "z": rng.normal(size=25)[row]})
    assert audited(table, rng.normal(size=25)[row], ()).duplicates is not None
