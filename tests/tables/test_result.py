"""The result as text: the verdict first, the metric in words, what to expect, and nothing that contradicts it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from explained_model import fitted, scores

from scratchtune.tables.result import TableTuning

STUDY = SimpleNamespace(trials=[SimpleNamespace(state="complete"), SimpleNamespace(state="failed")])


@pytest.fixture
def result() -> TableTuning:
    return TableTuning(None, fitted(STUDY), None, "a table")  # type: ignore[arg-type]


def test_the_text_begins_with_the_verdict_and_names_the_metric(result: TableTuning) -> None:
    text = result.text()
    assert text.startswith("verdict: boosted trees with defaults are saved: no gain can be shown\n")
    for part in ("cross-validation, rows that the models were not trained on: 40 rows, target 'left': 2 classes",
                 "most frequent", "expected on 40 new rows: log loss (lower is better) 0.3567, with probability 90%",
                 "columns that matter", "age", "the model: one configuration, no ensemble",
                 "as good within two standard errors: a linear model with defaults, log loss 0.4200, 0.0100 +- 0.0200",
                 "tried: 1 configuration in 41 s, log loss (lower is better): boosted trees 1 (best 0.4100); 1 failed",
                 "threshold: 'yes' from a probability of 0.31"):
        assert part in text
    assert "neg_" not in text


def test_with_a_test_set_its_rows_are_those_to_expect(result: TableTuning) -> None:
    result.test_scores = scores(10)
    assert result.scores.rows == 10 and "held-out test set, evaluated once: 10 rows" in result.text()
    assert "expected on 10 new rows" in result.text()


def test_it_prints_itself_here_and_in_a_notebook(result: TableTuning) -> None:
    assert repr(result) == f"a table\n\n{result.text()}"
    assert result._repr_html_().startswith("<pre>a table\n") and "&lt;b&gt;city" in result._repr_html_()
    assert result.params == {"family": "trees", "trees_max_iter": 50}
