# %% [markdown]
# # 06 Grid and random search, and what bad configurations cost
# The document's example, searched twice at the same price; then three bad configurations, on purpose.
#
# Covers sections 1.1, 1.2, 3.1, 3.2, 5, 9.2 and 9.3 of the document.

# %% [markdown]
# ## Question
# A network's *parameters*, its weights and biases, are fitted to the data by training. The learning rate is not: you
# choose it before the training starts, like the batch size, the number of units, the number of epochs and the λ of a
# penalty. Such a choice is called a *hyper-parameter*, and one value for each of them is a *configuration*. How does
# one choose a configuration without guessing? And what does it cost to choose badly (sections 1.1 and 1.2 of the
# document)?

# %% [markdown]
# ## Formulas
# - [grid_combinations] N = Πᵢ[nᵢ]
# - [search_trainings] T = s · k
# - [log_value] v = exp(log(low) + u · (log(high) − log(low)))
# - [accuracy] A = Σₙ[wₙ · (1 if yₙ = qₙ else 0)] / Σₙ[wₙ]
#
# *Grid search* tries all combinations of some values. Their number is the product of how many values each
# hyper-parameter has (Π multiplies, as Σ adds). *Random search* draws each hyper-parameter from a range. For a learning
# rate one draws on a log scale, the third formula: u is a uniform random number between 0 and 1, so that 0.001 to 0.01
# is as likely as 0.01 to 0.1.
#
# Each configuration is scored by *cross-validation*: split the rows into k parts (*folds*), train on k − 1 of them,
# measure the accuracy on the one left out, and do so for each part in turn. So a search with s configurations takes
# s · k trainings.

# %% [markdown]
# ## Predict
# 1. The document's grid has 3 learning rates, 3 batch sizes and 5 folds. How many trainings is that? And with a third
#    parameter that has 4 values?
# 2. Which of the learning rates 0.001, 0.01 and 0.1 wins under Adam? (Lesson 05 has a hint.)
# 3. At the same price, nine configurations, does random search find something better than the grid?
# 4. A large network sees 50 images again and again. What happens to its loss on *other* images?

# %% [markdown]
# ## Code: the document's example
# First we put a quarter of the rows aside, the *held-out test set*. No search may use it. It is for evaluating the best
# configuration at the end.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.search.grid import trainings
from scratchtune.search.space import combinations, log_value

X, y = st.datasets.load_digits()
X_train, X_test, y_train, y_test = st.train_test_split(X / 16.0, y, test_size=0.25, stratify=y, random_state=0)


def network(optimizer, units=(64,), seed=0):
    hidden = [st.Dense(count, activation="relu") for count in units]
    model = st.Sequential([*hidden, st.Dense(10, activation="softmax")], dtype="float64", seed=seed)
    model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model


param_grid = {"learning_rate": [0.001, 0.01, 0.1], "batch_size": [32, 64, 128]}
print(f"{combinations([3, 3])} configurations, {trainings(combinations([3, 3]), 5)} trainings")
print(f"with a third hyper-parameter of 4 values: {trainings(combinations([3, 3, 4]), 5)} trainings")

grid = st.GridSearchCV(network(st.Adam(learning_rate=0.01)), param_grid, cv=5)
grid.fit(X_train, y_train, epochs=10)
print(grid.best_params_)
print(f"cross-validated accuracy {grid.best_score_:.3f}, on the held-out test set {grid.score(X_test, y_test):.3f}")
# -> 9 configurations, 45 trainings
# -> with a third hyper-parameter of 4 values: 180 trainings
# -> {'batch_size': 32, 'learning_rate': 0.01}
# -> cross-validated accuracy 0.970, on the held-out test set 0.971

# %% [markdown]
# Now nine random configurations, from ranges that include the grid.

# %%
space = {"learning_rate": st.Float(1e-4, 1.0, log=True), "batch_size": st.Int(16, 256, log=True)}
chance = st.RandomizedSearchCV(network(st.Adam()), space, n_iter=9, cv=5, random_state=0)
chance.fit(X_train, y_train, epochs=10)
for params, score in zip(chance.cv_results_["params"], chance.cv_results_["mean_test_score"], strict=True):
    print(f"learning rate {params['learning_rate']:.5f}, batch {params['batch_size']:3}: accuracy {score:.3f}")
