# %% [markdown]
# # 03 L1, L2 and weight decay
# Three ways to keep parameters small, what each does to a network, when it helps, and where weight decay is not L2.
#
# Covers sections 4.2 and 9.3 of the document.

# %% [markdown]
# ## Question
# A network with many parameters can memorise its training data. What matters is whether it *generalises*, that is,
# whether it is right on data that it has not seen. A *penalty* makes large parameters cost something: one minimises the
# sum J = L + R, the loss plus the penalty. Two penalties are usual, and so is a shortcut called weight decay. What does
# each of them do to the parameters? Does the network generalise better? And is weight decay just L2 under another name?

# %% [markdown]
# ## Formulas
# - [l1_penalty] R = λ · Σᵢ[|θᵢ|]
# - [l1_penalty_grad] gᵢ = λ · sign(θᵢ)
# - [l2_penalty] R = λ · Σᵢ[θᵢ²]
# - [l2_penalty_grad] gᵢ = 2 · λ · θᵢ
# - [weight_decay] θ'ᵢ = θᵢ − α · w · θᵢ
#
# The first and the third are section 4.2 of the document, to the letter: all parameters count, there is no 1/2 and no
# 1/n. Other books write λ/2, and other packages do not penalise the biases (here `biases=False`). So never compare two
# values of λ before you know which formula each of them belongs to.
#
# Look at the gradients. The gradient of L2 is proportional to the parameter. That of L1 is λ or −λ, however small the
# parameter is.

# %% [markdown]
# ## Predict
# Take one parameter with the loss L = (θ − 1)². Without a penalty it settles at θ = 1.
#
# 1. Where does it settle with L2 and λ = 1? And with L1 and λ = 1?
# 2. Which of the two reaches exactly 0 if λ is large enough?
# 3. Some pixels at the edge of the training images are always 0. What happens to their weights during training: without
#    a penalty, and with L2? And what does it cost if there is ink on those pixels one day?
# 4. Does a penalty raise the accuracy on unseen digits if there are 1,347 training images? And if there are 100?
# 5. Under which optimizer are L2 and weight decay the same thing: plain gradient descent, Adam, or both?

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
# With plain gradient descent, L1 does not stop *at* 0. It jumps back and forth around it, less than a step away. The
# exercise repairs that.

# %%
for lam in (0.5, 1.0, 2.0, 4.0):
    assert abs(settle(l2_penalty_grad, lam) - 1.0 / (1.0 + lam)) < 1e-6
    assert abs(settle(l1_penalty_grad, lam) - max(1.0 - lam / 2.0, 0.0)) < 0.06

lambdas = np.linspace(0.0, 4.0, 200)
fig, (ax, plane) = plt.subplots(
    1, 2, num="03-one-parameter", figsize=(10.5, 4.4), layout="constrained", width_ratios=[1.4, 1])
ax.plot(lambdas, np.maximum(1.0 - lambdas / 2.0, 0.0), label="L1: 1 − λ/2, then exactly 0")
ax.plot(lambdas, 1.0 / (1.0 + lambdas), label="L2: 1 / (1 + λ), never 0")
for lam in np.arange(0.0, 4.1, 0.5):
    ax.plot(lam, settle(l1_penalty_grad, lam), "o", color="C0")
    ax.plot(lam, settle(l2_penalty_grad, lam), "o", color="C1")
ax.set(xlabel="λ", ylabel="where θ settles", title="Loss (θ − 1)² and a penalty (lines: algebra; dots: descent)")
ax.legend()
angle = np.linspace(0.0, 2.0 * np.pi, 200)
for name, (x, y), color in (("L1", (0.5, 0.0), "C0"), ("L2", (0.5, 0.15), "C1")):
    radius = np.hypot(x - 1.0, y - 0.3)
    plane.plot(1.0 + radius * np.cos(angle), 0.3 + radius * np.sin(angle), color="0.7", lw=1)
    plane.plot(x, y, "o", color=color, label=f"{name}: θ = ({x}, {y})")
plane.plot([0.5, 0.0, -0.5, 0.0, 0.5], [0.0, 0.5, 0.0, -0.5, 0.0], color="C0", lw=1.2)
plane.plot(np.hypot(0.5, 0.15) * np.cos(angle), np.hypot(0.5, 0.15) * np.sin(angle), color="C1", lw=1.2)
plane.plot(1.0, 0.3, "k*", ms=11, label="minimum of the loss: (1, 0.3)")
plane.set(xlabel="θ₁", ylabel="θ₂", aspect="equal", xlim=(-0.7, 1.7), ylim=(-0.7, 1.3))
plane.set_title("Two parameters, λ = 1")
plane.legend(loc="upper left", fontsize=9)

