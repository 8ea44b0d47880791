# %% [markdown]
# # 02 Gradient descent
# One line of mathematics trains a network; the learning rate decides whether it learns slowly, fast, or not at all.
#
# Covers section 4.1 of the document.

# %% [markdown]
# ## Question
# A network has thousands of parameters. Training looks for values at which its error is small. Trying all values is
# hopeless. How can training find the way down without ever seeing the whole landscape?

# %% [markdown]
# ## Formulas
# - [gradient_descent] θ'ᵢ = θᵢ − α · gᵢ
#
# θ (theta) are the parameters. J(θ) is the error, called the *loss*. g is its *gradient*: for each parameter, how
# much J grows if that parameter grows a little. So −g points downhill. α (alpha) is the *learning rate*, how far we
# step. This is section 4.1 of the document.

# %% [markdown]
# ## Predict
# Our first landscape is a bowl with two parameters, J = (θ₁² + 10 · θ₂²) / 2. Its gradient is (θ₁, 10 · θ₂): along θ₂
# the bowl is ten times as curved, so its walls get steep ten times as fast. We start at (10, 1).
#
# 1. Which learning rate is best: 0.01, 0.1, 0.18, or 0.21?
# 2. One of them makes J grow without end. Which one, and which of the two parameters is the cause?
# 3. Where is θ₁ after 20 steps with α = 0.1? (One step multiplies it by 1 − α.)

# %% [markdown]
# ## Code
# The step is the package's own function. It changes theta in place.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune import formulas
from scratchtune.network.optimizers import gradient_descent

print(formulas.find("gradient_descent").line)


def bowl(theta):
    return (theta[0] ** 2 + 10.0 * theta[1] ** 2) / 2.0


def bowl_gradient(theta):
    return np.array([theta[0], 10.0 * theta[1]])


def descend(alpha, steps=20, step=gradient_descent):
    """The path that theta takes, (steps + 1, 2)."""
    theta = np.array([10.0, 1.0])
    path = [theta.copy()]
    for _ in range(steps):
        step(theta, bowl_gradient(theta), alpha)
        path.append(theta.copy())
    return np.array(path)


paths = {alpha: descend(alpha) for alpha in (0.01, 0.1, 0.18, 0.21)}
for alpha, path in paths.items():
    end = path[-1]
    print(f"alpha {alpha:4}: after 20 steps theta = ({end[0]:6.3f}, {end[1]:6.3f}), J = {bowl(end):8.4f}")
# -> θ'ᵢ = θᵢ − α · gᵢ
# -> alpha 0.01: after 20 steps theta = ( 8.179,  0.122), J =  33.5225
# -> alpha  0.1: after 20 steps theta = ( 1.216,  0.000), J =   0.7390
# -> alpha 0.18: after 20 steps theta = ( 0.189,  0.012), J =   0.0185
# -> alpha 0.21: after 20 steps theta = ( 0.090,  6.727), J = 226.3003

# %% [markdown]
# A picture of the four paths. The ellipses join points with the same J.

# %%
fig, axes = plt.subplots(2, 2, num="02-paths", figsize=(10, 5.6), sharex=True, sharey=True, layout="constrained")
across, up = np.meshgrid(np.linspace(-3, 12, 200), np.linspace(-7.4, 7.4, 200))
for ax, (alpha, path) in zip(axes.flat, paths.items(), strict=True):
    ax.contour(across, up, bowl([across, up]), levels=[0.5, 5, 20, 50, 100, 200], colors="0.75", linewidths=0.8)
    ax.plot(path[:, 0], path[:, 1], ".-", color="tab:red" if alpha == 0.21 else "tab:blue", lw=1.2, ms=7)
    ax.plot(0, 0, "k*", ms=12)
    ax.set_title(f"α = {alpha}: J = {bowl(path[-1]):.3g} after 20 steps")
    ax.grid(False)
for ax in axes[1]:
    ax.set_xlabel("θ₁")
for ax in axes[:, 0]:
    ax.set_ylabel("θ₂")
fig.suptitle("Four learning rates on one bowl (the star is the minimum)")

