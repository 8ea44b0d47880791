"""Does tuning a recogniser of speech pay at equal cost of training, and what does each of its parts gain?

    python -m benchmarks.speech_tuning [--data FOLDER] [--epochs 54] [--seeds 5] [--first 0] [--quick] [--save]

The searches of `scratchtune example speech`, for several seeds: over the whole space, over the learning rate alone, and
over the random seed of the default configuration, at an equal number of epochs. Then the decoding of each one's best
model is tuned, which trains nothing. A seed decides the division of the voices, the weights and the searches. The error
rates on the test voices are compared by their paired differences.

The tuned configuration differs from the default in groups of hyper-parameters: features, acoustic model, its training,
augmentation, language model, decoding. Each combination of groups is trained and decoded with the winner's values for
these groups and the default's for the others, with another seed than the search had, and measured on the test voices.
The share of a group is its Shapley value: what it adds, averaged over all orders in which the groups can be added.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import scratchtune as st
from benchmarks.common import harness
from benchmarks.image_tuning import interval
from scratchtune.examples import arms, speech
from scratchtune.examples.spoken_clips import Corpus, read_corpus
from scratchtune.streams import shown_params

ARMS = ("default", "learning rate alone", "tuned")
OTHER_SEED = 1000  # added to a seed for networks that measure what others chose
TRAINED = {"features": speech.OF_FEATURES, "acoustic model": speech.OF_MODEL,
           "its training": ("learning_rate", "batch_size", "clipping"),
           "augmentation": ("speed", "time_masks", "frequency_masks")}
DECODED = {"language model": ("order", "smoothing", "language_weight"), "decoding": ("beam_width", "insertion_bonus")}
GROUPS = (*TRAINED, *DECODED)
DEFAULT = speech.DEFAULT | speech.GREEDY


def subsets(names: Sequence[str]) -> list[tuple[str, ...]]:
    """All subsets of some names, in their order."""
    return [part for size in range(len(names) + 1) for part in itertools.combinations(names, size)]


def shapley(names: Sequence[str], values: Mapping[tuple[str, ...], float]) -> dict[str, float]:
    """What each name adds to the value of a set of names, averaged over all orders; the sum is the whole difference.

    >>> shapley("ab", {(): 0.0, ("a",): 4.0, ("b",): 0.0, ("a", "b"): 6.0})
    {'a': 5.0, 'b': 1.0}
    """
    found = dict.fromkeys(names, 0.0)
    count = len(names)
    for name in names:
        for part in subsets([other for other in names if other != name]):
            weight = math.factorial(len(part)) * math.factorial(count - len(part) - 1) / math.factorial(count)
            larger = tuple(other for other in names if other in (*part, name))
            found[name] += weight * (values[larger] - values[part])
    return found


def mixed(winner: Mapping[str, Any], groups: Sequence[str]) -> dict[str, Any]:
    """The default configuration with the winner's values for some groups."""
    taken = [name for group in groups for name in {**TRAINED, **DECODED}[group]]
    return DEFAULT | {name: winner[name] for name in taken if name in winner}


def errors_of(winner: Mapping[str, Any], corpus: Corpus, epochs: int, seed: int) -> dict[tuple[str, ...], list[float]]:
    """The word and the character error rate on the test voices for each combination of groups."""
    references = corpus.test.texts

    def measured(trained: tuple[str, ...]) -> dict[tuple[str, ...], list[float]]:
        params, objective = mixed(winner, trained), speech.Objective(epochs, corpus=corpus)
        model = objective.build(params, seed)
        objective.train(model, params, 0, epochs)
        probabilities = model.log_probabilities(corpus.features(model.features, "test"))
        decoding = speech.Decoding(probabilities, references, corpus.train.texts, corpus.alphabet)
        found = {}
        for decoded in subsets(tuple(DECODED)):
            texts = decoding.decoded(mixed(winner, decoded), probabilities)
            found[(*trained, *decoded)] = [st.speech.word_error_rate(references, texts),
                                           st.speech.character_error_rate(references, texts)]
        return found

    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(measured, subsets(tuple(TRAINED))))
    return {groups: rates for part in parts for groups, rates in part.items()}


