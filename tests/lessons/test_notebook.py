"""Lessons as notebooks: formulas are typeset, nothing is printed twice, and each runs as a whole."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from benchmarks.common import course
from lessons import __main__ as main
from lessons import notebook as notebooks
from lessons import running, typeset
from scratchtune import formulas
from scratchtune.core.formulas.dialect import Call, Choice, Equation, Name, Node, Number, Reduction, parse, walk

ROOT = Path(__file__).parents[2]
LESSONS = course.lessons()


@pytest.mark.slow
@pytest.mark.parametrize("number", LESSONS)
def test_it_runs_from_the_first_cell_to_the_last(number, tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("jupytext")
    file = notebooks.write(LESSONS[number], running.to_write(LESSONS[number]), tmp_path)
    read = nbformat.read(file, 4)
    nbclient.NotebookClient(read, timeout=300, kernel_name="python3").execute()
    outputs = [each for cell in read.cells if cell.cell_type == "code" for each in cell.outputs]
    assert not [each for each in outputs if each.output_type == "execute_result"], "the value of a last line is shown"
    assert sum("image/png" in each.get("data", {}) for each in outputs) == 1
    assert "is still empty" in outputs[-1].text


@pytest.mark.parametrize("number", LESSONS)
def test_its_cells_are_the_lessons(number):
    pytest.importorskip("jupytext")
    made = notebooks.notebook(LESSONS[number], "solution")
    kinds = [cell.cell_type for cell in made.cells]
    assert kinds[0] == "markdown" and made.cells[0].source.startswith(f"# {number:02} ")
    for cell in made.cells:
        assert cell.source.strip()
        if cell.cell_type == "code":
            ast.parse(cell.source.removeprefix("%matplotlib inline"))
            assert "# ->" not in cell.source and "# ~>" not in cell.source
        else:
            assert "- [" not in cell.source or "$$" in cell.source


def test_a_formula_is_typeset_and_a_link_leads_to_the_course():
    text = notebooks.prose("A line.\n- [l2_penalty] R = λ · Σᵢ[θᵢ²]\n\nSee [search](README.md#tuning).")
    assert "$$R = \\lambda \\, \\sum_{i} \\theta_{i}^{2}$$" in text
    assert f"({ROOT.as_posix()}/lessons/README.md#tuning)" in text


def test_what_is_recorded_is_left_out_and_a_value_is_not_shown():
    assert notebooks.code("print(1)\nax.legend()\n# -> 1\n# ~> 0.5\n") == "print(1)\nax.legend();"


def test_without_the_extra_it_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jupytext", None)
    assert main.main(["notebook", "18", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == 'lessons: a notebook needs jupytext: pip install -e ".[notebooks]"\n'


# Formulas as LaTeX ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("line", "text"), [
    ("y = a − (b − c)", r"y = a - \left(b - c\right)"),
    ("y = a / b · c", r"y = \frac{a}{b} \, c"),
    ("y = Σᵢ[xᵢ] · z", r"y = \left(\sum_{i} x_{i}\right) \, z"),
    ("k = exp(−√5 · r) − −a · b", r"k = \exp\left(-\sqrt{5} \, r\right) - \left(-a \, b\right)"),
    ("L = a − Σᵢ[xᵢ] − b", r"L = a - \sum_{i} x_{i} - b"),
    ("y = −(a + b)²", r"y = -\left(a + b\right)^{2}"),
    ("y = (−a)^k", r"y = \left(-a\right)^{k}"),
    ("v = 2 / fan_in", r"v = \frac{2}{\mathrm{fan\_in}}"),
    ("y = x[2 · m + 1, k]", r"y = x_{2 \, m + 1,k}"),
    ("d = 1 if z > 0 else 0", r"d = \begin{cases} 1 & \text{if } z > 0 \\ 0 & \text{otherwise} \end{cases}"),
])
def test_examples(line, text):
    assert typeset.latex(line) == text


def test_every_formula_has_balanced_braces_and_one_row_for_each_equation():
    for formula in formulas.registry().values():
        text, count = typeset.latex(formula.line), len(parse(formula.line))
        assert text.count("{") == text.count("}") and text.count(r"\left") == text.count(r"\right")
        assert text.count("&= ") == (count if count > 1 else 0)
        assert not re.search(r"[₀-₉Σ√·−]", text), text


def regrouped(node: Node) -> list[tuple[Node, Node]]:
    """Pairs of a part of a formula and the same with its parentheses moved: a - (b + c) and (a - b) + c."""
    found: list[tuple[Node, Node]] = []
    for each in walk(node):
        match each:
            case Call(("+" | "-" | "·" | "/") as outer, (Call(("+" | "-" | "·" | "/") as inner, (a, b)), c)):
                if (outer, inner) not in (("+", "+"), ("·", "·"), ("-", "+"), ("/", "·")):  # these are equal
                    found.append((each, Call(inner, (a, Call(outer, (b, c))))))
    return found


def test_no_other_grouping_looks_the_same():
    target = Name("y")
    for formula in formulas.registry().values():
        for equation in parse(formula.line):
            for one, other in regrouped(equation.value):
                texts = [typeset.of_equation(Equation(target, each)) for each in (one, other)]
                assert texts[0] != texts[1], formula.id


def test_nodes_are_all_known():
    assert typeset.of_node(Reduction("mean", ("i",), Choice(Name("t"), Number("1e-05"), Number("2")))).startswith(
        r"\operatorname{mean}_{i} \left[\begin{cases} 1 \cdot 10^{-5}")
