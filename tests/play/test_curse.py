"""The instrument of the winner's curse: its draws have their probabilities, its means are those of the trainings."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from scratchtune.core.evaluation.selection import standard_error
from scratchtune.play.trainings import Trainings, load_trainings

from ..browsing import click, is_too_wide, opened, place, serious_violations, tap
from .twins import uniform

pytestmark = pytest.mark.slow
SEARCHES, TRIES = 500, 200


@pytest.fixture(scope="module")
def known() -> Trainings:
    return load_trainings()


def cumulative(right: int, every: int, rows: int) -> np.ndarray:
    """The probability of at most 0, 1, ... right images of those drawn, from binomial coefficients."""
    ways = [math.comb(right, hits) * math.comb(every - right, rows - hits) for hits in range(rows + 1)]
    return np.array([sum(ways[: hits + 1]) / math.comb(every, rows) for hits in range(rows + 1)])


class Twin:
    """The searches of the page, by arrays: (tries, searches)."""

    def __init__(self, known: Trainings, images: int, equal: bool) -> None:
        narrow, held_out = known.validation[..., -1].astype(int).ravel(), known.held_out.ravel() / 847
        wide = narrow + known.wide.ravel()
        one = int(known.expected.argmax()) * 5
        number = np.arange(SEARCHES * TRIES)
        tried = np.floor(uniform(15, 0, number) * narrow.size).astype(int)
        every, right = (750, wide) if images > 250 else (250, narrow)
        if equal:
            every, right = 1597, wide + known.held_out.ravel()
        tried = np.full_like(tried, one) if equal else tried
        hits = right[tried]
        if images != every:
            u = uniform(15, 1, number)
            for value in np.unique(hits):
                at = hits == value
                u[at] = np.searchsorted(cumulative(int(value), every, images), u[at], side="right")
            hits = u.astype(int)
        hits, tried = hits.reshape(TRIES, SEARCHES), tried.reshape(TRIES, SEARCHES)
        best = [hits[: n + 1].argmax(axis=0) for n in range(TRIES)]
        columns = np.arange(SEARCHES)
        winners = np.array([tried[at, columns] for at in best])
        self.promised = np.array([hits[at, columns] for at in best]) / images
        self.kept = np.full(winners.shape, right[one] / 1597) if equal else held_out[winners]
        seeds = held_out.reshape(-1, 5)
        self.again = (seeds.sum(axis=1)[winners // 5] - held_out[winners]) / 4
        self.offset = 0.0 if equal else (right / every - held_out).mean()

    def excess(self, tries: int) -> np.ndarray:
        return 100 * (self.promised - self.kept - self.offset)[tries - 1]


def numbers(browser: Any, selector: str) -> list[float]:
    """The numbers in a sentence of the instrument."""
    text = browser.find_element("css selector", f"#curse {selector}").text
    return [float(each.replace(",", "").replace("−", "-")) for each in re.findall(r"[−\d][\d,]*\.?\d*", text)]


def test_draws_have_the_probabilities_of_drawn_images(browser: Any, page: str) -> None:
    opened(browser, page)
    cases = [(200, 250, 20), (240, 250, 200), (3, 250, 100), (0, 250, 40), (250, 250, 40), (700, 750, 125),
             (1395, 1597, 750), (1395, 1597, 200), (1395, 1597, 250)]
    found = browser.execute_script("return arguments[0].map(each => [...play.cumulative(...each)])", cases)
    for case, values in zip(cases, found, strict=True):
        assert values == pytest.approx(cumulative(*case), rel=1e-9, abs=1e-12)
    drawn = browser.execute_script("return Array.from({length: 4000}, (_, k) => play.drawn(200, 250, 20, 7, k))")
    shares = [np.mean(np.array(drawn) <= hits) for hits in range(21)]
    assert np.abs(np.array(shares) - cumulative(200, 250, 20)).max() < 0.03  # that of 95 in 100 samples is below 0.022


def test_searches_are_those_of_the_trainings(browser: Any, page: str, known: Trainings) -> None:
    opened(browser, page)
    for images, equal in ((20, False), (100, False), (250, False), (750, False), (40, True), (750, True)):
        twin = Twin(known, images, equal)
        found = browser.execute_script("""
            const found = play.searches(...arguments), at = values => [...values].filter((_, k) => k % 97 === 0);
            return [found.offset, at(found.promised), at(found.kept), arguments[1] ? [] : at(found.again),
              [1, 9, 60, 200].map(n => play.excess(found, n)), [1, 60].map(n => play.errorOf(play.excess(found, n)))];
            """, images, equal)
        assert found[0] == pytest.approx(twin.offset, abs=1e-12)
        names = ("promised", "kept") if equal else ("promised", "kept", "again")
        for name, values in zip(names, found[1:], strict=False):
            assert values == pytest.approx(getattr(twin, name).ravel()[::97], rel=1e-9)
        assert np.array(found[4]) == pytest.approx(np.array([twin.excess(n) for n in (1, 9, 60, 200)]), abs=1e-9)
        groups = [twin.excess(n).reshape(20, 25).mean(axis=1) for n in (1, 60)]
        assert found[5] == pytest.approx([standard_error(each) for each in groups], rel=1e-9)


def test_each_control_by_mouse_keyboard_and_touch(browser: Any, page: str, known: Trainings) -> None:
    from selenium.webdriver.common.keys import Keys

    opened(browser, page + "language=en")
    tries, images = browser.find_elements("css selector", "#curse input[type=range]")

    def is_shown(n: int, rows: int, equal: bool = False) -> bool:
        twin = Twin(known, rows, equal)
        expected = (100 * twin.promised[n - 1].mean(), 100 * twin.kept[n - 1].mean(), twin.excess(n).mean())
        return {round(value, 1) for value in expected} <= set(numbers(browser, ".said"))

    assert is_shown(60, 100)
    tries.send_keys(Keys.HOME)
    assert tries.get_attribute("aria-valuetext") == "1" and is_shown(1, 100)
    tries.send_keys(Keys.END)
    images.send_keys(Keys.END)
    assert is_shown(200, 750)
    images.send_keys(Keys.ARROW_LEFT)
    assert images.get_attribute("aria-valuetext") == "250" and is_shown(200, 250)
    found = numbers(browser, ".said + p")  # from 1 try, from 200, which is said once, and trained again
    assert len(found) == 6 and found[3] == round(100 * Twin(known, 250, False).kept[-1].mean(), 1)
    click(browser, browser.find_element("css selector", "#curse input[value='equal'] + span"))
    assert is_shown(200, 250, True)
    assert not browser.get_log("browser")


def test_a_phone_in_the_dark_in_chinese(browser: Any, page: str) -> None:
    opened(browser, page + "language=zh", width=400, dark=True, touch=True)
    tries = browser.find_elements("css selector", "#curse input[type=range]")[0]
    x, y = place(browser, tries)
    tap(browser, (x, y))
    assert tries.get_attribute("aria-valuetext") == "15"
    tap(browser, place(browser, browser.find_element("css selector", "#curse input[value='equal'] + span")))
    assert "同一个网络" in browser.find_element("css selector", "#curse .said").text
    assert not is_too_wide(browser) and not browser.get_log("browser")
    assert serious_violations(browser) == []
