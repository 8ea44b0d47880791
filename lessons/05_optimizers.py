# %% [markdown]
# # 05 Optimizers, and learning rate times batch size
# What momentum and Adam add to gradient descent, and how rate and batch set its speed and stability together.

# %% [markdown]
# ## Question
# Gradient descent has one memory: where it is. Momentum, RMSprop and Adam also remember earlier gradients. What do
# they get for it? And the document says (section 2.2) that learning rate and batch size act *together* on the speed
# and the stability of convergence. In which way?

# %% [markdown]
# ## Formulas
# - [gradient_descent] θ'ᵢ = θᵢ − α · gᵢ
# - [momentum] v'ᵢ = μ · vᵢ − α · gᵢ ; θ'ᵢ = θᵢ + v'ᵢ
# - [nesterov] v'ᵢ = μ · vᵢ − α · gᵢ ; θ'ᵢ = θᵢ + μ · v'ᵢ − α · gᵢ
# - [rmsprop] v'ᵢ = ρ · vᵢ + (1 − ρ) · gᵢ² ; θ'ᵢ = θᵢ − α · gᵢ / √(v'ᵢ + ε)
# - [adam] m'ᵢ = β₁ · mᵢ + (1 − β₁) · gᵢ ; v'ᵢ = β₂ · vᵢ + (1 − β₂) · gᵢ² ;
#   θ'ᵢ = θᵢ − α · (m'ᵢ / (1 − β₁^t)) / (√(v'ᵢ / (1 − β₂^t)) + ε)
#
# Two ideas, and Adam has both. *Momentum*: follow a running mean of the gradients, so that what points to and fro
# cancels out and what points the same way adds up. *Scaling*: divide each parameter's gradient by its usual size, so
# that flat directions get long steps too. A prime is the new value, t counts the steps, ε is tiny and only prevents a
# division by zero.

# %% [markdown]
# ## Predict
# 1. On a long, narrow bowl, how many times fewer steps does momentum need than plain descent: 1, 10, or 100?
# 2. How long is Adam's very first step, if α = 0.001 and the gradient is 1000? And if it is 0.001?
# 3. You make the batch 4 times as large. How much does the noise of the gradient shrink?
# 4. You make the batch larger. Should the learning rate now go up, go down, or stay?

# %% [markdown]
# ## Code: five optimizers in a ravine
# J = (θ₁² + 200 · θ₂²) / 2. Each optimizer gets the best of 13 learning rates, so that the comparison is fair. We
# count the steps until J stays below 0.001, from the start (10, 1).

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.network import optimizers as rules

CURVATURE = np.array([1.0, 200.0])


def make_steps():
    """Each optimizer as a function step(theta, grad, alpha, t) with a memory of its own."""
    m, v = np.zeros(2), np.zeros(2)
    return {
        "gradient descent": lambda theta, grad, alpha, t: rules.gradient_descent(theta, grad, alpha),
        "momentum": lambda theta, grad, alpha, t: rules.momentum(theta, grad, v, alpha, 0.9),
        "Nesterov": lambda theta, grad, alpha, t: rules.nesterov(theta, grad, v, alpha, 0.9),
        "RMSprop": lambda theta, grad, alpha, t: rules.rmsprop(theta, grad, v, alpha, 0.9, 1e-7),
        "Adam": lambda theta, grad, alpha, t: rules.adam(theta, grad, m, v, alpha, 0.9, 0.999, 1e-8, t),
    }


def walk(name, alpha, steps=2500):
    theta, step = np.array([10.0, 1.0]), make_steps()[name]
    path = [theta.copy()]
    for t in range(1, steps + 1):
        step(theta, CURVATURE * theta, alpha, t)
        path.append(theta.copy())
    return np.array(path)


def steps_needed(path):
    """How many steps until J is below 0.001 for good; infinity if it never is."""
    high = np.flatnonzero(~((CURVATURE * path**2).sum(axis=1) / 2.0 < 0.001))
    return high[-1] + 1 if high[-1] + 1 < len(path) else np.inf


rates = 10.0 ** np.arange(-3, 0.25, 0.25)
best = {}
with np.errstate(all="ignore"):  # some of the learning rates explode, and may
    for name in make_steps():
        best[name] = min((steps_needed(walk(name, alpha)), alpha) for alpha in rates)
        print(f"{name:16} {best[name][0]:4.0f} steps, with alpha {best[name][1]:.3f}")
# -> gradient descent  960 steps, with alpha 0.006
# -> momentum          109 steps, with alpha 0.003
# -> Nesterov           92 steps, with alpha 0.006
# -> RMSprop          1817 steps, with alpha 0.006
# -> Adam              107 steps, with alpha 0.178

