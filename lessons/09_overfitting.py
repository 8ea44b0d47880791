# %% [markdown]
# # 09 Underfitting and overfitting
# How to see them, and six remedies compared by leaving each of them out: an ablation.

# %% [markdown]
# ## Question
# The document says (section 9.3): regularisation, data augmentation and early stopping prevent overfitting. Do they
# all? Does each? Do they add up? First we must *see* whether a network fits too little or too much. Then we try the
# remedies, and judge them by what they change.

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
# The first three keep weights small (lesson 03). *Dropout* silences each hidden unit with probability r, anew in
# every step (u is random between 0 and 1), so that no unit can rely on another. *Gaussian noise* moves each input a
# little (z is a normal random number): every epoch sees other rows, which are still digits. That is *augmentation*.
# Both work in training only. *Early stopping* keeps some training rows aside and ends the training when the loss on
# them does not improve any more (lesson 06).
#
# The last formula tells how sure a mean difference d of two networks is, over k draws of rows (#k: how many), each with
# n rows to train on and m to test on. The draws share rows, which is what m / n makes up for; lesson 10 shows why.

# %% [markdown]
# ## Predict
# 1. You double the units again and again. What becomes of the loss on the training rows, and of that on unseen rows?
# 2. A network overfits. Do more rows help? Do more epochs?
# 3. A fifth of the training labels is wrong. How many of them does a large network learn, wrong ones included?
# 4. All six remedies at once, or the best one alone: which has the higher accuracy? Which has the lower log loss?

# %% [markdown]
# ## Code: three curves
# Digits again, but somebody has labelled the first 800 in haste: a fifth of them got a random label. The others have
# been checked. We train on 400 hasty rows, and judge by the checked ones. The functions below are scikit-learn's in
# name and arguments. `cv` takes any list of (training rows, test rows): three draws of 400 rows.

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
hasty, checked = np.arange(800), np.arange(800, len(X))
y = np.where((np.arange(len(X)) < 800) & (rng.random(len(X)) < 0.2), rng.integers(10, size=len(X)), truth)
draws = [(rng.permutation(hasty)[:400], checked) for _ in range(3)]
print(f"{np.mean(y[hasty] != truth[hasty]):.0%} of the hasty labels are wrong, and none of the others")


def network(**changes):
    settings = {"units": 64, "epochs": 60, "dtype": "float64", "random_state": 0, "verbose": 0} | changes
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
# -> 21% of the hasty labels are wrong, and none of the others
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
# On the left of the first two pictures both losses are high: *underfitting*. (There the unseen rows can even do
# better, as they have no wrong labels.) On the right the training loss goes to 0, and the unseen one does not follow:
# *overfitting*. The gap between the curves is the sign.
#
# Predict 1: with more units the training loss falls and falls. The unseen one stops falling at about 8 units, and then
# stays near 0.8 or a little above.
#
# Predict 2: more rows help: they make the gap smaller. That is the best remedy, where there are more of them. More
# epochs do harm: after 8 of them the unseen loss turns, and rises from 0.56 to 1.03.
#
# Predict 3: all of them. A network of 128 units has room for every wrong label.

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
memory = network(units=128, epochs=128).fit(X[hasty[:400]], y[hasty[:400]])
wrong = hasty[:400][y[:400] != truth[:400]]
print(f"128 units, 128 epochs: {memory.score(X[wrong], y[wrong]):.0%} of the wrong training labels are learned")
assert memory.score(X[wrong], y[wrong]) > 0.9
# -> 128 units, 128 epochs: 100% of the wrong training labels are learned

# %% [markdown]
# ## Code: an ablation
# Six remedies. We train without any, with each of them *alone*, with all, and with all *but one*. Each variant gets
# the same ten draws, each with its own seed, so we can compare draw by draw: 400 of the hasty rows to train on, and 200
# of the checked ones to test on. (The strengths were found by trying a few, on other draws. Nobody claims that they are
# the best. A weight decay of 1.0 is no typing error: each step takes α · w = 0.003 · 1.0 of the weight away.)

# %%
REMEDIES = {
    "augment": 0.5, "dropout": 0.4, "l2": 2e-3, "l1": 5e-4, "weight_decay": 1.0, "early_stopping": True}
pairs = [(rng.permutation(hasty)[:400], rng.permutation(checked)[:200]) for _ in range(10)]


def judged(remedies):
    """Accuracy and log loss on the test rows of each draw, (draws, 2)."""
    scores = []
    for seed, (train, test) in enumerate(pairs):
        model = network(random_state=seed, **remedies).fit(X[train], y[train])
        p = model.predict_proba(X[test])
        scores.append((st.metrics.accuracy_score(truth[test], p.argmax(axis=1)), st.metrics.log_loss(truth[test], p)))
    return np.array(scores)


