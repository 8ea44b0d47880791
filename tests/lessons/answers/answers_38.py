"""Exercise 38: wrong answers of readers, each with a part of the hint that names its mistake."""

from collections import Counter


def _runs(words, n):
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def not_clipped(references, hypotheses, n):
    matches = total = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        there, found = set(_runs(reference.split(), n)), _runs(hypothesis.split(), n)
        matches += sum(run in there for run in found)
        total += len(found)
    return matches / total if total else 0


def mean_of_the_pairs(references, hypotheses, n):
    shares = []
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        there, found = Counter(_runs(reference.split(), n)), Counter(_runs(hypothesis.split(), n))
        shares.append(sum((there & found).values()) / found.total() if found else 0)
    return sum(shares) / len(shares) if shares else 0


def one_bag_for_the_corpus(references, hypotheses, n):
    there, found = Counter(), Counter()
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        there.update(_runs(reference.split(), n))
        found.update(_runs(hypothesis.split(), n))
    return sum((there & found).values()) / found.total() if found else 0


def recall(references, hypotheses, n):
    matches = total = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        there, found = Counter(_runs(reference.split(), n)), Counter(_runs(hypothesis.split(), n))
        matches += sum((there & found).values())
        total += there.total()
    return matches / total if total else 0


def each_run_once(references, hypotheses, n):
    matches = total = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        there, found = set(_runs(reference.split(), n)), set(_runs(hypothesis.split(), n))
        matches += len(there & found)
        total += len(found)
    return matches / total if total else 0


def clipped_at_one(references, hypotheses, n):
    matches = total = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        there, found = set(_runs(reference.split(), n)), _runs(hypothesis.split(), n)
        matches += len(there & set(found))
        total += len(found)
    return matches / total if total else 0


def letters(references, hypotheses, n):
    matches = total = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        there, found = Counter(_runs(reference, n)), Counter(_runs(hypothesis, n))
        matches += sum((there & found).values())
        total += found.total()
    return matches / total if total else 0


def last_run_left_out(references, hypotheses, n):
    matches = total = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        there, found = (Counter(_runs(text.split(), n)[:-1]) for text in (reference, hypothesis))
        matches += sum((there & found).values())
        total += found.total()
    return matches / total if total else 0


def all_lengths_up_to_n(references, hypotheses, n):
    matches = total = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        for k in range(1, n + 1):
            there, found = Counter(_runs(reference.split(), k)), Counter(_runs(hypothesis.split(), k))
            matches += sum((there & found).values())
            total += found.total()
    return matches / total if total else 0


def divided_by_zero(references, hypotheses, n):
    matches = total = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        there, found = Counter(_runs(reference.split(), n)), Counter(_runs(hypothesis.split(), n))
        matches += sum(min(count, there[run]) for run, count in found.items())
        total += found.total()
    return matches / total


WRONG = [
    ("Matches are not clipped", not_clipped),
    ("This is the mean of the sentences' precisions", mean_of_the_pairs),
    ("The runs of all texts are counted together", one_bag_for_the_corpus),
    ("This is recall, as if references and hypotheses were", recall),
    ("Each distinct run counts once", each_run_once),
    ("A run that is there twice", clipped_at_one),
    ("These are runs of letters and spaces", letters),
    ("The last run of each sentence is missing", last_run_left_out),
    ("Runs of 1 to n words are counted", all_lengths_up_to_n),
    ("A corpus without a run of n words divides by 0", divided_by_zero),
]
