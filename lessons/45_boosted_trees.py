# %% [markdown]
# # 45 Boosted trees
# Many weak trees, each a small step downhill in what the ones before it left over: split by gain, and add up.
#
# 30 minutes · needs 03

# %% [markdown]
# ## Question
# On tables, the usual rival of a network is a sum of small decision trees. The smallest one, a *stump*, asks one
# question, "is x below an edge e?", and answers with one number on each side, its *leaves*. How does one find the edge
# and the two numbers? And how can a sum of such crude answers follow a curve?

# %% [markdown]
# ## Predict 1
# 60 rows of one column. The output f starts at the mean of y. Then stumps are added, one after the other, and each gets
# the [gradients](README.md#networks-and-training) of the loss of what the sum predicts so far:
# - [half_squared_error] L = (f − y)² / 2
# - [half_squared_error_grad] g = f − y
#
# A leaf with the sum of gradients g, and of second derivatives h (here the number of its rows), makes the loss smallest
# with one Newton step, and what it gains is its score. An edge is halfway between two values; the best edge has the
# largest gain, the scores l and r of its leaves less the score p of all rows together. (λ is an L2 penalty, here 0.)
# - [leaf_value] w = −g / (h + λ)
# - [leaf_score] s = g² / (h + λ)
# - [boosting_gain] a = l + r − p
# - [quantile_edge] e = l / 2 + u / 2
#
# Does the training error stop falling at some number of stumps, since a stump is so weak? And the test error?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.tables.trees.binning import quantile_edge
from scratchtune.tables.trees.boosting import half_squared_error_grad, log_odds, probability_hessian
from scratchtune.tables.trees.split import boosting_gain, leaf_score, leaf_value


def curve(seed, rows):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.random(rows))
    return x, np.sin(6.0 * x) + rng.normal(scale=0.3, size=rows)


def stump(x, g):
    """The edge with the largest gain, and the values of its two leaves."""
    def gain(edge):
        left = g[x < edge]
        scores = leaf_score(left.sum(), len(left), 0.0), leaf_score(g.sum() - left.sum(), len(g) - len(left), 0.0)
        return boosting_gain(*scores, leaf_score(g.sum(), len(g), 0.0))

    edge = max(quantile_edge(x[:-1], x[1:]), key=gain)
    return edge, *(leaf_value(part.sum(), len(part), 0.0) for part in (g[x < edge], g[x >= edge]))


def boosted(x, y, new, trees, rate):
    """The outputs for the rows x and for new ones after each tree, (trees + 1, rows) each."""
    fitted, predicted = [np.full(len(x), y.mean())], [np.full(len(new), y.mean())]
    for _ in range(trees):
        edge, below, above = stump(x, half_squared_error_grad(fitted[-1], y))
        fitted.append(fitted[-1] + rate * np.where(x < edge, below, above))
        predicted.append(predicted[-1] + rate * np.where(new < edge, below, above))
    return fitted, predicted


(x, y), (x_test, y_test) = curve(0, 60), curve(1, 500)
fitted, predicted = boosted(x, y, x_test, 200, rate=1.0)
for trees in (0, 1, 10, 50, 200):
    print(f"{trees:3} stumps: mean squared error on training rows {np.mean((fitted[trees] - y) ** 2):.3f}, "
          f"on test rows {np.mean((predicted[trees] - y_test) ** 2):.3f}")
package = st.HistGradientBoostingRegressor(1.0, max_iter=200, max_leaf_nodes=2, min_samples_leaf=1, verbose=0)
difference = abs(package.fit(x[:, None], y).predict(x_test[:, None]) - predicted[-1]).max()
print(f"the package's predictions are the same: {difference < 1e-4}")
# ->   0 stumps: mean squared error on training rows 0.654, on test rows 0.607
# ->   1 stumps: mean squared error on training rows 0.188, on test rows 0.205
# ->  10 stumps: mean squared error on training rows 0.088, on test rows 0.159
# ->  50 stumps: mean squared error on training rows 0.046, on test rows 0.136
# -> 200 stumps: mean squared error on training rows 0.021, on test rows 0.145
# -> the package's predictions are the same: True

# %% [markdown]
# ## Answer 1
# The training error continues to fall: where something is left over, some edge has a gain above 0. So the sum ends by
# fitting the noise, and the test error rises again at the end. A weak tree is no protection; the *number* of trees is a
# hyper-parameter.

