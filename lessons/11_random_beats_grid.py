# %% [markdown]
# # 11 Why random beats grid
# Nine trainings: three values of each parameter, or nine? What a grid wastes, and when it is better all the same.
#
# Covers sections 3.1, 3.2 and 9.1 of the document.

# %% [markdown]
# ## Question
# In lesson 06 a grid tried nine configurations, and with them three learning rates. Random search tried nine learning
# rates. Is that a detail, or a reason to drop the grid? And can one spread the points better than at random, without
# putting them in rows and columns?

# %% [markdown]
# ## Formulas
# - [grid_combinations] N = Πᵢ[nᵢ]
# - [radical_inverse] u = Σₖ[dₖ / b^(k + 1)]
# - [latin_hypercube] x = (c + u) / n
#
# The first is the price of a grid: with 3 values each, 2 parameters cost 9 trainings, and 6 cost 729. The other two
# place points evenly without a grid; we come to them below.
#
# We use no network here, but a function that costs nothing. Its parameters are between 0 and 1, and it says how bad a
# configuration is. So we can search thousands of times, and *know* the best configuration.

# %% [markdown]
# ## Predict
# 1. Two parameters, nine trainings, and only one of the two matters. Which comes closer to its best value, the grid or
#    random search?
# 2. Now two parameters that *both* matter, nine trainings. Which of them wins?
# 3. Add parameters that change nothing. The grid has 3 values of each, so it needs 27, 81, 243, 729 trainings. How much
#    better does it become?

# %% [markdown]
# ## Code: nine points and their projections
# The grid is made as good as it can be: its values are the middles of three equal parts. The *projection* of the points
# on a parameter is the values that this parameter takes in them, whatever the others are.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.search.sequences import latin_coordinate, radical_inverse
from scratchtune.search.space import combinations

MIDDLES = [1 / 6, 3 / 6, 5 / 6]


def points(searcher, trials, d=2, seed=0, values=None):
    """What a searcher proposes for d parameters x0, x1, ...: an array (trials, d)."""
    space = {f"x{i}": st.Float(0.0, 1.0) if values is None else values for i in range(d)}
    study = st.Study(space, searcher, seed=seed)
    return np.array([list(study.ask().params.values()) for _ in range(trials)])


grid = points(st.GridSearch(), 9, values=MIDDLES)
chance = points(st.RandomSearch(), 9)
for name, tried in (("grid", grid), ("random", chance)):
    print(f"{name:6}: {len(tried)} points, {len(set(tried[:, 0]))} values of the first parameter")
# -> grid  : 9 points, 3 values of the first parameter
# -> random: 9 points, 9 values of the first parameter


# %%
def hill(x):
    """What the first parameter is worth; the summit is near 0.36."""
    return np.exp(-(((x - 0.36) / 0.1) ** 2)) + 0.3 * x


fig, axes = plt.subplots(
    2, 2, num="11-projections", figsize=(9, 5.6), sharex=True, height_ratios=[1, 2], layout="constrained")
line = np.linspace(0.0, 1.0, 400)
for column, (name, tried) in enumerate((("grid", grid), ("random", chance))):
    above, square = axes[:, column]
    above.fill_between(line, hill(line), color="C0", alpha=0.2, lw=0)
    above.vlines(tried[:, 0], 0.0, hill(tried[:, 0]), color="C1")
    above.plot(tried[:, 0], hill(tried[:, 0]), "o", color="C1", ms=6)
    square.vlines(tried[:, 0], tried[:, 1], 1.0, color="C1", lw=0.8, ls=":")
    square.plot(tried[:, 0], tried[:, 1], "o", color="C1", ms=9)
    above.set(title=f"{name}: {len(set(tried[:, 0]))} heights of the hill", yticks=[])
    square.set(xlabel="a parameter that matters", xlim=(0, 1), ylim=(0, 1))
    square.grid(False)
axes[0, 0].set_ylabel("worth")
axes[1, 0].set_ylabel("one that does not")

# %% [markdown]
# ## Check: nine points
# On the left, each height of the hill is measured three times, and the summit is missed. The other parameter changes
# nothing, so two of three trainings are wasted. On the right nothing is measured twice: the points leave gaps and form
# clusters, but their projection on the parameter that matters has nine different values.
#
# Does that depend on this hill? We move the best value to 1,000 different positions, and measure how far the nearest of
# the values tried is. Predict 1: random search comes closer, on average.

# %%
assert len(set(grid[:, 0])) == 3 and len(set(chance[:, 0])) == 9
best_values = np.linspace(0.0005, 0.9995, 1000)


