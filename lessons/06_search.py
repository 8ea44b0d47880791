# %% [markdown]
# # 06 Grid and random search, and what bad settings cost
# The document's example, searched twice at the same price; then three bad settings, on purpose.

# %% [markdown]
# ## Question
# The learning rate is not learned. You choose it before training, like the batch size, the number of units and the
# number of epochs. Such choices are called *hyper-parameters*. How does one choose them without guessing? And what
# does it cost to choose badly (sections 1.1 and 1.2 of the document)?

# %% [markdown]
# ## Formulas
# - [grid_combinations] N = Πᵢ[nᵢ]
# - [search_trainings] T = s · k
# - [unit_log] v = exp(log(low) + u · (log(high) − log(low)))
# - [accuracy] A = Σₙ[wₙ · (1 if yₙ = qₙ else 0)] / Σₙ[wₙ]
#
# *Grid search* tries all combinations of some values. Their number is the product of how many values each parameter
# has (Π multiplies, as Σ adds). *Random search* draws each parameter from a
# range. For a learning rate one draws on a log scale, the third formula: u is random between 0 and 1, so that 0.001
# to 0.01 is as likely as 0.01 to 0.1.
#
# Each setting is scored by *cross-validation*: split the rows into k parts (*folds*), train on k − 1 of them, measure
# the accuracy on the one left out, and do so for each part in turn. So a search with s settings takes s · k
# trainings.

# %% [markdown]
# ## Predict
# 1. The document's grid has 3 learning rates, 3 batch sizes and 5 folds. How many trainings is that? And with a third
#    parameter that has 4 values?
# 2. Which of the learning rates 0.001, 0.01 and 0.1 wins under Adam? (Lesson 05 has a hint.)
# 3. At the same price, nine settings, does random search find something better than the grid?
# 4. A large network sees 50 images again and again. What happens to its loss on *other* images?

# %% [markdown]
# ## Code: the document's example
# First we seal a quarter of the rows. No search may look at them. They tell us at the end what the winner is really
# worth.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.search.grid import trainings
from scratchtune.search.space import combinations, log_value

X, y = st.datasets.load_digits()
X_train, X_test, y_train, y_test = st.train_test_split(X / 16.0, y, test_size=0.25, stratify=y, random_state=0)


def network(optimizer, units=(64,)):
    hidden = [st.Dense(count, activation="relu") for count in units]
    model = st.Sequential([*hidden, st.Dense(10, activation="softmax")], dtype="float64")
    model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model


param_grid = {"learning_rate": [0.001, 0.01, 0.1], "batch_size": [32, 64, 128]}
print(f"{combinations([3, 3])} settings, {trainings(combinations([3, 3]), 5)} trainings")
print(f"with a third parameter of 4 values: {trainings(combinations([3, 3, 4]), 5)} trainings")

grid = st.GridSearchCV(network(st.Adam(learning_rate=0.01)), param_grid, cv=5)
grid.fit(X_train, y_train, epochs=10)
print(grid.best_params_)
print(f"cross-validated accuracy {grid.best_score_:.3f}, on the sealed rows {grid.score(X_test, y_test):.3f}")
# -> 9 settings, 45 trainings
# -> with a third parameter of 4 values: 180 trainings
# -> {'batch_size': 32, 'learning_rate': 0.01}
# -> cross-validated accuracy 0.970, on the sealed rows 0.971

# %% [markdown]
# Now nine random settings, from ranges that include the grid.

# %%
space = {"learning_rate": st.Float(1e-4, 1.0, log=True), "batch_size": st.Int(16, 256, log=True)}
chance = st.RandomizedSearchCV(network(st.Adam()), space, n_iter=9, cv=5, random_state=0)
chance.fit(X_train, y_train, epochs=10)
for params, score in zip(chance.cv_results_["params"], chance.cv_results_["mean_test_score"], strict=True):
    print(f"learning rate {params['learning_rate']:.5f}, batch {params['batch_size']:3}: accuracy {score:.3f}")
