# %% [markdown]
# # 47 Regularisation on a small table
# Six remedies against overfitting, each at its best strength: which one is best depends on the kind of table.
#
# 25 minutes · needs 08

# %% [markdown]
# ## Question
# A table has 200 rows, and a network with 64 hidden units fits all of them:
# [overfitting](README.md#evaluation-and-overfitting). L2 (lesson 08) is one remedy. What do five others do, and which
# of them helps?
#
# *Dropout* sets an input of a layer to 0 with probability r, *noise* adds normal numbers, both in training only. *Label
# smoothing* takes the share ε from the true class and gives it to all classes equally.
# - [dropout] y = x / (1 − r) if u >= r else 0
# - [gaussian_noise] y = x + σ · z
# - [smoothed_labels] sₙₖ = (1 − ε) · tₙₖ + ε / #k
#
# *Averaging* predicts with a running mean of the weights. *Members* are several networks that share their weights w;
# each has factors r and s and a bias b of its own, and the prediction is the mean of theirs.
# - [weight_average] a'ᵢ = β · aᵢ + (1 − β) · θᵢ
# - [batch_ensemble] zₙₘᵢ = xₙₘᵢ · rₘᵢ ; pₙₘⱼ = Σᵢ[zₙₘᵢ · wᵢⱼ] ; yₙₘⱼ = pₙₘⱼ · sₘⱼ + bₘⱼ
# - [member_mean] yₙₖ = meanₘ[pₙₘₖ]

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.metrics import log_loss
from scratchtune.core.network.layers.dropout import dropout, gaussian_noise
from scratchtune.core.network.losses import smoothed_labels
from scratchtune.core.network.optimizers import weight_average
from scratchtune.tables.layers.batch_ensemble import batch_ensemble, member_mean

print(f"dropout 0.4 of the input 3: {dropout(3.0, 0.1, 0.4):.0f} or {dropout(3.0, 0.9, 0.4):.0f}; noise 0.5 makes it "
      f"{gaussian_noise(3.0, -1.2, 0.5):.1f}, say; smoothing 0.1 of (0, 1): {smoothed_labels(np.eye(2), 0.1)[1]}")
average = np.array([0.0])
weight_average(average, np.array([1.0]), 0.98)
x, w, z, p, y, mean = np.ones((1, 2, 1)), np.full((1, 1), 2.0), *np.zeros((3, 1, 2, 1)), np.zeros((1, 1))
batch_ensemble(x, np.array([[1.0], [-1.0]]), w, np.array([[1.0], [3.0]]), np.array([[0.0], [7.0]]), z, p, y)
member_mean(y, mean)
print(f"averaging 0.98: a step from 0 to 1 counts {average[0]:.2f}; one weight of 2, two members: {y.ravel()}, mean "
      f"{mean[0, 0]:.1f}")
# -> dropout 0.4 of the input 3: 0 or 5; noise 0.5 makes it 2.4, say; smoothing 0.1 of (0, 1): [0.05 0.95]
# -> averaging 0.98: a step from 0 to 1 counts 0.02; one weight of 2, two members: [2. 1.], mean 1.5

# %% [markdown]
# ## Predict 1
# In the first kind of table, two classes depend on *interactions*: a product of columns, a threshold, an absolute
# value. Each remedy has three strengths; the one with the lowest log loss on 400 validation rows is kept, and measured
# on 1,500 others. Eight such tables. Which remedies lower the [log loss](README.md#evaluation-and-overfitting)? Which
# raise the accuracy?

# %%
REMEDIES = {"L2": ("l2", (1e-3, 3e-3, 1e-2)), "dropout": ("dropout", (0.2, 0.4, 0.6)),
            "smoothing": ("label_smoothing", (0.05, 0.1, 0.2)), "noise": ("augment", (0.2, 0.5, 1.0)),
            "averaging": ("averaging", (0.9, 0.98, 0.995)), "members": ("members", (2, 4, 8))}
ARGUMENTS = {"units": 64, "epochs": 40, "weight_decay": 0.0, "verbose": 0}


def interactions(X):
    return 1.2 * X[:, 0] + X[:, 1] * X[:, 2] + 1.2 * (X[:, 3] > 0) * X[:, 4] - 0.8 * abs(X[:, 5]) + 0.6


def linear(X):
    return X[:, :6] @ [1.2, -1.0, 0.8, 0.6, -0.5, 0.4]


def scores(model, X, labels):
    """Log loss and accuracy."""
    probabilities = model.predict_proba(X)
    return log_loss(labels, probabilities), np.mean(probabilities.argmax(axis=1) == labels)