# %% [markdown]
# ## Check
# Along θ₁ each step multiplies by 1 − α. Along θ₂, where it is ten times as curved, by 1 − 10 · α. With α = 0.21 that
# is −1.1: θ₂ jumps to the other side and ends up farther away each time. In general, a step multiplies the distance
# along a direction of curvature c by 1 − α · c. That shrinks it only if α is below 2 / c, so the *most curved*
# direction sets the limit for all of them.
#
# The curvatures of a bowl are the eigenvalues of its *Hessian*, the matrix of second derivatives. We measure it from
# the change of the gradient as θ moves a little, and then try an α just below the limit and one just above.

# %%
assert np.allclose(paths[0.1][-1, 0], 10.0 * 0.9**20)
assert np.allclose(paths[0.21][-1, 1], (1.0 - 10.0 * 0.21) ** 20)
assert bowl(paths[0.18][-1]) < bowl(paths[0.1][-1]) < bowl(paths[0.01][-1]) < bowl([10.0, 1.0])
assert bowl(paths[0.21][-1]) > bowl(paths[0.21][-2])

start = np.array([10.0, 1.0])
hessian = np.array([bowl_gradient(start + e) - bowl_gradient(start - e) for e in 1e-3 * np.eye(2)]) / 2e-3
limit = 2.0 / np.linalg.eigvalsh(hessian).max()
ends = [bowl(descend(share * limit, steps=1000)[-1]) for share in (0.99, 1.01)]
print(f"2 / largest eigenvalue = {limit:.3f}")
print(f"alpha 1 % below it: J is below 0.001 after 1,000 steps: {ends[0] < 1e-3}")
print(f"alpha 1 % above it: J is above 1,000,000,000:           {ends[1] > 1e9}")
assert ends[0] < 1e-3 and ends[1] > 1e9
# -> 2 / largest eigenvalue = 0.200
# -> alpha 1 % below it: J is below 0.001 after 1,000 steps: True
# -> alpha 1 % above it: J is above 1,000,000,000:           True

# %% [markdown]
# The flat direction has to use the same α. With α at most 0.2, a step leaves at least 1 − 0.2 = 80 % of θ₁. If the bowl
# were 1,000 times as curved along θ₂ as along θ₁, a step would leave 99.8 %. So the longer and narrower the bowl, the
# slower the descent.

# %% [markdown]
# ### The same line on real data
# Now a network with 4,810 parameters, and 1,347 images of digits. `model.theta` holds all parameters in one vector,
# and `model.gradient` computes g. Training is the same loop as before, with nothing added.

# %%
X, y = st.datasets.load_digits()
X_train, X_test, y_train, y_test = st.train_test_split(X / 16.0, y, test_size=0.25, stratify=y, random_state=0)


def new_model(alpha, activation="relu", seed=0):
    layers = [st.Dense(64, activation=activation), st.Dense(10, activation="softmax")]
    model = st.Sequential(layers, dtype="float64", seed=seed)
    model.compile(loss="categorical_crossentropy", optimizer=st.SGD(learning_rate=alpha), metrics=["accuracy"])
    model.build((None, 64))
    return model


model = new_model(alpha=0.5)
print(f"{model.theta.size} parameters, J = {model.objective(X_train, y_train):.4f} before training")
for _ in range(20):
    gradient_descent(model.theta, model.gradient(X_train, y_train), 0.5)
print(f"J = {model.objective(X_train, y_train):.4f} after 20 steps")
# -> 4810 parameters, J = 2.3295 before training
# -> J = 0.6059 after 20 steps

# %% [markdown]
# `fit` does just this, if one batch holds all rows. Same start, same steps, same end:

# %%
fitted = new_model(alpha=0.5)
fitted.fit(X_train, y_train, batch_size=len(X_train), epochs=20, verbose=0)
difference = abs(fitted.theta - model.theta).max()
print(f"the two end at the same theta: {difference < 1e-10}")
assert difference < 1e-10
# -> the two end at the same theta: True

# %% [markdown]
# Usually a step does not look at all rows. It takes a few, a *batch*, and uses their gradient as an estimate. If the
# batches are of equal size, the mean of their gradients is exactly the gradient of all rows. (An *epoch* is one pass
# over all rows. Lesson 05 looks at the batch size.)

