# %% [markdown]
# # 07 Rate, batch, schedules
# The best learning rate depends on the batch size and on the schedule: so compare each of them at its own best rate.
#
# 25 minutes · needs 00, 03

# %% [markdown]
# ## Question
# A [learning rate](README.md#networks-and-training) was tuned, and it is good. Now somebody changes the
# [batch](README.md#networks-and-training) size, or lets the rate fall during training. Is it still good? And how does
# one find out whether the change is an improvement?

# %% [markdown]
# ## Predict 1
# The trainings of lesson 00 have 11 learning rates and 6 batch sizes. Take 64 units, dropout 0.2, no L2. With batches
# of 4 the best rate is 0.002. What is the best rate with batches of 128: the same, 50 times larger, 50 times smaller?
# What happens to a network that keeps the rate of the other batch size?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.play.trainings import VALUES

trainings = st.datasets.load_trainings()
rates, batches = VALUES["learning_rate"], VALUES["batch_size"]
table = np.array([[trainings.accuracy({"learning_rate": rate, "batch_size": batch, "l2": 0.0, "dropout": 0.2,
                                       "units": 64}) for rate in rates] for batch in batches])
best = table.argmax(axis=1)
for batch, row, at in zip(batches, table, best, strict=True):
    print(f"batches of {batch:3}: best rate {rates[at]:5}, accuracy {row[at]:.2f}; with the rate that is best for "
          f"4: {row[best[0]]:.2f}, for 128: {row[best[-1]]:.2f}")
# -> batches of   4: best rate 0.002, accuracy 0.85; with the rate that is best for 4: 0.85, for 128: 0.09
# -> batches of   8: best rate 0.005, accuracy 0.84; with the rate that is best for 4: 0.82, for 128: 0.09
# -> batches of  16: best rate  0.01, accuracy 0.84; with the rate that is best for 4: 0.73, for 128: 0.63
# -> batches of  32: best rate  0.02, accuracy 0.83; with the rate that is best for 4: 0.54, for 128: 0.76
# -> batches of  64: best rate  0.02, accuracy 0.81; with the rate that is best for 4: 0.39, for 128: 0.78
# -> batches of 128: best rate   0.1, accuracy 0.85; with the rate that is best for 4: 0.28, for 128: 0.85

# %% [markdown]
# ## Answer 1
# Larger. Whatever the other hyper-parameters are, the best rate with batches of 128 is at least four times that with
# batches of 4 (in 20 of 20 draws [07a]). The good trainings are a diagonal ridge in the picture below. Whoever changes
# only the batch size falls off it, to one side or the other. An epoch of 200 rows has 50 steps of 4 rows or 2 of 128,
# and the gradient of 4 rows is noisier: its standard deviation falls with the root of the batch size, so few rows need
# short steps. A search has to vary both.

# %% [markdown]
# ## Predict 2
# The rate falls from step to step: x is the number of steps done, here as a share of all of them.
# - [inverse_time_decay] a = α / (1 + r · x)
# - [exponential_decay] a = α · r^x
# - [polynomial_decay] a = (α − β) · (1 − x)^p + β
# - [cosine_decay] a = α · (f + (1 − f) · (1 + cos(π · min(x, 1))) / 2)
#
# Ten trainings each, batches of 8, 400 digits of which one in five has a random label. Compare them with a constant
# rate. Which one is best if all start at 0.05? And if each starts at its own best rate?

# %%
X, y = st.datasets.load_digits()
STARTS = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8)


def schedule(kind, rate, steps):
    return {"constant": rate, "inverse time": st.schedules.InverseTimeDecay(rate, steps, 9.0),
            "exponential": st.schedules.ExponentialDecay(rate, steps, 0.01),
            "straight line": st.schedules.PolynomialDecay(rate, steps, 0.0),
            "cosine": st.schedules.CosineDecay(rate, steps)}[kind]