# %% [markdown]
# On the right are two parameters with the loss (θ₁ − 1)² + (θ₂ − 0.3)², so each is a problem like the one above. Grey
# circles join points of equal loss, the blue diamond points of equal L1, the orange circle points of equal L2. The
# diamond and the orange circle each touch a grey circle where J is smallest. The diamond does so at a corner, where θ₂
# is exactly 0; the circle has no corners, and there θ₂ is only smaller than 0.3.

# %%
first, second = np.meshgrid(np.linspace(-0.5, 1.5, 401), np.linspace(-0.5, 1.5, 401))  # theta on a grid
loss = (first - 1.0) ** 2 + (second - 0.3) ** 2
for penalty, wanted in ((abs(first) + abs(second), (0.5, 0.0)), (first**2 + second**2, (0.5, 0.15))):
    least = np.argmin(loss + penalty)
    assert np.allclose((first.flat[least], second.flat[least]), wanted, atol=0.006)

# %% [markdown]
# ## Code: a network
# Now the digits, and the weights of the first layer. Each of the 64 pixels has 32 weights there. We look at the size
# of these weights, pixel by pixel.

# %%
X, y = st.datasets.load_digits()
X_train, X_test, y_train, y_test = st.train_test_split(X / 16.0, y, test_size=0.25, stratify=y, random_state=0)
edge = X_train.max(axis=0) == 0.0
print(f"{edge.sum()} of 64 pixels are 0 in all training images")


