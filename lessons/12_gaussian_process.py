# %% [markdown]
# # 12 The Gaussian process and its acquisition, step by step
# A searcher that has a belief about the whole curve, says how sure it is, and tries where an improvement is likely.

# %% [markdown]
# ## Question
# Random search forgets (lesson 11). It may try a setting right beside one that was bad. A person would not: she draws a
# curve through the points in her mind, sees where it may be low, and tries there. How can a program draw that curve,
# and how does it choose?

# %% [markdown]
# ## Formulas
# - [matern52] k = (1 + √5 · r + 5 / 3 · r²) · exp(−√5 · r)
# - [rough_kernel] q = 8 · r ; c = s · (1 + √5 · r + 5 / 3 · r²) · exp(−√5 · r)
#   + t · (1 + √5 · q + 5 / 3 · q²) · exp(−√5 · q)
# - [posterior_mean] μ = m + Σᵢ[cᵢ · αᵢ]
# - [posterior_variance] v = s − Σᵢ[wᵢ²]
# - [expected_improvement] z = (b − μ) / s ; a = s · (z · Φ(z) + φ(z))
# - [scaled_distance] r = √(Σⱼ[(((0 if aⱼ = bⱼ else 1) if oⱼ = 1 else aⱼ − bⱼ) / ℓⱼ)²])
#
# A *Gaussian process* is a belief about a function. At each point x it has a mean μ and a variance v: "I think that the
# loss here is μ, give or take √v". The *kernel* k says how alike the losses at two points are. It is 1 at the distance
# r = 0, and falls to 0 far away. Each point that was seen pulls the mean towards what was found there, as strongly as
# the kernel says, and takes away variance. Real losses are not quite smooth. So the package adds up two kernels (the
# second formula): a smooth one, and a rough one that forgets eight times as fast. How much of each, s and t, is
# learned.
#
# Distances are measured in *lengths* ℓ, one for each parameter. A short length means that the loss changes fast along
# that parameter. Nobody gives the lengths: they are those under which the values seen are the most probable.
#
# The *acquisition* says what a point is worth trying. Here it is the *expected improvement*: how much less than the
# best loss b so far the loss there will be on average, where a loss that is no improvement counts as 0.
#
# The letters are those of the package. cᵢ is the covariance of the new point with trial i, and K holds those of the
# trials with each other. m is what is believed far from all trials. With the trials' losses y, α is K⁻¹ (y − m), and w
# is L⁻¹ c, with Cholesky's factor L of K (so L Lᵀ is K). oⱼ is 1 for choices without order. Φ and φ are the normal
# distribution and its density. Three letters have more than one meaning. s is the smooth kernel's share in the second
# formula, the variance before anything was seen in the fourth (s + t of the second), and the deviation √v in the fifth.
# a and b are the improvement and the best loss there, and two points in the last formula.

# %% [markdown]
# ## Predict
# 1. The curve below has two valleys. After three points, where is the belief the least sure? Does it get surer with
#    every trial?
# 2. Where is the expected improvement the highest: where the mean is low, or where the deviation is large?
# 3. Of three parameters one matters much, one a little, one not at all. Which gets the shortest length?
# 4. A searcher always tries where the mean is the lowest, and never where it is unsure. What happens?

# %% [markdown]
# ## Code: one parameter
# The loss of a made-up training, by its learning rate. The deep valley is on the right, a shallow one on the left.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.search import acquisition, gaussian_search
from scratchtune.search import gaussian_process as gp
from scratchtune.search.encoding import Encoding

space = {"learning_rate": st.Float(1e-4, 1.0, log=True)}


def loss(params):
    u = math.log10(params["learning_rate"])  # from -4 to 0
    return 0.9 - 0.35 * math.exp(-(((u + 3.2) / 0.5) ** 2)) - 0.6 * math.exp(-(((u + 1.1) / 0.35) ** 2)) + 0.05 * u**2