def accuracies(kind, batch_size, epochs, trainings=10):
    """For each start the mean accuracy on 500 rows to choose the start by, and on 897 other rows: (starts, 2)."""
    found = np.zeros((len(STARTS), 2))
    for at, rate in enumerate(STARTS):
        for seed in range(trainings):
            rng = np.random.default_rng(seed)
            train, choose, test = np.split(rng.permutation(len(X)), [400, 900])
            labels = np.where(rng.random(400) < 0.2, rng.integers(0, 10, 400), y[train])
            model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], seed=seed)
            model.compile(loss="categorical_crossentropy",
                          optimizer=st.SGD(schedule(kind, rate, epochs * 400 // batch_size)))
            model.fit(X[train] / 16.0, labels, batch_size=batch_size, epochs=epochs, verbose=0)
            found[at] += [np.mean(model.predict(X[rows] / 16.0).argmax(axis=1) == y[rows]) for rows in (choose, test)]
    return found / trainings


KINDS = ("constant", "inverse time", "exponential", "straight line", "cosine")
curves = {kind: accuracies(kind, 8, 10) for kind in KINDS}
for kind, curve in curves.items():
    chosen = curve[:, 0].argmax()
    print(f"{kind:13}: from 0.05 accuracy {curve[1, 1]:.2f}; best start {STARTS[chosen]}: {curve[chosen, 1]:.3f}")
# ~> constant     : from 0.05 accuracy 0.88; best start 0.1: 0.882
# ~> inverse time : from 0.05 accuracy 0.69; best start 0.4: 0.901
# ~> exponential  : from 0.05 accuracy 0.64; best start 0.4: 0.902
# ~> straight line: from 0.05 accuracy 0.85; best start 0.4: 0.905
# ~> cosine       : from 0.05 accuracy 0.84; best start 0.4: 0.905

# %% [markdown]
# ## Answer 2
# From 0.05, the constant rate: each of the four others is less accurate (in 20 of 20 draws [07c]), since from an equal
# start a falling rate goes a shorter way. With a start of its own, each of the four is more accurate than the constant
# rate (in 20 of 20 draws [07b]). They begin with longer steps and end with short ones. Whoever compares schedules at
# one common rate measures the rate, not the schedule.

# %%
fig, (left, right) = plt.subplots(1, 2, num="07-ridge", figsize=(10, 4.2), layout="constrained")
left.imshow(table, origin="lower", aspect="auto", vmin=0.1, vmax=0.9)
left.plot(best, range(6), "o", color="C1", ms=9)
left.set(xlabel="learning rate", ylabel="batch size", title="the trainings, and each batch size's best rate")
left.set_xticks(range(11), [f"{rate:g}" for rate in rates], rotation=90)
left.set_yticks(range(6), batches)
left.grid(False)
for kind, curve in curves.items():
    right.plot(STARTS, curve[:, 1], "o-", lw=3 if kind == "constant" else 1.5, label=kind)
right.set(xlabel="learning rate at the start", ylabel="accuracy", ylim=(0.75, 0.93), title="five schedules")
right.set_xscale("log", base=2)
right.set_xticks(STARTS, STARTS)
right.legend(loc="lower left")

# %% [markdown]
# ## Break it
# If the short steps at the end average out the noise of the gradients, then without noise a schedule gains nothing.
# Take all 400 rows as one batch: no noise is left.

# %%
for kind in ("constant", "cosine"):
    curve = accuracies(kind, 400, 300, trainings=5)
    print(f"{kind:8}, batches of 400: best start {STARTS[curve[:, 0].argmax()]}, "
          f"accuracy {curve[curve[:, 0].argmax(), 1]:.3f}")
# ~> constant, batches of 400: best start 0.2, accuracy 0.899
# ~> cosine  , batches of 400: best start 0.4, accuracy 0.900

# %% [markdown]
# The gain of cosine is smaller than with batches of 8 (in 10 of 10 draws [07d]); here hardly anything is left of it. So
# a falling rate is a remedy for noisy gradients, which small batches have (Bottou, Curtis and Nocedal, 2018, section
# 4).
#
# *In your logbook:* look for the best of the trainings again, along the ridge: how many trials did you need now?

# %% [markdown]
# ## Exercise
# Large networks often begin with a *warm-up*: the rate rises in a straight line from 0, so that the first steps, when
# nothing is known, are short. Then it falls along half a cosine wave to 0:
# - [linear_warmup] a = α + (b − α) · x
#
# Return the rate of a step, counted from 0. The first `warmup` steps have 0, alpha / warmup, 2 · alpha / warmup, ...;
# step `warmup` has alpha; step `steps` and all later ones have 0. `warmup` may be 0. Then run
# `python -m lessons check 7`.


# %%
def warmup_cosine(step, alpha, warmup, steps):
    raise NotImplementedError
