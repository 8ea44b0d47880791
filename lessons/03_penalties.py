# %% [markdown]
# # 03 L1, L2 and weight decay
# Three ways to keep parameters small, what each does to a network's weights, and where weight decay is not L2.

# %% [markdown]
# ## Question
# A network with many parameters can learn its training data by heart. A *penalty* makes large parameters cost
# something: one minimises J = L + R, the loss plus the penalty. Two penalties are usual, and so is a shortcut called
# weight decay. What does each of them do to the parameters? And is weight decay just L2 under another name?

# %% [markdown]
# ## Formulas
# - [l1_penalty] R = λ · Σᵢ[|θᵢ|]
# - [l1_penalty_grad] gᵢ = λ · sign(θᵢ)
# - [l2_penalty] R = λ · Σᵢ[θᵢ²]
# - [l2_penalty_grad] gᵢ = 2 · λ · θᵢ
# - [weight_decay] θ'ᵢ = θᵢ − α · w · θᵢ
#
# The first and the third are section 4.2 of the document, to the letter: all parameters count, there is no 1/2 and no
# 1/n. Other books write λ/2, and other packages leave the biases out (here `biases=False`). So never compare two
# values of λ before you know which formula each of them belongs to.
#
# Look at the gradients. L2 pulls a parameter the harder the larger it is. L1 always pulls with the same force λ.

# %% [markdown]
# ## Predict
# Take one parameter with the loss L = (θ − 1)². Without a penalty it settles at θ = 1.
#
# 1. Where does it settle with L2 and λ = 1? And with L1 and λ = 1?
# 2. Which of the two reaches exactly 0 if λ is large enough?
# 3. Some pixels at the edge of the digit images are always 0. What happens to their weights during training: without
#    a penalty, and with L2?
# 4. Under which optimizer are L2 and weight decay the same thing: plain gradient descent, Adam, or both?

# %% [markdown]
# ## Code: one parameter

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.network.optimizers import adam, gradient_descent, weight_decay
from scratchtune.network.penalties import l1_penalty, l1_penalty_grad, l2_penalty, l2_penalty_grad

theta = np.array([1.0, -2.0])
print(f"L1 {l1_penalty(theta, 1.0)}, L2 {l2_penalty(theta, 1.0)}")


def settle(penalty_grad, lam, alpha=0.01, steps=2000):
    """Gradient descent on (theta - 1)^2 plus a penalty; where theta ends."""
    theta, pull = np.array([0.5]), np.empty(1)
    for _ in range(steps):
        penalty_grad(theta, lam, pull)
        gradient_descent(theta, 2.0 * (theta - 1.0) + pull, alpha)
    return theta[0]


for lam in (0.5, 1.0, 2.0, 4.0):
    print(f"lambda {lam}: L1 ends at {settle(l1_penalty_grad, lam):6.3f}, L2 at {settle(l2_penalty_grad, lam):6.3f}")
# -> L1 3.0, L2 5.0
# -> lambda 0.5: L1 ends at  0.750, L2 at  0.667
# -> lambda 1.0: L1 ends at  0.500, L2 at  0.500
# -> lambda 2.0: L1 ends at  0.000, L2 at  0.333
# -> lambda 4.0: L1 ends at  0.001, L2 at  0.200

# %% [markdown]
# ## Check: one parameter
# Set the derivative of (θ − 1)² + R to zero. With L2: 2 · (θ − 1) + 2 · λ · θ = 0, so θ = 1 / (1 + λ). It gets
# smaller and smaller, and never reaches 0. With L1: 2 · (θ − 1) + λ = 0, so θ = 1 − λ/2, down to 0 at λ = 2, where it
# stays.
#
# One honest remark. With plain descent L1 does not stop *at* 0. It jumps back and forth around it, less than a step
# away. The exercise repairs that.

# %%
for lam in (0.5, 1.0, 2.0, 4.0):
    assert abs(settle(l2_penalty_grad, lam) - 1.0 / (1.0 + lam)) < 1e-6
    assert abs(settle(l1_penalty_grad, lam) - max(1.0 - lam / 2.0, 0.0)) < 0.06

