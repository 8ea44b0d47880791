# %% [markdown]
# # 08 Scaling, and what leaks
# Why a network wants its columns on one scale, and how rows that should be unseen get into the training after all.

# %% [markdown]
# ## Question
# Tables come with columns of all sizes: one in grams, one in tonnes. Must a network care? One scales the columns
# first. But scaling learns something from rows: a mean, a range. From *which* rows may it learn? What else is learned
# before training begins, and what does it cost if rows of the test part take part in it?

# %% [markdown]
# ## Formulas
# - [column_mean] μⱼ = Σₙ[wₙⱼ · xₙⱼ] / Σₙ[wₙⱼ]
# - [column_variance] vⱼ = Σₙ[wₙⱼ · (xₙⱼ − μⱼ)²] / Σₙ[wₙⱼ]
# - [scale_of] sⱼ = √(vⱼ) if vⱼ > n · ε · vⱼ + (n · μⱼ · ε)² else 1
# - [standard_scale] zₙⱼ = (xₙⱼ − μⱼ) / σⱼ
# - [min_max_factors] sⱼ = (b − a) / (hⱼ − lⱼ if hⱼ − lⱼ >= ε else 1) ; mⱼ = a − lⱼ · sⱼ
# - [min_max_scale] yₙⱼ = xₙⱼ · sⱼ + mⱼ
# - [standard_error_of_mean] e = √(Σₖ[(sₖ − meanₖ[sₖ])²] / (#k · max(#k − 1, 1)))
#
# *Standard* scaling gives each column mean 0 and deviation 1 (the index n counts the rows, j the columns; each weight w
# is 1, or 0 where a value is missing). *Min-max* scaling brings the smallest value l of a column to a and its largest h
# to b, here 0 and 1.
#
# Beware of the letter s. In [scale_of] it is a column's deviation, which [standard_scale] calls σ. In [min_max_factors]
# it is the factor that a column is multiplied by (and m what is then added). In the last formula it is a score. The
# conditions with ε, a number as small as a rounding error, only catch constant columns, which would be divided by 0.
# (There n is the number of rows.)
#
# The last formula says how sure a mean of k scores is (#k: how many): it lies about e away from the true mean, if the
# scores are independent.

# %% [markdown]
# ## Predict
# 1. Two columns say the same amount about y. One is in grams (thousands), one in tonnes (hundredths). Without scaling,
#    what does a network learn from?
# 2. One row of 300 has a typing error: 1,000 times too much. Which scaling suffers more from it?
# 3. You fit the scaler on all rows, then cross-validate. How much too good is the accuracy: by 0.1, 1, or 10 points?
# 4. 60 rows of pure noise and 2,000 columns. You keep the ten columns that go best with y, then cross-validate. What
#    accuracy do you get, where only 50 % is possible?

# %% [markdown]
# ## Code: grams and tonnes
# A parcel is late (y = 1) if it is heavy, or if its lorry is full; both count the same. The parcel is weighed in
# grams, the load of the lorry in tonnes. `MLPClassifier` has an argument for scaling.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.data.scaling import column_mean, column_variance, standard_scale
from scratchtune.evaluation.selection import standard_error

rng = np.random.default_rng(0)
parts = rng.normal(size=(600, 2))
late = (parts[:, 0] + parts[:, 1] + 0.5 * rng.normal(size=600) > 0.0).astype(int)
parcels = np.column_stack([4000.0 + 1000.0 * parts[:, 0], 0.05 + 0.01 * parts[:, 1]])  # grams, tonnes


def network(**changes):
    settings = {"units": 16, "epochs": 40, "dtype": "float64", "random_state": 0, "verbose": 0} | changes
    return st.MLPClassifier(**settings)


losses = {}
for scale in (None, "standard", "minmax"):
    scores = st.cross_validate(network(scale=scale), parcels, late, cv=5)["test_score"]
    losses[scale] = network(scale=scale).fit(parcels, late).history_["loss"]
    learned = f"accuracy {scores.mean():.3f}, training loss after 40 epochs {losses[scale][-1]:.3f}"
    wanders = scores.mean() < 0.65 and losses[scale][-1] > 0.5  # where to, depends on how a processor rounds
    print(f"scale={scale!s:9} {'accuracy below 0.65, the loss above 0.5' if wanders else learned}")
by_weight = np.mean((parcels[:, 0] > 4000.0) == late)
print(f"the rule 'late if heavier than 4 kg': accuracy {by_weight:.3f} on these parcels, "
      f"{0.5 + np.arcsin(2.0 / 3.0) / np.pi:.3f} on all parcels of this kind")
