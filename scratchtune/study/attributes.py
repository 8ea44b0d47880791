"""How a file of studies stores what users attach to a study or to a trial: one row for each attribute, as JSON.

The table is created with the first attribute.

Implements section 7.2 of the document.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from scratchtune.files import valid_text

OF_STUDY = -1  # the number, in place of a trial's, of the attributes of the study itself
TABLE = (
    "CREATE TABLE IF NOT EXISTS attributes (study INTEGER NOT NULL REFERENCES studies, number INTEGER NOT NULL, "
    "name TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY (study, number, name))")
HAS_ATTRIBUTES = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'attributes'"
READ_ATTRIBUTES = "SELECT number, name, content FROM attributes WHERE study = ? ORDER BY rowid"
PUT = (
    "INSERT INTO attributes (study, number, name, content) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (study, number, name) DO UPDATE SET content = excluded.content")


def put_attributes(db: sqlite3.Connection, study: int, number: int, attributes: Mapping[str, Any] | None) -> None:
    """Write attributes of a trial or, with `OF_STUDY`, of the study; within a transaction of the caller."""
    if attributes:
        db.execute(TABLE)
        # What a user puts into the dict of attributes herself was never checked, and must not stop all later writes.
        rows = [(valid_text(name), json.dumps(value, default=repr)) for name, value in attributes.items()]
        db.executemany(PUT, [(study, number, *row) for row in rows])


def by_number(rows: Iterable[tuple[int, str, str]]) -> dict[int, dict[str, Any]]:
    """Attributes by the number of their trial, from the rows of `READ_ATTRIBUTES`."""
    found: dict[int, dict[str, Any]] = {}
    for number, name, content in rows:
        found.setdefault(number, {})[name] = json.loads(content)
    return found
