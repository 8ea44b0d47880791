"""The report in headless Chromium: no console error, and what the script adds works; axe-core finds no violation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from studies import hostile_study, network_study

import scratchtune as st

from ...browsing import centre, click, drag, opened, serious_violations

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study() -> st.Study:
    return network_study(60)


@pytest.fixture(scope="module")
def page(study: st.Study, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "page.html"
    st.insight.report(study, path)
    return path.as_uri()


def shown(browser: Any) -> list[int]:
    """The numbers in the table, in its order."""
    return [int(number) for number in browser.execute_script(
        "return [...document.querySelectorAll('.trials tbody tr')].filter(r => !r.hidden)"
        ".map(r => parseInt(r.cells[0].textContent))")]


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_pictures_are_drawn_without_an_error(browser: Any, page: str, width: int, dark: bool) -> None:
    opened(browser, page, width, dark)
    assert browser.get_log("browser") == []
    browser.execute_script("document.querySelectorAll('.closed').forEach(one => { one.open = true; })")
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('main svg')].map(p => { const b = p.getBoundingClientRect();"
        "return Math.min(b.width, b.height); })")
    assert len(sizes) >= 8 and min(sizes) > 20
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_a_header_sorts_the_table(browser: Any, page: str, study: st.Study) -> None:
    opened(browser, page)
    button = browser.find_elements("css selector", ".trials thead button")[2]
    valued = [trial for trial in study.trials if trial.value is not None]
    for order, sign in (("ascending", 1.0), ("descending", -1.0)):
        click(browser, button)
        assert button.find_element("xpath", "..").get_attribute("aria-sort") == order
        by_value = [trial.number for trial in sorted(valued, key=lambda trial: (sign * trial.value, trial.number))]
        assert shown(browser)[: len(valued)] == by_value


def test_filters_hide_rows_and_marks(browser: Any, page: str, study: st.Study) -> None:
    opened(browser, page)
    from selenium.webdriver.support.select import Select

    select = Select(browser.find_elements("css selector", ".controls select")[0])
    select.select_by_visible_text("failed")
    failed = [trial.number for trial in study.trials if trial.state == "failed"]
    assert failed and shown(browser) == failed
    assert browser.execute_script("return document.querySelectorAll('#parameters [data-n]:not(.out)').length") == 0
    click(browser, browser.find_element("xpath", "//button[text()='Show all']"))
    assert len(shown(browser)) == 60
    browser.find_element("css selector", ".controls input[type=search]").send_keys("gelu")
    assert shown(browser) == [trial.number for trial in study.trials if trial.params["activation"] == "gelu"]


def corners(browser: Any, picture: str) -> dict[int, list[tuple[float, float]]]:
    """The points of each trial's mark in a picture, in the window."""
    found = browser.execute_script("""
        const svg = document.querySelector(arguments[0]), matrix = svg.getScreenCTM();
        return [...svg.querySelectorAll('[data-n]')].map(mark => {
          const numbers = mark.hasAttribute('x') ? [mark.getAttribute('x'), mark.getAttribute('y')]
            : mark.getAttribute('d').match(/-?[\\d.]+/g);
          const points = [];
          for (let i = 0; i < numbers.length; i += 2) {
            const at = new DOMPoint(numbers[i], numbers[i + 1]).matrixTransform(matrix);
            points.push([at.x, at.y]);
          }
          return [Number(mark.dataset.n), points];
        });""", picture)
    return {number: [tuple(point) for point in points] for number, points in found}


def test_a_rectangle_filters_the_table_and_all_pictures(browser: Any, page: str, study: st.Study) -> None:
    opened(browser, page)
    centre(browser, browser.find_element("css selector", "#parameters svg"))
    lines = corners(browser, "#parameters svg")
    axis = sorted({round(x, 1) for x, _ in lines[study.best_trial.number]})[1]  # of the learning rate
    low, high = max(y for line in lines.values() for _, y in line) + 4.0, lines[study.best_trial.number][1][1]
    drag(browser, (axis - 9.0, low), (axis + 9.0, high))
    rate = study.best_trial.params["learning_rate"]
    found = {trial.number for trial in study.trials if trial.params["learning_rate"] <= rate and trial.number in lines}
    assert abs(len(set(shown(browser)) ^ found)) <= 1  # a pixel
    left = browser.execute_script(
        "return [...document.querySelectorAll('#history [data-n]:not(.out)')].map(m => m.dataset.n)")
    assert left and {int(number) for number in left} <= set(shown(browser))
    click(browser, browser.find_element("css selector", ".chips button"))
    assert len(shown(browser)) == 60


