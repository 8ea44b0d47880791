# %% [markdown]
# # 20 Tuning an image classifier
# What decides, whether a short training tells about a long one, and what is left of a gain on images nobody has seen.

# %% [markdown]
# ## Question
# The document says (section 6.1): for images the structure of the network, the learning rate and the augmentation
# decide. Do they, and which of them most? To find out we must train many networks. Full trainings are dear, so
# Hyperband (lesson 15) tries most settings in short ones. May it? And when the search has found a better setting: how
# much better is it really?

# %% [markdown]
# ## Formulas
# - [cosine_decay] a = α · (f + (1 − f) · (1 + cos(π · min(x, 1))) / 2)
# - [hyperband_rung_budget] r = floor(R / η^k)
#
# The learning rate falls along half a cosine wave: x is the share of the training that is done, and where x is 1 the
# rate is 0 (f is 0 here). Lesson 05 shows why a rate that falls ends better. The second formula gives
# the epochs of a rung of Hyperband: R is the longest training, and k rungs stand above it.

# %% [markdown]
# ## Predict
# 1. Of learning rate, number of blocks, number of filters, batch normalisation, moving and flipping: which moves the
#    accuracy most, over the ranges that one would search?
# 2. Ten settings are ranked by trainings of 1, 3 and 18 epochs. How much of the last order is there after 1 epoch?
# 3. The winner of a search has 78 % on the images that it was chosen by. Will it have more or less on others?

# %% [markdown]
# ## Code: what decides
# Clothes, each image shrunk to 14x14 pixels, so that a training takes a moment. Some images are to train on, some to
# choose by, and 1,300 stay sealed until the end. `network` and `DEFAULT` are those of `scratchtune example image`: open
# [that file](../scratchtune/examples/image.py).

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.examples.image import DEFAULT, network

X, y = st.datasets.load_fashion_mnist()
X = X.reshape(-1, 14, 2, 14, 2, 1).mean(axis=(2, 4), dtype=np.float32) / 255  # four pixels become one
X, X_sealed, y, y_sealed = st.train_test_split(X, y, train_size=900, random_state=0, stratify=y)
X_train, X_valid, y_train, y_valid = st.train_test_split(X, y, test_size=400, random_state=0, stratify=y)
print(f"{len(X_train)} images to train on, {len(X_valid)} to choose by, {len(X_sealed)} sealed; {X.shape[1:]} each")

SPACE = {
    "learning_rate": st.Float(1e-3, 1e-1, log=True), "depth": [1, 2], "filters": [4, 8, 16],
    "batch_normalization": [False, True], "shift": [0.0, 0.05, 0.1], "flip": [False, True],
}


def trained(params, epochs, rows=(X_train, y_train), seed=0):
    """A network of a setting; what the space does not name is as in the default."""
    params = {**DEFAULT, **params}
    batches = int(np.ceil(len(rows[0]) / params["batch_size"]))
    model = network(params, 10, epochs * batches, seed)
    model.fit(*rows, params["batch_size"], epochs, verbose=0)
    return model


def objective(trial):
    return trained(trial.params, 9, seed=trial.seed).score(X_valid, y_valid)


study = st.Study(SPACE, st.RandomSearch(), direction="maximize", seed=1)
study.run(objective, n_trials=30, progress=False)
scores = np.array([trial.value for trial in study.trials])
print(f"30 random settings, 9 epochs each: accuracy from {scores.min():.2f} to {scores.max():.2f}")


def groups(name):
    """The accuracies of each value of a parameter; the learning rate's in three equal parts of its range."""
    values = [trial.params[name] for trial in study.trials]
    if name == "learning_rate":
        values = ["low" if value < 1e-3 * 100 ** (1 / 3) else "high" if value > 1e-3 * 100 ** (2 / 3) else "middle"
                  for value in values]
    order = ["low", "middle", "high"] if name == "learning_rate" else sorted(set(values))
    return {value: scores[[i for i, other in enumerate(values) if other == value]] for value in order}


effects = {}
for name in SPACE:
    found = sorted(groups(name).values(), key=np.mean)
    worst, best = found[0], found[-1]
    error = np.sqrt(worst.var(ddof=1) / len(worst) + best.var(ddof=1) / len(best))
    effects[name] = best.mean() - worst.mean(), error
    means = ", ".join(f"{value}: {group.mean():.3f}" for value, group in groups(name).items())
    print(f"{name:20} {effects[name][0]:.3f} ± {error:.3f}   ({means})")
