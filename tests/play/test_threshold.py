"""The instrument of a threshold: its numbers are those of `scratchtune.core.metrics`, and each control works."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.play.page import write_page

from ..browsing import click, drag, is_too_wide, opened, place, serious_violations, tap

pytestmark = pytest.mark.slow
SCORES = json.loads(files("scratchtune.play").joinpath("scores.json").read_text(encoding="utf-8"))
TRUTH, ODDS = np.array(SCORES["truth"]), np.array(SCORES["odds"])
SHOWN = ("precision", "recall", "f1", "accuracy", "balanced", "loss", "auc", "average")
SLIDERS = "#threshold input[type=range]"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "play.html"
    write_page(path)
    return path.as_uri()


def chance(odds: Any) -> Any:
    """The probability of log odds."""
    return 1.0 / (1.0 + np.exp(-np.asarray(odds)))


def judged(truth: np.ndarray, odds: np.ndarray, cut: float, temperature: float) -> dict[str, float]:
    """The numbers of the page, by the package's functions."""
    p, metrics = chance(odds / temperature), st.metrics
    called = (odds / temperature >= cut).astype(int)
    return {"precision": metrics.precision_score(truth, called, zero_division=np.nan),
            "recall": metrics.recall_score(truth, called), "f1": metrics.f1_score(truth, called, zero_division=0),
            "accuracy": metrics.accuracy_score(truth, called), "loss": metrics.log_loss(truth, p),
            "balanced": metrics.balanced_accuracy_score(truth, called), "auc": metrics.roc_auc_score(truth, odds),
            "average": metrics.average_precision_score(truth, odds)}


RUN = """
const [truth, odds, cuts, price] = arguments[0], {curves, judged, calibrated, costs} = play.threshold;
const found = curves(truth, odds), positive = truth.reduce((a, b) => a + b);
return {...found, costs: costs(found.points, positive, price), at: cuts.map(([cut, temperature]) => (
  {...judged(truth, odds, cut, temperature), ...calibrated(truth, odds, temperature)}))};"""


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and log odds, many of which are equal; both classes are there."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0.0, 20.0 if seed % 2 else 3.0, 40)  # some of 0 and 1 within the rounding
    return np.append(rng.integers(0, 2, 38), [0, 1]), np.round(odds, rng.integers(0, 2))


