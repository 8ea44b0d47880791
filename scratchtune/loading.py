"""Loading a model: one function for all kinds of files that scratchtune saves; no code in them is executed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from scratchtune import layers
from scratchtune.estimators import loading as estimator_files
from scratchtune.network import sequential
from scratchtune.network.saving import UnknownClass, damaged, in_words, opened
from scratchtune.sequences.recognizer import SpeechRecognizer
from scratchtune.sequences.recognizer import unpacked as unpacked_recognizer
from scratchtune.sequences.seq2seq import Seq2Seq
from scratchtune.sequences.seq2seq import unpacked as unpacked_translator
from scratchtune.tables import auto as automl_files
from scratchtune.tables.trees import estimators as tree_files

KINDS: dict[str, Callable[[dict[str, Any], dict[str, Any]], Any]] = {
    "network": sequential.unpacked, "estimator": estimator_files.unpacked, "automl": automl_files.unpacked,
    tree_files.KIND: tree_files.unpacked, Seq2Seq.kind: unpacked_translator, SpeechRecognizer.kind: unpacked_recognizer}


def load_model(path: str | Path) -> Any:
    """Load a model that `Sequential.save`, ``save`` of an estimator, `Seq2Seq` or `SpeechRecognizer`, or ``scratchtune
    tune`` has written.

    Further training of a loaded network gives the same bits as without saving and loading. Your own layers must be
    defined or imported before. Raises FileNotFoundError or ValueError where the file is not a model, or of a newer
    version.
    """
    for name in dir(layers):
        getattr(layers, name)  # a file may name any layer: its class must be defined, as those for tables are by now
    with opened(Path(path)) as (kind, header, arrays):
        if kind not in KINDS:
            raise ValueError(f"path is {str(path)!r}; it holds a {kind!r}, and this version reads {', '.join(KINDS)}")
        try:
            return KINDS[kind](header, arrays)
        except UnknownClass as problem:
            raise ValueError(f"path is {str(path)!r}; {problem}") from None
        except Exception as problem:  # a damaged header can raise anything
            raise damaged(path, in_words(problem)) from None