# -> 500 images to train on, 400 to choose by, 1300 sealed; (14, 14, 1) each
# -> 30 random settings, 9 epochs each: accuracy from 0.51 to 0.78
# -> learning_rate        0.085 ± 0.027   (low: 0.645, middle: 0.730, high: 0.696)
# -> depth                0.033 ± 0.023   (1: 0.706, 2: 0.673)
# -> filters              0.027 ± 0.021   (4: 0.674, 8: 0.692, 16: 0.702)
# -> batch_normalization  0.052 ± 0.021   (False: 0.666, True: 0.718)
# -> shift                0.084 ± 0.020   (0.0: 0.752, 0.05: 0.668, 0.1: 0.669)
# -> flip                 0.027 ± 0.023   (False: 0.704, True: 0.677)

# %%
fig, axes = plt.subplots(1, len(SPACE), num="20-what-decides", figsize=(13, 3.2), sharey=True, layout="constrained")
for ax, name in zip(axes, SPACE, strict=True):
    values = [trial.params[name] for trial in study.trials]
    if name == "learning_rate":
        ax.semilogx(values, scores, "o", ms=4)
    else:
        places = sorted(set(values))
        ax.plot([places.index(value) for value in values], scores, "o", ms=4, alpha=0.6)
        ax.set_xticks(range(len(places)), map(str, places))
        ax.margins(x=0.3)
    ax.set_xlabel(name.replace("_", " "))
axes[0].set_ylabel("accuracy on other images")

# %% [markdown]
# ## Code: short trainings and long ones
# Ten of these settings, trained for 1, 3 and 18 epochs: whole trainings, each with a learning rate that falls to 0 at
# its own end. *Rank correlation* is 1 where two lists have the same order, and 0 where the orders have nothing to do
# with each other.

# %%
some = [trial.params for trial in study.trials[:10]]
models = [trained(params, 18) for params in some]
after = {18: [model.score(X_valid, y_valid) for model in models]}
for epochs in (1, 3):
    after[epochs] = [trained(params, epochs).score(X_valid, y_valid) for params in some]


def rank_correlation(a, b):
    return np.corrcoef(np.argsort(np.argsort(a)), np.argsort(np.argsort(b)))[0, 1]


agreement = {epochs: rank_correlation(after[epochs], after[18]) for epochs in (1, 3)}
for epochs, value in agreement.items():
    print(f"after {epochs} epoch{'s' * (epochs > 1)}: mean accuracy {np.mean(after[epochs]):.3f}, "
          f"rank correlation with 18 epochs {value:.2f}")
print(f"after 18 epochs: mean accuracy {np.mean(after[18]):.3f}")
# -> after 1 epoch: mean accuracy 0.370, rank correlation with 18 epochs 0.94
# -> after 3 epochs: mean accuracy 0.547, rank correlation with 18 epochs 0.96
# -> after 18 epochs: mean accuracy 0.724

# %%
fig, axes = plt.subplots(1, 2, num="20-short-and-long", figsize=(8.5, 3.8), sharey=True, layout="constrained")
for ax, (epochs, value) in zip(axes, agreement.items(), strict=True):
    ax.plot(after[epochs], after[18], "o")
    ax.set(xlabel=f"accuracy after {epochs} epochs", title=f"rank correlation {value:.2f}")
axes[0].set_ylabel("accuracy after 18 epochs")

# %% [markdown]
# ## Code: a search, and what is left of its gain
# Hyperband with a Bayesian proposer, budgets of 1, 3 and 9 epochs. Then the winner and the default are trained on all
# images that are not sealed, with three seeds each.


# %%
def budgeted(trial):
    return trained(trial.params, int(trial.budget), seed=trial.seed).score(X_valid, y_valid)


race = st.tune(budgeted, SPACE, st.Hyperband(max_budget=9, proposer=st.BayesianSearch()), direction="maximize",
               progress=False)
best = race.best_trial
cost = sum(int(trial.budget) for trial in race.trials)
print(f"{len(race.trials)} trials, {cost} epochs; the best, trial {best.number}: {best.value:.3f} on the images that "
      "it was chosen by")
everything = (np.concatenate([X_train, X_valid]), np.concatenate([y_train, y_valid]))
sealed = {name: [trained(params, 9, everything, seed).score(X_sealed, y_sealed) for seed in range(3)]
          for name, params in (("default", {}), ("winner", best.params))}
