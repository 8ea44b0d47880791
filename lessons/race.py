"""The race: a searcher of yours on ten landscapes, beside the built-in ones.

    python -m lessons race my_searcher.py          200 seeds at 27 and 60 trials
    python -m lessons race my_searcher.py --quick  ten seeds, and no verdict
    python -m lessons race my_searcher.py:Mine     where the file has several searchers
    python -m lessons race my_searcher.py --page FILE.html   writes a page with the race and with its games, too
    python -m lessons race --built-in              measures the built-in ones again, and stores them

A file has one subclass of `st.Searcher`; that of a lesson is the class of its exercise. The regret is that of the best
observed trial, without noise, in points (`landscapes`). A trial with a smaller budget costs its share of 27.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks import moves
from lessons import games, habits
from lessons.landscapes import FULL, LANDSCAPES, game
from scratchtune.core import checks, cores
from scratchtune.core.files import page_path
from scratchtune.core.search.grid import finest_grid
from scratchtune.play.page import pack, write_page

TRIALS = (27, 60)
SEEDS, QUICK, LEAST, CHUNK, PART = 200, 10, 20, 10, 20  # LEAST: for a verdict
PLAYERS, FIRST_PLAYER = 1000, 100_000  # random players, and their first seed
ERRORS, ROUNDED = 3.0, 0.05  # standard errors that a verdict needs; points, to which stored results are rounded
STORED = Path(__file__).parents[1] / "benchmarks" / "results" / "race.json"
BUILT_IN: dict[str, Callable[[], st.Searcher]] = {
    "grid": st.GridSearch, "random": st.RandomSearch, "halton": lambda: st.RandomSearch("halton"),
    "genetic": st.GeneticSearch, "tpe": lambda: st.BayesianSearch("tpe"), "gp": lambda: st.BayesianSearch("gp"),
    "bayesian": st.BayesianSearch, "hyperband": lambda: st.Hyperband(FULL, order="brackets", iterations=9)}
Regrets = dict[str, np.ndarray]  # by landscape, (seeds, 2): at 27 and at 60 trials
NOTHING = 100.0  # points, where no trial has a value: as good as one random configuration


class Finest(st.Searcher):
    """A grid as fine as so many trials allow."""

    def __init__(self, trials: int) -> None:
        self.trials = trials

    def for_space(self, space: Any) -> st.Searcher:
        return finest_grid(space, self.trials)


class Chunk(NamedTuple):
    """Regrets (seeds, 2) of a landscape at 27 and 60 trials, and the error that ended it."""

    landscape: str
    regrets: list[list[float]]
    error: tuple[str, str] = ("", "")  # where, and what


def chunk(entry: str, landscape: str, seeds: range) -> Chunk:
    """Play a landscape with some seeds; an error ends it after the game in which it was raised."""
    make: games.Make = BUILT_IN[entry] if entry in BUILT_IN else games.searcher_of(entry)
    regrets: list[list[float]] = []
    for seed in seeds:
        drawn, key = game(landscape, seed), 100 * seed + list(LANDSCAPES).index(landscape)
        if entry == "grid":
            played = [games.play(lambda: Finest(trials), drawn, key, trials) for trials in TRIALS]  # noqa: B023
        else:
            played = [games.play(make, drawn, key, TRIALS[-1])] * len(TRIALS)
        best = [each.best(trials) for each, trials in zip(played, TRIALS, strict=True)]
        regrets.append([NOTHING if params is None else drawn.regret(params) for params in best])
        if played[0].error is not None:
            what = games.explained(played[0].error, _path(entry))
            return Chunk(landscape, regrets, (f"{landscape}, seed {seed}, trial {len(played[0].results)}", what))
    return Chunk(landscape, regrets)


def _path(entry: str) -> Path:
    return Path() if entry in BUILT_IN else games.path_and_name(entry)[0]


@contextmanager
def pool(jobs: int) -> Iterator[Callable[..., Iterator[Chunk]]]:
    """A map over several processes, or the plain one."""
    if jobs == 1:
        yield map
        return
    executor = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        yield executor.map
    finally:
        executor.shutdown(cancel_futures=True)


def raced(entry: str, seeds: range, jobs: int = 1, progress: bool = True) -> tuple[Regrets, dict[str, list[str]]]:
    """The regrets (seeds, 2) of each landscape; where each error was first raised. Ctrl-C keeps what is done."""
    tasks = [(name, range(at, min(at + CHUNK, seeds.stop))) for at in range(seeds.start, seeds.stop, CHUNK)
             for name in LANDSCAPES]
    found: dict[str, list[list[float]]] = {name: [] for name in LANDSCAPES}
    errors: dict[str, tuple[str, str]] = {}
    with pool(jobs) as mapped, tqdm(total=len(tasks), desc=entry[-30:], unit="chunk", leave=False,
                                    disable=None if progress else True) as bar:
        try:
            left = (part[:0] if name in errors else part for name, part in tasks)  # in one process, none after an error
            for done in mapped(chunk, [entry] * len(tasks), [name for name, _ in tasks], left):
                bar.update()
                if done.landscape not in errors:
                    found[done.landscape] += done.regrets
                if done.error[0]:
                    errors.setdefault(done.landscape, done.error)
        except KeyboardInterrupt:
            least = min(map(len, found.values()))
            found = {name: rows[:least] for name, rows in found.items()}
    places: dict[str, list[str]] = {}
    for where, what in errors.values():
        places.setdefault(what, []).append(where)
    return {name: np.array(rows).reshape(-1, len(TRIALS)) for name, rows in found.items()}, places


# The built-in searchers' stored results -------------------------------------------------------------------------------


def measure_built_in(seeds: int, jobs: int) -> None:
    """Measure the built-in searchers and the random players; what is done is stored after each part of the seeds."""
    found: dict[str, dict[str, Any]] = {name: {each: [] for each in LANDSCAPES} for name in BUILT_IN}
    quantiles = players(range(FIRST_PLAYER, FIRST_PLAYER + PLAYERS))
    for start in range(0, seeds, PART):
        for name, rows in found.items():
            regrets, errors = raced(name, range(start, min(start + PART, seeds)), jobs)
            if errors:
                raise RuntimeError(f"{name}: {errors}")
            for each, values in regrets.items():
                rows[each] += np.round(10.0 * values).astype(int).tolist()
        save({"trials": TRIALS, "seeds": len(found["random"]["noise"]), "players": quantiles, "tenths": found})


def players(seeds: range) -> list[list[float]]:
    """Percentiles of the mean regret of random players, who play each landscape once; at 27 and at 60 trials."""
    regrets, _ = raced("random", seeds)
    means = np.mean(list(regrets.values()), axis=0)
    return np.percentile(means, np.arange(101), axis=0).T.round(2).tolist()


def save(found: dict[str, Any]) -> None:
    """Store results, a line for each searcher and landscape."""
    tenths = ",\n".join(
        f" {json.dumps(name)}: {{\n" + ",\n".join(
            f"  {json.dumps(each)}: {json.dumps(np.array(rows).T.tolist(), separators=(',', ':'))}"
            for each, rows in of_searcher.items()) + "}" for name, of_searcher in found["tenths"].items())
    head = ",\n".join(f"{json.dumps(key)}: {json.dumps(found[key])}" for key in found if key != "tenths")
    STORED.write_text(f"{{\n{head},\n\"tenths\": {{\n{tenths}}}\n}}\n", encoding="utf-8")


def stored() -> tuple[dict[str, Regrets], np.ndarray]:
    """Regrets (seeds, 2) by built-in searcher and landscape; percentiles (2, 101) of the random players."""
    read = json.loads(STORED.read_text(encoding="utf-8"))
    regrets = {name: {each: np.array(rows).T / 10.0 for each, rows in of_searcher.items()}
               for name, of_searcher in read["tenths"].items()}
    return regrets, np.array(read["players"])


# What is printed -----------------------------------------------------------------------------------------------------


def report(yours: Regrets, others: dict[str, Regrets], percentiles: np.ndarray, verdicts: bool) -> str:
    """The tables at 27 and 60 trials, yours less each built-in one, and the rank among random players."""
    seeds = max(map(len, yours.values()))
    if seeds < 2:
        return "Fewer than two seeds were played: nothing to compare."
    others = {name: {each: rows[:seeds] for each, rows in regrets.items()} for name, regrets in others.items()}
    shared = min(seeds, *(len(rows) for regrets in others.values() for rows in regrets.values()))
    complete = [name for name, rows in yours.items() if len(rows) == seeds]
    lines = [f"Mean regret in points over {seeds} seeds, ± its standard error; 0 is the optimum, 100 the median of one "
             "random\nconfiguration. The built-in searchers' results are stored ones."]
    lines += [table(k, {"yours": yours} | others, complete) for k in range(len(TRIALS))]
    if len(complete) < len(LANDSCAPES):
        return "\n\n".join([*lines, "No verdict and no rank: not all landscapes were played to the end."])
    lines.append(differences(shared, yours, others, verdicts))
    ranks = [rank(np.mean(list(yours.values()), axis=0)[:, k], percentiles[k]) for k in range(len(TRIALS))]
    lines.append(f"Among {PLAYERS:,} random players, who play each landscape once, yours is number {ranks[0]} at "
                 f"{TRIALS[0]} trials,\nand {ranks[1]} at {TRIALS[1]} (the median of {seeds} rounds; 1 is first).")
    return "\n\n".join(lines)


def table(k: int, columns: dict[str, Regrets], complete: list[str]) -> str:
    """The mean regret of each searcher on each landscape, with its standard error."""
    lines = [f"{f'{TRIALS[k]} trials':<26}" + "".join(f"{name:>10}" for name in columns)]
    for each in LANDSCAPES:
        cells = (cell(regrets[each][:, k]) for regrets in columns.values())
        lines.append(f"{each:<26}" + "".join(f" {text:>9}" for text in cells))
    if complete:
        of_all = (cell(np.mean([regrets[each][:, k] for each in complete], axis=0)) for regrets in columns.values())
        lines.append(f"{f'mean of {len(complete)}':<26}" + "".join(f" {text:>9}" for text in of_all))
    return "\n".join(lines)


def cell(values: np.ndarray) -> str:
    """A mean with its standard error."""
    return "-" if len(values) < 2 else f"{values.mean():.1f}±{error_of(values):.1f}"


def error_of(values: np.ndarray) -> float:
    """The standard error of a mean."""
    return float(np.std(values, ddof=1) / math.sqrt(len(values)))


def differences(seeds: int, yours: Regrets, others: dict[str, Regrets], verdicts: bool) -> str:
    """The mean of yours less theirs over all landscapes, paired by seed; the verdict where it is three errors large."""
    lines = [f"Yours less theirs, paired by {seeds} seeds; below zero yours has the lower regret."]
    for name, theirs in others.items():
        gaps = np.mean([yours[each][:seeds] - theirs[each][:seeds] for each in LANDSCAPES], axis=0)
        cells = (f"{TRIALS[k]} trials {round(gaps[:, k].mean(), 1) + 0.0:+6.1f} ± {error_of(gaps[:, k]):.1f}  "
                 f"{verdict(gaps[:, k]) if verdicts else '':<14}" for k in range(len(TRIALS)))
        lines.append((f"{name:<12}" + "".join(cells)).rstrip())
    return "\n".join([*lines, *[f"No verdict: that needs {LEAST} seeds and more, without --quick."] * (not verdicts)])


def verdict(gaps: np.ndarray) -> str:
    """Better or worse where the difference is at least three standard errors."""
    mean, error = gaps.mean(), error_of(gaps)
    return "no verdict" if abs(mean) < max(ERRORS * error, ROUNDED) else "better" if mean < 0.0 else "worse"


def rank(means: np.ndarray, percentiles: np.ndarray) -> int:
    """The rank among the random players in the median round, 1 for the best."""
    return max(1, round(PLAYERS * float(np.median(np.interp(means, percentiles, np.linspace(0.0, 1.0, 101))))))


# The page -----------------------------------------------------------------------------------------------------------


class Yours(NamedTuple):
    """A reader's searcher: its class's name, its regrets, where it raised which errors, and if verdicts are given.

    An error is {"what": a sentence, "landscapes": their names}, or with "levels" of the game instead.
    """

    name: str
    regrets: Regrets
    errors: list[dict[str, Any]]
    verdicts: bool


def board(yours: Yours | None = None) -> dict[str, Any]:
    """What the race's section of a page shows: the means with their errors, and of yours the ranks and verdicts.

    "seeds" are those of the built-in searchers, of which fewer are stored, and of yours.
    """
    others, percentiles = stored()
    seeds, known = max(map(len, yours.regrets.values())) if yours else 0, len(others["random"]["noise"])
    shared = min(seeds, known) if seeds > 1 else known
    columns = {name: {each: rows[:shared] for each, rows in regrets.items()} for name, regrets in others.items()}
    ranks, verdicts = None, None
    if yours is not None:
        regrets = {each: rows for each, rows in yours.regrets.items() if len(rows) == seeds > 1}
        columns["yours"] = regrets
        if len(regrets) == len(LANDSCAPES):
            means = np.mean(list(regrets.values()), axis=0)
            ranks = [rank(means[:, k], percentiles[k]) for k in range(len(TRIALS))]
            verdicts = {name: verdict(means[:shared, -1] - np.mean(list(columns[name].values()), axis=0)[:, -1])
                        for name in others} if yours.verdicts else None
    return {"name": yours and yours.name, "errors": yours.errors if yours else [], "trials": TRIALS,
            "seeds": [shared, seeds], "players": PLAYERS, "ranks": ranks, "verdicts": verdicts,
            "landscapes": list(LANDSCAPES),
            "means": {name: _means(regrets) for name, regrets in columns.items()}}


def _means(regrets: Regrets) -> dict[str, list[tuple[float, float]]]:
    """The mean regret and its error, by landscape and over all of them, at 27 and at 60 trials."""
    every = {"all": np.mean(list(regrets.values()), axis=0)} if len(regrets) == len(LANDSCAPES) else {}
    return {each: [(round(float(column.mean()), 4), round(error_of(column), 4)) for column in rows.T]
            for each, rows in (every | regrets).items() if len(rows) > 1}


def replayed(entry: str, searcher: games.Make, runs: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The games of `benchmarks.moves` with yours among the searchers, and the levels on which it raised an error.

    Its mean regret is added where it has as many runs as the built-in ones.
    """
    found, errors = moves.stored(), dict[str, list[str]]()
    for name, level in moves.levels().items():
        try:
            own = moves.recorded(searcher, level, runs, guard=lambda: games.limited(games.LONGEST))
        except Exception as error:  # whatever a learner's searcher raises ends this level
            errors.setdefault(games.explained(error, _path(entry)), []).append(name)
            continue
        parts = ("searches", "regret", "error") if runs == moves.RUNS else ("searches",)
        for part in parts:
            found["levels"][name][part]["yours"] = own[part]
    return found, [{"what": what, "levels": names} for what, names in errors.items()]


