# %% [markdown]
# # 31 AutoML opened up
# One call searches models for a table and combines them: what its parts do, and what each one is worth.
#
# Covers section 8.1 of the document.

# %% [markdown]
# ## Question
# `AutoClassifier` takes a table and returns an ensemble. It tries three families of models: networks, boosted trees and
# linear models. It begins with their default configurations and a portfolio, which is a list of configurations that did
# well on other tables. It ends with an ensemble, and states which score to expect on new rows. What happens to the
# score if a part is taken away?

# %% [markdown]
# ## Formulas
# - [log_loss] L = −Σₙ[wₙ · Σₖ[tₙₖ · log(pₙₖ)]] / Σₙ[wₙ]
# - [ensemble_mean] aᵢ = (sᵢ + pᵢ) / (k + 1)
# - [spread_on_new_rows] d = s · √(1 + n / m)
# - [standard_error_of_mean] e = √(Σₖ[(sₖ − meanₖ[sₖ])²] / (#k · max(#k − 1, 1)))
#
# The first formula is the loss, with labels t and probabilities p. Each configuration is trained once for each fold of
# a cross-validation. Its prediction for a row is that of the model which was not trained on the row. This is called an
# *out-of-fold* prediction.
#
# *Greedy ensemble selection* begins with no model. It adds the model that gives the ensemble the smallest out-of-fold
# loss, again and again; a model may be added several times. The second formula is the ensemble's prediction after one
# more model: s is the sum of the predictions of the k models so far, and p is the prediction of the new one. (The
# library's `greedy_weights` adds the three best models first, whatever the ensemble's loss, and then continues so.)
#
# The third formula says how long the interval of the expected score is. The estimate has n rows and the standard
# error s. The score on m new rows differs from the estimate with the standard deviation d. The interval's ends
# are quantiles of scores on resampled rows, at distances that depend on m as d does. The last formula is the standard
# error of a mean over k tables.

# %% [markdown]
# ## Predict
# 1. The families are taken away one by one. Which one costs the most, and does each of them cost something?
# 2. Without the ensemble, only the best single configuration is used. Is that worse than a search without a portfolio?
# 3. The ensemble's weights were chosen on the out-of-fold predictions. Is the loss of the ensemble on these same
#    predictions too small? By how much, compared with what the choice gains?

# %% [markdown]
# ## Code: a table, and one call
# The table is synthetic, so that there are as many new rows as we want. It has customers who leave or stay, with two
# columns of categories, two with missing values, and two that are noise. `AutoClassifier` gets 400 rows; 1,000 are new
# rows, which are not used in `fit`. With `n_trials`, the result does not depend on the speed of the processor.

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.evaluation.selection import standard_error
from scratchtune.tables.ensemble_selection import cross_fitted, greedy_weights, joined, weighted
from scratchtune.tables.expectation import estimated
from scratchtune.tables.families import FAMILIES, FAMILY, joint_space
from scratchtune.tables.features import table_of
from scratchtune.tables.goal import Goal
from scratchtune.tables.members import Folds
from scratchtune.tables.searching import Budget, Objective, Searched, new_search, run
from scratchtune.tables.splitting import Units, splits_for

ROWS, NEW, TRIALS = 400, 1000, 10
FIRST, TABLES = 0, 2  # the seed of the first table, and how many there are
EFFECTS = dict(zip("ABCDEFGH", (0.1, 1.3, -0.6, 0.2, -1.1, -0.3, 0.8, -0.2), strict=True))


def customers(rows, seed):
    """The columns, and who leaves (1) or stays (0)."""
    rng = np.random.default_rng(seed)
    age, wealth, visits = rng.uniform(18, 80, rows), rng.normal(size=rows), rng.poisson(3, rows).astype(float)
    city, plan = rng.choice(list("ABCDEFGH"), rows), rng.choice(["basic", "plus", "family"], rows, p=[0.5, 0.3, 0.2])
    effect = 1.2 * np.sin(age / 10) + np.where(plan == "basic", wealth, -wealth) + 1.5 * (visits > 4)
    effect += [EFFECTS[name] for name in city]
    leaves = rng.random(rows) < 1.0 / (1.0 + np.exp(-1.5 * effect))
    columns = {"age": np.where(rng.random(rows) < 0.10, np.nan, age),
               "income": np.where(rng.random(rows) < 0.15, np.nan, np.exp(7.5 + 0.6 * wealth)), "visits": visits,
               "noise 1": rng.normal(size=rows), "noise 2": rng.normal(size=rows), "city": city, "plan": plan}
    return columns, leaves.astype(int)