# %%
batches = [slice(start, start + 449) for start in (0, 449, 898)]  # 3 x 449 = 1,347 rows
mean_of_batches = np.mean([model.gradient(X_train[rows], y_train[rows]) for rows in batches], axis=0)
assert np.allclose(mean_of_batches, model.gradient(X_train, y_train), atol=1e-12)

losses = {}
for alpha in (0.003, 0.03, 0.3, 3.0):
    trained = new_model(alpha)
    losses[alpha] = trained.fit(X_train, y_train, batch_size=32, epochs=15, verbose=0).history["loss"]
    print(f"alpha {alpha:5}: loss in epoch 1 is {losses[alpha][0]:6.2f}, in epoch 15 {losses[alpha][-1]:6.2f}")
# -> alpha 0.003: loss in epoch 1 is   2.31, in epoch 15   1.80
# -> alpha  0.03: loss in epoch 1 is   2.13, in epoch 15   0.33
# -> alpha   0.3: loss in epoch 1 is   1.22, in epoch 15   0.07
# -> alpha   3.0: loss in epoch 1 is   3.92, in epoch 15   2.33

# %%
fig, ax = plt.subplots(num="02-learning-rates", layout="constrained")
for alpha, values in losses.items():
    (curve,) = ax.plot(range(1, 16), values, "o-", ms=4)
    ax.annotate(f"α = {alpha}", (15, values[-1]), (8, 0), textcoords="offset points", color=curve.get_color())
ax.axhline(np.log(10), color="0.6", lw=1, ls="--")
ax.annotate("guessing: log 10 = 2.30", (9, np.log(10)), (0, 8), textcoords="offset points", color="0.4", ha="center")
ax.set(xlabel="epoch", ylabel="mean training loss (log scale)", yscale="log", xlim=(0.5, 17.5), xticks=range(1, 16, 2))
ax.set_yticks([0.05, 0.1, 0.2, 0.5, 1, 2], ["0.05", "0.1", "0.2", "0.5", "1", "2"])
ax.set_title("Digits: too small learns slowly, too large learns nothing")

# %% [markdown]
# With α = 3 the network ends at about log 10 = 2.30. That is the loss of giving each of the ten digits the probability
# 1/10. Why does it neither learn nor explode? Look at the hidden units. A ReLU unit whose input is negative puts out
# 0, and its gradient is 0, too. If its input is negative for *every* image, the unit is *dead*: gradient descent never
# moves its weights again. We count the dead units. For comparison we train the same network with tanh, which has no
# such flat half.

# %%
for activation in ("relu", "tanh"):
    ends, dead, differ = [], [], []
    for seed in range(5):
        trained = new_model(3.0, activation, seed)
        ends.append(trained.fit(X_train, y_train, batch_size=32, epochs=15, verbose=0).history["loss"][-1])
        W, b, *_ = trained.get_weights()
        dead.append(np.mean((X_train @ W + b <= 0.0).all(axis=0)))
        differ.append(np.ptp(trained.predict(X_train), axis=0).max())
    if activation == "relu":
        print(f"relu, alpha 3: {np.mean(dead):.0%} of the hidden units are dead, loss {np.mean(ends):.1f}")
        print(f"its answers to two training images differ by at most {max(differ):.3f}")
        assert min(dead) == 1.0 and max(differ) < 1e-12
    else:
        print(f"tanh, alpha 3: loss {np.mean(ends):.0f}")
        assert min(ends) > 20.0
# -> relu, alpha 3: 100% of the hidden units are dead, loss 2.3
# -> its answers to two training images differ by at most 0.000
# -> tanh, alpha 3: loss 86

# %% [markdown]
# With ReLU and five different random starts, all 64 units die. What is left of the network are the biases of the
# output layer, so it gives the same ten probabilities to every training image. With tanh the loss explodes. So a loss
# near log 10 is a reason to count the dead units. A few of them need not do harm: with α = 1 units die, too, and the
# network still learns, as the next cell checks.

# %%
assert losses[0.3][-1] < 0.1 < losses[0.03][-1] < losses[0.003][-1]
assert losses[3.0][-1] > 2.0
trained = new_model(1.0)
trained.fit(X_train, y_train, batch_size=32, epochs=15, verbose=0)
W, b, *_ = trained.get_weights()
dead = np.mean((X_train @ W + b <= 0.0).all(axis=0))
assert 0.05 < dead < 1.0 and trained.evaluate(X_test, y_test)["accuracy"] > 0.9