# %%
fig, axes = plt.subplots(5, 1, num="05-ravine", figsize=(9, 9), sharex=True, sharey=True, layout="constrained")
across, up = np.meshgrid(np.linspace(-4.5, 11, 200), np.linspace(-1.3, 1.3, 200))
for ax, (name, (count, alpha)) in zip(axes, best.items(), strict=True):
    path = walk(name, alpha, steps=100)
    ax.contour(across, up, (across**2 + 200 * up**2) / 2, levels=[1, 10, 30, 60, 120], colors="0.8", linewidths=0.8)
    ax.plot(path[:, 0], path[:, 1], ".-", lw=1.1, ms=5)
    ax.plot(0, 0, "k*", ms=11)
    ax.set_title(f"{name}, α = {alpha:.3f}: its first 100 steps (at the goal after {count})")
    ax.set(ylabel="θ₂", ylim=(-1.3, 1.3))
    ax.grid(False)
axes[-1].set_xlabel("θ₁")

# %% [markdown]
# ## Check: the ravine, and Adam's first step
# Plain descent may not exceed α = 2/200 because of the curved direction, and so it creeps along the flat one.
# Momentum gathers speed there. RMSprop has a problem: it divides by the size of the gradient, so its steps are about
# α long wherever it is, and near the goal it jumps around. Only a small α comes close enough for good, and with a
# small α the way is long. (A learning rate that decays would help; see `st.schedules`.)
#
# Adam's first step has length α whatever the gradient is, as m / √v is then the gradient divided by its own size.
# That is why α = 0.001 is a usable first guess for Adam on many problems. Plain descent has no such number.
#
# A caution: this is one bowl without noise. A ranking of optimizers on it says little about your network.

# %%
assert max(best[name][0] for name in ("momentum", "Nesterov", "Adam")) < best["gradient descent"][0] / 5
assert best["RMSprop"][0] > best["gradient descent"][0]
for size in (1000.0, 0.001):
    theta, m, v = np.zeros(1), np.zeros(1), np.zeros(1)
    rules.adam(theta, np.array([size]), m, v, 0.001, 0.9, 0.999, 1e-8, 1)
    print(f"gradient {size:8}: Adam's first step is {theta[0]:.6f}")
    assert np.isclose(theta[0], -0.001, rtol=1e-4)
# -> gradient   1000.0: Adam's first step is -0.001000
# -> gradient    0.001: Adam's first step is -0.001000

# %% [markdown]
# ## Code: the digits
# The same five on the digits, each with six learning rates. We compare the loss on the training rows after 10 epochs.

# %%
X, y = st.datasets.load_digits()
X_train, X_test, y_train, y_test = st.train_test_split(X / 16.0, y, test_size=0.25, stratify=y, random_state=0)


def new_model(optimizer, seed=0):
    model = st.Sequential([st.Dense(32, activation="relu"), st.Dense(10, activation="softmax")], "float64", seed)
    model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model


def losses(optimizer, batch_size=32, epochs=10, seed=0):
    fit = new_model(optimizer, seed).fit(X_train, y_train, batch_size=batch_size, epochs=epochs, verbose=0)
    return fit.history["loss"]


families = {
    "gradient descent": lambda alpha: st.SGD(alpha),
    "momentum": lambda alpha: st.SGD(alpha, momentum=0.9),
    "Nesterov": lambda alpha: st.SGD(alpha, momentum=0.9, nesterov=True),
    "RMSprop": lambda alpha: st.RMSprop(alpha),
    "Adam": lambda alpha: st.Adam(alpha),
}
alphas = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
tried = {name: {alpha: losses(make(alpha)) for alpha in alphas} for name, make in families.items()}
for name, runs in tried.items():
    ends = "  ".join(f"{values[-1]:5.2f}" for values in runs.values())
    print(f"{name:16} loss after 10 epochs, alpha 0.001 to 0.3:  {ends}")
# -> gradient descent loss after 10 epochs, alpha 0.001 to 0.3:   2.28   2.10   1.62   0.66   0.20   0.10
# -> momentum         loss after 10 epochs, alpha 0.001 to 0.3:   1.64   0.68   0.21   0.09   0.04   0.52
# -> Nesterov         loss after 10 epochs, alpha 0.001 to 0.3:   1.63   0.68   0.21   0.09   0.04   0.08
# -> RMSprop          loss after 10 epochs, alpha 0.001 to 0.3:   0.43   0.13   0.07   0.09   0.34   2.14
# -> Adam             loss after 10 epochs, alpha 0.001 to 0.3:   0.43   0.14   0.06   0.05   0.25   2.03