X, y = customers(ROWS, 0)
X_new, y_new = customers(NEW, 1000)
auto = st.AutoClassifier(n_trials=TRIALS, random_state=0, cv=3, verbose=0).fit(X, y)
print(auto.explain(), file=sys.stderr)
goal = Goal("neg_log_loss", classes=2)
of_call = goal.loss(y_new, auto.predict_proba(X_new))
print(f"log loss on new rows: {of_call:.2f}, without features "
      f"{goal.loss(y_new, goal.mean(y, NEW)):.2f}; {len({row['family'] for row in auto.leaderboard_})} families tried")
# -> log loss on new rows: 0.53, without features 0.69; 3 families tried

# %% [markdown]
# ## Code: the same from its parts
# `Folds` divides the rows, `run` tries configurations, and `greedy_weights` chooses the ensemble. For new rows, each
# member of the ensemble predicts the mean of its three models, one for each fold.


# %%
def searched(goal, X, y, seed, families=tuple(FAMILIES), trials=TRIALS, has_portfolio=True):
    """What a search finds; without the portfolio, a Bayesian searcher begins with random configurations."""
    folds = Folds(table_of(X), y, goal.classes, splits_for(y, goal.classes, 3, seed=seed))
    budget = Budget(None, trials, 0.0)
    if has_portfolio:
        return run(goal, new_search(goal, folds, families, trials, seed, None), budget, progress=False)
    study = st.Study(joint_space(families), st.BayesianSearch(parallel=4), "minimize", seed)
    found = Searched(study, folds)
    study.run(Objective(goal, found, budget), n_trials=trials, progress=False)
    return found


def on_new_rows(found, X):
    """The predictions of each configuration and fold, by number of the trial: (folds, rows, ...)."""
    table, matrices = table_of(X), {}
    for number in found.ranked():
        for model in found.member(number).models:
            key = id(model.features)
            matrices.setdefault(key, model.features.transform(table) if key not in matrices else None)
    return {number: np.array([model.predict_matrix(matrices[id(model.features)])
                              for model in found.member(number).models]) for number in found.ranked()}


def losses(goal, found, new, y_new, keep=lambda params: True, most=25):
    """The ensemble of the trials to keep: its loss on new rows, and three more for Predict 3."""
    numbers = [number for number in found.ranked() if keep(found.study.trials[number].params)][:most]
    out_of_fold, y = [found.predictions(number) for number in numbers], found.folds.targets
    weights = greedy_weights(goal, y, out_of_fold)
    crossed = cross_fitted(goal, y, out_of_fold, found.folds.parts())
    by_fold = [weighted([new[number][fold] for number in numbers], weights) for fold in range(3)]
    return {"new rows": goal.loss(y_new, np.mean(by_fold, axis=0)), "one fold": np.mean([
        goal.loss(y_new, part) for part in by_fold]), "same rows": goal.loss(y, weighted(out_of_fold, weights)),
        "cross-fitted": goal.loss(y, crossed), "expected": estimated(
            goal, y, crossed, Units(np.arange(len(y)))).on(len(y_new))}


# %% [markdown]
# ## Code: greedy selection by hand
# Three models predict values for four rows; all targets are 0, so a prediction is an error. The loss is their mean
# square. Model b is nearly as good as a, but has its errors on the same rows. Model c is worse than both, but its
# largest errors are on the other rows.

# %%
squares = Goal("neg_mean_squared_error", classes=0)
zeros, errors = np.zeros(4), {"a": [2.0, 2, 0, 0], "b": [2.1, 2.1, 0, 0], "c": [-1.0, -1, 3, 3]}
total, ensemble = np.zeros(4), ""
for _ in range(4):
    each = {name: squares.loss(zeros, joined(total, np.array(errors[name]), len(ensemble))) for name in errors}
    added = min(each, key=each.get)
    total, ensemble = total + errors[added], ensemble + added
    print(f"{', '.join(f'{name} {loss:.2f}' for name, loss in each.items())}: add {added}")
# -> a 2.00, b 2.21, c 5.00: add a
# -> a 2.00, b 2.10, c 1.25: add c
# -> a 1.00, b 1.03, c 2.00: add a
# -> a 1.06, b 1.09, c 1.25: add a

