"""Translation: the structure of an encoder-decoder and its training, tuned by Hyperband or by Bayesian optimisation.

    scratchtune example translation [--data verses|numbers|dates|FILE.tsv] [--searcher bayesian] [--quick] [--out DIR]

Three searches train for equally many epochs: over the whole space, over the learning rate alone, and over the random
seed of the default configuration. The model with the best validation score of each translates the test pairs, which no
search has seen.

Implements section 6.2 of the document.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import scratchtune as st
from scratchtune import checks
from scratchtune.digests import digest_of
from scratchtune.examples.sentence_pairs import Corpus, Pairs, nearest_translations, read_corpus, spelled
from scratchtune.examples.shared import check_options, prepare_folder, ranked, ranking
from scratchtune.insight.learning_curves import plot_learning_curves
from scratchtune.insight.translation_plots import Lookup, plot_attention
from scratchtune.streams import note, tell

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
DEFAULT: dict[str, Any] = {  # the defaults of `Seq2Seq`, `Adam` and `fit`
    "structure": "gru", "attention": "dot", "embedding": 64, "units": 128, "layers": 1, "dropout": 0.0,
    "learning_rate": 0.001, "batch_size": 32, "clipping": None,
}
QUICK: dict[str, Any] = {  # fewer kernels to compile, and fewer dimensions for few trials
    **{name: domain for name, domain in SPACE.items() if name != "layers"}, "structure": RECURRENT}
OF_MODEL = ("structure", "attention", "embedding", "units", "layers", "dropout")
CURVES = ("loss", "val_loss")
SEARCHERS = ("hyperband", "bayesian")
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
    return model


@dataclass
class Objective:
    """The objective: the chrF of a configuration's greedy translations of the validation pairs.

    The validation loss after a long training ranks configurations less well; ``python -m benchmarks.translation_tuning
    --guide`` compares the two.
    ``epochs`` is the length of the longest training. ``fixed`` holds hyper-parameters that are not searched.
    """

    corpus: Corpus
    epochs: int
    fixed: dict[str, Any] = field(default_factory=dict)

    def __call__(self, trial: st.Trial) -> float:
        """Return the chrF after a training whose number of epochs is the trial's budget.

        A promoted trial continues the training of its parent, and the learning rate the same half cosine. The trial
        saves weights and learning curves.
        """
        model, curves = self.restored(trial, trial.load())
        done, epochs = len(curves["loss"]), int(trial.budget or self.epochs)
        history = model.fit(self.corpus.train, epochs - done, self.params(trial)["batch_size"], verbose=0,
                            validation_data=self.corpus.validation)
        if history.diverged:
            raise RuntimeError("the training diverged")
        value = scores(model, self.corpus.validation)["chrF"]
        trial.report(value, step=epochs)
        trial.save(model.network.get_state() | {
            name: np.append(curves[name], history.history[name]) for name in CURVES})
        return value

    def params(self, trial: st.Trial) -> dict[str, Any]:
        """The whole configuration of a trial."""
        return self.fixed | {name: value for name, value in trial.params.items() if name in SPACE}

    def restored(
        self, trial: st.Trial, saved: Mapping[str, np.ndarray] | None,
    ) -> tuple[st.Seq2Seq, dict[str, np.ndarray]]:
        """Return the model of a trial, and its learning curves so far; ``saved`` is what a trial has saved, if any."""
        model = build(self.params(trial), self.corpus, self.epochs, trial.seed)
        if saved is None:
            return model, {name: np.zeros(0) for name in CURVES}
        model.network.set_state({name: array for name, array in saved.items() if name not in CURVES})
        return model, {name: saved[name] for name in CURVES}


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


# Searches at equal cost -----------------------------------------------------------------------------------------------


def hyperband(epochs: int) -> st.Hyperband:
    """Hyperband over epochs, with a Bayesian model that proposes two of three configurations."""
    return st.Hyperband(
        epochs, proposer=st.BayesianSearch(parallel=2), min_budget=max(epochs // 9, 1), random_share=1 / 3)


def trainings(epochs: int) -> int:
    """How many trainings of the longest length take as many epochs as Hyperband's schedule."""
    return hyperband(epochs).cost(going_on=True) // epochs


@dataclass
class Arm:
    """A search that is compared: its name, its study, its objective, and how many trials it has."""

    name: str
    study: st.Study
    objective: Objective
    trials: int | None

    def run(self, jobs: int) -> None:
        """Run its trials."""
        self.study.run(self.objective, self.trials, n_jobs=jobs)

    @property
    def best(self) -> st.Trial:
        """The best trial of the longest training."""
        found = ranked(self.study)
        if not found:
            raise RuntimeError(f"all trials of the search {self.name!r} failed: {self.study.trials[0].error}")
        return found[0]

    @property
    def epochs(self) -> int:
        """The epochs of all its trainings; a promoted trial counts those that it adds to its parent's."""
        budget = [int(trial.budget or self.objective.epochs) for trial in self.study.trials]
        return sum(budget) - sum(budget[trial.parent] for trial in self.study.trials if trial.parent is not None)

    def model(self) -> st.Seq2Seq:
        """The model that the best trial has saved."""
        return self.objective.restored(self.best, self.best.saved)[0]


