# %% [markdown]
# # 37 A small GPT that writes names
# A network of one block predicts the next letter of a name; it beats counting, and then too much training undoes that.
#
# 35 minutes · needs 05, 36

# %% [markdown]
# ## Question
# A *language model* gives each possible next letter a probability. A GPT is one of causal blocks (lesson 36), trained
# on all letters of a name at once. A simple rival counts: how often does "e" follow "n"? Can a block learn more?

# %% [markdown]
# ## Predict 1
# 500 names to learn from, 95 others to test; the loss is the mean of -log p over all letters and the ends. Guessing has
# log 27 = 3.30, counting pairs of letters (a *bigram* model) 2.50. How low does one block come in a second of training?

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.network.optimizers import adam
from scratchtune.sequences.layers.embedding import add_positions

NAMES = (Path(st.__file__).parents[1] / "lessons/names.txt").read_text(encoding="utf-8").split()
LETTERS, LENGTH, HEADS = ".abcdefghijklmnopqrstuvwxyz", 12, 4  # 0, the point: start and end of a name
ROWS = np.array([[0, *map(LETTERS.index, name), 0] + [-1] * (11 - len(name)) for name in NAMES])  # -1: padding
SHAPES = [(27, 32), (32, 96), (32, 32), (32, 64), (64, 32), (32, 27)]  # letters; q, k, v; their output; network; logits
positions = np.empty((LENGTH, 32))
add_positions(np.zeros((LENGTH, 32)), positions)


