"""The benchmark of three arms: equal cost, what each searches; and the translators without a network."""

from __future__ import annotations

import importlib
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchtune as st

pytestmark = pytest.mark.slow  # a tool of this repository: CI runs its tests

arms: Any = importlib.import_module("benchmarks.arms")
words: Any = importlib.import_module("benchmarks.common.word_by_word")
BOOKS = [("das Haus", "the house"), ("das Buch", "the book"), ("ein Buch", "a book")]


def made_task() -> Any:
    """A task whose score is the learning rate, after so many epochs."""
    def objective(fixed: Any) -> Any:
        return lambda trial: {**fixed, **trial.params}["learning_rate"] * (trial.budget or 9)

    space, default = {"learning_rate": st.Float(0.1, 1.0), "units": [1, 2]}, {"learning_rate": 0.1, "units": 1}
    return arms.Task(space, default, objective, lambda params, trial: params["learning_rate"] + params["units"])


def test_all_arms_train_for_as_many_epochs_or_slightly_fewer() -> None:
    domain = arms.Domain("score", "maximize", 9, None)
    found = dict(arms.run_arms(domain, made_task(), 9, 0))
    most = arms.hyperband(9).cost(going_on=True)
    assert tuple(found) == arms.ARMS and all(most - 9 < each.epochs <= most for each in found.values())
    whole, rate, default = (found[name] for name in arms.ARMS)
    assert default.test == 1.1 and rate.params["units"] == 1 and 1.1 < rate.test <= 2.0 and whole.test > 1.1


@pytest.mark.parametrize("name", arms.DOMAINS)
def test_the_space_contains_the_default(name: str) -> None:
    """But for the L2 penalty of images, which is at least 1e-6."""
    given = Namespace(images=None, pairs="numbers", clips=None)
    task = arms.DOMAINS[name].task(0, arms.DOMAINS[name].epochs, given)
    space = st.search.Space(task.space)
    for parameter, value in {**task.default, **({"l2": 1e-6} if name == "image" else {})}.items():
        assert space.parameters[parameter].from_unit(space.parameters[parameter].to_unit(value)) == pytest.approx(value)


def test_an_interrupted_measurement_continues(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[int] = []

    def task(seed: int, epochs: int, given: Any) -> Any:
        asked.append(seed)
        return made_task()

    monkeypatch.setitem(arms.DOMAINS, "image", arms.Domain("score", "maximize", 9, task))
    given = Namespace(domains=["image"], images=None, pairs="", clips=None, quick=False, seeds=2, first=5,
                      records=tmp_path / "runs.jsonl")
    first = arms.measure(given)
    assert asked == [5, 6] and [set(found) for found, _ in first["image"]] == [set(arms.ARMS)] * 2
    given.seeds = 3
    assert arms.measure(given)["image"][:2] == first["image"] and asked == [5, 6, 7]


def test_the_gain_is_positive_where_the_score_is_better() -> None:
    assert arms.DOMAINS["image"].gain(0.9, 0.8) > 0.0 > arms.DOMAINS["speech"].gain(0.9, 0.8)


def test_the_report_has_a_verdict_for_each_comparison() -> None:
    task = made_task()
    runs = [(dict(arms.run_arms(arms.DOMAINS["image"], task, 9, seed)), {}) for seed in range(2)]
    parts = arms.report({"image": runs}, Namespace(first=0))
    text = "\n".join(parts)
    assert text.count("the interval must be above zero") == 2
    assert "gain of the whole space over learning rate alone" in text


def test_ibm_model_1_by_hand() -> None:
    """One sentence of one word: with NULL both explain it, and the table of each has it alone."""
    assert words.ibm1([(["ja"], ["yes"])]) == {("", "yes"): 1.0, ("ja", "yes"): 1.0}


@pytest.mark.parametrize("iterations", [1, 5])
def test_em_never_lowers_the_likelihood(iterations: int) -> None:
    split = [(source.lower().split(), target.split()) for source, target in BOOKS]

    def likelihood(table: dict[tuple[str, str], float]) -> float:
        return float(sum(np.log(np.mean([table[other, word] for other in ("", *source)]))
                         for source, target in split for word in target))

    tables = [words.ibm1(split, number) for number in (iterations, iterations + 1)]
    assert likelihood(tables[0]) < likelihood(tables[1])
    for table in tables:
        for source in {source for source, _ in table}:
            assert sum(share for (other, _), share in table.items() if other == source) == pytest.approx(1.0)


def test_word_by_word_keeps_the_order_and_copies_names() -> None:
    assert words.word_by_word(words.dictionary(BOOKS), ["Ein Haus, Noah"]) == ["a house, noah"]


def test_the_nearest_training_pair_by_hand() -> None:
    """"a dog runs" shares 2 of 4 words with "the dog runs", 1 of 4 with "a cat", and none with the last."""
    train = [("a cat", "un gato"), ("the dog runs", "El perro corre ."), ("hello", "hola")]
    assert words.nearest_pairs(train, ["a dog runs", "hello"]) == ["el perro corre.", "hola"]
