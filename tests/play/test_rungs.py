"""The instrument of stopping early: schedules and winners are the package's, the numbers those of the trainings."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import scratchtune as st
from scratchtune.play.trainings import VALUES, Trainings, load_trainings

from ..browsing import click, is_too_wide, opened, place, serious_violations, tap
from .twins import uniform

pytestmark = pytest.mark.slow
BUDGETS = {2: (1, 3, 6, 13, 27), 3: (1, 3, 9, 27), 4: (1, 6, 27)}


@pytest.fixture(scope="module")
def known() -> Trainings:
    return load_trainings()


def pool(known: Trainings, name: str) -> np.ndarray:
    """The configurations to draw from, the best first."""
    every = np.argsort(-known.expected.ravel(), kind="stable")
    return every if name == "any" else every[: every.size // 4]


def drawn(own: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """The 27 trainings of each draw, of 27 configurations: (draws, 27)."""
    at = np.floor(uniform(38, draws[:, None], np.arange(60)) * own.size * 5).astype(int)
    found = own[at // 5] * 5 + at % 5
    first = [np.sort(np.unique(row // 5, return_index=True)[1])[:27] for row in found]
    return np.take_along_axis(found, np.array(first), axis=1)


def raced(table: np.ndarray, rungs: list[tuple[int, int]]) -> list[list[int]]:
    """Who is in each rung of a race of the trainings (n, 27), ranked."""
    left, found = np.arange(len(table)), []
    for size, budget in rungs:
        left = left[:size][np.argsort(-table[left[:size], budget - 1], kind="stable")]
        found.append(left.tolist())
    return found


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Of mean ranks."""
    ranks = [(x[:, None] > x).sum(axis=1) + ((x[:, None] == x).sum(axis=1) + 1) / 2 for x in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


def numbers(browser: Any, selector: str) -> list[float]:
    """The numbers in a sentence of the instrument."""
    text = browser.find_element("css selector", f"#rungs {selector}").text
    return [float(each.replace(",", "").replace("−", "-")) for each in re.findall(r"[−\d][\d,]*\.?\d*", text)]


def test_schedules_are_the_package_s(browser: Any, page: str) -> None:
    opened(browser, page)
    for eta, budgets in BUDGETS.items():
        longest = len(budgets) - 1
        hyperband = st.Hyperband(27, eta).rungs()
        for skipped, budget in enumerate(budgets):
            race = st.SuccessiveHalving(27, 27, eta, min_budget=budget)
            ask = (f"const rungs = play.schedule({eta}, {longest - skipped}, arguments[0]);"
                   "return [rungs, play.spent(rungs)]")
            rungs, spent = browser.execute_script(ask, False)
            assert rungs == [{"size": rung.size, "budget": rung.budget} for rung in race.rungs()]
            assert spent == race.cost(going_on=True)
            bracket = [rung for rung in hyperband if rung.bracket == skipped]  # by rungs, as they are run
            assert browser.execute_script(ask, True)[0] == [
                {"size": rung.size, "budget": rung.budget} for rung in bracket]


def test_a_race_is_that_of_a_study(browser: Any, page: str, known: Trainings) -> None:
    opened(browser, page)
    table = known.validation.reshape(-1, 27).astype(int)
    configurations = list(known.configurations())
    space = {name: list(values) for name, values in VALUES.items()}
    for draw, budget in ((1, 1), (2, 3), (3, 9), (4, 1)):
        mine = drawn(pool(known, "any"), np.array([draw]))[0]
        race = st.SuccessiveHalving(27, 27, 3, min_budget=budget)
        rungs = [(rung.size, rung.budget) for rung in race.rungs()]
        found = browser.execute_script(
            "const rungs = arguments[1].map(([size, budget]) => ({size, budget}));"
            "const race = play.raceOf('any', arguments[0], rungs);"
            "return [[...race.drawn], race.order.map(rung => [...rung]), race.winner]", draw, rungs)
        assert found[:2] == [mine.tolist(), raced(table[mine], rungs)]
        seed_of = {tuple(configurations[k // 5].values()): k for k in mine.tolist()}
        study = st.Study(space, race, direction="maximize")
        for k in mine.tolist():
            study.enqueue(configurations[k // 5])

        def accuracy(trial: Any, seed_of: dict[tuple[float, ...], int] = seed_of) -> float:
            return float(table[seed_of[tuple(trial.params.values())], trial.budget - 1])

        study.run(accuracy, sum(rung.size for rung in race.rungs()), progress=False)
        assert seed_of[tuple(study.best_params.values())] == mine[found[2]]


def test_two_thousand_races_are_those_of_the_table(browser: Any, page: str, known: Trainings) -> None:
    opened(browser, page)
    table, regrets = known.validation.reshape(-1, 27).astype(int), 100 * (known.expected.max() - known.expected.ravel())
    for name, rungs in (("any", [(27, 1), (9, 3), (3, 9), (1, 27)]), ("quarter", [(6, 9), (2, 27)])):
        every = drawn(pool(known, name), 1_000_000 + np.arange(2000))[:, : rungs[0][0]]
        winners = np.array([row[raced(table[row], rungs)[-1][0]] for row in every])
        shown, best, regret = table[winners, -1], table[every, -1].max(axis=1), regrets[winners // 5]
        order = np.argsort(-shown, kind="stable")
        left = 2000 - np.arange(2000)  # a race is the best of its ten if the nine others are behind it
        chance = np.array([10 / k * np.prod((k - np.arange(1, 10)) / 1.0) for k in left])
        chance *= left / np.prod(2000.0 - np.arange(10))
        expected = [(shown == best).mean(), (best - shown).mean() / 2.5, regret.mean(), chance @ regret[order]]
        found = browser.execute_script(
            "const {best, cost, regret, group} = play.manyRaces(arguments[0], arguments[1].map("
            "([size, budget]) => ({size, budget}))); return [best, cost, regret, group]", name, rungs)
        assert chance.sum() == pytest.approx(1) and found == pytest.approx(expected, rel=1e-9)


def test_rank_correlations_are_those_of_mean_ranks(browser: Any, page: str, known: Trainings) -> None:
    opened(browser, page)
    rng, table = np.random.default_rng(38), known.validation.reshape(-1, 5, 27).astype(int)
    pairs = [rng.integers(0, high, (2, 27)) for high in (3, 20, 251) for _ in range(3)]
    ask = "return arguments[0].map(([a, b]) => play.rankCorrelation(a, b))"
    assert browser.execute_script(ask, [pair.tolist() for pair in pairs]) == pytest.approx(
        [rank_correlation(*pair) for pair in pairs], rel=1e-9)
    quarter = table[pool(known, "quarter")].reshape(-1, 27)
    assert browser.execute_script("return play.correlationOf('quarter', 3)") == pytest.approx(
        rank_correlation(quarter[:, 2], quarter[:, -1]), rel=1e-9)


def test_each_control_by_mouse_keyboard_and_touch(browser: Any, page: str, known: Trainings) -> None:
    from selenium.webdriver.common.keys import Keys

    opened(browser, page + "language=en")
    first, looked = browser.find_elements("css selector", "#rungs input[type=range]")
    said = "#rungs .said"
    assert numbers(browser, ".said")[:4] == [81, 27, 27, 729]
    before = browser.find_element("css selector", said).text
    click(browser, browser.find_element("css selector", "#rungs [data-text='rungs.other']"))
    assert browser.find_element("css selector", said).text != before
    first.send_keys(Keys.ARROW_RIGHT)
    assert first.get_attribute("aria-valuetext") == "epoch 3"
    assert numbers(browser, ".said")[0] == 27 * 3 + 9 * 6 + 3 * 18
    for value, spent in (("2", 204), ("bracket", 73), ("3", 78)):
        click(browser, browser.find_element("css selector", f"#rungs input[value='{value}'] + span"))
        assert numbers(browser, ".said")[0] == spent
    click(browser, browser.find_element("css selector", "#rungs input[value='quarter'] + span"))
    assert "of that quarter" in browser.find_element("css selector", "#rungs").text
    name = browser.find_element("css selector", "#rungs .stage > .slider + p")
    for _ in range(2):
        before = name.text
        looked.send_keys(Keys.ARROW_RIGHT)
        assert name.text != before
    fourth = "const r = play.raceOf('quarter', 2, play.schedule(3, 2, true)); return r.drawn[r.ends[3]]"
    params = list(known.configurations())[browser.execute_script(fourth) // 5]
    assert looked.get_attribute("value") == "4"
    assert numbers(browser, ".stage > .slider + p")[:2] == [params["learning_rate"], params["batch_size"]]
    first.send_keys(Keys.END)  # one rung, at the end
    words = browser.find_element("css selector", "#rungs .stage").text
    assert "No one is stopped" in words and "correlation" not in words and "{" not in words
    first.send_keys(Keys.HOME)
    unseen = browser.find_element("css selector", "#rungs [data-text='rungs.rest']")
    dotted = "return document.querySelectorAll('#rungs .chart [stroke-dasharray]').length"
    assert browser.execute_script(dotted) > 8
    click(browser, unseen)
    assert unseen.get_attribute("aria-pressed") == "false" and browser.execute_script(dotted) == 0
    assert not browser.get_log("browser")


def test_a_phone_in_the_dark_in_chinese(browser: Any, page: str) -> None:
    opened(browser, page + "language=zh", width=400, dark=True, touch=True)
    looked = browser.find_elements("css selector", "#rungs input[type=range]")[1]
    assert looked.get_attribute("value") == "2" and "赛跑" in browser.find_element("css selector", "#rungs .said").text
    place(browser, browser.find_element("css selector", "#rungs .line.c1.thick"))  # scrolls to it
    dot = browser.execute_script("""
        const box = document.querySelector('#rungs .dot.c1[r="5"]').getBoundingClientRect();
        return [box.x + 5, box.y + 5];""")
    tap(browser, tuple(dot))
    won = "const r = play.raceOf('any', 1, play.schedule(3, 3, false)); return r.ends.indexOf(r.winner) + 1"
    assert int(looked.get_attribute("value")) == browser.execute_script(won) != 2
    assert not is_too_wide(browser) and not browser.get_log("browser")
    assert serious_violations(browser) == []