lambdas = np.linspace(0.0, 4.0, 200)
fig, ax = plt.subplots(num="03-one-parameter", layout="constrained")
ax.plot(lambdas, np.maximum(1.0 - lambdas / 2.0, 0.0), label="L1: 1 − λ/2, then exactly 0")
ax.plot(lambdas, 1.0 / (1.0 + lambdas), label="L2: 1 / (1 + λ), never 0")
for lam in np.arange(0.0, 4.1, 0.5):
    ax.plot(lam, settle(l1_penalty_grad, lam), "o", color="C0")
    ax.plot(lam, settle(l2_penalty_grad, lam), "o", color="C1")
ax.set(xlabel="λ", ylabel="where θ settles", title="A loss of (θ − 1)² and a penalty (lines: algebra; dots: descent)")
ax.legend()

# %% [markdown]
# ## Code: a network
# Now the digits, and the weights of the first layer. Each of the 64 pixels has 32 weights there. We look at the size
# of these weights, pixel by pixel.

# %%
X, y = st.datasets.load_digits()
X_train, X_test, y_train, y_test = st.train_test_split(X / 16.0, y, test_size=0.25, stratify=y, random_state=0)
edge = X_train.max(axis=0) == 0.0
print(f"{edge.sum()} of 64 pixels are 0 in all training images")


def trained(penalty=None, optimizer=None, epochs=40):
    model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], dtype="float64")
    model.compile(
        loss="categorical_crossentropy", optimizer=optimizer or st.Adam(0.01), metrics=["accuracy"], penalty=penalty)
    model.fit(X_train, y_train, batch_size=64, epochs=epochs, verbose=0)
    return model


models = {"no penalty": trained(), "L1, λ = 0.001": trained(st.L1(0.001)), "L2, λ = 0.001": trained(st.L2(0.001))}
kernels = {name: model.get_weights()[0] for name, model in models.items()}
for name, kernel in kernels.items():
    accuracy = models[name].evaluate(X_test, y_test)["accuracy"]
    print(f"{name:13}  mean |w| {abs(kernel).mean():.3f}, at those pixels {abs(kernel[edge]).mean():.3f}, "
          f"accuracy on unseen digits {accuracy:.3f}")

in_use = {name: np.linalg.norm(kernel, axis=0) > 0.05 for name, kernel in kernels.items()}  # units, not pixels
empty = {name: np.mean(abs(kernel[:, in_use[name]]) < 0.01) for name, kernel in kernels.items()}
for name in kernels:
    print(f"{name:13}  {in_use[name].sum()} of 32 units are in use; of their weights {empty[name]:.0%} are below 0.01")
# -> 4 of 64 pixels are 0 in all training images
# -> no penalty     mean |w| 0.294, at those pixels 0.122, accuracy on unseen digits 0.980
# -> L1, λ = 0.001  mean |w| 0.069, at those pixels 0.001, accuracy on unseen digits 0.958
# -> L2, λ = 0.001  mean |w| 0.111, at those pixels 0.000, accuracy on unseen digits 0.969
# -> no penalty     32 of 32 units are in use; of their weights 3% are below 0.01
# -> L1, λ = 0.001  22 of 32 units are in use; of their weights 61% are below 0.01
# -> L2, λ = 0.001  22 of 32 units are in use; of their weights 19% are below 0.01

# %%
fig, axes = plt.subplots(2, 3, num="03-weights", figsize=(9.5, 5.6), layout="constrained", height_ratios=[1.25, 1])
for (name, kernel), above, below in zip(kernels.items(), axes[0], axes[1], strict=True):
    image = above.imshow(np.linalg.norm(kernel, axis=1).reshape(8, 8), vmin=0, vmax=3)
    above.set(title=name, xticks=[], yticks=[])
    above.plot(*np.divmod(np.flatnonzero(edge), 8)[::-1], "x", color="red", ms=8, mew=2)
    above.grid(False)
    below.hist(np.clip(kernel.ravel(), -1, 1), bins=np.linspace(-1, 1, 41), color="0.35")
    below.set(xlabel="weight", ylim=(0, 1000))
