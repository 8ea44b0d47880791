# %% [markdown]
# # 08 Scaling, and what leaks
# Why the inputs of a network should be on one scale, and how information on unseen rows leaks into training.
#
# Covers section 2.1 of the document.

# %% [markdown]
# ## Question
# Tables come with columns of all sizes: one in grams, one in tonnes. Does that matter to a network? One scales the
# columns first. But a scaler is fitted to rows: it needs a mean, or a range. To *which* rows may it be fitted? What
# else is fitted before training begins, and what does it cost if rows of the test part take part in it?

# %% [markdown]
# ## Formulas
# *Standard* scaling gives each column mean 0 and standard deviation 1. The index n counts the rows, j the columns. Each
# weight w is 1, or 0 where a value is missing.
#
# - [column_mean] μⱼ = Σₙ[wₙⱼ · xₙⱼ] / Σₙ[wₙⱼ]
# - [column_variance] vⱼ = Σₙ[wₙⱼ · (xₙⱼ − μⱼ)²] / Σₙ[wₙⱼ]
# - [scale_of] sⱼ = √(vⱼ) if vⱼ > n · ε · vⱼ + (n · μⱼ · ε)² else 1
# - [standard_scale] zₙⱼ = (xₙⱼ − μⱼ) / σⱼ
#
# The s of [scale_of] is the column's standard deviation, which [standard_scale] calls σ. A constant column would be
# divided by 0, so it gets 1 instead: that is the condition, with n the number of rows and ε the relative size of a
# rounding error.
#
# *Min-max* scaling brings the smallest value l of a column to a and its largest h to b, here 0 and 1.
#
# - [min_max_factors] sⱼ = (b − a) / (hⱼ − lⱼ if hⱼ − lⱼ >= ε else 1) ; mⱼ = a − lⱼ · sⱼ
# - [min_max_scale] yₙⱼ = xₙⱼ · sⱼ + mⱼ
#
# Here s is the factor that a column is multiplied by, and m is what is then added.
#
# The *standard error* e says how precise the mean of k scores is (#k: how many).
#
# - [standard_error_of_mean] e = √(Σₖ[(sₖ − meanₖ[sₖ])²] / (#k · max(#k − 1, 1)))
#
# Here sₖ is the k-th score. If the scores are independent, their mean is less than 2 e away from the true mean in about
# 95 % of all cases.

# %% [markdown]
# ## Predict
# 1. Two columns say the same amount about y. One is in grams (thousands), one in tonnes (hundredths). Without scaling,
#    what does a network learn from? What does more harm: that one column is larger than the other, or that its values
#    are large and far from 0?
# 2. One row of 300 has a typing error: 1,000 times too much. Which scaling suffers more from it?
# 3. You fit the scaler on all rows, then cross-validate. How much too good is the accuracy: by 0.1, 1, or 10 points?
# 4. 60 rows of pure noise and 2,000 columns. You keep the ten columns whose correlation with y is largest, then
#    cross-validate. What accuracy do you get, where only 50 % is possible?

# %% [markdown]
# ## Code: grams and tonnes
# A parcel is late (y = 1) if it is heavy, or if its lorry is full; both count the same. The parcel is weighed in
# grams, the load of the lorry in tonnes. `MLPClassifier` has an argument for scaling.
#
# To see *what* does the harm, we also change one thing at a time: the ratio of the two columns alone (both centred at
# 0), and for the weight alone its size (grams or kilograms) and its offset (as it is, or centred). Each variant is
# cross-validated on ten draws of 600 parcels, the same ten for all.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.data.scaling import column_mean, column_variance, standard_scale
from scratchtune.evaluation.selection import standard_error


def parcels_of(seed):
    """600 parcels: weight and load, each with mean 0 and standard deviation 1, and whether the parcel is late."""
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(600, 2))
    return parts, (parts[:, 0] + parts[:, 1] + 0.5 * rng.normal(size=600) > 0.0).astype(int)


def network(**changes):
    plain = {"units": 16, "epochs": 40, "weight_decay": 0.0, "dtype": "float64", "random_state": 0, "verbose": 0}
    settings = plain | changes
    return st.MLPClassifier(**settings)


def in_grams_and_tonnes(parts):
    return [4000.0, 0.05] + [1000.0, 0.01] * parts


