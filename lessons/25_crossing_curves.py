# %% [markdown]
# # 25 Curves that cross
# Stopping early assumes that early scores rank as late ones do. How far that is true, and what follows for a race.
#
# 30 minutes · needs 24

# %% [markdown]
# ## Question
# A race (lesson 24) drops two thirds of its trainings after one epoch. That is right only if the order after one epoch
# is the order at the end. Two learning curves *cross* if the training that is ahead now is behind at the end. How often
# do they, and does it matter for the winner?

# %% [markdown]
# ## Predict 1
# Two of the trainings, drawn at random, after 3 of 27 epochs. In how many of 100 such pairs do the curves cross? And if
# both are among the best quarter at the end?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st

trainings = st.datasets.load_trainings()
curves = trainings.validation.reshape(-1, 27).astype(int)  # correct rows of 250 after each epoch, of all 11,880
rng = np.random.default_rng(0)


def pairs_of(chosen, pairs=100_000):
    """The differences of random pairs of trainings, after each epoch."""
    a, b = rng.choice(chosen, (2, pairs))
    return curves[a] - curves[b]


every = np.arange(len(curves))
best_quarter = every[curves[:, -1] >= np.quantile(curves[:, -1], 0.75)]
for name, chosen in (("all", every), ("best quarter", best_quarter)):
    difference = pairs_of(chosen)
    crossing = [np.mean(difference[:, epoch - 1] * difference[:, -1] < 0) for epoch in (1, 3, 9)]
    print(f"{name}: " + ", ".join(f"{share:.0%}" for share in crossing) + " cross after 1, 3, 9 epochs")
# -> all: 37%, 26%, 15% cross after 1, 3, 9 epochs
# -> best quarter: 50%, 47%, 38% cross after 1, 3, 9 epochs

# %% [markdown]
# ## Answer 1
# A quarter of all pairs cross. But of pairs of good trainings nearly half do, after three epochs: there the early order
# is hardly more than a coin toss. (Of 300 trainings more than 40 % of these pairs cross, and fewer than 30 % of all
# pairs, in 20 of 20 draws [25a].) Early scores distinguish good from bad. They do not distinguish good from best, and a
# search wants the best.
#
# The picture shows four trainings that do: two with high learning rates and without dropout rise fast, and are ahead
# after 1, 3 and nearly 9 epochs; two with low rates and dropout end higher.

# %%
CONFIGURATIONS = {"rate 0.05, no dropout": (0.05, 0.0), "rate 0.02, no dropout": (0.02, 0.0),
                  "rate 0.005, dropout 0.6": (0.005, 0.6), "rate 0.002, dropout 0.2": (0.002, 0.2)}
fig, ax = plt.subplots(num="25-crossing", figsize=(8, 4.4), layout="constrained")
for (name, (rate, dropout)), colour in zip(CONFIGURATIONS.items(), ("C1", "C4", "C0", "C2"), strict=True):
    params = {"learning_rate": rate, "batch_size": 8, "l2": 0.0, "dropout": dropout, "units": 192}
    ax.plot(range(1, 28), trainings.curve(params), "o-", ms=4, color=colour, label=name)
for epoch in (1, 3, 9):
    ax.axvline(epoch, color="0.7", lw=1, ls=":")
ax.set(xscale="log", xlabel="epoch (log scale); dotted: where a race decides", ylabel="validation accuracy",
       title="Batch size 8, 192 units, means of five seeds")
ax.set_xticks([1, 3, 9, 27], ["1", "3", "9", "27"])
ax.minorticks_off()
ax.legend(loc="lower right")

# %% [markdown]
# ## Predict 2
# So where should a race begin: after 1, 3 or 9 epochs? A later beginning decides better, and affords fewer
# configurations: 27, 12 or 6 at the price of three whole trainings. Answer for 81 epochs, and for ten times as many.

# %%
accuracy = curves.reshape(-1, 5, 27)
regrets = 100.0 * (trainings.expected.max() - trainings.expected.ravel())


