"""The age of a report: which edits of the package make it older than the code; what is measured again."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow  # a tool of this repository: CI runs its tests

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # benchmarks are no part of the installed package
age, suite, stale, pages, reports = (importlib.import_module(f"benchmarks.{name}") for name in (
    "common.age", "common.suite", "stale", "pages", "common.reports"))
sys.path.remove(str(ROOT))

FILES = {
    "benchmarks/speed.py": '"""How fast?"""\nimport scratchtune as st\nfrom benchmarks.common import harness, task\n\n'
                           'def measure():\n    return st.tune(st.Dense, st.insight.gain, task.ROWS)\n',
    "benchmarks/common/harness.py": "def table():\n    return 1\n",
    "benchmarks/common/task.py": "ROWS = 5\n",
    "scratchtune/__init__.py": '"""The front door."""\nfrom scratchtune import insight\n'
                               "from scratchtune.layers import Dense, Dropout\nfrom scratchtune.study import tune\n",
    "scratchtune/layers/__init__.py": "from scratchtune.layers.dense import Dense\n"
                                      "from scratchtune.layers.dropout import Dropout\n",
    "scratchtune/layers/dense.py": '"""Dense."""\nfrom scratchtune.checks import check\n\n\nclass Dense:\n'
                                   '    """A layer."""\n    units = check(3)\n',
    "scratchtune/layers/dropout.py": "class Dropout:\n    rate = 0.5\n",
    "scratchtune/insight/__init__.py": "from scratchtune.insight.gain import gain\n"
                                       "from scratchtune.insight.plots import plot\n",
    "scratchtune/insight/gain.py": "def gain():\n    return 1\n",
    "scratchtune/insight/plots.py": "def plot():\n    return 1\n",
    "scratchtune/checks.py": 'def check(number):\n    """Check it."""\n    if number < 0:\n'
                             '        raise ValueError(f"number is {number}")\n    return number\n\n\n'
                             'def other(number):\n    return f"{number:>{5}}" + \'x\'\n',
    "scratchtune/study.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
                            "    from scratchtune.typed import Study\n\n\ndef tune(*given):\n"
                            '    from scratchtune.lazy import help_with\n    return help_with, "space.json"\n',
    "scratchtune/lazy.py": "def help_with():\n    return 2\n",
    "scratchtune/typed.py": "class Study:\n    pass\n",
    "scratchtune/cli.py": "def main():\n    return 0\n",
    "scratchtune/__main__.py": "from scratchtune.cli import main\nmain()\n",
    "scratchtune/space.json": "[1]",
}
MODULE = "benchmarks.speed"
USED = ("benchmarks/common/task.py", "scratchtune/layers/dense.py", "scratchtune/insight/gain.py",
        "scratchtune/checks.py", "scratchtune/study.py", "scratchtune/lazy.py", "benchmarks/speed.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def digest(root: Path) -> Any:
    return age.Code(root).digest(MODULE)


def edit(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text(encoding="utf-8")
    assert old in text
    (root / name).write_text(text.replace(old, new), encoding="utf-8")


def test_a_name_from_a_package_counts_as_the_module_that_defines_it(root: Path) -> None:
    names = {f"{name.replace('.', '/')}.py" for name in age.Code(root).closure(MODULE)}
    assert names == set(USED)


@pytest.mark.parametrize("name", FILES)
def test_an_edit_counts_where_the_module_is_used(root: Path, name: str) -> None:
    before = digest(root)
    with (root / name).open("a") as file:
        file.write("\nADDED = 1\n")
    assert (digest(root) != before) == (name in (*USED, "scratchtune/space.json"))


@pytest.mark.parametrize(("name", "old", "new"), [
    ("scratchtune/layers/dense.py", '"""A layer."""', '"""A layer in other words."""'),
    ("scratchtune/checks.py", "    return number\n", "\n    # as it was\n    return (number\n            )\n"),
    ("benchmarks/speed.py", "import harness, task", "import task"),
    ("benchmarks/speed.py", '"""How fast?"""', ""),
    ("benchmarks/speed.py", "def measure", "ANSWER = (\n    'Won: twice as fast.')\n\n\ndef measure"),
])
def test_other_words_are_the_same_code(root: Path, name: str, old: str, new: str) -> None:
    before = digest(root)
    edit(root, name, old, new)
    assert digest(root) == before


def test_moved_code_is_the_same_code(root: Path) -> None:
    before = digest(root)
    check, other = (root / "scratchtune/checks.py").read_text().split("\n\n\n")
    (root / "scratchtune/checks.py").write_text(f"{other}\n\n{check}\n")  # in another order
    assert digest(root) == before
    (root / "scratchtune/checks.py").write_text(other)  # into another module
    (root / "scratchtune/numbers.py").write_text(check)
    edit(root, "scratchtune/layers/dense.py", "scratchtune.checks", "scratchtune.numbers")
    edit(root, "scratchtune/study.py", "def tune", "import scratchtune.checks\n\n\ndef tune")
    edit(root, "scratchtune/study.py", "return help_with,", "return scratchtune.checks.other and help_with,")
    then = age.Code(root)
    assert {"scratchtune.checks", "scratchtune.numbers"} <= then.closure(MODULE)
    edit(root, "scratchtune/study.py", "scratchtune.checks.other and help_with,", "help_with,")
    edit(root, "scratchtune/study.py", "    from scratchtune.lazy", "    from scratchtune.checks import other\n"
         "    from scratchtune.lazy")
    assert digest(root) == before


def test_a_local_name_may_be_of_several_libraries(root: Path) -> None:
    edit(root, "benchmarks/speed.py", "def measure", "def ours():\n    import scratchtune as keras\n"
         "    return keras.Dropout\n\n\ndef theirs():\n    import keras\n    return keras\n\n\ndef measure")
    closure = age.Code(root).closure(MODULE)
    assert "scratchtune.layers.dropout" in closure and "scratchtune.insight.plots" not in closure


def test_a_stub_says_where_the_names_of_a_package_are(root: Path) -> None:
    before = digest(root)
    for package in ("scratchtune", "scratchtune/insight"):
        (root / package / "__init__.py").rename(root / package / "__init__.pyi")
        (root / package / "__init__.py").write_text("def __getattr__(name):\n    return name\n")
    assert digest(root) == before


@pytest.mark.parametrize(("text", "found"), [
    ('getattr(st, "tune")', {"scratchtune", "scratchtune.layers.dropout", "scratchtune.insight.plots"}),
    ('run(["python", "-m", "scratchtune", "auto"])', {"scratchtune.__main__", "scratchtune.cli"}),
    ('import_module(f"scratchtune.layers.{name}")', {"scratchtune.layers.dropout"}),
])
def test_what_cannot_be_read_counts_as_a_whole(root: Path, text: str, found: set[str]) -> None:
    before = age.Code(root).closure(MODULE)
    edit(root, "benchmarks/speed.py", "return", f"{text}\n    return")
    assert found <= age.Code(root).closure(MODULE) - before


def test_the_line_of_a_report_is_read_back() -> None:
    line = age.line("benchmarks.trees")
    found = age.age_of(f"# A\n\n`python -m benchmarks trees --save`, 2026-01-02.\n\n{line}; measured in 1,234 s.\n")
    assert found[:2] == ("benchmarks.trees", age.Code().digest("benchmarks.trees")) and found.seconds == 1234.0
    assert found.commit == "unknown" or line.partition("commit ")[2].startswith(found.commit)
    assert not age.is_stale(found, age.Code()) and age.is_stale(found._replace(digest="0"), age.Code())
    assert not age.is_stale(age.age_of("# Written by hand"), age.Code())


def test_the_changed_files_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git is asked for the files of all modules that the benchmark runs, and for no others."""
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(age, "_git", lambda *given: asked.append(given) or b"scratchtune/checks.py\n")
    assert age.changes(age.Age("benchmarks.trees", "0", "1234567", 0.0), age.Code()) == ["scratchtune/checks.py"]
    assert asked[0][:4] == ("diff", "--name-only", "1234567", "--")
    assert {"benchmarks/trees.py", "benchmarks/common/speeds.py"} <= set(asked[0])
    assert not {"benchmarks/automl.py", "benchmarks/common/harness.py"} & set(asked[0])


