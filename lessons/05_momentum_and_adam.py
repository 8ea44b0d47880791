# %% [markdown]
# # 05 Momentum and Adam
# Two remedies for a narrow valley: remember the last steps, or divide each parameter's step by its usual gradient.
#
# 35 minutes · needs 03, 04

# %% [markdown]
# ## Question
# In lesson 03 a valley with curvatures 1 and 1,000 took thousands of steps: the walls limit the learning rate, the
# floor pays. Momentum and Adam are used instead. What does each of them add, and when does it help?
# [Momentum](README.md#networks-and-training) keeps a share μ of a velocity v: steps of changing sign cancel in it.
# - [momentum] v'ᵢ = μ · vᵢ − α · gᵢ ; θ'ᵢ = θᵢ + v'ᵢ

# %% [markdown]
# ## Predict 1
# Curvatures 1 and 10, 1 and 100, 1 and 1,000. Gradient descent needs about ten times the steps for each factor of ten.
# And momentum, where α and μ are the best ones for each valley?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.network import optimizers as rules


def steps_needed(step, hessian, start, limit=20_000):
    """How many steps until J = θ·Hθ / 2 is below 0.001 and stays there for 200 steps."""
    theta, m, v, low = start.copy(), np.zeros(2), np.zeros(2), 0
    for t in range(1, limit):
        step(theta, hessian @ theta, m, v, t)
        low = low + 1 if theta @ hessian @ theta / 2.0 < 0.001 else 0
        if low == 200:
            return t - 199
    return limit


def best(c):  # for curvatures 1 to c: the best α of gradient descent, and the best α and μ of momentum
    return 2.0 / (1.0 + c), 4.0 / (1.0 + np.sqrt(c)) ** 2, ((np.sqrt(c) - 1.0) / (np.sqrt(c) + 1.0)) ** 2


def momentum(alpha, mu):  # with mu = 0 this is gradient descent
    return lambda theta, grad, m, v, t: rules.momentum(theta, grad, m, alpha, mu)


start = np.array([10.0, 1.0])
for c in (10.0, 100.0, 1000.0):
    alpha, *with_mu = best(c)
    plain, fast = (steps_needed(momentum(*each), np.diag([1.0, c]), start) for each in ((alpha, 0.0), with_mu))
    print(f"curvatures 1 and {c:4.0f}: {plain:4} steps of gradient descent, {fast:3} of momentum, mu {with_mu[1]:.2f}")

alpha, alpha_m, mu = best(1000.0)
curvatures = np.geomspace(1.0, 1000.0, 400)
matrices = [np.array([[1.0 - alpha_m * c, mu], [-alpha_m * c, mu]]) for c in curvatures]
fig, ax = plt.subplots(num="05-factors", layout="constrained")
ax.semilogx(curvatures, abs(1.0 - alpha * curvatures), label=f"gradient descent, α = {alpha:.4f}")
ax.semilogx(curvatures, [abs(np.linalg.eigvals(each)).max() for each in matrices],
            label=f"momentum, α = {alpha_m:.4f}, μ = {mu:.2f}")
ax.set(xlabel="curvature of a direction", ylabel="a step multiplies the distance by", ylim=(0, 1.02))
ax.set_title("Momentum shrinks all directions alike; the slowest one sets the number of steps")
ax.legend(loc="lower left")
# -> curvatures 1 and   10:   28 steps of gradient descent,  12 of momentum, mu 0.27
# -> curvatures 1 and  100:  288 steps of gradient descent,  50 of momentum, mu 0.67
# -> curvatures 1 and 1000: 3305 steps of gradient descent, 198 of momentum, mu 0.88

# %% [markdown]
# ## Answer 1
# About four times as many for each factor of ten, instead of ten times. The picture shows why. For a direction of
# curvature c, a step maps a distance and a velocity to new ones, by a matrix of 2 x 2 numbers; its largest eigenvalue
# is the factor by which the distance shrinks. With gradient descent it is 1 − α · c: near 1 for the floor, near −1 for
# the walls. With momentum it has the size √μ in *all* directions, so the floor is no slower than the walls.

# %% [markdown]
# ## Predict 2
# [Adam](README.md#networks-and-training) has two running means: m of the gradients, and v of their squares. It divides
# the one by the root of the other, for each parameter; 1 − β^t corrects for means that begin at 0.
# - [adam] m'ᵢ = β₁ · mᵢ + (1 − β₁) · gᵢ ; v'ᵢ = β₂ · vᵢ + (1 − β₂) · gᵢ² ;
#   θ'ᵢ = θᵢ − α · (m'ᵢ / (1 − β₁^t)) / (√(v'ᵢ / (1 − β₂^t)) + ε)
#
# How long is its first step with α = 0.1, if the gradient is 1,000, and if it is 0.001? Then the last valley, where
# Adam gets the best of 17 learning rates, is turned by 45 degrees, start included. Who notices?