def miss(tried):
    """Distance from the best value to the nearest one tried, the mean over all positions of the best value."""
    return abs(tried[:, 0] - best_values[:, None]).min(axis=1).mean()


by_chance = np.mean([miss(points(st.RandomSearch(), 9, seed=seed)) for seed in range(50)])
print(f"mean distance to the best value: grid {miss(grid):.3f}, random {by_chance:.3f}")
assert by_chance < 0.8 * miss(grid)
# -> mean distance to the best value: grid 0.083, random 0.053

# %% [markdown]
# ## Code: the crossing
# Now two parameters matter, and the loss is the square of the distance from their best values. We add parameters that
# change nothing. The grid has 3 values of each, and random search gets as many trainings as the grid. We take the mean
# of the best loss over 400 positions of the optimum, and for random search also over 10 seeds.

# %%
optima = np.random.default_rng(0).random((400, 6))


def best_loss(tried, mattering=2):
    """The mean, over all optima, of the smallest loss among the points."""
    square = sum((tried[:, i, None] - optima[:, i]) ** 2 for i in range(mattering))
    return float(square.min(axis=0).mean())


numbers = (2, 3, 4, 5, 6)
grids = {d: points(st.GridSearch(), 3**d, d, values=MIDDLES) for d in numbers}
draws = {d: [points(st.RandomSearch(), 3**d, d, seed) for seed in range(10)] for d in numbers}
of_grid = np.array([best_loss(grids[d]) for d in numbers])
of_chance = np.array([np.mean([best_loss(tried) for tried in draws[d]]) for d in numbers])
for d, g, r in zip(numbers, of_grid, of_chance, strict=True):
    print(f"{d} parameters, {combinations([3] * d):3} trainings: grid {g:.4f}, random {r:.4f}")
# -> 2 parameters,   9 trainings: grid 0.0179, random 0.0448
# -> 3 parameters,  27 trainings: grid 0.0179, random 0.0130
# -> 4 parameters,  81 trainings: grid 0.0179, random 0.0042
# -> 5 parameters, 243 trainings: grid 0.0179, random 0.0014
# -> 6 parameters, 729 trainings: grid 0.0179, random 0.0005

# %%
fig, ax = plt.subplots(num="11-crossing", figsize=(7.5, 4.2), layout="constrained")
ax.semilogy(numbers, of_grid, "s--", label="grid, 3 values each")
ax.semilogy(numbers, of_chance, "o-", label="random, as many trainings")
ax.set_xticks(numbers, [f"{d}\n({3**d} trainings)" for d in numbers])
ax.set(xlabel="parameters, two of which matter", ylabel="mean best loss")
ax.set_title("From the third parameter on, random is ahead")
ax.legend()

# %% [markdown]
# ## Check: the crossing
# Predict 2: with two parameters that both matter, the grid is clearly better: it leaves no gaps.
#
# Predict 3: the grid does not become better at all. Its line is flat: 729 trainings find no more than 9 did, since the
# two parameters that matter still have 3 values each. All further trainings went into the other parameters. From the
# third parameter on random search is ahead. It does not know which parameters matter either, and need not: the
# projection of its 729 points on any two parameters is 729 different points.
#
# How often is that so in practice? Bergstra and Bengio (2012) tuned networks on several data sets. On each, few
# parameters mattered, but not the same ones. So one cannot leave the others out beforehand.

# %%
assert of_grid[0] < 0.7 * of_chance[0]
assert (of_chance[1:] < of_grid[1:]).all()
assert of_grid.max() < 1.1 * of_grid.min() and of_chance[-1] < of_grid[-1] / 10

# %% [markdown]
# ## Code: even, but not in rows
# Random points leave gaps and form clusters. Two kinds of points avoid both, without rows and columns.
#
# *Halton's* points write the number of the trial in base 2 for the first parameter, in base 3 for the second, and so
# on with the primes. The digits are then mirrored at the point: the second formula, with the base b, and the digits d,
# the lowest first. In base 2 the first points are 0, 0.5, 0.25, 0.75: each is in the middle of a gap that the earlier
# ones left.
#
# A *Latin hypercube* of n points cuts each axis into n equal parts, and takes each part exactly once: the third
# formula, with c the number of the part, and u a random number between 0 and 1. So no two points share a part in any
# projection on one parameter.
#
# In both the package permutes digits or parts by the study's seed, so that each seed has other points.

