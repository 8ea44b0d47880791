# %% [markdown]
# # 46 AutoML
# What one call for a table ends with: an ensemble chosen greedily, and a score that is too good because it was chosen.
#
# 25 minutes · needs 15

# %% [markdown]
# ## Question
# `st.AutoClassifier` and `st.AutoRegressor` try dozens of models on a table, and return a weighted mean of a few of
# them. Which ones do they choose, is that better than the best model, and is the score that they state right?

# %% [markdown]
# ## Predict 1
# Three models make these errors on four rows: a 2, 2, 0, 0; b 2.1, 2.1, 0, 0; c −1, −1, 3, 3. The loss is their mean
# square. The ensemble begins with a, the best one. Which model should join it, the good b or the bad c?

# %%
import matplotlib.pyplot as plt
import numpy as np

from scratchtune.tables.ensemble_selection import cross_fitted, greedy_weights, joined, weighted
from scratchtune.tables.goal import Goal

errors = {"a": [2.0, 2.0, 0.0, 0.0], "b": [2.1, 2.1, 0.0, 0.0], "c": [-1.0, -1.0, 3.0, 3.0]}
total, ensemble = np.zeros(4), ""
for _ in range(4):
    losses = {name: np.mean(joined(total, np.array(errors[name]), len(ensemble)) ** 2) for name in errors}
    added = min(losses, key=losses.get)
    total, ensemble = total + errors[added], ensemble + added
    print(f"{', '.join(f'{name} {loss:.2f}' for name, loss in losses.items())}: add {added}")
# -> a 2.00, b 2.21, c 5.00: add a
# -> a 2.00, b 2.10, c 1.25: add c
# -> a 1.00, b 1.03, c 2.00: add a
# -> a 1.06, b 1.09, c 1.25: add a

# %% [markdown]
# ## Answer 1
# The worst one. The errors of a and b are on the same rows, so their mean is no better than a; those of a and c have
# other signs or other rows, and partly cancel. This is *greedy selection*: add the model that makes the loss of the
# mean smallest, again and again, the same one if need be; keep the best ensemble, here a, c, a. With s the sum of the
# k predictions so far:
# - [ensemble_mean] aᵢ = (sᵢ + pᵢ) / (k + 1)

# %% [markdown]
# ## Predict 2
# Forty small models of one table: random hidden units, each with an output layer fitted to 150 rows. Each predicts the
# rows of a fold from the other folds (*out of fold*); by these predictions the ensemble is chosen. Which has the lowest
# error on 2,000 new rows: the best model, the mean of all forty, or the ensemble?


# %%
def friedman(rows, rng):
    """Ten columns, of which five matter, and a target with noise (Friedman, 1991)."""
    x = rng.random((rows, 10))
    target = 10.0 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20.0 * (x[:, 2] - 0.5) ** 2 + 10.0 * x[:, 3] + 5.0 * x[:, 4]
    return x, target + rng.normal(size=rows)


def members(x, y, new, rng, count=40):
    """The predictions of each member: for the rows out of fold, (count, rows), and for new rows, the folds' mean."""
    folds, inside, outside = np.arange(len(y)) % 5, [], []
    for _ in range(count):
        weights = rng.normal(size=(11, rng.integers(5, 80)))
        scale, penalty = rng.uniform(0.2, 1.5), rng.uniform(0.01, 3.0)
        hidden, hidden_new = (np.tanh(scale * np.column_stack([part - 0.5, np.ones(len(part))]) @ weights)
                              for part in (x, new))
        inside.append(np.empty(len(y)))
        outside.append(np.zeros(len(new)))
        for fold in range(5):
            a, b = hidden[folds != fold], y[folds != fold]
            output = np.linalg.solve(a.T @ a + penalty * np.eye(a.shape[1]), a.T @ (b - b.mean()))
            inside[-1][folds == fold] = b.mean() + hidden[folds == fold] @ output
            outside[-1] += (b.mean() + hidden_new @ output) / 5.0
    return np.array(inside), np.array(outside)


squares, found = Goal("neg_mean_squared_error", classes=0), []
for seed in range(10):
    rng = np.random.default_rng(seed)
    (x, y), (new, y_new) = friedman(150, rng), friedman(2000, rng)
    inside, outside = members(x, y, new, rng)
    best, weights = ((inside - y) ** 2).mean(axis=1).argmin(), greedy_weights(squares, y, inside)
    found.append([squares.loss(y_new, each) for each in
                  (outside[best], outside.mean(axis=0), weighted(outside, weights))])