# %% [markdown]
# ## Break it
# The formula has two parts that one can forget: the minus sign, and α. Leave each of them out, and compare J after
# five steps.


# %%
def without_minus(theta, grad, alpha):
    theta += alpha * grad


def without_alpha(theta, grad, alpha):
    theta -= grad


for wrong in (gradient_descent, without_minus, without_alpha):
    ends = [bowl(descend(alpha, steps=5, step=wrong)[-1]) for alpha in (0.01, 0.1)]
    print(f"{wrong.__name__:16}  J after 5 steps: alpha 0.01 gives {ends[0]:.4g}, alpha 0.1 gives {ends[1]:.4g}")
# -> gradient_descent  J after 5 steps: alpha 0.01 gives 46.96, alpha 0.1 gives 17.43
# -> without_minus     J after 5 steps: alpha 0.01 gives 68.2, alpha 0.1 gives 5250
# -> without_alpha     J after 5 steps: alpha 0.01 gives 1.743e+10, alpha 0.1 gives 1.743e+10

# %% [markdown]
# Without the minus, theta climbs: J grows at every learning rate. Without α, both columns are equal, since nothing is
# left to choose, and θ₂ explodes: each step multiplies it by 1 − 10 = −9.

# %%
assert bowl(descend(0.01, 5, without_minus)[-1]) > bowl([10.0, 1.0])
assert np.isclose(descend(0.1, 5, without_alpha)[-1, 1], (-9.0) ** 5)

# %% [markdown]
# ## Exercise
# Usually the curvature is not known, and so the best α is not known either. Write a descent that finds an α by itself:
#
# - make a step with [gradient_descent] (on a copy of theta);
# - if J did not grow, keep the step; otherwise drop it and halve alpha;
# - after `steps` attempts return theta and the alpha that is left.
#
# Then run `python -m lessons check 2`.


# %%
def careful_descent(objective, gradient, theta, alpha, steps):
    raise NotImplementedError


# %%
def check(solution=None):
    """One attempt that must be dropped, one that must be kept, and then a long descent."""
    solution = solution or careful_descent

    def valley(theta):
        return (theta[0] ** 2 + 10.0 * theta[1] ** 2) / 2.0

    def valley_gradient(theta):
        return np.array([theta[0], 10.0 * theta[1]])

    start = np.array([10.0, 1.0])
    theta, alpha = solution(valley, valley_gradient, start, 64.0, 1)
    assert np.shape(theta) == (2,), "Return two things in this order: theta, and the alpha that is left"
    assert np.array_equal(start, [10.0, 1.0]), "The theta that was given has been changed; step on a copy of it"
    counted_kept = alpha < 32.0 and valley(theta) < valley(start)
    assert not counted_kept, "`steps` counts all attempts, also those that are dropped; you made more than one"
    assert np.array_equal(theta, start), f"A step that makes J grow must be dropped; yours is kept: {theta}"
    assert alpha != 16.0, "alpha is halved twice for one dropped step; first try the alpha that is given"
    assert alpha != 64.0, "The step with alpha = 64 was dropped, but alpha is still 64; it must be halved then"
    assert alpha == 32.0, f"One dropped step halves alpha once, from 64 to 32; yours is {alpha}"

    theta, alpha = solution(valley, valley_gradient, start, 0.1, 1)
    assert not np.array_equal(theta, start), "A step downhill with alpha = 0.1 makes J smaller and must be kept"
    assert np.allclose(theta, [9.0, 0.0]), f"One step with alpha = 0.1 leads to (9, 0); yours leads to {theta}"
    assert alpha == 0.1, f"alpha is halved only when a step is dropped; after a kept step it is still 0.1, not {alpha}"

    heights = [valley(solution(valley, valley_gradient, start, 64.0, steps)[0]) for steps in range(40)]
    risen = np.diff(heights).max() > 1e-9
    assert not risen, "A kept step makes J larger than before it: compare with J at the latest theta, not at the first"
    theta, alpha = solution(valley, valley_gradient, start, 64.0, 200)
    assert valley(theta) < 1e-6, f"After 200 attempts J should be below 0.000001; yours is {valley(theta):.3g}"
