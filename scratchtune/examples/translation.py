"""Translation: the structure of an encoder-decoder and its training, tuned by Hyperband.

    scratchtune example translation [--data verses|numbers|dates|FILE.tsv] [--quick] [--out DIR]

The model with the best validation score translates the test pairs, which the search has not seen.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import scratchtune as st
from scratchtune.core.digests import digest_of
from scratchtune.core.streams import tell
from scratchtune.examples.sentence_pairs import Corpus, Pairs, read_corpus
from scratchtune.examples.shared import checked_options, hyperband, summary, write_report

RECURRENT = ["gru", "lstm"]
SPACE: dict[str, Any] = {
    "structure": [*RECURRENT, "transformer"],
    "attention": st.Categorical(["dot", "additive"], when={"structure": RECURRENT}),
    "embedding": [32, 64],  # numbers for each token
    "units": [32, 64, 128],
    "layers": [1, 2],  # of encoder and decoder
    "dropout": st.Float(0.0, 0.5),
    "learning_rate": st.Float(1e-3, 2e-2, log=True),
    "batch_size": [8, 16, 32, 64],
    "clipping": st.Float(0.1, 10.0, log=True),  # the largest norm of the gradient
}
DEFAULT: dict[str, Any] = {  # the defaults of `Seq2Seq`, and those of Keras's `Adam` and `fit`
    "structure": "gru", "attention": "dot", "embedding": 64, "units": 128, "layers": 1, "dropout": 0.0,
    "learning_rate": 0.001, "batch_size": 32, "clipping": None,
}
OF_MODEL = ("structure", "attention", "embedding", "units", "layers", "dropout")


def build(
    params: Mapping[str, Any], corpus: Corpus, epochs: int, seed: int = 0, dtype: str = "float32",
) -> st.Seq2Seq:
    """Return the compiled translator of a configuration; its learning rate decays to 0 over so many epochs."""
    source_length, target_length = corpus.lengths
    model = st.Seq2Seq(
        *corpus.vocabularies, **{name: params[name] for name in OF_MODEL if name in params},
        source_length=source_length, target_length=target_length, dtype=dtype, seed=seed)
    steps = epochs * math.ceil(len(corpus.train) / params["batch_size"])
    rate = st.schedules.CosineDecay(params["learning_rate"], steps)
    model.compile(st.Adam(rate, global_clipnorm=params["clipping"]))
    model.build()
    model.warns = False  # trials that learn nothing, and words that occur once, are part of a search
    return model


def objective(corpus: Corpus, epochs: int, fixed: Mapping[str, Any] | None = None) -> Callable[[st.Trial], float]:
    """The chrF of the validation pairs; a trial with more epochs continues the training of its parent.

    On verses the validation loss chooses worse (benchmarks/results/translation_guide.md).
    """
    def chrf(trial: st.Trial) -> float:
        params, saved = {**(fixed or {}), **trial.params}, trial.load()
        model = build(params, corpus, epochs, trial.seed)
        if saved is not None:
            model.network.set_state(saved)
        more = int(trial.budget or epochs) - model.network.epochs_done
        if model.fit(corpus.train, more, params["batch_size"], verbose=0).diverged:
            raise RuntimeError("the training diverged")
        trial.save(model.network.get_state())
        return scores(model, corpus.validation)["chrF"]

    return chrf


def scores(model: st.Seq2Seq, pairs: Pairs) -> dict[str, float]:
    """The scores of the greedy translations of some pairs."""
    return scores_of(model.translate([source for source, _ in pairs]), pairs)


def scores_of(translations: list[str], pairs: Pairs) -> dict[str, float]:
    """The scores of some translations; the references are in lower case, as translations are."""
    references = [st.text.detokenize(st.text.tokenize(target)) for _, target in pairs]
    return {
        "chrF": st.text.chrf_score(references, translations), "BLEU": st.text.bleu_score(references, translations),
        "exact match": st.text.exact_match(references, translations)}


def main(
    quick: bool = False, data: str | Path | None = None, out: Path = Path("."), jobs: int = 2, seed: int = 0,
    db: Path | None = None, report: str | Path | None = None,
) -> None:
    """Tune, translate the test pairs, draw attention, save the model.

    Without ``data`` the pairs are the verses; with ``quick`` they are number words, which are learned in seconds.
    """
    page = checked_options(out, jobs, seed, report, db, "translator.npz")
    data, epochs = data or ("numbers" if quick else "verses"), 9 if quick else 18
    corpus = read_corpus(data, quick, seed)
    tell(f"{data}: training set: {len(corpus.train):,} pairs, validation set: {len(corpus.validation):,}, held-out "
         f"test set: {len(corpus.test):,}")
    space = {name: domain for name, domain in SPACE.items() if name != "layers"} | {
        "structure": RECURRENT} if quick else SPACE  # fewer kernels to compile
    study = st.Study(space, hyperband(epochs), "maximize", seed, db, data=digest_of(also=repr((corpus, epochs))))
    study.run(objective(corpus, epochs), n_jobs=jobs, max_failures="unlimited")
    tell(summary(study, "validation chrF"))
    model = build(study.best_params, corpus, epochs, study.best_trial.seed)
    model.network.set_state(study.best_trial.saved or {})
    model.save(out / "translator.npz")
    tell("test pairs: " + ", ".join(f"{name} {value:.3f}" for name, value in scores(model, corpus.test).items()))
    for source, target in corpus.test[:3]:
        tell(f"\n  source:      {source}\n  translation: {model.translate(source)}\n  reference:   {target}")
    axes = st.insight.plot_attention(model.attention(corpus.test[0][0]))
    axes.figure.savefig(out / "translation_attention.png")
    tell(f"\npicture: {out / 'translation_attention.png'}\nmodel: {out / 'translator.npz'} (scratchtune translate "
         f"{out / 'translator.npz'} \"{corpus.test[0][0]}\")")
    write_report(page, [study])
