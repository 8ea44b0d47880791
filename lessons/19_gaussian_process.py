# %% [markdown]
# # 12 The Gaussian process and its acquisition, step by step
# A searcher that predicts the loss everywhere, with its uncertainty, and tries where an improvement is likely.
#
# Covers sections 3.3 and 8.2 of the document.

# %% [markdown]
# ## Question
# Random search does not use the results of earlier trials (lesson 11). It may try a configuration right beside one that
# was bad. A person would draw a curve through the losses seen, look where it may be low, and try there. How can a
# program draw that curve, and how does it choose?

# %% [markdown]
# ## Formulas
# A *Gaussian process* is a probability distribution over functions. At each point x it gives the loss a mean μ and a
# variance v. The *kernel* k is the correlation of the losses at two points. It depends on the distance r of the points,
# divided by a *length scale* ℓ: r = |x − x'| / ℓ.
#
# - [matern52] k = (1 + √5 · r + 5 / 3 · r²) · exp(−√5 · r)
#
# It is 1 at r = 0 and falls to 0 as r grows. Before any trial the mean is m and the variance s everywhere, and the
# covariance of the losses at two points is s · k. After some trials with losses y, let K be the matrix of their
# covariances with each other, and c the vector of the covariances of a new point with them. Then mean and variance at
# the new point are
#
# - [posterior_mean] μ = m + Σᵢ[cᵢ · αᵢ]
# - [posterior_variance] v = s − Σᵢ[wᵢ²]
#
# where α is K⁻¹ (y − m), and Σ wᵢ² is cᵀ K⁻¹ c. Each trial moves the mean towards its loss and reduces the variance;
# the larger its covariance with the new point, the more. (K is not inverted. The package computes Cholesky's factor U,
# an upper triangular matrix with Uᵀ U = K, and then w by solving Uᵀ w = c.)
#
# The length scale is chosen by the *log marginal likelihood*: the logarithm of the probability density of the losses
# seen, if they come from a process with this length scale. Here y stands for y − m, and u is the diagonal of U.
#
# - [log_marginal_likelihood] L = −0.5 · Σᵢ[yᵢ · αᵢ] − Σᵢ[log(uᵢ)] − 0.5 · #i · log(2 · π)
#
# The *acquisition function* gives each point a score; the point with the highest score is tried next. Here it is the
# *expected improvement*: the mean of how far the loss there will be below the best loss b so far, where a loss that is
# not below b counts as 0.
#
# - [expected_improvement] z = (b − μ) / s ; a = s · (z · Φ(z) + φ(z))
#
# In this formula, and only here, s is the standard deviation √v. Φ and φ are the distribution function and the density
# of the standard normal distribution.

# %% [markdown]
# ## Predict
# 1. The loss below has two valleys. Does the largest standard deviation of the process fall with every trial?
# 2. Where is the expected improvement highest: where the mean is low, or where the standard deviation is large?
# 3. Of three parameters one matters much, one a little, one not at all. Which gets the shortest length scale?
# 4. A searcher always tries where the mean is lowest, however large the standard deviation is elsewhere. What happens?

# %% [markdown]
# ## Code: one kernel
# The loss of a made-up training, by its learning rate. The deep valley is on the right, a shallow one on the left. The
# process sees the learning rate as a *unit value* u between 0 and 1, on the logarithmic scale, and the losses
# *standardised*, to a mean of 0 and a standard deviation of 1. So m is 0 and s is 1.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.search.bayesian import acquisition
from scratchtune.search.bayesian import gaussian_process as gp
from scratchtune.search.bayesian.fitting import log_marginal_likelihood
from scratchtune.search.bayesian.kernels import matern52

space = {"learning_rate": st.Float(1e-4, 1.0, log=True)}


def loss(params):
    exponent = math.log10(params["learning_rate"])  # from -4 to 0
    shallow, deep = math.exp(-(((exponent + 3.2) / 0.5) ** 2)), math.exp(-(((exponent + 1.1) / 0.35) ** 2))
    return 0.9 - 0.35 * shallow - 0.6 * deep + 0.05 * exponent**2


def rate_of(u):
    return 10.0 ** (4.0 * u - 4.0)


everywhere = np.linspace(0.0, 1.0, 401)
curve = np.array([loss({"learning_rate": rate_of(u)}) for u in everywhere])
print(f"the lowest loss is {curve.min():.3f}, at a learning rate of {rate_of(everywhere[curve.argmin()]):.3f}")


