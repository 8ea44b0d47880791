"""Loading a model: one function for all kinds of files that scratchtune saves; no code in them is executed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from scratchtune import layers
from scratchtune.core.network.saving import UnknownClass, damaged, in_words, opened

KINDS = {  # of files: the module whose `unpacked` makes the model from the header and the arrays
    "network": "core.network.sequential", "estimator": "core.estimators.base", "automl": "tables.auto",
    "boosted trees": "tables.trees.estimators", "translator": "sequences.seq2seq", "recognizer": "sequences.recognizer"}
NETWORKS = ("network", "estimator")  # such files may name any layer, and the estimators with layers for tables


def load_model(path: str | Path) -> Any:
    """Load a model that ``save``, of whatever kind of model, or ``scratchtune tune`` has written.

    Further training of a loaded network gives the same bits as without saving and loading. Your own layers must be
    defined or imported before. Raises FileNotFoundError, or ValueError for what is no model or of a newer version.
    """
    with opened(Path(path)) as (kind, header, arrays):
        if kind not in KINDS:
            raise ValueError(f"path is {str(path)!r}; it holds a {kind!r}, and this version reads {', '.join(KINDS)}")
        if kind in NETWORKS:
            import_module("scratchtune.tables.networks")
            [getattr(layers, name) for name in dir(layers)]  # a class that is loaded can be found by its name
        try:
            return import_module(f"scratchtune.{KINDS[kind]}").unpacked(header, arrays)
        except UnknownClass as problem:
            raise ValueError(f"path is {str(path)!r}; {problem}") from None
        except Exception as problem:  # a damaged header can raise anything
            raise damaged(path, in_words(problem)) from None
