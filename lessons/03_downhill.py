# %% [markdown]
# # 03 Downhill
# One line of mathematics trains a network; the steepest direction limits the learning rate, the flattest one pays.
#
# 30 minutes · needs 00

# %% [markdown]
# ## Question
# In lesson 00 a learning rate of 1 learned nothing, 0.001 too little, and 0.01 was right. Why is there such a number,
# and what decides it? Training changes the [parameters](README.md#networks-and-training) θ of a network so that its
# [loss](README.md#networks-and-training) J becomes small. The *gradient* g says for each parameter how fast J grows
# with it. One step goes against it, times the [learning rate](README.md#networks-and-training) α:
# - [gradient_descent] θ'ᵢ = θᵢ − α · gᵢ
#
# Begin with two parameters and a bowl: J = (θ₁² + 10 · θ₂²) / 2. Its *curvature* (second derivative: how fast the
# gradient changes along a direction) is 1 along θ₁ and 10 along θ₂.

# %% [markdown]
# ## Predict 1
# Start at (10, 1) and make 20 steps with α = 0.01, 0.1, 0.18 or 0.21. Which one ends lowest? Is the last one, a little
# larger than 0.18, a little better or a little worse?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.network.optimizers import gradient_descent


def bowl(theta, curvature=10.0):
    return (theta[0] ** 2 + curvature * theta[1] ** 2) / 2.0


def descend(alpha, steps=20, curvature=10.0):
    """The path of gradient descent on the bowl from (10, 1), an array (steps + 1, 2)."""
    theta = np.array([10.0, 1.0])
    path = [theta.copy()]
    for _ in range(steps):
        gradient_descent(theta, theta * [1.0, curvature], alpha)  # the gradient of the bowl is (θ₁, curvature · θ₂)
        path.append(theta.copy())
    return np.array(path)


fig, axes = plt.subplots(2, 2, num="03-paths", figsize=(10, 5.6), sharex=True, sharey=True, layout="constrained")
across, up = np.meshgrid(np.linspace(-3, 12, 200), np.linspace(-7.4, 7.4, 200))
for ax, alpha in zip(axes.flat, (0.01, 0.1, 0.18, 0.21), strict=True):
    path = descend(alpha)
    print(f"alpha {alpha:4}: after 20 steps theta = ({path[-1, 0]:.3f}, {path[-1, 1]:.3f}), J = {bowl(path[-1]):.4f}")
    ax.contour(across, up, bowl([across, up]), levels=[0.5, 5, 20, 50, 100, 200], colors="0.75", linewidths=0.8)
    ax.plot(path[:, 0], path[:, 1], ".-", color="tab:red" if alpha == 0.21 else "tab:blue", lw=1.2, ms=7)
    ax.plot(0, 0, "k*", ms=12)
    ax.set(title=f"α = {alpha}: J = {bowl(path[-1]):.3g} after 20 steps", xlabel="θ₁", ylabel="θ₂")
    ax.grid(False)
    ax.label_outer()
# -> alpha 0.01: after 20 steps theta = (8.179, 0.122), J = 33.5225
# -> alpha  0.1: after 20 steps theta = (1.216, 0.000), J = 0.7390
# -> alpha 0.18: after 20 steps theta = (0.189, 0.012), J = 0.0185
# -> alpha 0.21: after 20 steps theta = (0.090, 6.727), J = 226.3003

# %% [markdown]
# ## Answer 1
# 0.18 ends lowest, and 0.21 is a disaster. Put the gradient into the line: a step multiplies θ₁ by 1 − α and θ₂ by
# 1 − 10 · α. With 0.18 the factor of θ₂ is −0.8: the sign changes, and it shrinks. With 0.21 the factor is −1.1: the
# sign changes, and it *grows*. In general a direction of curvature c is multiplied by 1 − α · c, and shrinks only if α
# is below 2 / c. So the *most curved* direction sets the limit for all of them, here 2 / 10. The flat direction has to
# use the same α, and is slow: with 0.18 a step leaves 82 % of θ₁.

# %% [markdown]
# ## Predict 2
# Make the bowl ten and a hundred times as curved along θ₂, and give each its best α. How many steps does it take until
# J is below 0.001?

# %%
for curvature in (10.0, 100.0, 1000.0):
    best = 2.0 / (1.0 + curvature)  # then both directions shrink by the same factor
    heights = bowl(descend(best, 20_000, curvature).T, curvature)
    print(f"curvatures 1 and {curvature:4.0f}: {np.argmax(heights < 0.001):5} steps with alpha {best:.4f}")