def covariance_with(length):
    """θ as the package expects it: logarithms of ℓ, of s = 1, and of two variances near 0, second kernel and noise."""
    return np.log([length, 1.0, 1e-12, 1e-6])


def process_with(length, u, losses):
    """A Gaussian process that has seen the losses at u, standardised."""
    values = (losses - losses.mean()) / losses.std()
    return gp.condition(u[:, None], values, np.zeros(1), covariance_with(length))


eight = (np.arange(8) + 0.5) / 8
losses = np.array([loss({"learning_rate": rate_of(u)}) for u in eight])
LENGTHS = np.geomspace(0.02, 1.0, 60)


def likelihood(process):
    """The log marginal likelihood and two of its terms: how well the values fit, and minus half the log determinant."""
    fit, volume = -0.5 * (process.values * process.alpha).sum(), -np.log(np.diag(process.upper)).sum()
    return log_marginal_likelihood(process.values, process.alpha, np.diag(process.upper)), fit, volume


for length in (0.03, 0.12, 0.5):
    total, fit, volume = likelihood(process_with(length, eight, losses))
    print(f"length scale {length:.2f}: fit {fit:7.2f}, − Σ log u {volume:5.2f}, log marginal likelihood {total:7.2f}")
# -> the lowest loss is 0.360, at a learning rate of 0.081
# -> length scale 0.03: fit   -3.99, − Σ log u  0.00, log marginal likelihood  -11.34
# -> length scale 0.12: fit   -4.27, − Σ log u  1.10, log marginal likelihood  -10.52
# -> length scale 0.50: fit -292.43, − Σ log u 11.85, log marginal likelihood -287.94

# %%
fig, axes = plt.subplots(1, 3, num="12-process", figsize=(12.5, 3.8), layout="constrained")
rng = np.random.default_rng(2)
normal = rng.normal(size=(401, 2))
for length, color in ((0.05, "C1"), (0.12, "C0"), (0.5, "C2")):
    prior = gp.covariance(everywhere[:, None], everywhere[:, None], np.zeros(1), covariance_with(length))
    axes[0].plot(everywhere, np.linalg.cholesky(prior + 1e-9 * np.eye(401)) @ normal, color=color, lw=1)
    mean, variance = gp.predict(process_with(length, eight, losses), everywhere[:, None])
    mean, std = losses.mean() + losses.std() * mean, losses.std() * np.sqrt(variance)
    axes[1].plot(everywhere, mean, color=color, label=f"length scale {length}")
    axes[1].fill_between(everywhere, mean - 2 * std, mean + 2 * std, color=color, alpha=0.12, lw=0)
axes[1].plot(everywhere, curve, "k:", lw=1, label="the loss itself")
axes[1].plot(eight, losses, "ko")
axes[2].semilogx(LENGTHS, [likelihood(process_with(length, eight, losses))[0] for length in LENGTHS], "k")
for length, color in ((0.05, "C1"), (0.12, "C0"), (0.5, "C2")):
    axes[2].axvline(length, color=color, ls="--")
axes[0].set(title="Before any trial: two samples each", xlabel="unit value u", ylabel="standardised loss")
axes[1].set(title="After eight trials: mean ± 2 std", xlabel="unit value u", ylabel="loss")
axes[1].legend(fontsize=8)
axes[2].set(title="Which length scale?", xlabel="length scale", ylabel="log marginal likelihood", ylim=(-16, -7))

# %% [markdown]
# ## Check: one kernel
# The left picture shows functions drawn from the process before any trial: with a short length scale they change fast,
# with a long one slowly. In the middle, after eight trials, each mean goes through all trials. Between them the short
# length scale has a wide band. The long one has a band so narrow that it can hardly be seen, and yet the deep valley is
# far outside of it: such a process is overconfident.
#
# On the right is the log marginal likelihood. It has two parts that depend on the length scale. The first measures how
# well the losses *fit*: with a long length scale, neighbours should have similar losses, and these have not. The
# second, −Σ log u, is a penalty for flexibility: with a short length scale the process can produce nearly any losses,
# so the density of those seen is low. The best length scale is between the two.