# -> scale=None      accuracy below 0.65, the loss above 0.5
# -> scale=standard  accuracy 0.880, training loss after 40 epochs 0.252
# -> scale=minmax    accuracy 0.882, training loss after 40 epochs 0.281
# -> the rule 'late if heavier than 4 kg': accuracy 0.748 on these parcels, 0.732 on all parcels of this kind

# %% [markdown]
# Why? A weight's gradient is the error times its *input*. Where the inputs are 100,000 times larger, so are the
# gradients, and the bowl of lesson 05 becomes a ravine like no other. To weigh tonnes as much as grams, one weight
# would have to be 100,000 times the other, and no optimizer goes that far in 40 epochs.

# %%
dirty = np.append(parts[:300, :1], [[1000.0]], axis=0)  # the last one is the typing error
for scaler in (st.StandardScaler(), st.MinMaxScaler()):
    ordinary = scaler.fit_transform(parts[:300, :1]).std()
    squeezed = scaler.fit_transform(dirty)[:300].std()
    print(f"{type(scaler).__name__:15} the ordinary rows' deviation: {ordinary:.3f}, and {squeezed:.5f} with the error")
# -> StandardScaler  the ordinary rows' deviation: 1.000, and 0.01742 with the error
# -> MinMaxScaler    the ordinary rows' deviation: 0.151, and 0.00100 with the error

# %% [markdown]
# ## Check: scaling
# Predict 1: from the grams alone. With scaling both columns count. Without, the best rule that knows the grams only
# would be right in 73 % (the exact share is 1/2 + asin(2/3) / π, as 2/3 is the correlation of the weight with what
# decides). The network does not even get there. Of the two scalings neither wins here. Standard scaling is the usual
# choice for tables. Min-max keeps a known range, such as the pixels of an image, and its zeros.
#
# Predict 2: min-max. The typing error spoils both, but with min-max all ordinary rows then lie within some thousandths
# of the range. (So look at your data first.)

# %%
mean = column_mean(parcels, np.ones_like(parcels))
deviation = np.sqrt(column_variance(parcels, np.ones_like(parcels), mean))
assert np.allclose(st.StandardScaler().fit_transform(parcels), standard_scale(parcels, mean, deviation))
assert losses["standard"][-1] < 0.35 and losses["minmax"][-1] < 0.4 and losses[None][-1] > 0.5
raw = st.cross_validate(network(scale=None), parcels, late, cv=5)["test_score"].mean()
scaled = st.cross_validate(network(), parcels, late, cv=5)["test_score"].mean()
assert raw < by_weight - 0.05 < by_weight + 0.05 < scaled
assert squeezed < 0.01 * ordinary

# %% [markdown]
# ## Code: small leaks
# Cross-validation plays the future: the fold that is left out stands for rows that do not exist yet. If anything was
# learned from those rows, the play is spoilt. That is a *leak*. Two common ones: the scaler is fitted on all rows;
# gaps are filled with the means of all rows. We measure what they gain, on data so small that they should matter: 24
# rows, 100 draws. In each draw the same folds are scored both ways.


# %%
def draw(gaps):
    y = np.arange(24) % 2
    X = rng.lognormal(size=(24, 5)) * np.where(y, 2.0, 1.0)[:, None]
    if gaps:
        X[rng.random(X.shape) < 0.2] = np.nan
    return X, y


def gain(kind, gaps):
    """How much higher the accuracy is with the leak, in points; one value for each draw."""
    differences = []
    for _ in range(100):
        X, y = draw(gaps)
        scores = {"honest": [], "leaky": []}
        for train, test in st.StratifiedKFold(3).split(X, y):
            for how, rows in (("honest", train), ("leaky", np.arange(24))):
                ready = kind().fit(X[rows]).transform(X)
                scores[how].append(network(units=4, scale=None).fit(
                    ready[train], y[train]).score(ready[test], y[test]))
        differences.append(100.0 * (np.mean(scores["leaky"]) - np.mean(scores["honest"])))
    return np.array(differences)


small = {kind.__name__: gain(kind, kind is st.SimpleImputer)
         for kind in (st.StandardScaler, st.MinMaxScaler, st.SimpleImputer)}
for name, values in small.items():
    print(f"{name:15} fitted on all rows: {values.mean():4.1f} points, standard error {standard_error(values):.1f}")
# -> StandardScaler  fitted on all rows:  1.0 points, standard error 0.7
# -> MinMaxScaler    fitted on all rows:  0.5 points, standard error 0.6
# -> SimpleImputer   fitted on all rows: -0.0 points, standard error 0.4

