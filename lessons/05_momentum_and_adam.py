# %% [markdown]
# # 05 Optimizers, and learning rate times batch size
# What momentum and Adam add to gradient descent, when a falling rate helps, and how rate and batch act together.
#
# Covers sections 2.1, 2.2 and 4.1 of the document.

# %% [markdown]
# ## Question
# A step of gradient descent depends on the present gradient alone. Momentum, RMSprop and Adam also use averages of
# earlier gradients. What do they gain by that? And the document says (section 2.2) that learning rate and batch size
# act *together* on the speed and the stability of convergence. In which way?

# %% [markdown]
# ## Formulas
# - [gradient_descent] θ'ᵢ = θᵢ − α · gᵢ
# - [momentum] v'ᵢ = μ · vᵢ − α · gᵢ ; θ'ᵢ = θᵢ + v'ᵢ
# - [nesterov] v'ᵢ = μ · vᵢ − α · gᵢ ; θ'ᵢ = θᵢ + μ · v'ᵢ − α · gᵢ
# - [rmsprop] v'ᵢ = ρ · vᵢ + (1 − ρ) · gᵢ² ; θ'ᵢ = θᵢ − α · gᵢ / √(v'ᵢ + ε)
# - [adam] m'ᵢ = β₁ · mᵢ + (1 − β₁) · gᵢ ; v'ᵢ = β₂ · vᵢ + (1 − β₂) · gᵢ² ;
#   θ'ᵢ = θᵢ − α · (m'ᵢ / (1 − β₁^t)) / (√(v'ᵢ / (1 − β₂^t)) + ε)
#
# - [exponential_decay] a = α · r^x
# - [cosine_decay] a = α · (f + (1 − f) · (1 + cos(π · min(x, 1))) / 2)
#
# Two ideas, and Adam has both. *Momentum*: follow a running mean of the gradients, so that gradients of changing sign
# cancel out and gradients of the same sign add up. *Scaling*: divide each parameter's gradient by its usual size, the
# root of a running mean of g², so that flat directions get long steps too. β₁ or μ is the *memory* of the first mean,
# β₂ or ρ that of the second: with 0.9 a mean remembers about 1 / (1 − 0.9) = 10 steps, with 0.999 about 1,000. A prime
# is the new value, t counts the steps, ε is tiny and prevents a division by zero.
#
# The last two formulas are *schedules*: learning rates a that fall. x grows with the number of steps; r and f are
# chosen beforehand.

# %% [markdown]
# ## Predict
# 1. On a long, narrow bowl, how many times fewer steps does momentum need than plain descent: 1, 10, or 100?
# 2. How long is Adam's very first step, if α = 0.001 and the gradient is 1000? And if it is 0.001?
# 3. You make the batch 4 times as large. How much does the noise of the gradient shrink?
# 4. You make the batch larger. Should the learning rate now go up, go down, or stay?

# %% [markdown]
# ## Code: optimizers on a narrow bowl
# J = (θ₁² + 200 · θ₂²) / 2. Each optimizer starts from ten points and gets the best of 13 learning rates. We count the
# steps until J stays below 0.001, and take the median over the starts. To see which part of Adam does what, we also run
# it without momentum (β₁ = 0) and with the memory of RMSprop (β₂ = ρ = 0.9).

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.network import optimizers as rules

CURVATURE = np.array([1.0, 200.0])
starts = np.random.default_rng(0).uniform(-1.0, 1.0, (10, 2)) * [10.0, 1.0]
starts[0] = 10.0, 1.0  # the one in the picture
half_every_50_steps = st.schedules.ExponentialDecay(1.0, decay_steps=50, decay_rate=0.5)


def adam(beta_1, beta_2):
    return lambda theta, grad, m, v, alpha, t: rules.adam(theta, grad, m, v, alpha, (beta_1, beta_2), 1e-8, t)


