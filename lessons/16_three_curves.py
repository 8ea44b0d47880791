# %% [markdown]
# # 09 Underfitting and overfitting
# How to see them, and six remedies compared by leaving each of them out: an ablation.
#
# Covers sections 1.1 and 9.3 of the document.

# %% [markdown]
# ## Question
# The document says (section 9.3): regularisation, data augmentation and early stopping prevent overfitting. Do they
# all? Does each? Do they add up? First we must *see* whether a network fits too little or too much. Then we try the
# remedies, and measure what each of them changes.

# %% [markdown]
# ## Formulas
# - [l1_penalty] R = λ · Σᵢ[|θᵢ|]
# - [l2_penalty] R = λ · Σᵢ[θᵢ²]
# - [weight_decay] θ'ᵢ = θᵢ − α · w · θᵢ
# - [dropout] y = x / (1 − r) if u >= r else 0
# - [gaussian_noise] y = x + σ · z
# - [log_loss] L = −Σₙ[wₙ · Σₖ[tₙₖ · log(pₙₖ)]] / Σₙ[wₙ]
# - [corrected_standard_error] e = √((1 / #k + m / n) · Σₖ[(dₖ − meanₖ[dₖ])²] / max(#k − 1, 1))
#
# The first three keep weights small (lesson 03). *Dropout* sets each hidden unit to 0 with probability r, drawn again
# in every step (u is a uniform random number between 0 and 1). *Gaussian noise* changes each input a little (z is a
# normal random number): every epoch sees slightly different rows with the same labels, which is called *augmentation*.
# Both work in training only. *Early stopping* keeps some training rows aside and ends the training when the loss on
# them does not improve any more (lesson 06).
#
# The last formula says how precise the mean difference of two networks is. dₖ is their difference in draw k of the rows
# (#k: how many draws), each with n rows to train on and m to test on. The draws share rows, so the differences are not
# independent, and m / n makes up for that. We write the mean and this *corrected error* as "+0.041 ± 0.020". It means:
# the true difference is probably less than two errors away from the mean, here between 0.00 and 0.08. Lesson 10
# measures how often such a statement is wrong.

# %% [markdown]
# ## Predict
# 1. You double the units again and again. What becomes of the loss on the training rows, and of that on unseen rows?
# 2. A network overfits. Do more rows help? Do more epochs?
# 3. A fifth of the training labels is wrong. How many of them does a large network learn, wrong ones included?
# 4. All six remedies at once, or the best one alone: which has the higher accuracy? Which has the lower log loss?

# %% [markdown]
# ## Code: three curves
# Digits again, but the first 800 have *noisy labels*: a fifth of them got a random label. The others have been checked.
# We train on 400 noisy rows, and test on the checked ones. The functions below are scikit-learn's in name and
# arguments. `cv` takes any list of (training rows, test rows): three draws of 400 rows.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.evaluation import learning_curve, validation_curve
from scratchtune.evaluation.selection import corrected_standard_error
from scratchtune.network.layers.dropout import dropout

X, truth = st.datasets.load_digits()
rng = np.random.default_rng(0)
order = rng.permutation(len(X))
X, truth = X[order], truth[order]
noisy, checked = np.arange(800), np.arange(800, len(X))
y = np.where((np.arange(len(X)) < 800) & (rng.random(len(X)) < 0.2), rng.integers(10, size=len(X)), truth)
draws = [(rng.permutation(noisy)[:400], checked) for _ in range(3)]
print(f"{np.mean(y[noisy] != truth[noisy]):.0%} of the noisy labels are wrong, and none of the others")


def network(**changes):
    plain = {"units": 64, "epochs": 60, "weight_decay": 0.0, "dtype": "float64", "random_state": 0, "verbose": 0}
    settings = plain | changes  # without any penalty, unless one is given
    return st.MLPClassifier(**settings)


units, epochs, rows = (1, 2, 4, 8, 16, 32, 64, 128), (1, 2, 4, 8, 16, 32, 64, 128), (50, 100, 200, 400)
options = {"cv": draws, "scoring": "neg_log_loss"}
curves = {
    "units": (units, *validation_curve(network(), X, y, param_name="units", param_range=units, **options)),
    "epochs": (epochs, *validation_curve(network(), X, y, param_name="epochs", param_range=epochs, **options)),
    "training rows": learning_curve(network(), X, y, train_sizes=rows, **options),
}
for name, (values, seen, unseen) in curves.items():
    seen, unseen = -seen.mean(axis=1), -unseen.mean(axis=1)
    for value, here, there in zip(values, seen, unseen, strict=True):
        if value in (1, 8, 50, 128, 400):
            print(f"{value:4} {name:13}  log loss: training {here:.2f}, unseen {there:.2f}")