# %% [markdown]
# ## Predict 2
# Take only a tenth of each leaf's value: a [learning rate](README.md#networks-and-training) of 0.1 instead of 1. Then
# more trees are needed. Each rate gets the number of trees that is best on 200 validation rows. Are the two equal on
# test rows?

# %%
x_choose, y_choose = curve(2, 200)
ends = {}
for rate, trees in ((1.0, 200), (0.1, 600)):
    _, chosen_by = boosted(x, y, x_choose, trees, rate)
    best = int(np.argmin([np.mean((f - y_choose) ** 2) for f in chosen_by]))
    ends[rate] = boosted(x, y, x_test, best, rate)[1]
    print(f"learning rate {rate}: {best} stumps, test error {np.mean((ends[rate][-1] - y_test) ** 2):.3f}")

fig, axes = plt.subplots(1, 2, num="45-stumps", figsize=(9, 4.2), sharey=True, layout="constrained")
for ax, rate in zip(axes, ends, strict=True):
    ax.plot(x, y, "o", color="0.7", ms=4, label="training rows")
    ax.plot(x_test, ends[rate][1], color="C1", lw=1, label="one stump")
    ax.plot(x_test, ends[rate][-1], color="C0", label=f"{len(ends[rate]) - 1} stumps")
    ax.plot(x_test, np.sin(6.0 * x_test), "--", color="0.3", lw=1, label="the truth")
    ax.set(title=f"learning rate {rate}", xlabel="x")
    ax.legend(fontsize=8)
axes[0].set_ylabel("y")
# -> learning rate 1.0: 27 stumps, test error 0.130
# -> learning rate 0.1: 108 stumps, test error 0.116

# %% [markdown]
# ## Answer 2
# No. With the rate 0.1 the test error is lower, each with its own number of trees (in 20 of 20 draws [45a]). A stump
# with the whole step has one jump, where the noise of a few rows put it. Ten stumps with a tenth of the step can jump
# at ten edges, and less of the noise is in each (Friedman, 2001, calls it shrinkage).

# %% [markdown]
# ## Predict 3
# Two columns between −1 and 1; a row belongs to class 1 if the two have the same sign. For two classes f is a logit. It
# starts at the log-odds of class 1; then g = p − y, and the second derivative is no longer 1:
# - [log_odds] f = log(p / (1 − p))
# - [probability_hessian] h = p · (1 − p)
#
# How accurate are 100 stumps? And 100 trees with four leaves?

# %%
print(f"class 1 has 30 %: f starts at {log_odds(0.3):.2f}; ten rows of class 1 in one leaf, all at p = 0.5, get "
      f"{leaf_value(10 * (0.5 - 1.0), 10 * probability_hessian(0.5), 0.0):.1f}")
rng = np.random.default_rng(0)
X = rng.uniform(-1.0, 1.0, (800, 2))
same = (X[:, 0] * X[:, 1] > 0.0).astype(int)
for leaves in (2, 4):
    trees = st.HistGradientBoostingClassifier(max_leaf_nodes=leaves, verbose=0).fit(X[:400], same[:400])
    print(f"trees with {leaves} leaves: accuracy {np.mean(trees.predict(X[400:]) == same[400:]):.2f}")
# -> class 1 has 30 %: f starts at -0.85; ten rows of class 1 in one leaf, all at p = 0.5, get 2.0
# -> trees with 2 leaves: accuracy 0.58
# -> trees with 4 leaves: accuracy 0.99

# %% [markdown]
# ## Answer 3
# A stump looks at one column, so a sum of stumps is a function of the first column plus one of the second, however many
# there are. Here both columns must be looked at together, which a tree does with its second question: four leaves are
# more accurate by at least 0.2 (in 20 of 20 draws [45b]). So `max_leaf_nodes` says how many columns may act together.
#
# *In your logbook:* which two of rate, trees and leaves must be tuned together, as rate and batch size in lesson 07?

# %% [markdown]
# ## Exercise
# Write the search for the best split of one column. `x` are its values, in any order, some of them equal; `g` and `h`
# are each row's derivatives; `lam` is λ. Return (edge, gain). An edge is halfway between two neighbouring different
# values; of equal gains take the smallest edge. If no split has a gain above 0, return (None, 0.0). Then run
# `python -m lessons check 45`.


# %%
def best_split(x, g, h, lam):
    raise NotImplementedError
