"""Exercise 28: a right answer, and wrong ones, each with the hint that it must get."""


def moves(beam, frame):
    """(prefix now, prefix before, its sums, 0 or 1 for the sum that it adds to, the factor of both of its sums)."""
    for prefix, sums in beam.items():
        yield prefix, sums, 0, frame["-"], frame["-"]
        for letter in frame.keys() - {"-"}:
            repeated = prefix[-1:] == letter
            if repeated:
                yield prefix, sums, 1, 0.0, frame[letter]
            yield prefix + letter, sums, 1, frame[letter], 0.0 if repeated else frame[letter]


def summed(found):
    later = {}
    for prefix, (blank, label), part, by_blank, by_label in found:
        sums = later.setdefault(prefix, [0.0, 0.0])
        sums[part] += blank * by_blank + label * by_label
    return {prefix: tuple(sums) for prefix, sums in later.items()}


def next_beam(beam, frame):
    return summed(moves(beam, frame))


def is_repeat(prefix, found):
    return prefix == "aa" and found[2] == 1


def changed(beam, frame, change):
    """The right moves, each replaced by ``change``, which returns a move, or None to leave it out."""
    return summed(move for move in (change(*each) for each in moves(beam, frame)) if move is not None)


def blank_forgotten(beam, frame):
    return changed(beam, frame, lambda prefix, sums, part, b, u: (prefix, sums, part, max(b, u), max(b, u))
                   if prefix not in beam else (prefix, sums, part, b, u))


def letter_sum_repeated(beam, frame):
    return changed(beam, frame, lambda prefix, sums, part, b, u: (prefix, sums, part, u, b)
                   if prefix not in beam and u == 0.0 else (prefix, sums, part, b, u))


def never_repeated(beam, frame):
    return changed(beam, frame, lambda prefix, sums, part, b, u: None if prefix[-2:] in ("aa", "bb") and u == 0.0
                   else (prefix, sums, part, b, u))


def in_the_blank_sum(beam, frame):
    return changed(beam, frame, lambda prefix, sums, part, b, u: (prefix, sums, 0, b, u)
                   if part == 1 and b == u else (prefix, sums, part, b, u))


def only_after_a_blank(beam, frame):
    return changed(beam, frame, lambda prefix, sums, part, b, u: (prefix, sums, part, b, 0.0)
                   if part == 1 and b == u else (prefix, sums, part, b, u))


def blank_after_blank_only(beam, frame):
    return changed(beam, frame, lambda prefix, sums, part, b, u: (prefix, sums, part, b, u if part == 1 else 0.0))


def overwritten(beam, frame):
    later = {}
    for prefix, sums in beam.items():
        later |= next_beam({prefix: sums}, frame)
    return later


def not_from_shorter(beam, frame):
    return changed(beam, frame, lambda prefix, sums, part, b, u: None if prefix in beam and b == u and part == 1
                   else (prefix, sums, part, b, u))


def repeat_lost(beam, frame):
    return changed(beam, frame, lambda prefix, sums, part, b, u: None if part == 1 and b == 0.0
                   else (prefix, sums, part, b, u))


def both_stay(beam, frame):
    return changed(beam, frame, lambda prefix, sums, part, b, u: (prefix, sums, part, u, u)
                   if part == 1 and b == 0.0 else (prefix, sums, part, b, u))


SOLUTION = next_beam
WRONG = [
    ("without a blank between, the two are merged", blank_forgotten),
    ("not the letter sum", letter_sum_repeated),
    ("possible after a blank", never_repeated),
    ("so they belong to the letter sum", in_the_blank_sum),
    ("another letter may follow both sums", only_after_a_blank),
    ("follow a letter as well as a blank", blank_after_blank_only),
    ("one of them was overwritten", overwritten),
    ("also reached from the empty prefix", not_from_shorter),
    ("leaves the prefix as it is", repeat_lost),
    ("the same letter is a new one", both_stay),
]
