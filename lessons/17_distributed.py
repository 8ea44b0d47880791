# %% [markdown]
# # 17 One training on several workers
# A batch is shared out, the gradients are averaged: when that gives the same network, and when it pays.

# %% [markdown]
# ## Question
# Lesson 16 ran many trainings side by side. Now there is one, and it is large. Can several workers share it? And would
# it not be simpler to let each of them train on a part of the rows, and to average the networks in the end?

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
# 3. A network with 5,000 parameters, batches of 32 rows, two computers in one room. Does it pay to share?

# %% [markdown]
# ## Code: by hand
# A linear model, whose gradient is a line. Three workers get 4, 3 and 3 of ten rows.

# %%
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.network.distributed import mean_gradient

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
# Predict 1: no. The first worker's four rows would count as much as the others' three. Weighted, it is exact, but for
# rounding.

# %%
assert np.allclose(mean, gradient(theta, X, y), atol=1e-14)
assert abs(gradients.mean(axis=0) - gradient(theta, X, y)).max() > 1e-3

# %% [markdown]
# ## Code: the package
# `fit` takes any executor of `concurrent.futures`: threads here, processes, Dask or Ray elsewhere. The network and the
# rows are sent once to each worker. Then each step sends theta out and gradients back.

# %%
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
    return model.theta.copy()


alone = trained()
for workers in (1, 2, 3, 7):
    shared = trained(workers)
    assert (trained(workers) == shared).all()  # bit for bit from run to run
    apart = abs(shared - alone).max()
    print(f"{workers} workers: the weights differ by less than 1e-12: {apart < 1e-12}")
# -> 1 workers: the weights differ by less than 1e-12: True
# -> 2 workers: the weights differ by less than 1e-12: True
# -> 3 workers: the weights differ by less than 1e-12: True
# -> 7 workers: the weights differ by less than 1e-12: True

# %% [markdown]
# ## Check: the package
# Predict 2: by rounding alone. Sums are taken in another order, and floating-point addition is not associative. From
# run to run not even that: the parts are always added in the same order, whoever has finished first.
#
# There is one exception. Layers that draw random numbers, such as dropout, draw others in each part.

# %% [markdown]
# ## Code: when it pays
# Count. A row costs about six multiplications and additions for each parameter: two forward, four backward. The rows
# are shared, so each worker has a k-th of the work. But every worker gets all of theta and sends a whole gradient. That
# does not shrink with k. Let a core do 20 billion operations a second, and take three ways between workers.

# %%
SPEED = 20e9
WAYS = {"threads": (5e-5, 10e9), "a fast network": (2e-4, 1.25e9), "an office network": (5e-4, 0.125e9)}  # s, bytes/s
SIZES = {"5 thousand": 5e3, "1 million": 1e6, "20 million": 20e6}


def step_seconds(parameters, rows, workers, way):
    """Seconds of a step: the work of one part, one exchange for each worker, and what is sent, one after the other."""
    work = 6.0 * parameters * rows / workers / SPEED
    if workers == 1:
        return work
    delay, bandwidth = WAYS[way]
    return work + delay + workers * 2.0 * 4.0 * parameters / bandwidth


print(f"{'speed-up with 4 workers':34}" + "".join(f"{way:>20}" for way in WAYS))
for name, parameters in SIZES.items():
    for rows in (32, 1024):
        ratios = [step_seconds(parameters, rows, 1, way) / step_seconds(parameters, rows, 4, way) for way in WAYS]
        print(f"{name + ' parameters, batch ' + str(rows):34}" + "".join(f"{ratio:20.2f}" for ratio in ratios))
# -> speed-up with 4 workers                        threads      a fast network   an office network
# -> 5 thousand parameters, batch 32                   0.62                0.14                0.03
# -> 5 thousand parameters, batch 1024                 3.41                2.16                0.71
# -> 1 million parameters, batch 32                    1.70                0.34                0.04
# -> 1 million parameters, batch 1024                  3.84                2.99                0.92
# -> 20 million parameters, batch 32                   1.71                0.34                0.04
# -> 20 million parameters, batch 1024                 3.84                3.00                0.92

# %%
fig, ax = plt.subplots(num="17-pays", figsize=(7, 4), layout="constrained")
batches = np.geomspace(8, 8192, 50)
for colour, way in enumerate(WAYS):
    ratios = [step_seconds(1e6, rows, 1, way) / step_seconds(1e6, rows, 4, way) for rows in batches]
    ax.plot(batches, ratios, color=f"C{colour}", label=way)
