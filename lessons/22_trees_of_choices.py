# %% [markdown]
# # 22 Trees of choices
# Momentum exists for SGD alone. What a searcher may learn from trials of another branch, and what not.
#
# 25 minutes · needs 18, 21

# %% [markdown]
# ## Question
# SGD has a momentum, Adam here has none: the space is a tree with two *branches*, and each has hyper-parameters of its
# own. TPE (lesson 21) compares densities of good and bad trials. But how does it compare trials that do not have the
# same hyper-parameters, and how does it choose between branches?

# %% [markdown]
# ## Predict 1
# One branch has had 20 trials, of which 3 were good. The other has had 3 trials, none of them good. Each trial comes
# from one of the two. What share of the next ones would you give to the second branch? And if it had 0 of 30?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.search.bayesian import mixture, parzen

rng = np.random.default_rng(0)
first = rng.beta(parzen.beta_parameter(3), parzen.beta_parameter(17), 100_000)
for count in (0, 3, 10, 30):
    other = rng.beta(parzen.beta_parameter(0), parzen.beta_parameter(count), 100_000)
    print(f"3 of 20 against 0 of {count:2}: the second has the higher draw in {np.mean(other > first):4.0%}, "
          f"a mean of {other.mean():.2f} against {first.mean():.2f}")
# -> 3 of 20 against 0 of  0: the second has the higher draw in  82%, a mean of 0.50 against 0.18
# -> 3 of 20 against 0 of  3: the second has the higher draw in  47%, a mean of 0.20 against 0.18
# -> 3 of 20 against 0 of 10: the second has the higher draw in  17%, a mean of 0.08 against 0.18
# -> 3 of 20 against 0 of 30: the second has the higher draw in   2%, a mean of 0.03 against 0.18

# %% [markdown]
# ## Answer 1
# Nearly half, if the searcher draws (*Thompson sampling*). What is known of a branch is a beta distribution of the
# probability that its next trial is good. Its two parameters count the good trials, and the others:
# - [tpe_branch_posterior] a = 1 + k
#
# The searcher draws one probability from each branch's distribution, and tries the branch with the higher one. Three
# bad trials are weak evidence, so the distribution is wide, and its mean is not even the lower one. Thirty are strong
# evidence. No branch is given up for ever, but the more often it was bad, the more seldom it is tried.

# %% [markdown]
# ## Predict 2
# A made-up loss: Adam reaches 0.1 over a wide range of learning rates; SGD reaches 0, but only at its own learning
# rate and momentum, which most trials miss. One searcher is told by `when` that Adam has no momentum. Another has a
# momentum in every trial, which Adam ignores. How often does each find out that SGD is better, in 40 trials?

# %%
rates = st.Float(1e-5, 1.0, log=True)
tree = {"optimizer": ["sgd", "adam"], "learning_rate": rates,
        "momentum": st.Float(0.0, 0.99, when={"optimizer": ["sgd"]})}
flat = {**tree, "momentum": st.Float(0.0, 0.99)}


def loss(trial):
    exponent = np.log10(trial.params["learning_rate"])
    if trial.params["optimizer"] == "adam":
        return 0.1 + 0.05 * (exponent + 3.0) ** 2
    return 0.1 * (exponent + 1.0) ** 2 + (trial.params["momentum"] - 0.85) ** 2


SEED = 4  # of the search in the picture
studies = {"tree": [], "flat": []}
for name, space in (("tree", tree), ("flat", flat)):
    for seed in range(20):
        study = st.Study(space, st.BayesianSearch(model="tpe"), seed=seed)
        studies[name].append(study.run(loss, n_trials=40, progress=False))
    found = sum(study.best_params["optimizer"] == "sgd" for study in studies[name])
    stuck = sum(len({trial.params["optimizer"] for trial in study.trials[10:]}) == 1 for study in studies[name])
    print(f"{name}: best trial is SGD's in {found} of 20 searches; the same optimizer from trial 10 on in {stuck}")
# -> tree: best trial is SGD's in 20 of 20 searches; the same optimizer from trial 10 on in 1
# -> flat: best trial is SGD's in 15 of 20 searches; the same optimizer from trial 10 on in 11