# %%
by_length = [likelihood(process_with(length, eight, losses))[0] for length in LENGTHS]
best_length = LENGTHS[np.argmax(by_length)]
process = process_with(best_length, eight, losses)
assert 0.08 < best_length < 0.2
short, long = process_with(0.03, eight, losses), process_with(0.5, eight, losses)
for each in (short, process, long):
    assert np.allclose(gp.predict(each, eight[:, None])[0], each.values, atol=1e-3)  # through every trial
mean, variance = gp.predict(long, everywhere[curve.argmin(), None, None])
assert losses.mean() + losses.std() * (mean[0] - 2.0 * math.sqrt(variance[0])) > curve.min() + 0.05  # too sure
assert likelihood(short)[1] > likelihood(long)[1] and likelihood(short)[2] < likelihood(long)[2]

# %% [markdown]
# ## Code: a search
# A Bayesian search is now a short loop: choose the length scale, predict everywhere, try the point with the highest
# expected improvement. We begin with three trials. To try where the mean is low is called *exploitation*: it uses what
# is known. To try where the standard deviation is large is called *exploration*: it finds out what is not.


# %%
def fitted(u, losses):
    """The process with the length scale of the highest log marginal likelihood."""
    return max((process_with(length, u, losses) for length in LENGTHS), key=lambda process: likelihood(process)[0])


u = np.array([0.05, 0.5, 0.95])
fig, axes = plt.subplots(2, 3, num="12-stages", figsize=(12, 6), sharex=True, layout="constrained",
                         height_ratios=[2, 1])
stages = dict(zip((3, 6, 8), axes.T, strict=True))
told = {}
while len(u) <= 8:
    losses = np.array([loss({"learning_rate": rate_of(x)}) for x in u])
    process = fitted(u, losses)
    mean, variance = gp.predict(process, everywhere[:, None])
    gain = losses.std() * np.array([
        acquisition.expected_improvement(m, math.sqrt(v), process.values.min())
        for m, v in zip(mean, variance, strict=True)])
    mean, std = losses.mean() + losses.std() * mean, losses.std() * np.sqrt(variance)
    following = everywhere[gain.argmax()]
    if len(u) in stages:
        top, bottom = stages[len(u)]
        top.fill_between(rate_of(everywhere), mean - 2 * std, mean + 2 * std, alpha=0.2, label="mean ± 2 std")
        top.plot(rate_of(everywhere), mean, label="mean")
        top.plot(rate_of(everywhere), curve, "k:", lw=1, label="the loss itself")
        top.plot(rate_of(u), losses, "ko", label="trials")
        top.axvline(rate_of(following), color="C3", ls="--", label="next")
        bottom.plot(rate_of(everywhere), gain, "C2", label="expected improvement")
        bottom.plot(rate_of(following), gain.max(), "v", color="C3", ms=9, label="next")
        top.set(title=f"After {len(u)} trials", xscale="log", ylim=(0.0, 2.2))
        bottom.set(xlabel="learning rate", ylim=(-0.05 * gain.max(), 1.15 * gain.max()))
        length = math.exp(process.theta[0])
        told[len(u)] = length, std.max(), following, everywhere[mean.argmin()], everywhere[std.argmax()]
        print(f"after {len(u)} trials: best loss {losses.min():.2f}; length scale {length:.2f}; "
              f"largest std {std.max():.2f}; lowest mean at {rate_of(everywhere[mean.argmin()]):.2g}; "
              f"next {rate_of(following):.2g}")
    u = np.append(u, following)
axes[0, 0].set_ylabel("loss")
axes[1, 0].set_ylabel("expected improvement")
axes[0, 2].legend(loc="lower left", fontsize=8)
axes[1, 2].legend(loc="center left", fontsize=8)
# -> after 3 trials: best loss 0.90; length scale 0.32; largest std 0.13; lowest mean at 0.5; next 0.15
# -> after 6 trials: best loss 0.36; length scale 0.10; largest std 0.39; lowest mean at 0.081; next 0.0016
# -> after 8 trials: best loss 0.36; length scale 0.14; largest std 0.26; lowest mean at 0.081; next 0.081

# %% [markdown]
# ## Check: a search
# Predict 1: no. Look at the band. It is narrow at every trial and opens between them, but its largest width is not
# smaller after more trials: 0.13 after three, and 0.39 after six. Three losses looked like a slow function: length
# scale 0.32. The next ones showed that it changes faster, and the length scale fell to 0.10. Three trials are few to
# choose a length scale by, and the process has no data between them.
#
# Predict 2: neither alone. After three trials the next point is not where the mean is lowest, but to the left of it,
# where the band is wider. After six trials it is where the band is widest, in the gap on the left, far away from the
# lowest mean: exploration. After eight it is where the mean is lowest: exploitation, and there the lowest loss is
# found. The scale of the green curve shrinks from picture to picture: the expected improvement gets smaller.