# -> curvatures 1 and   10:    28 steps with alpha 0.1818
# -> curvatures 1 and  100:   288 steps with alpha 0.0198
# -> curvatures 1 and 1000:  3305 steps with alpha 0.0020

# %% [markdown]
# ## Answer 2
# About ten times as many for each factor of ten. The number of steps grows with the *condition number*, the largest
# curvature divided by the smallest. Think of a narrow valley: its steep walls limit the learning rate, and along its
# flat floor that rate gives tiny steps. Lesson 05 is about two ways out.

# %% [markdown]
# ## Predict 3
# Now a network: 4,810 parameters, 300 images of digits. Its loss is no bowl, but each point has a most curved
# direction. We measure that curvature c at the start, from the change of the gradient (you may skip how
# `largest_curvature` does it), and take steps with 0.1, 0.5, 2 and 20 times the limit 2 / c. Which ones learn?

# %%
X, y = st.datasets.load_digits()
X, y = X[:300] / 16.0, y[:300]


def new_model():
    layers = [st.Dense(64, activation="relu"), st.Dense(10, activation="softmax")]
    model = st.Sequential(layers, dtype="float64", seed=0)
    model.compile(loss="categorical_crossentropy", optimizer=st.SGD(0.1))
    model.build((None, 64))
    return model


def largest_curvature(model, h=1e-3):
    """The curvature of the most curved direction: each round turns `direction` towards it."""
    start, direction = model.theta.copy(), np.random.default_rng(0).normal(size=model.theta.size)
    for _ in range(30):
        direction /= np.linalg.norm(direction)
        model.theta[:] = start + h * direction
        ahead = model.gradient(X, y)
        model.theta[:] = start - h * direction
        direction = (ahead - model.gradient(X, y)) / (2.0 * h)
    model.theta[:] = start
    return np.linalg.norm(direction)


limit = 2.0 / largest_curvature(new_model())
print(f"curvature {2.0 / limit:.1f} at the start, so the limit is {limit:.2f}")
for share in (0.1, 0.5, 2.0, 20.0):
    model, losses = new_model(), []
    for _ in range(100):
        gradient_descent(model.theta, model.gradient(X, y), share * limit)
        losses.append(model.objective(X, y))
    print(f"{share:4} times the limit: J {losses[9]:.2f} after 10 steps, {losses[-1]:.2f} after 100, "
          f"curvature {largest_curvature(model):.1f}")
# ~> curvature 5.6 at the start, so the limit is 0.36
# ~>  0.1 times the limit: J 2.15 after 10 steps, 1.24 after 100, curvature 4.0
# ~>  0.5 times the limit: J 1.70 after 10 steps, 0.20 after 100, curvature 4.1
# ~>  2.0 times the limit: J 0.65 after 10 steps, 0.04 after 100, curvature 1.5
# ~> 20.0 times the limit: J 4.46 after 10 steps, 2.30 after 100, curvature 0.1

# %% [markdown]
# ## Answer 3
# Below the limit the theory holds: a half of it has a lower loss after 100 steps than a tenth (in 20 of 20 draws
# [03b]). But twice the limit has a lower loss still, and ends where the curvature is less than three quarters of the
# first one (in 20 of 20 draws [03c]). A network is no bowl: its curvature changes along the way. It has fallen to 1.5,
# so the limit is now 2 / 1.5, and the step, 2 · 0.36, is below it. With 20 times the limit the loss first grows, as in
# the bowl, and after 100 steps it is not below 2 (in 20 of 20 draws [03a]). It does not grow for ever, since a huge
# step switches off all hidden units (lesson 06): what is left is guessing, for each digit the probability 1 / 10, a
# loss of log 10 = 2.30. So the curvature tells the order of magnitude, and the rate itself has to be tried.
#
# *In your logbook:* for each batch size of lesson 00 the largest rate that still learns (`trainings.accuracy`).

# %% [markdown]
# ## Exercise
# Usually the curvature is not known. Write a descent that finds an α by itself. `f(theta)` returns two things, J and
# its gradient. In each of `steps` attempts:
# - make a step with [gradient_descent], to a new theta (the function changes the array that it gets: give it a copy);
# - if J did not grow, keep the step; otherwise drop it and halve alpha.
#
# Return theta and the alpha that is left, and check them with `python -m lessons check 3`. Keep the function: it can
# train the engine of lesson 04, with `f = lambda theta: engine.backward(theta, X, y)`.


# %%
def careful_descent(f, theta, alpha, steps):
    raise NotImplementedError