# %% [markdown]
# Read the rows from left to right. With a learning rate of its own each of the five does well here. What differs is
# *where* that rate lies. Compare the first two rows: momentum at α is like plain descent at 10 · α, as a steady
# gradient adds up to 1 / (1 − 0.9) = 10 times itself. Adam and RMSprop like about 0.01 to 0.03. At 0.3, where plain
# descent is at its best, they have learned almost nothing. A learning rate without its optimizer means nothing.

# %%
best_rate = {name: min(runs, key=lambda alpha: runs[alpha][-1]) for name, runs in tried.items()}
assert best_rate["gradient descent"] > best_rate["momentum"] > best_rate["Adam"]
for alpha in (0.001, 0.003, 0.01):
    assert abs(tried["momentum"][alpha][-1] - tried["gradient descent"][10 * alpha][-1]) < 0.1
assert tried["Adam"][0.3][-1] > 1.0 > tried["gradient descent"][0.3][-1]
assert max(runs[best_rate[name]][-1] for name, runs in tried.items()) < 0.12

# %% [markdown]
# ## Code: learning rate times batch size
# A batch's gradient is an estimate of the gradient of all rows. How noisy is it? We draw 200 batches of each size.

# %%
model = new_model(st.SGD(0.1))
model.fit(X_train, y_train, epochs=2, verbose=0)
whole = model.gradient(X_train, y_train)
rng = np.random.default_rng(0)
sizes = (4, 16, 64, 256)
noise = []
for size in sizes:
    draws = rng.integers(len(X_train), size=(200, size))
    errors = [np.sum((model.gradient(X_train[rows], y_train[rows]) - whole) ** 2) for rows in draws]
    noise.append(np.sqrt(np.mean(errors)))
    print(f"batch {size:3}: noise {noise[-1] / np.linalg.norm(whole):5.2f} times the length of the gradient itself")
# -> batch   4: noise  3.99 times the length of the gradient itself
# -> batch  16: noise  1.95 times the length of the gradient itself
# -> batch  64: noise  0.98 times the length of the gradient itself
# -> batch 256: noise  0.48 times the length of the gradient itself

# %% [markdown]
# Four times the rows, half the noise: it falls with the square root of the batch size. In small batches the noise is
# larger than the gradient itself. It averages out over many steps, if the steps are small enough.

# %%
for fewer, more in zip(noise, noise[1:], strict=False):
    assert 1.6 < fewer / more < 2.5

# %% [markdown]
# Now train with every combination, three seeds each, for 20 epochs. *Speed*: the epochs until the training loss is
# below 0.2. *Stability*: in how many of the 19 epochs after the first the loss went up instead of down.

# %%
rates, batches = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0), (8, 32, 128, 512)
curves = {
    (rate, batch): [losses(st.SGD(rate), batch, epochs=20, seed=seed) for seed in range(3)]
    for rate in rates for batch in batches}


def epochs_to_reach(values, goal=0.2):
    return next((epoch for epoch, value in enumerate(values, 1) if value < goal), np.inf)


speed = np.array([[np.median([epochs_to_reach(run) for run in curves[r, b]]) for r in rates] for b in batches])
rises = np.array([[np.mean([np.sum(np.diff(run) > 0) for run in curves[r, b]]) for r in rates] for b in batches])
for batch, row in zip(batches, speed, strict=True):
    print(f"batch {batch:3}: fastest with alpha {rates[int(np.argmin(row))]}")
# -> batch   8: fastest with alpha 0.3
# -> batch  32: fastest with alpha 0.3
# -> batch 128: fastest with alpha 1.0
# -> batch 512: fastest with alpha 1.0

# %%
fig, axes = plt.subplots(1, 2, num="05-rate-and-batch", figsize=(10.5, 4.2), layout="constrained")
for ax, table, title, cmap in (
    (axes[0], speed, "Speed: epochs to reach a loss of 0.2 (–: never in 20)", "viridis_r"),
    (axes[1], rises, "Stability: epochs of 19 in which the loss rose", "Reds"),
):
    shown = np.where(np.isfinite(table), table, np.nan)
    ax.imshow(shown, cmap=cmap, vmin=0, vmax=20 if table is speed else 10, aspect="auto")
    for (i, j), value in np.ndenumerate(table):
        text = "–" if np.isinf(value) else f"{value:.0f}" if table is speed else f"{value:.1f}"
        dark = np.isfinite(value) and value > (10 if table is speed else 6)
        ax.text(j, i, text, ha="center", va="center", color="white" if dark else "black", fontsize=12)
    ax.set_xticks(range(len(rates)), [f"{rate:g}" for rate in rates])
    ax.set_yticks(range(len(batches)), batches)
    ax.set(xlabel="learning rate α", ylabel="batch size", title=title)
    ax.grid(False)

