"""Which score should guide the search for a translator?

Random configurations of `scratchtune example translation` are trained for as long as the example's longest training.
After each of Hyperband's budgets their loss and their chrF on the validation pairs are measured, and at the end their
chrF on the test pairs. The better guide ranks the configurations as the final test score does.
"""

from __future__ import annotations

from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from scratchtune.examples import translation
from scratchtune.examples.sentence_pairs import Corpus, read_corpus

EPOCHS = translation.EPOCHS
BUDGETS = (EPOCHS // 9, EPOCHS // 3, EPOCHS)


def ranks(values: list[float]) -> np.ndarray:
    """The rank of each value; equal ones share the mean of theirs."""
    array = np.asarray(values)
    return np.array([(array < value).sum() + ((array == value).sum() - 1) / 2 for value in array])


def spearman(a: list[float], b: list[float]) -> float:
    """Spearman's rank correlation."""
    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def followed(params: dict[str, Any], corpus: Corpus, seed: int) -> dict[str, list[float]]:
    """Train a configuration; its validation loss and chrF after each budget, and its test chrF at the end."""
    model = translation.build(params, corpus, EPOCHS, seed)
    found: dict[str, list[float]] = {"loss": [], "chrF": []}
    done = 0
    for budget in BUDGETS:
        history = model.fit(corpus.train, budget - done, params["batch_size"], verbose=0,
                            validation_data=corpus.validation)
        found["loss"].append(history.history["val_loss"][-1])
        found["chrF"].append(translation.scores(model, corpus.validation)["chrF"])
        done = budget
    return found | {"test": [translation.scores(model, corpus.test)["chrF"]]}


def report(found: list[dict[str, Any]], given: Namespace) -> list[str]:
    """How well each score ranks the configurations, and what its choice would lose."""
    test = [run["test"][0] for run in found]
    rows = []
    for place, budget in enumerate(BUDGETS):
        loss = [-run["loss"][place] for run in found]
        chrf = [run["chrF"][place] for run in found]
        rows.append([str(budget), f"{spearman(loss, test):+.2f}", f"{spearman(chrf, test):+.2f}",
                     f"{test[int(np.argmax(loss))]:.1f}", f"{test[int(np.argmax(chrf))]:.1f}", f"{max(test):.1f}"])
    each = [[str(number), f"{run['loss'][0]:.3f}", f"{run['loss'][-1]:.3f}", f"{run['chrF'][0]:.2f}",
             f"{run['chrF'][-1]:.2f}", f"{run['test'][0]:.2f}"] for number, run in enumerate(found)]
    return [
        f"Data: {given.data}. {given.configurations} random configurations, trained for {EPOCHS} epochs. Rank "
        "correlation (Spearman) with the chrF on the test pairs at the end, of minus the validation loss and of the "
        "validation chrF after so many epochs; then the final test chrF of the configuration that each would choose, "
        "and the highest of all.",
        harness.table(["epochs", "loss: correlation", "chrF: correlation", "loss chooses", "chrF chooses", "best"],
                      rows),
        "Each configuration:",
        harness.table(["", f"loss, {BUDGETS[0]} epochs", f"loss, {EPOCHS}", f"chrF, {BUDGETS[0]}", f"chrF, {EPOCHS}",
                       "test chrF"], each)]


def measure(given: Namespace) -> list[dict[str, Any]]:
    """Follow random configurations."""
    corpus = read_corpus(given.data)
    translation.compile_kernels(corpus)
    study = st.Study(translation.SPACE, "random")
    proposed = [study.ask().params for _ in range(given.configurations)]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda task: followed(task[1], corpus, task[0]), enumerate(proposed)))


BENCHMARK = Benchmark(
    "Which score guides the search for a translator", measure, report,
    variant=lambda given: replace(BENCHMARK, title=f"{BENCHMARK.title}: {given.data}", name="translation_guide" + (
        "" if given.data == "verses" else f"_{given.data}")),
    options={"--data": {"default": "verses", "help": "as for the example (default: verses)"},
             "--configurations": {"type": count, "default": 12, "help": "(default: 12)"}})
