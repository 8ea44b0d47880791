# %% [markdown]
# # 10 One scale
# A column ten times as large makes gradient descent need a hundred times as many steps; scaling makes the bowl round.
#
# 25 minutes · needs 03, 05

# %% [markdown]
# ## Question
# Tables have columns of all sizes: a weight in grams, a load in tonnes. The numbers say the same in any unit. Does a
# network learn the same from them?

# %% [markdown]
# ## Predict 1
# A linear model b + θ₁ · x₁ + θ₂ · x₂ is fitted to 600 parcels by [gradient](README.md#networks-and-training) descent.
# Both columns have mean 0 and standard deviation 1, so the loss is a round bowl, and a few steps suffice. Now multiply
# one column by 10. How many times more steps are needed, with the best learning rate for it: 1, 10 or 100? And if
# instead 4 is added to both columns?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.data import scaling


def parcels(seed, rows=600):
    """Weight and load, with mean 0 and standard deviation 1, and how late a parcel is: both count the same."""
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(rows, 2))
    return parts, parts.sum(axis=1) + 0.5 * rng.normal(size=rows)


def descend(x, y, most=20000):
    """The condition number, the largest stable rate, and the path of (b, θ₁, θ₂) until the loss has come down."""
    inputs = np.column_stack([np.ones(len(x)), x])
    hessian = 2.0 * inputs.T @ inputs / len(x)
    curvatures = np.linalg.eigvalsh(hessian)
    best = np.linalg.solve(hessian, 2.0 * inputs.T @ y / len(x))
    theta, path = np.zeros(3), [np.zeros(3)]
    while len(path) <= most and (theta - best) @ hessian @ (theta - best) > 0.001 * best @ hessian @ best:
        theta = theta - 2.0 / (curvatures[0] + curvatures[-1]) * hessian @ (theta - best)  # the best rate of all
        path.append(theta)
    return curvatures[-1] / curvatures[0], 2.0 / curvatures[-1], np.array(path), best


parts, lateness = parcels(0)
raw = [4000.0, 0.05] + [1000.0, 0.01] * parts
tables = {"one scale": parts, "one column times 10": parts * [1.0, 10.0], "4 added to both": parts + 4.0,
          "grams and tonnes": raw}
fits = {name: descend(x, lateness) for name, x in tables.items()}
for name, (condition, largest, path, _) in fits.items():
    print(f"{name:19}: condition number {condition:.2g}, largest rate {largest:.1g}, "
          f"{'20,000 steps were too few' if len(path) > 20000 else f'{len(path) - 1} steps'}")
# -> one scale          : condition number 1.2, largest rate 0.9, 2 steps
# -> one column times 10: condition number 1e+02, largest rate 0.01, 177 steps
# -> 4 added to both    : condition number 1.2e+03, largest rate 0.03, 2001 steps
# -> grams and tonnes   : condition number 1.7e+11, largest rate 6e-08, 20,000 steps were too few

# %% [markdown]
# ## Answer 1
# About a hundred times, and for the offset even more. The curvatures of the bowl are the eigenvalues of the *Hessian*,
# here 2 · mean(xᵢ · xⱼ), with a column of ones for b. Ten times the column is a hundred times the curvature. The most
# curved direction limits the rate to 2 / curvature (lesson 03), and the flat direction has to use that rate, too. The
# ratio of the largest curvature to the smallest is the *condition number*; the number of steps grows in proportion. An
# offset does harm, since a column that is always near 4 can hardly be told from the column of ones: b and θ trade
# against each other along a flat valley. Grams and tonnes have both faults.

# %%
fig, axes = plt.subplots(1, 2, num="10-bowls", figsize=(9, 4.2), sharey=True, layout="constrained")
across, up = np.meshgrid(np.linspace(-0.4, 2.4, 281), np.linspace(-0.4, 1.9, 231))
for ax, name in zip(axes, ("one column times 10", "one scale"), strict=True):
    _, _, path, best = fits[name]
    loss = np.mean((np.stack([across - best[1], up - best[2]], axis=-1) @ tables[name].T) ** 2, axis=-1)
    ax.contour(across, up, loss, levels=[0.02, 0.2, 0.6, 1.2, 2.0], colors="0.7", linewidths=1)
    ax.plot(path[:, 1], path[:, 2], ".-", lw=0.8, ms=3)
    ax.plot(*best[1:], "k*", ms=9)
    ax.set(title=f"{name}: {len(path) - 1} steps", xlabel="θ₁", ylabel="θ₂", aspect="equal")

