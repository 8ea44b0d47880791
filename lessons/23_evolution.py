# %% [markdown]
# # 14 The genetic search
# How selection, crossover and mutation find good configurations, and what each of them is worth.
#
# Covers sections 3.4 and 9.1 of the document.

# %% [markdown]
# ## Question
# The document (section 3.4): a genetic algorithm imitates natural selection; it selects, crosses and mutates
# configurations, generation by generation. That needs no model of the loss, no gradient and no density. It needs only
# to know which of two configurations is better. How can so little lead to a good configuration? And are all of its
# parts needed?

# %% [markdown]
# ## Formulas
# - [tournament_probability] p = ((n − r) / n)^s − ((n − r − 1) / n)^s
# - [roulette_shares] pᵢ = (fᵢ − minₖ[fₖ] + b) / Σⱼ[fⱼ − minₖ[fₖ] + b]
# - [sbx_spread] β = (2 · u)^(1 / (η + 1)) if u < 0.5 else (1 / (2 · (1 − u)))^(1 / (η + 1))
# - [sbx_child] c = 0.5 · ((1 + β) · x + (1 − β) · y)
# - [mutation_std] σ = max(s · √(meanₖ[(gₖ − meanₖ[gₖ])²]), l)
# - [gaussian_mutation] m = g + σ · z
#
# The words: a trial is an *individual*, its parameters are *genes*, and its *fitness* is minus its loss. Each gene is a
# value on the unit interval: 0 is the low end of its parameter's range, and 1 the high end. The loop:
#
# 1. the first *population* is spread over the space;
# 2. *replacement*: the fittest of all trials so far may be parents, old or new (*elitism*: the best is never lost);
# 3. *selection*: two of them are drawn, a fitter one with a higher probability;
# 4. *crossover*: the child has genes from both, or from between or near them (SBX: *simulated binary crossover*);
# 5. *mutation*: some genes take a random step. Then continue with step 2.
#
# Every search has to share its trials between *exploitation*, trying near the best so far, and *exploration*, trying
# where little is known. Here selection and elitism exploit; the founders and mutation explore.
#
# By default there are 16 *founders* in the first population, the eight fittest may be parents, and a *generation* is
# four trials: their parents are chosen from the trials before it.
#
# The letters: n is the number of parents, r the rank of one of them (0 is the fittest), and s in the first formula how
# many are drawn. f is the fitness, and b its range / n, so that the worst has a chance, too. x is the gene of the
# parent that the child is near, y the other's. u is a uniform random number between 0 and 1. The larger η, the nearer
# the child is to its parent. g are genes, σ is the standard deviation of a step, and z is a random number from the
# standard normal distribution. In the fifth formula s is 0.5, the share of the parents' standard deviation that a step
# has, and l is the lower limit of σ: 0.03.
#
# The package's search has one part more, which is not in the textbooks: by default it makes a *brood* of four children
# for each trial, and tries the one whose loss a rough estimate from the earlier trials puts lowest. Here it is switched
# off (`brood=1`), so that what you see is selection, crossover and mutation.

# %% [markdown]
# ## Predict
# 1. Eight parents. Two are drawn at random (the same one may be drawn twice), and the fitter becomes the mother. How
#    often is it the very best one?
# 2. Seven parents have losses from 1 to 2, an eighth has 1,000. The roulette wheel gives shares by fitness. How much
#    more often does it choose loss 1 than loss 2?
# 3. Leave out crossover, mutation, or elitism: which of them does the search need most?

# %% [markdown]
# ## Code: a population on a landscape
# Two parameters, and a loss with a slanted valley and some ripples. 80 trials: 16 founders, then generations of four.

# %%
import textwrap

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.evaluation.selection import standard_error
from scratchtune.search.genetic import operators
from scratchtune.search.genetic.genetic_search import GeneticSearch


def landscape(x, y):
    return 0.3 * (x - 1.0) ** 2 + 2.0 * (y + 0.6 * x) ** 2 + 0.5 * (2.0 - np.cos(3.0 * x) - np.cos(3.0 * y))


