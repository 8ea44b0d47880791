# %% [markdown]
# # 01 From clone to "I changed the formula and a test caught me"
# Train a network, find a formula beside its code, make a mistake in it, and see which check detects it.
#
# Ten minutes. You need Python and a terminal, in the folder that you cloned:
#
#     python3 -m venv .venv && . .venv/bin/activate
#     pip install -e ".[test]"
#     python -m lessons 1
#
# The very first run compiles the code for your processor, which takes some seconds. Later runs start at once.
#
# What has this to do with tuning? Training fits the *parameters* of a network to the data. Other numbers have to be
# chosen before the training starts, such as lambda below; they are called *hyper-parameters*. To *tune* is to search
# for good values of them. All that a search sees is a score at the end of a training, so a mistake inside the training
# can mislead it unnoticed. That is why the course begins here; the search itself begins in lesson 06.
#
# All lessons have the same parts: Question, Formulas, Predict, Code, Check, Break it, Exercise. Read this file from
# top to bottom while you run it. Lines that begin with `# ->`, at the end of a cell, show what the cell prints.
#
# Covers sections 4.1 and 4.2 of the document.

# %% [markdown]
# ## Question
# This package says that its code *is* the formulas. Suppose that one of them has a small mistake. Would the network
# still learn? And would the mistake be noticed?

# %% [markdown]
# ## Formulas
# A formula is written in the docstring of the function that computes it, under an ID in square brackets.
# `formulas.find` looks it up. We use one of them here, [l2_penalty]. It makes large weights cost something; lesson 03
# measures when that helps.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune import formulas
from scratchtune.network.penalties import l2_penalty

formula = formulas.find("l2_penalty")
print(formula.line)
# -> R = λ · Σᵢ[θᵢ²]

# %% [markdown]
# Read it as: R is lambda times the sum, over all i, of theta_i squared. The Greek theta stands for all numbers that
# the network fits to the data, its *parameters*. Lambda is a hyper-parameter: you choose it.

# %% [markdown]
# ## Predict
# Write down your guesses before you continue. That is the quickest way to find out what you do not know yet.
#
# 1. What is [l2_penalty] of theta = (1, -2) with lambda = 0.1?
# 2. A network learns to read handwritten digits. Out of 100 digits that it has never seen, how many will it get
#    right?
# 3. Somebody writes |theta_i| where the formula has theta_i squared. Will the network get clearly worse?

# %% [markdown]
# ## Code
# First the formula, as the package computes it.

# %%
print(f"l2_penalty = {l2_penalty(np.array([1.0, -2.0]), 0.1)}")
# -> l2_penalty = 0.5

# %% [markdown]
# Now a network. The data are 1,797 images of handwritten digits, 8 by 8 pixels each, with values from 0 to 16. We
# keep a quarter of them aside, so that we can ask about digits that the network has not seen.

# %%
X, y = st.datasets.load_digits()
X_train, X_test, y_train, y_test = st.train_test_split(X / 16.0, y, test_size=0.25, stratify=y, random_state=0)


def trained_with(penalty, seed=0):
    """A small network, trained with a penalty; the seed decides its random start."""
    layers = [st.Dense(64, activation="relu"), st.Dense(10, activation="softmax")]
    model = st.Sequential(layers, dtype="float64", seed=seed)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"], penalty=penalty)
    model.fit(X_train, y_train, batch_size=32, epochs=30, verbose=0)
    return model


model = trained_with(st.L2(1e-4))
squared = model.evaluate(X_test, y_test)["accuracy"]
print(f"accuracy with the L2 penalty: {squared:.3f}")
# -> accuracy with the L2 penalty: 0.978

# %% [markdown]
# (`dtype="float64"` means numbers of about 16 digits. The default, float32, has about 7 and is faster. The lessons use
# float64, so that your computer prints what ours printed; now and then a last digit differs.)
#
# `model.predict` gives ten probabilities for each image, one for each digit. The largest is the network's answer.
# Here are some of its right answers, and some of its mistakes. (`python -m lessons 1 --save pictures` saves the
# picture.)

# %%
answers = model.predict(X_test).argmax(axis=1)
right, mistaken = np.flatnonzero(answers == y_test), np.flatnonzero(answers != y_test)
fig, axes = plt.subplots(2, 8, num="01-digits", figsize=(9, 3.1), layout="constrained")
for ax in axes.flat:
    ax.axis("off")
for row, rows, color in ((axes[0], right, "tab:blue"), (axes[1], mistaken, "tab:red")):
    for ax, i in zip(row, rows[:8], strict=False):
        ax.imshow(X_test[i].reshape(8, 8), cmap="gray_r")
        was = "" if answers[i] == y_test[i] else f" (is {y_test[i]})"
        ax.set_title(f"{answers[i]}{was}", color=color, loc="center")
fig.suptitle("What the network says: right above, mistaken below")

