"""What does tuning the whole space gain over the learning rate alone, and over the default, at equally many epochs?

Three domains, each with the space and the objective of its example (`scratchtune example image`): image classification
(accuracy on the test images), translation (chrF of the test pairs) and speech recognition (character error rate of the
test voices, greedy decoding). Each seed draws other parts of the data, other weights and other proposals; no search has
seen its test set. Three arms train for equally many epochs:

- whole space: Hyperband, whose schedule sets the number of epochs for all;
- learning rate alone: the same schedule, with the other hyper-parameters of the default;
- default: trained as often as fits, each time with other weights; the validation score chooses one.

The default is the library's: of translators and recognisers what `fit` chooses for so many rows and epochs, of images
Adam with Keras's learning rate. The spaces contain it, except that images have an L2 penalty of at least 1e-6. The data
are few, since with 250 pairs the default has little left to gain. Two translators without a network are in the report.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.word_by_word import dictionary, nearest_pairs, word_by_word
from scratchtune.core.streams import shown_params
from scratchtune.examples import image, sentence_pairs, speech, spoken_clips, translation
from scratchtune.examples.shared import hyperband
from scratchtune.sequences.sequence_model import CLIPPING, chosen_training

ARMS = ("whole space", "learning rate alone", "default")
IMAGES, PAIRS = 500, 100  # to train and to validate on; to train on
DECISIVE = 10  # draws; nothing follows from fewer
RESTART = "restart"  # the only hyper-parameter of the default's arm: its values change nothing but the seed


class Task(NamedTuple):
    """What is searched on one seed's data, and how the model that a trial has saved is tested."""

    space: Mapping[str, Any]
    default: Mapping[str, Any]
    objective: Callable[[Mapping[str, Any]], Callable[[st.Trial], float]]  # of the hyper-parameters that are fixed
    tested: Callable[[Mapping[str, Any], st.Trial], float]
    others: Mapping[str, float] = {}  # test scores without a network


class Domain(NamedTuple):
    """A domain: the name of its score, whether larger is better, the longest training, and the task of a seed."""

    score: str
    direction: str
    epochs: int
    task: Callable[[int, int, Namespace], Task]  # seed, epochs, options

    def gain(self, a: float, b: float) -> float:
        """How much better the score a is than b."""
        return a - b if self.direction == "maximize" else b - a


