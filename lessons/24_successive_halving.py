# %% [markdown]
# # 15 Hyperband: stop the losers early
# A race in which bad configurations drop out after an epoch or two, and the best ones continue from where they were.
#
# Covers sections 7.2, 8.3 and 9.1 of the document.

# %% [markdown]
# ## Question
# Many bad learning rates can be recognised after one epoch. Why train with them for 27? Lesson 06 gave every
# configuration the same number of epochs, however bad it looked at first. How much can be saved by stopping early, and
# what can go wrong?

# %% [markdown]
# ## Formulas
# - [hyperband_rung_size] m = floor(n / η^i)
# - [hyperband_rung_budget] r = floor(R / η^k)
# - [hyperband_s_max] s = Σₖ[1 if pₖ · b ≤ R else 0]
# - [hyperband_bracket_size] n = −floor(−((S + 1) · η^s / (s + 1)))
# - [running_average] a = Σₖ[vₖ] / #k
# - [median_stopping] s = 1 if minₖ[vₖ] > m else 0
#
# *Successive halving* is a race in *rungs*. All n configurations get a small *budget*, here epochs. The best third is
# *promoted* to the next rung, where each gets three times the budget. (Another factor than 3 may be chosen: η, say
# eta.) So rung i, counted from 0, has n / η^i configurations, rounded down. In the last rung the budget is the whole R;
# in a rung after which k more follow it is R / η^k.
#
# *Hyperband* runs several such races, called *brackets*. The third formula says how often R can be divided by η without
# falling below one epoch, the smallest budget b: p are the powers η, η², η³, ... That is the number of promotions in
# the longest bracket. The fourth says how many configurations begin in a bracket with s promotions. The two minus signs
# round *up*. S is the s of the longest bracket.
#
# The last two belong to another way of stopping early; we come to it at the end. There s = 1 means: stop.

# %% [markdown]
# ## Predict
# 1. 27 configurations, 27 epochs, η = 3. How many epochs does the race take, if the promoted keep their weights?
#    Training all of them to the end takes 27 · 27 = 729.
# 2. Is the winner of the race the best of the 27?
# 3. Which kind of configuration looks bad after one epoch, and good after 27?

# %% [markdown]
# ## Code: one race
# The objective below is all that a race needs. The budget is the number of epochs that the network has been trained for
# in the end. A promoted trial *loads* what its parent has saved: the weights, but also the optimizer's memory and the
# number of epochs. So it continues as if it had not been interrupted.

# %%
import textwrap

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.evaluation.selection import standard_error
from scratchtune.search.schedule import bracket_size, s_max

X, y = st.datasets.load_digits()
X_train, X_rest, y_train, y_rest = st.train_test_split(X / 16.0, y, train_size=600, stratify=y, random_state=0)
X_val, y_val = X_rest[:600], y_rest[:600]
EPOCHS = 27


def network(params, seed):
    layers = [st.Dense(params["units"], activation="relu"), st.Dropout(params["dropout"])]
    model = st.Sequential([*layers, st.Dense(10, activation="softmax")], dtype="float64", seed=seed)
    model.compile(loss="categorical_crossentropy", optimizer=st.Adam(params["learning_rate"]))
    model.build((None, 64))
    return model


def train(model, params, epochs):
    watched = {"validation_data": (X_val, y_val), "verbose": 0}
    return model.fit(X_train, y_train, batch_size=params["batch_size"], epochs=epochs, **watched).history["val_loss"]


losses = {}  # of each trial of the last study, epoch by epoch


def objective(trial):
    model, saved = network(trial.params, trial.seed), trial.load()
    if saved is not None:
        model.set_state(saved)
    losses[trial.number] = train(model, trial.params, trial.budget - model.epochs_done)
    trial.save(model.get_state())
    return losses[trial.number][-1]


space = {
    "learning_rate": st.Float(1e-4, 0.3, log=True), "units": st.Int(4, 64, log=True),
    "dropout": st.Float(0.0, 0.5), "batch_size": st.Int(8, 128, log=True)}