axes[1, 0].set_ylabel("how many of 2,048")
fig.colorbar(image, ax=axes[0], label="size of a pixel's 32 weights")
fig.suptitle("First layer: which pixels it listens to (x: pixels that are always 0), and its weights")

# %% [markdown]
# ## Check: a network
# Without a penalty the edge pixels keep the random weights that they started with: the loss has no gradient there, so
# nothing ever moves them. They do nothing, until one day an image has ink at the edge. Then they shout nonsense. Both
# penalties remove them, and both switch off whole units that are of little use. What they leave differs. In the units
# that stay, L1 has emptied more than half of the weights, and L2 a fifth: it makes them small instead.

# %%
size = {name: abs(kernel[edge]).mean() for name, kernel in kernels.items()}
at_the_start = models["no penalty"].fresh()
at_the_start.build((None, 64))
assert np.array_equal(at_the_start.get_weights()[0][edge], kernels["no penalty"][edge])
assert size["no penalty"] > 0.1
assert size["L1, λ = 0.001"] < 0.01 and size["L2, λ = 0.001"] < 0.01
assert empty["L1, λ = 0.001"] > 0.4 > 0.3 > empty["L2, λ = 0.001"] > empty["no penalty"]
assert min(model.evaluate(X_test, y_test)["accuracy"] for model in models.values()) > 0.93

# %% [markdown]
# ## Code: weight decay
# Weight decay does not touch J. It shrinks every parameter by the share α · w in each step. Under plain gradient
# descent the L2 gradient 2 · λ · θ is multiplied by α too. So L2 with λ is weight decay with w = 2 · λ, number for
# number:

# %%
by_penalty = trained(st.L2(0.001), st.SGD(0.1), epochs=5)
by_decay = trained(None, st.SGD(0.1, weight_decay=0.002), epochs=5)
print(f"SGD:  the same network: {np.allclose(by_penalty.theta, by_decay.theta, atol=1e-10)}")

adam_penalty = trained(st.L2(0.001), st.Adam(0.01), epochs=5)
adam_decay = trained(None, st.Adam(0.01, weight_decay=0.002), epochs=5)
print(f"Adam: the same network: {np.allclose(adam_penalty.theta, adam_decay.theta, atol=1e-10)}")
print(f"Adam: mean |theta| with the penalty {abs(adam_penalty.theta).mean():.3f}")
print(f"Adam: mean |theta| with decay       {abs(adam_decay.theta).mean():.3f}")
# -> SGD:  the same network: True
# -> Adam: the same network: False
# -> Adam: mean |theta| with the penalty 0.141
# -> Adam: mean |theta| with decay       0.215

# %% [markdown]
# Why? Adam divides each parameter's gradient by its usual size (lesson 05). The penalty is a part of the gradient, so
# it is divided too: where gradients are large, the pull of the penalty is small. Decay stands outside and is never
# divided.
#
# Two parameters show it. Both start at 1. Their losses are pure noise: one gets gradients of +10 and −10 in turn, the
# other +0.1 and −0.1. Nothing in the loss wants them anywhere. How far does each shrink in 300 steps?


# %%
def shrink(lam=0.0, w=0.0, steps=300, alpha=0.01):
    theta, pull = np.ones(2), np.empty(2)
    m, v = np.zeros(2), np.zeros(2)
    path = [theta.copy()]
    for t in range(1, steps + 1):
        noise = np.array([10.0, 0.1]) * (-1.0) ** t
        l2_penalty_grad(theta, lam, pull)
        weight_decay(theta, alpha, w)
        adam(theta, noise + pull, m, v, alpha, 0.9, 0.999, 1e-8, t)
        path.append(theta.copy())
    return np.array(path)


penalised, decayed = shrink(lam=0.1), shrink(w=0.2)
print(f"Adam with L2:    loud parameter {penalised[-1, 0]:.2f}, quiet parameter {penalised[-1, 1]:.2f}")
print(f"Adam with decay: loud parameter {decayed[-1, 0]:.2f}, quiet parameter {decayed[-1, 1]:.2f}")
# -> Adam with L2:    loud parameter 0.96, quiet parameter 0.01
# -> Adam with decay: loud parameter 0.56, quiet parameter 0.56

