# %% [markdown]
# # 42 CTC by hand
# A network learns what was said without being told when: three frames on paper, all paths listed, then summed cleverly.
#
# 30 minutes · needs 04, 41

# %% [markdown]
# ## Question
# A recording has 100 frames, and its text has 20 letters. To train a network frame by frame we would have to say which
# letter was spoken in each of them, and the text does not contain this. *Connectionist temporal classification*
# ([CTC](README.md#speech)) sums over *all* ways to assign the letters to the frames. Can one compute such a sum?
#
# In each frame the network gives a probability to each letter and to the *blank*, which means "no letter" and is
# written "-" here. A *path* chooses one of these symbols in each frame. It *spells* the text that is left after merging
# repeats and then removing the blanks: "aa-ab-" spells "aab". The probability of a path is the product of the
# probabilities of its symbols, and that of a text is the sum over all paths that spell it.

# %% [markdown]
# ## Predict 1
# Three frames and the symbols "-", "a" and "b" give 27 paths. How many of them spell "ab"? How many "aa"? What is the
# sum of the probabilities of all texts?

# %%
import itertools
import math

import matplotlib.pyplot as plt
import numpy as np

from scratchtune.sequences.ctc import ctc_grad, ctc_loss, ctc_paths, fill_states, occupancy, total_of
from scratchtune.sequences.speech.decoding import collapse

SYMBOLS = "-ab"
p = np.array([[0.2, 0.7, 0.1], [0.5, 0.2, 0.3], [0.3, 0.1, 0.6]])  # frames in rows; the probabilities of -, a and b

spelled = {}
for path in itertools.product(range(3), repeat=3):
    text = "".join(SYMBOLS[symbol] for symbol in collapse(path))
    probability = math.prod(p[t, symbol] for t, symbol in enumerate(path))
    spelled.setdefault(text, []).append(("".join(SYMBOLS[symbol] for symbol in path), probability))
by_paths = {text: sum(probability for _, probability in paths) for text, paths in spelled.items()}
for text, paths in spelled.items():
    print(f"{text or 'nothing':8}{by_paths[text]:.3f}   paths:", " ".join(path for path, _ in paths))
print(f"all     {sum(by_paths.values()):.3f}")
# -> nothing 0.030   paths: ---
# -> a       0.187   paths: --a -a- -aa a-- aa- aaa
# -> b       0.156   paths: --b -b- -bb b-- bb- bbb
# -> ab      0.507   paths: -ab a-b aab ab- abb
# -> ba      0.022   paths: -ba b-a ba- baa bba
# -> aa      0.035   paths: a-a
# -> aba     0.021   paths: aba
# -> bb      0.030   paths: b-b
# -> bab     0.012   paths: bab
# -> all     1.000

# %% [markdown]
# ## Answer 1
# Five, and one: "a-a". A letter that occurs twice in a row needs a blank between, or the two are merged. Each path
# spells exactly one text, so the probabilities of all texts sum to 1: a test that finds most mistakes.

# %% [markdown]
# ## Predict 2
# Many paths begin in the same way, so their sum can be computed frame by frame. Write the text with a blank before,
# between and after its letters: "-a-b-". A path moves through these *states*, begins in one of the first two, and ends
# in one of the last two. From frame to frame it stays, moves on by one, or *skips* a blank between two different
# letters. The *forward probability* of a state is the sum over all beginnings of paths that are in it. For "ab":
#
#     frame 0    -: 0.2    a: 0.7
#     frame 1    -: 0.2·0.5 = 0.10    a: (0.7 + 0.2)·0.2 = 0.18    -: 0.7·0.5 = 0.35    b: 0.7·0.3 = 0.21 (skip)
#     frame 2    b: (0.21 + 0.35 + 0.18)·0.6 = 0.444    -: 0.21·0.3 = 0.063    sum: 0.507
#
# In logarithms, as products of a thousand probabilities would be rounded to 0, one step is as follows: e belongs to a
# state's symbol, k is 1 where the state before may be skipped, and −10^30 stands for the logarithm of 0:
# - [ctc_step] bₛ = a[s − 1] if s >= 1 else −10^30 ; cₛ = (a[s − 2] if kₛ > 0 else −10^30) if s >= 2 else −10^30 ;
#   yₛ = eₛ + log(exp(aₛ) + exp(bₛ) + exp(cₛ))
#
# 100 frames and 20 letters: how many paths spell the text, and how many numbers does this recursion add up?


# %%
def lattice(p, text):
    """Of a text: its states, where a state may skip, the log-probabilities of its symbols, and forward, all in logs."""
    states, skips = np.empty(2 * len(text) + 1, np.int64), np.empty(2 * len(text) + 1)
    fill_states(np.array([SYMBOLS.index(letter) for letter in text], np.int64), states, skips)
    emitted = np.log(p)[:, states]
    forward = np.empty_like(emitted)
    ctc_paths(emitted, skips, forward)  # ctc_step, for each frame
    return states, skips, emitted, forward


