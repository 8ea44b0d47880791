# %% [markdown]
# # 10 What has tuning gained?
# Why the best of many scores is too high, and how to evaluate a tuned configuration.
#
# Covers sections 1.2 and 9.2 of the document.

# %% [markdown]
# ## Question
# The document says (section 9.2): evaluate tuning by metrics on validation rows. But the search has used these very
# rows to choose. How much of the winner's score is quality, and how much is chance? And when a tuned configuration is
# better by half a point than the default one: is that more than noise?

# %% [markdown]
# ## Formulas
# - [accuracy] A = Σₙ[wₙ · (1 if yₙ = qₙ else 0)] / Σₙ[wₙ]
# - [standard_error_of_mean] e = √(Σₖ[(sₖ − meanₖ[sₖ])²] / (#k · max(#k − 1, 1)))
# - [corrected_standard_error] e = √((1 / #k + m / n) · Σₖ[(dₖ − meanₖ[dₖ])²] / max(#k − 1, 1))
#
# The second says how far a mean of k scores (#k: how many) typically is from the true mean, *if the scores are
# independent*. The third is for scores that are not. There d are the differences of two scores, n the rows of a
# training, and m the rows that it is tested on.
#
# Three kinds of rows: the *training set* fits the weights, the *validation set* chooses the configuration, the
# *held-out test set* evaluates it. Cross-validation lets the first two swap roles. The test set is used once, at the
# end.

# %% [markdown]
# ## Predict
# 1. Pure noise, two classes: no configuration can be better than 50 %. You try 40 configurations. What is the best
#    cross-validated accuracy: 50, 60 or 70 %? And the winner's accuracy on new rows?
# 2. The tuned network beats the default one by 0.6 points on average over 25 trainings, with a standard error of 0.19.
#    Is it better?
# 3. Two methods are equally good. You compare them over 5 times 5 folds and say "different" if the mean is more than
#    two standard errors from 0. How often do you raise a false alarm: in 5, 15 or 40 % of the cases?

# %% [markdown]
# ## Code: tuning pure noise
# 80 rows, ten columns, and y is a coin toss. We search 40 random configurations, and follow the best score so far. Each
# new best configuration is also scored on 1,000 new rows. We do this four times, each with new noise. The *nested*
# search at the end tries 10 configurations only, as it has to be run again for each fold.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.evaluation.selection import corrected_standard_error, standard_error

SPACE = {
    "units": st.Int(1, 32, log=True), "learning_rate": st.Float(1e-3, 0.1, log=True), "epochs": st.Int(2, 10),
    "activation": ["relu", "tanh"]}


def network(**changes):
    plain = {"units": 64, "weight_decay": 0.0, "dtype": "float64", "random_state": 0, "verbose": 0}
    return st.MLPClassifier(**plain | changes)


def search(n_iter, space=SPACE, seed=0, scoring="accuracy"):
    return st.RandomizedSearchCV(
        network(), space, n_iter=n_iter, cv=4, random_state=seed, scoring=scoring, verbose=0)


rng = np.random.default_rng(0)
validated, tested, nested = [], [], []
for repeat in range(4):
    X, y = rng.normal(size=(1080, 10)), np.arange(1080) % 2
    found = search(40, seed=repeat).fit(X[:80], y[:80])
    scores, tried = found.cv_results_["mean_test_score"], found.cv_results_["params"]
    leaders = [int(scores[:n].argmax()) for n in range(1, 41)]
    on_new = {k: network(**tried[k]).fit(X[:80], y[:80]).score(X[80:], y[80:]) for k in set(leaders)}
    validated.append(scores[leaders])
    tested.append([on_new[k] for k in leaders])
    nested.append(st.cross_validate(search(10, seed=repeat), X[:80], y[:80], cv=4)["test_score"].mean())
validated, tested = np.array(validated), np.array(tested)
for n in (1, 5, 10, 40):
    before, after = validated[:, n - 1].mean(), tested[:, n - 1].mean()
    print(f"best of {n:2} configurations: validated {before:.3f}, on new rows {after:.3f}")
print(f"nested cross-validation, best of 10: {np.mean(nested):.3f} ± {standard_error(np.array(nested)):.3f}")
# -> best of  1 configurations: validated 0.534, on new rows 0.498
# -> best of  5 configurations: validated 0.566, on new rows 0.504
# -> best of 10 configurations: validated 0.569, on new rows 0.513
# -> best of 40 configurations: validated 0.597, on new rows 0.508
# -> nested cross-validation, best of 10: 0.494 ± 0.040