searcher = st.SuccessiveHalving(configurations=27, max_budget=EPOCHS, eta=3)
print(searcher.schedule())
race = st.Study(space, searcher, seed=4).run(objective, progress=False)
raced, spent = dict(losses), sum(map(len, losses.values()))
print(f"{spent} epochs; the winner's validation loss is {race.trials[-1].value:.3f}")
lowest = min(race.trials, key=lambda trial: trial.value)
print(f"the lowest loss of all trials: {lowest.value:.3f}, after {lowest.budget} epochs")
print(textwrap.fill(race.why(39), 100))
# -> bracket  rung  trials  budget each   numbers
# ->       1     1      27            1   0 to 26
# ->       1     2       9            3   27 to 35
# ->       1     3       3            9   36 to 38
# ->       1     4       1           27   39 to 39
# -> 40 trials, budget 108 in all; 81 where promoted trials continue from stored state
# -> 81 epochs; the winner's validation loss is 0.153
# -> the lowest loss of all trials: 0.130, after 9 epochs
# -> Trial 39: Bracket 1, rung 4 of 4, budget 27: trial 36 (loss 0.129825) is promoted, ranked 1 of 3 in
# -> the rung below; only the best is.

# %% [markdown]
# Now train all 27 to the end, to see what the race has missed. (In practice that would cost too much.)

# %%
starters = race.trials[:27]
full = np.array([train(network(t.params, t.seed), t.params, EPOCHS) for t in starters])


def ancestor(study, trial):
    while trial.parent is not None:
        trial = study.trials[trial.parent]
    return trial.number


winner, best = ancestor(race, race.trials[-1]), int(full[:, -1].argmin())
ranks = full.argsort(axis=0).argsort(axis=0) + 1  # of each configuration after each epoch, 1 is the best
print(f"all 27 to the end: {full.size} epochs; the best loss is {full[best, -1]:.3f}")
print(f"the winner of the race is number {ranks[winner, -1]} of them")
print(f"the best one was number {', '.join(str(ranks[best, e - 1]) for e in (1, 3, 9))} after 1, 3, 9 epochs")
# -> all 27 to the end: 729 epochs; the best loss is 0.140
# -> the winner of the race is number 2 of them
# -> the best one was number 3, 3, 3 after 1, 3, 9 epochs

# %%
fig, axes = plt.subplots(1, 2, num="15-race", figsize=(11, 4.2), layout="constrained", sharey=True)
axes[0].plot(range(1, EPOCHS + 1), full.T, color="0.65", lw=0.8)
axes[0].plot(range(1, EPOCHS + 1), full[winner], color="C0", lw=2, label="the winner of the race")
axes[0].plot(range(1, EPOCHS + 1), full[best], color="C3", lw=2, label="the best one at the end")
axes[0].set(title=f"All 27 to the end: {full.size} epochs", ylabel="validation loss (log scale)")
for trial in reversed(race.trials):
    rung, first = trial.why["rung"], trial.why["rank"] == 0
    label = f"rung {rung + 1}: to epoch {trial.budget}, {trial.why['size']} of 27" if first else None
    begun = trial.budget - len(raced[trial.number])
    curve = [*([] if trial.parent is None else raced[trial.parent][-1:]), *raced[trial.number]]
    epochs = range(max(begun, 1), trial.budget + 1)
    colour = ("0.5", "C4", "C1", "C2")[rung]
    axes[1].plot(epochs, curve, "o" if rung == 0 else "-", ms=4, lw=2, color=colour, label=label)
axes[1].set(title=f"The race: {spent} epochs")
for ax in axes:
    ax.set(xlabel="epoch (log scale)", xscale="log", yscale="log", ylim=(0.1, 3))
    ax.set_xticks([1, 3, 9, 27], ["1", "3", "9", "27"])
    ax.set_yticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
    ax.minorticks_off()
axes[0].legend(loc="lower left")
axes[1].legend(loc="upper right")

