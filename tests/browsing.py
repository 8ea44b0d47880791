"""A page in headless Chromium, for tests: a browser, what it says, and what axe-core finds.

Skipped where Chromium, its driver or Selenium is missing; accessibility also without axe-core, whose script is looked
for in AXE_CORE, or in node_modules here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser with a profile of its own, whose console is recorded."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="could not import selenium")
    if not CHROMIUM.exists() or not DRIVER.exists():
        pytest.skip("Chromium or its driver is not installed: apt-get install chromium chromium-driver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    driver.set_script_timeout(900)
    yield driver
    driver.quit()


def opened(browser: Any, page: str, width: int = 1280, dark: bool = False, touch: bool = False) -> Any:
    """The browser with the page, at a width, in a scheme, with a mouse or a finger; no page before it is left."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": touch})
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
    browser.get("about:blank")  # an address that differs in its fragment alone would not load the page again
    browser.get_log("browser")
    browser.get(page)
    return ready(browser)


def reloaded(browser: Any) -> Any:
    """The browser with the same page, loaded again."""
    browser.refresh()
    return ready(browser)


def ready(browser: Any) -> Any:
    """The browser, when the page's script has done its work."""
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 20).until(
        lambda driver: driver.execute_script("return document.documentElement.dataset.ready") == "yes")
    return browser


def centre(browser: Any, element: Any) -> None:
    """Scroll an element to the middle of the window, away from the navigation."""
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)


def click(browser: Any, element: Any) -> None:
    """Click on an element after scrolling to it."""
    centre(browser, element)
    element.click()


def tap(browser: Any, at: tuple[float, float], to: tuple[float, float] | None = None) -> None:
    """Touch a place of the window, and lift the finger there, or after moving it to another place."""
    def point(place: tuple[float, float]) -> list[dict[str, float]]:
        return [{"x": place[0], "y": place[1]}]

    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": point(at)})
    if to is not None:
        for part in (0.5, 1.0):
            between = (at[0] + part * (to[0] - at[0]), at[1] + part * (to[1] - at[1]))
            browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": point(between)})
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def drag(browser: Any, begin: tuple[float, float], end: tuple[float, float] | None) -> None:
    """Press at one place of the window, release at another; None only moves to the first."""
    from selenium.webdriver.common.actions.action_builder import ActionBuilder

    actions = ActionBuilder(browser)
    mouse = actions.pointer_action
    mouse.move_to_location(*map(round, begin))
    if end is not None:
        mouse.pointer_down().move_to_location(*map(round, end)).pointer_up()
    actions.perform()


def place(browser: Any, element: Any) -> tuple[float, float]:
    """The middle of an element, in the window, after scrolling to it."""
    centre(browser, element)
    return tuple(browser.execute_script(
        "const b = arguments[0].getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]", element))


def is_too_wide(browser: Any) -> bool:
    """Whether the page scrolls sideways."""
    return browser.execute_script("return document.documentElement.scrollWidth > innerWidth")


def sliders(browser: Any) -> list[list[float]]:
    """Of each slider that is no input: its least value, its value, and its largest."""
    return browser.execute_script(
        "return [...document.querySelectorAll('[role=slider]')].map(one => ['min', 'now', 'max'].map("
        "name => Number(one.getAttribute(`aria-value${name}`))))")


def serious_violations(browser: Any) -> list[Any]:
    """What axe-core finds on the page, of serious or critical impact; skipped where it is not installed."""
    if not AXE.exists():
        pytest.skip(f"axe-core is not at {AXE}: npm install axe-core, or set AXE_CORE")
    browser.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then(result => done(result.violations"
        ".map(one => [one.id, one.impact, one.nodes[0].html.slice(0, 200)])))")
    return [one for one in found if one[1] in ("serious", "critical")]