# %% [markdown]
# ## Check: pure noise
# Predict 1: about 60 % validated, and 50 % on new rows. The more configurations, the higher the winner's validated
# score, and not one of them is better than a coin. Each score is 50 % plus chance, and the maximum is where chance was
# highest. This is called the *winner's curse*. Choosing the winner is no mistake; but its *score* is no longer an
# estimate of how well it does on new rows.
#
# There are two estimates that are. One is a held-out test set. The other is *nested* cross-validation: put the whole
# search inside the folds. Each outer fold is left out, the search runs on the rest, with its own inner folds, and its
# winner is trained on the rest and scored on the fold that the search has not seen. That is one line: `cross_validate`
# on a search. It needs no further rows, and costs as many searches as there are folds. It evaluates the *procedure* of
# tuning, not one configuration. Here it says 0.494, where the validated score of the best of 10 was 0.569.

# %%
best_so_far = validated.mean(axis=0)
assert (np.diff(validated, axis=1) >= 0).all()
assert best_so_far[-1] > 0.57 and best_so_far[-1] > best_so_far[0] + 0.05
assert abs(tested.mean() - 0.5) < 0.02
assert abs(np.mean(nested) - 0.5) < 2.0 * standard_error(np.array(nested)) < 0.1

# %% [markdown]
# ## Code: a real gain?
# Now the digits, in three parts: 300 rows to tune on, 900 to compare on, and 597 as a held-out test set. The space has
# six hyper-parameters. The default configuration is the package's own.

# %%
images, digits = st.datasets.load_digits()
X_tune, X_rest, y_tune, y_rest = st.train_test_split(images, digits, train_size=300, stratify=digits, random_state=0)
X_compare, X_test, y_compare, y_test = st.train_test_split(
    X_rest, y_rest, train_size=900, stratify=y_rest, random_state=0)

space = {
    "units": st.Int(16, 128, log=True), "learning_rate": st.Float(1e-3, 3e-2, log=True), "epochs": st.Int(10, 40),
    "augment": st.Float(0.0, 1.0), "dropout": st.Float(0.0, 0.5), "l2": st.Float(1e-6, 1e-2, log=True)}
METRICS = ["accuracy", "neg_log_loss"]
tuned = search(20, space, scoring="neg_log_loss").fit(X_tune, y_tune)
candidates = {"default": network(), "tuned": network(**tuned.best_params_), "8 units": network(units=8)}
for name, model in candidates.items():
    scores = st.cross_validate(model, X_tune, y_tune, cv=4, scoring=METRICS)
    print(f"{name:8} on the rows of the search: accuracy {scores['test_accuracy'].mean():.3f}, "
          f"log loss {-scores['test_neg_log_loss'].mean():.3f}")


FOLDS = [
    fold for repeat in range(5)
    for fold in st.StratifiedKFold(5, shuffle=True, random_state=repeat).split(X_compare, y_compare)]
FEWER = [(rng.permutation(train)[:225], test) for train, test in FOLDS]


def repeated(model, folds=FOLDS):
    """Scores over 5 times 5 folds: (25, 2), accuracy and minus the log loss of each training."""
    scores = st.cross_validate(model, X_compare, y_compare, cv=folds, scoring=METRICS)
    return np.column_stack([scores[f"test_{metric}"] for metric in METRICS])


scores = {name: repeated(model) for name, model in candidates.items()}
gained = {name: scores[name] - scores["default"] for name in ("tuned", "8 units")}  # above 0: better than the default
on_225 = repeated(candidates["tuned"], FEWER) - repeated(candidates["default"], FEWER)
# -> default  on the rows of the search: accuracy 0.920, log loss 0.306
# -> tuned    on the rows of the search: accuracy 0.940, log loss 0.226
# -> 8 units  on the rows of the search: accuracy 0.747, log loss 0.907

# %% [markdown]
# Then the rows to compare on. *Paired* means: both networks get the same folds, and we look at the differences. What
# makes a fold hard for both cancels out. How precise is their mean? The plain standard error takes the 25 differences
# for independent. They are not. In each repetition two trainings share three quarters of their training rows, and all
# repetitions use the same 900 rows. The third formula makes up for that: 1/k becomes 1/k + m/n, the rows of a test over
# those of its training. Here that makes the error 2.7 times larger. (Nadeau and Bengio derived it in 2003 for random
# splits; Bouckaert and Frank proposed it in 2004 for repeated folds.)
#
# A training of the search had 225 rows, one of these has 720. To see whether that matters, the last line below is the
# gain with 225 rows in each training.