# %% [markdown]
# ## Check: one race
# Predict 1: 81 epochs, a ninth of 729. The first rung costs 27 epochs. Each later one costs 18, that is 9 · 2, 3 · 6
# and 1 · 18, because those that are promoted continue from where they were.
#
# Predict 2: not quite. The winner is the second of 27, and the best one was third after 1, 3 and 9 epochs. A race
# decides early, and the order after few epochs is not the order at the end. Here the price is small: the winner's loss
# is less than half of the median.
#
# And look at the winner's own loss: 0.130 after 9 epochs, and 0.153 after 27. In the picture it jumps from epoch to
# epoch. Losses after different numbers of epochs cannot be compared, so the study's `best_trial` is the best of the
# largest budget, here the winner; and its `best_value` is the 0.153.
#
# And the saved weights change nothing. Each loss in the race equals, to the last bit, the loss of the training that
# ran without a break. That takes more than the weights: Adam's memory and the number of steps, the number of epochs (it
# decides the order of the rows) and the same seed. A promoted trial has the seed of its first ancestor.

# %%
assert spent == 81 and full.size == 729
assert 1 < ranks[winner, -1] <= 3 and full[winner, -1] < 0.5 * np.median(full[:, -1])
assert race.best_trial is race.trials[-1]
for trial in race.trials:
    assert trial.value == full[ancestor(race, trial), trial.budget - 1]  # bit for bit
for trial in race.trials[27:]:
    assert trial.params == race.trials[trial.parent].params and trial.seed == race.trials[trial.parent].seed

# %% [markdown]
# ## Code: Hyperband
# How small may the first budget be? With one epoch you can afford many configurations, but their losses say little.
# With 27 their losses say much, but you can afford few configurations. Which is better is not known beforehand. So
# Hyperband does not choose: its first bracket begins with one epoch, its last one with all 27, and all brackets may
# cost about the same.
#
# Here one bracket runs after the other, as in the paper. (By default the first rungs of all brackets come first, then
# the second rungs, and so on, so that several workers seldom wait for each other.) And since a race takes any
# configurations, let a model propose them: the estimator of lesson 13, which learns from the losses so far. That is
# called BOHB.

# %%
hyperband = st.Hyperband(max_budget=EPOCHS, eta=3, order="brackets")
print(hyperband.schedule())


def full_training(trial):
    losses[trial.number] = train(network(trial.params, trial.seed), trial.params, EPOCHS)
    return losses[trial.number][-1]


def searched(searcher, objective, seed, n_trials=None):
    """After each trial: the best loss of a full training so far, and the epochs spent."""
    losses.clear()
    trials = st.Study(space, searcher, seed=seed).run(objective, n_trials, progress=False).trials
    full = [t.value if t.budget in (None, EPOCHS) else np.inf for t in trials]  # random search has no budgets
    return np.minimum.accumulate(full), np.cumsum([len(losses[t.number]) for t in trials])


bohb = st.Hyperband(max_budget=EPOCHS, eta=3, order="brackets", proposer=st.BayesianSearch(model="tpe"))
runs = {
    "random search": [searched("random", full_training, seed, n_trials=13) for seed in range(3)],
    "Hyperband": [searched(hyperband, objective, seed) for seed in range(3)],
    "BOHB": [searched(bohb, objective, seed) for seed in range(3)],
}
for name, found in runs.items():
    ends = [value[-1] for value, _ in found]
    losses_found = ", ".join(f"{value:.3f}" for value in ends)
    print(f"{name:14}{found[0][1][-1]} epochs; best losses {losses_found}; mean {np.mean(ends):.3f}")
# -> bracket  rung  trials  budget each   numbers
# ->       1     1      27            1   0 to 26
# ->       1     2       9            3   27 to 35
# ->       1     3       3            9   36 to 38
# ->       1     4       1           27   39 to 39
# ->       2     1      12            3   40 to 51
# ->       2     2       4            9   52 to 55
# ->       2     3       1           27   56 to 56
# ->       3     1       6            9   57 to 62
# ->       3     2       2           27   63 to 64
# ->       4     1       4           27   65 to 68
# -> 69 trials, budget 423 in all; 357 where promoted trials continue from stored state
# -> random search 351 epochs; best losses 0.182, 0.159, 0.183; mean 0.175
# -> Hyperband     357 epochs; best losses 0.148, 0.120, 0.146; mean 0.138
# -> BOHB          357 epochs; best losses 0.127, 0.130, 0.146; mean 0.135

