"""Exercise 00: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def mean_of_each(score, players):
    means = players.mean(axis=1)
    return np.mean(score > means) + 0.5 * np.mean(score == means)


def every_trial(score, players):
    return np.mean(score > players) + 0.5 * np.mean(score == players)


def equal_not_counted(score, players):
    return np.mean(score > players.max(axis=1))


def equal_counted_fully(score, players):
    return np.mean(players.max(axis=1) <= score)


def best_of_each_trial(score, players):
    best = players.max(axis=0)
    return np.mean(score > best) + 0.5 * np.mean(score == best)


def last_trial(score, players):
    last = players[:, -1]
    return np.mean(score > last) + 0.5 * np.mean(score == last)


def number_of_players(score, players):
    best = players.max(axis=1)
    return np.sum(score > best) + 0.5 * np.sum(score == best)


def players_ahead(score, players):
    best = players.max(axis=1)
    return np.mean(best > score) + 0.5 * np.mean(best == score)


def equal_one_and_a_half(score, players):
    best = players.max(axis=1)
    return np.mean(score >= best) + 0.5 * np.mean(score == best)


def equal_left_out(score, players):
    best = players.max(axis=1)
    wins, losses = np.sum(score > best), np.sum(score < best)
    return wins / (wins + losses) if wins + losses else 0.5


WRONG = [
    ("This takes the mean of a player's", mean_of_each),
    ("Your score is compared with all", every_trial),
    ("A player with your own score does", equal_not_counted),
    ("A player with your own score counts", equal_counted_fully),
    ("The best is taken over the players", best_of_each_trial),
    ("This takes a player's last trial", last_trial),
    ("This is the number of players", number_of_players),
    ("This is the share of players who", players_ahead),
    ("An equal score counts one and a", equal_one_and_a_half),
    ("Players with your own score are", equal_left_out),
]