# -> 21% of the noisy labels are wrong, and none of the others
# ->    1 units          log loss: training 1.99, unseen 2.02
# ->    8 units          log loss: training 0.73, unseen 0.79
# ->  128 units          log loss: training 0.02, unseen 0.88
# ->    1 epochs         log loss: training 1.69, unseen 1.54
# ->    8 epochs         log loss: training 0.73, unseen 0.56
# ->  128 epochs         log loss: training 0.01, unseen 1.03
# ->   50 training rows  log loss: training 0.03, unseen 1.57
# ->  400 training rows  log loss: training 0.04, unseen 0.81

# %%
fig, axes = plt.subplots(1, 3, num="09-curves", figsize=(12, 4), sharey=True, layout="constrained")
for ax, (name, (values, seen, unseen)) in zip(axes, curves.items(), strict=True):
    for scores, label, color in ((-seen, "training rows", "C0"), (-unseen, "unseen rows", "C1")):
        ax.plot(values, scores.mean(axis=1), "o-", color=color, label=label, ms=5)
        ax.fill_between(values, scores.min(axis=1), scores.max(axis=1), color=color, alpha=0.15)
    ax.set(xscale="log", xlabel=name, ylim=(0, 2.5))
    ax.set_xticks(values, values)
    ax.minorticks_off()
axes[0].set(ylabel="log loss (bands: lowest to highest)", title="Validation curve: units")
axes[1].set_title("Validation curve: epochs")
axes[2].set_title("Learning curve: rows")
axes[1].legend(loc="upper right")

# %% [markdown]
# ## Check: three curves
# On the left of the first two pictures both losses are high: *underfitting*. On the right the training loss goes to 0,
# and the unseen one does not follow: *overfitting*. The gap between the curves is the sign. A network that does well on
# unseen rows is said to *generalise*. (On the left the unseen loss can be the lower one. The labels explain it: after 8
# epochs the loss on the training rows is 0.73 by their own labels, but 0.40 by the true ones.)
#
# Predict 1: with more units the training loss falls and falls. The unseen one stops falling at about 8 units, and then
# stays near 0.8 or a little above.
#
# Predict 2: more rows make the gap smaller, and the unseen loss falls from 1.57 to 0.81. More epochs do harm: after 8
# of them the unseen loss turns, and rises from 0.56 to 1.03.
#
# Predict 3: all of them. A network of 128 units can fit every wrong label.

# %%
for name in ("units", "epochs"):
    _, seen, unseen = curves[name]
    seen, unseen = -seen.mean(axis=1), -unseen.mean(axis=1)
    assert seen[0] > 1.2 and unseen[0] > 1.2  # underfitting
    assert seen[-1] < 0.15 and unseen[-1] > 0.8  # overfitting
    assert unseen[3] < unseen.min() + 0.05  # at 8 units it stops falling, after 8 epochs it turns
    assert name == "units" and np.ptp(unseen[3:]) < 0.25 or unseen[-1] > unseen[3] + 0.3
gap = curves["training rows"][1].mean(axis=1) - curves["training rows"][2].mean(axis=1)
assert gap[-1] < gap[0] / 2
memory = network(units=128, epochs=128).fit(X[noisy[:400]], y[noisy[:400]])
wrong = noisy[:400][y[:400] != truth[:400]]
by_label = []
for train, _ in draws:
    p = network(epochs=8).fit(X[train], y[train]).predict_proba(X[train])
    by_label.append((st.metrics.log_loss(y[train], p), st.metrics.log_loss(truth[train], p)))
own, true = np.mean(by_label, axis=0)
print(f"8 epochs, loss on the training rows: {own:.2f} by their own labels, {true:.2f} by the true ones")
print(f"128 units, 128 epochs: {memory.score(X[wrong], y[wrong]):.0%} of the wrong training labels are reproduced")
assert memory.score(X[wrong], y[wrong]) > 0.9
assert true < -curves["epochs"][2].mean(axis=1)[3] < own
# -> 8 epochs, loss on the training rows: 0.73 by their own labels, 0.40 by the true ones
# -> 128 units, 128 epochs: 100% of the wrong training labels are reproduced