# %%
assert told[6][1] > 2.0 * told[3][1] and told[6][0] < 0.5 * told[3][0]
assert told[3][2] < told[3][3] - 0.05  # to the left of the lowest mean
assert abs(told[6][2] - told[6][4]) < 0.05 and abs(told[6][2] - told[6][3]) > 0.3  # exploration
assert abs(told[8][2] - told[8][3]) < 0.02 and abs(told[8][2] - everywhere[curve.argmin()]) < 0.02  # exploitation

# %% [markdown]
# ## Code: the package's search
# `BayesianSearch(model="gp")` is the same loop, with some additions for real losses. Its kernel is a sum of two: the
# one above, and a second one with length scales eight times shorter, as real losses are not quite smooth
# [rough_kernel]. The model includes noise. To the log marginal likelihood it adds a prior for length scales, variances
# and noise [log_parameter_prior], so that three trials alone do not determine them. And it maximises the *logarithm* of
# the expected improvement: in some places the improvement itself is so small that it underflows to 0, and there it has
# no gradient to follow.
#
# One more difference you will see in its pictures: its mean need not go through every trial. Noise is one reason. The
# other is that a loss far above the median is replaced by a smaller one before the process sees it
# [compressed_value], since one loss of 1,000 would make all others look equal.

# %%
found = []
for seed in range(5):
    study = st.Study(space, searcher=st.BayesianSearch(model="gp", initial=3), seed=seed)
    study.run(lambda trial: loss(trial.params), n_trials=15, progress=False)
    found.append(study.best_value)
print("best losses after 15 trials, five seeds:", ", ".join(f"{value:.3f}" for value in found))
print(f"the expected improvement is 0 to the computer at {np.mean(gain == 0.0):.0%} of the points in the last picture")
assert max(found) < curve.min() + 0.001


def three(trial):
    return math.sin(6.0 * trial.params["a"]) + 0.4 * trial.params["b"]


many = []
for seed in range(8):
    searcher = st.BayesianSearch(model="gp", initial=24)  # the 25th trial is the first that the process proposes
    study = st.Study({name: st.Float(0.0, 1.0) for name in "abc"}, searcher=searcher, seed=seed)
    study.run(three, n_trials=25, progress=False)
    many.append(list(study.trials[-1].why["length_scales"].values()))
lengths = dict(zip("abc", np.median(many, axis=0), strict=True))
print("median length scales of eight seeds:", ", ".join(f"{name}: {length:.2g}" for name, length in lengths.items()))
# -> best losses after 15 trials, five seeds: 0.360, 0.360, 0.360, 0.360, 0.360
# -> the expected improvement is 0 to the computer at 6% of the points in the last picture
# -> median length scales of eight seeds: a: 0.63, b: 7.2, c: 21

# %% [markdown]
# ## Check: the package's search
# All five searches find the lowest loss. The last lines are for another loss, of three parameters: it curves strongly
# along `a`, rises linearly by 0.4 along `b`, and does not depend on `c`. There is a length scale for each parameter,
# and distances are summed up as [scaled_distance] says.
#
# Predict 3: `a`, along which the loss curves most. `c` has a length scale of more than 10 times its range, so for two
# configurations that differ in `c` alone the process predicts nearly the same loss. A trial at one value of `c` informs
# about all others, and the searcher need not spread trials along it. A grid always does (lesson 11).
#
# Length scales also inform *you*: a short one means that the loss changes fast with this parameter. But a long one does
# not mean that there is no effect. `b` has a length scale of several times its range, although it changes the loss by
# 0.4: its effect is linear, and a linear effect needs no short length scale.

# %%
assert all(a < b < c for a, b, c in many)
assert matern52(1.0 / lengths["c"]) > 0.95 > 0.5 > matern52(1.0 / lengths["a"])
assert lengths["b"] > 2.0