space = {"x": st.Float(-4.0, 4.0), "y": st.Float(-4.0, 4.0)}
study = st.Study(space, GeneticSearch(brood=1), seed=1)
study.run(lambda trial: landscape(**trial.params), n_trials=80, progress=False)
places = np.array([[trial.params["x"], trial.params["y"]] for trial in study.trials])
losses = np.array([trial.value for trial in study.trials])
for last in (16, 32, 48, 80):
    parents = operators.survivors(losses[:last], 8)
    print(f"after {last} trials: best loss {losses[:last].min():.4f}, "
          f"the eight parents spread by {places[parents].std(axis=0).mean():.3f}")
print(textwrap.fill(study.why(50), 110))
# -> after 16 trials: best loss 0.9403, the eight parents spread by 2.176
# -> after 32 trials: best loss 0.3283, the eight parents spread by 0.239
# -> after 48 trials: best loss 0.2805, the eight parents spread by 0.134
# -> after 80 trials: best loss 0.2705, the eight parents spread by 0.040
# -> Trial 50: Generation 9: a child of trial 28 (loss 0.32834) and trial 32 (loss 0.630352). Its genes: x, y like
# -> trial 32's; mutated: y from 0.2603 to 0.1352.

# %%
fig, axes = plt.subplots(1, 4, num="14-generations", figsize=(13, 3.9), layout="constrained")
across, up = np.meshgrid(np.linspace(-4, 4, 200), np.linspace(-4, 4, 200))
for ax, first, last in zip(axes, (0, 16, 32, 64), (16, 32, 48, 80), strict=True):
    ax.contour(across, up, landscape(across, up), levels=[0.3, 1, 2, 4, 8, 16, 32], colors="0.75", linewidths=0.8)
    parents = operators.survivors(losses[:first], 8)
    ax.plot(*places[:first].T, "o", ms=3, color="0.6", label="earlier trials")
    ax.plot(*places[first:last].T, "o", ms=5, color="C0", label="children")
    if first:
        ax.plot(*places[parents].T, "s", ms=7, mfc="none", mew=1.5, color="C1", label="parents at the start")
    end, zoom = (1, ", from nearer") if first >= 32 else (4.3, "")
    ax.set(xlabel="x", title=f"trials {first} to {last - 1}{zoom}", xlim=(-end, end), ylim=(-end, end), aspect="equal")
    ax.locator_params(nbins=5)
axes[0].set_ylabel("y")
axes[1].legend(loc="lower left", fontsize=8)

# %% [markdown]
# ## Check: a population on a landscape
# The founders (the first picture) are spread evenly: each has a column and a row of its own, a *Latin hypercube*. The
# first parents are along the valley. The direction of the valley was not computed; it follows from which trials were
# selected. Four generations later all parents are near its bottom (the third picture; trials 48 to 63 are not shown).
# The search narrows by itself, since the steps are measured by the spread of the parents: they become smaller with it,
# until they reach their lower limit (see below).

# %%
assert len({int((x + 4.0) * 2.0) for x in places[:16, 0]}) == 16 == len({int((y + 4.0) * 2.0) for y in places[:16, 1]})
spread = [places[operators.survivors(losses[:last], 8)].std(axis=0).mean() for last in (16, 80)]
assert spread[1] < 0.5 * spread[0] and losses.min() < 0.5 * losses[:16].min()

# %% [markdown]
# ## Code: the operators, one by one
# Selection first. In a tournament of s, the fittest of s that are drawn wins. Only the order counts.

# %%
for s in (1, 2, 3):
    probabilities = [operators.tournament_probability(rank, 8, s) for rank in range(8)]
    print(f"tournament of {s}:", " ".join(f"{p:.3f}" for p in probabilities))
seven = np.array([1.0, 1.2, 1.4, 1.5, 1.6, 1.8, 2.0])
for name, group in (("losses 1 to 2", seven), ("and one of 1000", np.append(seven, 1000.0))):
    fitness = -group
    shares = operators.roulette_shares(fitness, np.ptp(fitness) / len(fitness))
    print(f"roulette, {name}:", " ".join(f"{p:.3f}" for p in shares))