def rmsprop(theta, grad, m, v, alpha, t):
    rules.rmsprop(theta, grad, v, alpha, 0.9, 1e-7)


steps_of = {
    "gradient descent": lambda theta, grad, m, v, alpha, t: rules.gradient_descent(theta, grad, alpha),
    "momentum": lambda theta, grad, m, v, alpha, t: rules.momentum(theta, grad, m, alpha, 0.9),
    "Nesterov": lambda theta, grad, m, v, alpha, t: rules.nesterov(theta, grad, m, alpha, 0.9),
    "RMSprop, ρ 0.9": rmsprop,
    "Adam, β₁ 0, β₂ 0.9": adam(0.0, 0.9),
    "Adam, β₁ 0, β₂ 0.99": adam(0.0, 0.99),
    "Adam, β₁ 0, β₂ 0.999": adam(0.0, 0.999),
    "Adam, β₁ 0.9, β₂ 0.9": adam(0.9, 0.9),
    "Adam, β₁ 0.9, β₂ 0.999": adam(0.9, 0.999),
    "RMSprop, α halves": lambda theta, grad, m, v, alpha, t: rmsprop(
        theta, grad, m, v, alpha * half_every_50_steps(t - 1), t),
}


def walk(name, alpha, steps=2500):
    """The paths from all starts, (steps + 1, starts, 2)."""
    theta, m, v = starts.copy().ravel(), np.zeros(starts.size), np.zeros(starts.size)
    path = [theta.copy()]
    for t in range(1, steps + 1):
        steps_of[name](theta, np.tile(CURVATURE, len(starts)) * theta, m, v, alpha, t)
        path.append(theta.copy())
    return np.reshape(path, (steps + 1, *starts.shape))


def steps_needed(path):
    """For each start, how many steps until J is below 0.001 for good; infinity if it never is."""
    low = (CURVATURE * path**2).sum(axis=2) / 2.0 < 0.001
    last_high = len(path) - 1 - np.argmax(~low[::-1], axis=0)  # every start is high
    return np.where(last_high < len(path) - 1, last_high + 1, np.inf)


rates = 10.0 ** np.arange(-3, 0.25, 0.25)
best, last_step = {}, {}
print(f"{'steps needed':24}median    alpha  length of step 2,500")
with np.errstate(all="ignore"):  # some of the learning rates explode, and may
    for name in steps_of:
        paths = {alpha: walk(name, alpha) for alpha in rates}
        best[name] = min((np.median(steps_needed(path)), alpha) for alpha, path in paths.items())
        count, alpha = best[name]
        last_step[name] = np.median(abs(np.diff(paths[alpha][-2:], axis=0)).max(axis=2)) / alpha
        print(f"{name:24}{count:6.0f}    {alpha:.3f}  {last_step[name]:8.2f} α")
# -> steps needed            median    alpha  length of step 2,500
# -> gradient descent           878    0.006      0.00 α
# -> momentum                   106    0.003      0.00 α
# -> Nesterov                    88    0.006      0.00 α
# -> RMSprop, ρ 0.9            1153    0.006      1.00 α
# -> Adam, β₁ 0, β₂ 0.9        1162    0.006      1.00 α
# -> Adam, β₁ 0, β₂ 0.99       2396    0.003      1.03 α
# -> Adam, β₁ 0, β₂ 0.999       401    0.056      0.00 α
# -> Adam, β₁ 0.9, β₂ 0.9       176    0.056      0.05 α
# -> Adam, β₁ 0.9, β₂ 0.999     106    0.316      0.00 α
# -> RMSprop, α halves          194    0.100      0.00 α

