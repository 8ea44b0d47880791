"""Does attention pay at equal cost, and is the translator better than a dictionary, and as good as one in PyTorch?

Number words and dates, both synthetic: the share of held-out pairs that are translated without a mistake, with dot
attention and without. Equal cost means equally many multiply-adds in training: without attention a row takes fewer, so
it is trained for more epochs. Each seed draws other pairs and other weights.

Verses: chrF and BLEU on the test part, which no choice has seen. The baseline is a dictionary learned by IBM Model 1,
both directions of it, and one alone. PyTorch trains the same network from the same weights on the same batches; only
its dropout is drawn otherwise. References are in lower case, as all translations are. Networks alone write greedily;
they never write the unknown token, or copy the most attended source word in its place. With the dictionary's help, a
beam search decodes by `text.LexicalPrior`, in the same way for both. The ensemble averages our networks of all seeds,
and costs as many times the training and the decoding; the dictionary costs less than a second.
"""

from __future__ import annotations

import itertools
import math
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

import scratchtune as st
from benchmarks.common import harness, translators
from benchmarks.common.benchmark import Benchmark

Pairs = list[tuple[str, str]]
ATTENTIONS = ("dot", "none")
WANTED = 0.99  # of exact matches with attention
TASKS: dict[str, Callable[..., Pairs]] = {"number words": st.datasets.number_words, "dates": st.datasets.dates}


class Plan(NamedTuple):
    """The hyper-parameters of a network and of its training; its learning rate decays to 0 by a half cosine."""

    embedding: int
    units: int
    learning_rate: float
    epochs: int
    batch_size: int = 32
    dropout: float = 0.0
    clipping: float | None = None  # the largest norm of the gradient
    weight_decay: float = 0.0
    min_count: int = 1  # of the tokens in a vocabulary


SYNTHETIC = {"number words": (Plan(32, 64, 0.005, 14), 2000), "dates": (Plan(32, 64, 0.005, 20), 4000)}
HELD_OUT = 500  # pairs
VERSES = Plan(64, 128, 0.005, 18, 16, 0.5, 1.0, min_count=5)  # chosen on the validation part
BEAM = 4  # with the dictionary's help
PRIOR = ", the dictionary helps"


# Training -------------------------------------------------------------------------------------------------------------


class Rows(NamedTuple):
    """Training pairs for a network: what it reads, sources and targets side by side, and what it must write."""

    X: np.ndarray
    y: np.ndarray


def made(plan: Plan, train: Pairs, every: Pairs, attention: str, epochs: int, seed: int) -> st.Seq2Seq:
    """An untrained model that is long enough for every pair, and whose vocabularies are those of the training pairs."""
    vocabularies = [st.text.Vocabulary(texts, plan.min_count) for texts in zip(*train, strict=True)]
    lengths = [max(len(st.text.tokenize(text)) for text in texts) for texts in zip(*every, strict=True)]
    model = st.Seq2Seq(
        *vocabularies, attention=attention, embedding=plan.embedding, units=plan.units, dropout=plan.dropout,
        source_length=lengths[0], target_length=lengths[1] + 1, seed=seed)
    model.compile(optimizer(plan, len(train), epochs))
    model.build()
    model.warns = False
    return model


def optimizer(plan: Plan, pairs: int, epochs: int) -> st.Adam:
    """Adam, with a learning rate that decays over all steps."""
    rate = st.schedules.CosineDecay(plan.learning_rate, epochs * math.ceil(pairs / plan.batch_size))
    return st.Adam(rate, weight_decay=plan.weight_decay, global_clipnorm=plan.clipping)


def rows(model: st.Seq2Seq, pairs: Pairs) -> Rows:
    """The rows of training pairs, as `Seq2Seq.fit` makes them."""
    source, target = model.source_vocabulary, model.target_vocabulary
    length = model.target_length

    def padded(ids: list[list[int]], size: int | None) -> np.ndarray:
        return st.text.pad_sequences(ids, size, "float32", "post", "post")

    read = padded([target.encode(text, start=True) for _, text in pairs], length)
    written = padded([target.encode(text, end=True) for _, text in pairs], length)
    return Rows(np.hstack([padded([source.encode(text) for text, _ in pairs], model.source_length), read]), written)