print(f"best: accuracy {chance.best_score_:.3f}, on the held-out test set {chance.score(X_test, y_test):.3f}")
# -> learning rate 0.59122, batch  38: accuracy 0.189
# -> learning rate 0.05114, batch  31: accuracy 0.964
# -> learning rate 0.22547, batch  20: accuracy 0.401
# -> learning rate 0.00287, batch  65: accuracy 0.946
# -> learning rate 0.04092, batch  38: accuracy 0.945
# -> learning rate 0.00112, batch 167: accuracy 0.855
# -> learning rate 0.00029, batch  45: accuracy 0.832
# -> learning rate 0.00167, batch  17: accuracy 0.962
# -> learning rate 0.18506, batch 136: accuracy 0.916
# -> best: accuracy 0.964, on the held-out test set 0.933

# %%
fig, axes = plt.subplots(1, 2, num="06-search", figsize=(10.5, 4.2), layout="constrained", width_ratios=[1, 1.5])
scores = grid.cv_results_["mean_test_score"].reshape(3, 3)  # a row for each batch size
axes[0].imshow(scores, vmin=0.8, vmax=1.0)
for (i, j), score in np.ndenumerate(scores):
    axes[0].text(j, i, f"{score:.3f}", ha="center", va="center", color="w" if score < 0.92 else "k", fontsize=12)
axes[0].set_xticks(range(3), param_grid["learning_rate"])
axes[0].set_yticks(range(3), param_grid["batch_size"])
axes[0].set(xlabel="learning rate", ylabel="batch size", title="The grid: cross-validated accuracy")
axes[0].grid(False)
for search, name, marker in ((grid, "grid: 3 learning rates", "s"), (chance, "random: 9 learning rates", "o")):
    tried = [params["learning_rate"] for params in search.cv_results_["params"]]
    axes[1].plot(tried, search.cv_results_["mean_test_score"], marker, ms=8, alpha=0.8, label=name)
axes[1].set(xscale="log", xlabel="learning rate", ylabel="accuracy", ylim=(0, 1.02))
axes[1].set_title("Nine configurations each, by learning rate")
axes[1].legend(loc="lower left")

# %% [markdown]
# ## Check: the search
# The middle learning rate wins on the grid, whatever the batch size. With this seed random search does not beat the
# grid: two of its nine draws fell where hardly anything is learned. Its ranges are wider than the grid's, four decades
# of learning rates instead of two.
#
# The picture on the right shows the other side. The learning rate matters more here than the batch size, as the numbers
# below say. With nine configurations the grid tried three learning rates, and random search nine. Bergstra and Bengio
# (2012) found that this helps if there are many hyper-parameters and few of them matter; lesson 11 measures it.

# %%
by_rate, by_batch = np.ptp(scores.mean(axis=0)), np.ptp(scores.mean(axis=1))
print(f"mean accuracy: largest minus smallest by learning rate {by_rate:.2f}, by batch size {by_batch:.2f}")
# -> mean accuracy: largest minus smallest by learning rate 0.06, by batch size 0.02
# %%
assert trainings(combinations([3, 3]), 5) == 45 and trainings(combinations([3, 3, 4]), 5) == 180
assert grid.best_params_["learning_rate"] == 0.01
assert grid.score(X_test, y_test) > 0.95 and chance.score(X_test, y_test) > 0.9
assert len({params["learning_rate"] for params in grid.cv_results_["params"]}) == 3
assert len({params["learning_rate"] for params in chance.cv_results_["params"]}) == 9
assert np.isclose(log_value(0.5, 1e-4, 1.0), 0.01)  # half way on a log scale

# %% [markdown]
# ### How certain is the winner?
# The winner of the random search has 0.964 in the folds, but 0.933 on the held-out test set. Was the search wrong? A
# training depends on its random start (the initial weights), and each of these numbers is from one start. So we train
# that configuration, the second of the nine, and the grid's winner from ten other starts each. And we repeat the random
# search with five other seeds.


# %%
def repeated(params):
    """Accuracy in the folds and on the held-out test set from ten random starts, (10, 2)."""
    found = []
    for seed in range(1, 11):
        alone = {name: [value] for name, value in params.items()}
        again = st.GridSearchCV(network(st.Adam(), seed=seed), alone, cv=5, verbose=0)
        again.fit(X_train, y_train, epochs=10)
        found.append((again.best_score_, again.score(X_test, y_test)))
    return np.array(found)


starts = {"grid's winner": repeated(grid.best_params_), "random's draw 2": repeated(chance.cv_results_["params"][1])}
for name, runs in starts.items():
    (folds, test), (folds_std, test_std) = runs.mean(axis=0), runs.std(axis=0, ddof=1)
    print(f"{name:15}: in the folds {folds:.3f} ± {folds_std:.3f}, on the test set {test:.3f} ± {test_std:.3f}")
