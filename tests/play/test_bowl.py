"""The bowl: its ways are those of the package's optimizers, its eigenvalues NumPy's; its controls work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scratchtune.core.network import optimizers
from scratchtune.play import page

from ..browsing import click, drag, is_too_wide, opened, place, serious_violations, tap

METHODS = ("gradient_descent", "momentum", "nesterov")
ROUNDS = 8


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page with the bowl alone."""
    path = tmp_path_factory.mktemp("bowl") / "bowl.html"
    path.write_text(page.whole("bowl", page.sections(["bowl"]), page.scripts(["bowl"], game=False)), encoding="utf-8")
    return path.as_uri()


def way(method: str, curvatures: np.ndarray, start: np.ndarray, rates: tuple[float, float], steps: int) -> np.ndarray:
    """The points of the package's optimizer, and its velocities, (steps + 1, 2, 2)."""
    theta, velocity = start.copy(), np.zeros_like(start)
    points = [np.array([theta, velocity])]
    for _ in range(steps):
        more = (rates[0],) if method == "gradient_descent" else (velocity, *rates)
        getattr(optimizers, method)(theta, curvatures * theta, *more)
        points.append(np.array([theta, velocity]))
    return np.array(points)


def matrix(method: str, curvature: float, alpha: float, mu: float) -> np.ndarray:
    """By what a step of the package's optimizer multiplies (theta, velocity); without a velocity 1 x 1."""
    columns = []
    for basis in np.eye(2)[: 1 if method == "gradient_descent" else 2]:
        theta, velocity = basis[:1].copy(), basis[1:].copy()
        more = (alpha,) if method == "gradient_descent" else (velocity, alpha, mu)
        getattr(optimizers, method)(theta, curvature * theta, *more)
        columns.append([theta[0], velocity[0]])
    return np.array(columns).T[: len(columns)]


def factor(method: str, kappa: float, alpha: float, mu: float) -> float:
    """The largest eigenvalue in size, of both directions."""
    return max(abs(np.linalg.eigvals(matrix(method, each, alpha, mu))).max() for each in (1.0, kappa))


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_its_numbers_are_the_packages(browser: Any, address: str, method: str) -> None:
    opened(browser, address)
    rng = np.random.default_rng(METHODS.index(method))
    for _ in range(ROUNDS):
        kappa, mu, start = rng.uniform(1.5, 40.0), rng.uniform(0.05, 0.95), rng.uniform(-1.0, 1.0, 2)
        alpha = rng.uniform(0.1, 1.2) * 2.0 / kappa  # some diverge
        down, values, best, highest = browser.execute_script(
            "const [method, κ, start, α, μ] = arguments; return [play.descent(method, [1, κ], start, α, μ, 3000), "
            "[1, κ].map(λ => play.eigenvalues(method, λ, α, μ)), play.bestRates(method, κ), "
            "play.highestRate(method, κ, μ)]", method, kappa, start.tolist(), alpha, mu)

        curvatures = np.array([1.0, kappa])
        expected = way(method, curvatures, start, (alpha, mu), len(down["path"]) - 1)[:, 0]
        found = np.array(down["path"], dtype=float)
        losses = (expected**2 @ curvatures) / (start**2 @ curvatures)
        size = abs(expected).max(axis=1, keepdims=True)
        assert (abs(found - expected) <= 1e-9 * size).all()
        assert np.allclose(np.array(down["losses"], dtype=float), losses, rtol=1e-9, atol=0.0)
        low = np.flatnonzero(losses > 1e-6)[-1] + 1
        assert down["steps"] == (None if losses[-1] > 1.0 else low)

        for curvature, pair in zip((1.0, kappa), values, strict=True):
            eigenvalues = np.linalg.eigvals(matrix(method, curvature, alpha, mu)).astype(complex)
            assert np.allclose(np.sort_complex([complex(*each) for each in pair]), np.sort_complex(eigenvalues),
                               rtol=1e-9, atol=1e-12)

        assert factor(method, kappa, highest * 0.9999, mu) < 1.0 < factor(method, kappa, highest * 1.0001, mu)
        least = factor(method, kappa, *best)
        near = rng.uniform(0.8, 1.25, (300, 2)) * best
        # NumPy has half the digits of a double eigenvalue.
        assert least <= min(factor(method, kappa, *each) for each in near) + 1e-6


def said(browser: Any) -> str:
    """What the instrument says."""
    return browser.find_element("css selector", "#bowl .said").text