# %%
errors = {}
for name, table in gained.items():
    for metric, d in zip(("accuracy", "log loss"), table.T, strict=True):
        errors[name, metric] = d.mean(), standard_error(d), corrected_standard_error(d, 720, 180)
        mean, plain, corrected = errors[name, metric]
        print(f"{name}, {metric}: better by {mean:7.4f}, plain error {plain:.4f}, corrected {corrected:.4f}")
small = on_225[:, 0].mean(), corrected_standard_error(on_225[:, 0], 225, 180)
print(f"tuned, accuracy with 225 training rows: better by {small[0]:7.4f}, corrected error {small[1]:.4f}")
# -> tuned, accuracy: better by  0.0062, plain error 0.0019, corrected 0.0052
# -> tuned, log loss: better by  0.0170, plain error 0.0061, corrected 0.0164
# -> 8 units, accuracy: better by -0.0351, plain error 0.0036, corrected 0.0096
# -> 8 units, log loss: better by -0.1384, plain error 0.0078, corrected 0.0210
# -> tuned, accuracy with 225 training rows: better by  0.0160, corrected error 0.0188

# %% [markdown]
# Now the held-out test set, once. Two networks are scored on it, again in pairs: row by row. Each row counts once, so
# these differences are independent, and the plain error is right, for these two trained networks.

# %%
hits = {}
for name, model in (("default", network().fit(X_tune, y_tune)), ("tuned", tuned)):
    p = model.predict_proba(X_test)
    hits[name] = (p.argmax(axis=1) == y_test).astype(float)
    print(f"{name:8} on the test set: accuracy {hits[name].mean():.3f}, "
          f"log loss {st.metrics.log_loss(y_test, p):.3f}")
difference = hits["tuned"] - hits["default"]
print(f"paired: better by {difference.mean():.4f}, error {standard_error(difference):.4f}")
# -> default  on the test set: accuracy 0.916, log loss 0.242
# -> tuned    on the test set: accuracy 0.930, log loss 0.205
# -> paired: better by 0.0134, error 0.0085

# %%
fig, axes = plt.subplots(1, 2, num="10-judging", figsize=(10.5, 4.3), layout="constrained", width_ratios=[1.1, 1])
for runs, label in ((validated, "validated score of the best so far"), (tested, "the same configurations on new rows")):
    axes[0].plot(range(1, 41), runs.mean(axis=0), label=label)
    axes[0].fill_between(range(1, 41), runs.min(axis=0), runs.max(axis=0), alpha=0.15)
axes[0].axhline(0.5, color="0.4", lw=1, ls="--", label="chance (50 %)")
axes[0].set(xlabel="configurations tried (bands: lowest to highest of the four)", ylabel="accuracy", ylim=(0.35, 0.75))
axes[0].set_title("Tuning pure noise, four times")
axes[0].legend(loc="upper left")
points = 100 * gained["tuned"][:, 0]
step = 100 / 180  # one row of a fold
axes[1].hist(points, bins=(np.arange(-4, 8) - 0.5) * step, rwidth=0.8, color="0.8")
mean, plain, corrected = errors["tuned", "accuracy"]
for height, error, label, color in ((8.5, plain, "plain", "C1"), (7.0, corrected, "corrected", "C0")):
    axes[1].errorbar(100 * mean, height, xerr=200 * error, fmt="o", capsize=5, color=color)
    axes[1].text(100 * mean, height + 0.35, f"± two {label} errors", color=color, ha="center",
                 bbox={"color": "white", "pad": 1})
axes[1].axvline(0.0, color="0.4", lw=1, zorder=1)
axes[1].set(xlabel="tuned − default, points of accuracy", ylabel="trainings, of 25", ylim=(0, 10))
axes[1].set_title("Digits: 25 paired differences, and their mean")

