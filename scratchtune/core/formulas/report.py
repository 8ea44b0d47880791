"""What a reader sees: the index of all formulas, one of them beside its code, and the report of the check."""

from __future__ import annotations

import multiprocessing
import re
import signal
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from tqdm import tqdm

from scratchtune.core import checks, cores
from scratchtune.core.formulas.check import Row, check
from scratchtune.core.formulas.mutants import EQUIVALENT
from scratchtune.core.formulas.registry import MARK, Formula, defined_in_files_with, registry

MOST = 4  # processes: the longest module is a quarter of the work, so more gain nothing; each takes 300 MB

# The names that users type, for formulas with another ID.
PUBLIC = {
    "f1": "f_beta", "f1_score": "f_beta", "fbeta_score": "f_beta", "accuracy_score": "accuracy",
    "balanced_accuracy_score": "balanced_accuracy", "precision_score": "precision", "recall_score": "recall",
    "roc_auc_score": "auc", "r2_score": "r2", "StandardScaler": "standard_scale", "MinMaxScaler": "min_max_scale",
    "OneHotEncoder": "one_hot", "expected_calibration_error": "calibration_error",
    "GaussianNoise": "gaussian_noise", "Dropout": "dropout", "Adam": "adam", "RMSprop": "rmsprop",
    "SGD": "gradient_descent", "L1": "l1_penalty", "L2": "l2_penalty"}


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
    """One formula's docstring, code, file, line and test; if none has this ID, the list of those with these words."""
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


# The report -----------------------------------------------------------------------------------------------------------

@dataclass
class Report:
    """The rows of all formulas, and their totals."""

    rows: list[Row]

    @property
    def ok(self) -> bool:
        """Whether every formula was checked, and all are right."""
        return bool(self.rows) and all(row.ok for row in self.rows)

    @property
    def wrong(self) -> list[str]:
        """One sentence for each problem."""
        problems = [(row, problem) for row in self.rows for problem in row.problems]
        problems += [(row, f"a mutant survives: {mutant}") for row in self.rows for mutant in row.survived]
        return [f"{row.place} [{row.id}] {problem}" for row, problem in problems]

    def text(self) -> str:
        """A table with a line for each formula, then the totals, then the problems."""
        verdict = "All agree." if self.ok else "Not all agree."
        return "\n".join([*self._table(), "", self.totals(), *self.wrong, verdict])

    def totals(self) -> str:
        """One line: how many formulas, cases, gradients and mutants there were, and whether all are right."""
        rows = self.rows
        gradients = sum(row.gradient_error is not None for row in rows)
        return (
            f"{checks.counted(len(rows), 'formula')} on {sum(row.cases for row in rows)} cases, {gradients} gradients; "
            f"mutants: {sum(row.caught for row in rows)} caught, {sum(row.equivalent for row in rows)} equivalent, "
            f"{sum(len(row.survived) for row in rows)} survived")

    def _table(self) -> Iterator[str]:
        width = max((len(row.id) for row in self.rows), default=7)
        yield f"{'formula':{width}}  cases  float64  float32  gradient  caught  equivalent"
        for row in self.rows:
            float32, gradient = (_small(error) for error in (row.error_float32, row.gradient_error))
            numbers = f"{row.cases:5}  {_small(row.error):>7}  {float32:>7}  {gradient:>8}  {row.caught:6}"
            yield f"{row.id:{width}}  {numbers}  {row.equivalent:10}{'' if row.ok else '  wrong, see below'}"


def _small(error: float | None) -> str:
    return "-" if error is None else "exact" if error == 0 else f"{error:.0e}"


def check_one(name: str) -> Report:
    """Check one formula by its ID; a ValueError for an unknown one."""
    return Report([check(find(name), registry())])


def check_all(processes: int | None = None) -> Report:
    """Check every formula of the package, with a progress bar if stderr is a terminal.

    ``processes``: None is one for each core, at most `MOST`. With more than one, a script that calls this needs the
    guard ``if __name__ == "__main__":``. A process checks a module at a time: its functions call each other, and each
    is compiled only once.
    """
    formulas, modules, rows = registry(), dict[str, list[str]](), dict[str, Row]()
    for name, formula in formulas.items():
        modules.setdefault(formula.plain.__module__, []).append(name)
    with tqdm(total=len(formulas), desc="formulas", unit="", disable=None) as bar:
        for found in _in_processes(list(modules.values()), processes or min(cores.count(), MOST)):
            rows |= found
            bar.update(len(found))
    orphans = sorted({name for name, _ in EQUIVALENT} - set(formulas))
    wrong = [Row(name, problems=["its mutants are listed as equivalent, but it does not exist"]) for name in orphans]
    return Report([*(rows[name] for name in formulas), *wrong])


def _in_processes(modules: list[list[str]], processes: int) -> Iterator[dict[str, Row]]:
    if processes == 1:
        yield from map(_rows, modules)
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the others inherit it: Ctrl-C ends this process,
    try:
        pool = multiprocessing.get_context("spawn").Pool(processes)
    finally:
        signal.signal(signal.SIGINT, handler)
    with pool:  # which ends them here
        yield from pool.imap_unordered(_rows, modules)


def _rows(names: list[str]) -> dict[str, Row]:
    formulas = registry()
    return {name: check(formulas[name], formulas) for name in names}