def prepared(
    corpus: Corpus, epochs: int = EPOCHS, searcher: str = "hyperband", seed: int = 0, db: Path | None = None,
    quick: bool = False,
) -> list[Arm]:
    """Return the three searches; each trains for as many epochs as Hyperband's schedule, or slightly fewer.

    The first is the search over the whole space: ``arm.study.run(arm.objective)``.
    """
    full = trainings(epochs)
    trials = None if searcher == "hyperband" else full
    data = digest_of(also=repr((corpus.train, corpus.validation, corpus.lengths, epochs)))
    arms = []
    for name, space, fixed in (
        ("tuned", QUICK if quick else SPACE, {}),
        ("learning rate alone", {"learning_rate": SPACE["learning_rate"]}, DEFAULT),
        ("default", {"restart": list(range(full))}, DEFAULT),
    ):
        method: Any = st.GridSearch() if name == "default" else hyperband(epochs) if trials is None else (
            st.BayesianSearch(parallel=2))
        study = st.Study(space, method, "maximize", seed, db, f"{name}, {searcher}", data=data)
        arms.append(Arm(name, study, Objective(corpus, epochs, dict(fixed)), full if name == "default" else trials))
    return arms


def compile_kernels(corpus: Corpus, quick: bool = False) -> None:
    """Train each structure for one step, so that no trial's time includes the compilation."""
    for structure in RECURRENT if quick else STRUCTURES:
        params = {"embedding": 32, "units": 32, "learning_rate": 0.001, "batch_size": 2, "clipping": 1.0}
        build(params | {"structure": structure}, corpus, 1).fit(corpus.train[:2], verbose=0)


# The example ----------------------------------------------------------------------------------------------------------


def main(
    quick: bool = False, data: str | Path | None = None, out: Path = Path("."), jobs: int = 2, seed: int = 0,
    db: Path | None = None, searcher: str = "hyperband",
) -> None:
    """Tune, compare on the test pairs, show translations, draw pictures, save the model.

    Without ``data`` the pairs are the verses; with ``quick`` they are number words, which are learned in seconds.
    """
    check_options(out, jobs, seed)
    checks.choice("--searcher", searcher, SEARCHERS)
    data = ("numbers" if quick else "verses") if data is None else data
    corpus = read_corpus(data, quick, seed)
    prepare_folder(out)
    arms = prepared(corpus, EPOCHS_QUICK if quick else EPOCHS, searcher, seed, db, quick)
    source, target = (len(vocabulary) for vocabulary in corpus.vocabularies)
    tell(f"{data}: training set: {len(corpus.train):,} pairs, validation set: {len(corpus.validation):,}, held-out "
         f"test set: {len(corpus.test):,}; vocabularies of {source:,} and {target:,} tokens")
    compile_kernels(corpus, quick)
    for arm in arms:
        begun = time.perf_counter()
        arm.run(jobs)
        note(f"{arm.name}: {checks.counted(len(arm.study.trials), 'trial')}, {arm.epochs} epochs, "
             f"{time.perf_counter() - begun:.0f} s")
    tuned, longest = arms[0], arms[0].objective.epochs
    tell(f"\n{ranking(tuned.study, 'validation chrF', longest)}\n\nwhy trial {tuned.best.number}: "
         f"{tuned.study.why(tuned.best.number)}\n")
    tell(compared(arms, corpus))
    model = tuned.model()
    if corpus.rest:
        model = trained_on_all(tuned, seed)
    present(model, tuned, corpus, out)


def compared(arms: list[Arm], corpus: Corpus) -> str:
    """Return the scores of each search's best model on the test pairs, and those without a network, as a table.

    The last row is the tuned model, which a dictionary of the training pairs helps to choose words.
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
    helped = arms[0].model().translate(sources, prior=st.text.LexicalPrior(dictionary))
    found["tuned, dictionary too"], costs["tuned, dictionary too"] = scores_of(helped, corpus.test), costs["tuned"]
    lines = [f"{'test pairs':<22} {'epochs':>6} " + " ".join(f"{name:>14}" for name in SCORES)]
    for name, values in found.items():
        cells = [form.format(values[score]) if score in values else "-" for score, form in SCORES.items()]
        lines.append(f"{name:<22} {costs[name]:>6} " + " ".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


def trained_on_all(arm: Arm, seed: int) -> st.Seq2Seq:
    """Return the best configuration, trained from scratch on all training pairs, and print its scores."""
    corpus, epochs = arm.objective.corpus, arm.objective.epochs
    everything = Corpus([*corpus.train, *corpus.rest], corpus.validation, corpus.test, [], corpus.lengths)
    params = arm.objective.params(arm.best)
    note(f"training the best configuration on all {len(everything.train):,} pairs")
    model = build(params, everything, epochs, seed)
    model.fit(everything.train, epochs, params["batch_size"])
    values = scores(model, corpus.test)
    tell(f"\ntrained on all {len(everything.train):,} pairs: "
         + ", ".join(f"{name} {SCORES[name].format(value)}" for name, value in values.items()))
    return model


def present(model: st.Seq2Seq, tuned: Arm, corpus: Corpus, out: Path) -> None:
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
    lookups = [Lookup(*model.attention(corpus.test[number][0])) for number in (few[0], few[len(few) // 2], few[-1])]
    best = ranked(tuned.study)[:FINALISTS]
    curves = {trial.number: {name: (trial.saved or {})[name].tolist() for name in CURVES} for trial in best}
    pictures = [
        plot_learning_curves(tuned.study, best, curves, out / "translation_curves.png", "validation chrF", "loss"),
        plot_attention(lookups, out / "translation_attention.png")]
    path = out / "translator.npz"
    model.save(path)
    tell("\n".join([*(f"picture: {picture}" for picture in pictures),
                    f"model: {path} (scratchtune translate {path} \"{corpus.test[order[0]][0]}\")"]))


if __name__ == "__main__":
    main()
