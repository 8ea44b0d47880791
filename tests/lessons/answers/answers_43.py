"""Exercise 43: wrong answers of readers, each with a part of the hint that names its mistake."""


def _beam(beam, frame, extend):
    """Every way to move, with `extend(prefix, symbol, blank, letter)` as the share that a new letter gets."""
    new = {}
    for prefix, (blank, letter) in beam.items():
        sums = new.setdefault(prefix, [0.0, 0.0])
        sums[0] += (blank + letter) * frame["-"]
        if prefix:
            sums[1] += letter * frame[prefix[-1]]
        for symbol, p in frame.items():
            if symbol != "-":
                new.setdefault(prefix + symbol, [0.0, 0.0])[1] += extend(prefix, symbol, blank, letter) * p
    return {prefix: tuple(sums) for prefix, sums in new.items()}


def repeat_without_a_blank(beam, frame):
    return _beam(beam, frame, lambda prefix, symbol, blank, letter: blank + letter)


def repeat_is_no_new_letter(beam, frame):
    def extend(prefix, symbol, blank, letter):
        return 0.0 if prefix.endswith(symbol) else blank + letter

    return {prefix: sums for prefix, sums in _beam(beam, frame, extend).items() if any(sums) or prefix in beam}


def new_letters_after_a_blank_only(beam, frame):
    return _beam(beam, frame, lambda prefix, symbol, blank, letter: blank)


def repeat_takes_the_letter_sum(beam, frame):
    return _beam(beam, frame, lambda prefix, symbol, blank, letter:
                 letter if prefix.endswith(symbol) else blank + letter)


def last_way_only(beam, frame):
    new = {}
    for prefix, (blank, letter) in beam.items():
        new[prefix] = (blank + letter) * frame["-"], letter * frame[prefix[-1]] if prefix else 0.0
        for symbol, p in frame.items():
            if symbol != "-":
                new[prefix + symbol] = 0.0, (blank if prefix.endswith(symbol) else blank + letter) * p
    return new


def blank_keeps_the_blank_sum_only(beam, frame):
    new = {}
    for prefix, (blank, letter) in beam.items():
        sums = new.setdefault(prefix, [0.0, 0.0])
        sums[0] += blank * frame["-"]
        if prefix:
            sums[1] += letter * frame[prefix[-1]]
        for symbol, p in frame.items():
            if symbol != "-":
                new.setdefault(prefix + symbol, [0.0, 0.0])[1] += (
                    blank if prefix.endswith(symbol) else blank + letter) * p
    return {prefix: tuple(sums) for prefix, sums in new.items()}


def merged_from_both_sums(beam, frame):
    new = {}
    for prefix, (blank, letter) in beam.items():
        sums = new.setdefault(prefix, [0.0, 0.0])
        sums[0] += (blank + letter) * frame["-"]
        if prefix:
            sums[1] += (blank + letter) * frame[prefix[-1]]
        for symbol, p in frame.items():
            if symbol != "-":
                new.setdefault(prefix + symbol, [0.0, 0.0])[1] += (
                    blank if prefix.endswith(symbol) else blank + letter) * p
    return {prefix: tuple(sums) for prefix, sums in new.items()}


def never_merges(beam, frame):
    new = {}
    for prefix, (blank, letter) in beam.items():
        new.setdefault(prefix, [0.0, 0.0])[0] += (blank + letter) * frame["-"]
        for symbol, p in frame.items():
            if symbol != "-":
                new.setdefault(prefix + symbol, [0.0, 0.0])[1] += (
                    blank if prefix.endswith(symbol) else blank + letter) * p
    return {prefix: tuple(sums) for prefix, sums in new.items()}


def blank_is_a_letter(beam, frame):
    new = {}
    for prefix, (blank, letter) in beam.items():
        sums = new.setdefault(prefix, [0.0, 0.0])
        sums[0] += (blank + letter) * frame["-"]
        if prefix:
            sums[1] += letter * frame[prefix[-1]]
        for symbol, p in frame.items():
            new.setdefault(prefix + symbol, [0.0, 0.0])[1] += (
                blank if prefix.endswith(symbol) else blank + letter) * p
    return {prefix: tuple(sums) for prefix, sums in new.items()}


def sums_exchanged(beam, frame):
    new = _beam(beam, frame, lambda prefix, symbol, blank, letter:
                blank if prefix.endswith(symbol) else blank + letter)
    return {prefix: (letter, blank) for prefix, (blank, letter) in new.items()}


WRONG = [
    ('Only the blank sum may go from "a" to "aa": without a blank between', repeat_without_a_blank),
    ('"aa" is missing: after a blank, another "a" is a new', repeat_is_no_new_letter),
    ("Another letter may follow both sums", new_letters_after_a_blank_only),
    ('It is the blank sum that may go from "a" to "aa", not the letter sum', repeat_takes_the_letter_sum),
    ("Whichever way comes last replaces the sums of the others", last_way_only),
    ("A blank may follow a letter as well as a blank", blank_keeps_the_blank_sum_only),
    ("After a blank the same letter is a new one", merged_from_both_sums),
    ("The last letter again", never_merges),
    ("The blank is no letter of the text", blank_is_a_letter),
    ("The two sums are exchanged", sums_exchanged),
]
