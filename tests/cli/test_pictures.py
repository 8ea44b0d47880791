"""`scratchtune plot` and `report`: which function of insight draws, with which arguments, and of which studies."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import scratchtune as st
from scratchtune import insight
from scratchtune.cli import main, pictures
from scratchtune.cli.pictures import OF_PARAMETERS, OF_SEARCHERS, PLOTS


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file with a study of one objective, "one", and one of two, "two"."""
    monkeypatch.chdir(tmp_path)
    for name, directions in (("one", ["minimize"]), ("two", ["minimize", "maximize"])):
        st.Study({"x": [1, 2]}, "grid", directions=directions, storage="a.db", name=name).close()
    return "a.db"


@pytest.mark.parametrize(("options", "arguments"), [
    *((kind, [None] if kind in OF_PARAMETERS else []) for kind in (*PLOTS, "family", "brackets")),
    *((f"{kind} --params x y", [["x", "y"]]) for kind in OF_PARAMETERS),
    *((kind, [None, None]) for kind in ("posterior", "densities")),
    ("posterior --params x --trial 3", ["x", 3]), ("densities --trial 0", [None, 0]),
])
def test_the_function_that_draws_and_its_arguments(
    options: str, arguments: list[Any], file: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Any] = []
    axes = SimpleNamespace(figure="drawn")
    for kind in (*PLOTS, *OF_SEARCHERS):
        monkeypatch.setattr(insight, f"plot_{kind}", lambda study, *given, kind=kind: drawn.append(
            [kind, study.name, *given]) or ([axes, None] if kind in OF_PARAMETERS else axes))
    monkeypatch.setattr(pictures, "save", lambda *given: drawn.append(given))
    kind, *rest = options.split()
    assert main(["plot", file, "--study", "one", "--kind", kind, *rest, "-o", "b.PDF"]) == 0
    assert drawn == [[kind, "one", *arguments], ("drawn", Path("b.PDF"))]


@pytest.mark.parametrize(("options", "names", "code", "said"), [
    (["--study", "one"], "one", 0, ""),
    ([], ["one", "three"], 1, "the study 'two' is left out: the study 'two' has 2 objectives"),
])
def test_a_page_is_of_all_studies_that_it_can_show(
    options: list[str], names: Any, code: int, said: str, file: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    st.Study({"x": [1, 2]}, "grid", storage=file, name="three").close()
    told: list[Any] = []
    monkeypatch.setattr(pictures, "report", lambda studies, out: told.append(
        ([one.name for one in studies] if isinstance(studies, list) else studies.name, out)))
    assert main(["report", file, *options]) == code and told == [(names, Path("report.html"))]
    printed = capsys.readouterr()
    assert printed.out == "report: report.html\n" and printed.err.startswith(said) and bool(said) == bool(printed.err)