# %%
# Of 0, 1, 2 and 3 in base 2. The lowest digit is first: [1, 0] is 1, and [0, 1] is 2.
print([radical_inverse(digits, 2) for digits in ([0, 0], [1, 0], [0, 1], [1, 1])])
print([latin_coordinate(cell, 0.5, 4) for cell in (2, 0, 3, 1)])
KINDS = {"random": "uniform", "Halton": "halton", "Latin hypercube": "latin_hypercube"}
spread = {
    name: [points(st.RandomSearch(sequence), 64, seed=seed) for seed in range(20)] for name, sequence in KINDS.items()}
spread["grid, 8 x 8"] = [points(st.GridSearch(), 64, values=[(k + 0.5) / 8 for k in range(8)])]
one = {name: np.mean([best_loss(tried, 1) for tried in studies]) for name, studies in spread.items()}
two = {name: np.mean([best_loss(tried) for tried in studies]) for name, studies in spread.items()}
pairs_of_20 = [(i, j) for i in range(20) for j in range(i)]
twenty = {
    name: np.mean([
        best_loss(tried[:, pair]) for tried in (points(st.RandomSearch(sequence), 64, 20, seed) for seed in range(5))
        for pair in pairs_of_20])
    for name, sequence in KINDS.items()}
print(f"{'64 points':15}{'largest gap in x1':>18}{'best loss: one matters':>24}{'two do':>9}{'two of 20 do':>15}")
for name, studies in spread.items():
    gap = np.mean([np.diff(np.sort(tried[:, 1])).max() for tried in studies])
    last = f"{twenty[name]:15.5f}" if name in twenty else f"{'-':>15}"
    print(f"{name:15}{gap:18.3f}{one[name]:24.5f}{two[name]:9.5f}{last}")
# -> [0.0, 0.5, 0.25, 0.75]
# -> [0.625, 0.125, 0.875, 0.375]
# -> 64 points       largest gap in x1  best loss: one matters   two do   two of 20 do
# -> random                      0.071                 0.00011  0.00549        0.00574
# -> Halton                      0.025                 0.00002  0.00371        0.00478
# -> Latin hypercube             0.029                 0.00003  0.00501        0.00496
# -> grid, 8 x 8                 0.125                 0.00124  0.00252              -

# %%
fig, axes = plt.subplots(1, 4, num="11-even", figsize=(12, 3.6), sharey=True, layout="constrained")
for ax, (name, studies) in zip(axes, spread.items(), strict=True):
    ax.plot(*studies[0].T, "o", ms=4)
    ax.plot(studies[0][:, 0], np.full(64, -0.06), "|", color="C1", ms=8)
    ax.set(title=name, xticks=[0, 1], yticks=[0, 1], xlim=(-0.03, 1.03), ylim=(-0.12, 1.03), aspect="equal")
    ax.grid(False)

# %% [markdown]
# ## Check: even, but not in rows
# The marks below each square are the projection on the first parameter. The grid's has eight values, all others' have
# 64. The table gives the largest gap in the projection on the second one, x1. The Latin hypercube and Halton's points
# both have an even projection: that gap is less than half of that of random points. In the square the Latin hypercube
# is little better than random points. Halton's points are even there too, though not as even as the grid's. So they are
# between the two: better than random points where both parameters matter, and far better than the grid where one does.
#
# In base b it takes b points until the first digit has taken every value, and the twentieth prime is 71. So one may
# fear that Halton's points are no good in twenty dimensions. The last column measures it, over all pairs of twenty
# parameters: the lead over random points shrinks from a third to a sixth, but does not vanish.

# %%
assert two["grid, 8 x 8"] < two["Halton"] < two["Latin hypercube"] < two["random"]
assert max(one["Halton"], one["Latin hypercube"]) < one["random"] < one["grid, 8 x 8"] / 5
assert two["Halton"] < 0.75 * two["random"] and 0.75 < twenty["Halton"] / twenty["random"] < 0.95

# %% [markdown]
# ## Break it
# The argument rests on one condition: few parameters matter. Take it away: now *all* of them do.

# %%
all_of_grid = np.array([best_loss(grids[d], d) for d in numbers])
all_of_chance = np.array([np.mean([best_loss(tried, d) for tried in draws[d]]) for d in numbers])
for d, g, r in zip(numbers, all_of_grid, all_of_chance, strict=True):
    print(f"{d} parameters, all matter: grid {g:.3f}, random {r:.3f}")
