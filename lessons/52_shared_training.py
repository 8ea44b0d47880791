# %% [markdown]
# # 17 One training on several workers
# A batch is shared out and the gradients are averaged: that gives the same network, but it is not always faster.
#
# Covers sections 7.3 and 8.3 of the document.

# %% [markdown]
# ## Question
# Lesson 16 ran many trainings side by side. Now there is one, and it is large. Can several workers share it? And would
# it be simpler to let each of them train on a part of the rows, and to average the weights at the end?

# %% [markdown]
# ## Formulas
# - [mean_gradient] gᵢ = Σₚ[nₚ · hₚᵢ] / Σₚ[nₚ]
# - [gradient_descent] θ'ᵢ = θᵢ − α · gᵢ
#
# The loss of a batch is the mean over its rows, so its gradient is a mean too. Part p has nₚ rows, and hₚ is the
# gradient of the mean over them. The mean of these gradients, weighted by the numbers of rows, is the gradient over all
# rows. Everything else in a step, the penalty and the optimizer, needs no rows: one worker, the *coordinator*, does it.

# %% [markdown]
# ## Predict
# 1. A batch of 10 rows, three workers. Is the plain mean of the three gradients right?
# 2. Two workers instead of one, float64, four epochs. By how much do the weights differ?
# 3. A network with 300,000 parameters, shared by two threads on two cores. How much faster is a step than with one
#    thread, when a batch has 32, 128, 512 or 1,024 rows?
# 4. Four networks are each trained on a quarter of the rows, and their weights are averaged. How good is that network?

# %% [markdown]
# ## Code: by hand
# A linear model, whose gradient is a line. Three workers get 4, 3 and 3 of ten rows.

# %%
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.interop.distributed import mean_gradient

rng = np.random.default_rng(0)
X, y = rng.normal(size=(10, 3)), rng.normal(size=10)
theta = rng.normal(size=3)


def gradient(theta, X, y):
    return 2.0 * X.T @ (X @ theta - y) / len(X)


parts = np.array_split(np.arange(10), 3)
sizes = np.array([len(part) for part in parts])
gradients = np.array([gradient(theta, X[part], y[part]) for part in parts])
mean = np.empty(3)
mean_gradient(gradients, sizes, mean)
print("all rows     ", gradient(theta, X, y).round(4))
print("weighted mean", mean.round(4))
print("plain mean   ", gradients.mean(axis=0).round(4))
# -> all rows      [-1.3178  0.4394  0.3774]
# -> weighted mean [-1.3178  0.4394  0.3774]
# -> plain mean    [-1.3896  0.55    0.3311]

# %% [markdown]
# ## Check: by hand
# Predict 1: no. The first worker's four rows would count as much as the others' three. The weighted mean is exact up to
# rounding.

# %%
assert np.allclose(mean, gradient(theta, X, y), atol=1e-14)
assert abs(gradients.mean(axis=0) - gradient(theta, X, y)).max() > 1e-3

# %% [markdown]
# ## Code: the package
# `fit` takes any executor of `concurrent.futures`: threads here, processes, Dask or Ray elsewhere. Threads share theta,
# the rows and the gradients in memory. To another process the network and the rows are sent once; then each step sends
# theta out and gradients back. `fit` warns if sharing is no faster, as for the small network below. There we compare
# weights, not times, so the warning is switched off.

# %%
warnings.simplefilter("ignore", st.EfficiencyWarning)
X, y = st.datasets.load_digits()
X = X / 16.0


def trained(workers=None):
    layers = [st.Dense(32, activation="tanh"), st.Dense(10, activation="softmax")]
    model = st.Sequential(layers, dtype="float64", seed=0)
    model.compile(loss="categorical_crossentropy", optimizer=st.Adam(0.01), penalty=st.L2(1e-4))
    if workers is None:
        model.fit(X, y, batch_size=100, epochs=4, verbose=0)
    else:
        with ThreadPoolExecutor(workers) as pool:
            model.fit(X, y, batch_size=100, epochs=4, verbose=0, executor=pool, workers=workers)
    return model


model = trained()
alone = model.theta.copy()
for workers in (1, 2, 3, 7):
    shared = trained(workers).theta
    assert (trained(workers).theta == shared).all()  # bit for bit from run to run
    apart = abs(shared - alone).max()
    print(f"{workers} workers: the weights differ by less than 1e-12: {apart < 1e-12}")
    assert apart < 1e-12
parts = np.array_split(np.arange(100), 3)
whole = model.gradient(X[:100], y[:100])
shares = np.array([model.gradient(X[part], y[part]) for part in parts])
mean = np.empty_like(whole)
mean_gradient(shares, np.array([len(part) for part in parts]), mean)
print(f"one batch in three parts: the gradients differ by less than 1e-14: {abs(mean - whole).max() < 1e-14}")
# -> 1 workers: the weights differ by less than 1e-12: True
# -> 2 workers: the weights differ by less than 1e-12: True
# -> 3 workers: the weights differ by less than 1e-12: True
# -> 7 workers: the weights differ by less than 1e-12: True
# -> one batch in three parts: the gradients differ by less than 1e-14: True