def normalise(x):
    centred = x - x.mean(axis=-1, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    y = centred / std
    return y, lambda dy: (dy - dy.mean(axis=-1, keepdims=True) - y * (dy * y).mean(axis=-1, keepdims=True)) / std


def attention(q, k, v):
    scores = np.where(np.tri(q.shape[2]) > 0, q @ k.swapaxes(2, 3) / np.sqrt(q.shape[3]), -np.inf)
    p = np.exp(scores - scores.max(axis=3, keepdims=True))
    p /= p.sum(axis=3, keepdims=True)

    def back(dy):
        dp = dy @ v.swapaxes(2, 3)
        ds = p * (dp - (dp * p).sum(axis=3, keepdims=True)) / np.sqrt(q.shape[3])
        return np.stack([ds @ k, ds.swapaxes(2, 3) @ q, p.swapaxes(2, 3) @ dy])
    return p @ v, back


def gpt(weights, rows):
    """The probabilities of each next letter, and a function from the gradient of logits to that of all weights."""
    letters, into, out, first, second, last = weights
    x = letters[rows] + positions[: rows.shape[1]]
    z1, normal1 = normalise(x)
    heads, attended = attention(*(z1 @ into).reshape(*rows.shape, 3, HEADS, -1).transpose(2, 0, 3, 1, 4))
    found = heads.swapaxes(1, 2).reshape(x.shape)
    x = x + found @ out
    z2, normal2 = normalise(x)
    hidden = np.maximum(z2 @ first, 0.0)
    z3, normal3 = normalise(x + hidden @ second)
    p = np.exp(z3 @ last)
    p /= p.sum(axis=2, keepdims=True)

    def back(d5):
        d4 = normal3(d5 @ last.T)
        d3 = (d4 @ second.T) * (hidden > 0.0)
        d2 = d4 + normal2(d3 @ first.T)
        d1 = attended((d2 @ out.T).reshape(*rows.shape, HEADS, -1).swapaxes(1, 2)).transpose(1, 3, 0, 2, 4)
        d1 = d1.reshape(*rows.shape, -1)
        dletters = np.zeros_like(letters)
        np.add.at(dletters, rows, d2 + normal1(d1 @ into.T))
        pairs = ((z1, d1), (found, d2), (z2, d3), (hidden, d4), (z3, d5))
        return np.concatenate([dletters.ravel(), *(np.tensordot(a, d, ((0, 1), (0, 1))).ravel()
                                                   for a, d in pairs)])
    return p, back


def loss(weights, rows):
    """The mean of -log p, and its gradient as a function."""
    p, back = gpt(weights, rows[:, :-1])
    share, right = (rows[:, 1:, None] >= 0) / (rows[:, 1:] >= 0).sum(), np.eye(27)[rows[:, 1:]]
    return -(np.log((p * right).sum(axis=2, keepdims=True)) * share).sum(), lambda: back((p - right) * share)


def train(updates, decay, watch=(), seed=0):
    """Weights after Adam with weight decay and a falling rate; every 20 updates the losses on the rows to watch."""
    rng = np.random.default_rng(seed)
    theta = np.concatenate([rng.normal(size=a * b) * (0.5 if a == 27 else a**-0.5) for a, b in SHAPES])
    ends = np.cumsum([a * b for a, b in SHAPES])[:-1]
    weights = [part.reshape(shape) for part, shape in zip(np.split(theta, ends), SHAPES, strict=True)]
    m, v, seen = np.zeros_like(theta), np.zeros_like(theta), []
    for t in range(updates):
        rate = 0.005 * (1.0 - t / updates)
        theta *= 1.0 - rate * decay
        adam(theta, loss(weights, learn[rng.integers(500, size=64)])[1](), m, v, rate, (0.9, 0.99), 1e-8, t + 1)
        seen += [[loss(weights, each)[0] for each in watch]] if t % 20 == 19 else []
    return weights, np.array(seen)


learn, held_out = np.split(np.random.default_rng(0).permutation(ROWS), [500])
table = np.full((27, 27), 0.3)  # added to each count, so that no pair is impossible
np.add.at(table, tuple(np.array([row[i : i + 2] for row in learn for i in range(12) if row[i + 1] >= 0]).T), 1.0)
log_p = np.log(table / table.sum(axis=1, keepdims=True))[held_out[:, :-1], held_out[:, 1:]]
bigram = -log_p[held_out[:, 1:] >= 0].mean()
weights, _ = train(200, 2.0)
print(f"held-out loss: bigram {bigram:.2f}, block {loss(weights, held_out)[0]:.2f}")
# ~> held-out loss: bigram 2.50, block 2.34

# %% [markdown]
# ## Answer 1
# The block is ahead of counting one letter before or two, whichever is better (in 20 of 20 draws [37a]). It sees all
# letters so far, and where they are: attention does not know the order, so that the index of a step is added to its
# vector as sines and cosines of many wavelengths.
# - [add_positions] yᵢⱼ = xᵢⱼ + (sin(i / 10000^(j / #j)) if 2 · floor(j / 2) = j else cos(i / 10000^((j − 1) / #j)))

# %% [markdown]
# ## Predict 2
# It was trained with a [weight decay](README.md#networks-and-training) of 2. Take that away and train three times as
# long: what becomes of the loss on the 500 names, and of that on the others?

# %%
fig, ax = plt.subplots(num="37-names", layout="constrained")
for decay, color in ((0.0, "C1"), (2.0, "C0")):
    seen = train(600, decay, (learn, held_out))[1]
    print(f"decay {decay:.0f}, 600 updates: training loss {seen[-1, 0]:.2f}, held-out loss {seen[-1, 1]:.2f}")
    ax.plot(range(20, 601, 20), seen[:, 0], ":", color=color, label=f"training, decay {decay:.0f}")
    ax.plot(range(20, 601, 20), seen[:, 1], color=color, label=f"held-out, decay {decay:.0f}")
ax.axhline(bigram, color="0.4", label="bigram, held-out")
ax.set(xlabel="updates", ylabel="loss of a letter")
ax.legend()
rng = np.random.default_rng(4)
for name in range(6):
    row = [0]
    while len(row) == 1 or len(row) < LENGTH and row[-1]:
        row.append(int((gpt(weights, np.array([row]))[0][0, -1].cumsum() < rng.random()).sum()))
    print("".join(LETTERS[letter] for letter in row if letter), end="\n" if name == 5 else " ")
# ~> decay 0, 600 updates: training loss 1.58, held-out loss 2.54
# ~> decay 2, 600 updates: training loss 2.05, held-out loss 2.31
# ~> uly maresgs joy wterry chenx dinthas

# %% [markdown]
# ## Answer 2
# The training loss falls, and the held-out loss ends above the one with decay (in 10 of 10 draws [37b]), here above
# that of counting, too: the block has memorised the names. Decay and the number of updates make the same network a
# good model or a bad one, and only held-out names show which. The first model writes the last line, letter by letter.

# %% [markdown]
# ## Exercise
# Write the loss of a language model. `rows` is (n, steps + 1): a 0 for the start, the letters of a name, a 0 for its
# end, and 0 for padding after that. `logits` is (n, steps, letters): at each step those of the *next* number of the
# row. Return the mean of -log p over all letters and the ends of names, without padding. Logits may be 1000.
#
# Check it with `python -m lessons check 37`.


# %%
def language_loss(logits, rows):
    raise NotImplementedError