# %%
fig, ax = plt.subplots(num="15-cost", figsize=(7.5, 4.2), layout="constrained")
for colour, (name, found) in zip(("0.4", "C0", "C1"), runs.items(), strict=True):
    cost, values = found[0][1], np.array([value for value, _ in found])  # the three searches have the same costs
    begun = np.isfinite(values).all(axis=0)  # from the first full training on
    ax.step(cost[begun], values.mean(axis=0)[begun], colour, where="post", lw=2, label=f"{name}: mean")
    ax.plot([cost[-1]] * 3, values[:, -1], "o", color=colour, alpha=0.7)
ax.set(xlabel="epochs spent", ylabel="best loss of a full training", ylim=(0.1, 0.5), title="Three searches each")
ax.legend(title="dots: the three in the end")

# %% [markdown]
# ## Check: Hyperband
# At equal cost Hyperband finds a lower loss than random search, with each of the three seeds, and so does BOHB. (Each
# has begun 49 configurations, random search 13.) Which of the two is better, three seeds can't tell (lesson 10). We
# have counted full trainings of 27 epochs only, as `best_value` does. A loss after fewer epochs may be lower, where
# more of them did harm.

# %%
assert hyperband.cost(going_on=True) == 357 and hyperband.cost() == 423
best_of = {name: np.array([value[-1] for value, _ in found]) for name, found in runs.items()}
assert (best_of["Hyperband"] < best_of["random search"]).all() and (best_of["BOHB"] < best_of["random search"]).all()
assert sum(rung.size for rung in hyperband.rungs() if rung.rung == 0) == 49
assert [bracket_size(3, s, 3) for s in (3, 2, 1, 0)] == [27, 12, 6, 4] and s_max(27, 1, [3, 9, 27, 81]) == 3

# %% [markdown]
# ## Break it
# A race assumes that early losses rank configurations as late losses do. Take a hyper-parameter for which that is
# false: dropout. A network with much dropout is disturbed in each step, so it needs more of them; but dropout is a
# remedy against overfitting (lesson 09). We train seven rates of dropout with eight seeds each, all to the end.

# %%
RATES = [0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9]
others = {"units": 128, "learning_rate": 0.01, "batch_size": 32}
curves = np.array([[train(network({**others, "dropout": rate}, seed), others, EPOCHS) for seed in range(8)]
                   for rate in RATES])  # (rates, seeds, epochs)
for epoch in (1, 9, 27):
    none, some = curves[RATES.index(0.0), :, epoch - 1], curves[RATES.index(0.45), :, epoch - 1]
    print(f"after {epoch:2} epochs: loss {none.mean():.2f} without dropout, {some.mean():.2f} with 0.45; "
          f"difference {(some - none).mean():6.3f} ± {standard_error(some - none):.3f}")
