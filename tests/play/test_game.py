"""The game in headless Chromium: its look-ups are the package's; whole games by mouse, keyboard and touch."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from scratchtune.play.trainings import EPOCHS, ROWS, VALUES, Trainings, load_trainings

from ..browsing import click, is_too_wide, opened, place, reloaded, serious_violations, tap

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def known() -> Trainings:
    return load_trainings()


def state(browser: Any) -> dict[str, Any]:
    """The state of the game."""
    return browser.execute_script("return play.state()")


def fresh(browser: Any, page: str, address: str = "level=two&game=1&language=en", **more: Any) -> None:
    """The page as in a first visit."""
    opened(browser, page + address)
    browser.execute_script("localStorage.clear(); addEventListener('pagehide', () => localStorage.clear())")
    opened(browser, page + address, **more)


def cell(browser: Any, rate: float, batch: int) -> Any:
    """The button of a configuration on the map."""
    label = f"learning rate {rate:g}, batch size {batch}:"
    return browser.find_element("css selector", f".map button[aria-label^='{label}']")


def button(browser: Any, text: str) -> Any:
    """The button with a text of the page, by its key."""
    return browser.find_element("css selector", f"[data-text='{text}']")


def trained(browser: Any, rate: float, batch: int) -> None:
    """Train a configuration to the end, by mouse."""
    click(browser, cell(browser, rate, batch))
    click(browser, button(browser, "game.skip"))


def wait_until(browser: Any, holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 10).until(lambda _: holds())


def wait_for_epochs(browser: Any) -> None:
    """Wait until the training that runs has an epoch."""
    wait_until(browser, lambda: (state(browser)["running"] or {}).get("epochs", 0) > 0)


def params(at: int) -> dict[str, float]:
    """The configuration of a flat number."""
    index = np.unravel_index(at, [len(values) for values in VALUES.values()])
    return {name: values[k] for (name, values), k in zip(VALUES.items(), index, strict=True)}


def numbers(text: str) -> list[float]:
    """The numbers in a sentence."""
    return [float(each.replace(",", "").replace("−", "-")) for each in re.findall(r"[−\d][\d,]*\.?\d*", text)]


def test_look_ups_are_equal(browser: Any, page: str, known: Trainings) -> None:
    fresh(browser, page)
    expected, wide, held_out = browser.execute_script("""
        const T = play.trainings, all = [...Array(T.total).keys()];
        return [all.map(T.expected), all.map(at => [0, 1, 2, 3, 4].map(seed => T.wide(at, seed))),
                all.map(at => [0, 1, 2, 3, 4].map(seed => T.heldOut(at, seed)))];""")
    assert (np.array(expected) == known.expected.ravel()).all()
    assert (np.array(wide) == known.wide.reshape(-1, 5)).all()
    assert (np.array(held_out) == known.held_out.reshape(-1, 5)).all()
    right = browser.execute_script("""
        const T = play.trainings, epochs = [...Array(27).keys()];
        return [...Array(T.total * 5).keys()].map(k => epochs.map(e => T.right(Math.floor(k / 5), k % 5, e + 1)));""")
    assert (np.array(right) == known.validation.reshape(-1, EPOCHS)).all()
    regrets = browser.execute_script("return [...Array(50).keys()].map(k => play.trainings.regret(47 * k))")
    assert regrets == [known.regret(params(47 * k)) for k in range(50)]


def test_a_whole_game_by_mouse_tells_the_package_s_numbers(browser: Any, page: str, known: Trainings) -> None:
    fresh(browser, page)
    for rate, batch in ((0.1, 16), (0.01, 16), (0.005, 8)):
        trained(browser, rate, batch)
    tries = state(browser)["tries"]
    shown = [numbers(row.text)[1] for row in browser.find_elements("css selector", ".tries tbody tr")]
    assert shown == [round(100 * known.accuracy(params(each["at"]), each["seed"]), 1) for each in tries]
    click(browser, button(browser, "game.hand"))
    handed = state(browser)["chosen"]
    _, regret, best = numbers(browser.find_element("css selector", "#end .big").text)[:3]
    network, mine = {name: params(handed["at"])[name] for name in ("l2", "dropout", "units")}, params(handed["at"])
    of_network = [known.expected[known.index(each)] for each in known.configurations()
                  if network.items() <= each.items()]
    assert best == round(100 * max(of_network), 1)
    exact = 100 * (max(of_network) - known.expected[known.index(mine)])
    assert regret == round(exact, 1)
    players = browser.execute_script("return play.moves.levels.two.players[0]")
    worse, better = sum(each > exact + 0.005 for each in players), sum(each < exact - 0.005 for each in players)
    assert numbers(browser.find_element("css selector", "#end .big + p").text)[:3] == [1000, worse, better]
    reasons = set()
    for name in ("ending.random", "ending.grid", "ending.bayesian", "ending.genetic", "ending.hyperband"):
        text = browser.execute_script("return play.text(arguments[0])", name)
        click(browser, browser.find_element("xpath", f"//section[@id='end']//button[text()='{text}']"))
        for _ in range(3):
            reasons.add(browser.find_element("css selector", ".why").text)
            click(browser, button(browser, "ending.on"))
    assert len(reasons) >= 8 and all(reasons)
    click(browser, button(browser, "ending.open"))
    promised, rows, held = numbers(browser.find_elements("css selector", "#end .big")[1].text)[:3]
    assert [promised, rows] == [round(100 * known.accuracy(params(handed["at"]), handed["seed"]), 1), ROWS["held_out"]]
    assert held == round(100 * known.held_out_accuracy(params(handed["at"]), handed["seed"]), 1)
    assert browser.get_log("browser") == [] and not is_too_wide(browser) and serious_violations(browser) == []


def test_a_whole_game_by_keyboard(browser: Any, page: str) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver import Keys as keys

    def press(*every: str) -> None:
        for key in every:  # one that is held, such as Shift, then another
            actions = ActionChains(browser)
            for held in key[:-1]:
                actions = actions.key_down(held)
            actions.send_keys(key[-1])
            for held in key[:-1]:
                actions = actions.key_up(held)
            actions.perform()

    fresh(browser, page)
    for _ in range(40):
        press(keys.TAB)
        if browser.execute_script("return !!document.activeElement.closest('.map')"):
            break
    press(keys.ENTER)
    wait_for_epochs(browser)
    press(keys.ESCAPE)
    assert state(browser)["running"] is None and len(state(browser)["tries"]) == 1
    press(keys.ARROW_RIGHT, keys.ARROW_UP, keys.ENTER)
    wait_for_epochs(browser)
    press(keys.ESCAPE)
    assert len(state(browser)["tries"]) == 2
    reach(browser, press, "game.hand", keys.SHIFT + keys.TAB)
    press(keys.ENTER)
    assert state(browser)["done"]
    reach(browser, press, "ending.open", keys.TAB)
    press(keys.ENTER)
    assert state(browser)["opened"] and browser.get_log("browser") == []


def reach(browser: Any, press: Any, text: str, key: str) -> None:
    """Move the focus by the Tab key until it is on a button."""
    for _ in range(60):
        if browser.execute_script("return document.activeElement.dataset.text") == text:
            return
        press(key)
    raise AssertionError(f"{text} is not reached by the keyboard")


def test_a_whole_game_by_touch_on_a_phone(browser: Any, page: str) -> None:
    fresh(browser, page, "level=five&game=2&language=zh", width=400, touch=True)

    def touched(element: Any) -> None:
        tap(browser, place(browser, element))

    for k in (30, 41):
        touched(browser.find_elements("css selector", ".map button")[k])
        touched(button(browser, "game.skip"))
    assert [each["epochs"] for each in state(browser)["tries"]] == [EPOCHS, EPOCHS]
    touched(button(browser, "game.hand"))
    touched(button(browser, "ending.open"))
    assert state(browser)["opened"] and not is_too_wide(browser) and browser.get_log("browser") == []
    assert serious_violations(browser) == []


def test_the_budget_ends_the_game(browser: Any, page: str) -> None:
    fresh(browser, page, "level=two&game=3&language=en")
    for k in range(13):
        trained(browser, VALUES["learning_rate"][k % 11], 32 if k < 11 else 64)
    assert state(browser)["left"] == 0 and sum(each["epochs"] for each in state(browser)["tries"]) == 12 * EPOCHS
    assert "No epochs are left" in browser.find_element("css selector", ".message").text
    assert button(browser, "game.hand").is_enabled()


def test_a_stopped_training_continues_and_a_reload_loses_nothing(browser: Any, page: str) -> None:
    fresh(browser, page, "level=two&game=4&language=en")
    click(browser, cell(browser, 0.02, 32))
    wait_for_epochs(browser)
    click(browser, button(browser, "game.stop"))
    (before,) = state(browser)["tries"]
    assert 0 < before["epochs"] < EPOCHS
    click(browser, button(browser, "game.resume"))
    click(browser, button(browser, "game.skip"))
    assert state(browser)["tries"] == [before | {"epochs": EPOCHS}]
    click(browser, cell(browser, 0.05, 32))
    wait_for_epochs(browser)
    reloaded(browser)  # in the middle of a training
    first, second = state(browser)["tries"]
    assert first == before | {"epochs": EPOCHS} and 0 < second["epochs"] < EPOCHS


def test_without_animation_one_trains_by_three_epochs(browser: Any, page: str) -> None:
    fresh(browser, page)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-reduced-motion", "value": "reduce"}]})
    reloaded(browser)
    click(browser, cell(browser, 0.02, 32))
    click(browser, button(browser, "game.more"))
    assert [each["epochs"] for each in state(browser)["tries"]] == [6]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_whole_page_is_clean(browser: Any, page: str, language: str, width: int, dark: bool) -> None:
    fresh(browser, page, f"level=five&game=5&language={language}", width=width, dark=dark)
    for k in (25, 36):
        click(browser, browser.find_elements("css selector", ".map button")[k])
        click(browser, button(browser, "game.skip"))
    click(browser, button(browser, "game.hand"))
    click(browser, button(browser, "ending.open"))
    assert browser.get_log("browser") == [] and not is_too_wide(browser) and serious_violations(browser) == []
    texts = browser.execute_script("return document.body.innerText")
    assert "undefined" not in texts and "NaN" not in texts and "{" not in texts
    assert bool(re.search("[\u4e00-\u9fff]", strip(texts))) == (language == "zh")


def strip(text: str) -> str:
    """A page's text without the button that names the other language."""
    return text.replace("中文", "")