print(f"best: accuracy {chance.best_score_:.3f}, on the sealed rows {chance.score(X_test, y_test):.3f}")
# -> learning rate 0.59122, batch  38: accuracy 0.189
# -> learning rate 0.05114, batch  31: accuracy 0.964
# -> learning rate 0.22547, batch  20: accuracy 0.401
# -> learning rate 0.00287, batch  65: accuracy 0.946
# -> learning rate 0.04092, batch  38: accuracy 0.945
# -> learning rate 0.00112, batch 167: accuracy 0.855
# -> learning rate 0.00029, batch  45: accuracy 0.832
# -> learning rate 0.00167, batch  17: accuracy 0.962
# -> learning rate 0.18506, batch 136: accuracy 0.916
# -> best: accuracy 0.964, on the sealed rows 0.933

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
axes[1].set_title("Nine settings each, by learning rate")
axes[1].legend(loc="lower left")

# %% [markdown]
# ## Check: the search
# The middle learning rate wins on the grid, whatever the batch size. Random search comes close with this seed, and
# does not beat the grid: two of its nine draws fell where hardly anything is learned. The author of the grid knew
# where to look.
#
# The picture on the right shows what random search has for it. The learning rate matters much more here than the
# batch size. The grid spent nine settings, and saw three learning rates. Random search saw nine, and you can make out
# the whole hill. With more parameters, most of which matter little, that pays more and more (Bergstra and Bengio,
# 2012).
#
# How sure is the winner? Each score is a mean over five folds, which themselves differ. Settings whose scores are
# closer than that spread are, honestly, equal. Random's winner shows it: 0.964 in the folds, 0.933 on the sealed rows.

# %%
assert trainings(combinations([3, 3]), 5) == 45 and trainings(combinations([3, 3, 4]), 5) == 180
assert grid.best_params_["learning_rate"] == 0.01
assert grid.score(X_test, y_test) > 0.95 and chance.score(X_test, y_test) > 0.9
assert len({params["learning_rate"] for params in grid.cv_results_["params"]}) == 3
assert len({params["learning_rate"] for params in chance.cv_results_["params"]}) == 9
assert np.isclose(log_value(0.5, 1e-4, 1.0), 0.01)  # half way on a log scale
spread = grid.cv_results_["std_test_score"][grid.best_index_]
print(f"the winner's folds spread by {spread:.3f} around their mean")
# -> the winner's folds spread by 0.008 around their mean

# %% [markdown]
# ## Code: what bad settings cost
# We split the training rows once more. The network learns from the first part. The second part, the *validation*
# rows, only watches. Then we choose badly on purpose:
#
# - *underfitting*: two hidden units, too few to tell ten digits apart;
# - *overfitting*: two layers of 256 units, and only 50 images to learn from;
# - *long training*: plain descent with a learning rate that is much too small.

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
fig, axes = plt.subplots(1, 4, num="06-bad-settings", figsize=(12, 3.6), sharey=True, layout="constrained")
for ax, (name, run) in zip(axes, runs.items(), strict=True):
    ax.semilogy(range(1, 61), run["loss"], label="training rows")
    ax.semilogy(range(1, 61), run["val_loss"], label="validation rows")
    ax.set(title=f"{name}: {run['val_accuracy'][-1]:.0%} right", xlabel="epoch", ylim=(0.004, 4))
axes[0].set_ylabel("loss (log scale)")
axes[0].set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
axes[3].legend(loc="lower left")

# %% [markdown]
# ## Check: what bad settings cost
# Read the two curves together. That is the most useful habit of this lesson.
#
# - Underfitting: both losses are high and stay high. More epochs do not help. A larger network does.
# - Overfitting: the training loss goes to 0, while the validation loss falls, turns, and *rises*. The network grows
#   more and more certain about images that it gets wrong. More rows help, or a penalty (lesson 03), dropout, or
#   stopping in time.
# - Long training: both losses are high, but still falling. The network is not bad, only slow. That costs hours, and
#   money.

