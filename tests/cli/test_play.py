"""`scratchtune play`: where the page is written, and when a browser is opened."""

from __future__ import annotations

import configparser
import subprocess
import sys
import webbrowser
from pathlib import Path
from typing import Any

import pytest

from scratchtune.cli import main
from scratchtune.play import page

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder in which the command runs, with a page that takes no time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(page, "write_page", lambda path: path.write_text("page"))
    return tmp_path


@pytest.fixture
def browsers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The browsers that `webbrowser.get` finds, first to last; none of them starts a program."""
    found: list[Any] = []

    def first() -> Any:
        if not found:
            raise webbrowser.Error("could not locate runnable browser")
        return found[0]

    monkeypatch.setattr(webbrowser, "get", first)
    return found


def test_the_page_is_written_whole_and_named(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "my page.html"
    assert main(["play", "-o", str(path), "--no-browser"]) == 0
    printed, text = capsys.readouterr(), path.read_text(encoding="utf-8")
    assert (printed.out, printed.err) == (f"page: {path}\n", "")
    assert text.startswith("<!doctype html>") and text.endswith("</html>\n") and len(text.encode()) < 2_000_000

    def interrupted(*_: Any, **__: Any) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(page, "script", interrupted)
    assert main(["play", "-o", str(path), "--no-browser"]) == 130
    assert path.read_text(encoding="utf-8") == text and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("out", "sentence"), [
    ("page.pdf", "--out is 'page.pdf'; its name must end in .html or .htm"),
    ("play", "--out is 'play'; its name must end in .html or .htm"),
    ("none/play.html", "--out is 'none/play.html'; there is no folder '"),
    ("folder.html", "--out is 'folder.html', which is a folder; it must be the name of a file"),
])
def test_a_wrong_path_is_refused_before_any_work(out: str, sentence: str, quick: Path, capsys: Captured) -> None:
    (quick / "folder.html").mkdir()
    assert main(["play", "-o", out]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and len(printed.err.splitlines()) == 1 and sentence in printed.err
    assert [path.name for path in quick.iterdir()] == ["folder.html"]


def test_a_browser_with_windows_is_opened(
    quick: Path, browsers: list[Any], capsys: Captured, monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    browsers.append(webbrowser.BackgroundBrowser("xdg-open"))
    monkeypatch.setattr(browsers[0], "open", lambda address: opened.append(address) is None)
    assert main(["play"]) == 0
    assert opened == [(quick / "play.html").resolve().as_uri()]
    assert main(["play", "--no-browser"]) == 0
    printed = capsys.readouterr()
    assert len(opened) == 1 and (printed.out, printed.err) == ("page: play.html\n" * 2, "")


@pytest.mark.parametrize("browser", [
    None, webbrowser.GenericBrowser("lynx"), webbrowser.GenericBrowser("w3m"), webbrowser.Elinks("elinks")])
def test_a_browser_in_the_terminal_is_not(
    browser: Any, quick: Path, browsers: list[Any], capsys: Captured, monkeypatch: pytest.MonkeyPatch,
) -> None:
    if browser is not None:
        monkeypatch.setattr(browser, "open", lambda _: pytest.fail("it takes the terminal"))
        browsers.append(browser)
    assert main(["play"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "page: play.html\n" and "no browser with windows was found" in printed.err


def test_other_commands_do_not_load_the_page() -> None:
    code = ("import sys; from scratchtune.cli import main; main(['--help']); main(['play', '--help']); "
            "sys.exit(' '.join({'numpy', 'scratchtune.play'} & {*sys.modules}) or 0)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "usage: scratchtune play " in done.stdout, done.stderr


def test_a_wheel_has_the_files_of_the_page() -> None:
    """A wheel holds what setup.cfg names; without it the command would work only where the repository is."""
    folder, config = Path(page.__file__).parent, configparser.ConfigParser()
    config.read(folder.parents[1] / "setup.cfg", encoding="utf-8")
    patterns = config["options.package_data"]["scratchtune.play"].split(", ")
    packed = {path for pattern in patterns for path in folder.glob(pattern)}
    assert {path for path in folder.rglob("*.*") if path.suffix not in (".py", ".pyc", ".md")} == packed
