"""The race: its landscapes, its games, the habits that it names, and what it prints."""

from __future__ import annotations

import json
import math
import re
import time

import numpy as np
import pytest

import scratchtune as st
from benchmarks.common import course
from lessons import __main__ as main
from lessons import games, habits, landscapes, race

EVERY = pytest.mark.parametrize("name", landscapes.LANDSCAPES)
Suggestion = st.Suggestion


# Searchers as a learner writes them ----------------------------------------------------------------------------------


def units(space, seen):
    """The complete results, best first, as unit values without gaps."""
    done = sorted((each for each in seen if not math.isnan(each.value)), key=lambda each: each.value)
    return np.nan_to_num(np.array([space.to_unit(each.params) for each in done]).reshape(-1, len(space.names)), nan=0.5)


def near(point, std, rng):
    """A point with noise, reflected at the borders of the unit cube."""
    return 1.0 - abs(1.0 - abs(point + rng.normal(0.0, std, np.shape(point))) % 2.0)


class MyRandom(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return Suggestion(space.from_unit(rng.random(len(space.names))))


class MyEvolution(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        best = units(space, seen)[:5]
        if number < 10 or len(best) < 5:
            return Suggestion(space.from_unit(rng.random(len(space.names))))
        a, b = best[rng.integers(5)], best[rng.integers(5)]
        return Suggestion(space.from_unit(near(np.where(rng.random(len(a)) < 0.5, a, b), 0.1, rng)))


class MyTPE(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        points, d = units(space, seen), len(space.names)
        if len(points) < 10:
            return Suggestion(space.from_unit(rng.random(d)))
        good, bad = np.split(points, [math.ceil(0.25 * len(points))])
        drawn = near(good[rng.integers(len(good), size=24)], 0.15, rng)

        def log_density(some):
            gaps = (drawn[:, None] - some) / 0.15
            return np.log(np.mean(np.exp(-0.5 * gaps**2), axis=1) + 1e-3).sum(axis=1)

        return Suggestion(space.from_unit(drawn[np.argmax(log_density(good) - log_density(bad))]))


class MyExpectedImprovement(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        d = len(space.names)
        if number < 8:
            return Suggestion(space.from_unit(rng.random(d)))
        X = np.nan_to_num(np.array([space.to_unit(each.params) for each in seen]), nan=0.5)
        y = np.array([each.value for each in seen])
        y = np.nan_to_num(y, nan=np.nanmax(y))
        y = (y - y.mean()) / (y.std() + 1e-9)

        def kernel(a, b):
            return np.exp(-0.5 * np.sum((a[:, None] - b) ** 2, axis=-1) / (0.09 * d))

        C = rng.random((200, d))
        k, K = kernel(C, X), kernel(X, X) + 0.05 * np.eye(len(X))
        mean = k @ np.linalg.solve(K, y)
        std = np.sqrt(np.maximum(1.0 - np.sum(k * np.linalg.solve(K, k.T).T, axis=1), 1e-9))
        z = (y.min() - mean) / std
        cdf = 0.5 * (1.0 + np.array([math.erf(each / math.sqrt(2.0)) for each in z]))
        improvement = std * (z * cdf + np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi))
        return Suggestion(space.from_unit(C[np.argmax(improvement)]))


class MyHalving(st.Searcher):
    """Nine with 3 of 27, the best three with 9, the best with 27; then again."""

    def suggest(self, space, seen, pending, number, rng):
        at, first = number % 13, number - number % 13
        if at < 9:
            return Suggestion(space.from_unit(rng.random(len(space.names))), budget=3)
        rung = seen[first : first + 9] if at < 12 else seen[first + 9 : first + 12]
        best = sorted(rung, key=lambda each: each.order)[at - 9 if at < 12 else 0]
        return Suggestion(best.params, budget=9 if at < 12 else 27, parent=best.number)


OWN = [MyRandom, MyEvolution, MyTPE, MyExpectedImprovement, MyHalving]


# Searchers with one mistake each -------------------------------------------------------------------------------------


class Twice(MyEvolution):
    def suggest(self, space, seen, pending, number, rng):
        if number % 10 == 9:
            return Suggestion(seen[number // 2].params)
        return super().suggest(space, seen, pending, number, rng)


class Linear(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        params = space.from_unit(rng.random(len(space.names)))
        for name, each in space.parameters.items():
            if isinstance(each, st.Float) and name in params:
                params[name] = each.low + rng.random() * (each.high - each.low)
        return Suggestion(params)


class WrongWay(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        worst = units(space, seen)[::-1]
        if number < 10:
            return Suggestion(space.from_unit(rng.random(len(space.names))))
        return Suggestion(space.from_unit(near(worst[0], 0.1, rng)))


class Outside(MyEvolution):
    def suggest(self, space, seen, pending, number, rng):
        params = super().suggest(space, seen, pending, number, rng).params
        for name, each in space.parameters.items():
            if isinstance(each, st.Float) and name in params:
                params[name] *= 1.3
        return Suggestion(params)


class RaisesOnNan(MyTPE):
    def suggest(self, space, seen, pending, number, rng):
        ranks = [int(each.value) for each in seen]
        assert len(ranks) == number
        return super().suggest(space, seen, pending, number, rng)


class SeeksNan(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        if number < 10:
            return Suggestion(space.from_unit(rng.random(len(space.names))))
        best = space.to_unit(seen[int(np.argmin([each.value for each in seen]))].params)  # argmin finds NaN first
        return Suggestion(space.from_unit(near(np.nan_to_num(best, nan=0.5), 0.1, rng)))


class NeverLooks(st.Searcher):
    def needs(self, number):
        return 0

    def suggest(self, space, seen, pending, number, rng):
        return MyEvolution().suggest(space, seen, pending, number if seen else 0, rng)


class Slower(MyRandom):
    def suggest(self, space, seen, pending, number, rng):
        end = time.process_time() + 0.001 * max(0, number - 30)
        while time.process_time() < end:
            pass
        return super().suggest(space, seen, pending, number, rng)


class OwnGenerator(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return Suggestion(space.from_unit(np.random.default_rng().random(len(space.names))))


class KeepsState(st.Searcher):
    def __init__(self):
        self._generator = np.random.default_rng(0)

    def suggest(self, space, seen, pending, number, rng):
        return Suggestion(space.from_unit(self._generator.random(len(space.names))))


class NoConditions(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return Suggestion({name: each.from_unit(rng.random()) for name, each in space.parameters.items()})


class NumbersOnly(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return Suggestion({name: each.low * (each.high / each.low) ** rng.random() if each.log
                           else each.low + rng.random() * (each.high - each.low)
                           for name, each in space.parameters.items()})


LOOKS = habits.NEVER_LOOKS
BROKEN = [  # each with its habit, by the beginning of its sentence; and others that it has by design
    (Twice, habits.REPEATS, []), (Linear, habits.LINEAR, [LOOKS]), (WrongWay, habits.WRONG_WAY, []),
    (Outside, habits.OUTSIDE, []), (RaisesOnNan, habits.BREAKS, []), (SeeksNan, habits.SEEKS_NAN, []),
    (NeverLooks, LOOKS, []), (Slower, habits.SLOWS, [LOOKS]), (OwnGenerator, habits.DIFFERS, []),
    (KeepsState, habits.DIFFERS, []), (NoConditions, habits.STUMBLES, [LOOKS]),
    (NumbersOnly, habits.STUMBLES, [LOOKS])]


def beginning(sentence):
    return sentence.split("(")[0].split(":")[0].strip()


def found(make):
    return {beginning(each) for each in habits.habits(make)}


@pytest.mark.slow
@pytest.mark.parametrize(("make", "habit", "others"), BROKEN, ids=[each[0].__name__ for each in BROKEN])
def test_a_habit_is_named(make, habit, others):
    assert found(make) == {beginning(each) for each in (habit, *others)}


@pytest.mark.slow
@pytest.mark.parametrize("make", OWN, ids=[each.__name__ for each in OWN])
def test_the_courses_own_searchers_have_no_habit_but_that_of_random_search(make):
    assert found(make) == ({beginning(LOOKS)} if make is MyRandom else set())


@pytest.mark.slow
@pytest.mark.parametrize("name", race.BUILT_IN)
def test_built_in_searchers_have_no_habit_but_that_of_grid_and_random(name):
    make = (lambda: race.Finest(60)) if name == "grid" else race.BUILT_IN[name]
    assert found(make) == ({beginning(LOOKS)} if name in ("grid", "random", "halton") else set())


# Landscapes and games ------------------------------------------------------------------------------------------------


@EVERY
def test_a_landscape_has_its_unit_and_its_optimum_is_elsewhere_in_each_game(name):
    assert landscapes.measured_unit(name, 60) == pytest.approx(landscapes.UNITS[name], rel=0.1)
    rng, middles = np.random.default_rng(0), []
    for seed in range(8):
        game = landscapes.game(name, seed)
        d = len(game.space.names)
        regrets = [game.regret(game.space.from_unit(rng.random(d))) for _ in range(50)]
        assert min(regrets) >= 0.0 and max(regrets) > 50.0
        middles.append(game.regret(game.space.from_unit([0.5] * d)))
    assert len({round(each, 3) for each in middles}) > 4 and np.mean(middles) > 10.0


@pytest.mark.parametrize("name", ["random", "halton", "genetic", "hyperband",
                                  pytest.param("bayesian", marks=pytest.mark.slow)])
def test_a_game_asks_as_a_study_does(name):
    game = landscapes.game("conditions", 1)
    study = st.Study(game.space, race.BUILT_IN[name](), seed=5)
    for played in games.play(race.BUILT_IN[name], game, 5, 20).results:
        trial = study.ask()
        assert (trial.params, trial.budget, trial.parent) == (played.params, played.budget, played.parent)
        study.tell(trial, played.value)


def test_a_part_of_the_budget_costs_a_part_and_the_best_is_of_the_whole():
    played = games.play(MyHalving, landscapes.game("trainings, five ranges", 0), 0, 27)
    assert sum(played.costs[:13]) == pytest.approx((9 * 3 + 3 * 6 + 18) / 27.0)
    assert 27.0 <= sum(played.costs) < 28.0
    whole = [each for each in played.results if each.budget == 27]
    assert played.best(27) == min(whole, key=lambda each: each.value).params
    assert played.best(0.5) in [each.params for each in played.results[:4]] and played.best(0.05) is None


def test_an_error_ends_a_game_and_keeps_its_results():
    class Ends(MyRandom):
        def suggest(self, space, seen, pending, number, rng):
            assert number < 5, "no idea left"
            return super().suggest(space, seen, pending, number, rng)

    played = games.play(Ends, landscapes.game("noise", 0), 0, 27)
    assert len(played.results) == 5 and "no idea left" in str(played.error) and played.best(27) is not None


def test_a_proposal_without_an_end_is_an_error(monkeypatch):
    class Endless(MyRandom):
        def suggest(self, space, seen, pending, number, rng):
            while number == 2:
                pass
            return super().suggest(space, seen, pending, number, rng)

    monkeypatch.setattr(games, "LONGEST", 0.05)
    played = games.play(Endless, landscapes.game("noise", 0), 0, 27)
    assert len(played.results) == 2 and isinstance(played.error, TimeoutError)


def test_a_wrong_configuration_is_a_failed_trial():
    played = games.play(Outside, landscapes.game("ravine", 0), 0, 27)
    assert len(played.results) == 27 and games.RANGE in played.wrong
    assert any(math.isnan(each.value) for each in played.results)


# The command ---------------------------------------------------------------------------------------------------------


HEAD = "import scratchtune as st\n\n\n"
RANDOM = """class Mine(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        return st.Suggestion(space.from_unit(rng.random(len(space.names))))
"""
BREAKS = """class Mine(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        if number == 3 and len(space.names) > 5:
            return min(seen)[99]
        return st.Suggestion(space.from_unit(rng.random(len(space.names))))
"""


def raced(capsys, *arguments):
    """The exit code, what was printed, and the errors."""
    try:
        code = main.main(["race", *map(str, arguments)])
    except SystemExit as end:
        code = end.code
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture
def file(tmp_path):
    def made(text, name="my_searcher.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return made


@pytest.mark.parametrize(("text", "said"), [
    (None, "there is no file"), ("import scratchtune as st\n", "no subclass"), ("1 +", "Line 1 is no valid Python"),
    (HEAD + RANDOM + RANDOM.replace("Mine", "Other"), "has the searchers Mine, Other; name one"),
    (HEAD + "1 / 0\n", "Line 4, `1 / 0`: ZeroDivisionError"),
    (HEAD + RANDOM + "    def __init__(self, points):\n        self.points = points\n", "gives no arguments")])
def test_a_wrong_file_is_one_line(text, said, file, tmp_path, capsys):
    code, out, err = raced(capsys, tmp_path / "none.py" if text is None else file(text))
    assert code == 2 and not out and said in err and err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["x.py", "--seeds", "0"], ["x.py", "--seeds", "many"], ["--jobs", "1"],
                                       ["x.py", "--seeds", "100000"], ["x.py", "--page", "x.txt"], ["x.py", "y.py"],
                                       ["x.py", "--built-in"]])
def test_wrong_arguments_are_one_line(arguments, capsys):
    code, out, err = raced(capsys, *arguments)
    assert code == 2 and not out and err.count("\n") == 1


def test_the_race_prints_tables_a_rank_and_no_verdict_from_few_seeds(file, capsys):
    path = file(HEAD + RANDOM + RANDOM.replace("Mine", "Other"))
    code, out, err = raced(capsys, f"{path}:Mine", "--quick", "--seeds", "2")
    assert code == 0 and not err.strip()
    assert "It never looks at the results" in out and "Among 1,000 random players" in out
    assert "No verdict" in out and "better" not in out and "worse" not in out
    assert all(out.count(f"\n{name} ") == 2 for name in landscapes.LANDSCAPES)
    assert max(map(len, out.split("\n\n", 1)[1].splitlines())) <= 120


def test_an_error_is_one_message_with_its_line_and_what_was_played_is_shown(file, capsys):
    code, out, err = raced(capsys, file(HEAD + BREAKS), "--seeds", "12", "--jobs", "1")
    assert code == 1 and "Traceback" not in err and "Line 7, `return min(seen)[99]`: " in err
    assert err.strip().count("\n") == 0 and "No verdict and no rank" in out and "two valleys" in out


def test_the_page_has_what_the_race_has_printed(file, capsys, tmp_path, monkeypatch):
    written = {}
    monkeypatch.setattr(race, "write_page", lambda path, **more: written.update(more, path=path))
    monkeypatch.setattr(race, "replayed", lambda entry, searcher, runs: ({"runs": runs}, []))
    code, out, _ = raced(capsys, file(HEAD + RANDOM), "--seeds", "3", "--jobs", "1", "--page", tmp_path / "p.html")
    board = json.loads(json.dumps(written["board"]))
    assert code == 0 and out.endswith(f"page: {tmp_path / 'p.html'}\n") and written["path"] == tmp_path / "p.html"
    assert (board["name"], board["seeds"], board["verdicts"], board["errors"]) == ("Mine", [3, 3], None, [])
    assert " {} at 27 trials,\nand {} at 60 ".format(*board["ranks"]) in out
    for each in landscapes.LANDSCAPES:
        cells = [number for k in range(2) for name in ("yours", *race.BUILT_IN)
                 for number in board["means"][name][each][k]]
        found = [re.split("[ ±]+", line[26:].strip()) for line in out.splitlines() if line.startswith(f"{each} ")]
        assert list(map(float, sum(found, []))) == pytest.approx(cells, abs=0.0501)


def test_the_board_without_a_searcher_is_that_of_the_built_in_ones():
    board, (others, _) = race.board(), race.stored()
    assert board["name"] is board["ranks"] is board["verdicts"] is None
    assert board["seeds"] == [len(others["gp"]["noise"]), 0]
    assert list(board["means"]) == list(race.BUILT_IN) and board["landscapes"] == list(landscapes.LANDSCAPES)
    all_ten = np.mean(list(others["gp"].values()), axis=0)
    assert [mean for mean, _ in board["means"]["gp"]["all"]] == pytest.approx(all_ten.mean(axis=0), abs=1e-4)


def test_the_board_has_verdicts_and_leaves_out_what_was_not_played_to_the_end():
    regrets = {each: np.tile(rows + 50.0, (2, 1)) for each, rows in race.stored()[0]["bayesian"].items()}
    board = race.board(race.Yours("Mine", regrets, [], True))
    assert board["seeds"] == [len(regrets["noise"]) // 2, len(regrets["noise"])]
    assert board["verdicts"]["bayesian"] == "worse" and board["ranks"][1] > 900
    board = race.board(race.Yours("Mine", regrets | {"noise": regrets["noise"][:5]}, [], True))
    assert board["verdicts"] is board["ranks"] is None
    assert {*landscapes.LANDSCAPES} - {*board["means"]["yours"]} == {"noise"}
    nothing = race.board(race.Yours("Mine", {each: rows[:0] for each, rows in regrets.items()}, [], True))
    assert nothing["means"]["yours"] == {} and nothing["means"]["gp"] == race.board()["means"]["gp"]


def test_an_error_in_the_game_leaves_out_its_levels(file):
    """Its game on the plane of two hyper-parameters is kept, of twelve trainings, whose reasons are its own."""
    path = file(HEAD + BREAKS.replace("> 5", "> 4"))
    found, errors = race.replayed(str(path), games.searcher_of(str(path)), 20)
    assert [error["levels"] for error in errors] == [["five", "noisy"]] and "Line 7, " in errors[0]["what"]
    assert [name for name, level in found["levels"].items() if "yours" in level["searches"]] == ["two"]
    two = found["levels"]["two"]
    assert "yours" not in two["regret"] and [len(each["moves"]) for each in two["searches"]["yours"]] == [12] * 20
    assert two["searches"]["yours"][0]["moves"][0][5:] == ["No reason was recorded", "没有记录理由"]


def test_a_searcher_that_ends_early_or_never_is_told(file, monkeypatch):
    ends = file(HEAD + BREAKS.replace(" and len(space.names) > 5", "").replace(
        "return min(seen)[99]", "raise st.Exhausted('no more')"))
    found, errors = race.replayed(str(ends), games.searcher_of(str(ends)), 20)
    assert not errors and {len(game["moves"]) for game in found["levels"]["five"]["searches"]["yours"]} == {3}
    monkeypatch.setattr(games, "LONGEST", 0.05)
    never = file(HEAD + BREAKS.replace("len(space.names) > 5:\n            return min(seen)[99]",
                                       "len(space.names) > 4:\n            while True: pass"), "never.py")
    _, errors = race.replayed(str(never), games.searcher_of(str(never)), 20)
    assert [error["levels"] for error in errors] == [["five", "noisy"]] and "TimeoutError" in errors[0]["what"]


def test_a_lessons_exercise_that_is_empty_says_so(capsys):
    code, out, err = raced(capsys, course.lessons()[18], "--seeds", "2", "--jobs", "1")
    assert code == 1 and "it is still empty" in err and "Traceback" not in err


@pytest.mark.slow
def test_stored_results_are_those_of_the_landscapes():
    others, percentiles = race.stored()
    assert list(others) == list(race.BUILT_IN) and percentiles.shape == (2, 101)
    assert race.STORED.stat().st_size < 200_000
    for name in ("grid", "random", "halton"):
        again, _ = race.raced(name, range(2), progress=False)
        for each, rows in again.items():
            np.testing.assert_allclose(rows, others[name][each][:2], atol=0.0501, err_msg=f"{name}, {each}")


def test_random_search_is_in_the_middle_of_the_random_players():
    others, percentiles = race.stored()
    for k in range(2):
        assert 300 <= race.rank(np.mean(list(others["random"].values()), axis=0)[:, k], percentiles[k]) <= 700


def test_a_verdict_needs_three_standard_errors():
    gaps = np.random.default_rng(0).normal(size=100)
    gaps = (gaps - gaps.mean()) / gaps.std(ddof=1)
    assert [race.verdict(gaps + 0.1 * k) for k in (-3.1, -2.9, 2.9, 3.1)] == [
        "better", "no verdict", "no verdict", "worse"]
    assert race.verdict(np.zeros(10)) == "no verdict"


def test_what_was_played_before_an_interruption_is_kept(monkeypatch):
    played = race.chunk

    def interrupted(entry, landscape, seeds):
        if seeds.start >= 20:
            raise KeyboardInterrupt
        return played(entry, landscape, range(seeds.start, seeds.start + 2))

    monkeypatch.setattr(race, "chunk", interrupted)
    found, errors = race.raced("halton", range(40), progress=False)
    assert not errors and {rows.shape for rows in found.values()} == {(4, 2)}
    assert "over 4 seeds" in race.report(found, *race.stored(), True)