# %%
for size in (1000.0, 0.001):
    theta = np.zeros(1)
    rules.adam(theta, np.array([size]), np.zeros(1), np.zeros(1), 0.1, (0.9, 0.999), 1e-8, 1)
    print(f"gradient {size:g}: Adam's first step is {theta[0]:.4f}")


def adam(alpha):
    return lambda theta, grad, m, v, t: rules.adam(theta, grad, m, v, alpha, (0.9, 0.999), 1e-8, t)


rates = 10.0 ** np.arange(-2.0, 2.1, 0.25)
turn = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2.0)
for name, turned in (("along the axes", np.eye(2)), ("turned by 45 degrees", turn)):
    hessian = turned @ np.diag([1.0, 1000.0]) @ turned.T
    counts = [steps_needed(adam(alpha), hessian, turned @ start, 4000) for alpha in rates]
    print(f"{name}: momentum {steps_needed(momentum(alpha_m, mu), hessian, turned @ start)} steps, "
          f"Adam {min(counts)} with alpha {rates[np.argmin(counts)]:.2f}")
# -> gradient 1000: Adam's first step is -0.1000
# -> gradient 0.001: Adam's first step is -0.1000
# -> along the axes: momentum 198 steps, Adam 118 with alpha 0.32
# -> turned by 45 degrees: momentum 198 steps, Adam 409 with alpha 1.78

# %% [markdown]
# ## Answer 2
# The first step is α long, whatever the gradient: it is divided by its own size. Along the axes this is the remedy
# itself, as the gradients of floor and walls become alike. Momentum does not notice the turn: its line is the same in
# any direction. Adam does: now each parameter has a part of the walls in its gradient, and the division divides both by
# about the same. So Adam needs fewer steps than momentum along the axes, and more in the turned valley, from starts at
# random (in 20 of 20 draws [05a]).

# %% [markdown]
# ## Predict 3
# A real network: 400 images of digits, batches of 32, 10 epochs. Gradient descent, momentum 0.9 and Adam get the same
# nine learning rates, and so do two relatives: momentum one step ahead, and Adam's division without its first mean. By
# what factor do the best rates differ?
# - [nesterov] v'ᵢ = μ · vᵢ − α · gᵢ ; θ'ᵢ = θᵢ + μ · v'ᵢ − α · gᵢ
# - [rmsprop] v'ᵢ = ρ · vᵢ + (1 − ρ) · gᵢ² ; θ'ᵢ = θᵢ − α · gᵢ / √(v'ᵢ + ε)

# %%
X, y = st.datasets.load_digits()
rows = np.random.default_rng(0).permutation(len(X))[:400]
methods = {"gradient descent": st.SGD, "momentum 0.9": lambda alpha: st.SGD(alpha, momentum=0.9),
           "Nesterov 0.9": lambda alpha: st.SGD(alpha, momentum=0.9, nesterov=True), "RMSprop": st.RMSprop,
           "Adam": st.Adam}
alphas = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
for name, method in methods.items():
    losses = []
    for alpha in alphas:
        model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], "float64", seed=0)
        model.compile(loss="categorical_crossentropy", optimizer=method(alpha))
        losses.append(model.fit(X[rows] / 16.0, y[rows], batch_size=32, epochs=10, verbose=0).history["loss"][-1])
    print(f"{name:16}: best alpha {alphas[np.argmin(losses)]}, loss {min(losses):.2f}")
# ~> gradient descent: best alpha 1.0, loss 0.08
# ~> momentum 0.9    : best alpha 0.1, loss 0.06
# ~> Nesterov 0.9    : best alpha 0.3, loss 0.04
# ~> RMSprop         : best alpha 0.03, loss 0.09
# ~> Adam            : best alpha 0.03, loss 0.06

# %% [markdown]
# ## Answer 3
# The best rate of momentum is at most a third of gradient descent's, and that of Adam at most a tenth (in 19 of 20
# draws [05b]). In the velocity a steady gradient adds up to 1 / (1 − μ) times itself, ten times with 0.9; and Adam's α
# is the length of a step, not a factor of the gradient. So a learning rate cannot be carried over from one optimizer to
# another, and who compares optimizers at one rate compares the rates.
#
# *In your logbook:* the trainings of lesson 00 have momentum 0.9. Which rate would you guess without it?

# %% [markdown]
# ## Exercise
# Write gradient descent with momentum, line [momentum]. `f(theta)` returns J and its gradient; the velocity begins at
# 0. Return theta after `steps` steps. `python -m lessons check 5` tries it on valleys, and then lets it train an engine
# as you wrote it in lesson 04, with `f = lambda theta: engine.backward(theta, X, y)`, next to the package.


# %%
def momentum_descent(f, theta, alpha, mu, steps):
    raise NotImplementedError