rates = np.geomspace(1e-4, 1.0, 401)
curve = np.array([loss({"learning_rate": rate}) for rate in rates])
print(f"the lowest loss is {curve.min():.3f}, at a learning rate of {rates[curve.argmin()]:.3f}")
# -> the lowest loss is 0.360, at a learning rate of 0.081

# %% [markdown]
# A study gives us the trials. After each of them we build the belief as the searcher does. First `tamed` pulls losses
# that are much worse than most towards the others, since it matters little how bad a bad setting is, and scales all of
# them to a mean of 0 and a deviation of 1. Then a Gaussian process is learned from them (`process_of`), and it is asked
# for mean and variance everywhere (`predict`).

# %%
study = st.Study(space, searcher=st.BayesianSearch(model="gp", initial=3), seed=1)
encoding = Encoding(study.space)
everywhere = encoding.rows([{"learning_rate": float(rate)} for rate in rates])


def belief(trials):
    losses = gaussian_search.tamed(np.array([trial.value for trial in trials]))
    process = gaussian_search.process_of(encoding, encoding.rows([trial.params for trial in trials]), losses.tame)
    mean, variance = gp.predict(process, everywhere)
    best = losses.tame.min()
    gain = [acquisition.expected_improvement(m, math.sqrt(v), best) for m, v in zip(mean, variance, strict=True)]
    length, signal, rough, _ = np.exp(process.theta)
    far = losses.factor * math.sqrt(signal + rough)  # the deviation far from all trials
    return (
        losses.offset + losses.factor * mean, losses.factor * np.sqrt(variance), losses.factor * np.array(gain),
        length, far)


stages = (3, 5, 8)
fig, axes = plt.subplots(2, 3, num="12-stages", figsize=(12, 6), sharex=True, layout="constrained",
                         height_ratios=[2, 1])
unsure, aside, lengths = [], [], []
for n, (top, bottom) in zip(stages, axes.T, strict=True):
    while len(study.trials) < n:
        trial = study.ask()
        study.tell(trial, loss(trial.params))
    mean, deviation, gain, length, far = belief(study.trials)
    following = study.ask()  # what the searcher tries next
    x, best = following.params["learning_rate"], min(trial.value for trial in study.trials[:n])
    unsure.append(deviation.max())
    lengths.append(length)
    top.fill_between(rates, mean - 2 * deviation, mean + 2 * deviation, alpha=0.2, label="mean ± 2 deviations")
    top.plot(rates, mean, label="mean")
    top.plot(rates, curve, "k:", lw=1, label="the loss itself")
    top.plot(*zip(*((t.params["learning_rate"], t.value) for t in study.trials[:n]), strict=True), "ko", label="trials")
    bottom.plot(rates, gain, "C2", label="expected improvement")
    top.axvline(x, color="C3", ls="--", label="next")
    bottom.plot(x, gain.max(), "v", color="C3", ms=9, label="next")
    top.set(title=f"After {n} trials", xscale="log", ylim=(0.0, 2.2))
    bottom.set(xlabel="learning rate", ylim=(-0.05 * gain.max(), 1.15 * gain.max()))
    aside.append(abs(math.log10(x / rates[np.argmax(gain)])))
    print(f"after {n} trials: best loss {best:.2f}; length {length:.2f}; deviation at most {deviation.max():.2f}, "
          f"far away {far:.2f}; next {x:.2g}")
    study.tell(following, loss(following.params))
axes[0, 0].set_ylabel("loss")
axes[1, 0].set_ylabel("expected improvement")
axes[0, 2].legend(loc="lower left", fontsize=8)
axes[1, 2].legend(loc="center left", fontsize=8)
# -> after 3 trials: best loss 0.59; length 0.24; deviation at most 0.29, far away 0.35; next 0.017
# -> after 5 trials: best loss 0.37; length 0.17; deviation at most 0.36, far away 0.41; next 0.12
# -> after 8 trials: best loss 0.36; length 0.15; deviation at most 0.23, far away 0.38; next 0.082

