"""How well does each searcher play the game of `scratchtune play`: twelve trainings, on three levels?

The game is played on `st.datasets.load_trainings()` with 324 epochs, which are twelve full trainings. Level *two* has
the learning rate and the batch size, the others at the optimum's values; *five* has all five; *noisy* has all five, and
a score is that on 50 of the 250 validation images. Who plays hands in the training with the highest score among those
with the most epochs. With ``--make`` the games are played, and what the page shows is stored: moves.json.xz.

A searcher is a study that is run trial by trial until the epochs are spent. The last trial is shorter if it does not
fit, and a promoted trial of Hyperband continues its parent's training. The seeds of the studies, `STUDIES`, are the
first 200 integers of one generator; game k on the page is the study of seed k.
"""

from __future__ import annotations

import itertools
import json
import lzma
import re
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import scratchtune as st
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.harness import table, verdict
from scratchtune import play
from scratchtune.data.trainings import EPOCHS, ROWS, SEEDS, VALUES, Trainings

FILE = Path(play.__file__).with_name("moves.json.xz")
BUDGET, GAMES, RUNS, QUICK, PLAYERS = 12 * EPOCHS, 20, 200, 20, 1000
STUDIES = np.random.default_rng(38).integers(2**31, size=RUNS).tolist()
MIDDLE = {name: values[(len(values) - 1) // 2] for name, values in VALUES.items()}
FEWER = 50  # of the validation images on the noisy level
SPACE: dict[str, Any] = {
    "learning_rate": st.Float(0.001, 2.0, log=True), "batch_size": st.Int(4, 128, log=True), "l2": [0.0, 0.001, 0.01],
    "dropout": st.Float(0.0, 0.6), "units": st.Int(16, 192, log=True)}
PLANE = ("learning_rate", "batch_size")
GRID = {"learning_rate": SPACE["learning_rate"].grid(4), "batch_size": SPACE["batch_size"].grid(3)}  # 12 points


class Level(NamedTuple):
    """The hyper-parameters that are searched, the values of the others, and how many images the score is on."""

    free: tuple[str, ...]
    fixed: dict[str, Any]
    rows: int


class Move(NamedTuple):
    """A training from one epoch to another: the configuration's number, the seed, the images that are right, and why."""

    at: int
    seed: int
    start: int
    end: int
    right: int
    why: str


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
    fixed = {name: value for name, value in trainings().optimum.params.items() if name not in PLANE}
    return {"two": Level(PLANE, fixed, ROWS["validation"]), "five": Level(tuple(VALUES), {}, ROWS["validation"]),
            "noisy": Level(tuple(VALUES), {}, FEWER)}


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


def played(make: Callable[[], st.Searcher], level: Level, game: int, says_why: bool = True) -> list[Move]:
    """One game of a searcher; the grid has a plane, with the other hyper-parameters in the middle."""
    searcher, fixed, moves = make(), level.fixed, list[Move]()
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

    while spent(moves) < BUDGET and len(moves) == len(study.trials):
        study.run(objective, len(moves) + 1, progress=False)
    return [move._replace(why=without_numbers(study.why(k, brief=True))) for k, move in enumerate(moves)] if (
        says_why) else moves


def spent(moves: Iterable[Move]) -> int:
    """The epochs of so many trainings."""
    return sum(move.end - move.start for move in moves)


def handed_in(moves: Sequence[Move], epochs: int = BUDGET) -> int:
    """The number of the training with the highest score among those with the most epochs, after so many epochs."""
    totals = np.cumsum([move.end - move.start for move in moves])
    done = [k for k in range(len(moves)) if totals[k] <= epochs]
    return max(done, key=lambda k: (moves[k].end, moves[k].right, -k))


def regrets(moves: Sequence[Move]) -> list[float]:
    """The regret in points of what would be handed in after each 27 epochs."""
    expected = trainings().expected.ravel()
    return [100.0 * float(expected.max() - expected[moves[handed_in(moves, epochs)].at])
            for epochs in range(EPOCHS, BUDGET + 1, EPOCHS)]


def curse(moves: Sequence[Move], rows: int) -> float:
    """The score that is handed in less the expected accuracy of its configuration, in points."""
    best = moves[handed_in(moves)]
    return 100.0 * (best.right / rows - float(trainings().expected.ravel()[best.at]))


def players(level: Level, count: int = PLAYERS) -> list[list[Move]]:
    """The games of random players, who have twelve full trainings each; they draw as random search does."""
    space, games = st.Study({name: SPACE[name] for name in level.free}).space, []
    for k in range(RUNS, RUNS + count):
        rng = np.random.default_rng([38, k])
        tries = [(flat(level.fixed | space.from_unit(rng.random(len(level.free)))), int(rng.integers(SEEDS)))
                 for _ in range(BUDGET // EPOCHS)]
        games.append([Move(at, seed, 0, EPOCHS, right_of(at, seed, EPOCHS, level.rows, k), "") for at, seed in tries])
    return games


# In Chinese -----------------------------------------------------------------------------------------------------------

NAMES = {"learning_rate": "学习率", "batch_size": "批量大小", "l2": "L2", "dropout": "暂退率", "units": "单元数"}
PATTERNS = [  # of a whole clause, or of its beginning with the rest
    (r"[Dd]rawn at random, independent of earlier results", "随机抽取，与先前的结果无关"),
    (r"Point (\d+) of (\d+) of the grid, in its fixed order, independent of earlier results",
     r"网格 \2 个点中的第 \1 个，顺序固定，与先前的结果无关"),
    (r"One of the first (\d+) points, before a model proposes", r"模型开始提议之前的前 \1 个点之一"),
    (r"The highest expected improvement: a Gaussian process of (\d+) trials predicts (\S+) ± (\S+) here, and the best "
     r"value so far is (\S+) \(higher is better\)",
     r"期望改进最大：由 \1 次试验拟合的高斯过程预测此处为 \2 ± \3，目前最佳为 \4（越高越好）"),
    (r"Good trials are (\S+) times as dense here as bad ones, the highest ratio of (\d+) candidates drawn from the "
     r"density of the good ones", r"此处好试验的密度是坏试验的 \1 倍，在按好密度抽出的 \2 个候选中最高"),
    (r"Generation 0: founder \d+, one of a population that is spread evenly over the space",
     "第 0 代：初始种群的一员，种群均匀分布在搜索空间中"),
    (r"Generation (\d+): a child of trial (\d+) \(value (\S+)\) and trial (\d+) \(value (\S+)\)(, in which .*|)",
     r"第 \1 代：试验 \2（值 \3）与试验 \4（值 \5）的子代\6"),
    (r"(.*), in which (.*) mutated", r"\1，其中 \2 发生变异"),
    (r"Bracket (\d+), rung (\d+) of (\d+), budget (\d+): (.*)", r"第 \1 赛组，第 \2 级（共 \3 级），预算 \4：\5"),
    (r"(.*)trial (\d+) \(value (\S+)\) is continued, ranked (\d+) of (\d+) in the rung below",
     r"\1继续试验 \2（值 \3），它在下一级的 \5 次中排第 \4"),
]


def without_numbers(said: str) -> str:
    """A brief reason without the number of its trial, and with trials that count from 1, as on the page."""
    clause = said.partition("): ")[2].removesuffix(".")
    return re.sub(r"\btrial (\d+)", lambda found: f"trial {int(found[1]) + 1}", clause)


def in_chinese(clause: str) -> str:
    """A clause in Chinese, by the patterns of all clauses."""
    for pattern, chinese in PATTERNS:
        clause = re.sub(f"^{pattern}$" if not pattern.startswith("[") else pattern, chinese, clause)
    for name, chinese in NAMES.items():
        clause = clause.replace(name, chinese)
    return clause.replace(", ", "、")


# The file -------------------------------------------------------------------------------------------------------------


def recorded(make: Callable[[], st.Searcher], level: Level, runs: int) -> dict[str, Any]:
    """The regrets of a searcher by the epochs, its last error, and its first games as the page shows them."""
    games = [played(make, level, game, says_why=game < GAMES) for game in range(runs)]
    by_run = np.array([regrets(moves) for moves in games])
    return {"regret": by_run.mean(axis=0).round(2).tolist(), "error": round(float(error(by_run[:, -1])), 2),
            "curse": [curse(moves, level.rows) for moves in games],
            "searches": [{"handed": handed_in(moves), "moves": [[*move, in_chinese(move.why)] for move in moves]}
                         for moves in games[:GAMES]]}


def error(values: np.ndarray) -> float:
    """The standard error of a mean."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def make(runs: int = RUNS) -> tuple[dict[str, Any], dict[str, dict[str, list[float]]]]:
    """All games as the page reads them; and the winner's curse of each run by level and searcher."""
    found: dict[str, Any] = {"budget": BUDGET, "games": GAMES, "levels": {}}
    curses: dict[str, dict[str, list[float]]] = {}
    for name, level in levels().items():
        each = {searcher: recorded(made, level, runs) for searcher, made in SEARCHERS.items()}
        curses[name] = {searcher: one.pop("curse") for searcher, one in each.items()}
        last = sorted(round(regrets(game)[-1], 2) for game in players(level))
        found["levels"][name] = {
            "free": level.free, "base": flat(MIDDLE | level.fixed), "rows": level.rows, "players": last,
            **{part: {searcher: one[part] for searcher, one in each.items()}
               for part in ("regret", "error", "searches")}}
    return found, curses


def packed(found: Mapping[str, Any]) -> bytes:
    """The file's bytes, the same for the same games."""
    return lzma.compress(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode(), preset=9)