def image_task(seed: int, epochs: int, given: Namespace) -> Task:
    """A few hundred images of clothes, a fifth of them to validate on."""
    (X, y), test = image.load(given.images, seed)
    A, B, a, b = st.train_test_split(
        X, y, train_size=IMAGES * 4 // 5, test_size=IMAGES // 5, random_state=seed, stratify=y)

    def tested(params: Mapping[str, Any], trial: st.Trial) -> float:
        model = image.network(params, A, a, epochs, trial.seed)
        model.set_state(trial.saved or {})
        return float(model.evaluate(*test)["accuracy"])

    return Task(image.SPACE, image.DEFAULT, lambda fixed: image.objective((A, a), (B, b), epochs, fixed), tested)


def translation_task(seed: int, epochs: int, given: Namespace) -> Task:
    """The first few training pairs of ``--pairs``, so that configurations differ, and all test pairs."""
    corpus = sentence_pairs.read_corpus(given.pairs, True, seed)
    corpus = corpus._replace(train=corpus.train[:PAIRS])
    chosen = chosen_training(len(corpus.train), max(corpus.lengths), st.Seq2Seq.rate, epochs=epochs)
    default = translation.DEFAULT | {
        "learning_rate": chosen.learning_rate, "batch_size": chosen.batch_size, "clipping": CLIPPING}

    def tested(params: Mapping[str, Any], trial: st.Trial) -> float:
        model = translation.build(params, corpus, epochs, trial.seed)
        model.network.set_state(trial.saved or {})
        return translation.scores(model, corpus.test)["chrF"]

    sources = [source for source, _ in corpus.test]
    found = {"nearest training pair": nearest_pairs(corpus.train, sources),
             "dictionary": word_by_word(dictionary(corpus.train), sources)}
    return Task(translation.SPACE, default, lambda fixed: translation.objective(corpus, epochs, fixed), tested,
                {name: translation.scores_of(texts, corpus.test)["chrF"] for name, texts in found.items()})


def speech_task(seed: int, epochs: int, given: Namespace) -> Task:
    """The built-in digit strings, synthetic; no voice is in two parts."""
    corpus = spoken_clips.read_corpus(given.clips, seed)
    rows = corpus.train.clips
    chosen = chosen_training(len(rows), max(map(len, corpus.train.texts)), st.SpeechRecognizer.rate, epochs=epochs)
    default = speech.DEFAULT | {
        "kind": "log_mel", "step": 0.02, "dropout": 0.2, "speed": 0.1, "clipping": CLIPPING,
        "learning_rate": chosen.learning_rate, "batch_size": chosen.batch_size}

    def tested(params: Mapping[str, Any], trial: st.Trial) -> float:
        model = speech.build(params, corpus, epochs, trial.seed)
        model.network.set_state(trial.saved or {})
        found = model.transcribe(corpus.features(model.features, "test"))
        return st.speech.character_error_rate(corpus.test.texts, found)

    return Task(speech.SPACE, default, lambda fixed: speech.objective(corpus, epochs, fixed), tested)


DOMAINS = {
    "image": Domain("test accuracy", "maximize", 9, image_task),
    "translation": Domain("test chrF", "maximize", 18, translation_task),
    "speech": Domain("test character error rate", "minimize", 9, speech_task),
}


class Outcome(NamedTuple):
    """What an arm has found: its test score, the epochs of all its trainings, and the configuration."""

    test: float
    epochs: int
    params: dict[str, Any]


def trainings(epochs: int) -> int:
    """The number of trainings of ``epochs`` epochs that have as many epochs as Hyperband's schedule, rounded down."""
    return int(hyperband(epochs).cost(going_on=True) // epochs)


def spent(study: st.Study, epochs: int) -> int:
    """The epochs of all trainings of a study; of a promoted trial, only those after its parent's."""
    budgets = [int(trial.budget or epochs) for trial in study.trials]
    return sum(budgets) - sum(budgets[trial.parent] for trial in study.trials if trial.parent is not None)


def run_arms(domain: Domain, task: Task, epochs: int, seed: int) -> Iterator[tuple[str, Outcome]]:
    """Run the three searches of a task."""
    full = trainings(epochs)
    rate = {"learning_rate": task.space["learning_rate"]}
    for name, space, fixed, searcher, trials in (
        (ARMS[0], task.space, {}, hyperband(epochs), None), (ARMS[1], rate, task.default, hyperband(epochs), None),
        (ARMS[2], {RESTART: list(range(full))}, task.default, st.GridSearch(), full),
    ):
        study = st.Study(space, searcher, domain.direction, seed)
        study.run(task.objective(fixed), trials, progress=False, max_failures="unlimited")
        params = {**fixed, **study.best_params}
        yield name, Outcome(task.tested(params, study.best_trial), spent(study, epochs), params)


Found = dict[str, list[tuple[dict[str, Outcome], Mapping[str, float]]]]  # of each domain, one for each seed


def measure(given: Namespace) -> Found:
    """Run the arms of each seed and domain; each run is appended to a file when it has ended."""
    def work(domain: str, seed: int, epochs: int, **_: Any) -> dict[str, Any]:
        task = DOMAINS[domain].task(seed, epochs, given)
        return {"arms": dict(run_arms(DOMAINS[domain], task, epochs, seed)), "others": task.others}

    data = " ".join(map(str, (given.images, given.pairs, given.clips)))
    plan = [{"domain": name, "seed": given.first + number, "epochs": 3 if given.quick else DOMAINS[name].epochs,
             "data": data} for number in range(2 if given.quick else given.seeds) for name in given.domains]
    runs = harness.remembered(given, plan, work)
    return {name: [({arm: Outcome(*found) for arm, found in run["arms"].items()}, run["others"]) for run in runs
                   if run["domain"] == name] for name in given.domains}


def domain_report(name: str, runs: list[tuple[dict[str, Outcome], Mapping[str, float]]], given: Namespace) -> list[str]:
    """The scores of each seed, the gains of the whole space, and their bars."""
    domain, others = DOMAINS[name], list(runs[0][1])
    rows = [[str(given.first + number), *(f"{arms[arm].test:.4f}" for arm in ARMS), *(f"{more[other]:.4f}" for other in
             others), " ".join(str(arms[arm].epochs) for arm in ARMS)] for number, (arms, more) in enumerate(runs)]
    bars = []
    for arm in ARMS[1:]:
        gains = [domain.gain(arms[ARMS[0]].test, arms[arm].test) for arms, _ in runs]
        mean, low, high = harness.interval(gains)
        bars.append(harness.verdict(low > 0.0 if len(runs) >= DECISIVE else None, (
            f"{name}: {domain.score}, gain of the whole space over {arm}, mean {mean:+.4f}, 95 % interval {low:+.4f} "
            f"to {high:+.4f}, above zero in {sum(gain > 0.0 for gain in gains)} of {len(runs)} draws: the interval "
            "must be above zero"), f"nothing follows from fewer than {DECISIVE} draws"))
    winners = [[str(given.first + number), shown_params(arms[ARMS[0]].params)] for number, (arms, _) in enumerate(runs)]
    return [f"## {name.capitalize()}: {domain.score}", harness.table(["seed", *ARMS, *others, "epochs"], rows),
            "\n".join(bars), "What the search over the whole space found:",
            harness.table(["seed", "configuration"], winners, "ll")]


def report(found: Found, given: Namespace) -> list[str]:
    """A part for each domain."""
    return [part for name, runs in found.items() for part in domain_report(name, runs, given)]


ANSWER = (
    "Nothing is decided, by two draws: the whole space won against the default on images, by 0.0705 of the accuracy, "
    "and lost 0.0386 to the learning rate alone; it lost to both on translation, by 27.2056 and 27.6578 chrF, and on "
    "speech, where its character error rate is higher by 0.2432 and 0.2292.")
BENCHMARK = Benchmark(
    "Tuning the whole space, the learning rate alone, nothing", measure, report,
    quick="two seeds, three epochs: only whether it runs", options={
        "--domains": {"nargs": "+", "choices": list(DOMAINS), "default": list(DOMAINS), "help": "(default: all)"},
        "--images": {"type": Path, "help": "a folder of IDX files (default: the built-in part of Fashion-MNIST)"},
        "--pairs": {"default": "numbers", "help": "as --data of the example (default: numbers)"},
        "--clips": {"type": Path, "help": "a folder of clips with transcripts (default: the built-in digit strings)"},
        "--records": {"type": Path, "default": harness.RESULTS / "arms.jsonl", "help": "the file of all runs"},
        "--seeds": {"type": int, "default": DECISIVE, "choices": sorted(harness.STUDENT)},
        "--first": {"type": int, "default": 100, "help": "the first seed (default: 100; lower ones were used to choose "
                                                         "the spaces)"}})
