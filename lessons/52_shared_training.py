# %% [markdown]
# # 52 One training on several workers
# Workers that share each batch and average their gradients train the same network; averaged weights are another matter.
#
# 20 minutes · needs 03, 05

# %% [markdown]
# ## Question
# Many trainings side by side are easy: give each [worker](README.md#tuning) one. Now there is one training, and it is
# large. Can several workers share it, and get the same network? And would it not be simpler to let each of them train
# alone on a part of the rows, and to average their weights at the end?

# %% [markdown]
# ## Predict 1
# A [batch](README.md#networks-and-training) of ten rows is shared out to three workers: 4, 3 and 3 rows. Each returns
# the gradient h of the mean loss over its n rows. Which mean of the three is the gradient over all ten rows?
# - [mean_gradient] gᵢ = Σₚ[nₚ · hₚᵢ] / Σₚ[nₚ]

# %%
import warnings
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.interop.distributed import mean_gradient

rng = np.random.default_rng(0)
A, b, theta = rng.normal(size=(10, 3)), rng.normal(size=10), rng.normal(size=3)


def gradient(rows):
    """That of a linear model's mean squared error over some rows."""
    return 2.0 * A[rows].T @ (A[rows] @ theta - b[rows]) / len(rows)


parts = np.array_split(np.arange(10), 3)
gradients, mean = np.array([gradient(part) for part in parts]), np.empty(3)
mean_gradient(gradients, np.array([len(part) for part in parts]), mean)
print("all rows     ", gradient(np.arange(10)).round(4))
print("weighted mean", mean.round(4))
print("plain mean   ", gradients.mean(axis=0).round(4))
# -> all rows      [-1.3178  0.4394  0.3774]
# -> weighted mean [-1.3178  0.4394  0.3774]
# -> plain mean    [-1.3896  0.55    0.3311]

# %% [markdown]
# ## Answer 1
# The one that is weighted by the numbers of rows. In the plain mean the first worker's four rows would count as much as
# another's three. All that is left of a step, the penalty and the optimizer, needs no rows: one worker does it.

# %% [markdown]
# ## Predict 2
# The package does this with threads, processes or clusters (`fit(executor=..., workers=...)`). Four epochs with 2, 3 or
# 7 workers, in double precision: by how much do the weights differ from those of one worker? And from run to run?

# %%
warnings.simplefilter("ignore", st.EfficiencyWarning)  # that sharing such a small network is not faster
X, y = st.datasets.load_digits()
X = X / 16.0


def trained(rows, seed=0, epochs=4, **shared):
    model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], "float64", seed)
    model.compile(loss="categorical_crossentropy", optimizer=st.Adam(0.01))
    model.fit(X[rows], y[rows], batch_size=25, epochs=epochs, verbose=0, **shared)
    return model


def shared_by(workers):
    with ThreadPoolExecutor(workers) as pool:
        return trained(np.arange(1000), executor=pool, workers=workers).theta


alone = trained(np.arange(1000)).theta
for workers in (2, 3, 7):
    first, second = shared_by(workers), shared_by(workers)
    print(f"{workers} workers: differ from one by less than 1e-9: {abs(first - alone).max() < 1e-9}; "
          f"the same bits twice: {np.array_equal(first, second)}")
# -> 2 workers: differ from one by less than 1e-9: True; the same bits twice: True
# -> 3 workers: differ from one by less than 1e-9: True; the same bits twice: True
# -> 7 workers: differ from one by less than 1e-9: True; the same bits twice: True

# %% [markdown]
# ## Answer 2
# By rounding alone: sums are taken in another order. From run to run not at all, since the parts are added in a fixed
# order, whichever is finished first. (Layers that draw random numbers, such as dropout, draw others in each part.)
#
# It is not always faster. In each step every worker gets all weights and returns a whole gradient, however few rows it
# has: the smaller the batch, the less there is to share. `fit` estimates that, and warns.

# %% [markdown]
# ## Predict 3
# Now without any exchange: two workers train alone, each on a half of 1,400 rows, and their weights are averaged. How
# good is the mean of two good networks? Does it matter whether both began with the same random weights?

# %%
halves, test = (np.arange(0, 1400, 2), np.arange(1, 1400, 2)), np.arange(1400, len(X))


def accuracy(model):
    return np.mean(model.predict(X[test]).argmax(axis=1) == y[test])


fig, ax = plt.subplots(num="52-between", figsize=(8, 4.2), layout="constrained")
for name, seeds in (("two starts", (0, 1)), ("the same start", (0, 0))):
    one, other = (trained(half, seed, epochs=20) for half, seed in zip(halves, seeds, strict=True))
    model, way = trained(halves[0], epochs=1), []
    for share in np.linspace(0.0, 1.0, 21):
        model.theta = (1.0 - share) * one.theta + share * other.theta
        way.append(accuracy(model))
    print(f"{name:14}: {way[0]:.2f} and {way[-1]:.2f}, mean of their weights {way[10]:.2f}, mean of their predictions "
          f"{np.mean((one.predict(X[test]) + other.predict(X[test])).argmax(axis=1) == y[test]):.2f}")
    ax.plot(np.linspace(0.0, 1.0, 21), way, "o-", ms=4, label=name)
print(f"one network, all 1,400 rows: {accuracy(trained(np.arange(1400), epochs=20)):.2f}")
ax.set(xlabel="share of the second network in the weights", ylabel="accuracy on new rows", ylim=(0, 1))
ax.legend()
# ~> two starts    : 0.89 and 0.91, mean of their weights 0.73, mean of their predictions 0.91
# ~> the same start: 0.89 and 0.91, mean of their weights 0.91, mean of their predictions 0.90
# ~> one network, all 1,400 rows: 0.92

# %% [markdown]
# ## Answer 3
# It matters. With two starts the mean is worse than both (in 20 of 20 draws [52a]). Hidden units have no order: what
# unit 5 computes in one network, unit 20 may compute in the other, and the mean of two units that do different things
# does neither. With the same start the units still correspond, and the mean is better than with two starts (in 20 of 20
# draws [52b]). The mean of the *predictions* needs no correspondence, but both networks.
#
# So average gradients, in every step, and the question does not arise: all workers have one set of weights.
#
# *In your logbook:* 60 trials of one hour, four workers: 60 shared trainings, or four trials at a time? (Lesson 51.)

# %% [markdown]
# ## Exercise
# Write one step of gradient descent that is shared out. `gradient_of(theta, rows)` gives the gradient of the mean loss
# over some rows, an array of their numbers. `parts` is a list of such arrays, one for each worker, of any lengths; for
# an empty one `gradient_of` has no answer. Return the new theta, and do not change the old one. Then run
# `python -m lessons check 52`.


# %%
def shared_step(gradient_of, theta, alpha, parts):
    raise NotImplementedError
