# %% [markdown]
# # 49 The same numbers in Keras, PyTorch, scikit-learn and Optuna
# One network and one search, step by step in each of them: which numbers agree, and what differs where they do not.
#
# 30 minutes · needs 05, 08, 09

# %% [markdown]
# ## Question
# Do the frameworks train one network to the same losses, digit by digit? Where they don't, the arithmetic is another
# one, or a *definition*. Those that are not installed are passed over (`pip install -e ".[frameworks]"` has all).

# %%
import importlib.util
import os
import sys

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.search.bayesian.parzen import good_count

os.environ.setdefault("KERAS_BACKEND", "torch")
installed = {name for name in ("keras", "torch", "sklearn", "optuna") if importlib.util.find_spec(name)}
print("compared with:", ", ".join(sorted(installed)) or "nothing", file=sys.stderr)
X, y = st.datasets.load_digits()
X, y = X[:200] / 16.0, y[:200]
RATE, MU, LAM, STEPS = 0.1, 0.9, 0.001, 20
rng = np.random.default_rng(0)
START = [rng.normal(0, 0.2, (64, 16)), np.zeros(16), rng.normal(0, 0.3, (16, 10)), np.zeros(10)]


def ours(optimizer, penalty=None):
    """The loss before each of 20 steps, each on all 200 rows."""
    model = st.Sequential([st.Dense(16, activation="relu"), st.Dense(10, activation="softmax")], dtype="float64")
    model.compile(optimizer, "categorical_crossentropy", penalty=penalty)
    return losses_of(model)


def losses_of(model):
    model.build((None, 64))
    model.set_weights(START)
    return np.array(model.fit(X, y, batch_size=200, epochs=STEPS, shuffle=False, verbose=0).history["loss"])


sgd, adam = ours(st.SGD(RATE, momentum=MU), st.L2(LAM)), ours(st.Adam(0.01))
print(f"ours: momentum with L2 {sgd[0]:.4f} to {sgd[-1]:.4f}, Adam {adam[0]:.4f} to {adam[-1]:.4f}")
# -> ours: momentum with L2 2.3897 to 0.7507, Adam 2.3362 to 0.9367

# %% [markdown]
# ## Predict 1
# PyTorch gets the same start, the same rows and the same momentum. Its penalty is the argument `weight_decay`. Which
# value gives the losses above: λ = 0.001, half of it, or twice? The penalty and the momentum here are:
# - [l2_penalty] R = λ · Σᵢ[θᵢ²]
# - [momentum] v'ᵢ = μ · vᵢ − α · gᵢ ; θ'ᵢ = θᵢ + v'ᵢ

# %%
def pytorch(weight_decay=0.0, **adam):
    """The losses in PyTorch, with the penalty added, which PyTorch leaves out of its loss."""
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10)).double()
    parameters, losses = list(model.parameters()), []
    for parameter, value in zip(parameters, START, strict=True):
        parameter.data = torch.tensor(value.T.copy())
    optimizer = (torch.optim.Adam(parameters, **adam) if adam else
                 torch.optim.SGD(parameters, RATE, MU, weight_decay=weight_decay))
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(torch.tensor(X)), torch.tensor(y))
        loss.backward()
        penalty = 0.0 if adam else LAM * sum(float((each.detach() ** 2).sum()) for each in parameters)
        losses.append(loss.item() + penalty)
        optimizer.step()
    return np.array(losses)


gaps = {}
if "torch" in installed:
    gaps = {f"PyTorch, weight_decay {k:g} λ": abs(pytorch(k * LAM) - sgd) for k in (0.5, 1, 2)}
agree = [name for name, gap in gaps.items() if gap.max() < 1e-10] or ["PyTorch, weight_decay 2 λ"]
print("with the losses above:", *agree)
# -> with the losses above: PyTorch, weight_decay 2 λ

# %% [markdown]
# ## Answer 1
# Twice. PyTorch adds `weight_decay · θ` to the gradient, and the gradient of λ · θ² is 2 · λ · θ. With 2 λ the losses
# of all 20 steps agree to ten digits; PyTorch's own loss leaves the penalty out, so the cell adds it. scikit-learn's
# `alpha` has another factor: it is divided by 2 and by the number of rows, and leaves the biases out.

# %% [markdown]
# ## Predict 2
# Keras computes in float32 by default, with seven digits. Of these three, one differs from ours far more than float32
# explains: SGD with momentum; Adam; Adam with an epsilon of 1e-9 in both. Which? The formula of Adam here:
# - [adam] m'ᵢ = β₁ · mᵢ + (1 − β₁) · gᵢ ; v'ᵢ = β₂ · vᵢ + (1 − β₂) · gᵢ² ;
#   θ'ᵢ = θᵢ − α · (m'ᵢ / (1 − β₁^t)) / (√(v'ᵢ / (1 − β₂^t)) + ε)