def orders(number: int, epochs: int, seed: int) -> Iterator[np.ndarray]:
    """A new order of the rows for each epoch."""
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        yield rng.permutation(number)


def train_ours(model: st.Seq2Seq, data: Rows, plan: Plan, epochs: int, seed: int) -> None:
    """Train our network on batches in given orders."""
    for order in orders(len(data.X), epochs, seed):
        model.network.fit(data.X[order], data.y[order], plan.batch_size, shuffle=False, verbose=0)


def train_pytorch(model: st.Seq2Seq, data: Rows, plan: Plan, epochs: int, seed: int) -> torch.nn.Module:
    """Train a copy of our untrained network in PyTorch on the same batches; return it."""
    torch.manual_seed(seed)
    network = translators.copied(model, packed=True).train()
    adam = torch.optim.Adam if plan.weight_decay == 0.0 else torch.optim.AdamW
    kind = adam(network.parameters(), plan.learning_rate, eps=1e-8, weight_decay=plan.weight_decay)
    steps = epochs * math.ceil(len(data.X) / plan.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(kind, steps)
    X, y, length = torch.as_tensor(data.X).long(), torch.as_tensor(data.y).long(), model.source_length
    for order in orders(len(data.X), epochs, seed):
        for batch in torch.as_tensor(order).split(plan.batch_size):
            kind.zero_grad()
            each = torch.nn.functional.cross_entropy(
                network(X[batch, :length], X[batch, length:]).transpose(1, 2), y[batch], ignore_index=0,
                reduction="none")
            (each.sum(1) / (y[batch] != 0).sum(1)).mean().backward()
            if plan.clipping is not None:
                torch.nn.utils.clip_grad_norm_(network.parameters(), plan.clipping)
            kind.step()
            schedule.step()
    return network.eval()


def multiply_adds(model: st.Seq2Seq) -> int:
    """The multiply-adds of a row in a forward pass of a GRU; a step takes three times as many."""
    given = model.arguments
    units, size, source, target = given["units"], given["embedding"], model.source_length, model.target_length
    assert source is not None and target is not None
    attends = given["attention"] != "none"
    recurrent = (source + target) * (size + units) * 3 * units
    attention = 2 * target * source * units if attends else 0
    return recurrent + attention + target * units * ((2 if attends else 1) * units + len(model.target_vocabulary))


# Translating ----------------------------------------------------------------------------------------------------------


def spelled(text: str) -> str:
    """A text as translations are spelled."""
    return st.text.detokenize(st.text.tokenize(text))


class InPyTorch(st.Seq2Seq):
    """A translator whose decoding asks a network in PyTorch."""

    def __init__(self, model: st.Seq2Seq, network: torch.nn.Module) -> None:
        vars(self).update(vars(model))
        self.peer = network

    def next_tokens(self, sources: np.ndarray, prefixes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-probabilities of the next token, and attention's weights."""
        with torch.no_grad():
            logits, weights = self.peer.looked_up(torch.as_tensor(sources).long(), torch.as_tensor(prefixes))
        return torch.log_softmax(logits[:, -1].double(), -1).numpy(), weights.double().numpy()


class Together(st.Seq2Seq):
    """An ensemble: the mean of the probabilities, and of attention's weights, of networks with one vocabulary."""

    def __init__(self, models: Sequence[st.Seq2Seq]) -> None:
        vars(self).update(vars(models[0]))
        self.models = models

    def next_tokens(self, sources: np.ndarray, prefixes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-probabilities of the next token, and attention's weights."""
        each = [model.next_tokens(sources, prefixes) for model in self.models]
        return np.log(np.mean([np.exp(found) for found, _ in each], axis=0)), np.mean([own for _, own in each], axis=0)


def with_prior(model: st.Seq2Seq, prior: st.text.LexicalPrior, texts: list[str], width: int = BEAM) -> list[str]:
    """Translations with a dictionary's help."""
    found: list[str] = model.translate(texts, width, 1.0, prior=prior)
    return found


# Measurements ---------------------------------------------------------------------------------------------------------


def synthetic(task: str, seed: int, quick: bool) -> dict[str, dict[str, float]]:
    """Exact match on held-out pairs, and what the training took, with attention and without."""
    plan, number = SYNTHETIC[task]
    number, most = (200, 2) if quick else (number, plan.epochs)
    pairs = TASKS[task](number + HELD_OUT, seed=seed)
    order = np.random.default_rng(seed).permutation(len(pairs))
    pairs = [pairs[index] for index in order]
    train, held_out = pairs[:number], pairs[number:]
    cost = {name: multiply_adds(made(plan, train, pairs, name, 1, seed)) for name in ATTENTIONS}
    found = {}
    for name in ATTENTIONS:
        epochs = math.ceil(most * cost["dot"] / cost[name])
        model = made(plan, train, pairs, name, epochs, seed)
        train_ours(model, rows(model, train), plan, epochs, seed)
        translations = model.translate([source for source, _ in held_out])
        found[name] = {"epochs": epochs, "exact match": st.text.exact_match(
            [spelled(target) for _, target in held_out], translations)}
    return found


def scores(pairs: Pairs, translations: list[str]) -> dict[str, float]:
    """chrF and BLEU of translations."""
    references = [spelled(target) for _, target in pairs]
    return {"chrF": st.text.chrf_score(references, translations), "BLEU": st.text.bleu_score(references, translations)}


def dictionaries(train: Pairs, test: Pairs) -> dict[str, dict[str, float]]:
    """The scores of IBM Model 1: the product of both directions, and t(target | source) alone."""
    dictionary = st.text.Dictionary().fit(train)
    both = dictionary.translate([source for source, _ in test])
    dictionary.words = {word: next(iter(dictionary.forward.probabilities(word)))
                        for word in dictionary.forward.source_words}
    alone = dictionary.translate([source for source, _ in test])
    return {"IBM Model 1": scores(test, both), "IBM Model 1, one direction": scores(test, alone)}


def verses(seed: int, train: Pairs, test: Pairs, plan: Plan) -> tuple[st.Seq2Seq, dict[str, dict[str, float]]]:
    """Our network, and the scores of ours and of PyTorch's, alone and with the dictionary's help."""
    texts = [source for source, _ in test]
    dictionary = st.text.Dictionary().fit(train)
    prior = st.text.LexicalPrior(dictionary)
    model = made(plan, train, train + test, "dot", plan.epochs, seed)
    data = rows(model, train)
    peer = InPyTorch(model, train_pytorch(model, data, plan, plan.epochs, seed))
    train_ours(model, data, plan, plan.epochs, seed)
    found = {}
    for name, each in (("ours", model), ("PyTorch", peer)):
        found[name] = scores(test, each.translate(texts))
        found[f"{name}, unknown tokens copied"] = scores(test, each.translate(texts, unknown="copy"))
        found[f"{name}{PRIOR}"] = scores(test, with_prior(each, prior, texts))
    return model, found


# The report -----------------------------------------------------------------------------------------------------------


Found = tuple[dict[str, list[dict[str, dict[str, float]]]], dict[str, dict[str, float]]]


def synthetic_report(task: str, found: list[dict[str, dict[str, float]]], quick: bool) -> list[str]:
    """A task's table and its bars."""
    lines = [[str(seed), *(f"{run[name][what]:{form}}" for name in ATTENTIONS
                           for what, form in (("exact match", ".3f"), ("epochs", ".0f")))]
             for seed, run in enumerate(found)]
    reached = float(np.mean([run["dot"]["exact match"] for run in found]))
    gain, low, high = harness.interval([run["dot"]["exact match"] - run["none"]["exact match"] for run in found])
    plan, number = SYNTHETIC[task]
    return [
        f"{task.capitalize()}: exact match on {HELD_OUT} held-out pairs after training on {number:,} ({shown(plan)}).",
        harness.table(["seed", "with attention", "epochs", "without", "epochs"], lines),
        "\n".join([
            harness.bar(f"{task}: exact match with attention, mean", None if quick else reached, WANTED, "", digits=4),
            harness.verdict(None if quick else low > 0.0, (
                f"{task}: exact match with attention less without at equal cost, mean {gain:+.3f}, 95 % interval "
                f"{low:+.3f} to {high:+.3f}: it must be above zero")),
        ])]


def shown(plan: Plan) -> str:
    """A plan as text."""
    return ", ".join(f"{name} {value}" for name, value in plan._asdict().items())


def verses_report(
    baseline: dict[str, dict[str, float]], found: list[dict[str, dict[str, float]]], given: Namespace,
) -> list[str]:
    """The verses' table and its bars."""
    names = list(found[0])
    lines = [[name, f"{run['chrF']:.2f}", "", f"{run['BLEU']:.2f}", ""] for name, run in baseline.items()]
    for name in names:
        cells = []
        for what in ("chrF", "BLEU"):
            mean, low, _ = harness.interval([run[name][what] for run in found])
            cells += [f"{mean:.2f}", f"{mean - low:.2f}"]
        lines.append([name, *cells])
    bars = []
    for what in ("chrF", "BLEU"):
        above, low, high = harness.interval(
            [run[f"ours{PRIOR}"][what] - baseline["IBM Model 1"][what] for run in found])
        bars.append(harness.verdict(None if given.quick else low > 0.0, (
            f"verses: {what} of ours{PRIOR}, less that of IBM Model 1, mean {above:+.2f}, 95 % interval {low:+.2f} to "
            f"{high:+.2f}: it must be above zero")))
    for name in ("", PRIOR):
        peer, least, most = harness.interval(
            [run[f"ours{name}"]["chrF"] - run[f"PyTorch{name}"]["chrF"] for run in found])
        bars.append(harness.verdict(None if given.quick else most >= 0.0, (
            f"verses: chrF of ours{name}, less PyTorch's, mean {peer:+.2f}, 95 % interval {least:+.2f} to "
            f"{most:+.2f}: it must not be below zero")))
    return [
        f"Verses: {len(given.test)} pairs of the test part ({shown(given.plan)}); means over the seeds, with half "
        "their 95 % interval.",
        harness.table(["translator", "chrF", "±", "BLEU", "±"], lines), "\n".join(bars)]


def measure(given: Namespace) -> Found:
    """The scores of each seed on the synthetic tasks and on the verses, and those of the dictionaries."""
    seeds = range(2 if given.quick else given.seeds)
    train, test = st.datasets.load_verses("train"), st.datasets.load_verses("test")
    plan = VERSES._replace(epochs=2) if given.quick else VERSES
    if given.quick:
        train, test = train[:200], test[:50]
    found: dict[str, list[dict[str, dict[str, float]]]] = {task: [] for task in TASKS}
    with tqdm(total=len(seeds) * (len(TASKS) + 1), desc="training", disable=None) as progress:
        for task, seed in itertools.product(TASKS, seeds):
            found[task].append(synthetic(task, seed, given.quick))
            progress.update()
        models, found["verses"] = zip(*((verses(seed, train, test, plan), progress.update())[0] for seed in seeds),
                                      strict=True)
    baseline = dictionaries(train, test)
    prior = st.text.LexicalPrior(st.text.Dictionary().fit(train))
    baseline[f"ours, ensemble of {len(seeds)} networks{PRIOR}"] = scores(
        test, with_prior(Together(models), prior, [source for source, _ in test]))
    given.plan, given.test = plan, test
    return found, baseline


def report(measured: Found, given: Namespace) -> list[str]:
    """Tables and bars of the synthetic tasks and of the verses."""
    found, baseline = measured
    return [*(part for task in TASKS for part in synthetic_report(task, found[task], given.quick)),
            *verses_report(baseline, found["verses"], given)]


BENCHMARK = Benchmark(
    "Translators: attention, a dictionary, PyTorch", measure, report, ("torch",),
    quick="two seeds, few pairs, two epochs: only whether it runs",
    options={"--seeds": {"type": int, "default": 5, "choices": sorted(harness.STUDENT)}})