def trained(penalty=None, optimizer=None, epochs=40, seed=0, rows=slice(None), batch_size=64):
    layers = [st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")]
    model = st.Sequential(layers, dtype="float64", seed=seed)
    model.compile(
        loss="categorical_crossentropy", optimizer=optimizer or st.Adam(0.01), metrics=["accuracy"], penalty=penalty)
    model.fit(X_train[rows], y_train[rows], batch_size=batch_size, epochs=epochs, verbose=0)
    return model


penalties = {"no penalty": None, "L1, λ = 0.001": st.L1(0.001), "L2, λ = 0.001": st.L2(0.001)}
models = {name: [trained(penalty, seed=seed) for seed in range(5)] for name, penalty in penalties.items()}
kernels = {name: [model.get_weights()[0] for model in five] for name, five in models.items()}
size, in_use, small = {}, {}, {}
for name, five in kernels.items():
    size[name] = np.mean([abs(kernel[edge]).mean() for kernel in five])
    used = [np.linalg.norm(kernel, axis=0) > 0.05 for kernel in five]  # units, not pixels
    in_use[name] = np.mean([units.sum() for units in used])
    small[name] = np.mean([np.mean(abs(kernel[:, units]) < 0.01) for kernel, units in zip(five, used, strict=True)])
    print(f"{name:13}  mean |w| {np.mean(np.abs(five)):.2f}, at those pixels {size[name]:.2f}; "
          f"{in_use[name]:.0f} of 32 units in use, {small[name]:.0%} of their weights below 0.01")
# -> 4 of 64 pixels are 0 in all training images
# -> no penalty     mean |w| 0.30, at those pixels 0.13; 32 of 32 units in use, 2% of their weights below 0.01
# -> L1, λ = 0.001  mean |w| 0.07, at those pixels 0.00; 24 of 32 units in use, 60% of their weights below 0.01
# -> L2, λ = 0.001  mean |w| 0.12, at those pixels 0.00; 26 of 32 units in use, 21% of their weights below 0.01

# %% [markdown]
# (These are means over five random starts. A unit counts as in use if the vector of its 64 weights is longer than
# 0.05.)
#
# What effect do the weights of the empty pixels have? We put ink on those four pixels of every test image, and measure
# the accuracy again. For comparison, we put it on four pixels that are *rarely* inked, in one to three of the 1,347
# training images; and on four pixels drawn from all 60 others, 20 times.

# %%
rare = np.argsort(np.where(edge, np.inf, (X_train > 0.0).sum(axis=0)), kind="stable")[:4]
draws = np.random.default_rng(0)
others = [draws.choice(np.flatnonzero(~edge), 4, replace=False) for _ in range(20)]


def accuracy(model, inked=()):
    """Accuracy on the test images, with ink on some pixels."""
    images = X_test.copy()
    images[:, list(inked)] = 1.0
    return model.evaluate(images, y_test)["accuracy"]


print(f"{'accuracy with ink on':24}nothing  empty  rare  four others")
inked = {}
for name, five in models.items():
    inked[name] = [np.mean([accuracy(model, pixels) for model in five for pixels in which])
                   for which in ([()], [np.flatnonzero(edge)], [rare], others)]
    columns = zip(inked[name], (7, 7, 6, 13), strict=True)
    print(f"{name:24}" + "".join(f"{value:{width}.3f}" for value, width in columns))
# -> accuracy with ink on    nothing  empty  rare  four others
# -> no penalty                0.976  0.968 0.905        0.852
# -> L1, λ = 0.001             0.967  0.967 0.967        0.917
# -> L2, λ = 0.001             0.969  0.969 0.969        0.922

# %%
fig, axes = plt.subplots(2, 3, num="03-weights", figsize=(9.5, 5.6), layout="constrained", height_ratios=[1.25, 1])
for (name, five), above, below in zip(kernels.items(), axes[0], axes[1], strict=True):
    image = above.imshow(np.linalg.norm(five[0], axis=1).reshape(8, 8), vmin=0, vmax=3)
    above.set(title=name, xticks=[], yticks=[])
    above.plot(*np.divmod(np.flatnonzero(edge), 8)[::-1], "x", color="red", ms=8, mew=2)
    above.grid(False)
    below.hist(np.clip(five[0].ravel(), -1, 1), bins=np.linspace(-1.025, 1.025, 42), color="0.35")
    below.set(xlabel="weight", ylim=(0, 1700))
axes[1, 0].set_ylabel("how many of 2,048")
fig.colorbar(image, ax=axes[0], label="norm of a pixel's 32 weights")
fig.suptitle("First layer: the weights of each pixel (x: pixels that are always 0), and all weights")

# %% [markdown]
# ## Check: a network
# Without a penalty the weights of the empty pixels stay as they were initialised: the pixel is 0, so the loss has no
# gradient there. That matters little: ink on those four pixels costs about one digit in a hundred, and on four
# other pixels about twelve. Ink on the rare pixels costs seven. Training has made their weights larger, on the evidence
# of one to three images. With either penalty, ink on the empty or the rare pixels changes nothing: the weights of both
# are about 0, as the last lines below check.
#
# The two penalties differ in the weights that remain. With both, whole units are no longer in use. In the units that
# are, L1 has brought more than half of the weights to about 0, and L2 about a fifth: it makes them small instead.

# %%
for five in zip(models["no penalty"], kernels["no penalty"], strict=True):
    at_the_start = five[0].fresh()
    at_the_start.build((None, 64))
    assert np.array_equal(at_the_start.get_weights()[0][edge], five[1][edge])
assert size["no penalty"] > 0.1 and size["L1, λ = 0.001"] < 0.01 and size["L2, λ = 0.001"] < 0.01
assert small["L1, λ = 0.001"] > 0.4 > 0.3 > small["L2, λ = 0.001"] > small["no penalty"]
assert max(in_use["L1, λ = 0.001"], in_use["L2, λ = 0.001"]) < 30 < in_use["no penalty"]
nothing, empty, rarely, four_others = inked["no penalty"]
assert 0.0 < nothing - empty < 0.02 < nothing - rarely < nothing - four_others
for name in ("L1, λ = 0.001", "L2, λ = 0.001"):
    assert max(abs(inked[name][0] - value) for value in inked[name][1:3]) < 0.003
    assert max(abs(kernel[rare]).mean() for kernel in kernels[name]) < 0.02
assert np.mean([abs(kernel[rare]).mean() for kernel in kernels["no penalty"]]) > 1.2 * size["no penalty"]

# %% [markdown]
# ## Code: when a penalty helps
# In that table the accuracy without ink is not higher with a penalty, but lower. So what are penalties for? Let us take
# fewer training images: 100 of the 1,347, drawn again for each of 20 random starts. Each of the three networks is
# trained with the same six configurations, two learning rates times three numbers of epochs, and we compare the best of
# each. It is chosen by the test set, so all three results are somewhat optimistic. λ is 0.001 as above. Beside the
# accuracy we take the log loss, lesson 04's loss on the test images. It is large if the network gives a wrong answer a
# high probability.


# %%
def generalisation(rows, penalty, alpha, epochs, seeds):
    """Accuracy and log loss on the test images, (seeds, 2); a seed draws the rows and the random start."""
    found = []
    for seed in range(seeds):
        drawn = np.random.default_rng(seed).permutation(len(X_train))[:rows]
        model = trained(penalty, st.Adam(alpha), epochs, seed, drawn, batch_size=32)
        p = np.clip(model.predict(X_test), 1e-15, 1.0)
        found.append((np.mean(p.argmax(axis=1) == y_test), -np.log(p[np.arange(len(y_test)), y_test]).mean()))
    return np.array(found)


def compare(penalised, plain):
    """The mean difference of the pairs with equal seeds, and its standard error, std / √seeds."""
    difference = penalised - plain
    return difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))


