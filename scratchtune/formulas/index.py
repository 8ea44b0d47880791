"""The index prints formulas: all of them in a table, or one beside its code and its test."""

from __future__ import annotations

import re
import textwrap

from scratchtune import checks
from scratchtune.formulas.registry import MARK, Formula, defined_in_files_with, registry

# The names that users type, for formulas with another ID.
PUBLIC = {
    "f1": "f_beta", "f1_score": "f_beta", "fbeta_score": "f_beta", "accuracy_score": "accuracy",
    "balanced_accuracy_score": "balanced_accuracy", "precision_score": "precision", "recall_score": "recall",
    "roc_auc_score": "auc", "r2_score": "r2", "StandardScaler": "standard_scale", "MinMaxScaler": "min_max_scale",
    "OneHotEncoder": "one_hot", "GaussianNoise": "gaussian_noise", "Dropout": "dropout", "Adam": "adam",
    "RMSprop": "rmsprop", "SGD": "gradient_descent", "L1": "l1_penalty", "L2": "l2_penalty"}


def index(words: str = "") -> str:
    """Every formula whose ID or first sentence holds these words, a line each: ID, file:line, mathematics."""
    wanted = set(_words(words))
    formulas = [one for one in registry().values() if wanted <= {*one.id.split("_"), *_words(one.sentence)}]
    width, place = (max((len(getattr(one, name)) for one in formulas), default=0) for name in ("id", "place"))
    return "\n".join(f"{one.id:{width}}  {one.place:{place}}  {one.line}" for one in formulas)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def find(name: str) -> Formula:
    """Return the formula with an ID; raise a ValueError that names the nearest one if there is none."""
    name = PUBLIC.get(name, name)
    formulas = defined_in_files_with(f"{MARK}{name}]") or registry()
    if name not in formulas:
        raise ValueError(f"formula is {name!r}; there is none with that ID, nor with such words in its first sentence"
                         f"{checks.nearest(name, formulas)}")
    return formulas[name]


def describe(name: str) -> str:
    """Describe one formula: its docstring, its code, its file and line, and the command that tests it.

    If there is none with this ID, list those with these words.
    """
    try:
        formula = find(name)
    except ValueError:
        if lines := index(name):
            return lines
        raise
    parts = [f"[{formula.id}]  {formula.line}", formula.sentence]
    for heading, text in formula.sections.items():
        if heading != "Formula":
            parts.append(f"{heading}\n{textwrap.indent(text, '    ')}")
    parts.append(f"Code  {formula.place}\n{textwrap.indent(formula.code, '    ')}")
    return "\n\n".join([*parts, f"Test\n    pytest tests/test_registry.py -k {formula.id}"])
