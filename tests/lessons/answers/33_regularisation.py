"""Exercise 33: a right answer, and wrong ones, each with the hint that it must get."""

import numpy as np


def gain_and_error(plain, remedy):
    d = plain - remedy
    return d.mean(), d.std(ddof=1) / np.sqrt(len(d))


def unpaired(plain, remedy):
    return (plain - remedy).mean(), np.sqrt((plain.var(ddof=1) + remedy.var(ddof=1)) / len(plain))


def spread_of_single_tables(plain, remedy):
    return (plain - remedy).mean(), (plain - remedy).std(ddof=1)


def divided_by_all(plain, remedy):
    return (plain - remedy).mean(), (plain - remedy).std() / np.sqrt(len(plain))


def variance_instead(plain, remedy):
    return (plain - remedy).mean(), (plain - remedy).var(ddof=1) / len(plain)


def other_sign(plain, remedy):
    gain, error = gain_and_error(plain, remedy)
    return -gain, error


def in_shares(plain, remedy):
    return gain_and_error(np.ones(len(plain)), remedy / plain)


SOLUTION = gain_and_error
WRONG = [
    ("the tables are paired", unpaired),
    ("the spread of single tables", spread_of_single_tables),
    ("divide by the number of tables less one", divided_by_all),
    ("the square of the error", variance_instead),
    ("a lower loss is a gain", other_sign),
    ("gains as shares of the loss", in_shares),
]