VARIANTS = {  # name: the columns made of the parts, and the scaling
    "grams and tonnes": (in_grams_and_tonnes, None),
    "the same, standard": (in_grams_and_tonnes, "standard"),
    "the same, min-max": (in_grams_and_tonnes, "minmax"),
    "ratio 10 : 1": (lambda parts: parts * [1.0, 0.1], None),
    "ratio 100,000 : 1": (lambda parts: parts * [1.0, 0.00001], None),
    "weight: kilograms, centred": (lambda parts: parts[:, :1], None),
    "weight: kilograms": (lambda parts: 4.0 + parts[:, :1], None),
    "weight: grams, centred": (lambda parts: 1000.0 * parts[:, :1], None),
    "weight: grams": (lambda parts: 4000.0 + 1000.0 * parts[:, :1], None),
}
draws = [parcels_of(seed) for seed in range(10)]
reached = {
    name: np.array([
        st.cross_validate(network(scale=scale, random_state=seed), columns(parts), late, cv=5)["test_score"].mean()
        for seed, (parts, late) in enumerate(draws)])
    for name, (columns, scale) in VARIANTS.items()}
for name, scores in reached.items():
    print(f"{name:27} accuracy {scores.mean():.3f}, standard error {standard_error(scores):.3f}")
by_weight = np.mean([(parts[:, 0] > 0.0) == late for parts, late in draws])
print(f"the rule 'late if heavier than 4 kg': {by_weight:.3f} on these parcels, "
      f"{0.5 + np.arcsin(2.0 / 3.0) / np.pi:.3f} on all of this kind")
# -> grams and tonnes            accuracy 0.520, standard error 0.007
# -> the same, standard          accuracy 0.887, standard error 0.004
# -> the same, min-max           accuracy 0.886, standard error 0.004
# -> ratio 10 : 1                accuracy 0.886, standard error 0.003
# -> ratio 100,000 : 1           accuracy 0.722, standard error 0.007
# -> weight: kilograms, centred  accuracy 0.722, standard error 0.007
# -> weight: kilograms           accuracy 0.723, standard error 0.007
# -> weight: grams, centred      accuracy 0.673, standard error 0.015
# -> weight: grams               accuracy 0.509, standard error 0.005
# -> the rule 'late if heavier than 4 kg': 0.725 on these parcels, 0.732 on all of this kind

# %% [markdown]
# Why is the weight in grams so hard? A hidden unit computes relu(w · x + b): it switches on at x = −b / w. To tell
# heavy from light, some unit has to switch among the parcels. We look where the units of ten networks switch.

# %%
unit_switches, one_class = {}, {}
for name in ("weight: kilograms, centred", "weight: kilograms", "weight: grams, centred", "weight: grams"):
    columns, _ = VARIANTS[name]
    biases, inside, same = [], [], []
    for seed, (parts, late) in enumerate(draws):
        x = columns(parts)
        model = network(scale=None, random_state=seed).fit(x, late)
        w, b, *_ = model.model_.get_weights()
        low, high = np.quantile(x, [0.01, 0.99])
        biases.append(abs(b).max())
        inside.append(((-b / w[0] > low) & (-b / w[0] < high)).mean())
        share = model.predict(x).mean()
        same.append(max(share, 1.0 - share))
    unit_switches[name], one_class[name] = np.mean(inside), np.mean(same)
    print(f"{name:27}{np.mean(inside):4.0%} of the units switch among the parcels; largest bias {np.mean(biases):.1f}; "
          f"same answer for {np.mean(same):.0%}")
# -> weight: kilograms, centred  85% of the units switch among the parcels; largest bias 0.2; same answer for 55%
# -> weight: kilograms           17% of the units switch among the parcels; largest bias 0.8; same answer for 55%
# -> weight: grams, centred     100% of the units switch among the parcels; largest bias 0.3; same answer for 61%
# -> weight: grams                0% of the units switch among the parcels; largest bias 0.3; same answer for 99%

# %%
dirty = np.append(draws[0][0][:300, :1], [[1000.0]], axis=0)  # the last one is the typing error
for scaler in (st.StandardScaler(), st.MinMaxScaler()):
    ordinary = scaler.fit_transform(dirty[:300]).std()
    squeezed = scaler.fit_transform(dirty)[:300].std()
    print(f"{type(scaler).__name__:15} the ordinary rows' standard deviation: {ordinary:.3f}, "
          f"and {squeezed:.5f} with the error")