# %% [markdown]
# ## Check: rate times batch
# Speed: the fast settings lie on a diagonal. With a larger batch the fast learning rate is larger. Two reasons: an
# epoch of batches of 512 has 3 steps, one of batches of 8 has 169, so each step must go farther. And it can, as its
# gradient is less noisy. So if you change the batch size, tune the learning rate again: the two belong together, and
# a search should vary both (lesson 06).
#
# Stability: going right, the loss starts to rise now and then, with small batches sooner than with large ones. At α =
# 3 nothing is learned with any batch. That last limit comes from the curvature (lesson 02), and no batch size moves
# it. So the trade has an end: beyond some batch size the learning rate cannot follow any more, and large batches just
# make fewer steps.

# %%
fastest = [rates[int(np.argmin(row))] for row in speed]
assert fastest == sorted(fastest) and fastest[0] < fastest[-1]
assert np.isinf(speed[:, -1]).all() and np.isinf(speed[:, 0]).all()
assert rises[:, :2].mean() < 0.5 and rises[:, 4:].mean() > 3.0

# %% [markdown]
# ## Break it
# Adam divides m by 1 − β₁^t and v by 1 − β₂^t. Both start at 0, and the two divisions make up for that. Leave them
# out:


# %%
def adam_without_correction(theta, grad, m, v, alpha, beta_1, beta_2, epsilon, t):
    m[:] = beta_1 * m + (1.0 - beta_1) * grad
    v[:] = beta_2 * v + (1.0 - beta_2) * grad**2
    theta -= alpha * m / (np.sqrt(v) + epsilon)


def step_lengths(rule, steps=2000):
    """How far each step goes, in units of alpha, while the gradient is always 1."""
    theta, m, v, path = np.zeros(1), np.zeros(1), np.zeros(1), [0.0]
    for t in range(1, steps + 1):
        rule(theta, np.ones(1), m, v, 0.001, 0.9, 0.999, 1e-8, t)
        path.append(theta[0])
    return -np.diff(path) / 0.001


right, wrong = step_lengths(rules.adam), step_lengths(adam_without_correction)
for t in (1, 10, 100, 1000):
    print(f"step {t:4}: {right[t - 1]:.2f} alpha with the correction, {wrong[t - 1]:.2f} alpha without")
# -> step    1: 1.00 alpha with the correction, 3.16 alpha without
# -> step   10: 1.00 alpha with the correction, 6.53 alpha without
# -> step  100: 1.00 alpha with the correction, 3.24 alpha without
# -> step 1000: 1.00 alpha with the correction, 1.26 alpha without

# %% [markdown]
# With it, every step is 1 α long, as the gradient never changes. Without it, the first step is 3.16 times as long,
# and the tenth more than 6 times: v wakes up more slowly than m, so one divides by too little. The start is when a
# network can bear that least.

# %%
assert np.allclose(right, 1.0, atol=1e-6)
assert np.isclose(wrong[0], 0.1 / np.sqrt(0.001)) and wrong.max() > 6.0

# %% [markdown]
# ## Exercise
# Write Adagrad (Duchi, Hazan and Singer, 2011), RMSprop's elder sister. It never forgets a gradient:
#
#     v'ᵢ = vᵢ + gᵢ² ; θ'ᵢ = θᵢ − α · gᵢ / (√v'ᵢ + ε)
#
# Change theta and v in place. Then run `python -m lessons check 5`. And a question to think about: what becomes of
# its steps after a very long training?


# %%
def adagrad(theta, grad, v, alpha, epsilon):
    raise NotImplementedError


# %%
def check(solution=None):
    """Two steps by hand, and then the ravine."""
    solution = solution or adagrad
    theta, v = np.array([1.0, 1.0]), np.zeros(2)
    solution(theta, np.array([3.0, -0.5]), v, 0.1, 1e-8)
    assert np.allclose(theta, [0.9, 1.1]), f"after a step theta is {theta}; it should be [0.9 1.1], changed in place"
    assert np.allclose(v, [9.0, 0.25]), f"after a step v is {v}; it should be [9. 0.25], changed in place"
    solution(theta, np.array([4.0, 0.0]), v, 0.1, 1e-8)
    assert np.allclose(theta, [0.82, 1.1]), f"after the second step theta is {theta}; it should be [0.82 1.1]"
    theta, v = np.array([10.0, 1.0]), np.zeros(2)
    for _ in range(400):
        solution(theta, CURVATURE * theta, v, 3.0, 1e-8)
    assert abs(theta).max() < 0.01, f"after 400 steps in the ravine theta is {theta}; it should be near 0"
