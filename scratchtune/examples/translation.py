"""Translation: the structure of an encoder-decoder and its training, tuned by Hyperband or by Bayesian optimisation.

    scratchtune example translation [--data verses|numbers|dates|FILE.tsv] [--searcher bayesian] [--quick] [--out DIR]

Three searches train for equally many epochs: over the whole space, over the learning rate alone, and over the random
seed of the default configuration. The model with the best validation score of each translates the test pairs, which no
search has seen.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import scratchtune as st
from scratchtune import checks
from scratchtune.digests import digest_of
from scratchtune.examples.arms import SEARCHERS, Arm, TrainingObjective, prepared_arms, run_all
from scratchtune.examples.sentence_pairs import Corpus, Pairs, nearest_translations, read_corpus, spelled
from scratchtune.examples.shared import check_options, prepare_folder, write_report
from scratchtune.insight.learning_curves import plot_learning_curves
from scratchtune.insight.plots import save
from scratchtune.insight.reporting import report_path
from scratchtune.insight.sequence_plots import plot_attention
from scratchtune.sequence_model import CLIPPING, chosen_training
from scratchtune.streams import note, tell
from scratchtune.study.best import best_first

RECURRENT = ["gru", "lstm"]
STRUCTURES = [*RECURRENT, "transformer"]
SPACE: dict[str, Any] = {
    "structure": STRUCTURES,
    "attention": st.Categorical(["dot", "additive"], when={"structure": RECURRENT}),
    "embedding": [32, 64],  # numbers for each token
    "units": [32, 64, 128],
    "layers": [1, 2],  # of encoder and decoder
    "dropout": st.Float(0.0, 0.5),
    "learning_rate": st.Float(1e-3, 2e-2, log=True),
    "batch_size": [16, 32, 64],
    "clipping": st.Float(0.1, 10.0, log=True),  # the largest norm of the gradient
}
DEFAULT: dict[str, Any] = {  # the defaults of `Seq2Seq`, and those of Keras's `Adam` and `fit`
    "structure": "gru", "attention": "dot", "embedding": 64, "units": 128, "layers": 1, "dropout": 0.0,
    "learning_rate": 0.001, "batch_size": 32, "clipping": None,
}
QUICK: dict[str, Any] = {  # fewer kernels to compile, and fewer dimensions for few trials
    **{name: domain for name, domain in SPACE.items() if name != "layers"}, "structure": RECURRENT}
OF_MODEL = ("structure", "attention", "embedding", "units", "layers", "dropout")
EPOCHS, EPOCHS_QUICK = 18, 9  # of the longest training
SCORES = {"chrF": "{:.2f}", "BLEU": "{:.2f}", "exact match": "{:.4f}", "token accuracy": "{:.4f}", "loss": "{:.3f}"}
FINALISTS, SHOWN = 3, 4  # trials with learning curves; good translations, and as many bad ones
FEW_TOKENS = 14  # of a sentence whose attention is drawn


def build(
    params: Mapping[str, Any], corpus: Corpus, epochs: int, seed: int = 0, dtype: str = "float32",
) -> st.Seq2Seq:
    """Return the compiled translator of a configuration; its learning rate decays to 0 over so many epochs."""
    arguments = {name: params[name] for name in OF_MODEL if name in params}
    source_length, target_length = corpus.lengths
    model = st.Seq2Seq(*corpus.vocabularies, **arguments, source_length=source_length, target_length=target_length,
                       dtype=dtype, seed=seed)
    steps = epochs * math.ceil(len(corpus.train) / params["batch_size"])
    rate = st.schedules.CosineDecay(params["learning_rate"], steps)
    model.compile(st.Adam(rate, global_clipnorm=params["clipping"]))
    model.build()
    model.warns = False  # trials that learn nothing, and words that occur once, are part of a search
    return model


@dataclass
class Objective(TrainingObjective[st.Seq2Seq]):
    """The objective: the chrF of a configuration's greedy translations of the validation pairs.

    The validation loss after a long training ranks configurations less well; ``python -m benchmarks translation_tuning
    --guide`` compares the two.
    """

    corpus: Corpus = field(kw_only=True)

    def build(self, params: Mapping[str, Any], seed: int) -> st.Seq2Seq:
        """Return the translator of a configuration."""
        return build(params, self.corpus, self.epochs, seed)

    def train(
        self, model: st.Seq2Seq, params: Mapping[str, Any], done: int, epochs: int,
    ) -> dict[str, list[float]]:
        """Train on the training pairs."""
        history = model.fit(self.corpus.train, epochs - done, params["batch_size"], verbose=0,
                            validation_data=self.corpus.validation)
        if history.diverged:
            raise RuntimeError("the training diverged")
        return history.history

    def score(self, model: st.Seq2Seq, params: Mapping[str, Any]) -> float:
        """Return the chrF of the validation pairs."""
        return scores(model, self.corpus.validation)["chrF"]


def scores(model: st.Seq2Seq, pairs: Pairs) -> dict[str, float]:
    """The scores of the greedy translations of some pairs."""
    return scores_of(model.translate([source for source, _ in pairs]), pairs)


def scores_of(translations: list[str], pairs: Pairs) -> dict[str, float]:
    """The scores of some translations; the references are in lower case, as translations are.

    An unknown token in a translation is always a mistake.
    """
    references = [spelled(target) for _, target in pairs]
    return {
        "chrF": st.text.chrf_score(references, translations), "BLEU": st.text.bleu_score(references, translations),
        "exact match": st.text.exact_match(references, translations),
        "token accuracy": st.text.token_accuracy(references, translations)}


# The searches --------------------------------------------------------------------------------------------------------


def prepared(
    corpus: Corpus, epochs: int = EPOCHS, searcher: str = "hyperband", seed: int = 0, db: Path | None = None,
    quick: bool = False,
) -> list[Arm[st.Seq2Seq]]:
    """Return the three searches of `prepared_arms`: over the whole space, the learning rate alone, and the default.

    The default is what `Seq2Seq.fit` chooses for so many pairs and epochs.
    """
    chosen = chosen_training(len(corpus.train), max(corpus.lengths), st.Seq2Seq.rate, epochs=epochs)
    default = DEFAULT | {
        "learning_rate": chosen.learning_rate, "batch_size": chosen.batch_size, "clipping": CLIPPING}
    return prepared_arms(
        QUICK if quick else SPACE, default, lambda fixed: Objective(epochs, fixed, corpus=corpus), searcher,
        direction="maximize", seed=seed, storage=db,
        data=digest_of(also=repr((corpus.train, corpus.validation, corpus.lengths, epochs))))


def compile_kernels(corpus: Corpus, quick: bool = False) -> None:
    """Train each structure for one step, so that no trial's time includes the compilation."""
    for structure in RECURRENT if quick else STRUCTURES:
        params = {"embedding": 32, "units": 32, "learning_rate": 0.001, "batch_size": 2, "clipping": 1.0}
        build(params | {"structure": structure}, corpus, 1).fit(corpus.train[:2], 1, verbose=0)