# -> StandardScaler  the ordinary rows' standard deviation: 1.000, and 0.01742 with the error
# -> MinMaxScaler    the ordinary rows' standard deviation: 0.151, and 0.00100 with the error

# %% [markdown]
# ## Check: scaling
# Predict 1: from hardly anything. Scaled, both columns count: 0.89. Without scaling, the best rule that knows only
# the weight would be right in 73 % (the exact share is 1/2 + asin(2/3) / π, as 2/3 is the correlation of the weight
# with what decides). The network does not reach even that: 0.52, little better than a coin.
#
# One might blame the ratio: a weight's gradient is the error times its *input* (lesson 04), so the gradients of the two
# columns differ by a factor of 100,000. But this network is trained with Adam, which divides by the size of the
# gradient (lesson 05). The ratio alone does less harm: 10 : 1 costs nothing here, and at 100,000 : 1 the accuracy is
# that of the weight alone, 0.72. The small column is lost (to count as much, its weight would have to be 100,000 times
# the other), but the large one is used as well as if it were alone.
#
# The rest of the harm, from 0.72 down to 0.52, is done by the size and the offset of the inputs *together*. The last
# four lines of the table show it for the weight alone: an offset of four standard deviations costs nothing, a size of
# 1,000 costs a few points, and both together cost everything. The switching points show how. A bias starts at 0,
# and these trainings move it by less than 1. With inputs around 4,000, a unit of weight 0.3 needs a bias of −1,200 to
# switch there. So no unit switches among the parcels, and nearly all parcels get the same answer. In kilograms some
# units get there. Centred, the switching points start where the data are.
#
# Of the two scalings neither is clearly better here. Min-max keeps a known range, such as that of the pixels of an
# image; standard scaling is less sensitive to single rows:
#
# Predict 2: min-max. The typing error spoils both, but with min-max all ordinary rows are then within some thousandths
# of the range. (So look at your data first.)

# %%
parts, late = draws[0]
parcels = in_grams_and_tonnes(parts)
mean = column_mean(parcels, np.ones_like(parcels))
std = np.sqrt(column_variance(parcels, np.ones_like(parcels), mean))
assert np.allclose(st.StandardScaler().fit_transform(parcels), standard_scale(parcels, mean, std))
averages = {name: scores.mean() for name, scores in reached.items()}
assert averages["grams and tonnes"] < 0.6 and abs(averages["grams and tonnes"] - averages["weight: grams"]) < 0.05
assert min(averages["the same, standard"], averages["the same, min-max"]) > by_weight + 0.1
assert averages["ratio 10 : 1"] > averages["the same, standard"] - 0.02
assert abs(averages["ratio 100,000 : 1"] - averages["weight: kilograms, centred"]) < 0.02  # the ratio alone
assert abs(averages["weight: kilograms"] - averages["weight: kilograms, centred"]) < 0.02  # the offset alone
assert averages["weight: grams, centred"] < averages["weight: kilograms, centred"] - 0.01  # the size alone
assert averages["weight: grams, centred"] > averages["weight: grams"] + 0.1  # both together
assert unit_switches["weight: grams"] < 0.02 and one_class["weight: grams"] > 0.9
assert unit_switches["weight: kilograms"] > 0.08
assert min(value for name, value in unit_switches.items() if "centred" in name) > 0.6
assert squeezed < 0.01 * ordinary

# %% [markdown]
# ## Code: small leaks
# In cross-validation the fold that is left out represents rows that do not exist yet. If anything is fitted to those
# rows before they are scored, the score is no longer an estimate for new rows. That is a *leak*. Two common ones: the
# scaler is fitted to all rows; gaps are filled with the means of all rows. We measure what they gain on small data: 24
# rows, 100 draws. In each draw the same folds are scored both ways.


# %%
rng = np.random.default_rng(0)


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
# -> StandardScaler  fitted on all rows:  0.3 points, standard error 0.7
# -> MinMaxScaler    fitted on all rows:  1.0 points, standard error 0.5
# -> SimpleImputer   fitted on all rows: -0.0 points, standard error 0.3

# %% [markdown]
# ## Code: a large leak
# Now pure noise: y is a coin toss, and no column has to do with it, so the true accuracy of any model is 50 %. Before
# training we *select* ten columns: those whose correlation with y is largest. Once on all rows, before the
# cross-validation. Once inside each fold: for that the selection becomes part of the estimator, since `cross_validate`
# fits an estimator to the training rows alone. And once on all rows, but without y: the ten columns of largest
# variance.


