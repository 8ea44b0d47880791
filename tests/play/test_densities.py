"""TPE's two densities and their ratio are those of the package, candidates are drawn from l; the controls work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.core.search.bayesian import parzen
from scratchtune.core.search.searcher import Result
from scratchtune.play import page

from ..browsing import click, drag, is_too_wide, opened, place, serious_violations, tap

SPACE = st.search.Space({"x": st.Float(0.0, 1.0)})
POINTS = np.linspace(0.0, 1.0, 50)
SETS = [(1, 0.15), (2, 0.5), (7, 0.15), (20, 0.15), (26, 0.05), (31, 0.6), (60, 0.15), (200, 0.15)]  # trials, gamma


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page with the densities alone."""
    path = tmp_path_factory.mktemp("densities") / "densities.html"
    code = page.scripts(["densities"], game=False)
    path.write_text(page.whole("densities", page.sections(["densities"]), code), encoding="utf-8")
    return path.as_uri()


def fitted(trials: np.ndarray) -> parzen.Densities:
    """The package's densities of trials (n, 2)."""
    seen = [Result(k, {"x": float(x)}, float(loss), "done") for k, (x, loss) in enumerate(trials)]
    return parzen.fitted_densities(SPACE, seen, [])


@pytest.mark.slow
def test_the_densities_and_their_ratio_are_the_packages(
    browser: Any, address: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened(browser, address)
    rng = np.random.default_rng(0)
    for count, gamma in SETS:
        prior = rng.uniform(0.2, 3.0)
        monkeypatch.setattr(parzen, "GAMMA", gamma)
        monkeypatch.setattr(parzen, "PRIOR_WEIGHT", prior)
        trials = np.column_stack([rng.random(count), rng.integers(0, 10, count) if count == 20 else rng.random(count)])
        model = fitted(trials)
        l, g = (density.log_density(POINTS[:, None]) for density in (model.good_density, model.bad_density))  # noqa: E741
        good, found_l, found_g, found_ratio, p = browser.execute_script(
            "const [trials, γ, prior, points, ratio] = arguments, model = play.densities(trials, γ, prior); "
            "return [model.good, model.l.log(points), model.g.log(points), model.ratio(points), "
            "play.formulas.tpe_probability(ratio, γ).p]", trials.tolist(), gamma, prior, POINTS.tolist(), l[0] - g[0])
        assert good == model.good.tolist()
        for found, expected in ((found_l, l), (found_g, g), (found_ratio, parzen.log_ratio(l, g))):
            assert np.allclose(found, expected, rtol=1e-9, atol=1e-12)
        assert np.allclose(p, parzen.probability_good(l[0] - g[0], gamma), rtol=1e-9)


@pytest.mark.slow
def test_candidates_are_drawn_from_l(browser: Any, address: str) -> None:
    opened(browser, address)
    trials = np.array([[0.05, 0.1], [0.9, 0.2], *([x, 1.0 + x] for x in np.linspace(0.2, 0.7, 11))])
    drawn = np.sort(browser.execute_script(
        "return play.candidates(play.densities(arguments[0], 0.15, 1).l, 4000, 7)", trials.tolist()))
    line = (np.arange(4000) + 0.5) / 4000.0
    masses = np.exp(fitted(trials).good_density.log_density(line[:, None])) / 4000.0
    distance = abs(np.interp(drawn, line + 0.5 / 4000.0, np.cumsum(masses)) - (np.arange(4000) + 0.5) / 4000.0).max()
    assert distance < 1.36 / np.sqrt(4000.0)  # Kolmogorov and Smirnov: 95 % of such draws are closer
    assert len(browser.find_elements("css selector", "#densities .handle")) == 20


def said(browser: Any) -> str:
    """What the instrument says."""
    return browser.find_element("css selector", "#densities .said").text


def handles(browser: Any) -> list[Any]:
    """The trials' handles."""
    return browser.find_elements("css selector", "#densities .handle")


def check_page(browser: Any) -> None:
    """Nothing is NaN, too wide, inaccessible, or an error."""
    wrong = "return /NaN|Infinity|undefined/.test(document.querySelector('#densities').outerHTML)"
    assert not browser.execute_script(wrong)
    assert not is_too_wide(browser)
    assert serious_violations(browser) == []
    assert browser.get_log("browser") == []


@pytest.mark.slow
def test_mouse_and_keys(browser: Any, address: str) -> None:
    from selenium.webdriver.common.keys import Keys

    opened(browser, f"{address}#language=en")
    assert "Of 20 trials 3 are good" in said(browser) and f"{parzen.CANDIDATES} candidates" in said(browser)
    bad = next(each for each in handles(browser) if "c2" in each.get_attribute("class"))
    x, y = place(browser, bad)
    drag(browser, (x, y), (x + 30, y + 300))  # farther than the chart: to the lowest loss
    assert "c1" in bad.get_attribute("class") and bad.get_attribute("aria-label").endswith("−0.1")
    before = said(browser)
    bad.send_keys(Keys.ARROW_RIGHT * 9)
    assert said(browser) != before
    gamma, prior = browser.find_elements("css selector", "#densities input")
    gamma.send_keys(Keys.END)
    assert "12 are good" in said(browser)
    before = said(browser)
    prior.send_keys(Keys.END)
    assert said(browser) != before
    bad.send_keys(Keys.DELETE)
    assert "Of 19 trials" in said(browser)
    run, restart = browser.find_elements("css selector", "#densities button")
    for _ in range(21):
        click(browser, run)
    assert "Of 40 trials" in said(browser) and not run.is_enabled()
    check_page(browser)
    click(browser, restart)
    assert len(handles(browser)) == 20 and run.is_enabled()


@pytest.mark.slow
def test_a_finger_on_a_dark_phone_in_chinese(browser: Any, address: str) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    opened(browser, f"{address}#language=zh", width=400, dark=True, touch=True)
    # First, as Chromium makes no click of a tap that follows a drag within a tenth of a second.
    tap(browser, place(browser, browser.find_element("css selector", "#densities button")))
    WebDriverWait(browser, 5).until(lambda _: "21 次试验中有 4 次是好的" in said(browser))
    handle = handles(browser)[-1]  # none is above it
    before, (x, y) = handle.get_attribute("aria-label"), place(browser, handle)
    tap(browser, (x, y), (x - 20, y + 40))
    assert handle.get_attribute("aria-label") != before
    check_page(browser)