none, everything = judged({}), judged(REMEDIES)
alone = {name: judged({name: value}) for name, value in REMEDIES.items()}
without = {name: judged({other: REMEDIES[other] for other in REMEDIES if other != name}) for name in REMEDIES}
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
# And now the differences, with their corrected errors: each remedy alone against none of them; all against all but this
# one, which is what it is worth on top of the others; and all against the two that are best alone.


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
# Alone, every remedy makes both numbers better on average. How sure is that? Let us call a difference *decided* from
# three errors on, and *undecided* below two. In accuracy weight decay and early stopping are decided. Dropout and
# augmentation have two errors or a little more: likely. L1 and L2 are undecided. In log loss all have two to three
# errors, early stopping the fewest. So *does each remedy help?* gets a yes for some, and a *probably* for others.
#
# Predict 4: all six have the higher accuracy, 0.91 against 0.85 for the best one alone, early stopping. That is almost
# three errors. But they do not have the lower log loss: there augmentation alone is better on average, by two errors.
#
# And they do not add up. On top of the other five no remedy's accuracy can be told from 0: all are undecided, at two
# points or less. That does not prove that they are worth nothing; ten draws of these rows cannot tell. There are
# reasons, though: L1, L2 and weight decay do the same job, and early stopping costs a tenth of the rows. Weight decay
# is worth seven points alone, and perhaps two beside the others. Both numbers are right. An ablation tells what a part
# is worth *beside the others*.
#
# In log loss all six together are on average worse than any five. So much restraint makes the network timid: it is
# right in nine of ten cases, and gives its answers a probability of 0.6. Too strong a remedy is underfitting again. So
# one tunes their strengths, all together, by the score that matters (lesson 07).
#
# Beware of the plain standard error. Without m / n all bars would be 2.4 times shorter, and nearly every remedy would
# look decided. Lesson 10 shows that such bars deceive.

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
# ## Break it
# In [dropout], what is kept is divided by 1 − r. That looks unnecessary: the network gets used to smaller numbers,
# does it not? Take the division away. In prediction nothing is dropped, so each unit of the last layer then hears 1 /
# (1 − r) times as much as in training. We can do that to a trained network: multiply the weights of its last layer.

# %%
u = rng.random(10000)
kept = np.array([dropout(3.0, number, 0.4) for number in u])
print(f"an input of 3: its mean after dropout is {kept.mean():.2f}, without the division {kept.mean() * 0.6:.2f}")

train = draws[0][0]
model = network(dropout=0.4).fit(X[train], y[train])
with_division = st.metrics.log_loss(truth[checked], model.predict_proba(X[checked]))
weights = model.model_.get_weights()
weights[2] = weights[2] / (1.0 - 0.4)
model.model_.set_weights(weights)
without_division = st.metrics.log_loss(truth[checked], model.predict_proba(X[checked]))
print(f"log loss on unseen rows: {with_division:.3f} with the division, {without_division:.3f} without")
# -> an input of 3: its mean after dropout is 3.02, without the division 1.81
# -> log loss on unseen rows: 0.615 with the division, 0.719 without

# %% [markdown]
# The labels that it predicts hardly change, so the accuracy would not tell you. The log loss does: the network has
# become too sure of itself.

# %%
assert abs(kept.mean() - 3.0) < 0.1
assert without_division > with_division + 0.1

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
    """By hand on one image, and then on digits: five times the rows against five times the epochs."""
    solution = solution or with_shifts
    image = np.zeros((1, 8, 8))
    image[0, 3, 4], image[0, 0, 7] = 1.0, 2.0
    rows, labels = solution(image.reshape(1, 64), np.array([7]))
    assert np.shape(rows) == (5, 64), f"one image gives shape {np.shape(rows)}; it should be (5, 64)"
    assert np.asarray(labels).tolist() == [7] * 5, f"its labels are {labels}; they should be 7, five times"
    wanted = {"as it is": (3, 4), "moved up": (2, 4), "moved down": (4, 4), "moved left": (3, 3), "moved right": (3, 5)}
    for row, (name, place) in zip(np.reshape(rows, (5, 8, 8)), wanted.items(), strict=True):
        found = [tuple(map(int, where)) for where in np.argwhere(row == 1.0)]
        assert found == [place], f"{name}, the 1 at (3, 4) is at {found}; it should be at {place}"
    assert np.sum(np.asarray(rows) == 2.0) == 3, "the 2 in the corner is lost if moved up or right, and only then"
    gains = []
    for seed in range(3):
        A, B, a, b = st.train_test_split(X, truth, train_size=200, stratify=truth, random_state=seed)
        long = network(epochs=200).fit(A, a).score(B, b)
        gains.append(network(epochs=40).fit(*solution(A, a)).score(B, b) - long)
    assert np.mean(gains) > 0.0, f"with the moved images the accuracy on unseen digits changes by {np.mean(gains):.3f}"
