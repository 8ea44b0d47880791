"""How well are digit strings recognised in voices never heard, does a language model help, and what does PyTorch reach?

The speech is synthetic: espeak-ng says strings of 3 to 5 digits in 60 voices, 12 strings each. Each seed splits the
voices, draws the weights, and trains a recogniser on 40 voices; 8 voices are for validation and 12 for testing. In
each epoch, each training clip is played at one of five speeds, which changes its pitch and timbre too.

- Greedy decoding: the most probable symbol of each frame.
- Beam search with a language model of letters, fitted on the training texts alone. Its weight, the insertion bonus and
  the beam width are tuned on the validation voices by Bayesian search, without any training: the network's
  log-probabilities are computed once. The test voices are decoded once, with the best configuration.
- PyTorch: the same network from the same weights, on as many batches of the same clips, with the same optimizer.

It needs espeak-ng, which makes the speech in --data, where it is not there yet. Real speech is in speech_defaults.
"""

from __future__ import annotations

import math
import statistics
import tempfile
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark
from benchmarks.common.synthesis import Plan, synthesise

BAR = 0.05  # word error rate
SHARES = (40 / 60, 8 / 60, 12 / 60)  # of the voices, for training, validation and testing
FEATURES = st.speech.Features(rate=8000, kind="log_mel", n_mels=26, step=0.02, window=0.032)
UNITS, DROPOUT = 64, 0.2
RATE, EPOCHS, BATCH, CLIPPING = 0.005, 30, 16, 1.0
SPEEDS = (1.0, 0.85, 0.92, 1.08, 1.16)  # of training clips; the first is that of all others
ORDER, TRIALS = 6, 30  # of the language model; of the search for its weight
DECODING = {"language_weight": st.Float(0.0, 2.0), "insertion_bonus": st.Float(-1.0, 3.0),
            "beam_width": st.Int(1, 16, log=True)}
PYTORCH_SEEDS = 3


class Part(NamedTuple):
    """The features of some recordings at each speed, and the recordings."""

    speeds: list[list[np.ndarray]]
    recordings: st.speech.Recordings

    @property
    def texts(self) -> list[str]:
        """What is said."""
        return self.recordings.texts

    @property
    def clips(self) -> list[np.ndarray]:
        """The features at the clips' own speed."""
        return self.speeds[0]

    def of(self, part: st.speech.Recordings) -> Part:
        """A part of the voices."""
        kept = [row for row, voice in enumerate(self.recordings.voices) if voice in part.voices]
        return Part([[each[row] for row in kept] for each in self.speeds], part)

    def epochs(self, number: int, seed: int) -> Iterator[list[np.ndarray]]:
        """The clips of each epoch, each at a random speed."""
        rng = np.random.default_rng(seed)
        for _ in range(number):
            drawn = rng.integers(0, len(self.speeds), len(self.texts))
            yield [self.speeds[speed][row] for row, speed in enumerate(drawn)]


class Errors(NamedTuple):
    """What a decoding of clips got wrong: the errors of each clip, and its number of words."""

    errors: np.ndarray
    words: np.ndarray

    @property
    def rate(self) -> float:
        """The word error rate."""
        return float(self.errors.sum() / self.words.sum())


# Data -----------------------------------------------------------------------------------------------------------------


def spoken(folder: Path, language: str, quick: bool) -> Part:
    """The synthetic clips of a language, made where they are not there yet."""
    plan = Plan(voices=15, strings=4, language=language) if quick else Plan(language=language)
    folder = folder / (f"{language}_quick" if quick else language)
    folder.parent.mkdir(parents=True, exist_ok=True)
    synthesise(folder, plan)
    found = st.speech.read_clips(folder, FEATURES.rate)
    return Part([[FEATURES(st.speech.change_speed(clip, speed)) for clip in found.clips] for speed in SPEEDS], found)


def split(found: Part, seed: int) -> list[Part]:
    """Training, validation and test parts, no voice in two of them."""
    return [found.of(part) for part in st.speech.split_by_voice(found.recordings, SHARES, seed)]


def errors(references: Sequence[str], hypotheses: Sequence[str]) -> Errors:
    """The errors of each clip."""
    counts = [st.speech.error_counts([reference], [found]) for reference, found in zip(references, hypotheses,
                                                                                       strict=True)]
    return Errors(np.array([each.substitutions + each.deletions + each.insertions for each in counts]),
                  np.array([each.length for each in counts]))


# Ours -----------------------------------------------------------------------------------------------------------------


def made(train: Part, frames: int, seed: int, epochs: int) -> st.SpeechRecognizer:
    """An untrained recogniser of the letters in the training texts."""
    alphabet = "".join(sorted(set("".join(train.texts))))
    model = st.SpeechRecognizer(alphabet, FEATURES, units=UNITS, dropout=DROPOUT, frames=frames, seed=seed)
    rate = st.schedules.CosineDecay(RATE, epochs * math.ceil(len(train.clips) / BATCH))
    model.compile(st.Adam(rate, global_clipnorm=CLIPPING))
    model.build()
    return model


