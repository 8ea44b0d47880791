"""The race on the page: the numbers of `lessons.race`, by mouse and keyboard, and a reader's searcher in the game."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from scratchtune.play.page import write_page

from ..browsing import click, is_too_wide, opened, serious_violations, sliders

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # the lessons are no part of the installed package
race: Any = importlib.import_module("lessons.race")
sys.path.remove(str(ROOT))

MINE = """import scratchtune as st


class MyVeryOwnSearcherWithALongName(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        if BROKEN and len(space.names) == 5 and number == 3:
            raise ValueError("no <idea> left")
        return st.Suggestion(space.from_unit(rng.random(len(space.names))), why={"drawn": "blindly"})
"""
NAME = "MyVeryOwnSearcherWithALongName"


def written(folder: Path, broken: bool) -> str:
    """The address of the page of a race of two seeds."""
    (folder / "mine.py").write_text(MINE.replace("BROKEN", str(broken)), encoding="utf-8")
    arguments = ["--seeds", "2", "--jobs", "1", "--page", str(folder / "p.html")]
    assert race.main([str(folder / "mine.py"), *arguments]) == broken
    return (folder / "p.html").as_uri()


def rows(browser: Any) -> dict[str, list[float]]:
    """The table: the means and errors by searcher."""
    return {row.find_element("tag name", "th").text: [
        float(number) for cell in row.find_elements("tag name", "td") for number in cell.text.split(" ± ")]
        for row in browser.find_elements("css selector", "#board tbody tr")}


def expected(means: dict[str, Any], landscape: str) -> dict[str, Any]:
    """What the table should say, to one decimal."""
    return {name: pytest.approx([number for pair in of[landscape] for number in pair], abs=0.0501)
            for name, of in means.items()}


def test_the_built_in_searchers_have_the_stored_numbers(browser: Any, tmp_path: Path) -> None:
    board = race.board()
    write_page(tmp_path / "p.html", board=board)
    opened(browser, (tmp_path / "p.html").as_uri() + "#language=en")
    shown, means = rows(browser), board["means"]
    assert shown == expected(means, "all")
    assert [*shown] == sorted(means, key=lambda name: means[name]["all"][1][0])
    select = browser.find_element("id", "board-landscape")
    for landscape in board["landscapes"]:
        select.send_keys("\ue015")  # an arrow down
        assert select.get_attribute("value") == landscape and rows(browser) == expected(means, landscape)
    assert len(browser.find_elements("css selector", "#board .dot")) == 2 * len(means)
    board_text = browser.find_element("id", "board").text
    assert "random players" not in board_text and not browser.get_log("browser")


def test_a_readers_searcher_has_a_rank_and_is_in_the_game(browser: Any, tmp_path: Path) -> None:
    address = written(tmp_path, False)
    for width, language, dark in ((1280, "en", False), (400, "zh", True)):
        opened(browser, f"{address}#level=two&game=2&language={language}", width, dark)
        assert not is_too_wide(browser) and serious_violations(browser) == []
        assert all(least <= now <= most for least, now, most in sliders(browser))
        said = browser.find_element("css selector", "#board .big").text
        assert NAME in said and "1,000" in said and NAME in rows(browser)
        text = browser.find_element("id", "board").text
        assert "undefined" not in text and "NaN" not in text
    opened(browser, f"{address}#level=two&game=2&language=en")
    yours = browser.execute_script("return Object.values(play.moves.levels).map(each => each.searches.yours.length)")
    assert yours == [20, 20, 20]
    click(browser, browser.find_element("css selector", ".map button[aria-label^='learning rate 0.01, batch']"))
    for text in ("game.skip", "game.hand"):
        click(browser, browser.find_element("css selector", f"[data-text='{text}']"))
    end = browser.find_element("id", "end")
    assert NAME in end.text and "drawn: blindly" in end.text and not browser.get_log("browser")


def test_what_a_searcher_broke_is_said_and_nothing_is_shown_for_it(browser: Any, tmp_path: Path) -> None:
    opened(browser, written(tmp_path, True) + "#language=en")
    section = browser.find_element("id", "board")
    said = [each.text for each in section.find_elements("tag name", "li")]
    assert len(said) == 2 and all("no <idea> left" in each and "Line 7" in each for each in said)
    assert "“trainings, five ranges”, “trainings, choices”" in said[0] and "no rank" in section.text
    assert NAME not in rows(browser) and "NaN" not in section.text and "–" not in section.text
    browser.find_element("id", "board-landscape").send_keys("ravine")
    assert NAME in rows(browser)
    levels = browser.execute_script(
        "return Object.entries(play.moves.levels).filter(each => each[1].searches.yours).map(each => each[0])")
    assert levels == ["two"] and not browser.get_log("browser")
