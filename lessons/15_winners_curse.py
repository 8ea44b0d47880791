# %% [markdown]
# # 15 The winner's curse
# The best score of a search is too high: by how much, why the configuration may be good all the same, what to report.
#
# 25 minutes · needs 00

# %% [markdown]
# ## Question
# A search tries 60 configurations and keeps the one with the highest accuracy on the validation set. What may you
# promise: that accuracy? The same rows have chosen the winner and now praise it. The *trainings* of lesson 00 can
# answer, as they know each network's accuracy on 847 held-out rows too. We search them at random, 500 times.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st

trainings = st.datasets.load_trainings()
right_250 = trainings.validation[..., -1].astype(int)  # after the last epoch: of 250 validation rows
narrow = right_250.reshape(-1, 5) / 250  # (2,376 configurations, 5 seeds)
other = trainings.wide.reshape(-1, 5) / 500  # on 500 further rows
wide = (250 * narrow + 500 * other) / 750
held_out = trainings.held_out.reshape(-1, 5) / 847

rng = np.random.default_rng(0)
tried = rng.integers(2376, size=(500, 200)), rng.integers(5, size=(500, 200))  # 500 searches: configuration and seed
every = np.arange(500)


def winners(scores, trials):
    """Configuration and seed of the training with the highest score among the first trials of each search."""
    best = scores[tried][:, :trials].argmax(axis=1)
    return tried[0][every, best], tried[1][every, best]

# %% [markdown]
# ## Predict 1
# By how many points is the winner's accuracy on 250 rows higher than its accuracy on the held-out rows, for the best
# of 9, of 60, of 200 trainings? And if it was chosen on 750 rows?

# %%
print("          chosen on 250 rows              chosen on 750 rows")
for trials in (1, 9, 20, 60, 200):
    found = [(score[won].mean(), held_out[won].mean()) for score in (narrow, wide) for won in [winners(score, trials)]]
    print(f"best of {trials:3}: " + ",   ".join(f"{a:.1%} held out {b:.1%} ({100 * (a - b):+.1f})" for a, b in found))
# ->           chosen on 250 rows              chosen on 750 rows
# -> best of   1: 41.6% held out 41.5% (+0.1),   41.5% held out 41.5% (+0.0)
# -> best of   9: 80.9% held out 80.3% (+0.6),   80.5% held out 80.4% (+0.1)
# -> best of  20: 84.1% held out 83.2% (+0.8),   83.4% held out 83.5% (-0.0)
# -> best of  60: 85.9% held out 84.6% (+1.3),   84.9% held out 84.9% (-0.0)
# -> best of 200: 86.9% held out 85.5% (+1.5),   85.8% held out 86.0% (-0.2)

# %% [markdown]
# ## Answer 1
# By half a point to a point and a half, in brackets in the table. The score of the best of 60 is too high by more than
# that of the best of 9 (in 20 of 20 draws [15a]); chosen on 750 rows, it is too high by less (in 20 of 20 draws [15b]).
# This is the *winner's curse*, or [optimism](README.md#evaluation-and-overfitting): a score is quality plus chance, and
# the maximum prefers high chance. (All searches are scored on the same 847 rows. Their error, √(0.85 · 0.15 / 847) =
# 1.2 points, may shift all lines together.) Choosing the winner is no mistake: the held-out accuracy rises with the
# trials. Only its *score* is spoiled.
#
# More trials, or more rows? Scoring 60 networks on 250 rows costs as much as 20 on 750. On these trainings the 60 find
# the better network (in 20 of 20 draws [15c]), with 84.6 % held out instead of 83.5 %; the 750 rows give the more
# honest number, too high by 0.0 points instead of 1.3.

# %% [markdown]
# ## Predict 2
# You like the winner of 60, and train its configuration once more, with another seed. Do you expect the accuracy that
# it had on the validation rows, that on the held-out rows, or less?

# %%
def again(won):
    """The held-out accuracy of the winners' configurations, over the seeds that were not chosen."""
    configuration, seed = won
    return (5 * held_out[configuration].mean(axis=1) - held_out[won]) / 4


won = winners(narrow, 60)
for name, values in (("validation", narrow[won]), ("held out", held_out[won]), ("held out, another seed", again(won))):
    print(f"{name:23} {values.mean():.1%}")
# -> validation              85.9%
# -> held out                84.6%
# -> held out, another seed  82.9%