def train_ours(model: st.SpeechRecognizer, train: Part, epochs: int, seed: int) -> None:
    """Train our network."""
    for clips in train.epochs(epochs, seed):
        model.fit(clips, train.texts, batch_size=BATCH, verbose=0)


def longest(*parts: Part) -> int:
    """The most frames of a clip at any speed."""
    return max(len(clip) for part in parts for clips in part.speeds for clip in clips)


def greedy(log_probabilities: list[np.ndarray], alphabet: str) -> list[str]:
    """The texts that the most probable paths spell."""
    return [st.speech.greedy_decode(rows, alphabet) for rows in log_probabilities]


def searched(log_probabilities: list[np.ndarray], alphabet: str, language_model: st.speech.NGram,
             params: dict[str, Any]) -> list[str]:
    """The texts of beam searches with a language model."""
    return [st.speech.decode(rows, alphabet, language_model=language_model, **params) for rows in log_probabilities]


def tuned_decoding(log_probabilities: list[np.ndarray], valid: Part, alphabet: str, language_model: st.speech.NGram,
                   trials: int, seed: int) -> st.Study:
    """The study that chooses the decoding, by the word error rate on validation voices."""
    def objective(trial: Any) -> float:
        return st.speech.word_error_rate(
            valid.texts, searched(log_probabilities, alphabet, language_model, trial.params))

    return st.tune(objective, DECODING, "bayesian", trials, seed=seed, progress=False)


# PyTorch --------------------------------------------------------------------------------------------------------------


def in_pytorch(model: st.SpeechRecognizer, train: Part, epochs: int, seed: int) -> Any:
    """Train a copy of our untrained network in PyTorch; return a function from clips to log-probabilities."""
    import torch

    from benchmarks.common import recognizers

    torch.manual_seed(seed)
    network = recognizers.copied(model).train()
    symbols = [torch.tensor(model.symbols_of(text)) for text in train.texts]
    adam = torch.optim.Adam(network.parameters(), RATE, eps=1e-8)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, epochs * math.ceil(len(symbols) / BATCH))
    loss = torch.nn.CTCLoss(reduction="none")
    for clips in train.epochs(epochs, seed):
        for batch in torch.randperm(len(symbols)).split(BATCH):
            adam.zero_grad()
            logits, lengths = network.of_clips([clips[row] for row in batch])
            targets = [symbols[row] for row in batch]
            loss(logits.log_softmax(-1).transpose(0, 1), torch.cat(targets), lengths,
                 torch.tensor([len(each) for each in targets])).mean().backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), CLIPPING)
            adam.step()
            schedule.step()
    return lambda clips: recognizers.log_probabilities(network.eval(), clips)


# Measurements ---------------------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """What one seed found: errors on test voices, the language model's perplexity, and the chosen decoding."""

    greedy: Errors
    searched: Errors
    pytorch: Errors | None
    texts: tuple[list[str], list[str]]
    perplexities: tuple[float, float]
    validation: tuple[float, float]
    params: dict[str, Any]


def run(found: Part, seed: int, quick: bool) -> Run:
    """Train, tune the decoding on validation voices, and test."""
    train, valid, test = split(found, seed)
    epochs, trials = (2, 5) if quick else (EPOCHS, TRIALS)
    model = made(train, longest(train, valid, test), seed, epochs)
    peer = in_pytorch(model, train, epochs, seed)(test.clips) if seed < PYTORCH_SEEDS else None
    train_ours(model, train, epochs, seed)
    language_model = st.speech.NGram(ORDER, alphabet=model.alphabet).fit(train.texts)
    valid_rows, test_rows = model.log_probabilities(valid.clips), model.log_probabilities(test.clips)
    study = tuned_decoding(valid_rows, valid, model.alphabet, language_model, trials, seed)
    hypotheses = greedy(test_rows, model.alphabet)
    return Run(
        errors(test.texts, hypotheses),
        errors(test.texts, searched(test_rows, model.alphabet, language_model, study.best_params)),
        None if peer is None else errors(test.texts, greedy(peer, model.alphabet)), (test.texts, hypotheses),
        (language_model.perplexity(train.texts), language_model.perplexity(test.texts)),
        (st.speech.word_error_rate(valid.texts, greedy(valid_rows, model.alphabet)), study.best_value),
        study.best_params)


# The report -----------------------------------------------------------------------------------------------------------


def over_clips(runs: list[Run]) -> tuple[float, float]:
    """Bootstrap interval of the difference of the rates, beam search less greedy, over the test clips of all seeds."""
    difference = np.concatenate([each.searched.errors - each.greedy.errors for each in runs])
    words = np.concatenate([each.greedy.words for each in runs])
    rng = np.random.default_rng(0)
    drawn = (rng.integers(0, len(words), len(words)) for _ in range(2000))
    low, high = np.quantile([difference[rows].sum() / words[rows].sum() for rows in drawn], [0.025, 0.975])
    return float(low), float(high)


