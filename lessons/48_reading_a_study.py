# %% [markdown]
# # 48 Reading a study
# What mattered, how much of the best score is luck, and where the gain comes from: three questions, checked on a truth.
#
# 25 minutes · needs 00, 18

# %% [markdown]
# ## Question
# A search of 60 trials has ended with a best configuration. Which hyper-parameters mattered? How much of the best score
# is luck? Which change of the default does the gain come from? For a search of the trainings all 2,376 configurations
# are known, so each answer of the study can be compared with the truth.

# %% [markdown]
# ## Predict 1
# *Functional ANOVA* divides the variance of the score over the whole space. The *marginal* a of a
# [hyper-parameter](README.md#tuning) is the mean score at each of its values, over all values of the others; w are
# equal weights. Its variance, as a share of the whole, is the hyper-parameter's importance. Two of them together have a
# marginal with a score for each pair. Its variance b, less their own f and s, is due to their *interaction*.
# - [marginal_variance] V = Σᵢ[wᵢ · (aᵢ − Σₖ[wₖ · aₖ])²]
# - [interaction_variance] V = b − f − s
#
# The learning rate has by far the largest share. How large is that of the batch size: 30 %, 10 % or 1 %? Can one leave
# it at its default, then?

# %%
import itertools

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.insight.importances import interaction_variance, marginal_variance
from scratchtune.play.trainings import VALUES

trainings = st.datasets.load_trainings()
NAMES, truth = list(VALUES), trainings.expected


def variance(*axes):
    """The variance of the marginal of one or two hyper-parameters."""
    marginal = truth.mean(axis=tuple(axis for axis in range(5) if axis not in axes)).ravel()
    return marginal_variance(marginal, np.full(len(marginal), 1.0 / len(marginal)))


true = {name: variance(axis) / truth.var() for axis, name in enumerate(NAMES)}
for a, b in itertools.combinations(range(5), 2):
    true[NAMES[a], NAMES[b]] = interaction_variance(variance(a, b), variance(a), variance(b)) / truth.var()

SPACE = {"learning_rate": st.Float(0.001, 2.0, log=True), "batch_size": st.Int(4, 128, log=True),
         "l2": st.Categorical([0.0, 0.001, 0.01]), "dropout": st.Float(0.0, 0.6), "units": st.Int(16, 192, log=True)}
study = st.Study(SPACE, st.RandomSearch(), "maximize", seed=9)
study.run(trainings.objective(), n_trials=60, progress=False)
shares = st.insight.importance(study)  # of a model of the 60 trials, since a marginal needs every point
for name in ("learning_rate", "batch_size", ("learning_rate", "batch_size")):
    print(f"{' x '.join(np.atleast_1d(name)):26}: {true[name]:.0%} of the variance, by the study {shares[name]:.0%}")
# ~> learning_rate             : 46% of the variance, by the study 59%
# ~> batch_size                : 1% of the variance, by the study 3%
# ~> learning_rate x batch_size: 28% of the variance, by the study 21%

# %% [markdown]
# ## Answer 1
# Hardly 1 %, and no. On average over all learning rates every batch size is about equally good. But *which* rates are
# good depends on the batch size (the ridge of lesson 07), and that interaction has more than a quarter of the variance.
# The study sees it, too: its share of the interaction is larger than that of the batch size (in 20 of 20 draws [48a]).
# So read the interactions, not only the bars at the top. And a share describes the whole space, with all its failed
# trainings, not the region where the best ones are.

# %%
top = sorted(true, key=lambda name: -true[name])[:7]
fig, ax = plt.subplots(num="48-shares", figsize=(8, 4), layout="constrained")
for shift, found, label in ((-0.2, true, "all 2,376 configurations"), (0.2, shares, "60 random trials")):
    ax.barh(np.arange(7) + shift, [found.get(name, 0.0) for name in top], height=0.38, label=label)
ax.set_yticks(range(7), [" x ".join(np.atleast_1d(name)) for name in top])
ax.set(xlabel="share of the variance of the accuracy")
ax.invert_yaxis()
ax.legend(loc="lower right")

# %% [markdown]
# ## Predict 2
# The best trial has the highest of 60 validation accuracies, each of one training and 250 rows. What is its
# configuration really worth, as the mean of five trainings on 1,597 rows: about as much, 1 point less, 5 points less?

# %%
best = study.best_params
print(f"best of 60: {study.best_value:.3f}; the same configuration, five trainings: "
      f"{truth[trainings.index(best)]:.3f}")
# -> best of 60: 0.864; the same configuration, five trainings: 0.835

# %% [markdown]
# ## Answer 2
# Less: the best score is higher than what its configuration is worth (in 20 of 20 draws [48b]). It is the highest of
# many noisy numbers, so its noise is above 0 (lesson 15). In a table of your own, train the best configuration again
# with new seeds before you report a number.

# %% [markdown]
# ## Predict 3
# The default has the rate 0.1, batches of 32, 64 units, no L2 and no dropout. An *ablation path* leads from it to the
# best configuration: each step changes the one value whose change helps most now. All five values are changed. How many
# of these changes bring more than half of the gain?

# %%
DEFAULT = {"learning_rate": 0.1, "batch_size": 32, "l2": 0.0, "dropout": 0.0, "units": 64}
path = st.insight.ablation(study, trainings.objective(), seeds=5, default=DEFAULT, progress=False)
print(f"default {path.start.mean():.3f}; best configuration: "
      + ", ".join(f"{name} {value:.3g}" for name, value in best.items()))
for step in path.steps:
    alone = path.share(step.label, alone=True)
    print(f"{step.label:13} {step.gain.mean:+.3f}, as the only change {alone:+.0%} of the gain")
# -> default 0.694; best configuration: learning_rate 0.014, batch_size 13, l2 0.01, dropout 0.447, units 152
# -> learning_rate +0.128, as the only change +94% of the gain
# -> units         +0.002, as the only change +9% of the gain
# -> dropout       +0.016, as the only change +12% of the gain
# -> batch_size    -0.004, as the only change -11% of the gain
# -> l2            -0.006, as the only change +6% of the gain

# %% [markdown]
# ## Answer 3
# One. A single step brings more than half of the gain (in 18 of 20 draws [48c]). The best configuration has some
# dropout and some L2 only because a search must propose *some* value. So write "tuning the learning rate gained 13
# points", not "our configuration of five hyper-parameters did".
#
# The last column is for each change when it is the only one. It differs from the step on the path: a gain depends on
# the changes before it, since there are interactions. A batch size that is good beside the new rate is bad beside the
# default's.
#
# *In your logbook:* the largest share, the largest interaction, and the one change that you would report.

# %% [markdown]
# ## Exercise
# Write the path. `score(params)` is the score of a configuration, to be maximised; `default` and `best` are
# dictionaries with the same names. Begin with the default; at each step change the one value, of those that still
# differ from `best`, that gives the highest score (of equal ones the first in the order of `default`). Return a list of
# pairs (name, score after this step), and leave the two dictionaries as they are. Check it with
# `python -m lessons check 48`.


# %%
def path_of(score, default, best):
    raise NotImplementedError
