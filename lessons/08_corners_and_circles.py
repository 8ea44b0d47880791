# %% [markdown]
# # 08 Corners and circles
# L1 makes weights exactly zero, L2 makes them small: the shape of each penalty shows why, and a network what it is for.
#
# 25 minutes · needs 03

# %% [markdown]
# ## Question
# A [penalty](README.md#evaluation-and-overfitting) R makes large parameters cost something: training minimises the loss
# plus R. Two are usual, and their sum. λ and μ say how much.
# - [objective] J = L + R
# - [l1_penalty] R = λ · Σᵢ[|θᵢ|]
# - [l2_penalty] R = λ · Σᵢ[θᵢ²]
# - [l1_l2_penalty] R = λ · Σᵢ[|θᵢ|] + μ · Σᵢ[θᵢ²]
#
# (Other books and packages write λ/2, or divide by the number of rows: compare no two values of λ before you know.)
# Both pull every parameter towards 0. Why does only one of them reach it?

# %% [markdown]
# ## Predict 1
# Two parameters with the loss (θ₁ − 1)² + (θ₂ − 0.3)². Without a penalty they end at (1, 0.3). Where do they end with
# L1 and λ = 1? And with L2 and λ = 1?
# - [l1_penalty_grad] gᵢ = λ · sign(θᵢ)
# - [l2_penalty_grad] gᵢ = 2 · λ · θᵢ
# - [l1_l2_penalty_grad] gᵢ = λ · sign(θᵢ) + 2 · μ · θᵢ

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.network.penalties import l1_l2_penalty_grad

BEST = np.array([1.0, 0.3])


def settle(l1, l2, rate=0.01, steps=2000):
    """Gradient descent on the loss and a penalty: where the two parameters end."""
    theta, pull = np.array([0.8, 0.8]), np.empty(2)
    for _ in range(steps):
        l1_l2_penalty_grad(theta, l1, l2, pull)
        theta -= rate * (2.0 * (theta - BEST) + pull)
    return theta


for name, l1, l2 in (("L1", 1.0, 0.0), ("L2", 0.0, 1.0), ("L1", 4.0, 0.0), ("L2", 0.0, 4.0), ("both", 0.5, 0.5)):
    first, second = settle(l1, l2)
    print(f"{name:4}, λ = {max(l1, l2)}: θ = ({first:.2f}, {second:.2f})")
# -> L1  , λ = 1.0: θ = (0.50, 0.01)
# -> L2  , λ = 1.0: θ = (0.50, 0.15)
# -> L1  , λ = 4.0: θ = (0.02, 0.04)
# -> L2  , λ = 4.0: θ = (0.20, 0.06)
# -> both, λ = 0.5: θ = (0.50, 0.03)

# %% [markdown]
# ## Answer 1
# L1 ends at (0.5, 0), L2 at (0.5, 0.15). Look at the gradients. The pull of L2 is proportional to the parameter: near 0
# hardly anything is left of it, so L2 divides both by 1 + λ, and no λ brings one to 0. The pull of L1 is λ however
# small the parameter is: it subtracts λ / 2 from both, and 0.3 is less than that. (0.01 is printed: a step of gradient
# descent jumps over 0 and back. The exercise repairs that.) With both penalties λ / 2 is subtracted, then the rest is
# divided by 1 + μ.
#
# The picture says the same. Grey circles have equal loss, the blue curves equal R. In the solution the two touch. A
# circle can touch anywhere. The diamond is touched at a *corner*, where one parameter is 0, whenever the best value of
# that parameter is smaller than what L1 subtracts.

# %%
fig, axes = plt.subplots(1, 2, num="08-corners", figsize=(9, 4.6), sharey=True, layout="constrained")
x, y = np.meshgrid(np.linspace(-0.8, 1.6, 241), np.linspace(-0.8, 1.2, 201))
loss = (x - BEST[0]) ** 2 + (y - BEST[1]) ** 2
for ax, name, curve, end in ((axes[0], "L1", abs(x) + abs(y), (0.5, 0.0)), (axes[1], "L2", x**2 + y**2, (0.5, 0.15))):
    at = sum((np.array(end) - BEST) ** 2)
    ax.contour(x, y, loss, levels=[at / 3, at, 2 * at, 4 * at], colors="0.7", linewidths=1)
    ax.contour(x, y, curve, levels=[0.5 if name == "L1" else 0.5**2 + 0.15**2], colors="C0", linewidths=2)
    ax.plot(*BEST, "k*", ms=11)
    ax.plot(*end, "o", color="C1", ms=9)
    ax.set(title=f"{name}, λ = 1: ends at {end}", xlabel="θ₁", aspect="equal")