# %% [markdown]
# ## Check: one parameter
# Predict 1: in the widest gap. Look at the band. It is narrow at every trial, and it opens between them: the further
# away, the less is known. But the belief does not get surer with every trial. After 5 trials the largest deviation is
# larger than after 3. The new trials showed that the loss changes faster than thought: the length that was learned fell
# from 0.24 to 0.17. And it changes by more: far from all trials the deviation is 0.41 now, not 0.35. A belief can lose
# confidence. After 8 trials the length is shorter again, and the deviation falls all the same, since the widest gap has
# been cut in two.
#
# Predict 2: neither alone. The next point is where the green curve is the highest. At first it is not where the mean is
# the lowest, nor where the band is the widest, but where a low mean and a wide band come together. After 8 trials it is
# practically where the mean is the lowest. The scale of the green curve shrinks from picture to picture: there is ever
# less to be gained.
#
# After 8 trials the curve passes below the first trial on the left. That is the pull of `tamed`.
#
# `why` tells the same with numbers. Every trial keeps it, and `study.why(number)` says it in words. Its value is the
# logarithm of the expected improvement. The search works with the logarithm, because in some places the improvement
# itself is so small that a computer takes it for 0, and a 0 does not show which way is up.

# %%
assert unsure[1] > unsure[0] > unsure[2] and lengths[0] > lengths[1] > lengths[2]
assert max(aside) < 0.1  # it tries the top of the green curve
last = study.trials[8].why
print(f"mean {last['mean']:.2f}, deviation {last['deviation']:.3f}, log expected improvement {last['value']:.1f}, "
      f"so the improvement is {math.exp(last['value']):.3f}")
print(f"it is 0 to the computer at {np.mean(gain == 0.0):.0%} of the learning rates in the third picture")
while len(study.trials) < 15:
    trial = study.ask()
    study.tell(trial, loss(trial.params))
print(f"after 15 trials: loss {study.best_value:.3f} at a learning rate of {study.best_params['learning_rate']:.2f}")
assert study.best_value < curve.min() + 0.01
# -> mean 0.36, deviation 0.004, log expected improvement -5.8, so the improvement is 0.003
# -> it is 0 to the computer at 6% of the learning rates in the third picture
# -> after 15 trials: loss 0.360 at a learning rate of 0.08

# %% [markdown]
# ## Code: what lengths tell
# Now three parameters. The loss bends much along `a`, rises evenly by 0.4 along `b`, and does not know `c`. The first
# 24 trials are spread evenly (`initial`). The 25th is the first that the process proposes, and it says what was
# learned.


# %%
def three(trial):
    return math.sin(6.0 * trial.params["a"]) + 0.4 * trial.params["b"]


searcher = st.BayesianSearch(model="gp", initial=24)
study = st.Study({name: st.Float(0.0, 1.0) for name in "abc"}, searcher=searcher, seed=0)
study.run(three, n_trials=25, progress=False)
lengths = study.trials[-1].why["lengths"]
for name, length in lengths.items():
    print(f"length of {name}: {length:.2g}")
# -> length of a: 0.54
# -> length of b: 5.6
# -> length of c: 18

# %%
distances = np.linspace(0.0, 1.0, 101)
fig, ax = plt.subplots(num="12-lengths", figsize=(6, 3.8), layout="constrained")
for name, length in lengths.items():
    ax.plot(distances, [gp.matern52(d / length) for d in distances], label=f"{name}: length {length:.2g}")
ax.set(xlabel="distance along the parameter, as a share of its range", ylim=(0, 1.02))
ax.set_ylabel("how alike the losses are")
ax.set_title("Short lengths forget fast")
ax.legend()

