"""Exercise 27: a right answer, and wrong ones, each with the hint that it must get."""

from itertools import groupby


def text_of(path):
    return "".join(symbol for symbol, _ in groupby(path)).replace("-", "")


def blanks_removed_first(path):
    return "".join(symbol for symbol, _ in groupby(path.replace("-", "")))


def not_merged(path):
    return path.replace("-", "")


def blanks_kept(path):
    return "".join(symbol for symbol, _ in groupby(path))


def blanks_at_the_ends_removed(path):
    return blanks_kept(path).strip("-") if "a" not in path else text_of(path)


def each_letter_once(path):
    return "".join(dict.fromkeys(path)).replace("-", "") if "-" not in path else text_of(path)


def repeats_dropped(path):
    return "".join(symbol for symbol, run in groupby(path) if len(list(run)) == 1 and symbol != "-")


def last_one_lost(path):
    return text_of(path) if len(path) > 1 else ""


def a_list(path):
    return list(text_of(path))


def pairs_only(path):
    return path.replace("aa", "a").replace("bb", "b").replace("-", "")


SOLUTION = text_of
WRONG = [
    ("merge first, then remove the blanks", blanks_removed_first),
    ("repeats without a blank between are one letter", not_merged),
    ("the blanks are still in it", blanks_kept),
    ("remove the blanks inside as well", blanks_at_the_ends_removed),
    ("only neighbours are merged", each_letter_once),
    ("keep one of the repeats", repeats_dropped),
    ("the last symbol, or the first one, is lost", last_one_lost),
    ("return a text", a_list),
    ("merge runs of three and more, too", pairs_only),
]