# -> tournament of 1: 0.125 0.125 0.125 0.125 0.125 0.125 0.125 0.125
# -> tournament of 2: 0.234 0.203 0.172 0.141 0.109 0.078 0.047 0.016
# -> tournament of 3: 0.330 0.248 0.178 0.119 0.072 0.037 0.014 0.002
# -> roulette, losses 1 to 2: 0.254 0.210 0.165 0.143 0.121 0.076 0.032
# -> roulette, and one of 1000: 0.141 0.141 0.141 0.141 0.141 0.141 0.141 0.016

# %% [markdown]
# Now the children of two parents, with genes 0.4 and 0.6: blend draws uniformly from a range around both, SBX mostly
# near one of them, and rarely far away. And the standard deviation of a mutation, during the search above.

# %%
rng = np.random.default_rng(0)
u, near_first = rng.random(20_000), rng.random(20_000) < 0.5
blended = operators.blend_crossover(np.full(20_000, 0.4), np.full(20_000, 0.6), u, 0.5)
crossed = np.array([operators.sbx_child(*((0.4, 0.6) if first else (0.6, 0.4)), operators.sbx_spread(v, 1.0))
                    for v, first in zip(u, near_first, strict=True)])
genes = (places + 4.0) / 8.0
steps = [[operators.mutation_std(genes[operators.survivors(losses[:n], 8), i], 0.5, 0.03) for i in (0, 1)]
         for n in range(16, 81, 4)]
for name, children in (("blend", blended), ("SBX", crossed)):
    inside, outside = ((children > 0.4) & (children < 0.6)).mean(), ((children < 0.3) | (children > 0.7)).mean()
    print(f"{name:5}: mean {children.mean():.3f}, between the parents {inside:.2f}, "
          f"further out than 0.3 and 0.7 {outside:.2f}")
least_at = 16 + 4 * [step[0] for step in steps].index(0.03)
print(f"mutation: standard deviation as a share of the range of x: {steps[0][0]:.2f} after 16 trials, "
      f"{min(steps)[0]:.2f}, the limit, from trial {least_at} on")
# -> blend: mean 0.501, between the parents 0.50, further out than 0.3 and 0.7 0.00
# -> SBX  : mean 0.501, between the parents 0.50, further out than 0.3 and 0.7 0.12
# -> mutation: standard deviation as a share of the range of x: 0.14 after 16 trials, 0.03, the limit, from trial 28 on

# %%
fig, axes = plt.subplots(1, 3, num="14-operators", figsize=(12, 3.8), layout="constrained")
for k, s in enumerate((1, 2, 3)):
    probabilities = [operators.tournament_probability(rank, 8, s) for rank in range(8)]
    axes[0].bar(np.arange(8) + 0.27 * (k - 1), probabilities, 0.25, label=f"tournament of {s}")
axes[0].set(title="Selection", xlabel="rank of the parent (0: the fittest)", ylabel="probability")
for children, name, color in ((blended, "blend, α = 0.5", "C0"), (crossed, "SBX, η = 1", "C1")):
    axes[1].hist(children, bins=np.linspace(0, 1, 51), density=True, histtype="step", lw=2, color=color, label=name)
axes[1].plot([0.4, 0.6], [0.15, 0.15], "k^", label="parents")
axes[1].set(title="Crossover of one gene", xlabel="gene of the child", ylabel="density", ylim=(0, 7))
axes[2].plot(range(16, 81, 4), steps, label=["x", "y"])
axes[2].axhline(0.03, color="0.4", ls="--", lw=1, label="lower limit")
axes[2].set(title="Mutation: σ during the search", xlabel="trial", ylabel="share of the range", ylim=(0, None))
for ax in axes:
    ax.legend()

# %% [markdown]
# ## Check: the operators
# Predict 1: in 15 of 64 cases, 23 %; without any selection (s = 1) it would be 12.5 %. And so in each generation again.
#
# Predict 2: hardly. Without the eighth the wheel prefers loss 1 to loss 2 by the factor 8; with it, all others have
# equal shares. A single very large loss makes the wheel useless. In a tournament only ranks count; it is the default
# here.
#
# Both crossovers keep the mean of the parents. Both put about half of the children outside. What differs is how far: 12
# % of SBX's children are further out than 0.3 and 0.7, and none of blend's.