# %% [markdown]
# ## Check: what lengths tell
# Predict 3: `a`, along which the loss bends most. Two settings that differ by the whole range of `c` are believed to
# have nearly the same loss. So a trial at one value of `c` speaks for all others, and the searcher need not fill that
# axis with trials. That is what the grid could not know (lesson 11).
#
# The lengths also tell *you* something: a short one, that a parameter needs care. But a long one does not always mean
# that there is no effect. The line of `b` is nearly that of `c`, although `b` changes the loss by 0.4. Its effect is a
# straight, gentle slope, and a length measures how much the loss bends. So look at the losses before you leave a
# parameter alone.

# %%
assert lengths["a"] < lengths["b"] < lengths["c"]
assert gp.matern52(1.0 / lengths["c"]) > 0.5 > gp.matern52(1.0 / lengths["a"])

# %% [markdown]
# ## Break it
# Take the doubt away. The *confidence bound* is another acquisition, μ − κ · √v, the lowest loss that one may hope for.
# With κ = 0 nothing is left but the mean: always try where it is the lowest. We compare with κ = 2. Both begin with the
# same three points, all of them on the left, so that the deep valley is still unknown; `initial=1` lets the process
# take over right after them.

# %%
reached = {}
for kappa in (0.0, 2.0):
    searcher = st.BayesianSearch(model="gp", acquisition="bound", kappa=kappa, initial=1)
    study = st.Study(space, searcher=searcher, seed=0)
    for rate in (2e-4, 6e-4, 2e-3):
        study.enqueue({"learning_rate": rate})
    study.run(lambda trial: loss(trial.params), n_trials=15, progress=False)
    reached[kappa] = study.best_value
    rate = study.best_params["learning_rate"]
    print(f"kappa {kappa:.0f}: best loss {study.best_value:.3f} at a learning rate of {rate:.2g}")
# -> kappa 0: best loss 1.044 at a learning rate of 0.00082
# -> kappa 2: best loss 0.360 at a learning rate of 0.081

# %% [markdown]
# Predict 4: without doubt it sits down in the first valley that it finds, and never looks at the other one. A searcher
# needs both: to use what it knows, and to go where it knows nothing.

# %%
assert reached[0.0] > 0.5 and reached[2.0] < curve.min() + 0.01

# %% [markdown]
# ## Exercise
# Compute a belief yourself. Given are the covariances `K` (n, n) of the trials with each other (the noise is already on
# its diagonal), their losses `y` (n,), less the mean, the covariances `c` (n,) of one new point with the trials, and
# the variance `s` before anything was seen. Solve K α = y and K β = c (`np.linalg.solve`). The mean is the sum of c ·
# α, and the variance is s less the sum of c · β. Return mean and variance. (The library does the same with Cholesky's
# factor, which is twice as fast and rounds better.)
#
# Then run `python -m lessons check 12`.


# %%
def posterior(K, y, c, s):
    raise NotImplementedError


# %%
def check(solution=None):
    """By hand, and against the package's process."""
    solution = solution or posterior
    mean, variance = solution(np.array([[2.0]]), np.array([1.0]), np.array([1.0]), 2.0)
    assert np.allclose([mean, variance], [0.5, 1.5]), (
        f"K = [[2]], y = [1], c = [1], s = 2 give {mean} and {variance}; it should be 0.5 and 1.5")
    rng = np.random.default_rng(0)
    rows, points = rng.random((12, 2)), rng.random((5, 2))
    values, theta = np.sin(4.0 * rows[:, 0]) + rows[:, 1], np.log([0.4, 0.8, 1.5, 0.1, 1e-3])  # lengths, s, t, noise
    process = gp.condition(rows, values, np.zeros(2), theta)
    K = gp.covariance(rows, rows, np.zeros(2), theta) + 1e-3 * np.eye(12)
    for point, mean, variance in zip(points, *gp.predict(process, points), strict=True):
        c = gp.covariance(rows, point[None], np.zeros(2), theta)[:, 0]
        found = solution(K, values, c, 1.6)
        assert np.allclose(found, [mean, variance]), f"it gives {found}; the package says {mean:.6f} and {variance:.6f}"