ax.axhline(1.0, color="0.4", ls="--", lw=1)
ax.set(xscale="log", xlabel="rows in a batch", ylabel="speed-up with 4 workers", title="A million parameters")
ax.legend()

# %% [markdown]
# ## Check: when it pays
# Predict 3: no. The step itself takes 48 millionths of a second, and one exchange takes longer. What counts is the
# number of rows in a batch: the work grows with it, what is sent does not. So large batches pay and small ones do not,
# whatever the size of the network, once it is large enough for the delay not to matter. And large batches need fewer
# steps of larger size, which is a hyper-parameter of its own (lesson 05).
#
# These are counts, not measurements, and they flatter. On two cores, two threads trained a network of 2,410 parameters
# (batches of 100) at 0.1 times the speed of one, and one of 1.1 million (batches of 512) at 0.9 times. What the count
# leaves out is that one worker copies and averages all gradients while the others wait. Measure before you share.
#
# To *tune*, it is nearly always better to give each worker a training of its own (lesson 16): then nothing is sent
# within a training at all.

# %%
assert step_seconds(5e3, 32, 1, "a fast network") < step_seconds(5e3, 32, 4, "a fast network")
assert step_seconds(1e6, 8192, 1, "a fast network") > 2.0 * step_seconds(1e6, 8192, 4, "a fast network")

# %% [markdown]
# ## Break it
# Save the exchange: each of four workers trains alone on a quarter of the rows, and the weights are averaged at the
# end. Every worker begins with weights of its own.

# %%
def alone_on(rows, seed):
    model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], seed=seed)
    model.compile(loss="categorical_crossentropy", optimizer=st.Adam(0.01), metrics=["accuracy"])
    model.fit(X[rows], y[rows], batch_size=25, epochs=20, verbose=0)
    return model


train, test = np.arange(1400), np.arange(1400, len(X))
members = [alone_on(train[part::4], seed=part) for part in range(4)]
averaged = members[0].fresh()
averaged.build((None, 64))
averaged.theta[:] = np.mean([member.theta for member in members], axis=0)
single = [member.evaluate(X[test], y[test])["accuracy"] for member in members]
print(f"four networks: accuracies from {min(single):.2f} to {max(single):.2f}")
print(f"the network of their mean weights: {averaged.evaluate(X[test], y[test])['accuracy']:.2f}")
voted = np.mean([member.predict(X[test]) for member in members], axis=0).argmax(axis=1)
print(f"the mean of what they predict: {np.mean(voted == y[test]):.2f}")
# -> four networks: accuracies from 0.87 to 0.90
# -> the network of their mean weights: 0.37
# -> the mean of what they predict: 0.90

# %% [markdown]
# The mean of four good networks is a bad one. Hidden units have no order: what unit 3 does in one network, unit 17 does
# in another, and the mean of both does neither. One may average what they *predict*, but that takes all four networks
# for ever. Averages of *gradients* have no such trouble, since all workers stand at the same theta.

# %%
assert averaged.evaluate(X[test], y[test])["accuracy"] < min(single) - 0.2

# %% [markdown]
# ## Exercise
# Write one step of gradient descent that is shared out. `gradient_of(theta, rows)` gives the gradient of the mean loss
# over some rows, an array of their numbers. `parts` is a list of such arrays, one for each worker, of any lengths, and
# some may be empty: a worker without rows is not asked. Return the new theta; leave the old one as it is.
#
# Then run `python -m lessons check 17`.


# %%
def shared_step(gradient_of, theta, alpha, parts):
    raise NotImplementedError


# %%
def check(solution=None):
    """Against one step over all rows."""
    solution = solution or shared_step
    rng = np.random.default_rng(1)
    A, b = rng.normal(size=(23, 4)), rng.normal(size=23)

    def gradient_of(theta, rows):
        assert len(rows), "a worker without rows is not asked"
        return gradient(theta, A[rows], b[rows])

    for sizes in ([23], [12, 11], [1, 22], [10, 0, 13], [5, 5, 5, 8, 0]):
        parts = np.split(rng.permutation(23), np.cumsum(sizes)[:-1])
        theta = rng.normal(size=4)
        before = theta.copy()
        found = solution(gradient_of, theta, 0.1, parts)
        right = before - 0.1 * gradient(before, A, b)
        assert (theta == before).all(), "the old theta must stay as it is"
        assert np.allclose(found, right), f"parts of {sizes} rows give {found}; one step over all rows gives {right}"