def same(browser: Any, page: str, address: str) -> Sequence[Any]:
    fresh(browser, page, address)
    for k in (25, 36):
        click(browser, browser.find_elements("css selector", ".map button")[k])
        click(browser, button(browser, "game.skip"))
    return state(browser)["tries"]


def test_a_new_game_and_another_address_lose_nothing(browser: Any, page: str) -> None:
    tries = same(browser, page, "level=two&game=9")
    click(browser, button(browser, "game.next"))
    assert state(browser)["game"] == 9 and state(browser)["tries"] == []
    browser.execute_script("location.hash = '#level=two&game=9'")
    wait_until(browser, lambda: state(browser)["game"] == 8)
    assert state(browser)["tries"] == tries


def test_a_finished_game_is_there_after_a_reload(browser: Any, page: str) -> None:
    same(browser, page, "level=five&game=11&language=en")
    click(browser, button(browser, "game.hand"))
    verdict = browser.find_element("css selector", "#end .big").text
    for wanted in (False, True):
        reloaded(browser)
        assert browser.find_element("css selector", "#end .big").text == verdict and state(browser)["done"]
        assert state(browser)["opened"] is wanted and browser.get_log("browser") == []
        if not wanted:
            click(browser, button(browser, "ending.open"))


@pytest.mark.parametrize("stored", [
    "7", "null", "[null]", "{}", '{"two-0": {"level": "two", "game": -5, "tries": [null], "done": true}, "last": [1]}',
    '{"two-0": {"level": "two", "game": 0, "tries": [], "done": true}, "last": ["two", 0]}',
    '{"two-0": {"level": "two", "game": 0, "tries": [{"at": 3, "seed": 0, "epochs": 3.5}]}, "last": ["two", 1e9]}',
    '{"two-0": {"level": "two", "game": 0, "chosen": 9, "tries": [{"at": 3, "seed": 0, "epochs": 27}], "done": true}}'])