def greedy_report(runs: list[Run], quick: bool) -> list[str]:
    """The error rates of greedy decoding."""
    lines = []
    for seed, each in enumerate(runs):
        low, high = st.speech.error_rate_interval(*each.texts)
        lines.append([str(seed), f"{each.greedy.rate:.4f}", f"{low:.4f} to {high:.4f}",
                      str(len(each.greedy.words)), str(each.greedy.words.sum())])
    mean, low, high = harness.interval([each.greedy.rate for each in runs])
    return [
        "## Voices never heard, greedy decoding",
        harness.table(["seed", "word error rate", "95 %, over clips", "clips", "words"], lines),
        f"Mean over the seeds {mean:.4f}, 95 % interval {low:.4f} to {high:.4f}.",
        harness.bar("word error rate on voices never heard, greedy, mean", None if quick else mean, BAR, "",
                    at_most=True, digits=4)]


def decoding_report(runs: list[Run], quick: bool) -> list[str]:
    """What the language model and the beam change."""
    lines = [[str(seed), *(f"{each.params[name]:.3g}" for name in DECODING),
              *(f"{value:.4f}" for value in (*each.validation, each.greedy.rate, each.searched.rate)),
              f"{each.searched.rate - each.greedy.rate:+.4f}"] for seed, each in enumerate(runs)]
    mean, low, high = harness.interval([each.searched.rate - each.greedy.rate for each in runs])
    least, most = over_clips(runs)
    train, test = (statistics.mean(each.perplexities[k] for each in runs) for k in range(2))
    return [
        "## Language model and beam, tuned on validation voices",
        f"Letters, order {ORDER}, fitted on the training texts; perplexity of a letter {train:.2f} on the training "
        f"texts, {test:.2f} on the test texts. The digits are random, so it knows how they are spelled, and nothing of "
        "which digit follows.",
        harness.table(["seed", "weight", "bonus", "beam", "validation, greedy", "validation, tuned", "test, greedy",
                       "test, tuned", "difference"], lines),
        harness.verdict(None if quick else high < 0.0 and most < 0.0, (
            f"word error rate on test voices, tuned decoding less greedy, mean {mean:+.4f}; 95 % interval over seeds "
            f"{low:+.4f} to {high:+.4f}, over clips {least:+.4f} to {most:+.4f}: both must be below zero"))]


def pytorch_report(runs: list[Run], quick: bool) -> list[str]:
    """Ours beside PyTorch's."""
    pairs = [(each.greedy.rate, each.pytorch.rate) for each in runs if each.pytorch is not None]
    mean, low, high = harness.interval([ours - peer for ours, peer in pairs])
    return [
        "## The same network in PyTorch",
        harness.table(["seed", "ours", "PyTorch"], [[str(seed), f"{ours:.4f}", f"{peer:.4f}"]
                                                    for seed, (ours, peer) in enumerate(pairs)]),
        harness.verdict(None if quick else low <= 0.0 <= high, (
            f"word error rate of ours less PyTorch's, greedy, mean {mean:+.4f}, 95 % interval {low:+.4f} to "
            f"{high:+.4f}: within noise, it holds zero"))]


def measure(given: Namespace) -> list[Run]:
    """A recogniser for each seed."""
    try:
        found = spoken(given.data, "en", given.quick)
    except (FileNotFoundError, ValueError) as problem:
        raise SystemExit(str(problem)) from None
    seeds = range(2 if given.quick else given.seeds)
    return [run(found, seed, given.quick) for seed in tqdm(seeds, "recognisers", disable=None)]


def report(runs: list[Run], given: Namespace) -> list[str]:
    """Error rates of greedy and of tuned decoding, and PyTorch's."""
    return [
        f"Synthetic speech of espeak-ng. {UNITS} units in each direction, dropout {DROPOUT}, {EPOCHS} epochs of "
        f"batches of {BATCH}, Adam with learning rate {RATE}, which decays by a half cosine. "
        "These values were chosen on validation voices of two splits of an earlier set of voices, which overlaps with "
        "this one. A voice that is for validation in one split may be for testing in another; those of one seed are "
        "never in two of its parts.",
        "The 60 voices are variants of espeak-ng, without whispers, robots and near-duplicates, and without those "
        "whose formants are far from the default voice's. The last rule was made after looking at the error rates of "
        "single voices: with all variants the rates would be higher.",
        *greedy_report(runs, given.quick), *decoding_report(runs, given.quick), *pytorch_report(runs, given.quick)]


BENCHMARK = Benchmark(
    "Recognising digit strings in voices never heard", measure, report, ("torch",),
    quick="two seeds, few voices, two epochs: only whether it runs", options={
        "--data": {"type": Path, "default": Path(tempfile.gettempdir(), "scratchtune-digits"),
                   "help": "the folder of the synthetic speech, made where it is not there (default: %(default)s)"},
        "--seeds": {"type": int, "default": 5, "choices": sorted(harness.STUDENT)}})