def test_an_unknown_commit_has_no_changes() -> None:
    assert age.changes(age.Age("benchmarks.trees", "0", "0" * 40, 0.0), age.Code()) == []


def test_a_digest_is_the_same_in_another_process(root: Path) -> None:
    """The order of sets differs between processes."""
    told = subprocess.run(
        [sys.executable, "-c", "import sys; from pathlib import Path; from benchmarks.common.age import Code\n"
         "print(Code(Path(sys.argv[1])).digest('benchmarks.speed'))", str(root)], cwd=ROOT, capture_output=True,
        text=True, check=True)
    assert told.stdout.strip() == digest(root)
    assert digest(root) == "229c2c25ec50"  # of every version of Python


# Stored reports -------------------------------------------------------------------------------------------------------


def test_every_stored_report_of_a_benchmark_says_what_it_measured() -> None:
    ages = {name: age.age_of(text) for name, text in reports.stored().items()}
    assert all(each.digest and each.commit for each in ages.values() if each.module)
    assert [name for name, each in ages.items() if not each.module] == ["optuna_plots"]  # written by hand


def test_marks_make_no_page_out_of_date() -> None:
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    none, every = pages.generated(page), pages.generated(page, reports.stored())
    assert (none.count(") †"), every.count(") †")) == (
        0, len(reports.stored()) - 1)  # but that of Optuna's plots, which is written by hand
    assert pages.is_up_to_date(none) and pages.is_up_to_date(every)
    assert pages.front.front(["automl"]).count("†") - pages.front.front(()).count("†") == 1
    assert not pages.is_up_to_date(page.replace("Won:", "Won, too:"))


