"""The Gaussian process to drag: the next trial is run where the improvement is expected, and buttons stop at limits."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from scratchtune.core.search.bayesian import gaussian_process as gp
from scratchtune.core.search.bayesian.acquisition import expected_improvement
from scratchtune.core.search.bayesian.fitting import log_marginal_likelihood
from scratchtune.play import page

from ..browsing import click, is_too_wide, opened, place, serious_violations, tap

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page with the process alone."""
    path = tmp_path_factory.mktemp("gaussian") / "gaussian.html"
    code = page.scripts(["gaussian"], game=False)
    path.write_text(page.whole("gaussian", page.sections(["gaussian"]), code), encoding="utf-8")
    return path.as_uri()


def test_the_process_is_the_package_s(browser: Any, address: str) -> None:
    """Mean, std, expected improvement and likelihood of random points, lengths and noises."""
    opened(browser, f"{address}#language=en")
    rng, zero = np.random.default_rng(38), np.zeros(1)
    for _ in range(12):
        points, at = rng.uniform((0.0, -2.0), (1.0, 2.0), (int(rng.integers(1, 13)), 2)), rng.random(20)
        length, noise = 10.0 ** rng.uniform((-1.5, -4.0), (0.3, -0.3))
        found = browser.execute_script("""
            const [points, length, noise, at] = arguments, process = play.process(points, length, noise);
            const best = Math.min(...points.map(point => point[1])), every = at.map(process.at);
            return [process.likelihood, every.map(([m]) => m), every.map(([, s]) => s),
                    every.map(([m, s]) => play.formulas.expected_improvement(m, s, best).a)];""",
                                       points.tolist(), float(length), float(noise), at.tolist())
        values = points[:, 1]
        theta = np.log([length, 1.0, 1e-300, noise])  # without a rough part
        process = gp.condition(points[:, :1].copy(), values.copy(), zero, theta, values.mean())
        mean, variance = gp.predict(process, at[:, None])
        likelihood = log_marginal_likelihood(values - values.mean(), process.alpha, np.diag(process.upper).copy())
        gains = [expected_improvement(m, s, values.min()) for m, s in zip(mean, np.sqrt(variance), strict=True)]
        for ours, theirs in zip(found, (likelihood, mean, np.sqrt(variance), gains), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)


def handles(browser: Any) -> list[Any]:
    return browser.find_elements("css selector", "#gaussian .handle")


def test_the_next_trial_is_at_the_peak_and_has_the_loss_of_the_mean(browser: Any, address: str) -> None:
    from selenium.webdriver.common.keys import Keys

    opened(browser, f"{address}#language=en")
    run, less, fit = browser.find_elements("css selector", "#gaussian button")
    said = browser.find_element("css selector", "#gaussian .said")
    points = [[0.1, 0.7], [0.3, -0.2], [0.55, 0.5], [0.9, 1.1]]
    at = float(re.findall(r"at ([\d.]+)\.", said.text)[0])
    click(browser, run)
    name = handles(browser)[-1].get_attribute("aria-label")
    x, y = (float(each.replace("−", "-")) for each in name.partition(": ")[2].split(", "))
    expected = browser.execute_script("return play.process(arguments[0], 0.2, 1e-4).at(arguments[1])[0]", points, x)
    assert x == pytest.approx(at, abs=0.0051) and y == pytest.approx(expected, abs=2e-3)
    assert browser.execute_script("return document.activeElement === arguments[0]", handles(browser)[-1])
    before = said.text
    handles(browser)[-1].send_keys(Keys.ARROW_DOWN)
    assert said.text != before
    for _ in range(7):
        click(browser, run)
    assert len(handles(browser)) == 12 and not run.is_enabled()
    click(browser, fit)
    handles(browser)[3].send_keys(Keys.DELETE)
    assert len(handles(browser)) == 11 and run.is_enabled()
    for _ in range(10):
        less.send_keys(Keys.ENTER)
    assert len(handles(browser)) == 1 and not less.is_enabled()
    assert serious_violations(browser) == [] and browser.get_log("browser") == []


def test_a_finger_on_a_dark_phone_in_chinese(browser: Any, address: str) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    opened(browser, f"{address}#language=zh", width=400, dark=True, touch=True)
    tap(browser, place(browser, browser.find_element("css selector", "#gaussian button")))
    WebDriverWait(browser, 5).until(lambda _: len(handles(browser)) == 5)
    assert "期望改进" in browser.find_element("css selector", "#gaussian .said").text
    assert not is_too_wide(browser) and serious_violations(browser) == [] and browser.get_log("browser") == []