# %% [markdown]
# ## Check: a real gain?
# On the rows of the search, tuning looks like a gain of 2.0 points. On the rows to compare on it is 0.6. Is that the
# winner's curse? With 225 training rows, as in the search, the gain there is 1.6 points. So the number of rows may
# explain most of the drop. But its error is larger than the whole drop, so neither cause can be shown here.
#
# Predict 2: it is undecided. By the plain error the gain is more than three errors away from 0, so it would be real. By
# the corrected one it is little more than one error, so it may well be nothing. *Break it* shows why the second is the
# right one. The log loss agrees. A large difference passes the corrected test as well: see the 8 units.
#
# On the test set tuned is better by 1.3 points, which is one and a half errors. A fair report would say: *probably a
# little better; there are too few rows to be sure*. Not: *tuning improved the accuracy by 2 points*.

# %%
for _, plain, corrected in errors.values():
    assert np.isclose(corrected / plain, np.sqrt(1.0 + 25.0 * 180 / 720))
mean, plain, corrected = errors["tuned", "accuracy"]
assert plain * 2 < mean < corrected * 2
mean, plain, corrected = errors["8 units", "accuracy"]
assert mean < -2.0 * corrected
assert 0.0 < difference.mean() < 3.0 * standard_error(difference)
assert small[0] > errors["tuned", "accuracy"][0] and small[1] > 0.01

# %% [markdown]
# ## Code: the simplest that is good enough
# `refit="one_se"` takes the *simplest* configuration whose mean is within one standard error of the best. We tune the
# units alone. The test set has been used, so we do not use it again; the 900 rows to compare on have played no part in
# this search.

# %%
grid = {"units": [2, 4, 8, 16, 32, 64, 128, 256]}
pick = st.GridSearchCV(network(), grid, cv=4, refit="one_se", verbose=0).fit(X_tune, y_tune)
means = pick.cv_results_["mean_test_score"]
best = grid["units"][means.argmax()]
folds = np.array([pick.cv_results_[f"split{k}_test_score"] for k in range(4)])
bar = means.max() - standard_error(folds[:, means.argmax()])
for units, mean in zip(grid["units"], means, strict=True):
    marks = {"near enough": mean >= bar, "the best": units == best, "one_se": units == pick.best_params_["units"]}
    print(f"{units:3} units: {mean:.3f}  {', '.join(mark for mark in marks if marks[mark])}")
hits = [network(units=units).fit(X_tune, y_tune).predict(X_compare) == y_compare
        for units in (best, pick.best_params_["units"])]
lost = hits[0].astype(float) - hits[1]
print(f"on 900 other rows: the best {hits[0].mean():.3f}, one_se {hits[1].mean():.3f}; "
      f"paired difference {lost.mean():.4f}, error {standard_error(lost):.4f}")
# ->   2 units: 0.297
# ->   4 units: 0.550
# ->   8 units: 0.747
# ->  16 units: 0.863
# ->  32 units: 0.900
# ->  64 units: 0.920  near enough, one_se
# -> 128 units: 0.920  near enough
# -> 256 units: 0.923  near enough, the best
# -> on 900 other rows: the best 0.937, one_se 0.937; paired difference 0.0000, error 0.0059

# %% [markdown]
# ## Check: the simplest that is good enough
# It chose a quarter of the units, with a score within one standard error of the best. On the rows to compare on both
# networks are right equally often. That is not guaranteed: the rule prefers the simpler configuration at the risk of a
# somewhat lower accuracy.

# %%
assert pick.best_params_["units"] < best and pick.best_score_ >= bar

# %% [markdown]
# ## Break it
# Take m/n away from the corrected error: it is the plain one then. Which number moves? The rate of false alarms. Two
# methods that are *equally good by construction*: each looks at one of two columns, which are equally informative about
# y. We compare them over 5 x 5 folds, 2,000 times, with new data, and count how often the mean is further than two
# errors from 0. Then the same with 20 repetitions instead of 5.


# %%
def false_alarms(repeats, comparisons=2000):
    """Share of comparisons in which two equally good methods look different: by the plain and the corrected error."""
    y = np.arange(60) % 2
    X = rng.normal(size=(comparisons, 60, 2)) + y[:, None]
    differences = []  # of each fold, in all comparisons at once
    for repeat in range(repeats):
        for train, test in st.StratifiedKFold(5, shuffle=True, random_state=repeat).split(X[0], y):
            ones, zeros = train[y[train] == 1], train[y[train] == 0]
            middle = (X[:, ones].mean(axis=1) + X[:, zeros].mean(axis=1)) / 2.0
            right = (X[:, test] > middle[:, None]) == (y[test] == 1)[:, None]
            differences.append(right[:, :, 0].mean(axis=1) - right[:, :, 1].mean(axis=1))
    d = np.array(differences).T
    errors = np.array([(corrected_standard_error(row, 48, 0), corrected_standard_error(row, 48, 12)) for row in d])
    return (abs(d.mean(axis=1, keepdims=True)) > 2.0 * errors).mean(axis=0)