def test_what_a_hand_has_stored_does_no_harm(browser: Any, page: str, stored: str) -> None:
    fresh(browser, page)
    browser.execute_script("""
        addEventListener('pagehide', () => ['games', 'results'].forEach(
          name => localStorage.setItem(`scratchtune-${name}`, arguments[0])));""".replace("arguments[0]", repr(stored)))
    reloaded(browser)
    assert browser.get_log("browser") == [] and state(browser)["left"] in (324, 297)
    assert "NaN" not in browser.find_element("id", "game").text


@pytest.mark.parametrize("address", ["level=x&game=0", "game=99", "level=two&game=abc", "level=five&game=1.5"])
def test_an_address_without_a_game_is_a_game(browser: Any, page: str, address: str) -> None:
    fresh(browser, page, address)
    assert state(browser)["left"] == 324 and browser.get_log("browser") == []
    assert "There is no game" in browser.find_element("css selector", ".message").text


def test_an_address_is_a_game(browser: Any, page: str) -> None:
    seventh = same(browser, page, "level=noisy&game=7")
    assert seventh == same(browser, page, "level=noisy&game=7") != same(browser, page, "level=noisy&game=8")
    rows = browser.find_elements("css selector", ".tries tbody tr")
    assert all(numbers(row.text)[1] % 2 == 0 for row in rows)  # shares of 50 images
