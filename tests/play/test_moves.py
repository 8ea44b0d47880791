"""What the searchers do in the game: the stored games are those that are played, and the page draws as Python does."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scratchtune.play import page

from ..browsing import opened

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # benchmarks are no part of the installed package
moves: Any = importlib.import_module("benchmarks.moves")
sys.path.remove(str(ROOT))
STORED = moves.stored()
EVERY = [(name, searcher, game) for name, level in STORED["levels"].items()
         for searcher, games in level["searches"].items() for game in enumerate(games)]
NUMBERS = [[0], [1, 2, 3], [2**31, 7], [-1, 0], *np.random.default_rng(1).integers(2**32, size=(20, 4)).tolist()]
DRAWS = [[right, 250, 50, game, 1168 + right, game % 5] for right in (0, 1, 37, 125, 218, 249, 250) for game in (0, 7)]


def test_stored_games_are_trainings_of_the_table_within_the_budget() -> None:
    """Each score is a look-up, a training continues its own, and the best of the longest ones is handed in."""
    for name, _, (game, search) in EVERY:
        level, ends = moves.levels()[name], {}
        rows = [moves.Move(*row[:6]) for row in search["moves"]]
        for at, seed, start, end, right, _ in rows:
            assert right == moves.right_of(at, seed, end, level.rows, game)
            assert start == 0 or (at, seed, start) in ends
            ends[at, seed, end] = True
            params = dict(zip(moves.VALUES, np.unravel_index(at, tuple(map(len, moves.VALUES.values()))), strict=True))
            assert all(moves.VALUES[each][params[each]] == value for each, value in level.fixed(game).items())
        assert moves.spent(rows) == STORED["budget"] == 324 and search["handed"] == moves.handed_in(rows)
    assert len(EVERY) == 3 * 5 * STORED["games"] == 300


def test_stored_numbers_are_regrets() -> None:
    for name, level in STORED["levels"].items():
        assert len(level["players"]) == len(level["bases"]) == len(moves.levels()[name].networks)
        assert all(len(each) == 1000 and each == sorted(each) for each in level["players"])
        assert (level["free"], level["rows"]) == ([*moves.levels()[name].free], moves.levels()[name].rows)
        assert {*level["regret"]} == {*level["error"]} == {*level["searches"]} == {*moves.SEARCHERS}
        assert all(len(each) == 12 and min(each) >= 0.0 for each in level["regret"].values())
        first = moves.players(moves.levels()[name], moves.levels()[name].fixed(0), 10)
        assert {*first} <= {*level["players"][0]}
    assert len(STORED["levels"]["two"]["bases"]) >= STORED["games"]  # another network in each game


def test_every_reason_is_short_and_has_a_chinese_one() -> None:
    said = {tuple(row[5:]) for *_, (_, search) in EVERY for row in search["moves"]}
    for english, chinese in said:
        assert len(english.split()) <= 30 and not re.search(r"\bloss|\. |\d\.0*[1-9]\d{3}|trial 0\b", english), english
        assert chinese == moves.in_chinese(english) and not re.search("[A-Za-z]{3}", chinese), chinese
        numbers = [sorted(re.findall(r"(?<![Ll])[\d.]+", text)) for text in (english, chinese)]
        assert "founder" in english or numbers[0] == numbers[1]
    assert len({re.sub(r"[\d.]+", "", english) for english, _ in said}) > 9


@pytest.mark.slow
@pytest.mark.parametrize("level", moves.levels())
def test_the_games_are_played_again(level: str) -> None:
    """Proposals of the Gaussian process differ between processors, so of that search only the first six trials."""
    for searcher, make in moves.SEARCHERS.items():
        for game in (0, 11):
            again = [[*move, moves.in_chinese(move.why)] for move in moves.played(make, moves.levels()[level], game)]
            stored = STORED["levels"][level]["searches"][searcher][game]["moves"]
            upto = 6 if searcher == "bayesian" else len(stored)
            assert again[:upto] == stored[:upto]


@pytest.mark.slow
def test_the_page_draws_as_python_does(browser: Any, tmp_path: Path) -> None:
    """Hashes, uniform numbers and drawn images, to the last bit; and the page has the stored games."""
    page.write_page(tmp_path / "play.html")
    opened(browser, (tmp_path / "play.html").as_uri())
    hashes, uniforms, drawn, held, size = browser.execute_script(
        "const [numbers, draws] = arguments; return [numbers.map(each => play.hash(...each)), "
        "numbers.map(each => play.uniform(...each)), draws.map(each => play.drawn(...each)), "
        "play.moves, play.data.moves.length]", NUMBERS, DRAWS)
    assert hashes == [moves.mixed(*each) for each in NUMBERS] and uniforms == [moves.uniform(*e) for e in NUMBERS]
    assert drawn == [moves.drawn(*each) for each in DRAWS]
    assert held == STORED and size <= 150_000