# %%
def in_keras(name, *arguments, **options):
    """The losses with an optimizer of Keras."""
    import keras

    model = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(10, activation="softmax")])
    model.compile(getattr(keras.optimizers, name)(*arguments, **options), "sparse_categorical_crossentropy")
    return losses_of(model)


if "keras" in installed:
    gaps |= {"Keras, momentum": abs(in_keras("SGD", RATE, MU) - ours(st.SGD(RATE, momentum=MU))),
             "Keras, Adam": abs(in_keras("Adam", 0.01) - adam),
             "Keras, Adam, ε = 1e-9": abs(in_keras("Adam", 0.01, epsilon=1e-9) - ours(st.Adam(0.01, epsilon=1e-9)))}
if "torch" in installed:
    gaps["PyTorch, Adam"] = abs(pytorch(lr=0.01) - adam)
SAID = {"Keras, momentum": (0, 1e-6), "Keras, Adam": (1e-4, 1e-2), "Keras, Adam, ε = 1e-9": (0, 3e-5),
        "PyTorch, Adam": (0, 1e-10)}  # between which powers of ten the largest difference is
not_so = [name for name, (low, high) in SAID.items() if name in gaps and not low <= gaps[name].max() < high]
print("not as said:", *(not_so or ["nothing"]))
# -> not as said: nothing

fig, ax = plt.subplots(num="49-differences", figsize=(8, 4.6), layout="constrained")
for k, (name, gap) in enumerate(gaps.items()):
    ax.semilogy(range(1, STEPS + 1), np.maximum(gap, 1e-17), "o-", ms=4, color=f"C{k}", label=name)
ax.set(xlabel="step", ylabel="difference of the losses", ylim=(1e-18, 10), xticks=range(0, 21, 5),
       title="Rounding stays small; another definition does not")
fig.legend(loc="outside right center")

# %% [markdown]
# ## Answer 2
# Adam with its defaults: its losses differ by more than 1e-4, those of momentum by less than 1e-6. Keras adds ε = 1e-7
# to the root of the *uncorrected* v, which in the first step counts like 1e-7 / √(1 − 0.999) here. That matters for
# gradients near zero; with 1e-9 in both it matters less. So look at the second step in the picture: rounding is as
# small as before, and another definition is hundreds of times larger.

# %% [markdown]
# ## Predict 3
# Now the search. scikit-learn's `GridSearchCV` and ours search the same estimator on the same folds. Are the nine mean
# scores equal? Optuna's TPE and ours draw other random numbers, so their trials are others. But both begin by dividing
# the trials into good and bad ones. How many of 41 are good?
# - [tpe_good_count] k = min(−floor(−(γ · n)), most)

# %%
grid = {"learning_rate": [0.001, 0.01, 0.1], "batch_size": [16, 32, 64]}
estimator = st.MLPClassifier(hidden_layers=1, units=16, epochs=5, random_state=0)
search = st.GridSearchCV(estimator, grid, cv=3).fit(X, y)
print(f"best: {search.best_params_}, good ones of 41 trials: {good_count(41, 0.1, 25)}")
different = []
if "sklearn" in installed:
    from sklearn.model_selection import GridSearchCV

    found = [each.cv_results_ for each in (search, GridSearchCV(estimator, grid, cv=3).fit(X, y))]
    scores = [{str(sorted(params.items())): score for params, score in zip(
        each["params"], each["mean_test_score"], strict=True)}
              for each in found]
    different += [params for params, score in scores[0].items() if scores[1][params] != score]
if "optuna" in installed:
    from optuna.samplers._tpe.sampler import default_gamma

    different += [n for n in range(1, 400) if default_gamma(n) != good_count(n, 0.1, 25)]
print("different:", different or "nothing")
# -> best: {'batch_size': 16, 'learning_rate': 0.01}, good ones of 41 trials: 5
# -> different: nothing

# %% [markdown]
# ## Answer 3
# All nine mean scores are equal to the last digit. Of 41 trials 5 are good, a tenth rounded up, with γ = 0.1 and at
# most 25, as in Optuna, for 1 to 399 trials. What the two TPEs make of them (lesson 21) differs in bandwidths and
# priors. `python -m benchmarks parity` compares 130 trainings with Keras and PyTorch in this way.
#
# *In your logbook:* one number of your own framework, computed here as well, and the digits that agree.

# %% [markdown]
# ## Exercise
# You have a penalty λ · Σ θ² here, for a mean loss over n rows. Write it for the others: a dictionary with the keys
# "keras" (the argument of `regularizers.L2`, which is this formula for the weights it is given), "torch" (the
# `weight_decay` of SGD, which adds `weight_decay · θ` to the gradient) and "sklearn" (the `alpha` of `MLPClassifier`,
# whose penalty is alpha · Σ θ² / (2 · n)).
#
# Then run `python -m lessons check 49`.


# %%
def translated(lam, n):
    raise NotImplementedError