def write_board(path: Path, entry: str, searcher: games.Make, yours: Yours) -> list[dict[str, Any]]:
    """Write the page of `scratchtune play` with the race, and yours in the game; the errors that it raised there."""
    runs = moves.RUNS if min(map(len, yours.regrets.values())) == SEEDS else moves.GAMES
    found, errors = replayed(entry, searcher, runs)
    packed = pack(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode())
    write_page(path, board=board(yours._replace(errors=[*yours.errors, *errors])), moves=packed)
    for error in errors:
        print(f"\nIt raised an error in the game, on {', '.join(error['levels'])}. {error['what']}", file=sys.stderr)
    print(f"\npage: {path}")
    return errors


# The command line ----------------------------------------------------------------------------------------------------


class OneLine(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"lessons race: {message}\n")


def parser() -> argparse.ArgumentParser:
    made = OneLine(prog="python -m lessons race", description=__doc__,
                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("searcher", nargs="?", help="a file with a searcher, or FILE:CLASS")
    made.add_argument("--quick", action="store_true", help=f"{QUICK} seeds, and no verdict")
    made.add_argument("--seeds", type=int, help=f"how many seeds ({SEEDS})")
    made.add_argument("--jobs", type=int, help="processes at a time (as many as cores; 1 with --quick)")
    made.add_argument("--page", type=Path, metavar="FILE.html",
                      help="write the page of scratchtune play, with the race and the searcher in the game")
    made.add_argument("--built-in", action="store_true", help="measure the built-in searchers, and store the results")
    return made


def main(arguments: list[str]) -> int:
    """Race a searcher; the exit code: 0, 1 where it raised an error, 2 for wrong arguments."""
    made = parser()
    given = made.parse_args(arguments)
    seeds, jobs = given.seeds or (QUICK if given.quick else SEEDS), given.jobs or (1 if given.quick else cores.count())
    if (given.searcher is None) != given.built_in:
        made.error("give a file with a searcher, as in: python -m lessons race my_searcher.py")
    if not 2 <= seeds <= SEEDS or jobs < 1:
        made.error(f"--seeds is {seeds} and --jobs is {jobs}; they must be 2 to {SEEDS}, and at least 1")
    if given.built_in:
        measure_built_in(seeds, jobs)
        return 0
    try:
        page = page_path(given.page, Path(), "--page")
        searcher = games.searcher_of(given.searcher)
    except (OSError, ValueError) as error:
        made.error(str(error))
    return race(given.searcher, searcher, seeds, jobs, not given.quick and seeds >= LEAST, page)


def race(entry: str, searcher: type[st.Searcher], seeds: int, jobs: int, verdicts: bool, page: Path | None) -> int:
    """Race one searcher, print what was found, and write the page."""
    named = habits.habits(searcher, _path(entry)) or ["none of those that are known"]
    print("Habits", *(f"- {each}" for each in named), sep="\n", flush=True)
    regrets, errors = raced(entry, range(seeds), jobs)
    print("", report(regrets, *stored(), verdicts), sep="\n")
    for what, places in errors.items():
        others = f" and {checks.counted(len(places) - 1, 'other landscape')}" * (len(places) > 1)
        print(f"\nIt raised an error in {places[0]}{others}, which ended there. {what}", file=sys.stderr)
    broken: list[dict[str, Any]] = [{"what": what, "landscapes": [place.partition(", seed ")[0] for place in places]}
                                    for what, places in errors.items()]
    if page is not None:
        broken += write_board(page, entry, searcher, Yours(searcher.__name__, regrets, broken, verdicts))
    return 1 if broken else 0