# %%
fig, axes = plt.subplots(5, 1, num="05-ravine", figsize=(9, 9), sharex=True, sharey=True, layout="constrained")
across, up = np.meshgrid(np.linspace(-4.5, 11, 200), np.linspace(-1.3, 1.3, 200))
shown = ("gradient descent", "momentum", "Nesterov", "RMSprop, ρ 0.9", "Adam, β₁ 0.9, β₂ 0.999")
for ax, name in zip(axes, shown, strict=True):
    alpha = best[name][1]
    count, path = steps_needed(walk(name, alpha))[0], walk(name, alpha, steps=100)[:, 0]
    ax.contour(across, up, (across**2 + 200 * up**2) / 2, levels=[1, 10, 30, 60, 120], colors="0.8", linewidths=0.8)
    ax.plot(path[:, 0], path[:, 1], ".-", lw=1.1, ms=5)
    ax.plot(0, 0, "k*", ms=11)
    ax.set_title(f"{name}, α = {alpha:.3f}: the first 100 steps of {count:.0f}")
    ax.set(ylabel="θ₂", ylim=(-1.3, 1.3))
    ax.grid(False)
axes[-1].set_xlabel("θ₁")

# %% [markdown]
# ## Check: the narrow bowl, and Adam's first step
# Gradient descent may not exceed α = 2/200 because of the curved direction (lesson 02), so it is slow along the flat
# one. Momentum needs an eighth of its steps.
#
# Does Adam gain by the division? Compare equal memories. Without momentum and with β₂ = 0.9 Adam needs as many steps as
# RMSprop with ρ = 0.9, and both need *more* than gradient descent. The last column shows why. As the gradient gets
# smaller, its usual size, by which it is divided, gets smaller, too. So the steps stay about α long, and jump to and
# fro across the minimum. Only a small α ends close enough, and with a small α the way is long.
#
# Three changes help, each of them alone:
#
# - *momentum*, β₁ = 0.9: 176 steps instead of 1,162. Steps of changing sign cancel in the mean; the last step is short.
# - a *long memory* of the division, β₂ = 0.999: 401 steps. The large gradients of the beginning are still remembered,
#   so the steps shrink with the gradient. But longer is not always better: with 0.99 it is 2,396 steps.
# - a *falling learning rate*, [exponential_decay], which halves α every 50 steps: 194 steps.
#
# Momentum without any division needs as few steps as Adam with its usual 0.9 and 0.999. So here the division gains
# nothing that momentum has not gained already. This is one bowl, without noise: a ranking of optimizers on it says
# little about your network.
#
# Adam's first step has length α whatever the gradient is, as m / √v is then the gradient divided by its own size.

# %%
needed = {name: count for name, (count, _) in best.items()}
assert max(needed["momentum"], needed["Nesterov"]) < needed["gradient descent"] / 5
assert needed["gradient descent"] < needed["RMSprop, ρ 0.9"] < needed["Adam, β₁ 0, β₂ 0.99"]
assert abs(needed["RMSprop, ρ 0.9"] / needed["Adam, β₁ 0, β₂ 0.9"] - 1.0) < 0.05
helped = ("Adam, β₁ 0.9, β₂ 0.9", "Adam, β₁ 0, β₂ 0.999", "RMSprop, α halves")
assert max(needed[name] for name in helped) < needed["RMSprop, ρ 0.9"] / 2
assert max(last_step[name] for name in helped) < 0.2 and last_step["RMSprop, ρ 0.9"] > 0.9
assert abs(needed["momentum"] / needed["Adam, β₁ 0.9, β₂ 0.999"] - 1.0) < 0.2
for size in (1000.0, 0.001):
    theta, m, v = np.zeros(1), np.zeros(1), np.zeros(1)
    rules.adam(theta, np.array([size]), m, v, 0.001, (0.9, 0.999), 1e-8, 1)
    print(f"gradient {size:8}: Adam's first step is {theta[0]:.6f}")
    assert np.isclose(theta[0], -0.001, rtol=1e-4)
# -> gradient   1000.0: Adam's first step is -0.001000
# -> gradient    0.001: Adam's first step is -0.001000

