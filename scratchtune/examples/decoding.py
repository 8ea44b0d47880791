"""Decoding, for the example of speech: the language model and the beam search of a trained recogniser are tuned.

Implements section 6.3 of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import scratchtune as st
from scratchtune.core.digests import digest_of
from scratchtune.examples.spoken_clips import Corpus

DECODING: dict[str, Any] = {
    "order": st.Int(2, 8),  # of the language model, in letters
    "smoothing": ["kneser-ney", "witten-bell"],
    "language_weight": st.Float(0.0, 4.0),
    "insertion_bonus": st.Float(-2.0, 4.0),  # is added to the log-probability for each letter
    "beam_width": st.Int(1, 32, log=True),
}
GREEDY: dict[str, Any] = {  # nearly greedy decoding: a beam of one prefix, and the language model without weight
    "order": 2, "smoothing": "kneser-ney", "language_weight": 0.0, "insertion_bonus": 0.0, "beam_width": 1}


def decoder(params: Mapping[str, Any], corpus: Corpus) -> st.speech.Decoder:
    """The decoder of a configuration; its language model is fitted to the training texts."""
    model = st.speech.NGram(order=params["order"], smoothing=params["smoothing"], alphabet=corpus.alphabet)
    return st.speech.Decoder(language_model=model.fit(corpus.train.texts), **{
        name: params[name] for name in ("beam_width", "language_weight", "insertion_bonus")})


def tune_decoding(
    model: st.SpeechRecognizer, corpus: Corpus, n_trials: int, n_jobs: int = 2, seed: int = 0, db: Path | None = None,
) -> st.Study:
    """Tune the language model and the beam search of a trained model on the validation voices, without training."""
    rows = model.log_probabilities(corpus.features(model.features, "validation"))

    def errors(trial: st.Trial) -> float:
        decode = decoder(trial.params, corpus)
        return st.speech.word_error_rate(corpus.validation.texts, [decode(each, corpus.alphabet) for each in rows])

    study = st.Study(DECODING, st.BayesianSearch(parallel=2), "minimize", seed, db, "decoding", data=digest_of(*rows))
    study.enqueue(GREEDY)
    return study.run(errors, n_trials, n_jobs=n_jobs, max_failures="unlimited")
