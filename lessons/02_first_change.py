# %% [markdown]
# # 02 Change a formula, be caught
# A mistake in a formula that no accuracy shows, and the check that finds it: first in a copy, then in your own clone.
#
# 20 minutes · needs 00

# %% [markdown]
# ## Question
# A search sees nothing of a training but its score. Suppose that one formula inside has a small mistake. Does the
# network still learn? Does the score show it? And if not, what does?
#
# In this package a formula is written in the docstring of the function that computes it, under an ID in square
# brackets. `formulas.find` looks it up. Here is one, a [penalty](README.md#evaluation-and-overfitting) that makes large
# parameters cost something. Read it as: R is lambda times the sum, over all i, of theta_i squared. Theta are the
# numbers that training changes; lambda is a [hyper-parameter](README.md#tuning), which you choose.
# - [l2_penalty] R = λ · Σᵢ[θᵢ²]

# %% [markdown]
# ## Predict 1
# Somebody writes the absolute value |θᵢ| where the line has the square. (That happens to be another penalty,
# [l1_penalty], so we can train with it.) A network reads digits, 400 for training, with λ from 0.00001 to 0.03. From
# which λ on does the accuracy on unseen digits show the mistake?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune import formulas
from scratchtune.core.formulas.mutants import mutants
from scratchtune.core.network.penalties import l2_penalty

X, y = st.datasets.load_digits()
X, unseen, y, their_labels = st.train_test_split(X / 16.0, y, train_size=400, stratify=y, random_state=0)


def accuracy(penalty):
    """On unseen digits, the mean of three random starts."""
    found = []
    for seed in range(3):
        layers = [st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")]
        model = st.Sequential(layers, dtype="float64", seed=seed)
        model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"], penalty=penalty)
        model.fit(X, y, batch_size=16, epochs=20, verbose=0)
        found.append(model.evaluate(unseen, their_labels)["accuracy"])
    return np.mean(found)


lambdas = (0.00001, 0.0001, 0.001, 0.01, 0.03)
right, wrong = ([accuracy(penalty(lam)) for lam in lambdas] for penalty in (st.L2, st.L1))
for lam, with_squares, with_absolutes in zip(lambdas, right, wrong, strict=True):
    print(f"lambda {lam:.5f}: squares {with_squares:.3f}, absolute values {with_absolutes:.3f}")

fig, ax = plt.subplots(num="02-hidden", layout="constrained")
ax.semilogx(lambdas, right, "o-", label="squares, as the line says")
ax.semilogx(lambdas, wrong, "s--", label="absolute values, the mistake")
ax.set(xlabel="λ", ylabel="accuracy on unseen digits", ylim=(0, 1), title="The mistake is there at every λ")
ax.legend(loc="lower left")
# ~> lambda 0.00001: squares 0.911, absolute values 0.911
# ~> lambda 0.00010: squares 0.910, absolute values 0.913
# ~> lambda 0.00100: squares 0.911, absolute values 0.910
# ~> lambda 0.01000: squares 0.908, absolute values 0.852
# ~> lambda 0.03000: squares 0.880, absolute values 0.116

# %% [markdown]
# ## Answer 1
# From 0.01 on. Up to 0.001 the two accuracies differ by less than one point (in 20 of 20 draws [02a]): no crash, no
# warning, no worse score. At 0.03 the same mistake ends all learning: with absolute values the network reads less than
# half as many digits (in 20 of 20 draws [02b]). A score is a test of a formula only at the λ that one happens to use,
# and a search over λ finds the best λ of another penalty than the one that its report names.

# %% [markdown]
# ## Predict 2
# `formulas.check` does something else. It reads the line of mathematics, computes it without looking at the code, calls
# the code on random inputs, and compares. Then it checks itself: it makes small mistakes in copies of the code, one at
# a time, and requires that each is noticed. Such a copy is a *mutant*. How many small mistakes can one make in the
# four lines of this function, and how many are noticed?

# %%
print(f"theta = (1, -2), lambda 0.1: {l2_penalty(np.array([1.0, -2.0]), 0.1)}")
formula = formulas.find("l2_penalty")
for mutant in mutants(formula.function):
    print(mutant.description.split(" in ")[0])
report = formulas.check(formula)
print(f"{report.cases} cases, {len(report.problems)} problems")
print(f"{report.caught} mutants caught, {len(report.survived)} missed")
# -> theta = (1, -2), lambda 0.1: 0.5
# -> constant: 0.0 -> 1.0
# -> sign: total += theta[i] * theta[i] -> total -= theta[i] * theta[i]
# -> swapped: theta[i] * theta[i] -> theta[i] / theta[i]
# -> dropped: theta[i] * theta[i] -> theta[i]
# -> dropped: theta[i] * theta[i] -> theta[i]
# -> square and absolute: theta[i] * theta[i] -> abs(theta[i])
# -> sign: return lam * total -> return -(lam * total)
# -> swapped: lam * total -> lam / total
# -> dropped: lam * total -> lam
# -> dropped: lam * total -> total
# -> 15 cases, 0 problems
# -> 10 mutants caught, 0 missed

# %% [markdown]
# ## Answer 2
# Ten, and all of them are noticed. The sixth is the mistake of Predict 1. A check that misses a mutant is too weak, as
# a test would be that passes whatever the code does; so the mutants test the test.

# %%
def wrong_penalty(theta, lam):
    """L2 penalty, with a mistake in the code.

    Formula [wrong_penalty]
        R = λ · Σᵢ[θᵢ²]
    Where
        θ: theta, (i,), real
        λ: lam, scalar, >= 0
    Source
        Lesson 02.
    """
    return lam * abs(theta).sum()


print(formulas.check(formulas.read(wrong_penalty)).problems[0].split(";")[0])
# -> the plain code is 7.6e-01 away from the line

# %% [markdown]
# On its first input code and line differ by 76 %. Rounding alone would be about 0.0000000000000001.
#
# ## Break it
# Now break the package itself. It is your clone, so nothing bad can happen.
#
# 1. `scratchtune formulas l2_penalty` shows the formula, its code, and the file and line where it is.
# 2. In that file change the line `total += theta[i] * theta[i]` to `total += abs(theta[i])`, and save.
# 3. `scratchtune formulas --check` checks all formulas, in about a minute, and names the one that is wrong, and another
#    one that calls it. The lesson's accuracies stay the same: training follows [l2_penalty_grad].
# 4. `git checkout scratchtune` restores the code. You have changed a formula, and a test caught you.

# %% [markdown]
# ## Exercise
# The other way round: the line is there, and the code is missing. It is a penalty that hardly grows any more once a
# parameter is large. Write it; `python -m lessons check 2` compares it with its line, as it does for the package.


# %%
def saturating_penalty(theta, lam):
    """A penalty that saturates: no parameter costs more than lambda.

    Formula [saturating_penalty]
        R = λ · Σᵢ[θᵢ² / (1 + θᵢ²)]
    Where
        θ: theta, (i,), real
        λ: lam, scalar, >= 0
    Source
        Weigend, Rumelhart, Huberman (1991), "Generalization by weight-elimination".
    """
    raise NotImplementedError