# %% [markdown]
# The best model comes first. Then c is added, although it is the worst one alone: the mean of a and c has errors of
# both signs that partly cancel. The fourth addition makes the loss larger again, so the ensemble is that of the first
# three: a has the weight 2/3, and c has 1/3.

# %% [markdown]
# ## Code: each part taken away
# Two tables are drawn, each with a search of its own. Without a family, the ensemble is chosen from the
# configurations of the other two, out of the same search. Without the portfolio, there is another search with as many
# trials.

# %%
loss_of, estimates = {}, []
for seed in range(FIRST, FIRST + TABLES):
    X, y = customers(ROWS, seed)
    X_new, y_new = customers(NEW, 1000 + seed)
    found = searched(goal, X, y, seed)
    new = on_new_rows(found, X_new)
    whole = losses(goal, found, new, y_new)
    blind = searched(goal, X, y, seed, has_portfolio=False)
    variants = {f"no {name}": losses(goal, found, new, y_new, lambda params, name=name: params[FAMILY] != name)
                for name in FAMILIES}
    variants["no portfolio"] = losses(goal, blind, on_new_rows(blind, X_new), y_new)
    variants["best single configuration"] = losses(goal, found, new, y_new, most=1)
    equal = goal.loss(y_new, np.mean([part.mean(axis=0) for part in new.values()], axis=0))
    estimates.append(whole)
    for name, loss in (*((name, each["new rows"]) for name, each in variants.items()), ("equal weights", equal)):
        loss_of.setdefault(name, []).append(loss - whole["new rows"])
costs = {name: (np.mean(values), standard_error(np.array(values))) for name, values in loss_of.items()}
print(f"log loss of the ensemble on new rows: {np.mean([each['new rows'] for each in estimates]):.3f}; more without:")
for name, (cost, error) in costs.items():
    print(f"{name}: {cost:+.3f} ± {error:.3f}", file=sys.stderr)
# -> log loss of the ensemble on new rows: 0.545; more without:

# %%
fig, ax = plt.subplots(num="31-parts", figsize=(8, 3.6), layout="constrained")
names = sorted(costs, key=lambda name: costs[name][0])
ax.errorbar([costs[name][0] for name in names], names, xerr=[2 * costs[name][1] for name in names], fmt="o", capsize=4)
ax.axvline(0.0, color="0.5", lw=1)
ax.set(xlabel="rise of the log loss on new rows (two tables, ± 2 standard errors)")

# %%
covered = sum(each["expected"].low <= -each["new rows"] <= each["expected"].high for each in estimates)
print(f"intervals that contain the score on new rows: {covered} of {TABLES}", file=sys.stderr)

# %% [markdown]
# ## Check: the parts
# Two tables are an illustration. The numbers here are of ten others, which `FIRST, TABLES = 100, 10` draws (with
# standard errors, on an AMD EPYC, Zen 4); those of your run are on stderr.
#
# Predict 1: the networks. Without them the log loss rises by 0.032 ± 0.003, in 10 of 10 tables. Without the trees it
# rises by 0.002 ± 0.001, in 6 of 10: not decided. Without the linear models it does not change. This holds for this
# kind of table and this portfolio, in which most of the first ten configurations are networks.
#
# Predict 2: about equally bad: the best single configuration costs 0.023 ± 0.005 (worse in 9 of 10), the search without
# portfolio 0.021 ± 0.005 (9 of 10). Equal weights for all ten configurations cost 0.035 ± 0.003 (10 of 10): some of
# them suit other tables than these, and greedy selection can leave them out.
#
# Predict 3: yes. The mean loss of the ensembles is 0.556 on the rows on which they were chosen. *Cross-fitting* chooses
# the weights for each fold on the other folds; it gives 0.567, more in 10 of 10. The difference of 0.011 is *optimism*.
# It is smaller than the gain over the best single configuration, since ten models leave little to choose from.
#
# On new rows the loss is 0.530, which is lower than both. Out-of-fold predictions are made by the model of one fold,
# and predictions for new rows are means of three models. With the models of one fold, the loss on new rows is 0.549.
# So the expected score tends to be too low: 7 of the 10 intervals of 90 % contain the score on new rows.

# %%
means = {name: np.mean([each[name] for each in estimates]) for name in ("same rows", "cross-fitted", "one fold")}
print(means, file=sys.stderr)
assert FIRST or abs(estimates[0]["new rows"] - of_call) < 1e-6  # the first search is that of the one call
assert costs["no network"][0] > 0.01 and costs["no network"][0] > costs["no trees"][0]
assert abs(costs["no linear"][0]) < 0.01 and costs["best single configuration"][0] > 0.0
assert costs["equal weights"][0] > 0.01 and means["same rows"] < means["cross-fitted"] < means["same rows"] + 0.03
assert np.mean([each["new rows"] for each in estimates]) < means["one fold"]

