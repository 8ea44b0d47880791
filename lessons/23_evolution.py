# %% [markdown]
# # 23 Evolution
# Two fit parents, one child, a small random step: a search without a model, and what each of its parts is worth.
#
# 30 minutes · needs 18

# %% [markdown]
# ## Question
# A genetic search knows of two trials only which one is better. The fittest so far are parents; a child has genes of
# two of them (*crossover*), and some take a random step (*mutation*). A gene is a
# [unit value](README.md#tuning), *fitness* is minus the loss. How can so little find a good configuration?

# %% [markdown]
# ## Predict 1
# Eight trials may be parents. Two are drawn at random, and the fitter one becomes the mother: a
# [tournament](README.md#genetic-search). How often is it the very best? And nothing in the search makes its steps
# smaller with time: will the children spread less from generation to generation?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.search.genetic import operators
from scratchtune.insight.lineage_plots import gene_diversity


def valley(x, y):
    return 0.3 * (x - 1.0) ** 2 + 2.0 * (y + 0.6 * x) ** 2 + 0.5 * (2.0 - np.cos(3.0 * x) - np.cos(3.0 * y))


shares = [operators.tournament_probability(rank, 8, 2) for rank in range(8)]
print("mother, from the best parent to the worst:", " ".join(f"{share:.2f}" for share in shares))
plane = {"x": st.Float(-4.0, 4.0), "y": st.Float(-4.0, 4.0)}
study = st.Study(plane, st.GeneticSearch(brood=1), seed=1)
study.run(lambda trial: valley(**trial.params), n_trials=80, progress=False)
points = np.array([[trial.params["x"], trial.params["y"]] for trial in study.trials])
losses = np.array([trial.value for trial in study.trials])
fig, axes = plt.subplots(1, 4, num="23-generations", figsize=(13, 3.8), layout="constrained")
across, up = np.meshgrid(np.linspace(-4.0, 4.0, 200), np.linspace(-4.0, 4.0, 200))
for ax, first, last in zip(axes, (0, 16, 32, 64), (16, 32, 48, 80), strict=True):
    parents = operators.survivors(losses[:last], 8)
    genes = (points[parents] + 4.0) / 8.0
    step = operators.mutation_std(genes[:, 0], 0.5, 0.03)
    print(f"after {last} trials: best loss {losses[:last].min():.2f}, diversity of the parents "
          f"{gene_diversity(genes, np.zeros(2)):.3f}, step {step:.3f}")
    ax.contour(across, up, valley(across, up), levels=[0.3, 1, 2, 4, 8, 16, 32], colors="0.75", linewidths=0.8)
    ax.plot(*points[:first].T, "o", ms=3, color="0.6", label="earlier trials")
    ax.plot(*points[first:last].T, "o", ms=5, color="C0", label="new trials")
    ax.plot(*points[parents].T, "s", ms=8, mfc="none", mew=1.5, color="C1", label="parents from now on")
    ax.set(xlabel="x", ylabel="y", title=f"trials {first} to {last - 1}", aspect="equal")
axes[0].legend(fontsize=7)
# -> mother, from the best parent to the worst: 0.23 0.20 0.17 0.14 0.11 0.08 0.05 0.02
# ~> after 16 trials: best loss 0.94, diversity of the parents 0.346, step 0.143
# ~> after 32 trials: best loss 0.33, diversity of the parents 0.036, step 0.030
# ~> after 48 trials: best loss 0.28, diversity of the parents 0.020, step 0.030
# ~> after 80 trials: best loss 0.27, diversity of the parents 0.006, step 0.030

# %% [markdown]
# ## Answer 1
# The best of n = 8 parents, of rank r = 0, wins a tournament of s = 2 in 23 of 100 cases, not in one of eight:
# - [tournament_probability] p = ((n − r) / n)^s − ((n − r − 1) / n)^s
#
# And the children do draw together, with no schedule. First the founders are spread evenly; then the eight fittest of
# *all* trials are parents, so a parent is only replaced by a fitter trial. The mean difference of two parents falls,
# - [gene_diversity] D = Σₖ[Σᵢ[Σⱼ[|sign(uᵢₖ − uⱼₖ)| if cₖ > 0 else |uᵢₖ − uⱼₖ|]]] / (max(#i · (#i − 1), #i) · #k)
#
# and a mutation's step is a share s of the spread of the parents, with a lower limit l, times a normal number z:
# - [mutation_std] σ = max(s · √(meanₖ[(gₖ − meanₖ[gₖ])²]), l)
# - [gaussian_mutation] m = g + σ · z

# %% [markdown]
# ## Predict 2
# A loss of five hyper-parameters, of three kinds. Take crossover away, or mutation. Which does the search need more?

# %%
mixed = {**plane, "rate": st.Float(1e-4, 1.0, log=True), "units": st.Int(1, 200), "kind": ["a", "b", "c"]}


