"""Exercise 43: one frame of prefix beam search, in probabilities."""

from collections import defaultdict

CASES = [
    ({"a": (0.4, 0.27), "": (0.05, 0.0)}, {"-": 0.2, "a": 0.5, "b": 0.3}),
    ({"": (0.05, 0.0), "a": (0.4, 0.27)}, {"-": 0.2, "a": 0.5, "b": 0.3}),
    ({"ab": (0.1, 0.2), "a": (0.3, 0.05), "abb": (0.02, 0.07)}, {"-": 0.1, "a": 0.3, "b": 0.6}),
    ({"": (1.0, 0.0)}, {"-": 0.6, "a": 0.1, "b": 0.3}),
]


def right(beam, frame):
    return _next(beam, frame)


def _next(beam, frame, *, twin="blank", other="both", stay_blank="both", merge="label", side=1, adding=True):
    """The frame, with parts that may be wrong: which of the sums count for each of the ways."""
    def chosen(which, blank, label):
        return {"blank": blank, "label": label, "both": blank + label, "none": 0.0}[which]

    later = defaultdict(lambda: [0.0, 0.0])

    def add(prefix, part, value):
        later[prefix][part] = later[prefix][part] + value if adding else value

    for prefix, (blank, label) in beam.items():
        add(prefix, 0, chosen(stay_blank, blank, label) * frame["-"])
        if prefix:
            add(prefix, 1, chosen(merge, blank, label) * frame[prefix[-1]])
        for letter, p in frame.items():
            if letter != "-":
                which = twin if prefix.endswith(letter) and prefix else other
                add(prefix + letter, side, chosen(which, blank, label) * p)
    return {prefix: tuple(sums) for prefix, sums in later.items()}


def _blank_as_letter(beam, frame):
    later = _next(beam, frame)
    for prefix, (blank, label) in beam.items():
        later[prefix + "-"] = (0.0, (blank + label) * frame["-"])
    return later


def _overwritten(beam, frame):
    later = {}
    for prefix, (blank, label) in beam.items():
        for letter, p in frame.items():
            if letter != "-":
                later[prefix + letter] = (0.0, (blank if prefix.endswith(letter) else blank + label) * p)
    for prefix, (blank, label) in beam.items():
        later[prefix] = ((blank + label) * frame["-"], label * frame[prefix[-1]] if prefix else 0.0)
    return later


def _total(beam, frame):
    return {prefix: sum(sums) for prefix, sums in _next(beam, frame).items()}


def _best(beam, frame):
    later = _next(beam, frame)
    return dict(sorted(later.items(), key=lambda item: -sum(item[1]))[: max(len(beam), 1)])


def _divided(beam, frame):
    later = _next(beam, frame)
    total = sum(map(sum, later.values()))
    return {prefix: (blank / total, label / total) for prefix, (blank, label) in later.items()}


def _no_empty(beam, frame):
    return {prefix: sums for prefix, sums in _next(beam, frame).items() if prefix}


def _last_way(beam, frame):
    later = {}
    for prefix, (blank, label) in beam.items():
        later[prefix] = (blank + label) * frame["-"], label * frame[prefix[-1]] if prefix else 0.0
        later |= {prefix + letter: (0.0, (blank if prefix.endswith(letter) else blank + label) * p)
                  for letter, p in frame.items() if letter != "-"}
    return later


MISTAKES = [
    ("Only the blank sum may go from \"a\" to \"aa\": without a blank between, the two are merged.",
     lambda beam, frame: _next(beam, frame, twin="both")),
    ("It is the blank sum that may go from \"a\" to \"aa\", not the letter sum.",
     lambda beam, frame: _next(beam, frame, twin="label")),
    ("\"aa\" can be reached, too: from \"a\", after a blank.", lambda beam, frame: _next(beam, frame, twin="none")),
    ("Another letter may follow both sums, paths that end in a blank and paths that end in a letter.",
     lambda beam, frame: _next(beam, frame, other="blank")),
    ("A blank may follow a letter as well as a blank.", lambda beam, frame: _next(beam, frame, stay_blank="blank")),
    ("A blank may follow a blank as well as a letter.", lambda beam, frame: _next(beam, frame, stay_blank="label")),
    ("The last letter again, without a blank between, leaves the prefix as it is: add that to its letter sum.",
     lambda beam, frame: _next(beam, frame, merge="none")),
    ("After a blank the same letter is a new one, so the blank sum does not stay in the prefix with that letter.",
     lambda beam, frame: _next(beam, frame, merge="both")),
    ("Paths to a longer prefix end in its last letter, so they belong to the letter sum.",
     lambda beam, frame: _next(beam, frame, side=0)),
    ("A prefix that is reached in two ways has the sum of both; here the second one replaces the first, in the order "
     "of the beam.", lambda beam, frame: _next(beam, frame, adding=False)),
    ("A prefix that stays replaces what has come to it from a shorter one: add the two.", _overwritten),
    ("The blank is no letter of the text: a prefix that gets a blank stays as it is.", _blank_as_letter),
    ("Return both sums of each prefix, not their total: the next frame needs them.", _total),
    ("Nothing is discarded in this step.", _best),
    ("Do not divide by the total: the sums are probabilities already.", _divided),
    ("The empty prefix stays, too, with the blank.", _no_empty),
    ("\"aa\" is missing: after a blank, another \"a\" is a new letter, also where the prefix ends in \"a\".",
     lambda beam, frame: {prefix: sums for prefix, sums in _next(beam, frame, twin="none").items()
                          if any(sums) or prefix in beam}),
    ("Whichever way comes last replaces the sums of the others: begin with 0 and 0 for each prefix, and add.",
     _last_way),
    ("The two sums are exchanged: that of the paths that end in a blank comes first.",
     lambda beam, frame: {prefix: sums[::-1] for prefix, sums in _next(beam, frame).items()}),
]