# %% [markdown]
# ## Answer 2
# Less (in 20 of 20 draws [15d]). The search has chosen a configuration *and a seed*. A good start is real: the trained
# network keeps it on new rows. But it belongs to the network, not to the configuration. So there are two things to
# hand in, and two honest numbers:
#
# - the trained network: its score on rows that did not choose it;
# - the configuration, to be trained again: the score on such rows, *and* with seeds that did not choose it.

# %%
counts = np.unique(np.geomspace(1, 200, 30).astype(int))
lines = [("on the 250 rows that chose it", lambda won: narrow[won], "C1"),
         ("the same network, held-out rows", lambda won: held_out[won], "C0"),
         ("trained again, held-out rows", again, "C2")]
fig, ax = plt.subplots(num="15-optimism", figsize=(8, 4.4), layout="constrained")
for label, score, color in lines:
    means = [100 * score(winners(narrow, trials)).mean() for trials in counts]
    ax.plot(counts, means, color=color)
    ax.annotate(label, (counts[-1], means[-1]), (6, 0), textcoords="offset points", color=color, va="center")
ax.set(xscale="log", xlabel="trainings tried", ylabel="accuracy of the best, percent", ylim=(70, 90), xlim=(4, 200))
ax.set_xticks([5, 10, 20, 50, 100, 200], [5, 10, 20, 50, 100, 200])
ax.minorticks_off()
ax.set_title("What the winner promises, and what it keeps")

# %% [markdown]
# ## Predict 3
# There is no held-out set: all rows that you have are those 750. Can you still give an honest score of the best of 60?

# %%
first, second = winners(narrow, 60), winners(other, 60)
halves = narrow[second].mean(), other[first].mean()
print(f"chosen on 250, scored on the other 500: {halves[1]:.1%}; the other way round: {halves[0]:.1%}")
print(f"mean {np.mean(halves):.1%}; held out {np.mean([held_out[first], held_out[second]]):.1%}; "
      f"on the rows that chose {np.mean([narrow[first], other[second]]):.1%}")
# -> chosen on 250, scored on the other 500: 83.8%; the other way round: 84.7%
# -> mean 84.2%; held out 84.7%; on the rows that chose 85.4%

# %% [markdown]
# ## Answer 3
# Yes: search twice. One part chooses and the other scores, then they swap roles; the half point that is left is within
# the error of the rows. With new trainings this is *nested cross-validation*: each *outer* fold scores the winner of a
# search on the other folds alone, divided into *inner* folds. It scores the *procedure*, and no single configuration.

# %% [markdown]
# ## Break it
# Take away all quality: 60 networks that are right with probability 0.85 for each row, every one of them.

# %%
good = held_out > 0.8
print(f"score less held-out accuracy of good networks: std {100 * (narrow - held_out)[good].std():.1f} points; "
      f"{100 * np.sqrt(0.85 * 0.15 * (1 / 250 + 1 / 847)):.1f} if their rows were independent")
for trials in (1, 9, 60, 200):
    best = rng.binomial(250, 0.85, size=(2000, trials)).max(axis=1) / 250
    print(f"best of {trials:3} equal networks: {best.mean():.1%}, truth 85.0%")
# -> score less held-out accuracy of good networks: std 1.6 points; 2.6 if their rows were independent
# -> best of   1 equal networks: 84.9%, truth 85.0%
# -> best of   9 equal networks: 88.2%, truth 85.0%
# -> best of  60 equal networks: 90.0%, truth 85.0%
# -> best of 200 equal networks: 90.8%, truth 85.0%

# %% [markdown]
# Now all of the gain is chance, and the best of 60 is five points too high. In the trainings chance is smaller, 1.6
# points instead of 2.6 (first line): all networks are scored on the same rows.
#
# *In your logbook:* behind the score of lesson 00 write "best of n trials", and the held-out score of that network.

# %% [markdown]
# ## Exercise
# Write nested cross-validation: two loops. `score(configuration, train, test)` trains with a configuration on some rows
# and scores it on others; `folds(rows)` gives pairs (train, test) of parts of these rows. In each outer fold of `rows`
# the configuration with the highest mean score over the inner folds is trained on the whole outer training part.
# Return the list of the outer folds' scores.
#
# Then run `python -m lessons check 15`.


# %%
def nested_scores(score, configurations, folds, rows):
    raise NotImplementedError
