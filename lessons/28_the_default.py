# %% [markdown]
# # 32 Which searcher, and what is wrong with this training?
# A decision chart from this project's measurements, a small experiment of our own, and diagnoses of failed trainings.
#
# Covers sections 9.1 and 9.3 of the document.

# %% [markdown]
# ## Question
# Lessons 11 to 15 explain the searchers one by one. Which of them do you use for a new task? `st.recommend` answers
# with the reason. And when a training went wrong: what does `st.diagnose` find?

# %% [markdown]
# ## Formulas
# - [grid_combinations] N = Πᵢ[nᵢ]
# - [hyperband_rung_budget] r = floor(R / η^k)
# - [standard_error_of_mean] e = √(Σₖ[(sₖ − meanₖ[sₖ])²] / (#k · max(#k − 1, 1)))
#
# A grid has N points, the product of the numbers of values. Hyperband first trains every trial for r of the R epochs.
# Then it continues only the best ones, with η times as many epochs, and repeats this k times (lesson 15). The last
# formula is the standard error of a mean over k searches.
#
# The *regret* of a search is the difference between its result and the optimum. The *score* of a searcher is
# 1 − regret / (regret of random search): 1 is the optimum, 0 is as good as random search, below 0 is worse.

# %% [markdown]
# ## Predict
# 1. A search has 40 trials, on a smooth function of two parameters. How much smaller is the regret of Bayesian search
#    than that of random search? And with eight parameters?
# 2. Each value now has noise. What remains of the lead in eight dimensions?
# 3. Eight parameters again, without noise: can random search with fifty times as many trials beat Bayesian search?

# %% [markdown]
# ## Code: the decision chart
# These figures are from files in `benchmarks/results`, which other programs of this project measured. A test looks up
# each of them in its file.

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.evaluation.selection import standard_error
from scratchtune.search.recommending import code_of
from scratchtune.search.space import combinations

CITED = {  # figures as their files write them
    "search_quality.md": {"BayesianSearch": "+0.784", "its Gaussian process": "+0.768", "its TPE": "+0.753",
                          "GeneticSearch": "+0.675", "RandomSearch": "+0.000"},
    "tuning_cost.md": {"Hyperband, TPE": "334", "BayesianSearch": "472", "its Gaussian process": "554",
                       "its TPE": "688", "RandomSearch": "958", "GeneticSearch": "1026"},
    "random_against_grid.md": {"grid, 2 parameters": "0.0392", "random, 2 parameters": "0.0525",
                               "grid, 4 parameters": "0.1176", "random, 4 parameters": "0.0543"},
    "search_overhead.md": {"BayesianSearch": "7.58", "its Gaussian process": "12.64", "its TPE": "1.55",
                           "GeneticSearch": "1.44", "RandomSearch": "0.04"},
}
TITLES = {"search_quality.md": "score after 100 trials,\n25 functions and tables", "tuning_cost.md":
          "epochs to random search's\nfinal loss (a network)", "random_against_grid.md": "best loss after 64 trials",
          "search_overhead.md": "milliseconds for a proposal\nat trial 100"}
fig, axes = plt.subplots(2, 2, num="32-measured", figsize=(12, 5.5), layout="constrained")
for ax, (file, figures) in zip(axes.flat, CITED.items(), strict=True):
    values = [float(figure) for figure in figures.values()]
    ax.barh(list(figures), values)
    ax.bar_label(ax.containers[0], list(figures.values()), padding=3)
    ax.set(title=TITLES[file], xlabel=file, xlim=(0, 1.2 * max(values)))
    ax.invert_yaxis()

# %%
CHART = [
    ("Do all points of the space fit\ninto your trials?", "GridSearch: none is missed.\n"
     "From 3 continuous parameters on,\nrandom search is better than a grid."),
    ("Does a trial take less time\nthan a proposal (1 to 20 ms)?", "RandomSearch, with more trials:\n"
     "0.04 ms for a proposal"),
    ("Can a trial be stopped early,\nand continued later?", "Hyperband with TPE:\n334 epochs instead of 472 or 958"),
    ("None of these", "BayesianSearch:\nscore 0.784, also with conditions\nand with several workers"),
]
fig, ax = plt.subplots(num="32-chart", figsize=(8, 6.2), layout="constrained")
for row, (question, answer) in enumerate(CHART):
    ax.text(0.22, -row, question, ha="center", va="center", bbox={"boxstyle": "round,pad=0.6", "fc": "white"})
    ax.text(0.76, -row, answer, ha="center", va="center", bbox={"boxstyle": "round,pad=0.6", "fc": "C0", "alpha": 0.2})
    ax.annotate("", (0.56, -row), (0.44, -row), arrowprops={"arrowstyle": "->"})
    if row < len(CHART) - 1:
        ax.annotate("no", (0.22, -row - 0.72), (0.22, -row - 0.28), ha="center", arrowprops={"arrowstyle": "->"})
        ax.text(0.5, -row + 0.08, "yes", ha="center")