# %% [markdown]
# ## Code: a large leak
# Now pure noise: y is a coin toss, and no column has to do with it. Any honest accuracy is 50 %, give or take. Before
# training we *select*: only the ten columns stay whose correlation with y is largest. Once on all rows, then
# cross-validated, as many papers have done it. Once inside each fold. For that the selection becomes part of the
# estimator, since `cross_validate` fits an estimator on the training rows alone.


# %%
def best_columns(X, y, count=10):
    centred = X - X.mean(axis=0)
    correlation = abs((y - y.mean()) @ centred) / np.sqrt((centred**2).sum(axis=0))
    return np.argsort(-correlation)[:count]


class SelectThenTrain:
    """Choose columns and train, on the same rows: scikit-learn's protocol in a few lines."""

    def get_params(self, deep=True):
        return {}

    def fit(self, X, y):
        self.columns = best_columns(X, y)
        self.model = network().fit(X[:, self.columns], y)
        return self

    def score(self, X, y):
        return self.model.score(X[:, self.columns], y)


def coin_tosses(columns):
    return rng.normal(size=(60, columns)), rng.permutation(np.arange(60) % 2)


def accuracy(model, X, y):
    return st.cross_validate(model, X, y, cv=st.StratifiedKFold(5))["test_score"].mean()


sizes = (10, 50, 200, 1000, 2000)
outside, inside = [], []
for columns in sizes:
    draws = [coin_tosses(columns) for _ in range(8)]
    outside.append([accuracy(network(), X[:, best_columns(X, y)], y) for X, y in draws])
    inside.append([accuracy(SelectThenTrain(), X, y) for X, y in draws])
    print(f"{columns:5} columns of noise: selected on all rows {np.mean(outside[-1]):.2f}, "
          f"inside each fold {np.mean(inside[-1]):.2f}")
# ->    10 columns of noise: selected on all rows 0.47, inside each fold 0.49
# ->    50 columns of noise: selected on all rows 0.66, inside each fold 0.49
# ->   200 columns of noise: selected on all rows 0.78, inside each fold 0.48
# ->  1000 columns of noise: selected on all rows 0.84, inside each fold 0.49
# ->  2000 columns of noise: selected on all rows 0.87, inside each fold 0.51

# %%
fig, axes = plt.subplots(1, 2, num="08-scaling-and-leaks", figsize=(10.5, 4.2), layout="constrained")
for scale, values in losses.items():
    axes[0].semilogy(range(1, 41), values, label=f"scale={scale!r}")
axes[0].set(xlabel="epoch", ylabel="training loss (log scale)", title="Grams and tonnes")
axes[0].legend()
for runs, label, marker in ((outside, "selected on all rows", "o"), (inside, "selected inside each fold", "s")):
    bars = [standard_error(np.array(run)) for run in runs]
    axes[1].errorbar(sizes, [np.mean(run) for run in runs], bars, fmt=f"{marker}-", capsize=4, label=label)
axes[1].axhline(0.5, color="0.4", lw=1, ls="--", label="chance (50 %)")
axes[1].set(xscale="log", xlabel="columns of pure noise, ten are kept", ylim=(0.3, 1.0))
axes[1].set(ylabel="cross-validated accuracy", title="Pure noise, 60 rows (bars: one standard error)")
axes[1].set_xticks(sizes, sizes)
axes[1].legend(loc="upper left")

# %% [markdown]
# ## Check: leaks
# Predict 3: by less than a point. In 100 draws you hardly see the small leaks: none is more than two standard errors.
# 4,000 draws (four minutes, not in this lesson) gave +0.2 points for the standard scaler, +0.7 for min-max, 0.0 for the
# imputer, with a standard error of 0.1: small, but for min-max it is real. Probably because its range hangs on a single
# row, the largest, and in one fold of three that row is a test row.
#
# Predict 4: about 87 %. The large leak makes a splendid model out of nothing, and the more noise there is to choose
# from, the more splendid. With ten columns there is nothing to select, and nothing leaks. Inside the folds it is
# chance, whatever the number.
#
# What makes the other leak so large is y. A scaler and an imputer see no labels, so they carry little over. Whatever
# looks at y can carry a lot: selecting columns, replacing a text by the mean of y, tuning itself (lesson 10). Small
# leaks are wrong all the same: on your data nobody tells you how small they are, and doing it right costs nothing.