# %% [markdown]
# ## Code: the digits
# Five of the optimizers on the digits, each with six learning rates. We compare the loss on the training rows after 10
# epochs, the median of nine random starts.

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
tried = {name: {alpha: np.median([losses(make(alpha), seed=seed)[-1] for seed in range(9)]) for alpha in alphas}
         for name, make in families.items()}
for name, runs in tried.items():
    ends = "  ".join(f"{value:5.2f}" for value in runs.values())
    print(f"{name:16} loss after 10 epochs, alpha 0.001 to 0.3:  {ends}")
# -> gradient descent loss after 10 epochs, alpha 0.001 to 0.3:   2.27   2.09   1.58   0.59   0.19   0.10
# -> momentum         loss after 10 epochs, alpha 0.001 to 0.3:   1.61   0.61   0.19   0.09   0.04   0.36
# -> Nesterov         loss after 10 epochs, alpha 0.001 to 0.3:   1.61   0.61   0.19   0.09   0.04   0.08
# -> RMSprop          loss after 10 epochs, alpha 0.001 to 0.3:   0.38   0.12   0.06   0.06   0.28   2.14
# -> Adam             loss after 10 epochs, alpha 0.001 to 0.3:   0.38   0.14   0.06   0.04   0.19   1.85

# %% [markdown]
# Read the rows from left to right. With a suitable learning rate each of the five ends at a low loss here. What differs
# is which rate is suitable. Compare the first two rows: up to 0.03, momentum at α is like gradient descent at 10 · α,
# as a steady gradient adds up to 1 / (1 − 0.9) = 10 times itself. Adam and RMSprop are best at 0.01 to 0.03. At 0.3,
# where gradient descent is best, they have learned almost nothing. So a learning rate cannot be transferred from one
# optimizer to another: tune them together.

# %%
best_rate = {name: min(runs, key=lambda alpha: runs[alpha]) for name, runs in tried.items()}
assert best_rate["gradient descent"] > best_rate["momentum"] > best_rate["Adam"]
for alpha in (0.001, 0.003, 0.01, 0.03):
    assert abs(tried["momentum"][alpha] - tried["gradient descent"][10 * alpha]) < 0.1
assert min(tried["Adam"][0.3], tried["RMSprop"][0.3]) > 1.0 > tried["gradient descent"][0.3]
assert max(runs[best_rate[name]] for name, runs in tried.items()) < 0.12

# %% [markdown]
# ## Code: a learning rate that falls
# Does a falling rate help a network, too? [cosine_decay] takes the rate from α to 0 over the whole training, 20 epochs
# of 43 steps. We train with gradient descent from 20 random starts, and print the median.

# %%
falls = {}
print(f"{'accuracy on unseen digits':26}constant  falling")
for alpha in (0.03, 0.3, 1.0):
    for kind, rate in (("constant", alpha), ("falling", st.schedules.CosineDecay(alpha, decay_steps=20 * 43))):
        runs = []
        for seed in range(20):
            trained = new_model(st.SGD(rate), seed)
            trained.fit(X_train, y_train, batch_size=32, epochs=20, verbose=0)
            runs.append((trained.objective(X_train, y_train), trained.evaluate(X_test, y_test)["accuracy"]))
        falls[alpha, kind] = np.median(runs, axis=0)
    print(f"alpha {alpha:<20}{falls[alpha, 'constant'][1]:8.3f}{falls[alpha, 'falling'][1]:9.3f}")
# -> accuracy on unseen digits constant  falling
# -> alpha 0.03                   0.937    0.907
# -> alpha 0.3                    0.971    0.969
# -> alpha 1.0                    0.928    0.967

# %% [markdown]
# ## Check: a learning rate that falls
# It depends on α. With α = 1, too large for a constant rate, the falling rate is better. With α = 0.3 the two are about
# equal in accuracy, and the constant rate ends at the lower training loss. With α = 0.03, too small already, a falling
# rate is worse. So a falling rate allows a larger α at the start; it is no gain in itself. The schedule is one more
# hyper-parameter, to be tuned together with α.

