"""Forged files of studies, and forged copies of a saved model: each integer of its arrays and of its header, set to
extremes, loaded and queried.

``python forging.py FOLDER ...`` reads model.npz and rows.npy in each folder, and prints how many copies were refused
and how many predicted finite numbers. Any other outcome, the end of this process by a signal included, is a defect.
"""

from __future__ import annotations

import copy
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

import scratchtune as st
from scratchtune.core.study.file import TRIALS, Head, row_with_digest

IN_HEADER = (-(2**63), -(2**31), -1, 0, 1, 255, 2**31 - 1, 2**63 - 1, 2**64)


def forge(path: Path, statement: str, *values: Any) -> None:
    """Change a file of studies by an SQL statement, and seal its rows again, as a forger could."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(statement, values)
        for table, columns in (("trials", 4), ("studies", 7), ("spares", 7)):
            for row in db.execute(f"SELECT * FROM {table}").fetchall():
                digest = row_with_digest(table.replace("spares", "studies"), row[0], *row[2:columns])[1]
                db.execute(f"UPDATE {table} SET digest = ? WHERE id = ?", (digest, row[0]))
        for study, _, revision, *_ in db.execute("SELECT * FROM heads").fetchall():
            digests = [one for (one,) in db.execute(f"SELECT digest FROM trials WHERE id / {TRIALS} = ?", (study,))]
            head = Head().with_digests(revision, len(digests), digests)
            db.execute("REPLACE INTO heads VALUES (?, ?, ?, ?, ?)", row_with_digest("heads", study, *head))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the integers of a JSON value are."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*path, key))
    elif type(value) is int:
        yield path


def forgeries(parts: dict[str, np.ndarray]) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """What was changed, and the changed content of the file."""
    header = json.loads(str(parts["header"]))
    for path in places(header):
        for value in IN_HEADER:
            forged = copy.deepcopy(header)
            inner = forged
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = value
            yield f"{path} = {value}", {**parts, "header": np.array(json.dumps(forged))}
    for name, array in parts.items():
        if array.dtype.kind in "iu":
            for index in np.ndindex(array.shape):
                for value in (np.iinfo(array.dtype).min, np.iinfo(array.dtype).max):
                    changed = array.copy()
                    changed[index] = value
                    yield f"{name}{list(index)} = {value}", {**parts, name: changed}


def answers(model: Any, rows: np.ndarray) -> np.ndarray:
    """The numbers, or the texts, with which a model of any kind answers."""
    if isinstance(model, st.Seq2Seq):
        return np.array([len(model.translate("a b", beam_width=width)) for width in (1, 2)])
    if isinstance(model, st.SpeechRecognizer):
        return model.log_probabilities([rows])[0]
    return model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)


def outcome(path: Path, rows: np.ndarray) -> str:
    """Load a copy and query it: "refused" or "finite"."""
    try:
        found = answers(st.load_model(path), rows)
    except ValueError as problem:
        return "refused" if str(problem) else "without a word"
    return "finite" if np.isfinite(found).all() else "not finite"


def tried(folder: Path) -> Counter[str]:
    """Try all copies of one model; the first defect ends it."""
    parts, rows, path = dict(np.load(folder / "model.npz")), np.load(folder / "rows.npy"), folder / "forged.npz"
    counts: Counter[str] = Counter()
    for what, content in forgeries(parts):
        print(what, file=sys.stderr, flush=True)
        np.savez(path, **content)  # type: ignore[arg-type]
        counts[outcome(path, rows)] += 1
        assert not counts.keys() - {"refused", "finite"}, what
    return counts


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(json.dumps(tried(Path(name))))