axes[0].set_ylabel("θ₂")

# %% [markdown]
# ## Predict 2
# A network learns digits from 1,000 images. Four pixels are almost never inked: each is in a handful of the training
# images. Now put ink on these four in *every* test image. How much of the accuracy is lost? For comparison, four other
# pixels, chosen ten times. And after training with a penalty?

# %%
X, y = st.datasets.load_digits()
X = X / 16.0
train, test = np.split(np.random.default_rng(0).permutation(len(X)), [1000])
inked = (X[train] > 0.0).sum(axis=0)  # in how many training images a pixel has ink
rare = np.argsort(np.where(inked > 0, inked, 9999), kind="stable")[:4]
others = [np.random.default_rng(k).choice(np.flatnonzero(inked > 100), 4, replace=False) for k in range(10)]


def accuracy(model, pixels=()):
    images = X[test].copy()
    images[:, list(pixels)] = 1.0
    return np.mean(model.predict(images).argmax(axis=1) == y[test])


for name, penalty in (("no penalty", None), ("L1", st.L1(0.001)), ("L2", st.L2(0.001))):
    model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], "float64", seed=0)
    model.compile(loss="categorical_crossentropy", optimizer=st.Adam(0.01), penalty=penalty)
    model.fit(X[train], y[train], batch_size=32, epochs=40, verbose=0)
    weights = model.get_weights()[0][inked > 0]
    print(f"{name:10}: {np.mean(abs(weights) < 0.01):.0%} of the weights below 0.01; accuracy {accuracy(model):.2f}, "
          f"ink on four others {np.mean([accuracy(model, four) for four in others]):.2f}, on rare ones "
          f"{accuracy(model, rare):.2f}")
# ~> no penalty: 2% of the weights below 0.01; accuracy 0.98, ink on four others 0.86, on rare ones 0.28
# ~> L1        : 63% of the weights below 0.01; accuracy 0.95, ink on four others 0.86, on rare ones 0.95
# ~> L2        : 36% of the weights below 0.01; accuracy 0.96, ink on four others 0.90, on rare ones 0.96

# %% [markdown]
# ## Answer 2
# Without a penalty, ink on the rare pixels costs more accuracy than ink on four others (in 18 of 20 draws [08a]). Their
# weights were learned from a handful of images, and no other image changes them. With L1 or L2 it costs less than 0.02
# (in 20 of 20 draws [08b]): the penalty pulls in every step, and the loss acts against it only in images where the
# pixel is inked. So a penalty protects from inputs that training hardly saw. L1 leaves more weights below 0.01 than L2
# with the same λ (in 20 of 20 draws [08c]).
#
# Does a penalty also raise the accuracy on data like the training data? It is a hyper-parameter; ask the trainings.

# %%
trainings = st.datasets.load_trainings()
for l2 in (0.0, 0.001, 0.01):
    found = max(trainings.accuracy(each) for each in trainings.configurations() if each["l2"] == l2)
    print(f"L2 {l2:5}: the best of its 792 configurations has the validation accuracy {found:.3f}")
# -> L2   0.0: the best of its 792 configurations has the validation accuracy 0.863
# -> L2 0.001: the best of its 792 configurations has the validation accuracy 0.862
# -> L2  0.01: the best of its 792 configurations has the validation accuracy 0.849

# %% [markdown]
# Here λ = 0.01 is too much, and the best with the small one is not higher than the best without. These networks have
# dropout too, and lesson 17 asks what one remedy is worth beside another.
#
# *In your logbook:* the best of the trainings without L2, the best with it, and how many trainings you compared for
# that.

# %% [markdown]
# ## Exercise
# Give L1 its exact zeros. Split the step in two. First a step of gradient descent on the loss alone. Then move every
# parameter towards 0 by what L1 takes in one step, alpha · lam, and let it stop at 0 where it would cross. (This is
# *soft thresholding*, the proximal step of L1.) Return the new parameters, an array like theta. Then run
# `python -m lessons check 8`.


# %%
def l1_step(theta, grad, alpha, lam):
    raise NotImplementedError