dropout = np.repeat(RATES, 8)
much = {}  # of the third that a race would promote: how many have a dropout of 0.3 or more
for epoch in (1, 9, 27):
    promoted = curves[:, :, epoch - 1].ravel().argsort()[: dropout.size // 3]
    much[epoch] = np.mean(dropout[promoted] >= 0.3)
    print(f"best third after {epoch:2} epochs: {much[epoch]:.0%} have a dropout of 0.3 or more")
# -> after  1 epochs: loss 0.57 without dropout, 0.76 with 0.45; difference  0.186 ± 0.012
# -> after  9 epochs: loss 0.16 without dropout, 0.17 with 0.45; difference  0.010 ± 0.005
# -> after 27 epochs: loss 0.14 without dropout, 0.12 with 0.45; difference -0.016 ± 0.003
# -> best third after  1 epochs: 22% have a dropout of 0.3 or more
# -> best third after  9 epochs: 39% have a dropout of 0.3 or more
# -> best third after 27 epochs: 83% have a dropout of 0.3 or more

# %%
fig, ax = plt.subplots(num="15-crossing", figsize=(7.5, 4), layout="constrained")
for rate, mean in zip(RATES, curves.mean(axis=1), strict=True):
    style = {"color": {0.0: "C1", 0.45: "C0"}[rate], "lw": 3} if rate in (0.0, 0.45) else {"color": "0.7", "lw": 1}
    ax.plot(range(1, EPOCHS + 1), mean, **style, label=f"dropout {rate}" if rate in (0.0, 0.45) else None)
    ax.text(1, mean[0], f"{rate} ", ha="right", va="center", fontsize=8)
ax.set(xlabel="epoch (log scale)", xscale="log", ylabel="validation loss (log scale)", yscale="log", ylim=(0.09, 3))
ax.set(title="Curves that cross: seven rates of dropout, means of eight seeds")
ax.set_xticks([1, 3, 9, 27], ["1", "3", "9", "27"])
ax.set_yticks([0.1, 0.3, 1], ["0.1", "0.3", "1"])
ax.minorticks_off()
ax.legend()

# %% [markdown]
# Predict 3: one that learns slowly and ends well. With a dropout of 0.45 the loss is higher than without after one
# epoch, and lower after 27: both by more than three errors, and the curves *cross*. A first rung of one epoch promotes
# a third in which 22 % have a dropout of 0.3 or more. Of the best third at the end 83 % have it, and no later rung
# brings back what the first one has dropped.
#
# Hyperband does not rank all configurations after one epoch: its later brackets begin with 3, 9 and 27. But all of it
# costs 357 epochs, the first bracket 81. If you know that your curves cross, give it a `min_budget`: no bracket begins
# with less.

# %%
for epoch, sign in ((1, 1), (27, -1)):
    gap = sign * (curves[RATES.index(0.45)] - curves[RATES.index(0.0)])[:, epoch - 1]
    assert gap.mean() > 2.5 * standard_error(gap)
assert much[1] < 0.35 and much[27] > 0.65 and much[1] < much[9] < much[27]

# %% [markdown]
# ## Code: median stopping
# There is a simpler way to stop early, which needs no schedule. A trial *reports* its loss after each epoch. It is
# stopped if even the best of its reports is worse than the median of what the others had been like by then. "What it
# had been like" is its running average, the fifth formula; the last formula is the decision. It saves less than a race,
# since half of the trials are better than the median. But it works with any searcher. With `warmup=5` no trial is
# stopped before five earlier ones are complete.

# %%
class Report(st.Callback):
    def __init__(self, trial):
        self.trial = trial

    def on_epoch_end(self, epoch, logs):
        self.trial.report(logs["val_loss"], step=epoch + 1)
        self.model.stop_training = self.trial.should_stop()


def reporting(trial):
    model, params = network(trial.params, trial.seed), trial.params
    model.fit(X_train, y_train, batch_size=params["batch_size"], epochs=EPOCHS, validation_data=(X_val, y_val),
              callbacks=[Report(trial)], verbose=0)
    return trial.reports[max(trial.reports)]


watched = st.Study(space, "random", seed=4, stopping=st.MedianStopping(warmup=5)).run(reporting, 27, progress=False)
stopped = [t for t in watched.trials if t.state == "stopped"]
used = sum(len(t.reports) for t in watched.trials)
print(f"{len(stopped)} of 27 trials stopped, {used} epochs instead of {full.size}, best loss {watched.best_value:.3f}")
places = sorted(int(ranks[t.number, -1]) for t in stopped)
half = sum(place <= 13 for place in places)
print(f"trained to the end, {half} of the {len(stopped)} would have been among the best 13; the first is {places[0]}")
# -> 12 of 27 trials stopped, 417 epochs instead of 729, best loss 0.140
# -> trained to the end, 4 of the 12 would have been among the best 13; the first is 7

# %% [markdown]
# ## Check: median stopping
# These are the same 27 configurations as in the race (same seed), so we know how each would have ended. The best one is
# found, for 417 epochs instead of 729. This rule, too, assumes that early losses predict late ones: four of the twelve
# that it stopped would have ended in the better half, but none of them among the first six.
#
# Between the two is *asynchronous halving*, `st.AsyncHalving(min_steps=1, eta=3)`: it has the rungs of a race, and is a
# stopping rule. A trial that reaches a rung continues if it is among the best third of those that have reached it so
# far. No trial waits for a rung to be full, so the order in which the trials arrive counts.

# %%
assert watched.best_value == full[best, -1] and used < 0.7 * full.size
assert places[0] > 6 and 1 <= half < len(stopped) / 2

# %% [markdown]
# ## Exercise
# Write the race on a table. `curves[i, e]` is the loss of configuration i after e + 1 epochs. The first rung ends after
# one epoch, the last one after all the epochs that the table has, which is a power of eta. There are enough
# configurations for all rungs. At the end of each rung the configurations in it are sorted by their loss. Of two with
# equal losses that one comes first which came first in the rung before; in the first rung it is the one with the lower
# index. Return two numbers: the index of the winner, and the epochs spent, when the promoted keep their weights.
#
# Example: nine configurations, nine epochs, eta = 3. Nine take 1 epoch, three of them 2 more, one of them 6 more: 21.
#
# Then run `python -m lessons check 15`.


# %%
def race_on_a_table(curves, eta):
    raise NotImplementedError


# %%
def check(solution=None):
    """By hand, and against the package's successive halving on random tables with many equal losses."""
    solution = solution or race_on_a_table
    four = [[3, 1, 1, 9], [2, 2, 2, 5], [1, 3, 3, 3], [4, 0, 0, 0]]
    by_hand = [  # a table, the winner and the epochs; then wrong ones, and the misunderstanding that gives them
        (four, 1, 8, {3: "3 is the best in the end, but it is last after one epoch, and dropped",
                      2: "2 is better than 1 after 4 epochs, but the second rung ends after 2, where 1 is better"},
         {12: "a promoted one has had the epochs of the rung before; only the new ones are spent",
          16: "those that are dropped are not trained any more"}),
        ([*four, [5, 5, 5, 5]], 1, 9, {}, {12: "half of 5 is rounded down to 2 for the second rung",
                                           13: "a promoted one has had the epochs of the rung before"}),
        ([[2, 1], [1, 1], [3, 9], [4, 9]], 1, 6,
         {0: "0 and 1 are equal in the last rung; 1 comes first, as it came first in the rung before"}, {}),
        ([[1, 5], [1, 3], [1, 4], [0, 9]], 0, 6,
         {1: "0, 1 and 2 are equal in the first rung; the lower index comes first, so 3 and 0 are promoted",
          2: "0, 1 and 2 are equal in the first rung; the lower index comes first, so 3 and 0 are promoted"}, {}),
    ]
    for table, winner, epochs, other_winners, other_epochs in by_hand:
        found, spent = solution(np.array(table, float), 2)
        case = f"curves {table}, eta 2:"
        assert found == winner, f"{case} {other_winners.get(int(found), f'the winner is {winner}, yours is {found}')}"
        assert spent == epochs, f"{case} {other_epochs.get(int(spent), 'count again')}: {epochs} epochs, not {spent}"
    rng = np.random.default_rng(0)
    for eta, shape in ((3, (27, 27)), (2, (20, 8)), (4, (64, 16)), (3, (30, 9))):
        numbers = rng.integers(0, 6, size=shape).astype(float)
        halving = st.SuccessiveHalving(len(numbers), numbers.shape[1], eta, proposer=st.GridSearch())
        study = st.Study({"i": list(range(len(numbers)))}, halving)
        study.run(lambda t, numbers=numbers: numbers[t.params["i"], t.budget - 1], progress=False)
        last = min((t for t in study.trials if t.budget == numbers.shape[1]), key=lambda t: (t.value, t.number))
        right = (last.params["i"], halving.cost(going_on=True))
        found = tuple(solution(numbers.copy(), eta))
        assert found == right, f"a table of {shape} with eta {eta} gives {found}; the package says {right}"