others = []
for seed in range(1, 6):
    search = st.RandomizedSearchCV(network(st.Adam()), space, n_iter=9, cv=5, random_state=seed, verbose=0)
    others.append(search.fit(X_train, y_train, epochs=10).best_score_)
print(f"best of five more random searches: {min(others):.3f} to {max(others):.3f} in the folds")
# -> grid's winner  : in the folds 0.964 ± 0.004, on the test set 0.971 ± 0.008
# -> random's draw 2: in the folds 0.952 ± 0.009, on the test set 0.956 ± 0.012
# -> best of five more random searches: 0.960 to 0.967 in the folds

# %% [markdown]
# (± is the standard deviation of the ten starts.) On average there is no drop: draw 2 of the random search has 0.952 in
# the folds and 0.956 on the test set. In the search its start happened to give a high accuracy in the folds and a low
# one on the test set. So one training says little about a difference of 0.03 with this configuration. In the folds both
# winners have a lower mean accuracy than in the search, where they were picked *because* their score was high. Lesson
# 10 measures that bias.
#
# Predict 3: six random searches have found 0.960 to 0.967, and the grid 0.970. Another random start changes a score by
# about as much, so these numbers do not show which search is better.
#
# Can two configurations be compared at all, then? Both are trained on the same five folds, so compare fold by fold, and
# take the standard error of the five differences.

# %%
folds = np.array([grid.cv_results_[f"split{k}_test_score"] for k in range(5)])  # (folds, configurations)
order = np.argsort(-folds.mean(axis=0))
for rank, name in ((1, "second"), (8, "last")):
    first, other = folds[:, order[0]], folds[:, order[rank]]
    paired = (first - other).std(ddof=1) / np.sqrt(5)
    unpaired = np.sqrt((first.var(ddof=1) + other.var(ddof=1)) / 5)
    print(f"winner minus {name:6}: {np.mean(first - other):.3f}, standard error {paired:.3f}, "
          f"{unpaired:.3f} if not taken fold by fold")
# -> winner minus second: 0.004, standard error 0.003, 0.006 if not taken fold by fold
# -> winner minus last  : 0.095, standard error 0.011, 0.010 if not taken fold by fold

# %% [markdown]
# The winner and the second differ by less than two standard errors: that is undecided. The winner and the last differ
# by many. Between the first two, the comparison fold by fold halves the error: in most folds both are good or both are
# bad, and that cancels in the difference. (Even this error is too small, as any two of the five trainings share most of
# their rows. Lesson 10 corrects it.)

# %%
assert abs(starts["random's draw 2"].mean(axis=0) - [0.95, 0.955]).max() < 0.02
assert chance.best_score_ > starts["random's draw 2"][:, 0].mean()
assert grid.best_score_ > starts["grid's winner"][:, 0].mean()
assert max(others) - min(others) < 0.02 and abs(grid.best_score_ - max(others)) < 0.02
assert np.mean(first - other) > 5.0 * paired

# %% [markdown]
# ## Code: what bad configurations cost
# We split the training rows once more. The network is trained on the first part, the *training set*. The second part,
# the *validation set*, is used only to measure. Then we choose badly on purpose:
#
# - *underfitting*: two hidden units, too few to distinguish ten digits;
# - *overfitting*: two layers of 256 units, and only 50 images to learn from;
# - *long training*: plain gradient descent with a learning rate that is much too small.

# %%
X_fit, X_val, y_fit, y_val = st.train_test_split(X_train, y_train, test_size=0.25, stratify=y_train, random_state=0)


def watch(model, rows, epochs):
    history = model.fit(X_fit[:rows], y_fit[:rows], epochs=epochs, validation_data=(X_val, y_val), verbose=0).history
    return {name: np.array(values) for name, values in history.items()}


runs = {
    "good": watch(network(st.Adam(0.01)), rows=1010, epochs=60),
    "underfitting": watch(network(st.Adam(0.01), units=(2,)), rows=1010, epochs=60),
    "overfitting": watch(network(st.Adam(0.003), units=(256, 256)), rows=50, epochs=60),
    "long training": watch(network(st.SGD(0.002)), rows=1010, epochs=60),
}
print(f"{'after 60 epochs':16}{'loss: training':>15}{'validation':>12}{'accuracy: training':>20}{'validation':>12}")
for name, run in runs.items():
    ends = [run[key][-1] for key in ("loss", "val_loss", "accuracy", "val_accuracy")]
    print(f"{name:16}{ends[0]:15.2f}{ends[1]:12.2f}{ends[2]:20.2f}{ends[3]:12.2f}")