# %% [markdown]
# ## Code: an ablation
# An *ablation* takes parts of a method away, one at a time, to see what each is worth. Here the parts are six remedies.
# We train without any, with each of them *alone*, with all, and with all *but one*. Each variant gets the same ten
# draws, each with its own seed, so we can compare draw by draw: 400 of the noisy rows to train on, and 200 of the
# checked ones to test on. (These strengths are examples; others may do better. The weight decay of 1.0 is no typing
# error: each step takes α · w = 0.003 · 1.0 of the weight away.)

# %%
REMEDIES = {
    "augment": 0.5, "dropout": 0.4, "l2": 2e-3, "l1": 5e-4, "weight_decay": 1.0, "early_stopping": True}
pairs = [(rng.permutation(noisy)[:400], rng.permutation(checked)[:200]) for _ in range(10)]


def scores_of(remedies):
    """Accuracy and log loss on the test rows of each draw, (draws, 2)."""
    scores = []
    for seed, (train, test) in enumerate(pairs):
        model = network(random_state=seed, **remedies).fit(X[train], y[train])
        p = model.predict_proba(X[test])
        scores.append((st.metrics.accuracy_score(truth[test], p.argmax(axis=1)), st.metrics.log_loss(truth[test], p)))
    return np.array(scores)


none, everything = scores_of({}), scores_of(REMEDIES)
alone = {name: scores_of({name: value}) for name, value in REMEDIES.items()}
without = {name: scores_of({other: REMEDIES[other] for other in REMEDIES if other != name}) for name in REMEDIES}
table = {"none": none, **alone, "all": everything, **{f"all but {name}": without[name] for name in without}}
print(f"{'':24}accuracy  log loss")
for name, scores in table.items():
    print(f"{name:24}{scores[:, 0].mean():8.3f}  {scores[:, 1].mean():8.3f}")
# ->                         accuracy  log loss
# -> none                       0.773     0.830
# -> augment                    0.814     0.582
# -> dropout                    0.815     0.637
# -> l2                         0.797     0.659
# -> l1                         0.787     0.706
# -> weight_decay               0.843     0.601
# -> early_stopping             0.852     0.657
# -> all                        0.905     0.697
# -> all but augment            0.890     0.682
# -> all but dropout            0.903     0.620
# -> all but l2                 0.909     0.673
# -> all but l1                 0.906     0.671
# -> all but weight_decay       0.888     0.588
# -> all but early_stopping     0.904     0.663

# %% [markdown]
# And now the differences, mean ± corrected error: each remedy alone against none of them; all against all but this one,
# which is what it is worth on top of the others; and all against the two that are best alone. A difference of two
# errors is a hint; below that, even its sign is uncertain.


# %%
def change(scores, base):
    """Mean of the differences, draw by draw, and its corrected standard error: each for accuracy and log loss."""
    difference = scores - base
    return difference.mean(axis=0), np.array([corrected_standard_error(column, 400, 200) for column in difference.T])


first = {name: change(alone[name], none) for name in REMEDIES}
last = {name: change(everything, without[name]) for name in REMEDIES}
rivals = {name: change(everything, alone[name]) for name in ("early_stopping", "augment")}
for title, found in (("alone − none", first), ("all − all but one", last), ("all − one alone", rivals)):
    print(f"{title:24}accuracy        log loss")
    for name, ((a, loss), (e, f)) in found.items():
        print(f"  {name:22}{a:+.3f} ± {e:.3f}  {loss:+.3f} ± {f:.3f}")
# -> alone − none            accuracy        log loss
# ->   augment               +0.041 ± 0.020  -0.248 ± 0.085
# ->   dropout               +0.041 ± 0.017  -0.193 ± 0.068
# ->   l2                    +0.024 ± 0.013  -0.171 ± 0.062
# ->   l1                    +0.015 ± 0.012  -0.124 ± 0.049
# ->   weight_decay          +0.069 ± 0.019  -0.228 ± 0.080
# ->   early_stopping        +0.079 ± 0.019  -0.173 ± 0.085
# -> all − all but one       accuracy        log loss
# ->   augment               +0.015 ± 0.019  +0.015 ± 0.023
# ->   dropout               +0.003 ± 0.013  +0.076 ± 0.037
# ->   l2                    -0.004 ± 0.009  +0.023 ± 0.007
# ->   l1                    -0.001 ± 0.011  +0.026 ± 0.011
# ->   weight_decay          +0.017 ± 0.015  +0.109 ± 0.036
# ->   early_stopping        +0.001 ± 0.006  +0.033 ± 0.033
# -> all − one alone         accuracy        log loss
# ->   early_stopping        +0.053 ± 0.019  +0.039 ± 0.055
# ->   augment               +0.091 ± 0.022  +0.114 ± 0.052

