"""Speech: the features and the training of a recogniser are tuned first, then its decoding, without training.

    scratchtune example speech [--data FOLDER] [--quick] [--out DIR]

Without ``--data`` it uses the built-in synthetic digit strings. The test voices are recognised once, at the end.

Implements section 6.3 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import scratchtune as st
from scratchtune.core.digests import digest_of
from scratchtune.core.streams import tell
from scratchtune.examples.decoding import decoder, tune_decoding
from scratchtune.examples.shared import checked_options, hyperband, summary, write_report
from scratchtune.examples.spoken_clips import RATE, STEPS, TRIM_DB, Corpus, read_corpus

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
}
DEFAULT: dict[str, Any] = {  # usual elsewhere; Keras's of `Adam` and `fit`; all share trimming and decay
    "kind": "mfcc", "n_mels": 40, "step": 0.01, "deltas": 0, "structure": "gru", "units": 64, "layers": 1,
    "dropout": 0.0, "learning_rate": 0.001, "batch_size": 32, "clipping": None, "speed": 0.0,
}
QUICK = SPACE | {"structure": ["gru"], "layers": [1], "units": [32, 64], "step": [0.015, 0.02]}


def build(
    params: Mapping[str, Any], corpus: Corpus, epochs: int, seed: int = 0, dtype: str = "float32",
) -> st.SpeechRecognizer:
    """Return the compiled recogniser of a configuration; its learning rate decays to 0 over ``epochs`` epochs."""
    features, arguments = ({name: params[name] for name in names} for names in (
        ("kind", "n_mels", "step", "deltas"), ("structure", "units", "layers", "dropout")))
    heard = st.speech.Features(**features, rate=RATE, trim_db=TRIM_DB)
    speeds = {"train": 1.0 - params["speed"], "validation": 1.0, "test": 1.0}  # the slowest of each part
    frames = max(len(rows) for part, speed in speeds.items() for rows in corpus.features(heard, part, speed))
    model = st.SpeechRecognizer(corpus.alphabet, heard, **arguments, frames=frames, dtype=dtype, seed=seed)
    steps = epochs * math.ceil(len(corpus.train.clips) / params["batch_size"])
    rate = st.schedules.CosineDecay(params["learning_rate"], steps)
    model.compile(st.Adam(rate, global_clipnorm=params["clipping"]))
    model.build()
    model.warns = False  # trials that learn nothing are part of a search
    return model


def train(model: st.SpeechRecognizer, params: Mapping[str, Any], corpus: Corpus, epochs: int) -> list[float]:
    """Train until ``epochs`` epochs are done, each with every clip at the next of its speeds; return the losses."""
    speeds, losses = [1.0, 1.0 - params["speed"], 1.0 + params["speed"]][: 3 if params["speed"] else 1], []
    clips = [corpus.features(model.features, "train", speed) for speed in speeds]
    while (done := model.network.epochs_done) < epochs:
        turn = [clips[(number + done) % len(speeds)][number] for number in range(len(clips[0]))]
        history = model.fit(turn, corpus.train.texts, 1, params["batch_size"], verbose=0)
        if history.diverged:
            raise RuntimeError("the training diverged")
        losses += history.history["loss"]
    return losses


def objective(corpus: Corpus, epochs: int, fixed: Mapping[str, Any] | None = None) -> Callable[[st.Trial], float]:
    """The character error rate on the validation voices; a trial with more epochs continues its parent's training."""
    def errors(trial: st.Trial) -> float:
        params, saved = {**(fixed or {}), **trial.params}, trial.load()
        model = build(params, corpus, epochs, trial.seed)
        if saved is not None:
            model.network.set_state(saved)
        train(model, params, corpus, int(trial.budget or epochs))
        trial.save(model.network.get_state())
        found = model.transcribe(corpus.features(model.features, "validation"))
        return st.speech.character_error_rate(corpus.validation.texts, found)

    return errors


def main(
    quick: bool = False, data: str | Path | None = None, out: Path = Path("."), jobs: int = 2, seed: int = 0,
    db: Path | None = None, report: str | Path | None = None,
) -> None:
    """Tune training and decoding, compare on the test voices, draw an alignment, save the model."""
    page = checked_options(out, jobs, seed, report, db, "recognizer.npz")
    corpus, epochs = read_corpus(data, seed), 18 if quick else 54
    tell(", ".join(f"{part}: {len(getattr(corpus, part).clips)} clips" for part in ("train", "validation", "test")))
    study = st.Study(QUICK if quick else SPACE, hyperband(epochs), "minimize", seed, db, data=digest_of(
        *(clip.samples for clip in corpus.train.clips), also=repr((corpus.train.texts, corpus.validation.texts))))
    study.run(objective(corpus, epochs), n_jobs=jobs, max_failures="unlimited")
    tell(summary(study, "validation CER"))
    model = build(study.best_params, corpus, epochs, study.best_trial.seed)
    model.network.set_state(study.best_trial.saved or {})
    decoding = tune_decoding(model, corpus, 20 if quick else 60, jobs, seed, db)
    tell(summary(decoding, "validation WER"))
    heard = corpus.features(model.features, "test")
    for name in ("greedy decoding", "tuned decoding"):
        found = model.transcribe(heard)
        low, high = st.speech.error_rate_interval(corpus.test.texts, found, groups=corpus.test.voices)
        tell(f"test voices, {name}: WER {st.speech.word_error_rate(corpus.test.texts, found):.3f}, 95 % interval over "
             f"voices {low:.3f} to {high:.3f}")
        model.decoder = decoder(decoding.best_params, corpus)
    model.save(out / "recognizer.npz")
    spoken = model.log_probabilities(heard[:1])[0], corpus.test.texts[0], corpus.alphabet
    axes = st.insight.plot_alignment(*spoken, st.speech.align(*spoken), model.features.step)
    axes.figure.savefig(out / "speech_alignment.png")
    tell(f"picture: {out / 'speech_alignment.png'}\nmodel: {out / 'recognizer.npz'} (scratchtune transcribe "
         f"{out / 'recognizer.npz'} FILE.wav)")
    write_report(page, [study, decoding])