ax.set(xlim=(0, 1), ylim=(-len(CHART) + 0.5, 0.5))
ax.axis("off")

# %% [markdown]
# ## Code: eight situations
# `st.recommend` has these rules, in the same order except that Hyperband comes before random search, and NSGA-II for
# several objectives before all of them. The reasons are printed on stderr.

# %%
CONTINUOUS = {"learning_rate": st.Float(1e-4, 1e-1, log=True), "units": st.Int(16, 256, log=True),
              "dropout": st.Float(0.0, 0.5)}
CHOICES = {"units": [16, 32, 64], "dropout": [0.0, 0.2, 0.5], "activation": ["relu", "tanh"]}
CONDITIONAL = {**CONTINUOUS, "optimizer": st.Categorical(["sgd", "adam"]),
               "momentum": st.Float(0.0, 0.99, when={"optimizer": ["sgd"]})}
SITUATIONS = {
    "18 points, 20 trials": {"space": CHOICES, "n_trials": 20},
    "18 points, 10 trials": {"space": CHOICES, "n_trials": 10},
    "three ranges, noise": {"space": CONTINUOUS, "n_trials": 30, "noisy": True},
    "momentum only with SGD": {"space": CONDITIONAL, "n_trials": 40},
    "epochs are a budget": {"space": CONTINUOUS, "n_trials": 40, "max_budget": 27},
    "four workers": {"space": CONTINUOUS, "n_trials": 100, "n_jobs": 4},
    "trials of 10 ms": {"space": CONTINUOUS, "n_trials": 5000, "seconds_per_trial": 0.01},
    "two objectives": {"space": CONTINUOUS, "n_trials": 100, "objectives": 2},
}
print(f"the grid of the choices has {combinations([len(values) for values in CHOICES.values()])} points")
for name, situation in SITUATIONS.items():
    advice = st.recommend(**situation)
    print(f"{name}: {code_of(advice.searcher)}")
    print(advice.reason, file=sys.stderr)
# -> the grid of the choices has 18 points
# -> 18 points, 20 trials: GridSearch()
# -> 18 points, 10 trials: BayesianSearch()
# -> three ranges, noise: BayesianSearch()
# -> momentum only with SGD: BayesianSearch()
# -> epochs are a budget: Hyperband(max_budget=27, proposer=BayesianSearch(model='tpe'))
# -> four workers: BayesianSearch(parallel=4)
# -> trials of 10 ms: RandomSearch()
# -> two objectives: NSGA2()

# %% [markdown]
# ## Code: an experiment of our own
# Do the rules hold for a function from which none of them was derived? The loss is a valley with ripples; its minimum
# is 0, at a point that is drawn for each seed. There are 40 trials, with 2 and 8 parameters, without noise and with
# normal noise (its standard deviation is 0.3). A search's result is the configuration of its best *observed* value;
# its regret is the loss without noise there. In eight dimensions, a grid of two values each has 256 points: only
# the first 40 are tried.


# %%
def valley(x, best):
    d = x - best
    return 4.0 * np.mean(d**2) + 2.0 * (d[0] - d[1]) ** 2 + 0.15 * np.mean(1.0 - np.cos(4.0 * np.pi * d))


SEARCHERS = {"grid": st.GridSearch, "random": st.RandomSearch, "genetic": st.GeneticSearch,
             "TPE": lambda: st.BayesianSearch(model="tpe"), "Bayesian": st.BayesianSearch}


