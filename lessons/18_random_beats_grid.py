# %% [markdown]
# # 18 Random beats grid
# Nine trainings: three values of each hyper-parameter, or nine? What a grid wastes, and when it is right all the same.
#
# 30 minutes · needs 00

# %% [markdown]
# ## Question
# A [grid](README.md#tuning) of nine configurations of two hyper-parameters tries three learning rates.
# Nine random configurations try nine learning rates. Is that a detail, or a reason to drop the grid?
#
# A grid costs the product of the numbers of values, N trainings for nᵢ values each:
# - [grid_combinations] N = Πᵢ[nᵢ]

# %% [markdown]
# ## Predict 1
# Two hyper-parameters, nine trainings, and only one of the two matters. Its best value may be anywhere. Which comes
# closer to it, the grid or random search? And if both matter? Nothing is trained here: the *loss* of a configuration is
# its squared distance from the best values of those that matter.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.search.space import combinations

THIRDS = [1 / 6, 3 / 6, 5 / 6]  # the middles of three equal parts: a grid as good as it can be


def points(searcher, trials, d=2, seed=0, values=None):
    """What a searcher proposes for d hyper-parameters between 0 and 1: an array (trials, d)."""
    space = {f"x{i}": st.Float(0.0, 1.0) if values is None else values for i in range(d)}
    study = st.Study(space, searcher, seed=seed)
    return np.array([list(study.ask().params.values()) for _ in range(trials)])


optima = np.random.default_rng(0).random((400, 6))  # 400 positions of the optimum


def best_loss(tried, mattering):
    """The mean over all optima of the best loss: the squared distance in the hyper-parameters that matter."""
    return np.mean(sum((tried[:, i, None] - optima[:, i]) ** 2 for i in range(mattering)).min(axis=0))


grid = points(st.GridSearch(), 9, values=THIRDS)
draws = [points(st.RandomSearch(), 9, seed=seed) for seed in range(30)]
for mattering in (1, 2):
    by_chance = np.mean([best_loss(tried, mattering) for tried in draws])
    print(f"{mattering} of 2 matter: best loss of the grid {best_loss(grid, mattering):.4f}, of random {by_chance:.4f}")
# -> 1 of 2 matter: best loss of the grid 0.0088, of random 0.0059
# -> 2 of 2 matter: best loss of the grid 0.0179, of random 0.0470

# %% [markdown]
# ## Answer 1
# If one of them matters, random search has the lower loss (in 19 of 20 draws [18a]). Look at the *projection* of the
# points on the axis that matters: the grid has measured each of three values three times, random search nine values
# once. If both matter, the grid has the lower loss (in 20 of 20 draws [18b]): it leaves no gaps in the square.

# %%
fig, axes = plt.subplots(1, 2, num="18-projections", figsize=(8, 4.2), sharey=True, layout="constrained")
for ax, name, tried in ((axes[0], "grid", grid), (axes[1], "random", draws[0])):
    ax.vlines(tried[:, 0], -0.08, tried[:, 1], color="C1", lw=0.8, ls=":")
    ax.plot(tried[:, 0], tried[:, 1], "o", ms=9)
    ax.plot(tried[:, 0], np.full(9, -0.08), "|", color="C1", ms=14, mew=2)
    ax.set(title=f"{name}: {len(set(tried[:, 0]))} values of the one that matters", xlim=(0, 1), ylim=(-0.12, 1),
           xlabel="a hyper-parameter that matters")
axes[0].set_ylabel("one that does not")

# %% [markdown]
# ## Predict 2
# Add hyper-parameters that change nothing; two matter as before. The grid has 3 values of each, so it needs 27, 81,
# 243 trainings, and random search gets as many. How much better does each become?

# %%
for d in (2, 3, 4, 5):
    n = combinations([3] * d)
    of_grid = best_loss(points(st.GridSearch(), n, d, values=THIRDS), 2)
    of_chance = np.mean([best_loss(points(st.RandomSearch(), n, d, seed), 2) for seed in range(30)])
    print(f"{d} hyper-parameters, {n:3} trainings: grid {of_grid:.4f}, random {of_chance:.4f}")
# -> 2 hyper-parameters,   9 trainings: grid 0.0179, random 0.0470
# -> 3 hyper-parameters,  27 trainings: grid 0.0179, random 0.0135
# -> 4 hyper-parameters,  81 trainings: grid 0.0179, random 0.0042
# -> 5 hyper-parameters, 243 trainings: grid 0.0179, random 0.0014

# %% [markdown]
# ## Answer 2
# The grid does not improve at all: 243 trainings find no more than 9 did, since the two that matter still have three
# values each. From three hyper-parameters on, random search is ahead (in 20 of 20 draws [18c]). It does not have to
# know which of them matter: the projection of its 243 points on any two of them is 243 different points. In practice
# few hyper-parameters matter, and not the same ones on each data set (Bergstra and Bengio, 2012).

# %% [markdown]
# ## Break it
# The argument rests on one condition: few hyper-parameters matter. Take it away, and let all of them matter.

# %%
for d in (3, 4):
    of_grid = best_loss(points(st.GridSearch(), 3**d, d, values=THIRDS), d)
    of_chance = np.mean([best_loss(points(st.RandomSearch(), 3**d, d, seed), d) for seed in range(30)])
    print(f"all of {d} matter: grid {of_grid:.3f}, random {of_chance:.3f}")
# -> all of 3 matter: grid 0.028, random 0.051
# -> all of 4 matter: grid 0.037, random 0.058

# %% [markdown]
# The grid wins, since no point of the space is far from one of its points. So a grid is right where there are few
# hyper-parameters and all of them matter, such as three optimizers times three activations.
#
# *In your logbook:* with the trainings of lesson 00, let random search guess 27 times, and write down the score.

# %% [markdown]
# ## Exercise
# Write a random search of your own. A searcher of this package is a class with one method. `space` knows the
# hyper-parameters: `space.names` are their names, and `space.from_unit(u)` turns numbers between 0 and 1, one for each
# name, into a configuration, on a logarithmic scale where the range says so. `rng` is the NumPy generator to draw from;
# each trial gets its own, made from the study's seed and the trial's number, so that the same seed always gives the
# same trials. The other arguments are for searchers that look at earlier trials. Return `st.Suggestion(params)`.
#
# Check it with `python -m lessons check 18`. Then copy the class, below `import scratchtune as st`, into a file
# `my_searcher.py`, and let it race against the built-in searchers: `python -m lessons race my_searcher.py`.


# %%
class MyRandomSearch(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        raise NotImplementedError
