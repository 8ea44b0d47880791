"""The document's statements: every sentence has a verdict, every verdict its evidence, and the example runs as printed.

With the document's path in SCRATCHTUNE_DOCUMENT its sentences are compared with the digests in the table.
"""

from __future__ import annotations

import io
import json
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from scratchtune import document, formulas
from scratchtune.cli import main
from scratchtune.core.data.digits import load_digits
from scratchtune.document.statements import STATEMENTS, TITLES, VERDICTS, WRONG
from scratchtune.translated import LOCALE, translation

ROOT = Path(__file__).parents[2]
KNOWN = {digest for statement in STATEMENTS for digest in statement.sentences.split()}


def sentences(text: str) -> list[str]:
    """The sentences of the document, formulas and list entries among them, without headings and code."""
    text = re.sub(r"```.*?```|^#.*?$", "", text.partition('{"msg_type"')[0], flags=re.DOTALL | re.MULTILINE)
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        found += [line] if line.startswith("*") else re.split(r"(?<=[。：])\s*", line)
    return [sentence for sentence in found if sentence not in ("", "$$")]


def digest_of(sentence: str) -> str:
    return sha256(sentence.encode()).hexdigest()[:8]


def without_verdict(text: str) -> list[str]:
    return [sentence for sentence in sentences(text) if digest_of(sentence) not in KNOWN]


def test_each_sentence_of_the_document_has_a_verdict() -> None:
    if not os.environ.get("SCRATCHTUNE_DOCUMENT"):
        pytest.skip("SCRATCHTUNE_DOCUMENT does not say where the document is")
    text = Path(os.environ["SCRATCHTUNE_DOCUMENT"]).read_text(encoding="utf-8")
    assert without_verdict(text) == []
    assert KNOWN == set(map(digest_of, sentences(text))), "these sentences are no longer in the document"
    assert document.example() in text
    assert all(statement.quote in text for statement in STATEMENTS)
    assert [title for title in TITLES.values() if title not in text] == []


def test_a_changed_sentence_has_no_verdict() -> None:
    text = "## 1. 背景介绍\n\n调参是深度学习模型开发过程中至关重要的一环。调参不重要。\n\n* 一个新的条目。\n"
    assert without_verdict(text) == ["调参不重要。", "* 一个新的条目。"]


def test_each_line_of_the_example_has_a_verdict() -> None:
    lines = document.example().splitlines()
    judged = [number for statement in STATEMENTS for number in statement.lines]
    assert sorted(judged) == [number for number, line in enumerate(lines, 1) if line.strip()]
    quoted = [one for one in STATEMENTS if one.lines and not one.sentences]
    assert all(any(one.quote in lines[number - 1] for number in one.lines) for one in quoted)


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: f"{statement.section} {statement.quote[:12]}")
def test_each_verdict_names_what_exists(statement: Any) -> None:
    assert statement.verdict in VERDICTS and statement.section in TITLES
    assert set(statement.claims.split()) <= document.measured().keys()
    assert set(statement.formulas.split()) <= formulas.registry().keys()
    if statement.code:
        file, _, line = document.place(statement.code).partition(":")
        text = (ROOT / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
        name = statement.code.rpartition(".")[2]
        assert re.match(rf"\s*(def|class) {name}\b", text) or line == "1"
    if statement.lesson is not None:
        assert list((ROOT / "lessons").glob(f"{statement.lesson:02}_*.py"))


def test_a_name_that_is_gone_is_named() -> None:
    assert document.place("scratchtune.plain").startswith("scratchtune/plain.py:")
    with pytest.raises(ValueError, match="scratchtune.plain.gone is not defined in the package"):
        document.place("scratchtune.plain.gone")


def test_the_claims_are_those_that_were_measured() -> None:
    stored = json.loads((ROOT / "benchmarks/results/claims.json").read_text(encoding="utf-8"))
    page = (ROOT / "benchmarks/results/claims.md").read_text(encoding="utf-8")
    for name, (sentence, held, draws) in document.measured().items():
        assert (held, draws) == (stored[name]["held"], stored[name]["draws"]) and f"| {sentence} |" in page


def test_what_the_document_gets_wrong_is_said() -> None:
    assert [one.quote for one in STATEMENTS if one.verdict == WRONG] == [
        "使用 Keras 和 TensorFlow 进行超参数调整的示例代码", '"learning_rate": [0.001, 0.01, 0.1]',
        "keras.wrappers.scikit_learn.GridSearchCV"]


@pytest.mark.slow
def test_the_same_job_in_todays_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("keras", "sklearn"):
        pytest.importorskip(name)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "scratchtune/document/README.md").read_text(encoding="utf-8"),
                         re.DOTALL)
    X, y = load_digits()
    names: dict[str, Any] = {"X_train": X[:200], "y_train": y[:200]}
    exec(compile(code, "today's Keras", "exec"), names)
    assert not hasattr(names["keras"].wrappers, "scikit_learn") and len(names["grid_search"].cv_results_["params"]) == 9


# The command ---------------------------------------------------------------------------------------------------------


def test_the_table_counts_all_statements(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["document", "--language", "en"]) == 0
    (*_, last), total = (lines := capsys.readouterr().out.splitlines())[:-2], lines[-1]
    assert sum(map(int, last.split()[1:])) == len(STATEMENTS)
    assert total.startswith(f"{len(STATEMENTS)} statements, ")


def test_a_section_has_quotation_verdict_evidence_and_lesson(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["document", "3.1", "--language", "en"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("3.1 网格搜索\n\n“尝试所有可能的组合”\n    Grid search tries all possible combinations")
    assert "\n  [right if] Right for lists." in printed and "\n  formula: [grid_combinations] N = Πᵢ[nᵢ]\n" in printed
    assert "\n  code: scratchtune/core/search/grid.py:" in printed
    assert printed.endswith("  lesson: python -m lessons 18\n")
    assert main(["document", "3", "--language", "en"]) == 0
    assert printed.rstrip() in (whole := capsys.readouterr().out) and "(held in 19 of 20 draws)\n" in whole
    assert main(["document", "3.9"]) == 2
    assert "SECTION is '3.9'; it must be one of" in capsys.readouterr().err


def test_all_of_it_is_printed_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["document", "9", "--language", "zh"]) == 0
    printed = capsys.readouterr().out
    assert "[不严谨] 必要，但不充分" in printed and "课: python -m lessons 15\n" in printed


def test_the_catalog_has_every_text_and_is_compiled() -> None:
    translate = translation("zh")
    texts = [*VERDICTS, *(one.note for one in STATEMENTS)]
    assert [text for text in texts if translate(text) == text] == []
    assert translation("en")("right") == "right"
    pofile, mofile = (pytest.importorskip(f"babel.messages.{name}") for name in ("pofile", "mofile"))
    extract = pytest.importorskip("babel.messages.extract")
    path = LOCALE / "zh_CN" / "LC_MESSAGES" / "scratchtune.po"
    catalog = pofile.read_po(io.BytesIO(path.read_bytes()), locale="zh_CN", domain="scratchtune")
    assert [message.id for message in catalog if message.fuzzy and message.id or not message.string] == []
    compiled = io.BytesIO()
    mofile.write_mo(compiled, catalog)
    assert path.with_suffix(".mo").read_bytes() == compiled.getvalue(), "pybabel compile -d scratchtune/locale ..."
    keywords = {"translate": None, "Statement": (5,)}
    found = {message for *_, message, _, _ in extract.extract_from_dir(
        ROOT / "scratchtune" / "document", [("**.py", "python")], keywords=keywords)}
    assert found == {message.id for message in catalog if message.id}