# %% [markdown]
# ## Predict 2
# Two scalings are usual. *Standard*: subtract the mean, divide by the standard deviation; the weights w are 1, or 0
# where a value is missing. *Min-max*: bring the smallest value l to a = 0, and the largest h to b = 1. Which of them
# has the smaller condition number?
# - [column_mean] μⱼ = Σₙ[wₙⱼ · xₙⱼ] / Σₙ[wₙⱼ]
# - [column_variance] vⱼ = Σₙ[wₙⱼ · (xₙⱼ − μⱼ)²] / Σₙ[wₙⱼ]
# - [scale_of] sⱼ = √(vⱼ) if vⱼ > n · ε · vⱼ + (n · μⱼ · ε)² else 1
# - [standard_scale] zₙⱼ = (xₙⱼ − μⱼ) / σⱼ
# - [min_max_factors] sⱼ = (b − a) / (hⱼ − lⱼ if hⱼ − lⱼ >= ε else 1) ; mⱼ = a − lⱼ · sⱼ
# - [min_max_scale] yₙⱼ = xₙⱼ · sⱼ + mⱼ

# %%
ones, tiny = np.ones_like(raw), np.finfo(float).eps
mean = scaling.column_mean(raw, ones)
std = scaling.scale_of(scaling.column_variance(raw, ones, mean), mean, len(raw), tiny)
factors = scaling.min_max_factors(raw.min(axis=0), raw.max(axis=0), 0.0, 1.0, 10.0 * tiny)
scaled = {"standard": scaling.standard_scale(raw, mean, std), "min-max": scaling.min_max_scale(raw, *factors)}
for name, x in scaled.items():
    condition, largest, path, _ = descend(x, lateness)
    print(f"{name:8}: condition number {condition:.2g}, largest rate {largest:.2g}, {len(path) - 1} steps")
# -> standard: condition number 1, largest rate 0.99, 1 steps
# -> min-max : condition number 1.3e+02, largest rate 0.61, 221 steps

# %% [markdown]
# ## Answer 2
# Standard scaling: hardly more than 1, as for columns that had mean 0 to begin with. After min-max scaling the columns
# are on one scale, but their mean is about 0.5, and their standard deviation is smaller than that: an offset again.
# (The condition in the formulas is for a constant column, which would be divided by 0 and gets 1 instead.)

# %% [markdown]
# ## Predict 3
# A network with 16 ReLU units is to say whether a parcel is late, from grams and tonnes. Each optimizer gets the best
# of 16 learning rates. Adam divides each parameter's step by its usual gradient (lesson 05). Does it need no scaling?

# %%
RATES = 10.0 ** np.arange(-6.5, 1.1, 0.5)


def accuracy(x, late, optimizer):
    """The accuracy on 200 rows of the rate that is best on 100 others; three networks each, trained on 300."""
    found = []
    for rate in RATES:
        correct = np.zeros(len(x))
        for seed in range(3):
            model = st.Sequential([st.Dense(16, activation="relu"), st.Dense(2, activation="softmax")], seed=seed)
            model.compile(loss="categorical_crossentropy", optimizer=optimizer(rate))
            model.fit(x[:300], late[:300], batch_size=32, epochs=40, verbose=0)
            correct += (model.predict(x).argmax(axis=1) == late) / 3.0
        found.append((correct[300:400].mean(), correct[400:].mean()))
    return max(found)[1]


late = (lateness > 0.0).astype(int)
standard = st.StandardScaler().fit(raw[:300]).transform(raw)  # fitted to the training rows alone: lesson 13 says why
for name, optimizer in (("gradient descent", st.SGD), ("Adam", st.Adam)):
    print(f"{name:16}: grams and tonnes {accuracy(raw, late, optimizer):.2f}, "
          f"standard {accuracy(standard, late, optimizer):.2f}")
# ~> gradient descent: grams and tonnes 0.45, standard 0.86
# ~> Adam            : grams and tonnes 0.63, standard 0.87

# %% [markdown]
# ## Answer 3
# It does. On grams and tonnes gradient descent stays more than 0.2 below its accuracy on standardised columns (in 20 of
# 20 draws [10a]), and Adam more than 0.1 below (in 20 of 20 draws [10b]). Adam's division mends the ratio of the
# columns. It does not move an offset of 4,000: a unit of weight 0.3 would need a bias of −1,200 to switch there.
#
# *In your logbook:* the pixels of the trainings are between 0 and 1. Which scaling is that?

# %% [markdown]
# ## Exercise
# Write standard scaling: it is fitted to the rows of `train`, and applied to these and to `new`, which come later. A
# column that is constant in `train` is divided by 1. Return both scaled arrays. Then run `python -m lessons check 10`.


# %%
def standardised(train, new):
    raise NotImplementedError