# %%
loss, accuracy = 0, 1
assert falls[1.0, "falling"][loss] < falls[1.0, "constant"][loss]
assert falls[1.0, "falling"][accuracy] > falls[1.0, "constant"][accuracy]
assert falls[0.3, "falling"][loss] > falls[0.3, "constant"][loss]
assert abs(falls[0.3, "falling"][accuracy] - falls[0.3, "constant"][accuracy]) < 0.01
assert falls[0.03, "falling"][loss] > falls[0.03, "constant"][loss]
assert falls[0.03, "falling"][accuracy] < falls[0.03, "constant"][accuracy]

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
# larger than the gradient itself.

# %%
for fewer, more in zip(noise, noise[1:], strict=False):
    assert 1.6 < fewer / more < 2.5

# %% [markdown]
# Now train with every combination, three random starts each, for 20 epochs. *Speed*: the epochs until the training loss
# is below 0.2. *Stability*: in how many of the 19 epochs after the first the loss went up instead of down.

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
# Speed: the larger the batch, the larger the learning rate that is fastest. An epoch has 169 steps with batches of 8,
# and 3 with batches of 512, so in as many epochs each step of a large batch has to go farther. (Whether its gradient,
# which is less noisy, matters as well is not separated here.) So if you change the batch size, tune the learning rate
# again: the two belong together, and a search should vary both (lesson 06).
#
# Speed in seconds is another matter: an epoch of 169 small steps takes longer than one of 3 large ones, as the line
# below says.
#
# Stability: with a larger rate the loss rises in more epochs, with small batches sooner than with large ones. At α = 3
# nothing is learned with any of the four batches: nearly all hidden units die, as in lesson 02. So the learning rate
# cannot grow without limit. With batches of 512 the fastest rate is the same as with 128, and to reach 0.2 takes more
# epochs.

# %%
fastest = [rates[int(np.argmin(row))] for row in speed]
assert fastest == sorted(fastest) and fastest[0] < fastest[-1]
assert np.isinf(speed[:, -1]).all() and np.isinf(speed[:, 0]).all()
assert rises[:, :2].mean() < 0.5 and rises[:, 4:].mean() > 3.0
assert (rises[0, 2:5] >= rises[-1, 2:5]).all() and rises[0, 2:5].sum() > rises[-1, 2:5].sum() + 2.0
assert fastest[-1] == fastest[-2] and speed[-1].min() > speed[-2].min()


def seconds_of_an_epoch(batch_size):
    timed = new_model(st.SGD(0.1))
    timed.fit(X_train, y_train, batch_size=batch_size, epochs=1, verbose=0)
    begun = time.process_time()
    timed.fit(X_train, y_train, batch_size=batch_size, epochs=20, verbose=0)
    return (time.process_time() - begun) / 20


print(f"an epoch of batches of 8 takes longer than one of 512: {seconds_of_an_epoch(8) > seconds_of_an_epoch(512)}")
for batch in batches:
    dead = new_model(st.SGD(3.0))
    dead.fit(X_train, y_train, batch_size=batch, epochs=20, verbose=0)
    W, b, *_ = dead.get_weights()
    assert np.mean((X_train @ W + b <= 0.0).all(axis=0)) > 0.8
# -> an epoch of batches of 8 takes longer than one of 512: True

# %% [markdown]
# ## Break it
# Adam divides m by 1 − β₁^t and v by 1 − β₂^t. Both start at 0, and the two divisions make up for that. Leave them
# out:


# %%
def adam_without_correction(theta, grad, m, v, alpha, betas, epsilon, t):
    beta_1, beta_2 = betas
    m[:] = beta_1 * m + (1.0 - beta_1) * grad
    v[:] = beta_2 * v + (1.0 - beta_2) * grad**2
    theta -= alpha * m / (np.sqrt(v) + epsilon)