# %%
fig, axes = plt.subplots(1, 2, num="09-ablation", figsize=(10.5, 4.6), sharey=True, layout="constrained")
places = np.arange(len(REMEDIES))[::-1]
for column, ax, label in ((0, axes[0], "accuracy"), (1, axes[1], "log loss")):
    for found, offset, name in ((first, 0.13, "where there was none"), (last, -0.13, "on top of all the others")):
        ax.errorbar([mean[column] for mean, _ in found.values()], places + offset,
                    xerr=[2 * error[column] for _, error in found.values()], fmt="o", capsize=4, label=name)
    ax.axvline(0, color="0.5", lw=1)
    ax.set_xlabel(f"change of the {label} (bars: two corrected errors)")
axes[0].set_title("Accuracy: right of the line is better")
axes[1].set_title("Log loss: left of the line is better")
axes[0].set_yticks(places, list(REMEDIES))
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)

# %% [markdown]
# ## Check: an ablation
# Alone, every remedy makes both numbers better on average. How certain is that? Let us call a difference *decided* from
# three errors on, and *undecided* below two. In accuracy weight decay and early stopping are decided. The gains of
# dropout and augmentation are two errors or a little more: likely. Those of L1 and L2 are undecided. In log loss all
# gains are two to three errors, that of early stopping the smallest. So some remedies help, and the others probably do.
#
# Predict 4: all six have the higher accuracy, 0.91 against 0.85 for the best one alone, early stopping. That is almost
# three errors. But they do not have the lower log loss: there augmentation alone is better on average, by two errors.
#
# And they do not add up. What a remedy adds to the other five is undecided for each of them, two points of accuracy or
# less. That does not prove that it adds nothing; ten draws of these rows are too few to show it. Weight decay is worth
# seven points alone, and perhaps two beside the others. Both numbers are right: an ablation tells what a part is worth
# *beside the others*.
#
# In log loss all six together are on average worse than any five. The network is right in nine of ten cases, but gives
# its answers a probability of 0.6 only. Too strong a remedy is underfitting again. So one tunes the strengths, all
# together, by the score that matters (lesson 07).
#
# What to do first? As far as these rows tell: early stopping or weight decay, if accuracy matters, as their gains alone
# are decided. Which of the two is better, and what holds on other data, is not measured here.
#
# Beware of the plain standard error. Without m / n all bars would be 2.4 times shorter, and nearly every remedy would
# look decided. Lesson 10 shows how often such bars are wrong.

# %%
def significant(found, column):
    mean, error = found
    return abs(mean[column]) > 2 * error[column]


for name in REMEDIES:
    (more_accuracy, more_loss), _ = first[name]
    assert more_accuracy > 0 > more_loss
    assert last[name][0][0] < 0.04 and last[name][0][0] < more_accuracy and last[name][0][1] > 0.0
    assert not significant(last[name], 0)
assert significant(first["weight_decay"], 0) and significant(first["early_stopping"], 0)
assert not significant(first["l1"], 0)
assert everything[:, 0].mean() > max(scores[:, 0].mean() for scores in alone.values()) + 0.02
assert everything[:, 1].mean() > alone["augment"][:, 1].mean() + 0.05
timid = network(**REMEDIES).fit(X[draws[0][0]], y[draws[0][0]])
sure = timid.predict_proba(X[checked]).max(axis=1).mean()
print(f"all six: {timid.score(X[checked], truth[checked]):.2f} are right, an answer's mean probability is {sure:.2f}")
assert sure < 0.7
assert [type(layer) for layer in timid.model_.layers] == [st.GaussianNoise, st.Dense, st.Dropout, st.Dense]
# -> all six: 0.94 are right, an answer's mean probability is 0.59

