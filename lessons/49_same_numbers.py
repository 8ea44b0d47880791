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

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.search.bayesian.parzen import good_count

os.environ.setdefault("KERAS_BACKEND", "torch")
installed = {name for name in ("keras", "torch", "sklearn", "optuna") if importlib.util.find_spec(name)}
X, y = st.datasets.load_digits()
X, y = X[:200] / 16.0, y[:200]
RATE, MU, LAM, STEPS = 0.1, 0.9, 0.001, 20
rng = np.random.default_rng(0)
START = [rng.normal(0, 0.2, (64, 16)), np.zeros(16), rng.normal(0, 0.3, (16, 10)), np.zeros(10)]


def ours(optimizer, penalty=None):
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
# value gives the losses above: λ = 0.001, half of it, or twice? The penalty here is:
# - [l2_penalty] R = λ · Σᵢ[θᵢ²]

# %%
def pytorch(weight_decay=0.0, is_adam=False):
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(64, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10)).double()
    parameters, losses = list(model.parameters()), []
    for parameter, value in zip(parameters, START, strict=True):
        parameter.data = torch.tensor(value.T.copy())
    optimizer = torch.optim.Adam(parameters, lr=0.01) if is_adam else torch.optim.SGD(
        parameters, RATE, MU, weight_decay=weight_decay)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(torch.tensor(X)), torch.tensor(y))
        loss.backward()
        losses.append(loss.item() + (not is_adam) * LAM * sum(float((each.detach() ** 2).sum()) for each in parameters))
        optimizer.step()
    return np.array(losses)


factors = (0.5, 1, 2) if "torch" in installed else ()
gaps = {f"PyTorch, weight_decay {k:g} λ": abs(pytorch(k * LAM) - sgd) for k in factors}
agree = [name for name, gap in gaps.items() if gap.max() < 1e-10] or ["PyTorch, weight_decay 2 λ"]
print("with the losses above:", *agree)
# -> with the losses above: PyTorch, weight_decay 2 λ

# %% [markdown]
# ## Answer 1
# Twice. PyTorch adds `weight_decay · θ` to the gradient, and the gradient of λ · θ² is 2 · λ · θ. With 2 λ the losses
# of all 20 steps agree to ten digits. (PyTorch's own loss leaves the penalty out, so the cell adds it.)

# %% [markdown]
# ## Predict 2
# Keras computes in float32, with seven digits. One of these three differs from ours far more than that explains: SGD
# with momentum; Adam; Adam with an epsilon of 1e-9 in both. Which? The formula of Adam here:
# - [adam] m'ᵢ = β₁ · mᵢ + (1 − β₁) · gᵢ ; v'ᵢ = β₂ · vᵢ + (1 − β₂) · gᵢ² ;
#   θ'ᵢ = θᵢ − α · (m'ᵢ / (1 − β₁^t)) / (√(v'ᵢ / (1 − β₂^t)) + ε)

# %%
def in_keras(name, *arguments, **options):
    import keras

    model = keras.Sequential([keras.layers.Dense(16, activation="relu"), keras.layers.Dense(10, activation="softmax")])
    model.compile(getattr(keras.optimizers, name)(*arguments, **options), "sparse_categorical_crossentropy")
    return losses_of(model)


if "keras" in installed:
    gaps |= {"Keras, momentum": abs(in_keras("SGD", RATE, MU) - ours(st.SGD(RATE, momentum=MU))),
             "Keras, Adam": abs(in_keras("Adam", 0.01) - adam),
             "Keras, Adam, ε = 1e-9": abs(in_keras("Adam", 0.01, epsilon=1e-9) - ours(st.Adam(0.01, epsilon=1e-9)))}
gaps |= {"PyTorch, Adam": abs(pytorch(is_adam=True) - adam)} if "torch" in installed else {}
MOST = {"Keras, momentum": 1e-6, "Keras, Adam": 1e-3, "Keras, Adam, ε = 1e-9": 3e-5, "PyTorch, Adam": 1e-10}
print("differ by more than expected:", *([name for name in gaps if gaps[name].max() > MOST.get(name, 1)] or ["none"]))
# -> differ by more than expected: none

fig, ax = plt.subplots(num="49-differences", figsize=(8, 4.6), layout="constrained")
for name, gap in gaps.items():
    ax.semilogy(range(1, STEPS + 1), np.maximum(gap, 1e-17), "o-", ms=4, label=name)
ax.set(xlabel="step", ylabel="difference of the losses", title="Rounding stays small; another definition does not")
fig.legend(loc="outside right center")

# %% [markdown]
# ## Answer 2
# Adam with its defaults: it differs by more than momentum from the second step on. Keras adds ε = 1e-7 to the root of
# the *uncorrected* v, which counts like 1e-7 / √(1 − 0.999) in the first step here. That matters for gradients near
# zero, and less with 1e-9 in both. In the picture rounding stays small, and another definition does not.

# %% [markdown]
# ## Predict 3
# scikit-learn's `GridSearchCV` and ours search the same estimator on the same folds. Are the nine mean scores equal?
# Optuna's TPE draws other random numbers than ours, but both first divide trials into good and bad: how many of 41?
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
    same = [each["mean_test_score"].tolist() for each in found if each["params"] == found[0]["params"]]
    different += ["scikit-learn"] * (same[:1] * 2 != same)
if "optuna" in installed:
    from optuna.samplers._tpe.sampler import default_gamma

    different += [n for n in range(1, 400) if default_gamma(n) != good_count(n, 0.1, 25)]
print("different:", different or "nothing")
# -> best: {'batch_size': 16, 'learning_rate': 0.01}, good ones of 41 trials: 5
# -> different: nothing

# %% [markdown]
# ## Answer 3
# All nine mean scores are equal to the last digit. (Keras has no grid search: `keras.wrappers` makes an estimator of a
# model, for scikit-learn's.) Of 41 trials 5 are good. The two TPEs (lesson 21) differ in bandwidths and priors.

# %% [markdown]
# ## Exercise
# *In your logbook:* one number of your own framework, computed here as well, and the digits that agree.
#
# You have a penalty λ · Σ θ² here, for a mean loss over n rows. Write it for the others: a dictionary with the keys
# "keras" (the argument of `regularizers.L2`, which is this formula for the weights it is given), "torch" (the
# `weight_decay` of SGD, which adds `weight_decay · θ` to the gradient) and "sklearn" (the `alpha` of `MLPClassifier`,
# whose penalty is alpha · Σ θ² / (2 · n)).
#
# Then run `python -m lessons check 49`.


# %%
def translated(lam, n):
    raise NotImplementedError