# %% [markdown]
# ## Check: the package
# Predict 2: by rounding alone. Sums are taken in another order, and floating-point addition is not associative. Between
# two runs with the same number of workers there is no difference at all: the parts are always added in the same order,
# whichever has finished first.
#
# There is one exception. Layers that draw random numbers, such as dropout, draw different ones in each part.

# %% [markdown]
# ## Code: is it faster?
# The rows of a batch are shared out, so the more rows there are, the more work there is to share. What does not shrink:
# in each step every worker gets all of theta and returns a whole gradient, and the coordinator averages them. So we
# measure: seconds of a step, with one thread and with two. They go to stderr, as they are your machine's own.

# %%
BATCHES = (32, 128, 512, 1024)


def step_seconds(batch_size, workers, pool):
    """Seconds of one step of a network with 301,066 parameters: the fastest of three trainings of four steps each."""
    model = st.Sequential([st.Dense(512, "relu"), st.Dense(512, "relu"), st.Dense(10, "softmax")], seed=0)
    model.compile(loss="categorical_crossentropy", optimizer=st.Adam(0.001))
    rows = np.arange(4 * batch_size) % len(X)
    shared = {} if workers == 1 else {"executor": pool, "workers": workers}
    seconds = []
    for _ in range(4):  # the first one builds and compiles, and is not counted
        begun = time.perf_counter()
        model.fit(X[rows], y[rows], batch_size=batch_size, epochs=1, verbose=0, **shared)
        seconds.append((time.perf_counter() - begun) / 4)
    return min(seconds[1:])


with ThreadPoolExecutor(2) as pool:
    measured = np.array([[step_seconds(batch, workers, pool) for workers in (1, 2)] for batch in BATCHES])
for batch, (one, two) in zip(BATCHES, measured, strict=True):
    print(f"batches of {batch:4}: {1000 * one:6.2f} ms with one thread, {1000 * two:6.2f} ms with two; "
          f"{one / two:.2f} times as fast", file=sys.stderr)
ratios = measured[:, 0] / measured[:, 1]
print(f"batches of 32: two threads are slower than one: {ratios[0] < 1}")
print(f"batches of 1024 bring two threads further than batches of 32: {ratios[-1] > ratios[0]}")
# -> batches of 32: two threads are slower than one: True
# -> batches of 1024 bring two threads further than batches of 32: True

# %%
fig, ax = plt.subplots(num="17-threads", figsize=(6, 4), layout="constrained")
ax.plot(BATCHES, ratios, "o-")
ax.axhline(1.0, color="0.4", ls="--", lw=1)
ax.text(BATCHES[0], 1.02, "as fast as one thread", color="0.4", va="bottom")
ax.set(xscale="log", xlabel="rows in a batch (log scale)", ylabel="speed of two threads / speed of one", ylim=(0, None))
ax.set_xticks(BATCHES, BATCHES)
ax.minorticks_off()
ax.set_title("301,066 parameters, measured just now")

# %% [markdown]
# ## Check: is it faster?
# Predict 3: see what was printed; the numbers are your machine's, and other programs on it count too. With batches of
# 32 two threads are slower than one: the costs that do not shrink exceed what the second thread saves. The larger the
# batch, the more work there is in each step to share. But with larger batches an epoch has fewer steps, and the batch
# size is a hyper-parameter of its own (lesson 05). Workers in other processes, or on other computers, must in addition
# send what threads share in memory; that is not measured here.
#
# To *tune*, one can give each worker a training of its own (lesson 16): then nothing is sent within a training.

# %%
assert ratios[0] < 1.0 and ratios[-1] > ratios[0]

# %% [markdown]
# ## Break it
# Leave out the exchange of gradients: each of four workers trains alone on a quarter of the rows, and the weights are
# averaged at the end. In one case each worker has an *initialisation* of its own (the random weights at the start of a
# training), in the other all have the same one. Four repetitions with other seeds, and for comparison one network that
# is trained on all of these rows.


# %%
def alone_on(rows, seed):
    model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], seed=seed)
    model.compile(loss="categorical_crossentropy", optimizer=st.Adam(0.01), metrics=["accuracy"])
    model.fit(X[rows], y[rows], batch_size=25, epochs=20, verbose=0)
    return model


def with_mean_weights(members):
    model = members[0].fresh()
    model.build((None, 64))
    model.theta[:] = np.mean([member.theta for member in members], axis=0)
    return model


train, test = np.arange(1400), np.arange(1400, len(X))
accuracies = {"one of the four": [], "mean weights, own starts": [], "mean weights, same start": [],
              "mean of the predictions": [], "one network on all rows": []}
