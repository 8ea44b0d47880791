# %% [markdown]
# # 09 Decay is not L2
# Weight decay and the L2 penalty are the same under plain gradient descent, and two different things under Adam.
#
# 20 minutes · needs 05, 08

# %% [markdown]
# ## Question
# [Weight decay](README.md#evaluation-and-overfitting) adds nothing to the loss. In every step it shrinks each parameter
# by a share of itself, with the learning rate α and the decay w:
# - [weight_decay] θ'ᵢ = θᵢ − α · w · θᵢ
#
# The gradient of L2 with λ is 2 · λ · θ. A step of gradient descent multiplies it by α and subtracts it, so L2 with λ =
# w / 2 does the same. Many programs call their L2 penalty "weight decay". Is that only another name?

# %% [markdown]
# ## Predict 1
# The same network is trained twice from one start: with L2 and λ = 0.001, and with decay and w = 0.002. For which of
# these optimizers do the two end at the same parameters: plain gradient descent, momentum, Adam?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.network.optimizers import adam, weight_decay
from scratchtune.core.network.penalties import l2_penalty_grad

X, y = st.datasets.load_digits()
X = X / 16.0
train, test = np.split(np.random.default_rng(0).permutation(len(X)), [1000])


def trained(optimizer, penalty=None, epochs=5):
    model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], "float64", seed=0)
    model.compile(loss="categorical_crossentropy", optimizer=optimizer, penalty=penalty)
    model.fit(X[train], y[train], batch_size=32, epochs=epochs, verbose=0)
    return model


for name, optimizer in (("gradient descent", lambda w: st.SGD(0.1, weight_decay=w)),
                        ("momentum", lambda w: st.SGD(0.01, momentum=0.9, weight_decay=w)),
                        ("Adam", lambda w: st.Adam(0.01, weight_decay=w))):
    by_penalty, by_decay = trained(optimizer(0.0), st.L2(0.001)).theta, trained(optimizer(0.002)).theta
    print(f"{name:16}: largest difference {abs(by_penalty - by_decay).max():.2f}; mean |θ| with L2 "
          f"{abs(by_penalty).mean():.2f}, with decay {abs(by_decay).mean():.2f}")
# ~> gradient descent: largest difference 0.00; mean |θ| with L2 0.15, with decay 0.15
# ~> momentum        : largest difference 0.01; mean |θ| with L2 0.15, with decay 0.16
# ~> Adam            : largest difference 0.99; mean |θ| with L2 0.14, with decay 0.22

# %% [markdown]
# ## Answer 1
# Only for plain gradient descent, where the two are one formula. With momentum the penalty's gradient is added to the
# running sum and acts for ten more steps, as a decay ten times as large would; decay itself is not in the sum. With
# Adam the difference is of another kind.
# - [adam] m'ᵢ = β₁ · mᵢ + (1 − β₁) · gᵢ ; v'ᵢ = β₂ · vᵢ + (1 − β₂) · gᵢ² ;
#   θ'ᵢ = θᵢ − α · (m'ᵢ / (1 − β₁^t)) / (√(v'ᵢ / (1 − β₂^t)) + ε)
#
# The penalty is part of g, so it is divided by √v, the usual size of the gradient. Decay is *decoupled* from that
# (AdamW: Loshchilov and Hutter, 2019).

# %% [markdown]
# ## Predict 2
# Two parameters, both 1. A *loud* one has gradients of +10 and −10 in turn, a *quiet* one +0.1 and −0.1: the loss moves
# neither of them for long. Adam makes 300 steps with α = 0.01. How much is left of each with L2, λ = 0.1? And with
# decay, w = 0.2?

# %%
def shrink(lam=0.0, w=0.0, steps=300, alpha=0.01):
    """The path of the loud and the quiet parameter, (steps + 1, 2)."""
    theta, pull, m, v = np.ones(2), np.empty(2), np.zeros(2), np.zeros(2)
    path = [theta.copy()]
    for t in range(1, steps + 1):
        l2_penalty_grad(theta, lam, pull)
        weight_decay(theta, alpha, w)
        adam(theta, np.array([10.0, 0.1]) * (-1.0) ** t + pull, m, v, alpha, (0.9, 0.999), 1e-8, t)
        path.append(theta.copy())
    return np.array(path)