def one_seed(corpus: Corpus, epochs: int, decodings: int, seed: int) -> dict[str, Any]:
    """Run the three searches and tune the decoding of their best models: what each reaches, its cost, the shares."""
    found: dict[str, Any] = {"seed": seed, "arms": {}}
    for arm in reversed(speech.prepared(corpus, epochs, seed=seed)):
        begun = time.perf_counter()
        arm.run(jobs=2)
        trained = time.perf_counter()
        model = arm.model()
        decoding, study = speech.tune_decoding(model, corpus, decodings, seed=seed)
        seconds = trained - begun, time.perf_counter() - trained
        rows = speech.rows_of(arm, model, decoding, study, corpus)
        found["arms"][arm.name] = {
            "epochs": arm.epochs, "seconds": seconds, "validation": (arm.best.value, study.best_value),
            "WER": [st.speech.word_error_rate(corpus.test.texts, row.transcripts) for row in rows],
            "CER": [st.speech.character_error_rate(corpus.test.texts, row.transcripts) for row in rows],
            "params": arm.objective.params(arm.best) | study.best_params}
    found["errors"] = errors_of(found["arms"]["tuned"]["params"], corpus, epochs, seed + OTHER_SEED)
    return found


# The report -----------------------------------------------------------------------------------------------------------


def difference(found: list[dict[str, Any]], name: str, other: str, way: int, other_way: int) -> str:
    """The paired difference of two word error rates over the seeds, as a line."""
    mean, low, high = interval([run["arms"][name]["WER"][way] - run["arms"][other]["WER"][other_way] for run in found])
    decided = "decided" if low > 0.0 or high < 0.0 else "not decided"
    label = [f"{arm}{', decoding too' * bool(index)}" for arm, index in ((name, way), (other, other_way))]
    return f"- {label[0]} less {label[1]}: {mean:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}: {decided}"


def compared(found: list[dict[str, Any]]) -> list[str]:
    """The error rates of the searches for each seed, their paired differences and costs."""
    rows = [[str(run["seed"]), *(f"{run['arms'][name]['WER'][way]:.4f}" for name in ARMS for way in (0, 1)),
             shown_params(run["arms"]["tuned"]["params"])] for run in found]
    rows.append(["mean", *(f"{np.mean([run['arms'][name]['WER'][way] for run in found]):.4f}"
                           for name in ARMS for way in (0, 1)), ""])
    costs = []
    for name in ARMS:
        runs = [run["arms"][name] for run in found]
        costs.append([name, f"{np.mean([run['epochs'] for run in runs]):.0f}",
                      *(f"{np.mean([run['seconds'][place] for run in runs]):.1f}" for place in (0, 1)),
                      *(f"{np.mean([run['validation'][place] for run in runs]):.4f}" for place in (0, 1))])
    lines = [difference(found, *pair) for pair in (
        ("tuned", "default", 0, 0), ("learning rate alone", "default", 0, 0), ("tuned", "learning rate alone", 0, 0),
        ("tuned", "tuned", 1, 0), ("learning rate alone", "learning rate alone", 1, 0), ("default", "default", 1, 0),
        ("tuned", "learning rate alone", 1, 1), ("tuned", "default", 1, 0))]
    return [
        "Word error rates on the test voices of the model with the best validation score of each search, decoded "
        "greedily, then with tuned decoding:",
        harness.table(["seed", "default", "decoding too", "learning rate", "decoding too", "tuned", "decoding too",
                       "tuned configuration"], rows, "lrrrrrrl"),
        f"Paired differences of the word error rate over {len(found)} seeds, by Student's t:\n\n" + "\n".join(lines),
        "What each search costs, means over the seeds: epochs of all its trainings, seconds on two threads, of the "
        "training and of tuning the decoding; and the best validation scores, CER of the first and WER of the second, "
        "which are those of the best of several trials, and so may be too low.",
        harness.table(["", "epochs", "training s", "decoding s", "validation CER", "validation WER"], costs)]