assert (all_of_grid < all_of_chance).all()
# -> 2 parameters, all matter: grid 0.018, random 0.045
# -> 3 parameters, all matter: grid 0.028, random 0.050
# -> 4 parameters, all matter: grid 0.037, random 0.058
# -> 5 parameters, all matter: grid 0.046, random 0.064
# -> 6 parameters, all matter: grid 0.056, random 0.072

# %% [markdown]
# The grid wins everywhere here: it leaves no gaps. So a grid is right where there are few parameters, and all of them
# matter. It is also right for a few coarse choices, such as 3 optimizers and 3 activations: nine trainings
# try all nine. Nine independent draws would miss the best pair in (8/9)⁹, that is 35 % of all cases. The package's
# random search never proposes the same point twice in such a space; so it tries all nine as well, in another order.

# %%
choices = {"optimizer": ["sgd", "rmsprop", "adam"], "activation": ["relu", "tanh", "sigmoid"]}
study = st.Study(choices, st.RandomSearch(), seed=0)
pairs = {tuple(study.ask().params.values()) for _ in range(9)}
print(f"independent draws miss the best pair in {(8 / 9) ** 9:.0%}; random search has seen {len(pairs)} pairs")
assert len(pairs) == 9
# -> independent draws miss the best pair in 35%; random search has seen 9 pairs

# %% [markdown]
# ## Exercise
# How many random trials are enough? One can say that without knowing anything about the function, not even how many
# parameters it has. Call a configuration *good* if it belongs to the best 5 % of the space. A random trial is good with
# probability 0.05, and n trials all miss with probability 0.95ⁿ. Write a function that takes the share of good
# configurations and the confidence that you want, and returns the smallest n for which at least one of n trials is good
# with at least that probability.
#
# Example: for a share of 0.5 and a confidence of 0.9 it is 4, since three trials all miss with probability 1/8, and
# four with 1/16. A share may be 1: then one trial is enough (and the logarithm of 0 does not exist).
#
# Then run `python -m lessons check 11`.


# %%
def trials_needed(share, confidence):
    raise NotImplementedError


# %%
def check(solution=None):
    """By the definition, on cases in which each mistake gives another number; then by searching."""
    solution = solution or trials_needed
    try:
        certain = solution(1.0, 0.99)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise AssertionError(f"A share of 1 raises {error!r}: log(1 − 1) does not exist. One is enough.") from None
    assert certain == 1, f"With a share of 1 every trial is good: one is enough, not {certain}. There is no log(1 − 1)."
    found = solution(0.05, 0.6)  # 18: log(0.4) / log(0.95) is 17.9
    mistakes = {
        12: "this is confidence / share. The shares of several trials do not add up: all n miss with (1 − share)ⁿ",
        10: "here all n trials miss with probability 0.6. They shall find a good one with that, and miss with 0.4",
        1: "here all n trials are good with probability 0.4, log(0.4) / log(0.05). They shall miss with that",
        17: "17.9 is rounded down, but 17 trials are too few",
    }
    assert int(found) == found, f"A number of trials is an integer, not {found:.1f}: round up."
    hint = mistakes.get(int(found), "17 trials all miss with probability 0.42, and 18 with 0.397")
    assert found == 18, f"A share of 0.05 and a confidence of 0.6 need 18 trials, not {found}: {hint}."
    for share, confidence, right in ((0.05, 0.95, 59), (0.5, 0.9, 4), (0.1, 0.9, 22), (0.9, 0.5, 1)):
        found = solution(share, confidence)
        hint = ": one too few. Rounding to the nearest integer is not enough" if found == right - 1 else ""
        assert found == right, f"Share {share}, confidence {confidence}: {right} trials are needed, not {found}{hint}."
    for share, confidence in np.random.default_rng(0).uniform(0.01, 0.99, (50, 2)):
        n = solution(share, confidence)
        assert 1.0 - (1.0 - share) ** n >= confidence, (
            f"{n} trials are too few for a share of {share:.2f} and a confidence of {confidence:.2f}. Round up.")
        assert n == 1 or 1.0 - (1.0 - share) ** (n - 1) < confidence, (
            f"{n} trials are more than needed for a share of {share:.2f} and a confidence of {confidence:.2f}.")
    study = st.Study({"x": st.Float(0.0, 1.0)}, st.RandomSearch(), seed=0)
    tried = np.array([study.ask().params["x"] for _ in range(200 * solution(0.1, 0.9))]).reshape(200, -1)
    hits = (tried < 0.1).any(axis=1).mean()
    assert abs(hits - 0.9) < 0.07, f"In 200 searches {hits:.0%} found one of the best 10 %, not 90 %."
