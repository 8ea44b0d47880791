"""Exercise 00: how many random players a score beats."""

import numpy as np

CASES = [
    (0.7, np.array([[0.6, 0.9, 0.75], [0.6, 0.3, 0.5]])),  # one is beaten, one is not
    (0.8, np.array([[0.8, 0.1, 0.5], [0.1, 0.8, 0.4], [0.3, 0.2, 0.6], [0.5, 0.1, 0.9]])),  # two ties
    (0.55, np.array([[0.9, 0.1], [0.4, 0.5], [0.2, 0.6], [0.1, 0.3], [0.54, 0.55]])),
    (0.5, np.array([[0.1, 0.2, 0.9, 0.3]])),
    (0.5, np.array([[0.6, 0.9], [0.4, 0.7], [0.55, 0.52]])),  # all of them are ahead
    (0.65, np.array([[0.9, 0.6], [0.7, 0.62], [0.1, 0.6]])),
    (0.6, np.array([[0.5, 0.2], [0.6, 0.1], [0.3, 0.4]])),  # a tie, and none ahead
]


def right(score, players):
    best = players.max(axis=1)
    return np.mean(best < score) + np.mean(best == score) / 2


def _without_equal(score, players):
    won, lost = np.sum(players.max(axis=1) < score), np.sum(players.max(axis=1) > score)
    return won / max(won + lost, 1)


MISTAKES = [
    ("This takes the mean of a player's trials; she hands in her best one, as you did.",
     lambda score, players: np.mean(players.mean(axis=1) < score) + np.mean(players.mean(axis=1) == score) / 2),
    ("This takes a player's worst trial. A higher accuracy is better, so she hands in the largest.",
     lambda score, players: np.mean(players.min(axis=1) < score) + np.mean(players.min(axis=1) == score) / 2),
    ("This takes a player's last trial; she hands in her best one, whenever it was.",
     lambda score, players: np.mean(players[:, -1] < score) + np.mean(players[:, -1] == score) / 2),
    ("Your score is compared with all trials one by one. A player's trials are one attempt to win: compare with her "
     "best.", lambda score, players: np.mean(players < score) + np.mean(players == score) / 2),
    ("The best is taken over the players, for each trial; a row is a player, so take it along axis 1.",
     lambda score, players: np.mean(players.max(axis=0) < score) + np.mean(players.max(axis=0) == score) / 2),
    ("A player with your own score does not count at all; an equal score counts half.",
     lambda score, players: np.mean(players.max(axis=1) < score)),
    ("A player with your own score counts as beaten; an equal score counts half.",
     lambda score, players: np.mean(players.max(axis=1) <= score)),
    ("This is the share of players who beat you; return the share that you beat.",
     lambda score, players: np.mean(players.max(axis=1) > score) + np.mean(players.max(axis=1) == score) / 2),
    ("This is the number of players; divide it by how many there are.",
     lambda score, players: np.sum(players.max(axis=1) < score) + np.sum(players.max(axis=1) == score) / 2),
    ("This is a percentage; return a share from 0 to 1.",
     lambda score, players: 100 * right(score, players)),
    ("This tells for each player whether she is beaten; take the mean over the players.",
     lambda score, players: (players.max(axis=1) < score) + (players.max(axis=1) == score) / 2),
    ("A single better player ends the game in your function: count the share of players that are beaten.",
     lambda score, players: float(players.max() < score)),
    ("An equal score counts one and a half: once as beaten, by >=, and then half again. Count what is below, and add "
     "half of what is equal.",
     lambda score, players: np.mean(players.max(axis=1) <= score) + np.mean(players.max(axis=1) == score) / 2),
    ("Players with your own score are left out, of the number of players as well. Each is one of all, and half beaten.",
     _without_equal),
]