# %%
assert all(abs(values.mean()) < 3.0 for values in small.values())
assert np.mean(outside[-1]) > 0.85 and np.mean(outside[0]) < 0.6
assert all(abs(np.mean(run) - 0.5) < 0.1 for run in inside)

# %% [markdown]
# Our estimators fit everything that they learn inside the fold. Here is the proof for the scaler: it knows the mean
# of the fold's training rows, and not that of all rows.

# %%
table = st.cross_validate(network(), parcels, late, cv=5, return_estimator=True, return_indices=True)
for k, (fitted, train) in enumerate(zip(table["estimator"], table["indices"]["train"], strict=True)):
    assert np.allclose(fitted.scaler_.mean_, parcels[train].mean(axis=0))
    assert not np.allclose(fitted.scaler_.mean_, parcels.mean(axis=0), rtol=1e-6)
    print(f"fold {k}: the scaler's mean {fitted.scaler_.mean_[0]:.1f} g; all rows have {parcels[:, 0].mean():.1f} g")
# -> fold 0: the scaler's mean 3952.0 g; all rows have 3930.9 g
# -> fold 1: the scaler's mean 3937.4 g; all rows have 3930.9 g
# -> fold 2: the scaler's mean 3921.9 g; all rows have 3930.9 g
# -> fold 3: the scaler's mean 3923.6 g; all rows have 3930.9 g
# -> fold 4: the scaler's mean 3919.8 g; all rows have 3930.9 g

# %% [markdown]
# ## Break it
# [standard_scale] subtracts and divides. Take either away, and train on columns that lie far from 0 or that differ
# in size:

# %%
far = 5.0 + parts * [1.0, 0.01]
centre, deviation = far.mean(axis=0), far.std(axis=0)
broken = {
    "both": (far - centre) / deviation, "no − μ": far / deviation, "no / σ": far - centre,
    "/ σ² instead": (far - centre) / deviation**2,
}
after = {}
for name, rows in broken.items():
    model = network(scale=None, epochs=10).fit(rows, late)
    after[name] = model.history_["loss"][-1]
    print(f"{name:13} loss after 10 epochs {after[name]:.3f}, accuracy {model.score(rows, late):.3f}")
# -> both          loss after 10 epochs 0.260, accuracy 0.882
# -> no − μ        loss after 10 epochs 0.628, accuracy 0.740
# -> no / σ        loss after 10 epochs 0.508, accuracy 0.748
# -> / σ² instead  loss after 10 epochs 0.416, accuracy 0.852

# %% [markdown]
# Each part does a job. Without − μ both columns are large and always positive: nearly constant, and the biases must
# first make up for it. Without / σ the small column is not heard. With the variance instead of its root, the small
# column becomes the loudest.

# %%
assert all(after["both"] < after[name] for name in ("no − μ", "no / σ", "/ σ² instead"))

# %% [markdown]
# ## Exercise
# Fill gaps without a leak. The function gets a table with gaps (NaN) and the indices of the training and of the test
# rows. It returns both parts, without gaps: each gap becomes the *median* of its column's training values that are
# not missing. The table itself stays as it is. Then run `python -m lessons check 8`.


# %%
def fill_gaps(X, train, test):
    raise NotImplementedError


# %%
def check(solution=None):
    """Test rows may not matter to the training part; then by hand, and against the package's imputer."""
    solution = solution or fill_gaps
    nan = np.nan
    X = np.array([[1.0, nan], [nan, 2.0], [3.0, 4.0], [nan, nan], [900.0, 8.0]])
    before, other = X.copy(), X.copy()
    train, test = np.array([0, 1, 2]), np.array([3, 4])
    other[test] = -50.0
    assert np.array_equal(solution(X.copy(), train, test)[0], solution(other, train, test)[0]), (
        "the training part changes with the test rows: take the median of X[train] only")
    filled = [np.asarray(part).tolist() for part in solution(X, train, test)]
    wanted = [[[1.0, 3.0], [2.0, 2.0], [3.0, 4.0]], [[2.0, 3.0], [900.0, 8.0]]]
    assert filled == wanted, f"it gives {filled}; it should be {wanted}"
    assert np.array_equal(X, before, equal_nan=True), "it changed the table that it was given; work on a copy"
    X, y = draw(gaps=True)
    for train, test in st.StratifiedKFold(3).split(X, y):
        imputer = st.SimpleImputer(strategy="median").fit(X[train])
        for part, rows in zip(solution(X, train, test), (train, test), strict=True):
            assert np.allclose(part, imputer.transform(X[rows])), "it differs from the package's SimpleImputer"