# %%
def best_columns(X, y, count=10):
    centred = X - X.mean(axis=0)
    correlation = abs((y - y.mean()) @ centred) / np.sqrt((centred**2).sum(axis=0))
    return np.argsort(-correlation)[:count]


def widest_columns(X, count=10):
    return np.argsort(-X.var(axis=0))[:count]


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
outside, inside, without_y = [], [], []
for columns in sizes:
    noise = [coin_tosses(columns) for _ in range(8)]
    outside.append([accuracy(network(), X[:, best_columns(X, y)], y) for X, y in noise])
    inside.append([accuracy(SelectThenTrain(), X, y) for X, y in noise])
    without_y.append([accuracy(network(), X[:, widest_columns(X)], y) for X, y in noise])
    print(f"{columns:5} columns of noise: selected on all rows {np.mean(outside[-1]):.2f}, "
          f"inside each fold {np.mean(inside[-1]):.2f}, on all rows without y {np.mean(without_y[-1]):.2f}")
# ->    10 columns of noise: selected on all rows 0.54, inside each fold 0.52, on all rows without y 0.52
# ->    50 columns of noise: selected on all rows 0.67, inside each fold 0.47, on all rows without y 0.50
# ->   200 columns of noise: selected on all rows 0.74, inside each fold 0.50, on all rows without y 0.48
# ->  1000 columns of noise: selected on all rows 0.87, inside each fold 0.52, on all rows without y 0.50
# ->  2000 columns of noise: selected on all rows 0.87, inside each fold 0.49, on all rows without y 0.53

# %%
fig, axes = plt.subplots(1, 2, num="08-scaling-and-leaks", figsize=(11.5, 4.2), layout="constrained")
for place, scores in enumerate(reached.values()):
    axes[0].plot(scores, np.full(10, -place), "o", color="C0", alpha=0.4, ms=5)
    axes[0].plot(scores.mean(), -place, "|", color="C1", ms=16, mew=3)
axes[0].axvline(by_weight, color="0.4", lw=1, ls="--", label="the rule 'heavier than 4 kg'")
axes[0].set_yticks(-np.arange(len(reached)), list(reached))
axes[0].set(xlabel="cross-validated accuracy (dots: ten draws; bars: means)", title="Parcels: what does the harm?")
axes[0].legend(loc="lower right")
for runs, label, marker in ((outside, "selected on all rows", "o"), (inside, "selected inside each fold", "s"),
                            (without_y, "selected on all rows, without y", "^")):
    bars = [standard_error(np.array(run)) for run in runs]
    axes[1].errorbar(sizes, [np.mean(run) for run in runs], bars, fmt=f"{marker}-", capsize=4, label=label)
axes[1].axhline(0.5, color="0.4", lw=1, ls="--", label="chance (50 %)")
axes[1].set(xscale="log", xlabel="columns of pure noise, ten are kept", ylim=(0.3, 1.0))
axes[1].set(ylabel="cross-validated accuracy", title="Pure noise, 60 rows (bars: one standard error)")
axes[1].set_xticks(sizes, sizes)
axes[1].legend(loc="upper left")

# %% [markdown]
# ## Check: leaks
# Predict 3: by about a point or less. No difference is clearly further than two standard errors from 0, so 100 draws
# cannot tell these leaks from none. That is no proof that there is none.
#
# Predict 4: about 87 %. The large leak gets a high accuracy out of pure noise, and the more columns there are to
# choose from, the higher it is. With ten columns there is nothing to select, and nothing leaks. Selected inside the
# folds it is chance, whatever the number of columns.
#
# What makes this leak so large is y. The third column of the table also selects on all rows, test rows included, but
# without looking at y, and it stays at chance. A scaler and an imputer see no labels either. Be careful with all that
# uses y: selecting columns, replacing a category by the mean of y, tuning itself (lesson 10). And fit everything else
# inside the folds too: how large such a leak is on other data is unknown, and to avoid it costs nothing.

# %%
assert all(abs(values.mean()) < 3.0 for values in small.values())
assert np.mean(outside[-1]) > 0.85 and np.mean(outside[0]) < 0.6
assert all(abs(np.mean(run) - 0.5) < 0.1 for run in inside + without_y)