for name, found in sealed.items():
    print(f"{name:8} {np.mean(found):.3f} on sealed images, three seeds from {min(found):.3f} to {max(found):.3f}")
# -> 22 trials, 78 epochs; the best, trial 12: 0.782 on the images that it was chosen by
# -> default  0.728 on sealed images, three seeds from 0.715 to 0.738
# -> winner   0.792 on sealed images, three seeds from 0.790 to 0.794

# %% [markdown]
# ## Check
# Predict 1: the learning rate and the moving. Their means are three standard errors apart; those of the others are
# not, so 30 trials can't put the others in an order. So the document is right about two of its three, *here*. Beware:
# these are means over random other settings, with few images and short trainings. What a parameter is worth depends
# on the others (the document's section 2.2). And moving *lowers* the accuracy here. Lesson 19 found no gain in accuracy
# either; there the log loss gained, at which this search does not look.
#
# Predict 2: nearly all of it. Bad settings show after one epoch already, long before any of them is good. That is what
# a race lives on. It need not be so: a setting that learns slowly and ends well is thrown out. Hyperband hedges against
# that with brackets that begin with longer trainings.
#
# Predict 3: about as much, 0.792 against 0.782. Two things work against each other. The search chose the highest of 22
# noisy scores, which is likely to be a lucky one: the *winner's curse*. And in the end the winner got 900 images to
# train on instead of 500. This run can't say how much each did. So look at a fair pair: winner and default, on the same
# images, with several seeds. The difference is real when it is larger than what seeds do.

# %%
clear = {name for name, (difference, error) in effects.items() if difference > 2.8 * error}
assert clear == {"learning_rate", "shift"}
assert groups("shift")[0.0].mean() > max(groups("shift")[far].mean() for far in (0.05, 0.1))
assert min(agreement.values()) > 0.8
assert abs(np.mean(sealed["winner"]) - best.value) < 0.04
assert min(sealed["winner"]) > max(sealed["default"])  # the spread over seeds is smaller than the difference

# %% [markdown]
# ## Break it
# Choose by the images that the network was trained on: `X_train, y_train` for `X_valid, y_valid`. We have the networks
# of 18 epochs, so we look which of them each rule would choose, and what that one is worth on the sealed images.

# %%
rules = {"training images": (X_train, y_train), "other images": (X_valid, y_valid)}
gaps = {}
for name, rows in rules.items():
    found = [model.score(*rows) for model in models]
    chosen = int(np.argmax(found))
    value = models[chosen].score(X_sealed, y_sealed)
    gaps[name] = found[chosen] - value
    print(f"chosen by {name}: setting {chosen}, which has {found[chosen]:.3f} there and {value:.3f} on sealed images")
# -> chosen by training images: setting 4, which has 0.952 there and 0.808 on sealed images
# -> chosen by other images: setting 4, which has 0.810 there and 0.808 on sealed images

# %%
assert gaps["training images"] > 0.08 > abs(gaps["other images"])

# %% [markdown]
# Here both rules choose the same network; what differs is the promise. On its own training images it has 95 %, on
# others 81 %, whether it was chosen by them or they were sealed.

# %% [markdown]
# ## Exercise
# *Kendall's tau* is another measure of whether two lists have the same order. Take every pair of places i < j. The pair
# agrees if both lists have the larger number at the same place, and disagrees if at different places. A pair that is
# equal in either list is neither. Tau is (agreeing − disagreeing) / all pairs. Write it.
#
# Then run `python -m lessons check 20`.


# %%
def kendall(a, b):
    raise NotImplementedError


# %%
def check(solution=None):
    """By hand, and on the accuracies above."""
    solution = solution or kendall
    cases = [(([1, 2, 3], [10, 20, 30]), 1.0), (([1, 2, 3], [3, 2, 1]), -1.0), (([1, 2, 3], [1, 3, 2]), 1 / 3),
             (([1, 1, 2], [1, 2, 3]), 2 / 3), (([5, 5], [1, 2]), 0.0)]
    for (a, b), wanted in cases:
        found = solution(np.array(a), np.array(b))
        assert abs(found - wanted) < 1e-12, f"kendall({a}, {b}) is {found}; it should be {wanted:.3f}"
    tau = solution(np.array(after[3]), np.array(after[18]))
    assert 0.6 < tau < 1.0, f"of the trainings of 3 epochs it is {tau:.2f}, and the picture shows nearly one order"
