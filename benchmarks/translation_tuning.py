"""Which score should guide the search for a translator, and does tuning pay at equal cost of training?

    python -m benchmarks.translation_tuning [--data verses] [--pairs N] [--epochs 18] [--seeds 5] [--first 0] [--path]
                                            [--quick] [--save]
    python -m benchmarks.translation_tuning --guide [--data verses] [--configurations 12] [--save]

With ``--guide``: random configurations of `scratchtune example translation` are trained for as long as the example's
longest training. After each of Hyperband's budgets their loss and their chrF on the validation pairs are measured, and
at the end their chrF on the test pairs. The better guide ranks the configurations as the final test score does.

Without it: the searches of the example, for several seeds, at an equal number of epochs; the test scores are compared
by their paired differences. A seed decides the division of the pairs (not of the verses), the weights and the searches.
With ``--path``, each seed's winner is reached from the default by one change after the other (an ablation path). The
next change is the one with the highest chrF on the validation pairs; the gain of each is then measured on the test
pairs, with networks trained with another seed. The share of a hyper-parameter is its gain, summed over the seeds,
divided by the sum of all gains.

All of it in a few minutes on two cores, with the synthetic numbers:

    python -m benchmarks.translation_tuning --data numbers --pairs 300 --epochs 9 --path --save
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

import scratchtune as st
from benchmarks.common import harness
from benchmarks.image_tuning import interval
from scratchtune.examples import arms, translation
from scratchtune.examples.sentence_pairs import Corpus, nearest_translations, read_corpus
from scratchtune.streams import shown_params

EPOCHS = translation.EPOCHS
BUDGETS = (EPOCHS // 9, EPOCHS // 3, EPOCHS)
ARMS = ("default", "learning rate alone", "tuned")
OTHER_SEED = 1000  # added to a seed for networks that measure what others chose


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


# Tuned against default, at equal cost ---------------------------------------------------------------------------------


def corpus_of(data: str, seed: int, pairs: int | None) -> Corpus:
    """The pairs of a seed, of which so many are for training (None: all that the example uses)."""
    corpus = read_corpus(data, False, seed)
    return Corpus(corpus.train[:pairs], corpus.validation, corpus.test, [], corpus.lengths)


def score_of(params: dict[str, Any], corpus: Corpus, epochs: int, seed: int, test: bool = False) -> float:
    """Train a configuration; its chrF on the validation pairs or the test pairs."""
    model = translation.build(valid(params), corpus, epochs, seed)
    model.fit(corpus.train, epochs, params["batch_size"], verbose=0)
    return translation.scores(model, corpus.test if test else corpus.validation)["chrF"]


def valid(params: dict[str, Any]) -> dict[str, Any]:
    """A configuration without what its structure does not have."""
    recurrent = params["structure"] in translation.RECURRENT
    return {name: value for name, value in params.items() if recurrent or name != "attention"}


def path_to(
    winner: dict[str, Any], scores: Callable[[list[dict[str, Any]]], list[float]],
) -> list[tuple[str, dict[str, Any]]]:
    """The changes from the default to a winner, always the one with the highest score next: (name, configuration)."""
    here, path = dict(translation.DEFAULT), []
    left = [name for name in here if name in winner and winner[name] != here[name]]
    while left:
        reached = [here | {name: winner[name]} for name in left]
        best = int(np.argmax(scores(reached)))
        here = reached[best]
        path.append((left.pop(best), here))
    return path


def gains_of(winner: dict[str, Any], corpus: Corpus, epochs: int, seed: int) -> dict[str, Any]:
    """The test chrF after each step of the path from the default to a winner, and the trainings that it took."""
    with ThreadPoolExecutor(2) as pool:
        path = path_to(winner, lambda several: list(pool.map(
            partial(score_of, corpus=corpus, epochs=epochs, seed=seed), several)))
        ends = [dict(translation.DEFAULT), *(params for _, params in path)]
        scores = list(pool.map(partial(
            score_of, corpus=corpus, epochs=epochs, seed=seed + OTHER_SEED, test=True), ends))
    names = [name for name, _ in path]
    return {"names": names, "scores": scores, "gains": dict(zip(names, np.diff(scores).tolist(), strict=True))}


def one_seed(corpus: Corpus, epochs: int, seed: int, with_path: bool) -> dict[str, Any]:
    """Run the three searches; the test chrF of each one's best model, what it cost, and the path to the winner."""
    searches = translation.prepared(corpus, epochs, seed=seed)
    nearest = nearest_translations(corpus.train, [source for source, _ in corpus.test])
    found: dict[str, Any] = {
        "seed": seed, "nearest": translation.scores_of(nearest, corpus.test)["chrF"], "arms": {}, "path": None}
    for arm in reversed(searches):
        begun = time.perf_counter()
        arm.run(jobs=2)
        seconds = time.perf_counter() - begun
        model = arm.model()
        begun = time.perf_counter()
        score_of(arm.objective.params(arm.best), corpus, epochs, seed)
        found["arms"][arm.name] = {
            "test": translation.scores(model, corpus.test)["chrF"], "loss": model.evaluate(corpus.test)["loss"],
            "validation": arm.best.value, "epochs": arm.epochs, "seconds": seconds,
            "one": time.perf_counter() - begun, "params": arm.best.params}
    if with_path:
        found["path"] = gains_of(searches[0].objective.params(searches[0].best), corpus, epochs, seed)
    return found


