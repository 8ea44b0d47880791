# %% [markdown]
# # 17 Ablation
# Six remedies against overfitting, each alone and each beside the others: two questions, and two answers.
#
# 25 minutes · needs 14, 16

# %% [markdown]
# ## Question
# A network overfits, and six remedies are known. An [ablation](README.md#evaluation-and-overfitting) takes a part away
# and looks what is lost; one may also add it to nothing, and look what is won. Do both say the same about a remedy?
#
# We train on 200 digits, a fifth of them with a random label, and test on 1,000 with the right ones. Every variant is
# trained on the same ten draws of rows, so that we compare in pairs. The strengths are examples, and not tuned.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st

X, digits = st.datasets.load_digits()
REMEDIES = {"augment": 0.5, "dropout": 0.4, "l2": 2e-3, "l1": 5e-4, "weight_decay": 1.0, "early_stopping": True}
DRAWS = 10


def scores(remedies, draws=range(DRAWS)):
    """Accuracy and log loss on the test rows of each draw, with these remedies: (draws, 2)."""
    found = []
    for draw in draws:
        rng = np.random.default_rng(draw)
        order = rng.permutation(len(X))
        train, test = order[:200], order[-1000:]
        y = np.where(rng.random(len(X)) < 0.2, rng.integers(10, size=len(X)), digits)
        network = st.MLPClassifier(**{"units": 64, "epochs": 60, "weight_decay": 0.0} | remedies,
                                   random_state=draw, verbose=0)
        p = network.fit(X[train], y[train]).predict_proba(X[test])
        found.append((np.mean(p.argmax(axis=1) == digits[test]), st.metrics.log_loss(digits[test], p)))
    return np.array(found)

# %% [markdown]
# Two of them change what the network sees, in training only. *Augmentation* adds noise to each input (z is a normal
# random number), and *dropout* sets each hidden unit to 0 with probability r (u is a uniform random number):
# - [gaussian_noise] y = x + σ · z
# - [dropout] y = x / (1 − r) if u >= r else 0
#
# Three keep the weights small: L1, L2 and weight decay. *Early stopping* puts a part of the 200 rows aside, and stops
# by their loss (lesson 16).

# %% [markdown]
# ## Predict 1
# Each remedy alone, added to none: how many points of accuracy does it win? And all six together: as much as the six
# gains add up to, less, or more?

# %%
none, everything = scores({}), scores(REMEDIES)
alone = {name: scores({name: value}) - none for name, value in REMEDIES.items()}  # paired differences, draw by draw


def show(name, d):
    up = np.sum(d[:, 0] > 0)
    print(f"{name:20} accuracy {100 * d[:, 0].mean():+.0f} points, up in {up:2} of {DRAWS}; "
          f"log loss {d[:, 1].mean():+.2f}")


print(f"none: accuracy {none[:, 0].mean():.2f}, log loss {none[:, 1].mean():.2f}")
for name, d in alone.items():
    show(f"+ {name}", d)
show("all six - none", everything - none)
print(f"the six gains add up to {100 * sum(d[:, 0].mean() for d in alone.values()):.0f} points")
# ~> none: accuracy 0.79, log loss 0.82
# ~> + augment            accuracy +3 points, up in 10 of 10; log loss -0.12
# ~> + dropout            accuracy +3 points, up in 10 of 10; log loss -0.08
# ~> + l2                 accuracy +1 points, up in 10 of 10; log loss -0.11
# ~> + l1                 accuracy +1 points, up in 10 of 10; log loss -0.09
# ~> + weight_decay       accuracy +4 points, up in 10 of 10; log loss -0.16
# ~> + early_stopping     accuracy +2 points, up in  8 of 10; log loss -0.02
# ~> all six - none       accuracy +8 points, up in 10 of 10; log loss -0.11
# ~> the six gains add up to 14 points