# %% [markdown]
# Our estimators fit their scaler inside the fold. Here is the proof: its mean is that of the fold's training rows, not
# that of all rows.

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
# [standard_scale] subtracts and divides. Take either away, and train for ten epochs on columns that are far from 0 and
# differ in size: 5 ± 1 and 5 ± 0.01. The means over the ten draws:

# %%
BROKEN = {
    "both": lambda x, mean, std: (x - mean) / std, "no − μ": lambda x, mean, std: x / std,
    "no / σ": lambda x, mean, std: x - mean, "/ σ² instead": lambda x, mean, std: (x - mean) / std**2}
after = {}
for name, scaled in BROKEN.items():
    results = []
    for seed, (parts, late) in enumerate(draws):
        far = 5.0 + parts * [1.0, 0.01]
        rows = scaled(far, far.mean(axis=0), far.std(axis=0))
        model = network(scale=None, epochs=10, random_state=seed).fit(rows, late)
        results.append((model.history_["loss"][-1], model.score(rows, late)))
    after[name] = np.mean(results, axis=0)
    first, second = (f"{abs(column.mean()):.0f} ± {column.std():.2g}" for column in rows.T)
    print(f"{name:13} columns {first} and {second}: loss {after[name][0]:.2f}, accuracy {after[name][1]:.2f}")
# -> both          columns 0 ± 1 and 0 ± 1: loss 0.25, accuracy 0.89
# -> no − μ        columns 5 ± 1 and 485 ± 1: loss 0.81, accuracy 0.52
# -> no / σ        columns 0 ± 0.97 and 0 ± 0.01: loss 0.53, accuracy 0.73
# -> / σ² instead  columns 0 ± 1 and 0 ± 97: loss 0.36, accuracy 0.85

# %% [markdown]
# Both parts are needed. Without − μ the second column is about 500 ± 1: the offset again, as with the grams. Without /
# σ the small column is not used: the accuracy is that of the first column alone. With the variance instead of its root
# the small column has a standard deviation of about 100, and the two differ in size as much as before.

# %%
assert all(after["both"][0] < after[name][0] - 0.05 for name in ("no − μ", "no / σ", "/ σ² instead"))
assert abs(after["no / σ"][1] - averages["weight: kilograms, centred"]) < 0.03

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
    """By hand, on a table where each mistake fills in another number; then against the package's imputer."""
    solution = solution or fill_gaps
    gap = np.nan
    X = np.array([[1.0, 30.0], [gap, 10.0], [2.0, gap], [9.0, 26.0], [gap, gap], [900.0, 12.0], [700.0, gap]])
    train, test, before = np.arange(4), np.arange(4, 7), X.copy()
    parts = [np.asarray(part, dtype=float) for part in solution(X, train, test)]
    assert np.array_equal(X, before, equal_nan=True), "It changes the table that it is given; it should fill a copy."
    assert [part.shape for part in parts] == [(4, 2), (3, 2)], (
        f"It should return the training part, (4, 2), and the test part, (3, 2), and gives {[p.shape for p in parts]}.")
    filled = {"training": parts[0][1, 0], "test": parts[1][0, 0]}  # gaps of the first column, whose median is 2
    mistakes = {
        9.0: "this is the median of all rows, test rows included: a leak; take that of X[train]",
        800.0: "this is the median of the test rows; new rows are filled with the training rows' median",
        4.0: "this is the mean of the training values, not their median",
        9.5: "this is the median of the whole table; each column has its own: axis=0",
        0.0: "this is 0, not a median",
    }
    for part, value in filled.items():
        assert not np.isnan(value), (
            "A gap is still there. The median of values with a NaN among them is NaN; np.nanmedian leaves NaNs out.")
        hint = mistakes.get(float(value), "the median of its training values 1, 2 and 9 is 2")
        assert value == 2.0, f"A gap in the {part} part becomes {value:g}: {hint}."
    rng = np.random.default_rng(0)
    X = np.where(rng.random((24, 5)) < 0.2, np.nan, rng.lognormal(size=(24, 5)))
    train, test = np.arange(0, 24, 2), np.arange(1, 24, 2)
    imputer = st.SimpleImputer(strategy="median").fit(X[train])
    for part, rows in zip(solution(X, train, test), (train, test), strict=True):
        assert np.allclose(part, imputer.transform(X[rows])), (
            "On a random table it differs from the package's SimpleImputer. Are the values that are no gaps unchanged?")