# %%
fig, axes = plt.subplots(1, 2, num="03-decay", figsize=(9.5, 4), sharey=True, layout="constrained")
for ax, path, title in zip(axes, (penalised, decayed), ("L2 penalty, λ = 0.1", "weight decay, w = 0.2"), strict=True):
    ax.plot(path[:, 0], label="gradients of ±10")
    ax.plot(path[:, 1], "--", label="gradients of ±0.1")
    ax.axhline(0.0, color="0.6", lw=1)
    ax.set(title=title, xlabel="step")
axes[0].set_ylabel("θ")
axes[0].legend()
fig.suptitle("Under Adam the penalty spares the loud parameter, decay treats both alike")

# %% [markdown]
# ## Check: weight decay

# %%
assert np.allclose(by_penalty.theta, by_decay.theta, atol=1e-10)
assert not np.allclose(adam_penalty.theta, adam_decay.theta, atol=1e-3)
assert penalised[-1, 0] > 0.9 and penalised[-1, 1] < 0.1
assert abs(decayed[-1, 0] - decayed[-1, 1]) < 0.01

# %% [markdown]
# ## Break it
# The 2 in [l2_penalty_grad] is easily forgotten. Somebody who writes λ/2 in the penalty has no 2 in the gradient; mix
# the two conventions and it is wrong. Central differences tell: move θ a little both ways, and see how much R
# changes.


# %%
def without_two(theta, lam, grad):
    grad[:] = lam * theta


def without_sign(theta, lam, grad):
    grad[:] = lam


def slope(penalty, theta, lam, h=1e-6):
    return (penalty(theta + h, lam) - penalty(theta - h, lam)) / (2.0 * h)


theta, grad = np.array([-3.0]), np.empty(1)
for penalty, pair in ((l2_penalty, (l2_penalty_grad, without_two)), (l1_penalty, (l1_penalty_grad, without_sign))):
    for gradient in pair:
        gradient(theta, 0.1, grad)
        print(f"{gradient.__name__:16} {grad[0]:6.3f}, measured {slope(penalty, theta, 0.1):6.3f}")
# -> l2_penalty_grad  -0.600, measured -0.600
# -> without_two      -0.300, measured -0.600
# -> l1_penalty_grad  -0.100, measured -0.100
# -> without_sign      0.100, measured -0.100

# %% [markdown]
# Without the 2, nothing looks wrong: your λ just acts like half of it, and nobody else can reproduce your result.
# Without the sign, L1 drives negative weights away from 0, until the loss holds against it: here theta ends at −1
# instead of at 0.

# %%
without_two(theta, 0.1, grad)
assert np.isclose(grad[0], slope(l2_penalty, theta, 0.1) / 2.0)
assert settle(without_sign, 4.0) < -0.9  # instead of 0

# %% [markdown]
# ## Exercise
# Give L1 its exact zeros. The trick is called *soft thresholding*, or the proximal step. First step along the
# gradient of the loss alone. Then move every parameter towards 0 by α · λ, and let those stop at 0 that would cross
# it:
#
#     θ'ᵢ = sign(θᵢ) · max(|θᵢ| − α · λ, 0)
#
# Change theta in place, as the package's updates do. Then run `python -m lessons check 3`.


# %%
def soft_threshold(theta, alpha, lam):
    raise NotImplementedError


# %%
def check(solution=None):
    """By hand, and then on the loss of one parameter."""
    solution = solution or soft_threshold
    theta = np.array([0.5, -0.5, 0.01, -0.01, 0.0])
    solution(theta, 0.1, 1.0)
    wanted = [0.4, -0.4, 0.0, 0.0, 0.0]
    assert np.allclose(theta, wanted), f"theta is {theta.tolist()}; it should be {wanted}, changed in place"
    for lam in (0.5, 1.0, 2.0, 4.0):
        theta = np.array([0.5])
        for _ in range(2000):
            gradient_descent(theta, 2.0 * (theta - 1.0), 0.01)
            solution(theta, 0.01, lam)
        best = max(1.0 - lam / 2.0, 0.0)
        assert abs(theta[0] - best) < 1e-9, f"with lambda {lam} theta ends at {theta[0]}; it should be {best}"