def regret(name, dimensions, noise, seed, trials=40):
    best, rng = np.random.default_rng(seed).uniform(0.15, 0.85, dimensions), np.random.default_rng(100 + seed)
    values = np.linspace(0.0, 1.0, 13)[1::2].tolist() if dimensions == 2 else [0.25, 0.75]
    space = {f"x{i}": values if name == "grid" else st.Float(0.0, 1.0) for i in range(dimensions)}
    study = st.Study(space, SEARCHERS[name](), seed=seed)
    study.run(lambda trial: valley(np.array(list(trial.params.values())), best) + noise * rng.normal(),
              n_trials=trials, progress=False)
    return valley(np.array(list(study.best_params.values())), best)


CASES = [(2, 0.0), (2, 0.3), (8, 0.0), (8, 0.3)]
regrets = {(name, *case): np.array([regret(name, *case, seed) for seed in range(6)])
           for case in CASES for name in SEARCHERS}
mean = {key: values.mean() for key, values in regrets.items()}
for (name, dimensions, noise), values in regrets.items():
    print(f"{dimensions} parameters, noise {noise}, {name}: {values.mean():.3f} ± {standard_error(values):.3f}",
          file=sys.stderr)

# %%
fig, axes = plt.subplots(1, 4, num="32-regret", figsize=(12, 3.4), sharey=True, layout="constrained")
for ax, case in zip(axes, CASES, strict=True):
    for name in SEARCHERS:
        values = regrets[name, *case]
        ax.errorbar(values.mean(), name, xerr=2 * standard_error(values), fmt="o", capsize=4)
    ax.set(title=f"{case[0]} parameters, {'noise' if case[1] else 'no noise'}", xlabel="regret", xlim=(0, None))
axes[0].invert_yaxis()

# %% [markdown]
# ## Check: the experiment
# Predict 1: with two parameters the regret of random search is 0.10 and that of Bayesian search below 0.001. With
# eight parameters they are 0.34 and 0.08. (These numbers are from a processor with AVX-512; yours are on stderr.) TPE
# and the genetic search are between them, as in the chart above. The grid of two values each is not better
# than random search in eight dimensions.
#
# Predict 2: nothing that we can see. In eight dimensions with noise the regrets are from 0.44 to 0.51, and the
# differences are smaller than two standard errors. The best *observed* value of 40 is one with favourable noise
# (lesson 30), whichever searcher proposed it. So where trials are noisy, make them less noisy (more folds, more seeds)
# before you choose a searcher. `st.recommend` recommends Bayesian search there, too, since it was not worse.
#
# Predict 3: it could not here. With 2,000 trials, fifty times as many, random search has the regret 0.14. So the second
# question of the chart is for trials that are far shorter than a proposal.

# %%
many = np.array([regret("random", 8, 0.0, seed, trials=2000) for seed in range(6)])
print(f"random search, 2000 trials, 8 parameters: {many.mean():.3f} ± {standard_error(many):.3f}", file=sys.stderr)
assert mean["Bayesian", 2, 0.0] < 0.1 * mean["random", 2, 0.0]
assert mean["Bayesian", 8, 0.0] < 0.7 * mean["random", 8, 0.0]
assert mean["Bayesian", 8, 0.3] > 0.6 * mean["random", 8, 0.3]  # hardly a lead, or none
assert 0.6 * mean["Bayesian", 8, 0.0] < many.mean() < mean["random", 8, 0.0]

# %% [markdown]
# ## Code: four trainings that went wrong
# One hidden layer, digits, 500 rows to train and 500 to validate. Each training has one mistake. `diagnose` reads the
# curves, runs the network on the training rows, and names what it finds, with numbers, the remedy to try first, and the
# lesson to read.

# %%
X, y = st.datasets.load_digits()
X, X_val, y, y_val = st.train_test_split(X / 16.0, y, train_size=500, test_size=500, random_state=0, stratify=y)