# %%
good, under, over, slow = runs.values()
assert good["val_accuracy"][-1] > 0.95
assert under["loss"][-1] > 0.4 and under["val_accuracy"][-1] < 0.85
assert over["accuracy"][-1] == 1.0 and over["val_loss"][-1] > 1.3 * over["val_loss"].min()
assert slow["val_accuracy"][-1] < 0.9 and slow["val_loss"][-1] == slow["val_loss"].min()

patient = watch(network(st.SGD(0.002)), rows=1010, epochs=600)
for name, run in (("good", good), ("long training", patient)):
    reached = int(np.argmax(run["val_accuracy"] >= 0.93)) + 1
    print(f"{name:13}: 93% of the validation rows right after {reached} epochs")
assert np.argmax(patient["val_accuracy"] >= 0.93) > 20 * np.argmax(good["val_accuracy"] >= 0.93)
# -> good         : 93% of the validation rows right after 3 epochs
# -> long training: 93% of the validation rows right after 438 epochs

# %% [markdown]
# ## Break it
# Take the validation rows away. What is left to choose by is the loss on the training rows. Choose the number of
# epochs for the overfitting network in both ways:

# %%
for rows, key in (("validation", "val_loss"), ("training", "loss")):
    chosen = int(over[key].argmin())
    print(f"chosen by the {rows} rows: epoch {chosen + 1}, with validation loss {over['val_loss'][chosen]:.2f}")
# -> chosen by the validation rows: epoch 13, with validation loss 0.79
# -> chosen by the training rows: epoch 60, with validation loss 1.13

# %% [markdown]
# The training rows always ask for more epochs, more units, less penalty. They reward learning by heart. So one never
# chooses a hyper-parameter by the rows that the network was trained on. For the same reason the winner of a search is
# measured on sealed rows at the end. Its validated score is a little too good, since it was picked *because* that
# score was high.

# %%
assert over["loss"].argmin() > 2 * over["val_loss"].argmin()

# %% [markdown]
# ## Exercise
# *Early stopping* saves time and avoids overfitting at once. Watch the validation loss after each epoch. When it has
# not improved on its best value for `patience` epochs in a row, stop. Write a function that takes the losses of all
# epochs and returns two numbers, counted from 1: the epoch after which training stops, and the epoch with the best
# loss so far. (If it never stops early, the first is the last epoch.)
#
# Example: losses 5, 3, 4, 4, 2 with patience 2 stop after epoch 4, and the best epoch is 2. The 2 at the end is never
# seen.
#
# Then run `python -m lessons check 6`.


# %%
def early_stop(losses, patience):
    raise NotImplementedError


# %%
def check(solution=None):
    """By hand, and against the package's EarlyStopping on a real training."""
    solution = solution or early_stop
    for losses, patience, right in (
        ([5, 3, 4, 4, 2], 2, (4, 2)), ([5, 3, 4, 4, 2], 3, (5, 5)), ([3, 2, 1], 1, (3, 3)), ([1, 1, 1], 1, (2, 1)),
        ([4, 3, 5, 2, 6, 7], 2, (6, 4)),
    ):
        found = tuple(solution(losses, patience))
        assert found == right, f"losses {losses} with patience {patience} give {found}; it should be {right}"
    for patience in (1, 3, 10):
        stopping = st.EarlyStopping(monitor="val_loss", patience=patience)
        model = network(st.Adam(0.003), units=(256, 256))
        watched = {"validation_data": (X_val, y_val), "callbacks": [stopping]}
        fit = model.fit(X_fit[:50], y_fit[:50], epochs=60, verbose=0, **watched)
        right = (len(fit.epoch), stopping.best_epoch + 1)
        found = tuple(solution(over["val_loss"].tolist(), patience))
        assert found == right, f"patience {patience} on the overfitting network gives {found}; the package says {right}"