# The example ----------------------------------------------------------------------------------------------------------


def main(
    quick: bool = False, data: str | Path | None = None, out: Path = Path("."), jobs: int = 2, seed: int = 0,
    db: Path | None = None, searcher: str = "hyperband", report: str | Path | None = None,
) -> None:
    """Tune, compare on the test pairs, show translations, draw pictures, save the model.

    Without ``data`` the pairs are the verses; with ``quick`` they are number words, which are learned in seconds.
    """
    check_options(out, jobs, seed)
    checks.choice("--searcher", searcher, SEARCHERS)
    data = ("numbers" if quick else "verses") if data is None else data
    corpus = read_corpus(data, quick, seed)
    prepare_folder(out)
    page = report_path(report, out / "report.html")
    arms = prepared(corpus, EPOCHS_QUICK if quick else EPOCHS, searcher, seed, db, quick)
    source, target = (len(vocabulary) for vocabulary in corpus.vocabularies)
    tell(f"{data}: training set: {len(corpus.train):,} pairs, validation set: {len(corpus.validation):,}, held-out "
         f"test set: {len(corpus.test):,}; vocabularies of {source:,} and {target:,} tokens")
    compile_kernels(corpus, quick)
    tuned = run_all(arms, jobs, "validation chrF")
    tell(compared(arms, corpus))
    model = tuned.model()
    if corpus.rest:
        model = trained_on_all(tuned, corpus, seed)
    present(model, tuned, corpus, out)
    write_report(page, [arm.study for arm in arms])