# %%
assert operators.tournament_probability(0, 8, 2) == 15 / 64
shares = [operators.roulette_shares(-group, np.ptp(group) / len(group)) for group in (seven, np.append(seven, 1000.0))]
assert shares[0][0] / shares[0][6] > 7.9 and shares[1][0] / shares[1][6] < 1.01
assert abs(blended.mean() - 0.5) < 0.005 and abs(crossed.mean() - 0.5) < 0.005
assert abs(((crossed > 0.4) & (crossed < 0.6)).mean() - 0.5) < 0.02
assert steps[0][0] > 0.1 and all(step[0] == 0.03 for step in steps[(least_at - 16) // 4 :])

# %% [markdown]
# ## Break it
# Take one part away at a time. The loss has five parameters of three kinds now, as a real search does. Each variant
# runs with the same 30 seeds, 100 trials each, and is compared with the whole seed by seed (lesson 10). *Without
# elitism* only the latest 16 trials may be parents.

# %%
SEEDS = 30
mixed = {
    "x": st.Float(-4.0, 4.0), "y": st.Float(-4.0, 4.0), "rate": st.Float(1e-4, 1.0, log=True), "units": st.Int(1, 200),
    "kind": ["a", "b", "c"]}


def five(trial):
    p = trial.params
    shift = {"a": 0.0, "b": 0.4, "c": 0.8}[p["kind"]]
    bend = (np.log10(p["rate"]) + 2.0 + 0.2 * p["x"]) ** 2
    return landscape(p["x"], p["y"]) + bend + abs(p["units"] - 120) / 60 + shift


variants = {
    "the whole": GeneticSearch(brood=1), "without crossover": GeneticSearch(brood=1, crossover_rate=0.0),
    "without mutation": GeneticSearch(brood=1, mutation_rate=0.0),
    "without elitism": GeneticSearch(brood=1, elitism=False), "random search": "random"}
curves, harm = {}, {}
for name, searcher in variants.items():
    runs = [st.Study(mixed, searcher, seed=seed).run(five, n_trials=100, progress=False) for seed in range(SEEDS)]
    curves[name] = np.minimum.accumulate([[trial.value for trial in run.trials] for run in runs], axis=1)
    less = {n: curves[name][:, n - 1] - curves["the whole"][:, n - 1] for n in (50, 100)}
    harm[name] = {n: (difference.mean(), standard_error(difference)) for n, difference in less.items()}
    changes = ", ".join(f"{mean:.2f} ± {error:.2f} after {n} trials" for n, (mean, error) in harm[name].items())
    compared = "" if name == "the whole" else f"; worse by {changes}"
    print(f"{name:18}: mean loss {curves[name][:, -1].mean():.2f}{compared}")
# -> the whole         : mean loss 0.95
# -> without crossover : mean loss 1.45; worse by 0.20 ± 0.14 after 50 trials, 0.50 ± 0.14 after 100 trials
# -> without mutation  : mean loss 1.74; worse by 0.10 ± 0.14 after 50 trials, 0.79 ± 0.16 after 100 trials
# -> without elitism   : mean loss 1.11; worse by -0.08 ± 0.16 after 50 trials, 0.16 ± 0.11 after 100 trials
# -> random search     : mean loss 2.26; worse by 0.79 ± 0.27 after 50 trials, 1.31 ± 0.18 after 100 trials

# %%
fig, ax = plt.subplots(num="14-ablation", layout="constrained")
for name, runs in curves.items():
    ax.plot(range(1, 101), np.mean(runs, axis=0), label=name, color="0.4" if name == "random search" else None)
ax.set(yscale="log", xlabel="trials", ylabel="best loss so far", title=f"One part taken away: means of {SEEDS} seeds")
ax.legend()

# %% [markdown]
# ## Check: one part at a time
# Predict 3: mutation. Without it the loss after 100 trials is higher by 0.79, nearly five errors; the search still does
# better than random search. (A child of two equal parents is equal to them: put x = y into the fourth formula. So once
# all parents are alike, crossover finds nothing new.) Crossover helps too: without it the loss is higher by 0.50, more
# than three errors. Whether elitism helps is undecided, at one and a half errors.
#
# After 50 trials, 16 of which are founders, none of the three is decided.
#
# In the picture random search begins elsewhere, because its first points are others: the genetic search's founders are
# a Latin hypercube, the same one in each variant.
#
# So do not conclude that a part helps because that is plausible: take it away, and measure. And do not conclude that it
# always helps, since this is one loss. `benchmarks/search_quality.py` measures what the defaults reach on 25 others.

# %%
for part in ("crossover", "mutation"):
    mean, error = harm[f"without {part}"][100]
    assert mean > 2.8 * error
assert harm["without mutation"][100][0] > harm["without crossover"][100][0] > 0.2
assert all(abs(mean) < 3 * error for mean, error in [harm["without elitism"][100],
           *(harm[f"without {part}"][50] for part in ("crossover", "mutation", "elitism"))])
assert harm["random search"][100][0] > harm["without mutation"][100][0]
assert np.isclose(operators.sbx_child(0.3, 0.3, 7.0), 0.3)

# %% [markdown]
# ## Exercise
# The wheel breaks down because it uses the values. Let it use the ranks. Write a function that takes the losses of n
# individuals and returns their shares of the wheel (*linear ranking*): with m individuals that did not fail, the
# fittest gets m parts, the next m − 1, and so on down to 1 part for the least fit. A failed one has the loss NaN and
# gets 0. Of equals, the earlier one counts as the fitter. The shares add up to 1.
#
# Example: losses 5, NaN, 1, 3 give 1/6, 0, 3/6, 2/6.
#
# Then run `python -m lessons check 14`.


# %%
def rank_shares(losses):
    raise NotImplementedError


# %%
def check(solution=None):
    """By hand, with what some misunderstandings give; then what must always hold."""
    solution = solution or rank_shares
    nan = float("nan")
    by_hand = [  # losses, parts of the wheel; then wrong parts, and the misunderstanding that gives them
        ([5.0, 1.0, 3.0], [1, 3, 2], {
            "the largest loss gets the most; the fittest has the smallest loss": [3, 1, 2],
            "the least fit gets 1 part, not 0": [0, 2, 1],
            "argsort says who is at each rank, not the rank of each": [2, 1, 3]}),
        ([5.0, nan, 1.0, 3.0], [1, 0, 3, 2], {
            "a failed one gets no part, and yours gets one": [2, 1, 4, 3],
            "m counts only those that did not fail": [2, 0, 4, 3]}),
        ([2.0, 1.0, 1.0, 0.0], [1, 3, 2, 4], {
            "of equals the earlier one is the fitter, not the later": [1, 2, 3, 4],
            "equals share their parts; the earlier one should get more": [1, 2.5, 2.5, 4]}),
        ([2.0], [1], {}), ([nan, 7.0], [0, 1], {}), ([-1.0, -3.0, -2.0], [1, 3, 2], {}),
    ]
    for losses, parts, mistakes in by_hand:
        found, right = np.asarray(solution(list(losses)), dtype=float), np.array(parts) / sum(parts)
        assert found.shape == right.shape, f"losses {losses} give shares of shape {found.shape}, not {right.shape}"
        assert np.isclose(found.sum(), 1.0), f"losses {losses}: the shares add up to {found.sum():.3g}, not to 1"
        for mistake, wrong in mistakes.items():
            assert not np.allclose(found, np.array(wrong) / sum(wrong)), f"losses {losses}: {mistake}"
        higher = solution([1000.0 if loss == max(losses) else loss for loss in losses])
        assert np.allclose(found, higher), f"losses {losses}: only their order may count, not how large they are"
        assert np.allclose(found, right), f"losses {losses} give {found.round(3)}; it should be {right.round(3)}"
    for row in np.random.default_rng(0).normal(size=(20, 9)):
        found = np.asarray(solution(row.tolist()))
        assert np.allclose(found, solution(np.exp(5.0 * row).tolist())), "only the order of the losses may count"
        assert found.argmax() == row.argmin(), "the fittest has the smallest loss, and gets the largest share"
