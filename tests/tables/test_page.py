"""The page of a model: what it begins with, that it is a whole document, that texts of a table stay texts."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from explained_model import EXPLANATION, fitted

import scratchtune as st
from scratchtune.tables.page import html_of, page

VOID = {"meta", "br"}


class Texts(HTMLParser):
    """The texts of a page but those of scripts and styles; each element must be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.names: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.open += [tag] * (tag not in VOID)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)


def test_it_begins_with_the_file_the_target_the_metric_and_the_verdict() -> None:
    text = " ".join(Texts(html_of(fitted(), "people.csv")).texts)
    parts = ["Target 'left' of people.csv", "log loss (lower is better); 40 rows", "no gain can be shown",
             "To expect on 40 new rows", "Cross-validation: 40 rows", "most frequent", "'c' is <1> in all rows",
             "Which columns matter", "no ensemble", "As good within two standard errors: a linear model"]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert "neg_" not in text and "nan" not in text


def test_names_stay_texts() -> None:
    found = Texts(html_of(fitted()))
    assert not {"b", "i"} & set(found.names) - {"b"}
    assert any("<b>city</b>" in text for text in found.texts)


def test_a_page_has_the_search_where_it_is_in_memory(tmp_path: Path) -> None:
    study = st.tune(lambda trial: trial.params["x"] ** 2, {"x": st.Float(-1, 1)}, "random", n_trials=3, progress=False)
    page(fitted(study), tmp_path / "page.html")
    text = " ".join(Texts((tmp_path / "page.html").read_text(encoding="utf-8")).texts)
    assert "The search" in text and "Optimization history" in text and "Importance" not in text
    assert "The search" not in " ".join(Texts(html_of(fitted())).texts)


def test_without_findings_it_says_so() -> None:
    model = fitted()
    model.audit_.findings = ()
    model.explanation_ = replace(EXPLANATION, importances=EXPLANATION.importances[2:])
    text = " ".join(Texts(html_of(model)).texts)
    assert "Nothing was found" in text and "columns that" not in text


def test_a_folder_that_is_absent_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        page(fitted(), tmp_path / "absent" / "page.html")
