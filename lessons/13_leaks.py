# %% [markdown]
# # 13 Leaks
# How information on test rows gets into a training: measured on pure noise, where the truth is known to be 50 %.
#
# 20 minutes

# %% [markdown]
# ## Question
# In cross-validation the [fold](README.md#evaluation-and-overfitting) that is left out represents rows that do not
# exist yet. If anything made with them enters the training, the score is no estimate for new rows: a *leak*. Which
# leaks are large? On your own data you would not notice: a leak looks like a good model. So we take noise, where no
# model can be better than a coin: 60 rows with normal random numbers, 30 of each class.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st


def class_means(X, y, train, test):
    """Accuracy on the test rows, if each gets the class with the nearest mean."""
    distances = [np.sum((X[test] - X[train][y[train] == label].mean(axis=0)) ** 2, axis=1) for label in (0, 1)]
    return np.mean((distances[0] > distances[1]) == y[test])


def best_columns(X, y, count=10):
    """The columns with the largest correlation with y."""
    centred = X - X.mean(axis=0)
    return np.argsort(-abs((y - y.mean()) @ centred) / np.sqrt(np.sum(centred**2, axis=0)))[:count]


def noise(columns, seed):
    """A table of noise, and its five folds."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(60, columns)), rng.permutation(np.arange(60) % 2)
    return X, y, list(st.StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y))

# %% [markdown]
# ## Predict 1
# 1,000 columns of noise. Three things are done on *all* rows, before the cross-validation: the columns are scaled; the
# ten columns of largest variance are selected; the ten columns with the largest correlation with y are selected. What
# is the accuracy after each?

# %%
PREPARED = {
    "as they are": lambda X, y: X,
    "scaled": lambda X, y: (X - X.mean(axis=0)) / X.std(axis=0),
    "ten of largest variance": lambda X, y: X[:, np.argsort(-X.var(axis=0))[:10]],
    "ten of largest correlation": lambda X, y: X[:, best_columns(X, y)]}


def mean_accuracy(prepare, columns=1000, tables=20):
    """The mean accuracy over tables of noise that are prepared before the cross-validation."""
    return np.mean([class_means(prepare(X, y), y, *fold)
                    for seed in range(tables) for X, y, folds in [noise(columns, seed)] for fold in folds])


for name, prepare in PREPARED.items():
    print(f"{name:27} {mean_accuracy(prepare):.1%}")
# -> as they are                 47.9%
# -> scaled                      46.7%
# -> ten of largest variance     52.3%
# -> ten of largest correlation  86.7%

# %% [markdown]
# ## Answer 1
# The third one finds over 75 % in pure noise, in 20 of 20 draws [13a]; the others are at chance. The difference is y.
# Of 1,000 columns of noise some fit the labels of all 60 rows by chance, those of the test rows included, and the
# selection has looked for just these. A scaler looks at the test rows too, but not at their labels: on these tables it
# changes the accuracy by less than two points, in 20 of 20 draws [13b].
#
# So be careful with all that uses y: selecting columns, replacing a category by its mean of y, tuning (lesson 15). The
# rest belongs into the fold as well. How large such a leak is on *your* data is unknown, and to avoid it costs nothing.

# %% [markdown]
# ## Predict 2
# The remedy is to select inside each fold, on its training rows alone. And the leak: does it grow with the number of
# columns? With ten columns, of which ten are kept?

# %%
def inside_the_folds(columns, tables=20):
    return np.mean([class_means(X[:, best_columns(X[fold[0]], y[fold[0]])], y, *fold)
                    for seed in range(tables) for X, y, folds in [noise(columns, seed)] for fold in folds])


sizes = (10, 30, 100, 300, 1000, 3000)
outside = [mean_accuracy(PREPARED["ten of largest correlation"], columns) for columns in sizes]
inside = [inside_the_folds(columns) for columns in sizes]
for columns, leaky, honest in zip(sizes, outside, inside, strict=True):
    print(f"{columns:4} columns: selected on all rows {leaky:.1%}, inside each fold {honest:.1%}")
# ->   10 columns: selected on all rows 53.8%, inside each fold 53.8%
# ->   30 columns: selected on all rows 66.5%, inside each fold 53.0%
# ->  100 columns: selected on all rows 74.7%, inside each fold 48.1%
# ->  300 columns: selected on all rows 80.6%, inside each fold 47.9%
# -> 1000 columns: selected on all rows 86.7%, inside each fold 51.4%
# -> 3000 columns: selected on all rows 90.0%, inside each fold 52.2%

# %%
fig, ax = plt.subplots(num="13-leak", figsize=(7, 4.2), layout="constrained")
ax.plot(sizes, outside, "o-", color="C1", label="selected on all rows")
ax.plot(sizes, inside, "o-", color="C0", label="selected inside each fold")
ax.axhline(0.5, color="0.4", lw=1, ls="--", label="the truth: 50 %")
ax.set(xscale="log", xlabel="columns of pure noise, ten are kept", ylabel="cross-validated accuracy", ylim=(0.4, 1))
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.legend(loc="upper left")

# %% [markdown]
# ## Answer 2
# It grows with what there is to choose from, and with nothing to choose there is no leak. Inside the folds the accuracy
# is at chance for any number of columns. In this package a scaler or an imputer is a part of the estimator, which is
# fitted to the training rows of each fold; a selection of your own belongs there too.

# %% [markdown]
# ## Predict 3
# No selection, no scaler. But the 120 rows are from 24 people, five similar rows of each, and the label is a property
# of the person: a coin toss. What does the nearest neighbour reach, if the rows are split at random? And if the people
# are?

# %%
def nearest_neighbour(X, y, train, test):
    return np.mean(y[train][np.sum((X[test][:, None] - X[train]) ** 2, axis=2).argmin(axis=1)] == y[test])


person = np.repeat(np.arange(24), 5)
y = person % 2
by_rows, by_people = [], []
for seed in range(20):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(24, 5))[person] + 0.5 * rng.normal(size=(120, 5))
    by_rows += [nearest_neighbour(X, y, *fold) for fold in st.KFold(4, shuffle=True, random_state=seed).split(X)]
    by_people += [nearest_neighbour(X, y, *fold) for fold in st.GroupKFold(4).split(X, groups=person // 6)]
print(f"rows split at random {np.mean(by_rows):.1%}, people split {np.mean(by_people):.1%}")
# -> rows split at random 78.5%, people split 47.8%

# %% [markdown]
# ## Answer 3
# Over 70 % with rows split at random, and more than 15 points less with people split, in 20 of 20 draws [13c]. The
# nearest row is mostly another one of the same person, whose label is known from the training. The model has learned
# who it is, not what makes the label. Split by what will be new: by people, if it is to work for new people; by time,
# if for tomorrow. Copies of rows are the extreme case: people with one row, in the table twice.
#
# *In your logbook:* did the held-out score take part in any choice? From then on it is a validation score.

# %% [markdown]
# ## Exercise
# Fill gaps without a leak. You get a table with gaps (NaN), and the indices of the training and of the test rows.
# Return both parts, without gaps: each gap becomes the *median* of its column's training values that are no gaps. The
# table itself remains unchanged.
#
# Then run `python -m lessons check 13`.


# %%
def fill_gaps(X, train, test):
    raise NotImplementedError