alarms = {repeats: false_alarms(repeats) for repeats in (5, 20)}
for repeats, (plain, corrected) in alarms.items():
    print(f"{repeats:2} x 5 folds: false alarms {plain:.0%} without m/n, {corrected:.1%} with it")
# ->  5 x 5 folds: false alarms 41% without m/n, 4.2% with it
# -> 20 x 5 folds: false alarms 68% without m/n, 3.8% with it

# %% [markdown]
# Predict 3: in about 40 %. Without m/n two equal methods look different in four of ten comparisons. With it, false
# alarms are about as rare as the 5 % that two standard errors promise.
#
# More repetitions do not help. They make the plain error worse: 1/k becomes smaller, while not one new row has come in.

# %%
assert 0.3 < alarms[5][0] < 0.5 < alarms[20][0]
assert max(alarms[5][1], alarms[20][1]) < 0.08

# %% [markdown]
# ## Exercise
# Write nested cross-validation yourself: two loops. You get `score(configuration, train, test)`, which trains with a
# configuration on some rows and scores it on others; the `configurations`; `folds(rows)`, which gives pairs (train,
# test) of parts of these rows; and the `rows`. In each outer fold the configuration with the highest mean score over
# the inner folds is trained on the whole outer training part. Return the score of each outer fold, a list. Then run
# `python -m lessons check 10`.


# %%
def nested_scores(score, configurations, folds, rows):
    raise NotImplementedError


# %%
def thirds(rows):
    return [(np.delete(rows, np.s_[k::3]), rows[k::3]) for k in range(3)]


def check(solution=None):
    """On scores that are pure chance, another one for other training or test rows; compared with what mistakes give."""
    solution = solution or nested_scores
    rows = np.arange(27)
    outer = thirds(rows)

    def value(configuration, train, test):
        return np.random.default_rng([configuration, *sorted(train), 27, *sorted(test)]).normal()

    def score(configuration, train, test):
        assert not set(train) & set(test), "A configuration is scored on rows that it was trained on."
        is_outer = any(set(test) == set(part) for _, part in outer)
        assert not is_outer or len(train) == 18, (
            f"An outer fold is scored after a training on {len(train)} rows, as inside. Train the winner again, on all "
            "18 rows of the outer training part.")
        return value(configuration, train, test)

    found = np.ravel(solution(score, list(range(20)), thirds, rows))
    folds = np.array([[[value(c, *pair) for pair in thirds(train)] for c in range(20)] for train, _ in outer])
    inner = folds.mean(axis=2)  # (outer fold, configuration)
    test = np.array([[value(c, *pair) for c in range(20)] for pair in outer])
    winner, each = inner.argmax(axis=1), np.arange(3)
    mistakes = {
        "These are the winners' inner scores, which chose them. Train and score the winner on the outer fold":
            inner.max(axis=1),
        "The configuration was chosen by the outer folds, which then score it: they may take no part in the choice":
            test[:, test.mean(axis=0).argmax()],
        "These are the highest scores on each outer fold: the outer fold may take no part in the choice":
            test.max(axis=1),
        "One configuration was chosen for all outer folds, by rows of all of them. Each outer fold chooses its own":
            test[:, inner.mean(axis=0).argmax()],
        "The configuration was chosen by a single inner fold; take the mean over the inner folds":
            test[each, folds[:, :, 0].argmax(axis=1)],
        "The configuration with the highest score in any inner fold was chosen; take the mean over the inner folds":
            test[each, folds.max(axis=2).argmax(axis=1)],
        "The configuration with the lowest inner score was chosen; here a high score is good":
            test[each, inner.argmin(axis=1)],
    }
    for hint, scores in mistakes.items():
        assert not np.allclose(found, scores if len(found) == 3 else scores.mean()), f"{hint}."
    assert len(found) == 3, f"It gives {len(found)} number(s); there are 3 outer folds, and a score for each."
    wanted = test[each, winner]
    assert np.allclose(found, wanted), f"The scores are {np.round(found, 3)}; they should be {np.round(wanted, 3)}."