@pytest.mark.parametrize(("truth", "odds"), [(TRUTH, ODDS), *(drawn(seed) for seed in range(8))])
def test_numbers_are_the_packages(truth: np.ndarray, odds: np.ndarray, browser: Any, address: str) -> None:
    if browser.current_url != address:
        opened(browser, address)
    rng, price = np.random.default_rng(len(truth)), 1.0
    cuts = [[float(cut), float(temperature)] for cut, temperature in zip(
        [*rng.normal(-1.0, 2.0, 8), 30.0, -60.0], rng.uniform(0.5, 8.0, 10), strict=True)]
    found = browser.execute_script(RUN, [truth.tolist(), odds.tolist(), cuts, price])
    points = {key: [point[key] for point in found["points"]] for key in found["points"][0]}

    falls, rises, thresholds = st.metrics.roc_curve(truth, odds, drop_intermediate=False)
    assert points["falls"] == pytest.approx(falls, rel=1e-9) and points["recall"] == pytest.approx(rises, rel=1e-9)
    assert points["odds"][1:] == thresholds[1:].tolist()
    precisions, recalls, _ = st.metrics.precision_recall_curve(truth, odds)
    assert points["precision"] == pytest.approx(precisions[::-1], rel=1e-9)
    assert points["recall"] == pytest.approx(recalls[::-1], rel=1e-9)
    assert found["area"] == pytest.approx(st.metrics.auc(falls, rises), rel=1e-9)

    costs = [price * ((odds < t) & (truth == 1)).sum() + ((odds >= t) & (truth == 0)).sum() for t in thresholds]
    assert found["costs"]["costs"] == pytest.approx(costs, rel=1e-9)
    assert found["costs"]["best"] == np.argmin(costs)
    for (cut, temperature), at in zip(cuts, found["at"], strict=True):
        wanted = judged(truth, odds, cut, temperature)
        shown = {**at, "auc": found["auc"], "average": found["average"]}
        for key, value in wanted.items():
            assert (shown[key] is None and np.isnan(value)) or shown[key] == pytest.approx(value, rel=1e-9), key
        assert [[at["spared"], at["alarms"]], [at["missed"], at["hits"]]] == st.metrics.confusion_matrix(
            truth, odds / temperature >= cut).tolist()
        order = np.argsort(odds, kind="stable")
        groups = [order[k * len(order) // 10:(k + 1) * len(order) // 10] for k in range(10)]
        p = chance(odds / temperature)
        assert np.array(at["tenths"]) == pytest.approx(np.array([(p[g].mean(), truth[g].mean()) for g in groups]))
        assert at["constant"] == pytest.approx(st.metrics.log_loss(truth, np.full(len(truth), truth.mean())))


def turn(browser: Any, number: int, value: float) -> None:
    """Set one of the three sliders."""
    browser.execute_script(
        "const one = document.querySelectorAll(arguments[0])[arguments[1]]; one.value = arguments[2];"
        "one.dispatchEvent(new Event('input'))", SLIDERS, number, value)


def cells(browser: Any) -> list[list[str]]:
    """The rows of both tables."""
    return browser.execute_script(
        "return [...document.querySelectorAll('#threshold tr')].map(row => [...row.cells].map(one => one.textContent))")


def texts(browser: Any) -> list[str]:
    """What is said, of the threshold, of the log loss, and of the cost."""
    return browser.execute_script(
        "return [...document.querySelectorAll('#threshold .said, #threshold .soft')].map(one => one.textContent)")


def test_the_page_shows_these_numbers(browser: Any, address: str) -> None:
    opened(browser, f"{address}#language=en")
    for k, cut in enumerate(np.linspace(-6.0, 3.0, 10)):
        temperature, price = (1.0, 10.0) if k < 5 else (2.0, 1.0)
        turn(browser, 0, cut)
        turn(browser, 1, np.log(temperature))
        turn(browser, 2, np.log(price))
        cut, temperature, price = (browser.execute_script("return Number(document.querySelectorAll(arguments[0])"
                                                          "[arguments[1]].value)", SLIDERS, n) for n in range(3))
        temperature, price = np.exp(temperature), np.exp(price)
        wanted, matrix = judged(TRUTH, ODDS, cut, temperature), st.metrics.confusion_matrix(
            TRUTH, ODDS / temperature >= cut)
        rows = cells(browser)
        assert [row[1:] for row in rows[1:3]] == [[str(count) for count in row] for row in matrix]
        for row, key in zip(rows[4:], SHOWN, strict=True):
            assert float(row[1]) == pytest.approx(wanted[key], abs=5.001e-4), row[0]
        said, ofloss, ofcost = texts(browser)
        (_, alarms), (missed, hits) = matrix
        assert f"{hits} of 60 shirts" in said and f"{alarms} of 240" in said
        assert f"log loss is {wanted['loss']:.3f}" in ofloss
        assert " 20 % for every picture has a log loss of 0.500." in ofloss
        at = [price * ((each < t) & (TRUTH == 1)).sum() + ((each >= t) & (TRUTH == 0)).sum() for each in
              [ODDS / temperature] for t in (cut, -np.log(price))]
        least = min(price * ((ODDS < t) & (TRUTH == 1)).sum() + ((ODDS >= t) & (TRUTH == 0)).sum()
                    for t in [*ODDS, np.inf])
        assert f"costs {at[0]:.0f}; the lowest cost is {least:.0f}," in ofcost and f"costs {at[1]:.0f}." in ofcost


def cut_of(browser: Any) -> float:
    return browser.execute_script("return Number(document.querySelector(arguments[0]).value)", SLIDERS)


def test_the_threshold_moves_by_mouse_keyboard_and_touch(browser: Any, address: str) -> None:
    from selenium.webdriver.common.keys import Keys

    opened(browser, f"{address}#language=en")
    knob = browser.find_element("css selector", "#threshold .handle")
    x, y = place(browser, knob)
    drag(browser, (x, y), (x - 100, y + 5))
    first = cut_of(browser)
    assert first < -2.0 and "50 %" not in texts(browser)[0]
    knob.send_keys(Keys.ARROW_RIGHT)
    assert cut_of(browser) == pytest.approx(first + 0.25)
    assert knob.get_attribute("aria-valuetext") in texts(browser)[0]
    slider = browser.find_element("css selector", SLIDERS)
    slider.send_keys(Keys.ARROW_RIGHT)
    assert cut_of(browser) > first + 0.25

    opened(browser, f"{address}#language=en", 400, touch=True)
    x, y = place(browser, browser.find_element("css selector", "#threshold .handle"))
    tap(browser, (x, y), (x + 60, y))
    assert cut_of(browser) > 2.0


def test_the_buttons_do_what_they_say(browser: Any, address: str) -> None:
    opened(browser, f"{address}#language=en")
    fit, trained, cheapest, dashed = browser.find_elements("css selector", "#threshold button")
    losses = [st.metrics.log_loss(TRUTH, chance(ODDS / each)) for each in np.geomspace(0.5, 8.0, 2001)]
    curve = "return document.querySelectorAll('#threshold .chart')[1].querySelector('.line.c4').getAttribute('d')"
    before = browser.execute_script(curve), cells(browser)
    click(browser, fit)
    assert f"log loss is {min(losses):.3f}" in texts(browser)[1]
    after = cells(browser)
    assert browser.execute_script(curve) == before[0]  # neither the curve nor what is at 50 % changes
    assert after[:9] == before[1][:9] and after[9] != before[1][9] and after[10:] == before[1][10:]
    click(browser, cheapest)
    words = texts(browser)[2].split(";")
    assert words[0].split()[-1] == words[1].split(",")[0].split()[-1]  # this threshold costs the lowest cost
    click(browser, dashed)
    assert cut_of(browser) == pytest.approx(-np.log(10.0)) and "9.1 %" in texts(browser)[0]
    click(browser, trained)
    assert "log loss is 0.541" in texts(browser)[1]


@pytest.mark.parametrize(("width", "dark", "language"), [(1280, False, "en"), (400, True, "zh")])
def test_it_fits_and_is_accessible(width: int, dark: bool, language: str, browser: Any, address: str) -> None:
    opened(browser, f"{address}#language={language}", width, dark)
    assert not is_too_wide(browser) and ("With a threshold" in texts(browser)[0]) == (language == "en")
    beyond = ("const right = one => one.getBoundingClientRect().right, all = document.querySelector('#threshold');"
              "return [...all.querySelectorAll('table, .chart')].filter(one => right(one) > right(all)).length")
    assert browser.execute_script(beyond) == 0
    browser.find_element("css selector", "[data-set=language]").click()
    assert ("With a threshold" in texts(browser)[0]) == (language == "zh") and browser.execute_script(beyond) == 0
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert serious_violations(browser) == []
