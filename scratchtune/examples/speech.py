"""Speech: the features and the training of a recogniser are tuned first, then its decoding, without training.

    scratchtune example speech [--data FOLDER] [--searcher bayesian] [--quick] [--out DIR]

Three searches have an equal number of epochs: over the whole space, over the learning rate alone, and over the random
seed of the default configuration. Then the language model and the beam search of each search's best model are tuned, on
the probabilities that its network gives for the validation voices. All are compared on the test voices, which no search
has used.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import scratchtune as st
from scratchtune import checks
from scratchtune.digests import digest_of
from scratchtune.examples.arms import CURVES, SEARCHERS, Arm, TrainingObjective, prepared_arms, run_all
from scratchtune.examples.shared import check_db, check_options, prepare_folder, ranking, write_report
from scratchtune.examples.spoken_clips import RATE, STEPS, TRIM_DB, Corpus, read_corpus
from scratchtune.insight.learning_curves import plot_learning_curves
from scratchtune.insight.plots import save
from scratchtune.insight.reporting import report_path
from scratchtune.insight.sequence_plots import plot_alignment
from scratchtune.streams import tell
from scratchtune.study.best import best_first

SPACE: dict[str, Any] = {
    "kind": ["mfcc", "log_mel"],  # features
    "n_mels": [20, 30, 40],
    "step": list(STEPS),
    "deltas": [0, 1],
    "structure": ["gru", "lstm"],  # the acoustic model
    "units": [32, 64, 128],
    "layers": [1, 2],
    "dropout": st.Float(0.0, 0.5),
    "learning_rate": st.Float(1e-3, 2e-2, log=True),  # its training
    "batch_size": [8, 16, 32],
    "clipping": st.Float(0.1, 10.0, log=True),  # the largest norm of the gradient
    "speed": [0.0, 0.05, 0.1],  # augmentation: clips are also played slower and faster by this share
    "time_masks": st.Int(0, 2),
    "frequency_masks": st.Int(0, 2, when={"kind": ["log_mel"]}),  # neighbouring MFCC are no band of frequencies
}
DEFAULT: dict[str, Any] = {  # usual elsewhere; Keras's of `Adam` and `fit`; all share trimming and decay
    "kind": "mfcc", "n_mels": 40, "step": 0.01, "deltas": 0, "structure": "gru", "units": 64, "layers": 1,
    "dropout": 0.0, "learning_rate": 0.001, "batch_size": 32, "clipping": None, "speed": 0.0, "time_masks": 0,
    "frequency_masks": 0,
}
FIXED_IF_QUICK = {"structure": "gru", "layers": 1, "time_masks": 0, "frequency_masks": 0}  # fewer kernels to compile
FASTER_IF_QUICK = {"units": [32, 64], "step": [0.015, 0.02]}
MASKS: dict[str, Any] = {"time_width": 10, "frequency_width": 5, "time_share": 0.1}  # in frames, in filters
OF_FEATURES = ("kind", "n_mels", "step", "deltas")
OF_MODEL = ("structure", "units", "layers", "dropout")
DECODING: dict[str, Any] = {
    "order": st.Int(2, 8),  # of the language model, in letters
    "smoothing": ["kneser-ney", "witten-bell"],
    "language_weight": st.Float(0.0, 4.0),
    "insertion_bonus": st.Float(-2.0, 4.0),  # is added to the log-probability for each letter
    "beam_width": st.Int(1, 32, log=True),
}
GREEDY: dict[str, Any] = {  # nearly greedy decoding: a beam of one prefix, and the language model without weight
    "order": 2, "smoothing": "kneser-ney", "language_weight": 0.0, "insertion_bonus": 0.0, "beam_width": 1}
OF_SEARCH = ("beam_width", "language_weight", "insertion_bonus")
EPOCHS, EPOCHS_QUICK = 54, 18  # of the longest training
DECODINGS, DECODINGS_QUICK = 60, 20  # trials
FILES = "speech_curves.png", "speech_alignment.png", "recognizer.npz"  # that are written
FINALISTS, SHOWN = 3, 4  # trials whose learning curves are drawn; wrong transcripts that are printed


def features_of(params: Mapping[str, Any]) -> st.speech.Features:
    """The features of a configuration."""
    return st.speech.Features(**{name: params[name] for name in OF_FEATURES}, rate=RATE, trim_db=TRIM_DB)


def speeds_of(params: Mapping[str, Any]) -> list[float]:
    """The speeds at which the clips are played in training, relative to their own."""
    change = params["speed"]
    return [1.0, 1.0 - change, 1.0 + change] if change else [1.0]


def build(
    params: Mapping[str, Any], corpus: Corpus, epochs: int, seed: int = 0, dtype: str = "float32",
) -> st.SpeechRecognizer:
    """Return the compiled recogniser of a configuration; its learning rate decays to 0 over ``epochs`` epochs."""
    features = features_of(params)
    slowest = min(speeds_of(params))
    frames = max(len(rows) for part, speed in (("train", slowest), ("train", 1.0), ("validation", 1.0), ("test", 1.0))
                 for rows in corpus.features(features, part, speed))
    masks = {name: params.get(name, 0) for name in ("time_masks", "frequency_masks")}
    augment = st.SpecAugment(**masks, **MASKS) if any(masks.values()) else None
    arguments: dict[str, Any] = {name: params[name] for name in OF_MODEL}
    model = st.SpeechRecognizer(
        corpus.alphabet, features, **arguments, frames=frames, dtype=dtype, seed=seed, augment=augment)
    steps = epochs * math.ceil(len(corpus.train.clips) / params["batch_size"])
    rate = st.schedules.CosineDecay(params["learning_rate"], steps)
    model.compile(st.Adam(rate, global_clipnorm=params["clipping"]))
    model.build()
    model.warns = False  # trials that learn nothing are part of a search
    return model


@dataclass
class Objective(TrainingObjective[st.SpeechRecognizer]):
    """The objective: the character error rate of greedy decoding on the validation voices.

    There are several times as many letters as words, so it distinguishes configurations with equally many wrong words.
    """

    corpus: Corpus = field(kw_only=True)

    def build(self, params: Mapping[str, Any], seed: int) -> st.SpeechRecognizer:
        """Return the recogniser of a configuration."""
        return build(params, self.corpus, self.epochs, seed)

    def train(
        self, model: st.SpeechRecognizer, params: Mapping[str, Any], done: int, epochs: int,
    ) -> dict[str, list[float]]:
        """Train on the training clips; with several speeds, a clip is played at the next one in each epoch."""
        validation, speeds = self.corpus.validation, speeds_of(params)
        valid = self.corpus.features(model.features, "validation"), validation.texts
        at_speed = [self.corpus.features(model.features, "train", speed) for speed in speeds]
        curves: dict[str, list[float]] = {name: [] for name in CURVES}
        parts = range(done, epochs) if len(speeds) > 1 else [done]
        for first in parts:
            clips = [at_speed[(number + first) % len(speeds)][number] for number in range(len(at_speed[0]))]
            history = model.fit(clips, self.corpus.train.texts, (epochs - done) // len(parts), params["batch_size"],
                                verbose=0, validation_data=valid)
            if history.diverged:
                raise RuntimeError("the training diverged")
            for name, values in curves.items():
                values.extend(history.history[name])
        return curves

    def score(self, model: st.SpeechRecognizer, params: Mapping[str, Any]) -> float:
        """Return the character error rate on the validation voices."""
        found = model.transcribe(self.corpus.features(model.features, "validation"))
        return st.speech.character_error_rate(self.corpus.validation.texts, found)


# The searches ---------------------------------------------------------------------------------------------------------


def prepared(
    corpus: Corpus, epochs: int = EPOCHS, searcher: str = "hyperband", seed: int = 0, db: Path | None = None,
    quick: bool = False,
) -> list[Arm[st.SpeechRecognizer]]:
    """Return the three searches of `prepared_arms`: over the whole space, the learning rate alone, and the default."""
    fixed = FIXED_IF_QUICK if quick else {}
    space = {name: domain for name, domain in SPACE.items() if name not in fixed} | (FASTER_IF_QUICK if quick else {})
    clips = [np.concatenate([clip.samples for clip in part.clips]) for part in (corpus.train, corpus.validation)]
    return prepared_arms(
        space, DEFAULT, lambda more: Objective(epochs, fixed | more, corpus=corpus), searcher, 3 if quick else 9,
        direction="minimize", seed=seed, storage=db,
        data=digest_of(*clips, also=repr((corpus.train.texts, corpus.validation.texts, epochs))))


@dataclass
class Decoding:
    """The objective of tuning the decoding: the word error rate on the validation voices. Nothing is trained.

    ``log_probabilities`` are the network's, (frames, symbols) for each clip, and ``texts`` what is said in them; the
    language model is fitted to ``train``, the texts of the training clips.
    """

    log_probabilities: list[np.ndarray]
    texts: list[str]
    train: list[str]
    alphabet: str

    def __post_init__(self) -> None:
        self._models: dict[tuple[int, str], st.speech.NGram] = {}

    def __call__(self, trial: st.Trial) -> float:
        """Return the word error rate."""
        return st.speech.word_error_rate(self.texts, self.decoded(trial.params, self.log_probabilities))

    def decoder(self, params: Mapping[str, Any]) -> st.speech.Decoder:
        """The decoder of a configuration."""
        options = {name: params[name] for name in OF_SEARCH}
        return st.speech.Decoder(language_model=self.language_model(params), **options)

    def language_model(self, params: Mapping[str, Any]) -> st.speech.NGram:
        """The language model of a configuration; each is fitted once."""
        key = params["order"], params["smoothing"]
        if key not in self._models:
            model = st.speech.NGram(order=key[0], smoothing=key[1], alphabet=self.alphabet)
            self._models[key] = model.fit(self.train)
        return self._models[key]

    def decoded(self, params: Mapping[str, Any], log_probabilities: list[np.ndarray]) -> list[str]:
        """The texts of clips, decoded by a configuration."""
        decoder = self.decoder(params)
        return [decoder(rows, self.alphabet) for rows in log_probabilities]


def tune_decoding(
    model: st.SpeechRecognizer, corpus: Corpus, trials: int = DECODINGS, jobs: int = 2, seed: int = 0,
    db: Path | None = None, name: str = "decoding",
) -> tuple[Decoding, st.Study]:
    """Tune the language model and the beam search of a trained model; the first trial is `GREEDY`."""
    probabilities = model.log_probabilities(corpus.features(model.features, "validation"))
    objective = Decoding(probabilities, corpus.validation.texts, corpus.train.texts, corpus.alphabet)
    study = st.Study(
        DECODING, st.BayesianSearch(parallel=2), "minimize", seed, db, name,
        data=digest_of(*probabilities, also=repr((objective.texts, objective.train))))
    study.enqueue(GREEDY)
    study.run(objective, trials, n_jobs=jobs, max_failures="unlimited")
    return objective, study


def compile_kernels(corpus: Corpus, quick: bool = False) -> None:
    """Train each structure for one step, so that no trial's time includes the compilation."""
    few = corpus.train._replace(clips=corpus.train.clips[:2], texts=corpus.train.texts[:2])
    small = Corpus(few, few, few)
    for structure in ("gru",) if quick else SPACE["structure"]:
        masks = 0 if quick else 1
        params = DEFAULT | {"structure": structure, "dropout": 0.1, "clipping": 1.0, "time_masks": masks}
        objective = Objective(1, corpus=small)
        model = objective.build(params, 0)
        objective.train(model, params, 0, 1)