def compared(arms: list[Arm[st.Seq2Seq]], corpus: Corpus) -> str:
    """Return the scores of each search's best model on the test pairs, and those without a network, as a table.

    The last row is the tuned model, which a dictionary of the training pairs helps to choose words, if the validation
    pairs say that it helps.
    """
    sources = [source for source, _ in corpus.test]
    dictionary = st.text.Dictionary().fit(corpus.train)
    found = {"nearest training pair": scores_of(nearest_translations(corpus.train, sources), corpus.test),
             "dictionary": scores_of(dictionary.translate(sources), corpus.test)}
    costs = dict.fromkeys(found, "0")
    for arm in reversed(arms):
        model = arm.model()
        found[arm.name] = scores(model, corpus.test) | {"loss": model.evaluate(corpus.test)["loss"]}
        costs[arm.name] = str(arm.epochs)
    model = arms[0].model()
    prior = model.choose_prior(dictionary, corpus.validation)
    note(f"tuned, dictionary too: weight {prior.weight} of the dictionary, chosen on the validation pairs")
    helped = model.translate(sources, prior=prior)
    found["tuned, dictionary too"], costs["tuned, dictionary too"] = scores_of(helped, corpus.test), costs["tuned"]
    lines = [f"{'test pairs':<22} {'epochs':>6} " + " ".join(f"{name:>14}" for name in SCORES)]
    for name, values in found.items():
        cells = [form.format(values[score]) if score in values else "-" for score, form in SCORES.items()]
        lines.append(f"{name:<22} {costs[name]:>6} " + " ".join(f"{cell:>14}" for cell in cells))
    better = [name for name in ("nearest training pair", "dictionary") if found[name]["chrF"] > found["tuned"]["chrF"]]
    lines += [f"The {name} translates the test pairs better than the tuned network, which has seen too few pairs."
              for name in better]
    return "\n".join(lines)


def trained_on_all(arm: Arm[st.Seq2Seq], corpus: Corpus, seed: int) -> st.Seq2Seq:
    """Return the best configuration, trained from scratch on all training pairs, and print its scores."""
    epochs = arm.objective.epochs
    everything = Corpus([*corpus.train, *corpus.rest], corpus.validation, corpus.test, [], corpus.lengths)
    params = arm.objective.params(arm.best)
    note(f"training the best configuration on all {len(everything.train):,} pairs")
    model = build(params, everything, epochs, seed)
    model.fit(everything.train, epochs, params["batch_size"])
    values = scores(model, corpus.test)
    tell(f"\ntrained on all {len(everything.train):,} pairs: "
         + ", ".join(f"{name} {SCORES[name].format(value)}" for name, value in values.items()))
    return model


def present(model: st.Seq2Seq, tuned: Arm[st.Seq2Seq], corpus: Corpus, out: Path) -> None:
    """Print the best and worst translations of the test pairs; write the pictures and the model."""
    translations = model.translate([source for source, _ in corpus.test])
    cases = sorted(
        ((-st.text.sentence_chrf(spelled(target), found), number)
         for number, ((_, target), found) in enumerate(zip(corpus.test, translations, strict=True))))
    order = [number for _, number in cases]
    wrong = [number for number in order if translations[number] != spelled(corpus.test[number][1])]
    for heading, numbers in (("good", order[:SHOWN]), ("bad", wrong[-SHOWN:])):
        tell(f"\n{heading} translations, by chrF:" + " none" * (not numbers))
        for number in numbers:
            source, target = corpus.test[number]
            tell(f"  source:      {source}\n  translation: {translations[number]}\n  reference:   {target}\n")
    few = [n for n in order if len(st.text.tokenize(corpus.test[n][0])) <= FEW_TOKENS] or order
    shown = model.attention(corpus.test[few[len(few) // 2]][0])
    best = best_first(tuned.study.trials, tuned.study.direction)[:FINALISTS]
    pictures = [
        plot_learning_curves(tuned.study, best, tuned.curves(best), out / "translation_curves.png", "validation chrF",
                             "loss"),
        save(plot_attention(shown).figure, out / "translation_attention.png")]
    path = out / "translator.npz"
    model.save(path)
    tell("\n".join([*(f"picture: {picture}" for picture in pictures),
                    f"model: {path} (scratchtune translate {path} \"{corpus.test[order[0]][0]}\")"]))


if __name__ == "__main__":
    main()