# %% [markdown]
# ## Answer 2
# The searcher that knows the tree finds the better branch in more searches (in 15 of 15 draws [22a]). In the flat space
# more searches keep to one optimizer after ten trials (in 15 of 15 draws [22b]): there the optimizer is one more
# hyper-parameter, whose ratio of densities is part of the sum, and momentum is learned from Adam's trials as well,
# which say nothing about it. In the tree, first the branch is drawn; then l and g are those of this branch alone.

# %%
fig, axes = plt.subplots(1, 3, num="22-branches", figsize=(12.5, 4), layout="constrained")
line = np.linspace(0.0, 1.0, 201)
for good, count, color in ((3, 20, "C0"), (0, 3, "C1"), (0, 30, "C2")):
    beta = line ** (parzen.beta_parameter(good) - 1) * (1.0 - line) ** (parzen.beta_parameter(count - good) - 1)
    axes[0].plot(line, beta / beta.mean(), color, label=f"{good} of {count} good")
axes[0].set(title="What is known of a branch", xlabel="probability that a trial is good", ylabel="density", ylim=(0, 8))
axes[0].legend()
for ax, name in zip(axes[1:], ("tree", "flat"), strict=True):
    for optimizer, marker in (("adam", "C1s"), ("sgd", "C0o")):
        trials = [trial for trial in studies[name][SEED].trials if trial.params["optimizer"] == optimizer]
        ax.plot([trial.number for trial in trials], [trial.value for trial in trials], marker, label=optimizer)
    ax.set(title=f"A search in the {name} space", xlabel="trial", ylabel="loss", yscale="log", ylim=(1e-4, 3.0))
    ax.legend(loc="lower left")

# %% [markdown]
# ## Predict 3
# Look at the flat search on the right. After ten trials two are good, and both are Adam's. How probable is SGD under
# the density of the good ones: 0, as no good trial has it?

# %%
choices = np.array([tree["optimizer"].index(trial.params["optimizer"]) for trial in studies["flat"][SEED].trials[:10]])
losses = np.array([trial.value for trial in studies["flat"][SEED].trials[:10]])
good, bad = np.split(choices[losses.argsort()], [2])
for b in (0.2, 0.0):
    of_good, of_bad = (np.vstack([mixture.choice_kernels(part, np.full(2, 0.5), b), [0.5, 0.5]]).mean(axis=0)
                       for part in (good, bad))
    ratio = np.log(of_good / of_bad)
    print(f"b = {b}: SGD has {of_good[0]:.2f} under l, {of_bad[0]:.2f} under g: log ratio {ratio[0]:+.2f}, "
          f"Adam {ratio[1]:+.2f}")
# -> b = 0.2: SGD has 0.22 under l, 0.69 under g: log ratio -1.13, Adam +0.90
# -> b = 0.0: SGD has 0.17 under l, 0.72 under g: log ratio -1.47, Adam +1.10

# %% [markdown]
# ## Answer 3
# Not 0, but 0.22. The kernel of a trial's choice c gives some probability to all choices, by their prior shares π:
# - [parzen_choice] qₙₖ = ((1 if k = cₙ else 0) + b · πₖ) / (1 + b)
#
# And the prior is a kernel of its own, with the weight of one trial. So about one candidate in five is still SGD's. It
# is drawn, and not chosen: its ratio is the lower one, and the highest of 48 candidates wins. Two good trials of ten
# have decided a search of forty. A ratio compares candidates with the same hyper-parameters; between branches, draw.
#
# *In your logbook:* the trainings have no branches. Write down one condition of a table of your own, with its `when`.

# %% [markdown]
# ## Exercise
# Draw the branch of the next trial. `names` are all branches; `branches` has the branch of each finished trial, and
# `losses` its loss, NaN where it failed. Of all n trials the best 15 %, rounded up, are good, whatever their branch; a
# failed trial never is, and counts as one of the others. Of equal losses, the earlier is better. For each name, in
# order, draw `rng.beta` once, with 1 + its good trials and 1 + its other trials. Return the name with the highest draw.
#
# Check it with `python -m lessons check 22`. Your MyTPE of lesson 21 needs it for a space with conditions.


# %%
def drawn_branch(names, branches, losses, rng):
    raise NotImplementedError