paths = {"L2 penalty, λ = 0.1": shrink(lam=0.1), "weight decay, w = 0.2": shrink(w=0.2)}
fig, axes = plt.subplots(1, 2, num="09-decay", figsize=(9, 4), sharey=True, layout="constrained")
for ax, (name, path) in zip(axes, paths.items(), strict=True):
    print(f"{name:21}: loud {path[-1, 0]:.2f}, quiet {path[-1, 1]:.2f}")
    ax.plot(path[:, 0], label="loud: gradients of ±10")
    ax.plot(path[:, 1], "--", label="quiet: gradients of ±0.1")
    ax.set(title=name, xlabel="step", ylim=(0.0, 1.05))
axes[0].set_ylabel("θ")
axes[0].legend(loc="center right")
# -> L2 penalty, λ = 0.1  : loud 0.96, quiet 0.01
# -> weight decay, w = 0.2: loud 0.56, quiet 0.56

# %% [markdown]
# ## Answer 2
# L2 leaves the loud parameter almost alone and takes all of the quiet one: its pull of 0.2 is divided by about 10 for
# the one, and for the other by about its own size. Decay shrinks both alike, to (1 − 0.01 · 0.2)³⁰⁰ = 0.55 of their
# start, give or take a step.

# %% [markdown]
# ## Predict 3
# In lesson 08 a network was in danger of ink on pixels that training had hardly seen, and L2 removed the danger. The
# optimizer was Adam. A pixel with little ink has small gradients. Would decay have helped as well?

# %%
inked = (X[train] > 0.0).sum(axis=0)
order = np.argsort(np.where(inked > 0, X[train].mean(axis=0), np.inf), kind="stable")[: np.sum(inked > 0)]
images = X[test].copy()
images[:, np.argsort(np.where(inked > 0, inked, 9999), kind="stable")[:4]] = 1.0  # the rare pixels of lesson 08
sizes = {}
for name, w, penalty in (("neither", 0.0, None), ("L2, λ = 0.001", 0.0, st.L2(0.001)), ("decay, w = 0.1", 0.1, None)):
    model = trained(st.Adam(0.01, weight_decay=w), penalty, epochs=40)
    weights = abs(model.get_weights()[0])
    sizes[name] = np.array([weights[order[:15]].mean(), weights[order[-15:]].mean()])
    quiet, loud = sizes[name] / sizes["neither"]
    right = np.mean(model.predict(images).argmax(axis=1) == y[test])
    print(f"{name:14}: left of the weights of the 15 palest pixels {quiet:.0%}, of the darkest {loud:.0%}; "
          f"accuracy with rare ink {right:.2f}")
# ~> neither       : left of the weights of the 15 palest pixels 100%, of the darkest 100%; accuracy with rare ink 0.28
# ~> L2, λ = 0.001 : left of the weights of the 15 palest pixels 6%, of the darkest 56%; accuracy with rare ink 0.96
# ~> decay, w = 0.1: left of the weights of the 15 palest pixels 75%, of the darkest 64%; accuracy with rare ink 0.28

# %% [markdown]
# ## Answer 3
# Hardly. Under Adam, L2 leaves less than a third as much of the quiet weights, those of the palest pixels, as of the
# loud ones (in 20 of 20 draws [09a]). Decay leaves at least as much of them (in 20 of 20 draws [09b]). So with ink on
# rare pixels the accuracy is higher with L2 than with this decay (in 20 of 20 draws [09c]). Neither of the two is the
# right one. But they are two different hyper-parameters, and a value of one says nothing about the other: tune the one
# that you use, and look up which of them your program means.
#
# *In your logbook:* does the `l2` of the trainings mean a penalty or a decay? And would it matter there, with SGD and
# momentum?

# %% [markdown]
# ## Exercise
# Write one step of Adam that can do both: `l2` is the penalty's λ, `decay` is w. Parameters shrink by their share of
# the theta before the step. `t` is 1 in the first step; β₁ is 0.9, β₂ 0.999, ε 1e-8. Return the new theta, m and v, and
# change no array that was given. Then run `python -m lessons check 9`.


# %%
def adam_step(theta, grad, m, v, t, alpha, l2, decay):
    raise NotImplementedError