def moved(browser: Any, slider: int, key: str, times: int) -> str:
    """What the instrument says after a key on a slider."""
    control = browser.find_elements("css selector", "#bowl input[type=range]")[slider]
    control.send_keys(key * times)
    return said(browser)


def at(browser: Any) -> str:
    """Where the start is, for a screen reader."""
    return browser.find_element("css selector", "#bowl .handle").get_attribute("aria-label").partition(": ")[2]


def check_page(browser: Any) -> None:
    """Nothing is NaN, too wide, inaccessible, or an error."""
    assert not browser.execute_script("return /NaN|Infinity|undefined/.test(document.querySelector('#bowl').outerHTML)")
    assert not is_too_wide(browser)
    assert serious_violations(browser) == []
    assert browser.get_log("browser") == []


@pytest.mark.slow
def test_mouse_and_keys(browser: Any, address: str) -> None:
    from selenium.webdriver.common.keys import Keys

    opened(browser, f"{address}#language=en")
    handle = browser.find_element("css selector", "#bowl .handle")
    assert at(browser) == "−0.9, 0.4" and "63 steps" in said(browser)
    x, y = place(browser, handle)
    drag(browser, (x, y), (x + 100, y + 60))
    assert at(browser) not in ("−0.9, 0.4", "0, 0")
    before = at(browser)
    handle.send_keys(Keys.ARROW_LEFT)
    assert at(browser) != before
    click(browser, browser.find_element("css selector", "#bowl .choice label:nth-of-type(3)"))
    assert browser.find_element("css selector", "#bowl .choice input:checked").get_attribute("value") == "nesterov"
    one, best = browser.find_elements("css selector", "#bowl button")[1:]
    for label, method in zip(browser.find_elements("css selector", "#bowl .choice label"), METHODS, strict=True):
        click(browser, label)
        click(browser, best)
        rates = browser.execute_script("return play.bestRates(arguments[0], 20)", method)
        shown = float(said(browser).split("by about ")[1].split(" (")[0])
        assert shown == pytest.approx(factor(method, 20.0, *rates), abs=0.0051)
    one.send_keys(Keys.ENTER)
    one.send_keys(Keys.ENTER)
    assert "Step 2 of 2" in browser.find_element("css selector", "#bowl").text
    assert "Diverges" in moved(browser, 0, Keys.END, 1)
    assert "← −" in browser.find_elements("css selector", "#bowl .chart")[2].text  # an eigenvalue outside the chart
    one.send_keys(Keys.ENTER)
    check_page(browser)
    assert "Converges" in moved(browser, 0, Keys.HOME, 1)
    before = said(browser)
    assert moved(browser, 2, Keys.END, 1) != before != moved(browser, 1, Keys.HOME, 1)
    check_page(browser)


@pytest.mark.slow
def test_the_ball_rolls_and_pauses_and_is_still_under_reduced_motion(browser: Any, address: str) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    def step() -> str:
        return browser.find_element("css selector", "#bowl .controls > .soft").text

    opened(browser, f"{address}#language=en")
    roll = browser.find_element("css selector", "#bowl button.main")
    click(browser, roll)
    assert roll.text == "Pause"
    WebDriverWait(browser, 10).until(lambda _: int(step().split()[1] if step() else 0) > 1)
    click(browser, roll)
    paused = step()
    assert roll.text == "Roll the ball" and paused and paused == step()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-reduced-motion", "value": "reduce"}]})
    browser.refresh()
    WebDriverWait(browser, 20).until(lambda _: browser.find_elements("css selector", "#bowl button.main"))
    assert not browser.find_element("css selector", "#bowl button.main").is_displayed()


@pytest.mark.slow
def test_a_finger_on_a_dark_phone_in_chinese(browser: Any, address: str) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    opened(browser, f"{address}#language=zh", width=400, dark=True, touch=True)
    # First, as Chromium makes no click of a tap that follows a drag within a tenth of a second.
    tap(browser, place(browser, browser.find_element("css selector", "#bowl .choice label")))
    WebDriverWait(browser, 5).until(lambda _: browser.find_element(
        "css selector", "#bowl .choice input:checked").get_attribute("value") == METHODS[0])
    x, y = place(browser, browser.find_element("css selector", "#bowl .handle"))
    tap(browser, (x, y), (x + 60, y - 40))
    assert at(browser) != "−0.9, 0.4" and "收敛" in said(browser)
    check_page(browser)
