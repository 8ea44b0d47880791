"""Do translators learn by their defaults: `compile()`, `fit(pairs)`, and nothing else?

Each task is a generator of pairs. The rule of `scratchtune.sequence_model.chosen_training` was chosen on those of
`CHOOSING`; those of `REPORTED` were measured afterwards, with the rule as it is. "sums" is arithmetic, which these
networks do not learn from a few hundred pairs; "verses" is real text. A run is kept in the file of runs, from which the
same command continues.
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import scratchtune as st
from benchmarks.common import harness
from benchmarks.common.benchmark import Benchmark, count
from scratchtune.data.number_words import english_words
from scratchtune.examples.sentence_pairs import nearest_translations
from scratchtune.examples.translation import scores_of

Pair = tuple[str, str]
STRUCTURES, VALIDATION, TEST = ("gru", "lstm", "transformer"), 75, 150
ENGLISH = {"noun": "dog cat king queen bird fish child tree river house horse girl".split(),
           "verb": "sees hears loves finds hits follows calls leaves".split(),
           "adjective": "big small red old new good".split()}
CONSONANTS, VOWELS = list("bdfgklmnprstvz"), list("aeiou")


def words(rng: np.random.Generator, syllables: int) -> str:
    """A word of a toy language."""
    return "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(syllables))


def lexicon(seed: int) -> dict[str, str]:
    """A word of a toy language for each of `ENGLISH`."""
    rng = np.random.default_rng([seed, 1])
    return {word: words(rng, 3) for part in ENGLISH.values() for word in part}


# Tasks on which the rule was chosen -----------------------------------------------------------------------------------


def verb_last(rng: np.random.Generator, known: dict[str, str]) -> Pair:
    """Two toy languages: no articles, adjectives after nouns, a case ending, the verb last, with its negation."""
    nouns, verb = rng.choice(ENGLISH["noun"], 2), rng.choice(ENGLISH["verb"])
    adjectives = [[str(word)] if rng.random() < 0.7 else [] for word in rng.choice(ENGLISH["adjective"], 2)]
    no = rng.random() < 0.3
    source = [["the", *adjective, str(noun)] for adjective, noun in zip(adjectives, nouns, strict=True)]
    target = [[known[str(noun)] + ending, *(known[word] for word in adjective)]
              for noun, ending, adjective in zip(nouns, ("", "n"), adjectives, strict=True)]
    return (" ".join([*source[0], *["does", "not"] * no, str(verb), *source[1]]),
            " ".join([*target[0], *target[1], *["ne"] * no, known[str(verb)] + ("t" if no else "")]))


def backwards(rng: np.random.Generator, known: dict[str, str]) -> Pair:
    """Letters, and the same letters from the last to the first."""
    letters = rng.choice(list("abcdefgh"), rng.integers(3, 8)).tolist()
    return " ".join(letters), " ".join(letters[::-1])


def cipher(rng: np.random.Generator, known: dict[str, str]) -> Pair:
    """Letters; vowels are doubled, consonants become voiceless, and the ending depends on the last vowel."""
    word = words(rng, int(rng.integers(2, 5)))
    changed = "".join(2 * letter if letter in VOWELS else {"b": "p", "d": "t", "g": "k"}.get(letter, letter)
                      for letter in word)
    return " ".join(word), " ".join(changed + ("n" if word[-1] in "ae" else "s"))


# Tasks that report ----------------------------------------------------------------------------------------------------


def verb_first(rng: np.random.Generator, known: dict[str, str]) -> Pair:
    """Two toy languages: the verb first, articles and adjectives that agree in gender, plurals, questions."""
    asks, many = rng.random() < 0.3, rng.random() < 0.5
    nouns, verb = rng.choice(ENGLISH["noun"], 2), str(rng.choice(ENGLISH["verb"]))
    source: list[str] = ["do" if many else "does"] * asks
    target: list[str] = ["ka"] * asks + [known[verb] + ("m" if many else "")]
    for number, noun in enumerate(map(str, nouns)):
        plural, gender = many and number == 0, ENGLISH["noun"].index(noun) % 2
        adjective = [str(rng.choice(ENGLISH["adjective"]))] if rng.random() < 0.5 else []
        source += ["the", *adjective, noun + "s" * plural, *[verb[:-1] if many or asks else verb] * (number == 0)]
        target += [("lo", "la")[gender], known[noun] + "k" * plural]
        target += [known[word] + "oa"[gender] for word in adjective]
    return " ".join(source), " ".join(target)


def iso_date(rng: np.random.Generator, known: dict[str, str]) -> Pair:
    """A date in one of three styles, its year as single digits, and the same date in ISO form."""
    iso = str(np.datetime64("1900-01-01") + np.timedelta64(int(rng.integers(73_000)), "D"))
    year, month, day = iso.split("-")
    name = "january february march april may june july august september october november december".split()[
        int(month) - 1]
    style = ("{day} {name} {year}", "{name} {day} , {year}", "the {day} of {name} {year}")[rng.integers(3)]
    return style.format(day=int(day), name=name, year=" ".join(year)), " ".join(iso)


def plural(rng: np.random.Generator, known: dict[str, str]) -> Pair:
    """The letters of a noun and of its plural, by the rules of English spelling."""
    word = words(rng, int(rng.integers(1, 4)))
    word += str(rng.choice(["", *"bdgklmnprtyyxs", "ch", "sh", "f"]))
    if word.endswith("y"):
        return " ".join(word), " ".join(word + "s" if word[-2] in VOWELS else word[:-1] + "ies")
    changed = word[:-1] + "ves" if word.endswith("f") else word + ("es" if word.endswith(("s", "x", "h", "z")) else "s")
    return " ".join(word), " ".join(changed)


def pig_latin(rng: np.random.Generator, known: dict[str, str]) -> Pair:
    """Letters; the first consonants are moved to the end, before "ay"; a word that begins with a vowel gets "way"."""
    onset = str(rng.choice(["", "b", "d", "f", "k", "m", "p", "s", "t", "st", "tr", "pl", "kr", "spl"]))
    rest = str(rng.choice(VOWELS)) + words(rng, int(rng.integers(1, 3))) + str(rng.choice(["", "n", "t", "l"]))
    return " ".join(onset + rest), " ".join(rest + (onset or "w") + "ay")


def spelled_number(rng: np.random.Generator, known: dict[str, str]) -> Pair:
    """The digits of a number below 10,000, and its English words."""
    number = int(rng.integers(10 ** rng.integers(1, 5)))
    return " ".join(str(number)), english_words(number)


def roman(rng: np.random.Generator, known: dict[str, str]) -> Pair:
    """The digits of a number below 2,000, and the Roman numeral."""
    number = left = int(rng.integers(1, 2000))
    found = ""
    for value, letters in zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
                              "m cm d cd c xc l xl x ix v iv i".split(), strict=True):
        found, left = found + letters * (left // value), left % value
    return " ".join(str(number)), " ".join(found)


def sums(rng: np.random.Generator, known: dict[str, str]) -> Pair:
    """Two numbers of two digits, and their sum."""
    a, b = rng.integers(10, 100, 2)
    return f"{' '.join(str(a))} + {' '.join(str(b))}", " ".join(str(a + b))


CHOOSING: dict[str, Callable[[np.random.Generator, dict[str, str]], Pair]] = {
    "verb last": verb_last, "backwards": backwards, "cipher": cipher}
REPORTED: dict[str, Callable[[np.random.Generator, dict[str, str]], Pair]] = {
    "verb first": verb_first, "dates to ISO": iso_date, "plurals": plural, "pig Latin": pig_latin,
    "spelled numbers": spelled_number, "Roman numerals": roman, "sums": sums}
TASKS = CHOOSING | REPORTED


def parts_of(task: str, seed: int, number: int) -> list[list[Pair]]:
    """So many training pairs; validation and test pairs with other sources."""
    if task == "verses":
        return [st.datasets.load_verses(part)[:most] for part, most in (
            ("train", number), ("validation", VALIDATION), ("test", TEST))]
    rng, known = np.random.default_rng([seed, 0]), lexicon(seed)
    found: dict[str, str] = {}
    while len(found) < number + VALIDATION + TEST:
        found.setdefault(*TASKS[task](rng, known))
    pairs = list(found.items())
    return [pairs[:number], pairs[number : number + VALIDATION], pairs[number + VALIDATION :]]


def measured(task: str, structure: str, seed: int, number: int) -> dict[str, Any]:
    """Train by the defaults; the scores of the network, with a dictionary as a prior, and of two baselines without it.

    The validation pairs choose nothing but the weight of the dictionary.
    """
    train, validation, test = parts_of(task, seed, number)
    sources, targets = zip(*train, strict=True)
    model = st.Seq2Seq(st.text.Vocabulary(sources), st.text.Vocabulary(targets), structure, seed=seed)
    model.compile()
    history = model.fit(train, verbose=0)
    model.warns = False  # of unknown words
    texts, losses, dictionary = [source for source, _ in test], history.history["loss"], st.text.Dictionary().fit(train)
    prior = model.choose_prior(dictionary, validation)
    found = {"network": model.translate(texts), "with dictionary": model.translate(texts, prior=prior),
             "nearest": nearest_translations(train, texts), "dictionary": dictionary.translate(texts)}
    return {"epochs": len(losses), "loss": losses[-1] / (history.guessing or 1.0), "weight": prior.weight} | {
        name: scores_of(translations, test) for name, translations in found.items()}


def table_of(runs: list[dict[str, Any]]) -> str:
    """A line for each task, structure and number of pairs: the scores over the seeds."""
    rows, groups = [], dict.fromkeys((run["task"], run["structure"], run["pairs"]) for run in runs)
    for group in sorted(groups, key=lambda group: ([*TASKS, "verses"].index(group[0]), group[2], group[1])):
        own = [run for run in runs if (run["task"], run["structure"], run["pairs"]) == group]
        exact = [run["network"]["exact match"] for run in own]
        rows.append([group[0], group[1], str(group[2]), str(own[0]["epochs"]), str(len(own)), f"{np.mean(exact):.3f}",
                     f"{min(exact):.3f}", *(f"{np.mean([run[name]['chrF'] for run in own]):.1f}"
                                            for name in ("network", "with dictionary", "nearest", "dictionary")),
                     " ".join(f"{run['weight']:g}" for run in own)])
    return harness.table(["task", "structure", "pairs", "epochs", "draws", "exact match", "lowest", "chrF",
                          "with dictionary", "nearest pair", "dictionary alone", "its weights"], rows)


def measure(given: Namespace) -> list[dict[str, Any]]:
    """All runs of the file, and those that it lacks."""
    runs = harness.kept_runs(given.runs)
    for structure in given.structures:
        for seed in range(given.seeds):
            for task in given.tasks:
                key = {"task": task, "structure": structure, "seed": seed, "pairs": given.pairs}
                if not any(key.items() <= run.items() for run in runs):
                    runs.append(key | measured(task, structure, seed, given.pairs))
                    with given.runs.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(runs[-1]) + "\n")
    return runs


def report(runs: list[dict[str, Any]], _: Namespace) -> list[str]:
    """A table of the tasks on which nothing was chosen, and one of the others."""
    own = [[run for run in runs if run["task"] in names] for names in (CHOOSING, [*REPORTED, "verses"])]
    return [
        f"`compile()`, `fit(pairs)`; greedy translations of {TEST} pairs with other sources. Means over the draws (the "
        "seed draws pairs and initial weights), and the lowest exact match. \"With dictionary\": a dictionary by IBM "
        f"Model 1 as a prior, with the weight that {VALIDATION} validation pairs chose, from 0.",
        *([table_of(own[1])] if own[1] else []),
        *(["The tasks on which the rule was chosen:", table_of(own[0])] if own[0] else [])]


BENCHMARK = Benchmark("Translators by their defaults", measure, report, options={
    "--structures": {"nargs": "+", "default": ["gru"], "choices": STRUCTURES},
    "--tasks": {"nargs": "+", "default": list(REPORTED), "choices": [*TASKS, "verses"]},
    "--seeds": {"type": count, "default": 3}, "--pairs": {"type": count, "default": 400},
    "--runs": {"type": Path, "default": Path("translation_defaults.jsonl"), "help": "the file that keeps every run"}})