def of_the_best(penalty):
    """The accuracy of the best of six with 100 images, and the log loss of the best of six, (20,) each."""
    runs = [generalisation(100, penalty, alpha, epochs, 20) for alpha in (0.003, 0.01) for epochs in (80, 160, 320)]
    return max((run[:, 0] for run in runs), key=np.mean), min((run[:, 1] for run in runs), key=np.mean)


results = {
    1347: {name: generalisation(1347, penalty, 0.01, 40, 10).T for name, penalty in penalties.items()},
    100: {name: of_the_best(penalty) for name, penalty in penalties.items()},
}
gain = {}
for rows, runs in results.items():
    plain = runs.pop("no penalty")
    print(f"{rows:4} images, no penalty: accuracy {plain[0].mean():.3f}, log loss {plain[1].mean():.2f}")
    for name, run in runs.items():
        gain[rows, name] = [compare(run[column], plain[column]) for column in (0, 1)]
        (a, a_error), (loss, loss_error) = gain[rows, name]
        print(f"    {name}: accuracy {a:6.3f} ± {a_error:.3f}, log loss {loss:6.3f} ± {loss_error:.3f}")
# -> 1347 images, no penalty: accuracy 0.973, log loss 0.09
# ->     L1, λ = 0.001: accuracy -0.006 ± 0.003, log loss  0.029 ± 0.008
# ->     L2, λ = 0.001: accuracy -0.001 ± 0.003, log loss  0.023 ± 0.007
# ->  100 images, no penalty: accuracy 0.892, log loss 0.38
# ->     L1, λ = 0.001: accuracy  0.004 ± 0.003, log loss -0.026 ± 0.007
# ->     L2, λ = 0.001: accuracy  0.009 ± 0.002, log loss -0.038 ± 0.006

# %% [markdown]
# ## Check: when a penalty helps
# Each ± is the standard error of the mean difference. Read a difference of less than two of them as undecided (lesson
# 10 says more).
#
# With all 1,347 images neither penalty helps. The log loss is worse with both, and the accuracy is not better. With
# 100 images L2 helps, in the log loss and a little in the accuracy. L1 lowers the log loss, too, and its accuracy is
# undecided. So whether λ = 0.001 is better than λ = 0 depends on how much data there is. That is why λ is a
# hyper-parameter that one tunes.

# %%
for name in ("L1, λ = 0.001", "L2, λ = 0.001"):
    (accuracy_gain, _), (loss_gain, loss_error) = gain[1347, name]
    assert accuracy_gain < 0.005 and loss_gain > 2.0 * loss_error
    assert gain[100, name][1][0] < 0.0
(accuracy_gain, _), (loss_gain, loss_error) = gain[100, "L2, λ = 0.001"]
assert accuracy_gain > 0.0 and loss_gain < -2.5 * loss_error
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
# Why? Adam divides each parameter's gradient by its usual size (lesson 05). The gradient of the penalty is a part of
# it, so it is divided too: where gradients are large, the penalty has little effect. Decay is applied separately (it is
# *decoupled*, as in AdamW) and is never divided.
#
# Two parameters show it. Both start at 1. One gets gradients of +10 and −10 in turn, the other +0.1 and −0.1, so the
# loss moves neither of them for long. How far does each shrink in 300 steps?