print("of ab:", *np.exp(lattice(p, "ab")[3]).round(3))
assert all(np.isclose(np.exp(total_of(lattice(p, text)[3])), by_paths[text]) for text in by_paths)
counts = np.empty((100, 41))  # if every symbol has the "probability" 1, forward counts the paths
ctc_paths(np.zeros((100, 41)), np.array([0.0] * 3 + [1.0, 0.0] * 19), counts)
print(f"paths of 100 frames for 20 letters: 10^{total_of(counts) / math.log(10):.1f}; numbers added: {99 * 41 * 3}")
# -> of ab: [0.2 0.7 0.  0.  0. ] [0.1  0.18 0.35 0.21 0.  ] [0.03  0.028 0.159 0.444 0.063]
# -> paths of 100 frames for 20 letters: 10^32.1; numbers added: 12177

# %% [markdown]
# ## Answer 2
# The number of paths has 33 digits; the recursion adds at most three numbers for each state in each frame, about
# 12,000. It works because what a path may do next depends on its state alone, not on how it got there.

# %% [markdown]
# ## Predict 3
# The loss is minus the logarithm of P(ab) = 0.507. In frame 2 the network gives "b" the probability 0.6. Should it be
# more, and by how much? (Softmax with cross-entropy has the gradient *probability minus target*. What is the target?)

# %%
states, skips, emitted, forward = lattice(p, "ab")
backward = lattice(p[::-1], "ba")[3]  # the sums over the ends of paths: frames and states reversed
shares, gradient, measured = np.empty_like(emitted), np.empty_like(p), np.empty_like(p)
occupancy(forward, backward, emitted, total_of(forward), shares)
ctc_grad(p, shares, states, 1.0, gradient)

for t, k in np.ndindex(p.shape):
    step = np.zeros_like(p)
    step[t, k] = 1e-5
    above, below = (ctc_loss((np.log(p) + sign * step)[None], [[1, 2]], [3], [2])[0] for sign in (1, -1))
    measured[t, k] = (above - below) / 2e-5
print("         occupancy of -a-b-                  gradient for -, a, b       central differences")
for t, rows in enumerate(zip(shares, gradient, measured, strict=True)):
    print(f"frame {t}: " + "   ".join(" ".join(f"{value:6.3f}" for value in row) for row in rows))
fig, ax = plt.subplots(num="42-lattice", figsize=(7.5, 4.6), layout="constrained")
for t, s in np.ndindex(shares.shape):
    for back in (0, 1, 2):
        if t and s >= back and (back < 2 or skips[s]) and min(shares[t, s], shares[t - 1, s - back]) > 0:
            ax.annotate("", (t - 0.13, s), (t - 0.87, s - back), arrowprops={"arrowstyle": "->", "color": "0.45"})
    ax.scatter(t, s, s=1500, c=[shares[t, s]], cmap="Blues", vmin=0.0, vmax=1.0, edgecolors="k", zorder=3)
    ax.text(t, s, f"{shares[t, s]:.2f}", ha="center", va="center", zorder=4, color="w" if shares[t, s] > 0.5 else "k")
ax.set(xticks=range(3), xlabel="frame", xlim=(-0.3, 2.3), ylim=(4.5, -0.5), title="Share of the paths of \"ab\"")
ax.set_yticks(range(5), ["blank", "a", "blank", "b", "blank"])
ax.grid(False)
# ->          occupancy of -a-b-                  gradient for -, a, b       central differences
# -> frame 0:  0.047  0.953  0.000  0.000  0.000    0.153 -0.253  0.100    0.153 -0.253  0.100
# -> frame 1:  0.000  0.213  0.414  0.373  0.000    0.086 -0.013 -0.073    0.086 -0.013 -0.073
# -> frame 2:  0.000  0.000  0.000  0.876  0.124    0.176  0.100 -0.276    0.176  0.100 -0.276

# %% [markdown]
# ## Answer 3
# More: 0.876. That is the *occupancy* of "b": of the probability of all paths that spell "ab", the share that is in "b"
# in this frame, forward times backward. It is the target that we lacked, and the gradient is again probability minus
# target. The network makes its own targets, from the text and from what it already says:
# - [occupancy] fₜₛ = exp(aₜₛ + b[#t − 1 − t, #s − 1 − s] − eₜₛ − c)
# - [ctc_grad] dₜₖ = w · (pₜₖ − Σₛ[fₜₛ if lₛ = k else 0])

# %% [markdown]
# ## Exercise
# Write one step of the lattice, with probabilities instead of logarithms. `before` has the forward probability of each
# state in one frame, `skips` is 1 where a path may come from two states before, and `emitted` has the probability of
# each state's symbol in the next frame. Return the forward probabilities there. Check it with
# `python -m lessons check 42`.


# %%
def lattice_step(before, skips, emitted):
    raise NotImplementedError
