"""The audit of a table before training: what may spoil the scores, and what was done about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from scratchtune.tables.reading.table import Table
from scratchtune.tables.row_order import RowOrder

INDEPENDENT = RowOrder()


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
        """One sentence for each finding."""
        return [finding.text for finding in self.findings]


def audited(
    table: Table, y: np.ndarray, classes: Sequence[str], rows: RowOrder = INDEPENDENT, *,
    asked: Collection[str] = (), without_target: int = 0, seed: int = 0, strict: bool = False,
) -> Audit:
    """Audit the features ``table`` and the target ``y`` (n,), class numbers or values.

    ``asked`` are columns that the user wants as they are, ``without_target`` how many rows had no target.

    Raises
        ValueError with ``strict`` if there is a finding.
    """
    return Audit()
