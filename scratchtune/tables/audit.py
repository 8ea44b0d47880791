"""The audit of a table before training: what may spoil the scores, and what was done about it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from scratchtune.core import checks
from scratchtune.tables.features import CODES, MISSING, OTHER, kept_categories, nothing_left, useless
from scratchtune.tables.leaks import Leak, leaks
from scratchtune.tables.reading.columns import Column, Dates, Text, is_category
from scratchtune.tables.reading.date_columns import parts_of, written_day
from scratchtune.tables.reading.kinds import FEW_ROWS, IDENTIFIER, mostly_single
from scratchtune.tables.reading.table import Table
from scratchtune.tables.splitting import INDEPENDENT, RowOrder
from scratchtune.tables.wording import option

FEW = 5  # rows of a class
COPIES = 0.9  # rows with equal features are copies if at least this share of the equal targets is not by chance
TOGETHER = {"none": "", "group": " of one group", "time": " of one time"}  # equal rows that no split divides
CODE = re.compile(  # the end of a name, or its begin
    r"(?i:^(?:zip|postal|plz)|(?:code|zip|plz|fips|naics)$|(?:^|[^a-z])(?:id|nr|no|sic)$)|[a-z](?:Id|ID|Nr|No)$")
KINDS = ("leak", "target", "class", "duplicate", "empty", "constant", "identifier", "code", "gap", "texts",
         "dates")  # in the order in which they are told


class Finding(NamedTuple):
    """One finding: its kind, such as "leak" or "constant", the column (empty if it is about rows), and a sentence."""

    kind: str
    column: str
    text: str


@dataclass
class Audit:
    """The findings, the columns that are dropped with the reason of each, and which rows are equal.

    ``duplicates`` (n,) are numbers that are the same for rows with equal features and target; None if no two are equal.
    """

    findings: tuple[Finding, ...] = ()
    dropped: dict[str, str] = field(default_factory=dict)
    duplicates: np.ndarray | None = None

    def lines(self) -> list[str]:
        """One sentence for each finding, or for several columns of one kind."""
        kinds: dict[str, list[Finding]] = {}
        for finding in self.findings:
            kinds.setdefault(finding.kind, []).append(finding)
        return [line for kind, findings in kinds.items() for line in _lines(kind, findings)]

    def suspicions(self) -> list[str]:
        """The lines without those that only say how dates are read."""
        return Audit(tuple(finding for finding in self.findings if finding.kind != "dates")).lines()

    def columns(self, kind: str) -> list[str]:
        """The columns with a finding of one kind."""
        return [finding.column for finding in self.findings if finding.kind == kind and finding.column]


def _lines(kind: str, findings: Sequence[Finding]) -> list[str]:
    """The lines of one kind: three leaks or else the first finding in full, then the names of the other columns."""
    told = 3 if kind == "leak" else 1
    lines = [finding.text for finding in findings[:told]]
    if more := [finding.column for finding in findings[told:]]:
        lines[-1] += f"; likewise {checks.quoted(more, 5)}"
    return lines


def audited(
    table: Table, y: np.ndarray, classes: Sequence[str], rows: RowOrder = INDEPENDENT, *,
    asked: Collection[str] = (), without_target: int = 0, seed: int = 0,
) -> Audit:
    """Audit the features ``table`` and the target ``y`` (n,), class numbers or values.

    ``asked`` are columns that the user wants as they are, ``without_target`` how many rows had no target. Columns in
    ``dropped`` hold no value, or the same one in all rows, or seem to identify the rows; all others are kept.

    Raises ValueError if no column is left.
    """
    useless_columns = list(_droppable(table, (*asked, rows.name)))
    left = table.without(*(finding.column for finding in useless_columns))
    if not left.names:
        raise nothing_left("; ".join(Audit(tuple(useless_columns)).lines()) or "the table has only the target")
    equal = _equal_rows(left)
    target_equal = np.unique(_mixed(equal, y), return_inverse=True)[1]
    copies = _are_copies(left, np.unique(equal, return_inverse=True)[1], target_equal, y)
    features = left.without(*[rows.name] * (rows.name in left.names))
    findings = [
        *(Finding("leak", name, _about_leak(name, leak))
          for name, leak in leaks(features, y, len(classes), seed).items()),
        *_target_findings(classes, y, without_target),
        *[Finding("duplicate", "", f"{len(y) - int(target_equal.max()) - 1:,} of {len(y):,} rows repeat another row; "
                                   f"equal rows{TOGETHER[rows.kind]} are always in the same fold")] * copies,
        *useless_columns, *_gap_findings(left),
        *(finding for name in left.names for finding in _column_findings(name, left.column(name), name in asked))]
    findings.sort(key=lambda finding: KINDS.index(finding.kind))
    return Audit(tuple(findings), {finding.column: finding.text for finding in useless_columns},
                 target_equal if copies else None)


def _droppable(table: Table, asked: Collection[str]) -> Iterator[Finding]:
    for name, kind in table.kinds(asked).items():
        column = table.column(name)
        if table.missing(name).all():
            yield Finding("empty", name, f"left out, since it holds no value: {name!r}")
        elif useless(column):
            value = column.values()[0] if isinstance(column, Text) else f"{column[0]:g}"
            yield Finding("constant", name, f"left out, since it is {value} in all rows: {name!r}")
        elif kind.kind == IDENTIFIER:
            yield Finding("identifier", name, f"left out, since it seems to identify the rows: {name!r} ({kind.why}); "
                                              f"{option('keep', name)} keeps it")


def _about_leak(name: str, leak: Leak) -> str:
    others = "" if leak.others is None else f", all others together {max(leak.others, 0.0):.0%}"
    return (f"{name!r} alone explains {leak.alone:.1%} of the target{others}: was it made from the target, or known "
            f"only after it? It is kept; {option('drop', name)} leaves it out")


def _gap_findings(table: Table) -> list[Finding]:
    gaps = {name: int(table.missing(name).sum()) for name in table.names}
    gaps = {name: count for name, count in gaps.items() if count}
    if not gaps:
        return []
    worst = max(gaps, key=lambda name: gaps[name])
    return [Finding("gap", "", (
        f"{checks.counted(sum(gaps.values()), 'cell')} missing in {checks.counted(len(gaps), 'column')}, most in "
        f"{worst!r} ({gaps[worst] / len(table):.0%}): missing texts form a category, missing numbers become the "
        "median (trees keep them as missing)"))]


def _column_findings(name: str, column: Column, as_asked: bool) -> list[Finding]:
    if isinstance(column, Dates):
        return [Finding("dates", name, _about_dates(name, column))]
    if is_category(column):
        return _text_findings(name, column)  # type: ignore[arg-type]
    known = np.asarray(column)[~np.isnan(column)]  # type: ignore[arg-type]
    if as_asked or not CODE.search(name) or (known != np.floor(known)).any() or known.min() < 0 or known.max() < 100:
        return []
    if len(np.unique(known)) > len(known) / 2:
        return []
    return [Finding("code", name, f"{name!r} holds integers that may be codes without an order; {option('text', name)} "
                                  "makes each a category")]


def _text_findings(name: str, column: Text) -> list[Finding]:
    counts, drop = column.counts(), option("drop", name)
    kept = [text for text in kept_categories(column, CODES.most) if text not in (OTHER, MISSING)]
    once = sum(count == 1 for count in counts.values())
    if len(counts) > FEW_ROWS and once > 0.5 * len(counts) or len(counts) > CODES.most:
        return [Finding("texts", name, (
            f"{name!r} holds {len(counts):,} different texts, {once:,} of them once: the rare ones are together the "
            f"category '{OTHER}', the other {len(kept):,} one each; {drop} leaves the column out"))]
    return []


def _about_dates(name: str, column: Dates) -> str:
    """Say which features a column of dates becomes, and which dates it spans."""
    days = column.values_in_days()
    first, last, parts = np.nanmin(days), np.nanmax(days), parts_of(days)
    order = {"dmy": ", read with the day first", "mdy": ", read with the month first", None: ""}[column.order]
    listed = ", ".join(f"{part} the first one" if part == "days since" else part for part in parts)
    return (f"{name!r} holds dates, {written_day(first)} to {written_day(last)}{order}: "
            f"{checks.counted(len(parts), 'part')} ({listed}); {option('text', name)} makes each a category")


def _target_findings(classes: Sequence[str], y: np.ndarray, without_target: int) -> list[Finding]:
    found = [Finding("target", "", f"left out, since the target is missing: {without_target:,} of "
                                   f"{len(y) + without_target:,} rows")] * bool(without_target)
    counts = np.bincount(y, minlength=len(classes)) if classes else np.zeros(0, np.int64)
    if single := mostly_single(counts):
        checks.warn(f"the target holds {single}")
        return [*found, Finding("class", "", f"the target holds {single}")]
    rare = [f"{classes[int(k)]} ({counts[k]})" for k in np.argsort(counts, kind="stable") if 0 < counts[k] < FEW]
    if rare:
        found.append(Finding("class", "", (
            f"classes with fewer than {FEW} rows: {', '.join(rare[:5])}{', ..' * (len(rare) > 5)}; a fold whose "
            "training rows lack a class gives it probability 0")))
    return found


def _equal_rows(table: Table) -> np.ndarray:
    """Hashes (n,) uint64 that are the same for rows of equal features."""
    key = np.zeros(len(table), np.uint64)
    for name in table.names:
        column = table.column(name)
        key = _mixed(key, column.codes if isinstance(column, Text) else column)
    return key


def _mixed(key: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """A hash of 64 bits of the key so far and of one cell, for each row; all missing numbers are equal."""
    numbers = cells.astype(np.float64) + 0.0  # -0 becomes 0
    numbers[np.isnan(numbers)] = np.nan
    key = (key ^ numbers.view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return key ^ (key >> np.uint64(29))


def _are_copies(table: Table, alike: np.ndarray, same: np.ndarray, y: np.ndarray) -> bool:
    """Whether rows that agree in all features and in the target are copies, and do not agree by chance.

    Rows with equal features have the same number, from 0, in ``alike``; if their targets are equal too, also in
    ``same``. Of all pairs of rows with equal features let p be the share that has equal targets, and q the share that
    would have them if the targets of these rows were drawn independently. Then (p − q) / (1 − q) is the share that is
    not due to chance (Cohen's kappa); rows are copies if it is at least `COPIES` of p.
    """
    counts, same_counts = np.bincount(alike), np.bincount(same)
    numbers = [column for column in map(table.column, table.names) if not isinstance(column, Text)]
    has_fractions = any(np.nan_to_num(column % 1.0).any() for column in numbers)
    few_values = 4 * len(counts) < len(y) and not has_fractions  # each combination occurs more than four times
    if same_counts.max() == 1 or few_values:
        return False
    p = float((same_counts * (same_counts - 1)).sum()) / float((counts * (counts - 1)).sum())
    is_repeated = counts[alike] > 1
    shares = np.unique(y[is_repeated], return_counts=True)[1] / is_repeated.sum()
    q = float((shares**2).sum())
    return q == 1.0 or (p - q) / (1.0 - q) >= COPIES * p  # q = 1: all have one target, which tells nothing