# %% [markdown]
# ## Answer 1
# Less, in 20 of 20 draws [17a]: a remedy repairs also what another one has repaired. All six have a higher accuracy
# than any of them alone, but not the lowest log loss: that of weight decay alone is lower. Both hold in 20 of 20 draws
# [17b]. So the strengths are to be tuned together, by the number that matters (lesson 11).

# %% [markdown]
# ## Predict 2
# Now the other question: all six, and one is taken away. Which remedy is missed most? Is there one that nothing misses?

# %%
beside = {}
for name in REMEDIES:
    others = {other: value for other, value in REMEDIES.items() if other != name}
    beside[name] = everything - scores(others)
    show(f"all - {name}", beside[name])
# ~> all - augment        accuracy +1 points, up in  8 of 10; log loss +0.00
# ~> all - dropout        accuracy +1 points, up in  8 of 10; log loss +0.03
# ~> all - l2             accuracy +0 points, up in  4 of 10; log loss -0.01
# ~> all - l1             accuracy +0 points, up in  5 of 10; log loss -0.01
# ~> all - weight_decay   accuracy +1 points, up in  9 of 10; log loss +0.02
# ~> all - early_stopping accuracy -1 points, up in  0 of 10; log loss +0.02

# %% [markdown]
# ## Answer 2
# Beside the others the six gains add up to less than three quarters of those alone, in 20 of 20 draws [17c]. Early
# stopping even raises the log loss there, in 20 of 20 draws [17d]: its price is known, the rows that it puts aside are
# not trained on, and the five others leave it less to repair.
#
# Both tables are right. They answer two questions: *what should I try first?* and *what may I leave out?* A report that
# says "dropout is worth so many points" must say beside what.

# %%
fig, axes = plt.subplots(1, 2, num="17-ablation", figsize=(10.5, 4.4), sharey=True, layout="constrained")
rows = -np.arange(len(REMEDIES))
for k, (ax, label, unit) in enumerate(zip(axes, ("points of accuracy", "log loss"), (100, 1), strict=True)):
    for found, offset, color, name in ((alone, 0.15, "C0", "added to none"), (beside, -0.15, "C1", "beside the five")):
        for row, d in zip(rows, found.values(), strict=True):
            ax.plot(unit * d[:, k], np.full(DRAWS, row + offset), "o", color=color, alpha=0.35, ms=5)
        means = [unit * d[:, k].mean() for d in found.values()]
        ax.plot(means, rows + offset, "|", color=color, ms=14, mew=3, label=name)
    ax.axvline(0, color="0.4", lw=1)
    ax.set(xlabel=f"change of {label}")
axes[0].set_yticks(rows, list(REMEDIES))
axes[0].set_title("Ten paired draws and their mean; right is better")
axes[1].set_title("Left is better")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)

# %% [markdown]
# ## Break it
# Take the pairing away: each variant on ten draws of its own. The error of the difference of the means is then that of
# two independent means. For weight decay alone:

# %%
with_decay = alone["weight_decay"][:, 0] + none[:, 0]
paired = alone["weight_decay"][:, 0].std(ddof=1) / np.sqrt(DRAWS)
unpaired = np.sqrt((with_decay.var(ddof=1) + none[:, 0].var(ddof=1)) / DRAWS)
print(f"error in points: paired {100 * paired:.1f}, unpaired {100 * unpaired:.1f}")
# ~> error in points: paired 0.3, unpaired 1.4

# %% [markdown]
# The draws differ from each other in how hard they are; in pairs that cancels out (lesson 14).
#
# *In your logbook:* take your best configuration of the trainings, and set one hyper-parameter after the other back to
# your first guess. What did each change win, beside the others?

# %% [markdown]
# ## Exercise
# Write both ablations. `score(parts)` gives the score of a set of parts, a frozenset, and a high score is good; `parts`
# is the list of all. Return a dictionary: for each part (what it wins alone, added to none; what it wins beside all the
# others).
#
# Then run `python -m lessons check 17`.


# %%
def both_ablations(score, parts):
    raise NotImplementedError
