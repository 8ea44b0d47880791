"""The claims of lesson 37, a block that predicts the next letter of a name."""

from pathlib import Path

import numpy as np

from lessons.claims import claim
from scratchtune.network.optimizers import adam
from scratchtune.sequences.layers.embedding import add_positions

NAMES = (Path(__file__).parents[1] / "names.txt").read_text(encoding="utf-8").split()
LENGTH, HEADS = 12, 4
ROWS = np.array([[0, *(ord(letter) - 96 for letter in name)] + [0] * (LENGTH - len(name)) for name in NAMES])
SHAPES = [(27, 32), (32, 96), (32, 32), (32, 64), (64, 32), (32, 27)]
POSITIONS = np.empty((LENGTH, 32))
add_positions(np.zeros((LENGTH, 32)), POSITIONS)


def _counts(rows):
    return np.cumsum(np.cumsum(rows[:, 1:] == 0, axis=1), axis=1) <= 1


def _normalise(x):
    centred = x - x.mean(axis=-1, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    y = centred / std
    return y, lambda dy: (dy - dy.mean(axis=-1, keepdims=True) - y * (dy * y).mean(axis=-1, keepdims=True)) / std


def _softmax(logits):
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def _loss(weights, rows, gradient=False):
    letters, into, out, first, second, last = weights
    read, (n, steps) = rows[:, :-1], rows[:, 1:].shape
    x0 = letters[read] + POSITIONS
    z1, normal1 = _normalise(x0)
    q, k, v = (z1 @ into).reshape(n, steps, 3, HEADS, -1).transpose(2, 0, 3, 1, 4)
    root = np.sqrt(q.shape[3])
    p = _softmax(np.where(np.tri(steps) > 0, q @ k.swapaxes(2, 3) / root, -np.inf))
    found = (p @ v).swapaxes(1, 2).reshape(x0.shape)
    x1 = x0 + found @ out
    z2, normal2 = _normalise(x1)
    hidden = np.maximum(z2 @ first, 0.0)
    z3, normal3 = _normalise(x1 + hidden @ second)
    probabilities = _softmax(z3 @ last)
    share, right = (_counts(rows) / _counts(rows).sum())[:, :, None], np.eye(27)[rows[:, 1:]]
    loss = -(np.log((probabilities * right).sum(axis=2, keepdims=True)) * share).sum()
    if not gradient:
        return loss
    dlogits = (probabilities - right) * share
    d4 = normal3(dlogits @ last.T)
    d3 = (d4 @ second.T) * (hidden > 0.0)
    d2 = d4 + normal2(d3 @ first.T)
    do = (d2 @ out.T).reshape(n, steps, HEADS, -1).swapaxes(1, 2)
    dp = do @ v.swapaxes(2, 3)
    ds = p * (dp - (dp * p).sum(axis=3, keepdims=True)) / root
    d1 = np.stack([ds @ k, ds.swapaxes(2, 3) @ q, p.swapaxes(2, 3) @ do]).transpose(1, 3, 0, 2, 4).reshape(n, steps, -1)
    dletters = np.zeros_like(letters)
    np.add.at(dletters, read, d2 + normal1(d1 @ into.T))
    pairs = (z1, d1), (found, d2), (z2, d3), (hidden, d4), (z3, dlogits)
    return np.concatenate([dletters.ravel(), *(
        (a.reshape(-1, a.shape[2]).T @ d.reshape(-1, d.shape[2])).ravel() for a, d in pairs)])


def _trained(draw, learn, updates, decay):
    rng = np.random.default_rng(draw)
    theta = np.concatenate([rng.normal(size=a * b) * (0.5 if a == 27 else a**-0.5) for a, b in SHAPES])
    ends = np.cumsum([a * b for a, b in SHAPES])[:-1]
    weights = [part.reshape(shape) for part, shape in zip(np.split(theta, ends), SHAPES, strict=True)]
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t in range(updates):
        rate = 0.005 * (1.0 - t / updates)
        theta *= 1.0 - rate * decay
        gradient = _loss(weights, learn[rng.integers(len(learn), size=64)], True)
        adam(theta, gradient, m, v, rate, (0.9, 0.99), 1e-8, t + 1)
    return weights


def _counted(learn, held_out):
    """The lower loss of counting one letter before and two, with what is added to each count chosen in its favour."""
    losses = []
    for before in (1, 2):
        def cases(rows, before=before):
            return [(tuple(row[max(0, i - before):i]), row[i]) for row in rows.tolist()
                    for i in range(1, row.index(0, 1) + 1)]

        table = {}
        for context, letter in cases(learn):
            table.setdefault(context, np.zeros(27))[letter] += 1.0
        for add in (0.03, 0.1, 0.3, 1.0):
            counts = [(table.get(context, np.zeros(27)) + add, letter) for context, letter in cases(held_out)]
            losses.append(-np.mean([np.log(count[letter] / count.sum()) for count, letter in counts]))
    return min(losses)


def _split(draw):
    order = np.random.default_rng(draw).permutation(len(ROWS))
    return ROWS[order[:500]], ROWS[order[500:]]


@claim("37a")
def ahead_of_counting(draw):
    """After 200 updates with decay the block's held-out loss is below that of counting one letter before or two."""
    learn, held_out = _split(draw)
    lead = _counted(learn, held_out) - _loss(_trained(draw, learn, 200, 2.0), held_out)
    return lead > 0.0, lead


@claim("37b", draws=10)
def memorised(draw):
    """After 600 updates the held-out loss without decay is above that with decay 2."""
    learn, held_out = _split(draw)
    gap = _loss(_trained(draw, learn, 600, 0.0), held_out) - _loss(_trained(draw, learn, 600, 2.0), held_out)
    return gap > 0.0, gap
