"""How well does each searcher play the game of `scratchtune play`: twelve trainings, on three levels?

The game is played on `st.datasets.load_trainings()` with 324 epochs, which are twelve full trainings. Level *two* has
the learning rate and the batch size of a network that differs from game to game, in L2, dropout and units; *five* has
all five; *noisy* has all five, and a score is that on 50 of the 250 validation images. Who plays hands in the training
with the highest score among those with the most epochs. With ``--make`` the games are played, and what the page shows
is stored: moves.json.xz.

A searcher is a study that is run trial by trial until the epochs are spent. The last trial is shorter if it does not
fit, and a promoted trial of Hyperband continues its parent's training. The seeds of the studies, `STUDIES`, are the
first 200 integers of one generator; game k on the page is the study of seed k.
"""

from __future__ import annotations

import json
import lzma
import re
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import scratchtune as st
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import table, verdict
from scratchtune import play
from scratchtune.play.trainings import EPOCHS, ROWS, SEEDS, VALUES, Trainings

FILE = Path(play.__file__).with_name("moves.json.xz")
BUDGET, GAMES, RUNS, QUICK, PLAYERS = 12 * EPOCHS, 20, 200, 20, 1000
STUDIES = np.random.default_rng(38).integers(2**31, size=RUNS).tolist()
MIDDLE = {name: values[(len(values) - 1) // 2] for name, values in VALUES.items()}
FEWER = 50  # of the validation images on the noisy level
LEARNS = 0.75  # accuracy of the best configuration of a network that level two plays
SPACE: dict[str, Any] = {
    "learning_rate": st.Float(0.001, 2.0, log=True), "batch_size": st.Int(4, 128, log=True), "l2": [0.0, 0.001, 0.01],
    "dropout": st.Float(0.0, 0.6), "units": st.Int(16, 192, log=True)}
PLANE = ("learning_rate", "batch_size")
GRID = {"learning_rate": SPACE["learning_rate"].grid(4), "batch_size": SPACE["batch_size"].grid(3)}  # 12 points


class Level(NamedTuple):
    """The hyper-parameters that are searched, the others' values by network, and how many images the score is on."""

    free: tuple[str, ...]
    networks: tuple[dict[str, Any], ...]
    rows: int

    def fixed(self, game: int) -> dict[str, Any]:
        """The values of a game that are not searched."""
        return self.networks[game % len(self.networks)]


class Move(NamedTuple):
    """A training from one epoch to another: configuration, seed, epochs, how many images are right, and why."""

    at: int
    seed: int
    start: int
    end: int
    right: int
    why: str


Found = tuple[dict[str, Any], dict[str, dict[str, list[tuple[float, float]]]]]
SEARCHERS: dict[str, Callable[[], st.Searcher]] = {
    "random": st.RandomSearch, "grid": st.GridSearch, "bayesian": st.BayesianSearch,
    "genetic": lambda: st.GeneticSearch(population=6, offspring=2),
    "hyperband": lambda: st.Hyperband(max_budget=EPOCHS, eta=3, order="brackets")}


@cache
def trainings() -> Trainings:
    """The trainings, loaded once."""
    return st.datasets.load_trainings()


@cache
def levels() -> dict[str, Level]:
    """The three levels."""
    others = [dict(zip(tuple(VALUES)[2:], values, strict=True)) for values in product(*tuple(VALUES.values())[2:])]
    networks = [fixed for fixed in others if highest(fixed) >= LEARNS]
    order = np.random.default_rng(38).permutation(len(networks))
    return {"two": Level(PLANE, tuple(networks[k] for k in order), ROWS["validation"]),
            "five": Level(tuple(VALUES), ({},), ROWS["validation"]), "noisy": Level(tuple(VALUES), ({},), FEWER)}


def highest(fixed: Mapping[str, Any]) -> float:
    """The best expected accuracy of the configurations with some fixed values."""
    at = tuple(VALUES[name].index(fixed[name]) if name in fixed else slice(None) for name in VALUES)
    return float(trainings().expected[at].max())


# Random numbers as core.js draws them ---------------------------------------------------------------------------------


def mixed(*numbers: int) -> int:
    """32 bits mixed from integers: play.hash of core.js."""
    bits, mask = 0x9E3779B9, 0xFFFFFFFF
    for each in numbers:
        bits = (bits ^ each & mask) * 0x85EBCA6B & mask
        bits = (bits ^ bits >> 13) * 0xC2B2AE35 & mask
        bits ^= bits >> 16
    return bits


def uniform(*numbers: int) -> float:
    """A number between 0 and 1 from integers: play.uniform of core.js."""
    return (mixed(*numbers) + 0.5) / 2**32


def drawn(right: int, every: int, rows: int, *key: int) -> int:
    """How many of ``rows`` images are right that are drawn from ``every`` one, of which ``right`` are: play.drawn."""
    hits = 0
    for k in range(rows):
        hits += uniform(*key, k) < (right - hits) / (every - k)
    return hits


# A game ---------------------------------------------------------------------------------------------------------------


def flat(params: Mapping[str, Any]) -> int:
    """The number of the nearest configuration, 0 to 2,375."""
    return int(np.ravel_multi_index(trainings().index(params), tuple(map(len, VALUES.values()))))


def right_of(at: int, seed: int, epoch: int, rows: int, game: int) -> int:
    """How many of the images of a score are right after an epoch."""
    right = int(trainings().validation.reshape(-1, SEEDS, EPOCHS)[at, seed, epoch - 1])
    return right if rows == ROWS["validation"] else drawn(right, ROWS["validation"], rows, game, at, seed)


def played(make: Callable[[], st.Searcher], level: Level, game: int, says_why: bool = True,
           guard: Callable[[], AbstractContextManager[None]] = nullcontext) -> list[Move]:
    """One game of a searcher, each trial within a ``guard``; the grid has a plane, the others in the middle."""
    searcher, fixed, moves = make(), level.fixed(game), list[Move]()
    space = {name: SPACE[name] for name in level.free}
    if isinstance(searcher, st.GridSearch):
        space, fixed = GRID, MIDDLE | fixed
    study = st.Study(space, searcher, direction="maximize", seed=STUDIES[game])

    def objective(trial: Any) -> float:
        saved = trial.load() or {"seed": trial.seed % SEEDS, "epoch": 0}
        seed, left = int(saved["seed"]), BUDGET - spent(moves)
        budget = EPOCHS if trial.budget is None else min(max(round(trial.budget), 1), EPOCHS)
        end = min(budget, int(saved["epoch"]) + left)
        at, start = flat(fixed | trial.params), min(int(saved["epoch"]), end - 1)
        moves.append(Move(at, seed, start, end, right_of(at, seed, end, level.rows, game), ""))
        trial.save({"seed": np.array(seed), "epoch": np.array(end)})
        return moves[-1].right / level.rows

    while spent(moves) < BUDGET:
        before = len(moves)
        with guard():
            study.run(objective, before + 1, progress=False)
        if len(moves) == before:  # the searcher has no further proposal
            break
    if not says_why:
        return moves
    cut = {k for k, trial in enumerate(study.trials) if trial.budget is not None and trial.budget > moves[k].end}
    return [move._replace(why=without_numbers(study.why(k, brief=True)) + f"; cut after epoch {move.end}" * (k in cut))
            for k, move in enumerate(moves)]


def spent(moves: Iterable[Move]) -> int:
    """The epochs of so many trainings."""
    return sum(move.end - move.start for move in moves)


def handed_in(moves: Sequence[Move], epochs: int = BUDGET) -> int:
    """The number of the training with the highest score among those with the most epochs, after so many epochs."""
    totals = np.cumsum([move.end - move.start for move in moves])
    done = [k for k in range(len(moves)) if totals[k] <= epochs]
    return max(done, key=lambda k: (moves[k].end, moves[k].right, -k))


def regret(at: int, fixed: Mapping[str, Any]) -> float:
    """How far a configuration is below the best one with some fixed values, in points."""
    return 100.0 * (highest(fixed) - float(trainings().expected.ravel()[at]))


def regrets(moves: Sequence[Move], fixed: Mapping[str, Any]) -> list[float]:
    """The regret in points of what would be handed in after each 27 epochs."""
    return [regret(moves[handed_in(moves, epochs)].at, fixed) for epochs in range(EPOCHS, BUDGET + 1, EPOCHS)]


def curse(moves: Sequence[Move], rows: int) -> float:
    """The score that is handed in less the expected accuracy of its configuration, in points."""
    best = moves[handed_in(moves)]
    return 100.0 * (best.right / rows - float(trainings().expected.ravel()[best.at]))


def players(level: Level, fixed: Mapping[str, Any], count: int = PLAYERS) -> list[float]:
    """The regrets of random players, sorted: each draws twelve full trainings, as random search does."""
    space, found = st.Study({name: SPACE[name] for name in level.free}).space, []
    for k in range(RUNS, RUNS + count):
        rng = np.random.default_rng([38, k])
        tries = [(flat({**fixed, **space.from_unit(rng.random(len(level.free)))}), int(rng.integers(SEEDS)))
                 for _ in range(BUDGET // EPOCHS)]
        moves = [Move(at, seed, 0, EPOCHS, right_of(at, seed, EPOCHS, level.rows, k), "") for at, seed in tries]
        found.append(round(regret(moves[handed_in(moves)].at, fixed), 2))
    return sorted(found)


# In Chinese -----------------------------------------------------------------------------------------------------------

NAMES = {"learning_rate": "学习率", "batch_size": "批量大小", "l2": "L2", "dropout": "暂退率", "units": "单元数"}
PATTERNS = {  # of a clause; what is in parentheses is translated too
    "No reason was recorded": "没有记录理由",
    r"(.*); cut after epoch (\d+)": "{0}；轮数用完，在第 {1} 轮结束",
    "[Dd]rawn at random, independent of earlier results": "随机抽取，与先前的结果无关",
    r"Point (\d+) of (\d+) of the grid, in its fixed order, independent of earlier results":
    "网格 {1} 个点中的第 {0} 个，顺序固定，与先前的结果无关",
    r"One of the first (\d+) points, before a model proposes": "前 {0} 个点之一，此后才由模型提议",
    r"The highest expected improvement: a Gaussian process of (\d+) trials predicts (\S+) ± (\S+) here, and the best "
    r"value so far is (\S+) \(higher is better\)":
    "期望改进最大：由 {0} 次试验拟合的高斯过程预测此处为 {1} ± {2}，目前最佳值为 {3}（越高越好）",
    r"Good trials are (\S+) times as dense here as bad ones, the highest ratio of (\d+) candidates drawn from the "
    "density of the good ones": "此处好密度是坏密度的 {0} 倍，在从好密度抽取的 {1} 个候选点中最高",
    r"Generation 0: founder \d+, one of a population that is spread evenly over the space":
    "第 0 代：初始种群的一员，种群均匀分布在搜索空间中",
    r"(Generation .*), in which (.*) mutated": "{0}，其中{1}发生变异",
    r"Generation (\d+): a child of trial (\d+) \(value (\S+)\) and trial (\d+) \(value (\S+)\)":
    "第 {0} 代：试验 {1}（值 {2}）与试验 {3}（值 {4}）的子代",
    r"Bracket (\d+), rung (\d+) of (\d+), budget (\d+): (.*)": "赛组 {0}，第 {1} 梯级（共 {2} 级），预算 {3}：{4}",
    r"trial (\d+) \(value (\S+)\) is continued, ranked (\d+) of (\d+) in the rung below":
    "继续试验 {0}（值 {1}），它在前一梯级的 {3} 次试验中排第 {2}",
}


def without_numbers(said: str) -> str:
    """A brief reason without the number of its trial, and with trials that count from 1, as on the page."""
    clause = said.partition("): ")[2].removesuffix(".")
    return re.sub(r"\btrial (\d+)", lambda found: f"trial {int(found[1]) + 1}", clause)


def in_chinese(clause: str) -> str:
    """A clause in Chinese; numbers and unknown words as they are."""
    for pattern, chinese in PATTERNS.items():
        if found := re.fullmatch(pattern, clause):
            return chinese.format(*map(in_chinese, found.groups()))
    return "、".join(NAMES.get(word, word) for word in clause.split(", "))


# The file -------------------------------------------------------------------------------------------------------------


def recorded(make: Callable[[], st.Searcher], level: Level, runs: int, **more: Any) -> dict[str, Any]:
    """The regrets of a searcher by the epochs, its last error, and its first games as the page shows them."""
    games = [played(make, level, game, game < GAMES, **more) for game in range(runs)]
    by_run = np.array([regrets(moves, level.fixed(game)) for game, moves in enumerate(games)])
    return {"regret": by_run.mean(axis=0).round(2).tolist(), "error": round(float(error(by_run[:, -1])), 2),
            "runs": [(each[-1], curse(moves, level.rows)) for each, moves in zip(by_run, games, strict=True)],
            "searches": [{"handed": handed_in(moves), "moves": [[*move, in_chinese(move.why)] for move in moves]}
                         for moves in games[:GAMES]]}


def error(values: Sequence[float] | np.ndarray) -> float:
    """The standard error of a mean."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def all_games(runs: int = RUNS) -> Found:
    """All games as the page reads them; and the last regret and the winner's curse of each run."""
    found: dict[str, Any] = {"budget": BUDGET, "games": GAMES, "levels": {}}
    of_runs: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for name, level in levels().items():
        each = {searcher: recorded(make, level, runs) for searcher, make in SEARCHERS.items()}
        of_runs[name] = {searcher: one.pop("runs") for searcher, one in each.items()}
        found["levels"][name] = {
            "free": level.free, "bases": [flat(MIDDLE | fixed) for fixed in level.networks], "rows": level.rows,
            "players": [players(level, fixed) for fixed in level.networks],
            **{part: {searcher: one[part] for searcher, one in each.items()}
               for part in ("regret", "error", "searches")}}
    return found, of_runs


def stored() -> dict[str, Any]:
    """The games that the page shows."""
    return dict(json.loads(lzma.decompress(FILE.read_bytes())))


# Report ---------------------------------------------------------------------------------------------------------------


def measure(given: Namespace) -> Found:
    """The games, stored with --make."""
    found = all_games(QUICK if given.quick else RUNS)
    if given.make:
        FILE.write_bytes(lzma.compress(json.dumps(found[0], ensure_ascii=False, separators=(",", ":")).encode()))
    return found


def report(found: Found, given: Namespace) -> list[str]:
    """The regrets and the winner's curses, and whether the stored games are these."""
    games, of_runs = found
    known, differ, rows = stored()["levels"], 0, []
    for name, level in games["levels"].items():
        for searcher, mean in level["regret"].items():
            last, curses = np.array(of_runs[name][searcher]).T
            theirs = np.array(level["players"])
            ahead = np.mean([theirs[game % len(theirs)] > each.round(2) for game, each in enumerate(last)])
            rows.append([name, searcher, *(f"{mean[k]:.2f}" for k in (2, 5)), f"{mean[-1]:.2f} ± {error(last):.2f}",
                         f"{np.median(last):.2f}", f"{ahead:.0%}", f"{curses.mean():+.2f} ± {error(curses):.2f}"])
            differ += sum(one != other for one, other in zip(
                level["searches"][searcher], known[name]["searches"][searcher], strict=True))
        rows.append([name, "random players", "", "", f"{np.mean(level['players']):.2f}",
                     f"{np.median(level['players']):.2f}", "", ""])
    every = len(of_runs) * len(SEARCHERS) * GAMES
    return [
        f"Regret in points, mean of {len(of_runs['two']['random'])} studies, and its median after 324 epochs; the "
        f"share of {PLAYERS:,} random players who have more regret than a study, mean of the studies; winner's curse: "
        "the score that is handed in less the expected accuracy, in points.",
        table(["level", "searcher", "81 epochs", "162", "324", "median", "ahead of", "winner's curse"], rows),
        verdict(not differ, f"{every - differ} of {every} games are the stored ones")]


ANSWER = (
    "Won: with five hyper-parameters BayesianSearch has a mean regret of 3.35 ± 0.16 points and Hyperband 3.40 ± 0.19, "
    "random search 4.93 ± 0.30. Neither: genetic search has 4.16 ± 0.34. Lost: on the noisy level the "
    "scores that are handed in are 4.83 to 6.08 points too high, and these three are ahead of only 54 to 57 % of "
    "random players.")
BENCHMARK = Benchmark("The game", measure, report, quick=f"{QUICK} studies of each searcher", options={
    "--make": {"action": "store_true", "help": "store the games for the page, all of them without --quick"}})