for repeat in range(4):
    own = [alone_on(train[part::4], seed=10 * repeat + part) for part in range(4)]
    same = [alone_on(train[part::4], seed=10 * repeat) for part in range(4)]
    voted = np.mean([member.predict(X[test]) for member in own], axis=0).argmax(axis=1)
    found = (own[0].score(X[test], y[test]), with_mean_weights(own).score(X[test], y[test]),
             with_mean_weights(same).score(X[test], y[test]), np.mean(voted == y[test]),
             alone_on(train, seed=10 * repeat).score(X[test], y[test]))
    for name, accuracy in zip(accuracies, found, strict=True):
        accuracies[name].append(accuracy)
for name, values in accuracies.items():
    print(f"{name:25} test accuracy {np.mean(values):.2f}")
print(f"mean weights, own starts: at most {max(accuracies['mean weights, own starts']):.1f}")
# -> one of the four           test accuracy 0.89
# -> mean weights, own starts  test accuracy 0.54
# -> mean weights, same start  test accuracy 0.88
# -> mean of the predictions   test accuracy 0.90
# -> one network on all rows   test accuracy 0.91
# -> mean weights, own starts: at most 0.7

# %% [markdown]
# Predict 4: it depends on where the four began. With initialisations of their own the mean of four good networks is a
# bad one, in all four repetitions. Hidden units have no order (their *permutation symmetry*): what one unit computes in
# one network, another unit may compute in the next, and a mean of two units that do different things need not do
# either. With the same start the mean of the weights is about as good as one of the four, so it is the different starts
# that spoil it. But it is no better than one of them, and worse than a network that has been trained on all rows, which
# is what averaged *gradients* give. The mean of the *predictions* (an *ensemble*) works with different starts, but
# needs all four networks at prediction time.

# %%
means = {name: np.mean(values) for name, values in accuracies.items()}
assert max(accuracies["mean weights, own starts"]) < min(accuracies["one of the four"]) - 0.1
assert abs(means["mean weights, same start"] - means["one of the four"]) < 0.04
assert means["one network on all rows"] > means["mean weights, same start"] + 0.015
assert means["mean of the predictions"] > means["one of the four"]

# %% [markdown]
# ## Exercise
# Write one step of gradient descent that is shared out. `gradient_of(theta, rows)` gives the gradient of the mean loss
# over some rows, an array of their numbers. `parts` is a list of such arrays, one for each worker, of any lengths, and
# some may be empty: do not call `gradient_of` for these. Return the new theta; leave the old one as it is.
#
# Then run `python -m lessons check 17`.


# %%
def shared_step(gradient_of, theta, alpha, parts):
    raise NotImplementedError


# %%
def check(solution=None):
    """Against one step over all rows of a linear model, and against what some misunderstandings give."""
    solution = solution or shared_step
    rng = np.random.default_rng(1)
    A, b = rng.normal(size=(23, 4)), rng.normal(size=23)

    def gradient_of(theta, rows):
        assert len(rows), "the gradient over no rows was asked for; leave out a worker without rows"
        return 2.0 * A[rows].T @ (A[rows] @ theta - b[rows]) / len(rows)

    for sizes in ([23], [4, 19], [12, 11], [10, 0, 13], [5, 5, 5, 8, 0]):
        parts = np.split(rng.permutation(23), np.cumsum(sizes)[:-1])
        theta = rng.normal(size=4)
        before, after_each = theta.copy(), theta.copy()
        found = solution(gradient_of, theta, 0.1, parts)
        assert (theta == before).all(), "theta was changed in place; the old one must stay as it is"
        gradients = [gradient_of(before, part) for part in parts if len(part)]
        for part in parts:
            after_each = after_each - 0.1 * gradient_of(after_each, part) if len(part) else after_each
        mistakes = {
            "the workers' gradients have all the same weight; weight each by its number of rows":
                before - 0.1 * np.mean(gradients, axis=0),
            "the gradients are added up, not averaged; divide by the number of rows": before - 0.1 * sum(gradients),
            "the weighted sum is not divided by the number of all rows":
                before - 0.1 * 23 * gradient_of(before, np.arange(23)),
            "theta moves after each part; all gradients must be taken at the same theta": after_each,
            "theta goes up the gradient; subtract it": before + 0.1 * gradient_of(before, np.arange(23)),
            "that is the mean gradient, not the new theta": gradient_of(before, np.arange(23)),
        }
        right = before - 0.1 * gradient_of(before, np.arange(23))
        for mistake, value in mistakes.items():
            mistaken = not np.allclose(value, right) and np.shape(found) == (4,) and np.allclose(found, value)
            assert not mistaken, f"parts of {sizes} rows: {mistake}"
        assert np.allclose(found, right), f"parts of {sizes} rows give {found}; one step over all rows gives {right}"