def told(seconds: str, commit: str = "1234567") -> str:
    return f"`python -m benchmarks trees --cases \"a b\" --save`\n\nCode: digest 0, commit {commit}{seconds}.\n"


def test_stale_reports_are_measured_again_the_cheapest_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    texts = {"slow": told("; measured in 1,200 s"), "unknown": told(""), "quick": told("; measured in 90 s")}
    asked: list[Any] = []

    def ask(question: Any, quick: bool, folder: Path, *options: str) -> Any:
        asked.append((question.name, options))
        state = suite.SKIPPED if len(asked) > 1 else suite.DONE
        return suite.Answer(question.name, "", state, "No module named 'torch'" * (len(asked) > 1),
                            written=["quick"] * (len(asked) == 1))

    monkeypatch.setattr(stale, "stored", lambda: texts)
    monkeypatch.setattr(stale, "report", texts.__getitem__)
    monkeypatch.setattr(stale, "RESULTS", tmp_path)
    monkeypatch.setattr(suite, "ask", ask)
    assert list(stale.reports()) == ["quick", "slow", "unknown"]
    assert "quick (90 s, commit 1234567, by trees --cases 'a b'): git does not" in stale.listed(stale.reports())
    assert stale.main(["--run"]) == 0 and asked == [("trees", ("--cases", "a b"))] * 3
    messages = capsys.readouterr().err
    assert "quick: measured" in messages and "slow: skipped, No module named 'torch'" in messages
    (tmp_path / "trees.jsonl").touch()
    assert stale.main(["--run", "quick"]) == 0 and len(asked) == 3
    assert "has runs of older code" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        stale.main(["--run", "fast"])