# The example ----------------------------------------------------------------------------------------------------------


def main(
    quick: bool = False, data: str | Path | None = None, out: Path = Path("."), jobs: int = 2, seed: int = 0,
    db: Path | None = None, searcher: str = "hyperband", report: str | Path | None = None,
) -> None:
    """Tune training and decoding, compare on the test voices, show transcripts, draw pictures, save the model.

    Without ``data`` the clips are the built-in synthetic digit strings.
    """
    check_options(out, jobs, seed)
    check_db(db, out, FILES)
    checks.choice("--searcher", searcher, SEARCHERS)
    corpus = read_corpus(data, seed)
    prepare_folder(out)
    page = report_path(report, out / "report.html")
    arms = prepared(corpus, EPOCHS_QUICK if quick else EPOCHS, searcher, seed, db, quick)
    sizes = [f"{len(part.clips):,} clips of {checks.counted(len(set(part.voices)), 'voice')}"
             for part in (corpus.train, corpus.validation, corpus.test)]
    name = "synthetic digit strings" if data is None else data
    tell(f"{name}: training set: {sizes[0]}, validation set: {sizes[1]}, held-out test set: {sizes[2]}; "
         f"{checks.counted(len(corpus.alphabet), 'letter')}")
    compile_kernels(corpus, quick)
    tuned = run_all(arms, jobs, "validation CER")
    trials = DECODINGS_QUICK if quick else DECODINGS
    rows: list[Row] = []
    for arm in reversed(arms):
        model = arm.model()
        decoding, study = tune_decoding(model, corpus, trials, jobs, seed, db, f"decoding, {arm.study.name}")
        rows += rows_of(arm, model, decoding, study, corpus)
    tell(f"decoding of the tuned model, {checks.counted(len(study.trials), 'trial')} without training:\n"
         f"{ranking(study, 'validation WER', 0)}\n\nwhy trial {study.best_trial.number}: "
         f"{study.why(study.best_trial.number)}\n")
    tell(compared(rows, corpus))
    present(model, decoding, study, tuned, rows[-1], corpus, out)
    write_report(page, [*(arm.study for arm in arms), study])