for name, each in zip(("best model", "mean of all", "ensemble"), np.transpose(found), strict=True):
    print(f"{name:11}: squared error on new rows {each.mean():.2f}")
# ~> best model : squared error on new rows 7.04
# ~> mean of all: squared error on new rows 6.75
# ~> ensemble   : squared error on new rows 6.19

# %% [markdown]
# ## Answer 2
# The ensemble (in 20 of 20 draws [46a]). The mean of all has members that suit this table badly, and greedy selection
# leaves them out; the best model alone has errors that other members cancel.

# %% [markdown]
# ## Predict 3
# Now there is nothing to learn: the target of 150 rows is noise, and so are the predictions of every model. Predicting
# 0 has the squared error 1. What error does a greedy ensemble state, on the rows by which it was chosen, if it chooses
# from 10, 100 or 300 such models?

# %%
stated, honest, sizes = [], [], (10, 30, 100, 300)
for count in sizes:
    own, crossed = [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        y, guesses = rng.normal(size=150), rng.normal(0.0, 0.3, (count, 150))
        y /= np.sqrt(np.mean(y**2))
        own.append(squares.loss(y, weighted(guesses, greedy_weights(squares, y, guesses))))
        crossed.append(squares.loss(y, cross_fitted(squares, y, guesses, np.array_split(np.arange(150), 5))))
    stated.append(np.mean(own))
    honest.append(np.mean(crossed))
    print(f"{count:4} models of noise: stated {stated[-1]:.2f}, cross-fitted {honest[-1]:.2f}")
# ->   10 models of noise: stated 0.96, cross-fitted 1.02
# ->   30 models of noise: stated 0.94, cross-fitted 1.02
# ->  100 models of noise: stated 0.93, cross-fitted 1.04
# ->  300 models of noise: stated 0.90, cross-fitted 1.00

# %% [markdown]
# ## Answer 3
# Less than 1, and the less, the more models there are (in 20 of 20 draws [46c]): it is the best of many, as in lesson
# 15, only that what is chosen is a mixture. *Cross-fitting* chooses the weights for each fold on the other folds; its
# error is nearer to the true one (in 20 of 20 draws [46b]). It costs one greedy selection a fold, and no training. The
# score that `AutoClassifier` and `AutoRegressor` state is the cross-fitted one.

# %%
fig, axes = plt.subplots(1, 2, num="46-greedy", figsize=(11, 4), layout="constrained")
rng = np.random.default_rng(0)
(x, y), (new, y_new) = friedman(150, rng), friedman(2000, rng)
inside, outside = members(x, y, new, rng)
rounds = range(1, 31)
chosen = [greedy_weights(squares, y, inside, k, seeds=1) for k in rounds]
axes[0].plot(rounds, [squares.loss(y, weighted(inside, each)) for each in chosen], label="rows that chose it")
axes[0].plot(rounds, [squares.loss(y_new, weighted(outside, each)) for each in chosen], label="new rows")
axes[0].set(title="A table: each addition", xlabel="additions", ylabel="squared error")
axes[1].semilogx(sizes, stated, "o-", label="rows that chose it")
axes[1].semilogx(sizes, honest, "o-", label="cross-fitted")
axes[1].axhline(1.0, color="0.4", ls="--", label="nothing to learn: predict 0")
axes[1].set(title="Noise alone", xlabel="models to choose from", ylabel="squared error")
for ax in axes:
    ax.legend()

# %% [markdown]
# On the left, the same gap on a table: on the rows that chose the ensemble the error never rises, on new rows it does.
#
# *In your logbook:* an ensemble of the five best trainings of lesson 00 would be stated too good twice: why?

# %% [markdown]
# ## Exercise
# Write greedy selection for the mean squared error. `y` has the targets, (n,), and `predictions` those of each model,
# (models, n). Add a model `rounds` times: each time the one with which the mean of all added predictions, repetitions
# counted, has the smallest loss; of equal losses the first model. Return the numbers of the models in the order in
# which they were added. Example: the errors of a, b and c above as predictions, zeros as targets and three rounds give
# `[0, 2, 0]`.
#
# Check it with `python -m lessons check 46`.


# %%
def greedy(y, predictions, rounds):
    raise NotImplementedError