def compared(found: list[dict[str, Any]]) -> list[str]:
    """The scores of the searches for each seed, their paired differences and costs."""
    rows, costs = [], []
    for run in found:
        cells = [text for name in ARMS for text in (
            f"{run['arms'][name]['test']:.2f}", f"{run['arms'][name]['loss']:.3f}")]
        rows.append([str(run["seed"]), f"{run['nearest']:.2f}", *cells, shown_params(run["arms"]["tuned"]["params"])])
    for name in ARMS:
        costs.append([name, *(f"{np.mean([run['arms'][name][key] for run in found]):.{digits}f}" for key, digits in (
            ("epochs", 0), ("seconds", 1), ("one", 1), ("validation", 2), ("test", 2)))])
    lines = []
    for name, other in (("tuned", "default"), ("learning rate alone", "default"), ("tuned", "learning rate alone")):
        mean, low, high = interval([run["arms"][name]["test"] - run["arms"][other]["test"] for run in found])
        decided = "decided" if low > 0.0 or high < 0.0 else "not decided"
        lines.append(f"- {name} less {other}: {mean:+.2f}, 95 % interval {low:+.2f} to {high:+.2f}: {decided}")
    return [
        "chrF (and loss) on the test pairs of the model with the best validation chrF of each search:",
        harness.table(["seed", "nearest pair", "default", "loss", "learning rate", "loss", "tuned", "loss",
                       "tuned configuration"], rows, "lrrrrrrrl"),
        f"Paired differences of the test chrF over {len(found)} seeds, by Student's t:\n\n" + "\n".join(lines),
        "What each search costs, means over the seeds: epochs of all its trainings, its seconds on two threads, "
        "and those of one training of what it found, on one thread (all with the translation of the validation pairs). "
        "The validation chrF is that of the best of several trials, and so may be too high.",
        harness.table(["", "epochs", "search s", "one training s", "validation chrF", "test chrF"], costs)]


def shares(found: list[dict[str, Any]]) -> list[str]:
    """The gain of each hyper-parameter on the paths: its mean over the seeds, an interval, its share of all gains."""
    total = sum(sum(run["path"]["gains"].values()) for run in found)
    rows = []
    for name in translation.DEFAULT:
        gains = [run["path"]["gains"].get(name, 0.0) for run in found]
        mean, low, high = interval(gains)
        changed = sum(name in run["path"]["gains"] for run in found)
        rows.append([name, str(changed), f"{mean:+.2f}", f"{low:+.2f} to {high:+.2f}", f"{sum(gains) / total:.1%}"])
    steps = [[str(run["seed"]), f"{run['path']['scores'][0]:.2f}", " ".join(
        f"{name} {gain:+.2f};" for name, gain in run["path"]["gains"].items()).rstrip(";"),
        f"{run['path']['scores'][-1]:.2f}"] for run in found]
    return [
        "The path from the default to the winner: test chrF of the default, the gain of each change in the order of "
        "the path, test chrF of the winner. All networks are trained again, with a seed that chose nothing.",
        harness.table(["seed", "default", "gains", "winner"], steps, "lrlr"),
        "The gain of each hyper-parameter, 0 where the winner has the default's value, and its share of the sum:",
        harness.table(["", "winners that change it", "mean gain", "95 % interval", "share"], rows)]


def tuned(options: argparse.Namespace) -> list[str]:
    """Compare the example's searches for each seed; with a path, say which hyper-parameters the gain is due to."""
    begun, found = time.perf_counter(), []
    for seed in range(options.first, options.first + options.seeds):
        corpus = corpus_of(options.data, seed, options.pairs)
        if not found:
            translation.compile_kernels(corpus)
            begun = time.perf_counter()
        found.append(one_seed(corpus, options.epochs, seed, options.path))
    sizes = ", ".join(f"{len(part):,}" for part in (corpus.train, corpus.validation, corpus.test))
    return [f"{sizes} pairs to train on, to validate and to test; a full training has {options.epochs} epochs. Each "
            f"search may spend {arms.hyperband(options.epochs).cost(going_on=True)} epochs, the default "
            f"slightly fewer. All of this took {time.perf_counter() - begun:.0f} s.",
            *compared(found), *(shares(found) if options.path else [])]


def main() -> None:
    """Measure, print, and with --save write benchmarks/results/translation_tuning.md or translation_guide.md."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.translation_tuning", description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="verses", help="as for the example (default: verses)")
    parser.add_argument("--configurations", type=int, default=12, help="with --guide (default: 12)")
    parser.add_argument("--pairs", type=int, help="at most so many pairs to train on (default: as the example)")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"of a full training (default: {EPOCHS})")
    parser.add_argument("--seeds", type=int, default=5, help="3 to 10 (default: 5)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--path", action="store_true", help="measure which hyper-parameters the gain is due to")
    parser.add_argument("--quick", action="store_true", help="3 seeds, 60 pairs, 3 epochs: only to see that it works")
    parser.add_argument("--guide", action="store_true", help="measure which score is the better guide")
    parser.add_argument("--save", action="store_true", help="write the report to results")
    options = parser.parse_args()
    if options.quick and options.save:
        parser.error("--quick is too small to be a result; leave out --save")
    if options.quick:
        options.seeds, options.pairs, options.epochs = 3, 60, 3
    if not options.guide and not 3 <= options.seeds <= 10:
        parser.error(f"--seeds is {options.seeds}; it must be from 3 to 10")
    head = [f"{harness.machine()}; {harness.load()}.", harness.versions("numpy", "numba", "scratchtune") + ".",
            f"Data: {options.data}."]
    title, name = "Tuning a translator", "translation_tuning"
    if options.guide:
        title, name = "Which score guides the search for a translator", "translation_guide"
        found = guide(read_corpus(options.data), options.configurations)
    else:
        found = tuned(options)
    suffix = "" if options.data == "verses" else f"_{options.data}"
    harness.report(f"{title}: {options.data}", name + suffix, [*head, *found], options.save, "translation_tuning")


if __name__ == "__main__":
    main()