# %% [markdown]
# ## Break it
# Take the cross-fitting away, in the worst case: labels from coin tosses, and 40 models that predict at random. There
# is nothing to learn, so no prediction has a smaller expected loss than 0.5 for each row: log(2), about 0.693.

# %%
stated = []
for seed in range(6):
    rng = np.random.default_rng(seed)
    coins, guesses = rng.integers(2, size=ROWS), rng.uniform(0.3, 0.7, size=(40, ROWS))
    guesses = np.stack([1.0 - guesses, guesses], axis=-1)
    crossed = cross_fitted(goal, coins, guesses, np.array_split(np.arange(ROWS), 3))
    stated.append([
        min(goal.loss(coins, guess) for guess in guesses),
        goal.loss(coins, weighted(guesses, greedy_weights(goal, coins, guesses))), goal.loss(coins, crossed)])
best, same, crossed = np.mean(stated, axis=0)
print(f"best model {best:.3f}; the ensemble on the rows that chose it {same:.3f}, cross-fitted {crossed:.3f}")
# -> best model 0.692; the ensemble on the rows that chose it 0.678, cross-fitted 0.697
assert same < 0.685 < np.log(2.0) < crossed

# %% [markdown]
# The loss of the ensemble on the rows on which it was chosen is below 0.693, as if it had learned something. With more
# models to choose from, this optimism is larger, as in a search with thousands of trials. The cross-fitted loss is
# above 0.693: it shows that there was nothing to learn.

# %% [markdown]
# ## Exercise
# Write greedy selection for the mean squared error. `y` has the targets, (n,), and `predictions` those of each model,
# (models, n). Add a model `rounds` times, each time the one that gives the mean of all added predictions the smallest
# loss; of equal losses the first model. Return the numbers of the models, in the order in which they were added.
#
# Example: the errors of `a`, `b` and `c` above as predictions, zeros as targets, and three rounds give `[0, 2, 0]`.
# Then run `python -m lessons check 31`.


# %%
def greedy(y, predictions, rounds):
    raise NotImplementedError


# %%
MISTAKES = {  # what a usual mistake gives in the check's table; the right answer is 3, 0, 2, 2
    (3, 3, 3, 3): "the best model alone is added each time; compare the means with those added before",
    (3, 2, 1, 0): "these are the models in the order of their own losses; compare the ensembles that they give",
    (3, 0, 2, 1): "each model is added once; a model may be added again",
    (3, 0, 0, 0): "this compares the sum of the predictions, not their mean",
    (3, 0, 2, 3): "the new model gets half of the weight; after k models it gets 1 / (k + 1)",
    (0, 0, 0, 0): "these give the largest loss each time; the smallest is wanted",
}


def check(solution=None):
    """A table where each usual mistake adds other models; then equal losses, and the example."""
    solution = solution or greedy
    y = np.array([5.0, 3.0, 3.0, 1.0])
    predictions = np.array([[4.0, 0, 0, -2], [3.0, 5, 4, 4], [5.0, 4, 6, 3], [6.0, 3, 3, 4]])
    found = list(solution(y.copy(), predictions.copy(), 4))
    assert all(float(m).is_integer() for m in found), (
        f"{found}: return the numbers of the models, in the order in which they were added, not their weights")
    assert len(found) == 4, f"4 rounds add {len(found)} models; there must be as many models as rounds"
    found = tuple(int(m) for m in found)
    hint = MISTAKES.get(found, "the first is the best model alone, 3; then 0, since their errors partly cancel")
    assert found == (3, 0, 2, 2), f"The models added are {found}: {hint}."
    found = list(solution(np.zeros(2), np.array([[2.0, 0], [1.0, 0], [0.0, 1], [0.0, 1]]), 2))
    assert found == [1, 2], f"Models 1 to 3 are equally good, and {found} are added: of equal losses the first model"
    found = list(solution(np.zeros(4), np.array([[2.0, 2, 0, 0], [2.1, 2.1, 0, 0], [-1.0, -1, 3, 3]]), 3))
    assert found == [0, 2, 0], f"The example gives {found}, not [0, 2, 0]."