def race(n, epochs):
    """The winner of successive halving with eta 3: its correct rows and its regret."""
    configurations = rng.choice(len(accuracy), n, replace=False)
    table, left = accuracy[configurations, rng.integers(0, 5, n)], np.arange(n)
    while epochs < 27:
        left = left[np.argsort(-table[left, epochs - 1], kind="stable")[: max(len(left) // 3, 1)]]
        epochs *= 3
    winner = left[table[left, -1].argmax()]
    return table[winner, -1], regrets[configurations[winner]]


for (n, epochs), many in {(27, 1): 10, (12, 3): 10, (6, 9): 9, (3, 27): 10}.items():
    found = [np.mean([max((race(n, epochs) for _ in range(races)), key=lambda won: won[0])[1] for _ in range(1000)])
             for races in (1, many)]  # of equal accuracies the first
    print(f"{n:2} from epoch {epochs:2}: mean regret {found[0]:.1f} points with one race, {found[1]:.2f} with {many}")
# -> 27 from epoch  1: mean regret 7.0 points with one race, 2.70 with 10
# -> 12 from epoch  3: mean regret 7.8 points with one race, 2.52 with 10
# ->  6 from epoch  9: mean regret 9.3 points with one race, 2.53 with 9
# ->  3 from epoch 27: mean regret 19.7 points with one race, 2.94 with 10

# %% [markdown]
# ## Answer 2
# It depends on what you can spend. With one race of 81 epochs, to begin after one epoch has a lower mean regret than
# after three (in 20 of 20 draws [25b]): most configurations are bad, the first epoch shows that, and the number of
# configurations decides. With ten races it is the other way round (in 20 of 20 draws [25c]): many good ones have been
# seen, and now the first epoch drops the best. Hyperband's brackets hedge between the two; `min_budget=3` begins later.

# %% [markdown]
# ## Predict 3
# Two rules stop trials without a schedule. *Median stopping* ends a trial if even the best loss v that it has reported
# is worse than m: the median of what the others' running averages had been by then.
# - [running_average] a = Σₖ[vₖ] / #k
# - [median_stopping] s = 1 if minₖ[vₖ] > m else 0
#
# *Asynchronous halving* has rungs. Of the n trials that have reached a rung so far the best k may continue:
# - [async_halving_kept] k = max(floor(n / η), 1)
#
# 27 guesses take 729 epochs. Which rule saves more of them, and which is safer?

# %%
SPACE = {"learning_rate": st.Float(0.001, 2.0, log=True), "batch_size": st.Int(4, 128, log=True),
         "l2": [0.0, 0.001, 0.01], "dropout": st.Float(0.0, 0.6), "units": st.Int(16, 192, log=True)}
RULES = {"no rule": None, "median stopping": st.MedianStopping(parallel=1),
         "asynchronous halving": st.AsyncHalving(min_steps=1, eta=3),
         "asynchronous halving from epoch 3": st.AsyncHalving(min_steps=3, eta=3)}
for name, rule in RULES.items():
    studies = [st.Study(SPACE, "random", direction="maximize", seed=seed, stopping=rule).run(
        trainings.objective(), 27, progress=False) for seed in range(60)]
    epochs = np.mean([sum(len(trial.reports) for trial in study.trials) for study in studies])
    regret = np.mean([trainings.regret(study.best_params) for study in studies])
    print(f"{name}: {epochs:.0f} epochs, mean regret {regret:.1f} points")
# -> no rule: 729 epochs, mean regret 3.8 points
# -> median stopping: 305 epochs, mean regret 4.3 points
# -> asynchronous halving: 136 epochs, mean regret 6.8 points
# -> asynchronous halving from epoch 3: 230 epochs, mean regret 4.2 points

# %% [markdown]
# ## Answer 3
# Asynchronous halving from the first epoch takes fewer than half of the epochs of median stopping, and its mean regret
# is higher (in 20 of 20 draws [25d]). Neither is wrong: the first one leaves epochs for more guesses. If the number of
# guesses is fixed, and not that of epochs, stop late.
#
# *In your logbook:* 27 guesses with a stopping rule of your choice: score, and epochs spent.

# %% [markdown]
# ## Exercise
# Write the rule of median stopping. `own` has the losses that a trial has reported so far, one for each epoch; `others`
# is a list of those of complete trials, some of which ended earlier. The trial is compared with those that have
# reported as many epochs or more: their running averages up to this epoch. If there are fewer than `warmup` of them, it
# continues. Return True if the trial should stop: even its best loss is worse than the median of these averages.
#
# Check it with `python -m lessons check 25`.


# %%
def stops(own, others, warmup):
    raise NotImplementedError