def five(trial):
    p = trial.params
    bend = (np.log10(p["rate"]) + 2.0 + 0.2 * p["x"]) ** 2
    return valley(p["x"], p["y"]) + bend + abs(p["units"] - 120) / 60 + {"a": 0.0, "b": 0.4, "c": 0.8}[p["kind"]]


def lowest(space, loss, **parts):
    """The lowest losses of ten searches of 100 trials."""
    studies = [st.Study(space, st.GeneticSearch(**parts), seed=seed) for seed in range(10)]
    return np.array([study.run(loss, n_trials=100, progress=False).best_value for study in studies])


def difference(of, than):
    """The mean of paired differences, with its standard error."""
    return f"{np.mean(of - than):+.2f} ± {np.std(of - than, ddof=1) / np.sqrt(len(of)):.2f}"


whole = lowest(mixed, five, brood=1)
print(f"without crossover the loss is higher by {difference(lowest(mixed, five, brood=1, crossover_rate=0.0), whole)}")
print(f"without mutation by {difference(lowest(mixed, five, brood=1, mutation_rate=0.0), whole)}")
# ~> without crossover the loss is higher by +0.49 ± 0.19
# ~> without mutation by +1.01 ± 0.29

# %% [markdown]
# ## Answer 2
# Both help (in 10 of 10 draws [23a]), and mutation is missed more (in 10 of 10 draws [23b]). In *simulated binary
# crossover* a child is near one parent's gene x, at a distance that the other's, y, and a random u decide:
# - [sbx_spread] β = (2 · u)^(1 / (η + 1)) if u < 0.5 else (1 / (2 · (1 − u)))^(1 / (η + 1))
# - [sbx_child] c = 0.5 · ((1 + β) · x + (1 − β) · y)
#
# Put x = y: the child of two equal genes is that gene. Once the parents are alike, crossover finds nothing new.

# %% [markdown]
# ## Predict 3
# By default the package makes a *brood* of four children for each trial, and tries the one whose rank a quadratic model
# of the earlier trials puts lowest. On which of these does that help: the loss above, a smooth bowl of ten
# hyper-parameters, the trainings?

# %%
trainings = st.datasets.load_trainings()
ranges = {"learning_rate": st.Float(0.001, 2.0, log=True), "batch_size": st.Int(4, 128, log=True),
          "l2": [0.0, 0.001, 0.01], "dropout": st.Float(0.0, 0.6), "units": st.Int(16, 192, log=True)}
objective = trainings.objective()
bowl = {f"x{i}": st.Float(0.0, 1.0) for i in range(10)}


def in_bowl(trial):
    return 100.0 * sum((x - 0.2 - 0.06 * i) ** 2 for i, x in enumerate(trial.params.values()))


for name, space, loss in (("five", mixed, five), ("bowl", bowl, in_bowl),
                          ("trainings", ranges, lambda trial: 100.0 * (1.0 - objective(trial)))):
    alone = whole if name == "five" else lowest(space, loss, brood=1)
    print(f"{name:9}: lowest loss of brood 1 {alone.mean():.2f}, of brood 4 less by "
          f"{difference(alone, lowest(space, loss, brood=4))}")
# ~> five     : lowest loss of brood 1 0.86, of brood 4 less by +0.06 ± 0.22
# ~> bowl     : lowest loss of brood 1 5.77, of brood 4 less by +2.56 ± 1.27
# ~> trainings: lowest loss of brood 1 12.28, of brood 4 less by -0.32 ± 0.23

# %% [markdown]
# ## Answer 3
# In the bowl (in 10 of 10 draws [23c]): a quadratic model fits it exactly. On the other two losses, ten pairs show no
# gain: the mean difference is below two of its errors. So the part that is on by default is worth its place where the
# loss is smooth, and nothing here says that it is on yours. A part of a method is no better than its ablation.
#
# *In your logbook:* let `st.GeneticSearch()` try 27 trainings of lesson 00: only eleven of them are children.

# %% [markdown]
# ## Exercise
# Write an evolution. While fewer than 16 losses are known (NaN is a failed trial, never a parent), return a random
# configuration. From then on the eight lowest losses are the parents, as unit values. Choose a mother and a father,
# each the fitter of two that are drawn at random. The child has each gene from mother or father, with equal
# probability. Then each gene, with probability 0.5, takes a normal step of σ = max(0.5 · std of the eight in this gene,
# 0.03). Keep it between 0 and 1. An absent hyper-parameter has the unit value NaN; count it as 0.5.
#
# Check it with `python -m lessons check 23`; then enter it: `python -m lessons race my_searcher.py`.


# %%
class MyEvolution(st.Searcher):
    def suggest(self, space, seen, pending, number, rng):
        raise NotImplementedError