# %% [markdown]
# ## Break it
# Take exploration away. The *lower confidence bound* is another acquisition, μ − κ · √v: a loss that is low but still
# plausible. With κ = 0 nothing is left but the mean. We compare with κ = 2, from ten starts. Each start is three trials
# in the left part of the range, where the deep valley is not; with `initial=1` the process proposes every trial after
# them.

# %%
reached = {}
for kappa in (0.0, 2.0):
    reached[kappa] = []
    for seed in range(10):
        searcher = st.BayesianSearch(model="gp", acquisition="lcb", kappa=kappa, initial=1)
        study = st.Study(space, searcher=searcher, seed=seed)
        for start in np.random.default_rng(seed).uniform(0.0, 0.4, 3):
            study.enqueue({"learning_rate": rate_of(start)})
        study.run(lambda trial: loss(trial.params), n_trials=15, progress=False)
        reached[kappa].append(study.best_value)
    deep = sum(value < 0.5 for value in reached[kappa])
    print(f"kappa {kappa:.0f}: median best loss {np.median(reached[kappa]):.3f}, "
          f"deep valley found from {deep} of 10 starts")
# -> kappa 0: median best loss 1.044, deep valley found from 1 of 10 starts
# -> kappa 2: median best loss 0.360, deep valley found from 10 of 10 starts

# %% [markdown]
# Predict 4: it usually stays in the first valley that it finds. On this loss a searcher needs both, exploitation and
# exploration.

# %%
assert np.median(reached[0.0]) > 0.9 and np.median(reached[2.0]) < curve.min() + 0.01

# %% [markdown]
# ## Exercise
# Compute mean and variance yourself. Given are the covariances `K` (n, n) of the trials with each other (the noise is
# already on its diagonal), their losses minus the mean, `y` (n,), the covariances `c` (n,) of one new point with the
# trials, and the variance `s` before any trial. Solve K α = y and K β = c (`np.linalg.solve`). The mean is Σ cᵢ αᵢ, and
# the variance is s − Σ cᵢ βᵢ. Return mean and variance. (The package does the same with Cholesky's factor, which needs
# fewer operations and rounds better.)
#
# Then run `python -m lessons check 12`.


# %%
def posterior(K, y, c, s):
    raise NotImplementedError


# %%
def check(solution=None):
    """By hand, on numbers that distinguish the mistakes; then against the package's process."""
    solution = solution or posterior
    K, y, c = np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([1.0, 3.0]), np.array([1.0, 0.5])
    mean, variance = solution(K, y, c, 4.0)  # alpha = (-1/3, 5/3), beta = (1/2, 0)
    means = {
        2.5: "this is c · y; solve K α = y first, and take c · α",
        1.25: "this uses only the diagonal of K; the trials are correlated with each other, too",
    }
    variances = {
        math.sqrt(3.5): "this is the standard deviation; the function returns the variance",
        3.75: "this is s − β · β; β has to be multiplied by c",
        2.75: "this is s − c · c; solve K β = c first, and take c · β",
        3.375: "this uses only the diagonal of K; the trials are correlated with each other, too",
        4.5: "this adds c · β; the trials take variance away",
        0.5: "this is c · β, what the trials take away from s",
        4.0: "this is s, the variance before any trial",
    }
    for name, found, right, mistakes in (("mean", mean, 0.5, means), ("variance", variance, 3.5, variances)):
        hint = next((hint for wrong, hint in mistakes.items() if np.isclose(found, wrong)), "see the formula")
        assert np.isclose(found, right), (
            f"K = [[2, 1], [1, 2]], y = [1, 3], c = [1, 0.5], s = 4: the {name} is {right}, not {found:.3f}: {hint}.")
    rng = np.random.default_rng(0)
    rows, points = rng.random((12, 2)), rng.random((5, 2))
    values, theta = np.sin(4.0 * rows[:, 0]) + rows[:, 1], np.log([0.4, 0.8, 1.5, 0.1, 1e-3])  # ℓ, ℓ, variances, noise
    process = gp.condition(rows, values, np.zeros(2), theta)
    K = gp.covariance(rows, rows, np.zeros(2), theta) + 1e-3 * np.eye(12)
    for point, mean, variance in zip(points, *gp.predict(process, points), strict=True):
        c = gp.covariance(rows, point[None], np.zeros(2), theta)[:, 0]
        found = solution(K, values, c, 1.6)
        assert np.allclose(found, [mean, variance]), (
            f"For 12 trials it gives {found}; the package says {mean:.6f} and {variance:.6f}.")