# %% [markdown]
# ## Code: more rows, or a remedy?
# There are 800 noisy rows, so we can also train on twice as many. Twice the rows are twice the steps in an epoch; to
# keep the number of steps, we halve the epochs. The test rows and seeds are those of the ten draws.


# %%
def scores_with_all_rows(remedies):
    """As `scores_of`, but trained on all 800 noisy rows."""
    scores = []
    for seed, (_, test) in enumerate(pairs):
        p = network(random_state=seed, **remedies).fit(X[noisy], y[noisy]).predict_proba(X[test])
        scores.append((st.metrics.accuracy_score(truth[test], p.argmax(axis=1)), st.metrics.log_loss(truth[test], p)))
    return np.array(scores)


more = {
    "400 rows, 60 epochs": none, "800 rows, 60 epochs": scores_with_all_rows({}),
    "800 rows, 30 epochs": scores_with_all_rows({"epochs": 30}), "400 rows, augment": alone["augment"],
    "800 rows, augment": scores_with_all_rows({"augment": 0.5})}
for name, scores in more.items():
    print(f"{name:20} accuracy {scores[:, 0].mean():.2f}, log loss {scores[:, 1].mean():.2f}")
for name, base in (
    ("800 rows, 60 epochs", "400 rows, 60 epochs"), ("800 rows, 30 epochs", "400 rows, 60 epochs"),
    ("800 rows, 30 epochs", "400 rows, augment"), ("800 rows, augment", "400 rows, augment"),
):
    (a, loss), (e, f) = change(more[name], more[base])
    print(f"{name} − {base}: accuracy {a:+.3f} ± {e:.3f}, log loss {loss:+.3f} ± {f:.3f}")
# -> 400 rows, 60 epochs  accuracy 0.77, log loss 0.83
# -> 800 rows, 60 epochs  accuracy 0.77, log loss 0.87
# -> 800 rows, 30 epochs  accuracy 0.81, log loss 0.64
# -> 400 rows, augment    accuracy 0.81, log loss 0.58
# -> 800 rows, augment    accuracy 0.86, log loss 0.50
# -> 800 rows, 60 epochs − 400 rows, 60 epochs: accuracy -0.006 ± 0.024, log loss +0.043 ± 0.090
# -> 800 rows, 30 epochs − 400 rows, 60 epochs: accuracy +0.035 ± 0.022, log loss -0.190 ± 0.105
# -> 800 rows, 30 epochs − 400 rows, augment: accuracy -0.006 ± 0.036, log loss +0.057 ± 0.082
# -> 800 rows, augment − 400 rows, augment: accuracy +0.042 ± 0.036, log loss -0.085 ± 0.077

# %% [markdown]
# ## Check: more rows, or a remedy?
# Predict 2 again: more rows are no remedy by themselves. With the same 60 epochs 800 rows are no better than 400. With
# the same number of *steps* they have the better means, but by less than two errors: undecided. Augmentation makes 400
# rows as good as that; which of these two is better is undecided. Both together have the best means, again by less than
# two errors. So on these data more rows are one remedy among others, not a better kind of remedy.

# %%
accuracy = {name: scores[:, 0].mean() for name, scores in more.items()}
mean_loss = {name: scores[:, 1].mean() for name, scores in more.items()}
assert abs(accuracy["800 rows, 60 epochs"] - accuracy["400 rows, 60 epochs"]) < 0.03
assert mean_loss["800 rows, 60 epochs"] > mean_loss["400 rows, 60 epochs"] - 0.03
assert mean_loss["800 rows, 30 epochs"] < mean_loss["400 rows, 60 epochs"] - 0.1
assert accuracy["800 rows, augment"] > max(accuracy["400 rows, augment"], accuracy["800 rows, 30 epochs"]) + 0.02
assert mean_loss["800 rows, augment"] < min(mean_loss["400 rows, augment"], mean_loss["800 rows, 30 epochs"]) - 0.04

# %% [markdown]
# ## Break it
# In [dropout], what is kept is divided by 1 − r. Is that necessary? Take the division away. In prediction nothing is
# dropped, so each unit of the last layer then receives 1 / (1 − r) times as much as in training. We can do that to a
# trained network: multiply the weights of its last layer. The means over the ten draws:

# %%
u = rng.random(10000)
kept = np.array([dropout(3.0, number, 0.4) for number in u])
print(f"an input of 3: its mean after dropout is {kept.mean():.2f}, without the division {kept.mean() * 0.6:.2f}")

