"""The result of tuning on a table, as text: the verdict, the scores, what to expect, the columns that matter."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from scratchtune import checks
from scratchtune.insight.reporting.markup import Markup, element
from scratchtune.streams import visible_lines
from scratchtune.study import Study
from scratchtune.tables.evaluating import Scores, expected_in_words, in_words, shown_score
from scratchtune.tables.explaining import NAMES
from scratchtune.tables.page import page
from scratchtune.tables.prepared import Prepared
from scratchtune.tables.wording import option


@dataclass(repr=False)
class TableTuning:
    """The result: the prepared table, the model, and its scores on the held-out test set, if there is one.

    ``description`` is that of the table. In a notebook, or with ``print``, the description and the text are shown.
    """

    prepared: Prepared
    model: Any
    test_scores: Scores | None = None
    description: str = ""
    source: str = ""  # the name of the file

    def __repr__(self) -> str:
        return f"{self.description}\n\n{self.text()}".lstrip()

    def _repr_html_(self) -> Markup:
        return element("pre", repr(self))

    @property
    def study(self) -> Study:
        """The search, with all its trials."""
        return self.model.study_

    @property
    def params(self) -> dict[str, Any]:
        """The hyper-parameters of the best configuration, by cross-validation."""
        return dict(self.model.leaderboard_[0]["params"])

    @property
    def scores(self) -> Scores:
        """The scores on the held-out test set, or else of the out-of-fold rows of the cross-validation."""
        return self.model.scores_ if self.test_scores is None else self.test_scores

    def text(self) -> str:
        """Return the result in a few lines, the verdict first."""
        model, tested, explanation = self.model, self.test_scores, self.model.explanation_
        lines = [f"verdict: {model.verdict_.text}", "",
                 f"cross-validation, rows that the models were not trained on: {model.scores_.text()}", ""]
        if tested is not None:
            lines += [f"held-out test set, evaluated once: {tested.text()}", ""]
        rows = model.rows_ if tested is None else tested.rows
        return visible_lines("\n".join([
            *lines, f"expected {expected_in_words(model.expected_score(rows))}", *explanation.columns_text(),
            f"the model: {explanation.about_members()[0]}", explanation.about_simple(), self._tried(),
            *self._threshold()]))

    def _tried(self) -> str:
        """Say how many configurations of each family were tried, and the best score of each."""
        scoring, rows = self.model.explanation_.scoring, self.model.leaderboard_
        each = []
        for family in dict.fromkeys(row["family"] for row in rows):
            own = [row["score"] for row in rows if row["family"] == family]
            each.append(f"{NAMES[family]} {len(own)} (best {shown_score(scoring, max(own))})")
        failed = sum(trial.state != "complete" for trial in self.study.trials)
        return (f"tried: {checks.counted(len(rows), 'configuration')} in {self.model.seconds_:.0f} s, "
                f"{in_words(scoring)}: {', '.join(each)}" + f"; {failed} failed or did not finish" * bool(failed))

    def _threshold(self) -> list[str]:
        """Name the threshold of two classes that has the highest F1."""
        found = self.model.threshold_
        if found is None:
            return []
        return [f"threshold: {self.model.target_.classes[1]!r} from a probability of {found:.3g} has the highest f1 in "
                f"cross-validation; predict takes the most probable class, and with {option('threshold', 'best')} this"]

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write the page of the result, one HTML file."""
        page(self.model, path, self.test_scores, self.source)
