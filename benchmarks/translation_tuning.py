"""Which score should guide the search for a translator, and does tuning pay at equal cost of training?

    python -m benchmarks.translation_tuning [--data verses] [--configurations 12] [--seeds 3] [--first 0] [--guide]
                                            [--save]

With ``--guide``: random configurations of `scratchtune example translation` are trained for as long as the example's
longest training. After each of Hyperband's budgets their loss and their chrF on the validation pairs are measured, and
at the end their chrF on the test pairs. The better guide ranks the configurations as the final test score does.

Without it: the searches of the example, for several seeds; the scores are those of the table that it prints.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import scratchtune as st
from benchmarks.common import harness
from scratchtune.examples import translation
from scratchtune.examples.sentence_pairs import Corpus, nearest_translations, read_corpus
from scratchtune.streams import shown_params

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


def guide(corpus: Corpus, configurations: int) -> list[str]:
    """Follow random configurations; return how well each score ranks them, and what its choice would lose."""
    translation.compile_kernels(corpus)
    study = st.Study(translation.SPACE, "random")
    proposed = [study.ask().params for _ in range(configurations)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda task: followed(task[1], corpus, task[0]), enumerate(proposed)))
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
        f"{configurations} random configurations, trained for {EPOCHS} epochs. Rank correlation (Spearman) with the "
        "chrF on the test pairs at the end, of minus the validation loss and of the validation chrF after so many "
        "epochs; then the final test chrF of the configuration that each would choose, and the highest of all.",
        harness.table(["epochs", "loss: correlation", "chrF: correlation", "loss chooses", "chrF chooses", "best"],
                      rows),
        "Each configuration:",
        harness.table(["", f"loss, {BUDGETS[0]} epochs", f"loss, {EPOCHS}", f"chrF, {BUDGETS[0]}", f"chrF, {EPOCHS}",
                       "test chrF"], each)]


def tuned(data: str, seeds: range) -> list[str]:
    """Run the example's searches for each seed; return the test scores of each search's best model."""
    rows = []
    for seed in seeds:
        corpus = read_corpus(data, False, seed)
        arms = translation.prepared(corpus, seed=seed)
        translation.compile_kernels(corpus)
        nearest = nearest_translations(corpus.train, [source for source, _ in corpus.test])
        cells = [f"{translation.scores_of(nearest, corpus.test)['chrF']:.2f}"]
        for arm in reversed(arms):
            begun = time.perf_counter()
            arm.run(jobs=2)
            seconds = time.perf_counter() - begun
            cells += [f"{translation.scores(arm.model(), corpus.test)['chrF']:.2f}", f"{seconds:.0f}"]
        rows.append([str(seed), *cells, shown_params(arms[0].best.params)])
    return [
        f"chrF on the test pairs of the model with the best validation chrF of each search, all of which train for "
        f"{translation.hyperband(EPOCHS).cost(going_on=True)} epochs (the default slightly fewer), and the seconds of "
        "each search on two threads.",
        harness.table(["seed", "nearest pair", "default", "s", "learning rate", "s", "tuned", "s", "configuration"],
                      rows, "lrrrrrrrl")]


def main() -> None:
    """Measure, print, and with --save write benchmarks/results/translation_tuning.md or translation_guide.md."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.translation_tuning", description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="verses", help="as for the example (default: verses)")
    parser.add_argument("--configurations", type=int, default=12, help="with --guide (default: 12)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--guide", action="store_true", help="measure which score is the better guide")
    parser.add_argument("--save", action="store_true", help="write the report to results")
    options = parser.parse_args()
    head = [f"{harness.machine()}; {harness.load()}.", harness.versions("numpy", "numba", "scratchtune") + ".",
            f"Data: {options.data}."]
    title, name = "Tuning a translator", "translation_tuning"
    if options.guide:
        title, name = "Which score guides the search for a translator", "translation_guide"
        found = guide(read_corpus(options.data), options.configurations)
    else:
        found = tuned(options.data, range(options.first, options.first + options.seeds))
    suffix = "" if options.data == "verses" else f"_{options.data}"
    harness.report(f"{title}: {options.data}", name + suffix, [*head, *found], options.save, "translation_tuning")


if __name__ == "__main__":
    main()