@dataclass
class Row:
    """A line of the table: a model with a decoding, the epochs of its search, its test loss, and its transcripts."""

    name: str
    epochs: int
    loss: float
    transcripts: list[str]


def rows_of(
    arm: Arm[st.SpeechRecognizer], model: st.SpeechRecognizer, decoding: Decoding, study: st.Study, corpus: Corpus,
) -> list[Row]:
    """The lines of a search's best model on the test voices: decoded greedily, and with its tuned decoding."""
    heard = corpus.features(model.features, "test")
    loss = model.evaluate(heard, corpus.test.texts)["loss"]
    found = decoding.decoded(study.best_params, model.log_probabilities(heard))
    return [Row(arm.name, arm.epochs, loss, model.transcribe(heard)),
            Row(f"{arm.name}, decoding too", arm.epochs, loss, found)]


def compared(rows: list[Row], corpus: Corpus) -> str:
    """Return the error rates on the test voices as a table, with bootstrap intervals over the voices."""
    lines = [f"{'test voices':<34} {'epochs':>6} {'CER':>7} {'WER':>7}  {'95 % interval':<16} {'loss':>7}"]
    for row in rows:
        low, high = st.speech.error_rate_interval(corpus.test.texts, row.transcripts, groups=corpus.test.voices)
        cer, wer = (rate(corpus.test.texts, row.transcripts) for rate in (
            st.speech.character_error_rate, st.speech.word_error_rate))
        lines.append(f"{row.name:<34} {row.epochs:>6} {cer:>7.4f} {wer:>7.4f}  {f'{low:.4f} to {high:.4f}':<16} "
                     f"{row.loss:>7.3f}")
    return "\n".join(lines)