def train(rate=0.003, units=64, epochs=40, rows=500):
    """The history of a training, and the finding of `diagnose`."""
    model = st.Sequential([st.Dense(units, activation="relu"), st.Dense(10, activation="softmax")], seed=0)
    model.compile(optimizer=st.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(X[:rows], y[:rows], epochs=epochs, batch_size=32, validation_data=(X_val, y_val), verbose=0)
    return history, st.diagnose(history, X[:rows], y[:rows])


TRAININGS = {"learning rate 0.00003": {"rate": 3e-5}, "learning rate 0.3": {"rate": 0.3},
             "40 rows, 120 epochs": {"rows": 40, "epochs": 120}, "one unit": {"units": 1, "epochs": 60},
             "none of these": {"epochs": 15}}
trained = {name: train(**mistake) for name, mistake in TRAININGS.items()}
for name, (_, diagnosis) in trained.items():
    print(f"{name}: {', '.join(diagnosis.names) or 'healthy'}")
    print(diagnosis, file=sys.stderr)
# -> learning rate 0.00003: learning rate too low
# -> learning rate 0.3: learning rate too high
# -> 40 rows, 120 epochs: overfitting
# -> one unit: underfitting
# -> none of these: healthy

# %%
fig, axes = plt.subplots(1, 5, num="32-curves", figsize=(13, 3), sharey=True, layout="constrained")
for ax, (name, (history, _)) in zip(axes, trained.items(), strict=True):
    for curve, label in (("loss", "training"), ("val_loss", "validation")):
        ax.plot(np.minimum(history.history[curve], 5.0), label=label)
    ax.set(title=name, xlabel="epoch")
axes[0].set(ylabel="loss", ylim=(0, 5))
axes[0].legend()

# %% [markdown]
# ## Check: four trainings
# All four mistakes are named. But we chose clear cases, so this does not show how often `diagnose` is right.
# `benchmarks/results/diagnosis.md` measures it on 90 trainings that failed and 20 healthy ones.

# %%
assert [diagnosis.names[:1] for _, diagnosis in trained.values()] == [
    ["learning rate too low"], ["learning rate too high"], ["overfitting"], ["underfitting"], []]

# %% [markdown]
# ## Break it
# Take the network away: `diagnose` gets the curves alone, a dict of lists. The learning rate is 0.1 now.

# %%
history, whole = train(rate=0.1)
curves_alone = st.diagnose(history.history)
print(f"with the network: {whole.names[0]}")
print(f"the curves alone: {curves_alone.names}; validation accuracy {history.history['val_accuracy'][-1]:.2f}, healthy "
      f"{trained['none of these'][0].history['val_accuracy'][-1]:.2f}", file=sys.stderr)
assert whole.names[0] == "dead units" and "dead units" not in curves_alone.names
# -> with the network: dead units

# %% [markdown]
# Most of the hidden units are *dead*: they are 0 on every row, so their gradient is 0. Curves cannot show that, so here
# they give another finding. But the validation accuracy is 0.93, and that of the healthy training is 0.96: a finding
# is no measure of the harm. (A learning rate that is too high causes dead units, so both findings are right.)

# %% [markdown]
# ## Exercise
# Write the mean score that compares searchers. `regrets` and `of_random` have the regrets of a searcher and of random
# search, (cases, seeds). Divide, in each case, the median regret over the seeds by random search's median. The score
# of the case is 1 less this ratio; where that is below -1, it is -1. Return the mean over the cases. Example:
# `[[1, 2, 9]]` and `[[4, 5, 6]]` give 1 − 2/5 = 0.6. Then run `python -m lessons check 32`.


# %%
def mean_score(regrets, of_random):
    raise NotImplementedError


# %%
MISTAKES = {  # what a usual mistake gives in the check's table
    0.0759: "these are means over the seeds, not medians: one bad seed decides the case",
    -0.2074: "this is without the limit of -1: one case outweighs all others",
    0.6: "this is one median of all cases; each case has its own units",
    0.7626: "the case with the largest regrets decides; divide in each case, then take the mean",
    -0.4444: "the ratio is upside down: random search's regret is the divisor",
    0.5407: "this is the share of the regret that is left; the score is 1 less it",
}


def check(solution=None):
    """Three cases in different units, one worse than random search: each usual mistake gives another number."""
    solution = solution or mean_score
    regrets = np.array([[1.0, 2, 9], [10, 20, 30], [0.5, 0.6, 1.0]])
    of_random = np.array([[4.0, 5, 6], [100, 80, 90], [0.1, 0.2, 0.9]])
    found = solution(regrets.copy(), of_random.copy())
    assert np.ndim(found) == 0, f"{found}: return one number, the mean over the cases"
    hints = [hint for value, hint in MISTAKES.items() if abs(found - value) < 1e-3]
    right = 0.1259
    assert abs(found - right) < 1e-3, f"The score is {found:.4f}, not {right}: {(hints or ['check each step'])[0]}."
    assert abs(solution(regrets[:1], of_random[:1]) - 0.6) < 1e-9, "The example gives 0.6."
