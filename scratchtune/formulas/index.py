"""The index prints formulas: all of them in a table, or one beside its code and its test."""

from __future__ import annotations

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


def index() -> str:
    """Every formula, a line each: ID, mathematics, file:line."""
    formulas = registry()
    width = max((len(name) for name in formulas), default=0)
    place = max((len(formula.place) for formula in formulas.values()), default=0)
    return "\n".join(f"{name:{width}}  {formula.place:{place}}  {formula.line}" for name, formula in formulas.items())


def find(name: str) -> Formula:
    """Return the formula with an ID; raise a ValueError that names the nearest one if there is none."""
    name = PUBLIC.get(name, name)
    formulas = defined_in_files_with(f"{MARK}{name}]") or registry()
    if name not in formulas:
        raise ValueError(f"formula is {name!r}; there is none with that ID{checks.nearest(name, formulas)}")
    return formulas[name]


def describe(name: str) -> str:
    """Describe one formula: its docstring, its code, its file and line, and the commands that test it."""
    formula = find(name)
    parts = [f"[{formula.id}]  {formula.line}", formula.sentence]
    for heading, text in formula.sections.items():
        if heading != "Formula":
            parts.append(f"{heading}\n{textwrap.indent(text, '    ')}")
    parts.append(f"Code  {formula.place}\n{textwrap.indent(formula.code, '    ')}")
    commands = [f"pytest tests/test_registry.py -k {formula.id}"]
    if formula.test and not formula.test.endswith("test_registry.py"):
        commands.append(f"pytest {formula.test}")
    parts.append("Tests\n" + textwrap.indent("\n".join(commands), "    "))
    return "\n\n".join(parts)