def step_lengths(rule, steps=2000):
    """How far each step goes, in units of alpha, while the gradient is always 1."""
    theta, m, v, path = np.zeros(1), np.zeros(1), np.zeros(1), [0.0]
    for t in range(1, steps + 1):
        rule(theta, np.ones(1), m, v, 0.001, (0.9, 0.999), 1e-8, t)
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
# and the tenth more than 6 times. Both m and v start at 0, and v, with its longer memory, takes longer to grow, so one
# divides by too little.

# %%
assert np.allclose(right, 1.0, atol=1e-6)
assert np.isclose(wrong[0], 0.1 / np.sqrt(0.001)) and wrong.max() > 6.0

# %% [markdown]
# ## Exercise
# Write Adagrad (Duchi, Hazan and Singer, 2011), on which RMSprop is built. Its v is a sum, not a mean, so it never
# forgets a gradient:
#
#     v'ᵢ = vᵢ + gᵢ² ; θ'ᵢ = θᵢ − α · gᵢ / (√v'ᵢ + ε)
#
# Change theta and v in place. Then run `python -m lessons check 5`. And a question to think about: what becomes of
# its steps after a very long training?


# %%
def adagrad(theta, grad, v, alpha, epsilon):
    raise NotImplementedError


# %%
MISTAKES = {  # theta after the second of two steps, where 0.82 is right
    0.8: "v is overwritten by the new g^2; it must add up the squares of all gradients",
    0.950667: "The root is missing: divide by the root of v, not by v",
    1.18: "theta moves uphill: the step has a minus",
    0.3: "theta moves by alpha * g: the division by the root of v is missing",
    0.4261: "v is a running mean, as in RMSprop; in Adagrad it is the sum of all g^2, and nothing is forgotten",
}


def check(solution=None):
    """Two steps by hand, and then a narrow bowl."""
    solution = solution or adagrad
    theta, v = np.array([1.0, 1.0]), np.zeros(2)
    solution(theta, np.array([3.0, -0.5]), v, 0.1, 1e-8)
    assert not np.array_equal(theta, [1.0, 1.0]), "theta is unchanged: write into it, as in theta -= ..."
    assert v.any(), "v is unchanged: add to it in place, as in v += ...; otherwise the next step has forgotten it"
    divided_too_early = abs(theta).max() > 1000.0
    assert not divided_too_early, "The step divides by the v from before it, which is 0 at first: add g^2 to v first"
    solution(theta, np.array([4.0, 0.0]), v, 0.1, 1e-8)
    named = [text for wrong, text in MISTAKES.items() if np.isclose(theta[0], wrong, atol=1e-4)]
    assert not named, f"{named[0]}. (After two steps by hand theta is {theta[0]:.4f}; it should be 0.82.)"
    assert np.allclose(theta, [0.82, 1.1]), f"After two steps theta is {theta}; it should be [0.82 1.1]"
    assert np.allclose(v, [25.0, 0.25]), f"After two steps v is {v}; it should be [25. 0.25]"
    theta, v = np.array([1.0]), np.zeros(1)
    solution(theta, np.array([3.0]), v, 0.1, 1.0)
    inside = np.isclose(theta[0], 1.0 - 0.3 / np.sqrt(10.0))
    assert not inside, "epsilon is inside the root; Adagrad adds it to the root of v"
    assert np.isclose(theta[0], 0.925), f"With epsilon = 1 the first step leads to {theta[0]:.4f}; it should be 0.925"
    theta, v = np.array([10.0, 1.0]), np.zeros(2)
    for _ in range(400):
        solution(theta, np.array([1.0, 200.0]) * theta, v, 3.0, 1e-8)
    assert abs(theta).max() < 0.01, f"After 400 steps on a narrow bowl theta is {theta}; it should be near 0"