# -> after 60 epochs  loss: training  validation  accuracy: training  validation
# -> good                       0.00        0.17                1.00        0.97
# -> underfitting               0.72        0.81                0.70        0.68
# -> overfitting                0.00        1.13                1.00        0.74
# -> long training              1.35        1.38                0.82        0.78

# %%
fig, axes = plt.subplots(1, 4, num="06-bad-configurations", figsize=(12, 3.6), sharey=True, layout="constrained")
for ax, (name, run) in zip(axes, runs.items(), strict=True):
    ax.semilogy(range(1, 61), run["loss"], label="training set")
    ax.semilogy(range(1, 61), run["val_loss"], label="validation set")
    ax.set(title=f"{name}: {run['val_accuracy'][-1]:.0%} right", xlabel="epoch", ylim=(0.004, 4))
axes[0].set_ylabel("loss (log scale)")
axes[0].set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
axes[3].legend(loc="lower left")

# %% [markdown]
# ## Check: what bad configurations cost
# Read the two curves together.
#
# - Underfitting: both losses are high and stay high. Ten times as many epochs hardly help, as you see below. The *good*
#   network differs in its size, 64 hidden units instead of 2.
# - Overfitting: the training loss goes to 0, while the validation loss falls, turns, and *rises*. Look at the images
#   that the network gets wrong: it gives its wrong answers more and more probability. Lesson 09 compares remedies.
# - Long training: both losses are high, but still falling. In the end the network does reach an accuracy of 0.93, after
#   more than 100 times as many epochs as the good one.

# %%
good, under, over, slow = runs.values()
assert good["val_accuracy"][-1] > 0.95
assert under["loss"][-1] > 0.4 and under["val_accuracy"][-1] < 0.85
assert over["accuracy"][-1] == 1.0 and over["val_loss"][-1] > 1.3 * over["val_loss"].min()
assert slow["val_accuracy"][-1] < 0.9 and slow["val_loss"][-1] == slow["val_loss"].min()

longer = watch(network(st.Adam(0.01), units=(2,)), rows=1010, epochs=600)
print(f"underfitting, validation accuracy after 60 epochs {under['val_accuracy'][-1]:.2f}, "
      f"after 600 epochs {longer['val_accuracy'][-1]:.2f}")
assert longer["val_accuracy"][-1] < under["val_accuracy"][-1] + 0.1 < good["val_accuracy"][-1]

growing, certainty = network(st.Adam(0.003), units=(256, 256)), []
for epochs in (13, 47):  # 60 in all
    growing.fit(X_fit[:50], y_fit[:50], epochs=epochs, verbose=0)
    p = growing.predict(X_val)
    certainty.append(p.max(axis=1)[p.argmax(axis=1) != y_val].mean())
print(f"overfitting, mean probability of its wrong answers: epoch 13 {certainty[0]:.2f}, epoch 60 {certainty[1]:.2f}")
assert certainty[1] > certainty[0] + 0.05

patient = watch(network(st.SGD(0.002)), rows=1010, epochs=600)
for name, run in (("good", good), ("long training", patient)):
    reached = int(np.argmax(run["val_accuracy"] >= 0.93)) + 1
    print(f"{name}: validation accuracy 0.93 after {reached} epochs")
assert np.argmax(patient["val_accuracy"] >= 0.93) > 100 * np.argmax(good["val_accuracy"] >= 0.93)
# -> underfitting, validation accuracy after 60 epochs 0.68, after 600 epochs 0.70
# -> overfitting, mean probability of its wrong answers: epoch 13 0.60, epoch 60 0.76
# -> good: validation accuracy 0.93 after 3 epochs
# -> long training: validation accuracy 0.93 after 438 epochs

# %% [markdown]
# ## Break it
# Take the validation set away. Then only the loss on the training set is left to choose by. We choose the number of
# epochs for the overfitting network by each of the two. The third line is *early stopping*: training stops when the
# validation loss has not improved on its best value for `patience` epochs in a row.

# %%
for rows, key in (("validation", "val_loss"), ("training", "loss")):
    chosen = int(over[key].argmin())
    print(f"chosen by the {rows} set: epoch {chosen + 1}, with validation loss {over['val_loss'][chosen]:.2f}")
stopping = st.EarlyStopping(monitor="val_loss", patience=5)
stopped = network(st.Adam(0.003), units=(256, 256))
stopped.fit(X_fit[:50], y_fit[:50], epochs=60, validation_data=(X_val, y_val), callbacks=[stopping], verbose=0)
print(f"early stopping: best epoch {stopping.best_epoch + 1}, stopped after epoch {stopping.stopped_epoch + 1}")
# -> chosen by the validation set: epoch 13, with validation loss 0.79
# -> chosen by the training set: epoch 60, with validation loss 1.13
# -> early stopping: best epoch 13, stopped after epoch 18