def gains(effect, seed):
    """For each remedy: by how much the log loss is lower, and the accuracy higher, than without one."""
    rng, parts = np.random.default_rng(seed), []
    for rows in (200, 400, 1500):
        X = rng.normal(size=(rows, 12))  # six columns matter
        parts.append((X, (rng.random(rows) < 1.0 / (1.0 + np.exp(-1.6 * effect(X)))).astype(int)))
    train, choose, test = parts
    plain, found = scores(st.NetworkClassifier(**ARGUMENTS, random_state=seed).fit(*train), *test), []
    for name, strengths in REMEDIES.values():
        models = [st.NetworkClassifier(**ARGUMENTS, **{name: strength}, random_state=seed).fit(*train)
                  for strength in strengths]
        loss, accuracy = scores(min(models, key=lambda model: scores(model, *choose)[0]), *test)
        found.append((plain[0] - loss, accuracy - plain[1]))
    return found


def measured(effect):
    """The mean gains over eight tables and their standard errors, (remedies, 2) each."""
    every = np.array([gains(effect, seed) for seed in range(8)])
    return every.mean(axis=0), every.std(axis=0, ddof=1) / np.sqrt(8)


results = {effect.__name__: measured(effect) for effect in (interactions, linear)}
for name, gain in zip(REMEDIES, results["interactions"][0], strict=True):
    print(f"{name:9}: log loss lower by {gain[0]:.2f}, accuracy higher by {gain[1]:.2f}")
# ~> L2       : log loss lower by 0.08, accuracy higher by 0.00
# ~> dropout  : log loss lower by 0.06, accuracy higher by -0.00
# ~> smoothing: log loss lower by 0.08, accuracy higher by -0.00
# ~> noise    : log loss lower by 0.08, accuracy higher by -0.00
# ~> averaging: log loss lower by 0.07, accuracy higher by -0.01
# ~> members  : log loss lower by 0.09, accuracy higher by 0.01

# %% [markdown]
# ## Answer 1
# All six lower the log loss (mean of three tables, in 10 of 10 draws [47a]). It charges a confident error most, and a
# network that fits every row is confident; each remedy keeps it from that. To be less confident is not to answer
# something else, so that alone gains no accuracy. The members gain more accuracy than each of the other five (in 10 of
# 10 draws [47b]).

# %% [markdown]
# ## Predict 2
# The second kind of table is *linear*: a weighted sum of six columns decides. Are the members best again?

# %%
for name, gain in zip(REMEDIES, results["linear"][0], strict=True):
    print(f"{name:9}: log loss lower by {gain[0]:.2f}, accuracy higher by {gain[1]:.2f}")
fig, axes = plt.subplots(1, 2, num="47-gains", figsize=(9, 4), sharey=True, layout="constrained")
for ax, at, label in zip(axes, (0, 1), ("log loss lower by", "accuracy higher by"), strict=True):
    for shift, (kind, (mean, error)) in zip((-0.12, 0.12), results.items(), strict=True):
        ax.errorbar(mean[:, at], np.arange(6) + shift, xerr=2.0 * error[:, at], fmt="o", capsize=3, label=kind)
    ax.axvline(0.0, color="0.5", lw=1)
    ax.set(xlabel=f"{label} (± 2 standard errors)", yticks=range(6), yticklabels=list(REMEDIES))
axes[0].invert_yaxis()
axes[0].legend()
# ~> L2       : log loss lower by 0.10, accuracy higher by 0.01
# ~> dropout  : log loss lower by 0.09, accuracy higher by 0.02
# ~> smoothing: log loss lower by 0.06, accuracy higher by -0.01
# ~> noise    : log loss lower by 0.07, accuracy higher by -0.01
# ~> averaging: log loss lower by 0.08, accuracy higher by 0.00
# ~> members  : log loss lower by 0.07, accuracy higher by 0.01

# %% [markdown]
# ## Answer 2
# No. On linear tables L2 lowers the log loss more than the members (in 10 of 10 draws [47c]), and here L2 and dropout
# raise the accuracy, too (in 10 of 10 draws [47d]). Which remedy is best is a property of the table: so a search should
# try several of them, each with its strength.
#
# *In your logbook:* which kind of table is your own? Which two remedies would you try first?

# %% [markdown]
# ## Exercise
# Compute such a table of gains. `choose` and `test` have the log losses of each table, remedy and strength, an array
# (tables, remedies, strengths); `plain` has those on test rows without a remedy, (tables,). For each table and remedy
# keep the strength that `choose` says. Return the mean gain of each remedy on test rows, above 0 where the loss is
# lower, and its standard error, two arrays (remedies,). Then run `python -m lessons check 47`.


# %%
def gains_of(choose, test, plain):
    raise NotImplementedError