def test_hover_shows_a_trial_and_a_click_its_reason(browser: Any, page: str, study: st.Study) -> None:
    opened(browser, page)
    number = study.best_trial.number
    centre(browser, browser.find_element("css selector", "#history svg"))
    at = corners(browser, "#history svg")[number][0]
    drag(browser, at, None)
    assert browser.find_element("id", "tip").text.startswith(f"Trial {number}, complete")
    assert browser.execute_script("return document.querySelectorAll('.here').length") > 1  # in the other pictures too
    drag(browser, at, at)
    dialog = browser.find_element("tag name", "dialog")
    assert dialog.is_displayed() and study.why(number).removeprefix(f"Trial {number}: ") in dialog.text


def test_the_keyboard_does_the_same(browser: Any, page: str) -> None:
    opened(browser, page)
    from selenium.webdriver import Keys as keys

    plot = browser.find_element("css selector", "#history .plot")
    plot.send_keys(keys.ARROW_RIGHT, keys.ARROW_RIGHT)
    assert browser.find_element("id", "tip").text.startswith("Trial ")
    number = browser.find_element("id", "tip").text.partition(",")[0]
    plot.send_keys(keys.ENTER)
    dialog = browser.find_element("tag name", "dialog")
    assert dialog.is_displayed() and dialog.text.startswith(f"{number}:")
    browser.switch_to.active_element.send_keys(keys.ESCAPE)
    assert not dialog.is_displayed() and browser.switch_to.active_element == plot


def test_the_page_is_complete_without_scripts(browser: Any, page: str) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(page)
        assert len(browser.find_elements("css selector", ".trials tbody tr")) == 60
        assert browser.find_element("css selector", "#history svg").is_displayed()
        assert not browser.find_elements("css selector", ".controls")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_hostile_names_run_no_code(browser: Any, tmp_path: Path) -> None:
    st.insight.report(hostile_study(), tmp_path / "page.html")
    opened(browser, (tmp_path / "page.html").as_uri())
    assert browser.get_log("browser") == []
    assert browser.find_element("tag name", "h1").text == '"><img src=x onerror=alert(1)>'


@pytest.mark.parametrize("width", [1280, 400])
def test_long_names_do_not_widen_the_page(browser: Any, tmp_path: Path, width: int) -> None:
    study = st.Study({"z" * 500: st.Float(0, 1), "c": ["w" * 500, "b"]}, "random", name="n" * 500).run(
        lambda trial: trial.params["z" * 500], 12, progress=False)
    st.insight.report(study, tmp_path / "page.html")
    opened(browser, (tmp_path / "page.html").as_uri(), width)
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_studies_without_trials_or_values_give_no_error(browser: Any, tmp_path: Path) -> None:
    empty = st.Study({"x": st.Float(0, 1)}, name="empty")
    failed = st.Study({"x": st.Float(0, 1)}, "random", name="failed").run(lambda trial: 1 / 0, 3, progress=False)
    st.insight.report([empty, failed], tmp_path / "page.html")
    opened(browser, (tmp_path / "page.html").as_uri())
    assert browser.get_log("browser") == [] and len(browser.find_elements("css selector", ".controls")) == 1


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_no_serious_violation(browser: Any, page: str, width: int, dark: bool) -> None:
    opened(browser, page, width, dark)
    assert serious_violations(browser) == []


def test_axe_finds_none_on_a_page_of_a_thousand_trials(browser: Any, tmp_path: Path) -> None:
    st.insight.report(network_study(1000), tmp_path / "page.html")
    opened(browser, (tmp_path / "page.html").as_uri())
    assert browser.get_log("browser") == [] and serious_violations(browser) == []