results = {"with the division": [], "without": []}
for seed, (train, _) in enumerate(pairs):
    model = network(dropout=0.4, random_state=seed).fit(X[train], y[train])
    for found in results.values():
        p = model.predict_proba(X[checked])
        found.append((st.metrics.log_loss(truth[checked], p), (p.argmax(axis=1) == truth[checked]).mean(),
                      p.max(axis=1).mean()))
        weights = model.model_.get_weights()
        weights[2] = weights[2] / (1.0 - 0.4)
        model.model_.set_weights(weights)  # for the second round
results = {name: np.mean(found, axis=0) for name, found in results.items()}
for name, (unseen_loss, right, sure) in results.items():
    print(f"{name:17} log loss on unseen rows {unseen_loss:.2f}, accuracy {right:.2f}, mean probability {sure:.2f}")
# -> an input of 3: its mean after dropout is 3.02, without the division 1.81
# -> with the division log loss on unseen rows 0.65, accuracy 0.82, mean probability 0.80
# -> without           log loss on unseen rows 0.77, accuracy 0.82, mean probability 0.89

# %% [markdown]
# The accuracy hardly changes, so it does not show the mistake. The log loss does: the network gives its answers a
# higher probability, now higher than the share of them that is right. Such a network is called badly *calibrated*.

# %%
assert abs(kept.mean() - 3.0) < 0.1
assert results["without"][0] > results["with the division"][0] + 0.05
assert abs(results["without"][1] - results["with the division"][1]) < 0.02
assert results["without"][2] > results["without"][1] + 0.02

# %% [markdown]
# ## Exercise
# Augmentation for images: a digit that is moved by one pixel is the same digit. Write a function that takes images as
# rows, (n, 64), and their labels. It returns the images and labels of five sets, one after the other: as they are,
# then moved up, down, left and right by one pixel. What moves out of the picture is lost, and what comes in is 0.
#
# Then run `python -m lessons check 9`. It also trains with your rows.


# %%
def with_shifts(X, y):
    raise NotImplementedError


# %%
def check(solution=None):
    """Two images by hand, and then digits: five times the rows against five times the epochs."""
    solution = solution or with_shifts
    images = np.zeros((2, 8, 8))
    images[0, 3, 4], images[0, 0, 7], images[1, 5, 5] = 1.0, 2.0, 3.0
    rows, labels = solution(images.reshape(2, 64), np.array([7, 4]))
    assert np.shape(rows) == (10, 64), (
        f"Two images give an array of shape {np.shape(rows)}. Five sets of two rows are (10, 64): the images as they "
        "are belong to them, too.")
    sets = np.reshape(rows, (5, 2, 8, 8))
    assert np.array_equal(sets[0], images), (
        "The first two rows should be the two images as they are, then both moved up, and so on: one set after the "
        "other, not one image after the other.")
    assert np.ravel(labels).tolist() == [7, 4] * 5, (
        f"The labels should be repeated as the images are, 7, 4, 7, 4 ... (np.tile), and are {np.ravel(labels)}.")
    moves = {(-1, 0): "up", (1, 0): "down", (0, -1): "left", (0, 1): "right"}
    for (image, _), (move, name) in zip(sets[1:], moves.items(), strict=True):
        moved = [(int(i) - 3, int(j) - 4) for i, j in np.argwhere(image == 1.0)]
        assert moved == [move], (
            f"The set that should be moved {name} is moved {moves.get(moved[0], 'elsewhere') if moved else 'out'}. The "
            "order is up, down, left, right, and rows are counted from the top: moving up makes the index smaller.")
    assert np.sum(sets[:, 0] == 2.0) == 3, (
        "What moves out of the picture is lost, and 0 comes in. In yours the corner comes back on the other side.")
    X, y = st.datasets.load_digits()
    gains = []
    for seed in range(3):
        A, B, a, b = st.train_test_split(X, y, train_size=200, stratify=y, random_state=seed)
        by_epochs, by_rows = (
            st.MLPClassifier(units=64, epochs=epochs, weight_decay=0.0, random_state=seed, verbose=0)
            .fit(*data).score(B, b) for epochs, data in ((200, (A, a)), (40, solution(A, a))))
        gains.append(by_rows - by_epochs)
    assert np.mean(gains) > 0.0, (
        f"With the moved images the accuracy on unseen digits changes by {np.mean(gains):.3f}; it should rise.")