def present(
    model: st.SpeechRecognizer, decoding: Decoding, study: st.Study, tuned: Arm[st.SpeechRecognizer], row: Row,
    corpus: Corpus, out: Path,
) -> None:
    """Print wrong transcripts of the test voices; write the model and the pictures."""
    wrong = [(number, text, found) for number, (text, found) in enumerate(
        zip(corpus.test.texts, row.transcripts, strict=True)) if text != found]
    tell(f"\n{len(wrong)} of {len(row.transcripts)} transcripts are wrong" + ("; some of them:" if wrong else ""))
    for number, text, found in wrong[:SHOWN]:
        tell(f"  voice:      {corpus.test.voices[number]}\n  spoken:     {text}\n  recognised: {found}\n")
    best = best_first(tuned.study.trials, tuned.study.direction)[:FINALISTS]
    shown = wrong[0][0] if wrong else 0
    heard, pictured = (corpus.features(features, "test")[shown] for features in (
        model.features, replace(model.features, kind="log_mel", n_mels=40, deltas=0, normalize=False)))
    curves, alignment, path = (out / name for name in FILES)
    model.decoder = decoding.decoder(study.best_params)
    model.save(path)  # first: what took minutes is kept, whatever happens to a picture
    pictures = [
        plot_learning_curves(tuned.study, best, tuned.curves(best), curves, "validation CER", "loss"),
        save(plot_alignment(model.log_probabilities([heard])[0], corpus.test.texts[shown], corpus.alphabet,
                            model.features.step, pictured)[0].figure, alignment)]
    tell("\n".join([*(f"picture: {picture}" for picture in pictures),
                    f"model: {path} (scratchtune transcribe {path} FILE.wav)"]))


if __name__ == "__main__":
    main()