def shares(found: list[dict[str, Any]]) -> list[str]:
    """The Shapley value of each group of hyper-parameters: its mean over the seeds, an interval, its share."""
    paragraphs = []
    for place, rate in enumerate(("word error rate", "character error rate")):
        first, last = (np.mean([run["errors"][groups][place] for run in found]) for groups in ((), GROUPS))
        paragraphs += [
            f"The {rate} on the test voices, from {first:.4f} (default, greedy) to {last:.4f} (all groups as tuned), "
            "means over the seeds of networks trained with a seed that chose nothing; what each group adds to it:",
            shares_table(found, place, {name: (name,) for name in GROUPS}),
            "The same with language model and decoding as one group, since the insertion bonus was tuned for this "
            "language model, and does harm without it:",
            shares_table(found, place, {**{name: (name,) for name in TRAINED}, " and ".join(DECODED): tuple(DECODED)})]
    return paragraphs


def shares_table(found: list[dict[str, Any]], place: int, parts: Mapping[str, Sequence[str]]) -> str:
    """The Shapley values of some parts, each of which is one group or several together."""
    each = []
    for run in found:
        values = {}
        for chosen in subsets(tuple(parts)):
            groups = [group for name in chosen for group in parts[name]]
            values[chosen] = run["errors"][tuple(group for group in GROUPS if group in groups)][place]
        each.append(shapley(tuple(parts), values))
    total = sum(sum(values.values()) for values in each)
    rows = []
    for name in parts:
        mean, low, high = interval([values[name] for values in each])
        rows.append([name, f"{mean:+.4f}", f"{low:+.4f} to {high:+.4f}", f"{len(found) * mean / total:.1%}"])
    return harness.table(["", "mean", "95 % interval", "share"], rows)


def main() -> None:
    """Measure, print, and with --save write benchmarks/results/speech_tuning.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speech_tuning", description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="a folder of clips, as for the example (default: the built-in synthetic digits)")
    parser.add_argument("--epochs", type=int, default=speech.EPOCHS,
                        help=f"of a full training (default: {speech.EPOCHS})")
    parser.add_argument("--seeds", type=int, default=5, help="3 to 10 (default: 5)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--quick", action="store_true", help="3 seeds, 3 epochs: only to see that it works")
    parser.add_argument("--save", action="store_true", help="write the report to results")
    options = parser.parse_args()
    if options.quick and options.save:
        parser.error("--quick is too small to be a result; leave out --save")
    decodings = speech.DECODINGS
    if options.quick:
        options.seeds, options.epochs, decodings = 3, 3, 5
    if not 3 <= options.seeds <= 10:
        parser.error(f"--seeds is {options.seeds}; it must be from 3 to 10")
    begun, found = time.perf_counter(), []
    for seed in range(options.first, options.first + options.seeds):
        corpus = read_corpus(options.data, seed)
        if not found:
            speech.compile_kernels(corpus)
        found.append(one_seed(corpus, options.epochs, decodings, seed))
    sizes = ", ".join(f"{len(part.clips):,}" for part in (corpus.train, corpus.validation, corpus.test))
    cost = arms.hyperband(options.epochs).cost(going_on=True)
    harness.report("Tuning a recogniser of speech", "speech_tuning", [
        f"{harness.machine()}; {harness.load()}.", harness.versions("numpy", "numba", "scratchtune") + ".",
        f"Data: {options.data or 'the built-in synthetic digit strings'}; {sizes} clips to train on, to validate on "
        f"and to test on, each voice in one part. A full training has {options.epochs} epochs. Each search may spend "
        f"{cost} epochs, the default slightly fewer. All of this took {time.perf_counter() - begun:.0f} s.",
        *compared(found), *shares(found)], options.save)


if __name__ == "__main__":
    main()