# %%
def shrink(lam=0.0, w=0.0, steps=300, alpha=0.01):
    theta, pull = np.ones(2), np.empty(2)
    m, v = np.zeros(2), np.zeros(2)
    path = [theta.copy()]
    for t in range(1, steps + 1):
        noise = np.array([10.0, 0.1]) * (-1.0) ** t
        l2_penalty_grad(theta, lam, pull)
        weight_decay(theta, alpha, w)
        adam(theta, noise + pull, m, v, alpha, (0.9, 0.999), 1e-8, t)
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
fig.suptitle("Under Adam the penalty hardly shrinks the loud parameter; decay shrinks both alike")

# %% [markdown]
# ## Check: weight decay

# %%
assert np.allclose(by_penalty.theta, by_decay.theta, atol=1e-10)
assert not np.allclose(adam_penalty.theta, adam_decay.theta, atol=1e-3)
assert penalised[-1, 0] > 0.9 and penalised[-1, 1] < 0.1
assert abs(decayed[-1, 0] - decayed[-1, 1]) < 0.01

# %% [markdown]
# ## Break it
# The 2 in [l2_penalty_grad] is easily forgotten. With λ/2 in the penalty there is no 2 in the gradient; if the two
# conventions are mixed, the gradient is wrong. *Central differences* show it: move θ a little both ways, and see how
# much R changes (lesson 04).


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
# Without the 2, your λ acts like half of it, and training shows no sign of that. Without the sign, L1 drives negative
# weights away from 0. With the loss of one parameter above and λ = 4, theta ends at −1 instead of at 0.

# %%
without_two(theta, 0.1, grad)
assert np.isclose(grad[0], slope(l2_penalty, theta, 0.1) / 2.0)
assert settle(without_sign, 4.0) < -0.9  # instead of 0

# %% [markdown]
# ## Exercise
# Give L1 its exact zeros. The trick is called *soft thresholding*, or the proximal step. First take a step of gradient
# descent on the loss alone. Then move every parameter towards 0 by α · λ, and set those to 0 that would cross it:
#
#     θ'ᵢ = sign(θᵢ) · max(|θᵢ| − α · λ, 0)
#
# Change theta in place, as the package's updates do. Then run `python -m lessons check 3`.


# %%
def soft_threshold(theta, alpha, lam):
    raise NotImplementedError


# %%
MISTAKES = {  # what a usual mistake makes of theta = (0.5, -0.5, 0.05, -0.05, 0), with alpha = 0.1 and lam = 2
    (0.3, -0.3, -0.15, 0.15, 0.0): "The maximum with 0 is missing: a parameter closer to 0 than alpha * lam must stop "
                                   "at 0, and yours crosses it",
    (0.0, 0.0, 0.0, 0.0, 0.0): "Every parameter becomes 0: alpha is missing, so each moves by lam instead of by "
                               "alpha * lam",
    (0.4, -0.4, 0.0, 0.0, 0.0): "Each parameter moves by alpha: lam is missing",
    (0.3, 0.0, 0.0, 0.0, 0.0): "The negative parameters are lost: take |theta| inside, and put the sign back",
    (0.3, 0.3, 0.0, 0.0, 0.0): "The sign is lost: a negative parameter must stay negative",
    (0.4, -0.4, 0.04, -0.04, 0.0): "This shrinks every parameter by a share of itself, which is weight decay; L1 moves "
                                   "each by the same amount",
}


def check(solution=None):
    """By hand, and then on the loss of one parameter."""
    solution = solution or soft_threshold
    start = np.array([0.5, -0.5, 0.05, -0.05, 0.0])
    theta = start.copy()
    solution(theta, 0.1, 2.0)
    assert not np.array_equal(theta, start), "theta is unchanged: write into it, as in theta[:] = ..., not a new array"
    assert not np.isnan(theta).any(), "theta / |theta| has no value where theta is 0; np.sign has: it is 0"
    named = [text for wrong, text in MISTAKES.items() if np.allclose(theta, wrong)]
    assert not named, f"{named[0]}. It gives {theta}."
    assert np.allclose(theta, [0.3, -0.3, 0.0, 0.0, 0.0]), f"theta is {theta}; it should be [0.3 -0.3 0 0 0]"
    for lam in (0.5, 1.0, 2.0, 4.0):
        theta = np.array([0.5])
        for _ in range(2000):
            gradient_descent(theta, 2.0 * (theta - 1.0), 0.01)
            solution(theta, 0.01, lam)
        best = max(1.0 - lam / 2.0, 0.0)
        assert abs(theta[0] - best) < 1e-9, f"with lambda {lam} theta ends at {theta[0]}; it should be {best}"