# %% [markdown]
# The training loss falls in every epoch of the last fifty, so choosing by it always means more epochs. It is low for a
# network that memorises. So one does not choose a hyper-parameter by the rows that the network was trained on. For a
# similar reason the winner of a search is evaluated on a held-out test set: its score in the folds is a little too
# high, since it was picked because that score was high.

# %%
assert (np.diff(over["loss"][10:]) < 0.0).all()
assert over["loss"].argmin() > 2 * over["val_loss"].argmin()

# %% [markdown]
# ## Exercise
# Now write a random search yourself. Grid search is a loop for each hyper-parameter, one inside the other:
#
#     for learning_rate in (0.001, 0.01, 0.1):
#         for batch_size in (32, 64, 128):
#             ...  # score it, and keep the best
#
# Random search is one loop of n draws. `space` says what to draw from:
#
#     {"learning_rate": (0.0001, 1.0), "batch_size": [16, 32, 64, 128]}
#
# A tuple is a range: draw from it on a log scale, with `log_value(u, low, high)`, the function of [log_value]. A list
# holds choices: draw one of them, all with the same probability. `score` takes a configuration, a dict such as
# {"learning_rate": 0.02, "batch_size": 32}, and returns its accuracy. In practice it is a whole cross-validation, so
# call it once for each draw. All random numbers come from `rng`, a generator as np.random.default_rng(0) makes it.
# Return two things: the best configuration and its score.
#
# Then run `python -m lessons check 6`. When it is solved, try it on the digits.


# %%
def random_search(score, space, n, rng):
    raise NotImplementedError


# %%
def check(solution=None):
    """400 draws with a score that costs nothing; each draw is recorded."""
    solution = solution or random_search
    space = {"learning_rate": (1e-4, 1.0), "momentum": (1e-4, 1.0), "batch_size": [16, 32, 64, 128]}
    seen = []

    def score(params):
        seen.append(dict(params))
        return 1.0 - abs(np.log10(params["learning_rate"]) + 1.0) / 10.0

    answer = solution(score, space, 400, np.random.default_rng(0))
    assert len(answer) == 2 and isinstance(answer[0], dict), "Return two things: the best configuration, and its score"
    best, value = answer
    drawn = list(seen)
    rescored = len(drawn) == 401 and drawn[-1] == best
    assert not rescored, "The best configuration is scored again at the end; a score is a training, so keep it instead"
    assert len(drawn) == 400, f"score should be called once a draw, 400 times; it was called {len(drawn)} times"

    rates, momenta = (np.array([params[name] for params in drawn]) for name in ("learning_rate", "momentum"))
    sizes = [params["batch_size"] for params in drawn]
    assert len(set(rates)) > 1, "All draws are the same: draw again in each round, from the one rng that is given"
    outside = rates.min() < 1e-4 or rates.max() > 1.0
    assert not outside, f"Learning rates from {rates.min():.3g} to {rates.max():.3g}; the range is 0.0001 to 1"
    low = np.mean(rates < 0.01)
    assert low > 0.05, f"Drawn on a linear scale: {low:.0%} of the learning rates are below 0.01, and half should be"
    assert 0.4 < low < 0.6, f"{low:.0%} of the learning rates are below 0.01; on a log scale about half are"
    shared = abs(np.corrcoef(np.log(rates), np.log(momenta))[0, 1]) > 0.5
    assert not shared, "Learning rate and momentum rise together: draw a random number of its own for each of them"
    never = set(space["batch_size"]) - set(sizes)
    assert not never, f"The batch size {min(never)} is never drawn; every choice of the list must be possible"
    counts = [sizes.count(size) for size in space["batch_size"]]
    assert min(counts) > 60, f"The batch sizes are drawn {counts} times; all should have the same probability"

    scores = [1.0 - abs(np.log10(rate) + 1.0) / 10.0 for rate in rates]
    assert value != min(scores), "This is the lowest score; an accuracy should be high, so keep the highest"
    assert value != scores[-1], "This is the last score; keep the best one so far while the loop runs"
    assert value == max(scores), f"The best score is {value:.4f}; a draw with {max(scores):.4f} was seen"
    assert best == drawn[int(np.argmax(scores))], f"{best} is not the configuration that has the best score"

    solution(score, space, 400, np.random.default_rng(1))
    assert seen[400:] != drawn, "Another rng gives the same draws: take all random numbers from the rng that is given"
    solution(score, space, 400, np.random.default_rng(0))
    assert seen[800:] == drawn, "An equal rng gives other draws: take all random numbers from it, not from np.random"