# %% [markdown]
# ## Check
# A lesson checks its own claims. `assert` stops the script if what follows is not true.
#
# The last line is the important one. `formulas.check` reads the line of mathematics, computes it without looking at the
# code, calls the code on many inputs, and compares. Then it makes small mistakes in a copy of the code, one at a time,
# and requires that each of them is caught. Such a changed copy is called a *mutant*.

# %%
assert l2_penalty(np.array([1.0, -2.0]), 0.1) == 0.5
assert squared > 0.95
report = formulas.check(formula)
print(f"{report.cases} cases, {len(report.problems)} problems")
print(f"{report.caught} mutants caught, {len(report.survived)} missed")
assert report.ok, report.problems + report.survived
# -> 15 cases, 0 problems
# -> 10 mutants caught, 0 missed

# %% [markdown]
# ## Break it
# Here is the mistake of question 3: the same formula line, but the code takes the absolute value where it should
# square. (That happens to be another penalty, L1, so we can train with it.)


# %%
def wrong_penalty(theta, lam):
    """L2 penalty, with a mistake in the code.

    Formula [wrong_penalty]
        R = λ · Σᵢ[θᵢ²]
    Where
        θ: theta, (i,), real
        λ: lam, scalar, >= 0
    Source
        The document, section 4.2.
    """
    return lam * abs(theta).sum()


def mean_accuracy(penalty):
    """The mean over five random starts, as one training is only one draw."""
    return np.mean([trained_with(penalty, seed).evaluate(X_test, y_test)["accuracy"] for seed in range(5)])


squares, absolutes = mean_accuracy(st.L2(1e-4)), mean_accuracy(st.L1(1e-4))
print(f"mean accuracy with squares {squares:.3f}, with absolute values {absolutes:.3f}")
caught = formulas.check(formulas.read(wrong_penalty))
print(f"the check finds a problem: {not caught.ok}")
print(caught.problems[0].split(";")[0])
# -> mean accuracy with squares 0.973, with absolute values 0.972
# -> the check finds a problem: True
# -> the plain code is 7.6e-01 away from the line

# %% [markdown]
# So the answer to question 3 is no. The network learned all the same: no crash, no warning, and an accuracy that looks
# right. The check finds the mistake on its first input, where code and line differ by 76% (7.6e-01 is 0.76). Rounding
# alone would be about 0.0000000000000001.

# %%
assert abs(squares - absolutes) < 0.015
assert not caught.ok

# %% [markdown]
# ### Now for real
# Break the package itself. It is your clone, so nothing bad can happen.
#
# 1. `scratchtune formulas l2_penalty` shows the formula, its code, and the file and line where it is.
# 2. Open that file in an editor. Change the line `total += theta[i] * theta[i]` to `total += abs(theta[i])`. Save.
# 3. `python -m lessons 1` runs this lesson again. It compiles again what you changed (some seconds), prints another
#    value for l2_penalty, and stops at an `assert`. The accuracy is exactly the same: training follows
#    [l2_penalty_grad], which you have not touched. Only the loss that is reported has changed.
# 4. `scratchtune formulas --check` checks all formulas and names the one that is wrong, with its file and line, and
#    [l1_l2_penalty], which calls it. It tests every formula and its mutants, so it takes about a minute.
# 5. `git checkout scratchtune` restores the original code.
#
# You have changed a formula, and a test caught you.

# %% [markdown]
# ## Exercise
# Now the other way round: the line is there, and the code is missing. Replace the `raise` by code that computes the
# line. (`#i` is the number of values of i, so this is the mean of the squares.) Then check whether it is solved:
#
#     python -m lessons check 1


# %%
def mean_square(theta):
    """Mean of the squares of the parameters.

    Formula [mean_square]
        R = Σᵢ[θᵢ²] / #i
    Where
        θ: theta, (i,), real
    Source
        Lesson 01.
    """
    raise NotImplementedError


# %%
MISTAKES = {  # the answer of a usual mistake for theta = (3, -4), where the mean of the squares is 12.5
    25.0: "This is the sum of the squares. It is not divided by #i, the number of parameters",
    0.25: "This is the square of the mean. Square each parameter first, and then take the mean",
    3.5: "This is the mean of the absolute values. The line squares theta_i",
    3.535534: "This is the square root of the mean. The line has no root",
    6.25: "This divides by the number of parameters twice",
}


def check(solution=None):
    """First one case by hand, then compare the code with its line, as for every formula of the package."""
    solution = solution or mean_square
    theta = np.array([3.0, -4.0])
    found = solution(theta)
    assert np.array_equal(theta, [3.0, -4.0]), "The function changes its argument theta; square into a new array"
    named = [text for value, text in MISTAKES.items() if np.isclose(found, value)]
    assert not named, f"{named[0]}: for theta = (3, -4) it gives {found}; it should be 12.5."
    assert np.isclose(found, 12.5), f"For theta = (3, -4) it gives {found}; it should be 12.5, which is (9 + 16) / 2."
    report = formulas.check(formulas.read(solution))
    assert not report.problems, f"Code and formula differ: {report.problems[0]}"
