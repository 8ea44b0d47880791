"""The commands that read a file of studies: the lines that each one prints, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

import scratchtune as st
from scratchtune.cli import main
from scratchtune.core.study.file import BESIDE

GRID = "of the grid, in its fixed order, independent of earlier results."
LISTED = f"""number,state,value,param_x,budget,parent,error,visits,why
0,failed,,1,,,value is 'none'; it must be a finite number,,"Trial 0: Point 1 of 3 {GRID}"
1,complete,4.0,2,,,,,"Trial 1: Point 2 of 3 {GRID}"
2,complete,9.0,3,,,,,"Trial 2: Point 3 of 3 {GRID}"
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two files of studies: the squares of 1, 2 and 3, of which the first fails; two objectives."""
    monkeypatch.chdir(tmp_path)
    with st.Study({"x": [1, 2, 3]}, "grid", storage="a.db", name="squares") as study:
        study.run(lambda trial: "none" if trial.number == 0 else trial.params["x"] ** 2, progress=False)
    with st.Study({"x": [1, 2]}, "grid", directions=["minimize", "maximize"], storage="b.db", name="both") as study:
        study.run(lambda trial: (trial.params["x"], -trial.params["x"]), progress=False)
    return tmp_path


@pytest.mark.parametrize(("command", "printed"), [
    ("why a.db 0", "Trial 0 of the study 'squares': x=1; failed: value is 'none'; it must be a finite number\n"
                   f"Point 1 of 3 {GRID}\n"),
    ("why a.db 2", f"Trial 2 of the study 'squares': x=3; value 9.0\nPoint 3 of 3 {GRID}\n"),
    ("why a.db 1 --brief", f"Trial 1 (the 2nd of 3 trials): Point 2 of 3 {GRID}\n"),
    ("why b.db 1 --study both", f"Trial 1 of the study 'both': x=2; values 2.0, -2.0\nPoint 2 of 2 {GRID}\n"),
    ("export a.db", LISTED.replace("\n", "\r\n")),
    ("plot a.db --kind edf", "picture: edf.png\n"),
    ("plot a.db --kind slice --params x --out slice.svg", "picture: slice.svg\n"),
    ("plot b.db --kind pareto_front", "picture: pareto_front.png\n"),
    ("plot b.db --kind timeline", "picture: timeline.png\n"),
    ("report a.db", "report: report.html\n"),
])
def test_what_is_printed_and_written(command: str, printed: str, files: Path, capsys: pytest.CaptureFixture) -> None:
    capsys.readouterr()
    assert main(command.split()) == 0
    assert capsys.readouterr() == (printed, "")
    assert command.startswith(("why", "export")) or (files / printed.split()[1]).stat().st_size > 1000


@pytest.mark.parametrize(("command", "message"), [
    ("why a.db 3", "the study 'squares' in 'a.db' has no trial 3; it has 3 trials, numbered from 0"),
    *((f"export a.db -o a.db{end}", f"--out is 'a.db{end}', which would overwrite what belongs to") for end in BESIDE),
    ("plot a.db --kind edf --params x", "--params is given, and edf shows no parameters; omit it"),
    ("plot a.db --kind edf --trial 1", "--trial is given, and edf shows more than one trial; omit it"),
    ("plot a.db --kind posterior --params x y", "--params holds 2 names; posterior shows one parameter"),
    ("plot a.db --kind edf -o edf.txt", "--out is 'edf.txt'; its name must end in .png, .svg, .pdf"),
    ("plot b.db --kind edf", "the study 'both' has 2 objectives (minimize, maximize), and --kind edf shows one"),
    ("report b.db", "the study 'both' has 2 objectives (minimize, maximize), and a report shows one"),
])
def test_what_is_refused(command: str, message: str, files: Path, capsys: pytest.CaptureFixture) -> None:
    capsys.readouterr()
    assert main(command.split()) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith(f"scratchtune: {message}")
    assert {path.suffix for path in files.iterdir()} == {".db"}
