"""Exercise 38: clipped precision."""

from collections import Counter


def right(references, hypotheses, n):
    return _precision(references, hypotheses, n)


def _runs(text, n, letters=False):
    words = text.replace(" ", "") if letters else text.split()
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def _precision(references, hypotheses, n, clip="own", divide="hypothesis", over="corpus", upto=False, letters=False):
    """The precision with one thing changed."""
    matches, totals, shares = 0, 0, []
    everything = Counter()
    for reference in references:
        everything += _runs(reference, n)
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        match = total = 0
        for order in range(1, n + 1) if upto else (n,):
            found, wanted = _runs(hypothesis, order, letters), _runs(reference, order, letters)
            wanted = {"own": wanted, "corpus": everything}.get(clip, wanted)
            if clip == "none":
                match += sum(count for run, count in found.items() if run in wanted)
            elif clip == "once":
                match += len(set(found) & set(wanted))
            else:
                match += sum(min(count, wanted[run]) for run, count in found.items())
            total += len(found) if divide == "distinct" else sum(
                _runs(reference, order, letters).values()) if divide == "reference" else sum(found.values())
        matches, totals = matches + match, totals + total
        shares.append(match / total if total else 0.0)
    if over == "mean":
        return sum(shares) / len(shares) if shares else 0.0
    return matches / totals if totals else 0.0


def _positions(references, hypotheses, n):
    matches = totals = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        a, b = ([tuple(text.split()[i : i + n]) for i in range(len(text.split()) - n + 1)]
                for text in (reference, hypothesis))
        matches, totals = matches + sum(x == y for x, y in zip(a, b, strict=False)), totals + len(b)
    return matches / totals if totals else 0.0


def _too_few(references, hypotheses, n):
    matches = totals = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        a, b = (Counter(tuple(text.split()[i : i + n]) for i in range(len(text.split()) - n))
                for text in (reference, hypothesis))
        matches, totals = matches + sum((a & b).values()), totals + sum(b.values())
    return matches / totals if totals else 0.0


def _other(**arguments):
    return lambda references, hypotheses, n: _precision(references, hypotheses, n, **arguments)


def _no_guard(references, hypotheses, n):
    found = _precision(references, hypotheses, n)
    if sum(sum(_runs(each, n).values()) for each in hypotheses) == 0:
        raise ZeroDivisionError("division by zero")
    return found


CASES = [
    (["the cat sat on the mat", "a dog"], ["the the the the cat", "the dog barks at a cat"], 1),
    (["the cat sat on the mat", "a dog the cat"], ["the cat the cat the cat", "the dog a dog the"], 2),
    (["a b a b a", "c d c d"], ["a b a b a b", "d c d c a b"], 2), (["a b c d e"], ["a b c d x y z"], 3),
    (["a b"], ["a b"], 3),
]
def _one_bag(references, hypotheses, n):
    there, found = (sum((_runs(text, n) for text in texts), Counter()) for texts in (references, hypotheses))
    return sum((there & found).values()) / max(sum(found.values()), 1)


def _sets(references, hypotheses, n):
    pairs = [(set(_runs(a, n)), set(_runs(b, n))) for a, b in zip(references, hypotheses, strict=True)]
    return sum(len(a & b) for a, b in pairs) / max(sum(len(b) for _, b in pairs), 1)


def _characters(references, hypotheses, n):
    matches = totals = 0
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        a, b = (Counter(text[i : i + n] for i in range(len(text) - n + 1)) for text in (reference, hypothesis))
        matches, totals = matches + sum((a & b).values()), totals + sum(b.values())
    return matches / totals if totals else 0.0


MISTAKES = [
    ("Matches are not clipped: a run counts at most as often as its reference has it.", _other(clip="none")),
    ("A run that is there twice, in both, counts once: count it as often as the reference has it.",
     _other(clip="once")),
    ("Runs are looked for in all references: each hypothesis has its own.", _other(clip="corpus")),
    ("This is recall, as if references and hypotheses were exchanged: divide by the runs of the hypotheses.",
     _other(divide="reference")),
    ("The total counts each distinct run once: count all runs of the hypotheses.", _other(divide="distinct")),
    ("This is the mean of the sentences' precisions: sum matches and totals over all pairs, then divide.",
     _other(over="mean")),
    ("Runs of 1 to n words are counted: take those of n words alone.", _other(upto=True)),
    ("These are runs of letters: split the texts into words.", _other(letters=True)),
    ("Runs are compared at equal positions: a run counts wherever its reference has it.", _positions),
    ("The last run of each sentence is missing: of w words there are w - n + 1 runs.", _too_few),
    ("A corpus without a run of n words divides by 0: return 0.", _no_guard),
    ("The runs of all texts are counted together: a hypothesis has a match only in its own reference, so count pair by "
     "pair.", _one_bag),
    ("Each distinct run counts once, as a match and in the total: count it as often as it occurs, clipped.",
     _sets),
    ("These are runs of letters and spaces: split the texts into words.", _characters),
]
