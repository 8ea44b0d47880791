# %% [markdown]
# # 00 Beat the searcher
# You choose twelve configurations of a network, a searcher chooses twelve; then the held-out score is opened.
#
# 20 minutes

# %% [markdown]
# ## Question
# A small network learns to read digits. Can you choose its learning rate, batch size and so on better than a program
# that has as many attempts? Five words are enough to play:
#
# - A [hyper-parameter](README.md#tuning) is a number that is chosen before a training, such as the learning rate.
# - A [configuration](README.md#tuning) is one value for each hyper-parameter.
# - A [trial](README.md#tuning) is one training with one configuration, and its score.
# - Rows for [validation](README.md#evaluation-and-overfitting) are not trained on; the share of them that the network
#   reads correctly, its *accuracy*, is the score by which you choose.
# - *Held-out* rows are not trained on either, and they are used once, when everything has been chosen.
#
# A trial takes no time here: `load_trainings` has 11,880 trainings of this network, with five hyper-parameters and five
# *seeds* (random starts). Each learns from 200 images for 27 *epochs*, which are passes over the images; about one
# image in five has a wrong label. Whatever you ask for, you get the nearest training. You need not know yet what L2 and
# dropout are. Run the file with `python -m lessons 0`, or cell by cell, or play in the browser, `scratchtune play`;
# lines with `# ->` show what a cell prints, lines with `# ~>` about that: the processor decides the last digits.

# %% [markdown]
# ## Predict 1
# The first four guesses below differ in the learning rate alone: 0.001, 0.01, 0.1 and 1. Which one reads most of the
# validation images correctly, and how many of 100? Pure chance gives 10. Write it down; then change the guesses.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st

NAMES = ("learning_rate", "batch_size", "l2", "dropout", "units")
GUESSES = [  # yours: rate 0.001 to 2, batch 4 to 128, L2 penalty 0 to 0.01, dropout 0 to 0.6, units 16 to 192
    (0.001, 32, 0.0, 0.0, 64), (0.01, 32, 0.0, 0.0, 64),
    (0.1, 32, 0.0, 0.0, 64), (1.0, 32, 0.0, 0.0, 64),
    (0.02, 32, 0.0, 0.0, 64), (0.05, 32, 0.0, 0.0, 64),
    (0.02, 16, 0.0, 0.0, 64), (0.02, 64, 0.0, 0.0, 64),
    (0.02, 32, 0.001, 0.0, 64), (0.02, 32, 0.0, 0.2, 64),
    (0.02, 32, 0.0, 0.4, 64), (0.02, 32, 0.0, 0.4, 192)]
trainings = st.datasets.load_trainings()
mine = [dict(zip(NAMES, guess, strict=True)) for guess in GUESSES]
scores = [trainings.accuracy(params, seed=0) for params in mine]
for names, some in (("the first four", scores[:4]), ("the other eight", scores[4:])):
    print(f"{names}:", *(f"{score:.3f}" for score in some))
# -> the first four: 0.508 0.864 0.772 0.100
# -> the other eight: 0.824 0.708 0.740 0.880 0.824 0.872 0.836 0.872

# %% [markdown]
# ## Answer 1
# The second: with 0.01 it reads 86 of 100. With 0.1 it reads nine fewer, with 1 no more than by guessing: one
# hyper-parameter decides whether the network learns at all. The other eight guesses are those of somebody who starts
# from there and changes one thing at a time. The eighth of the twelve, with a batch of 64, has the best score, 0.880.

# %% [markdown]
# ## Predict 2
# A search chooses the configuration with the highest score. Its *regret* is how much better the best of all would have
# been, in points: 85 % instead of 90 % are 5 points. Here chance counts little: both are means of five trainings, on
# all rows that were not trained on. Random search draws configurations blindly, `BayesianSearch` looks at the trials
# before. What are the regrets after 12 trials: yours, and theirs on average? And after 27?

# %%
SPACE = {"learning_rate": st.Float(0.001, 2.0, log=True), "batch_size": st.Int(4, 128, log=True),
         "l2": [0.0, 0.001, 0.01], "dropout": st.Float(0.0, 0.6), "units": st.Int(16, 192, log=True)}


def regrets(configurations, scores):
    """The regret of the best configuration so far, by score, after each trial."""
    best = [int(np.argmax(scores[: k + 1])) for k in range(len(scores))]
    return np.array([trainings.regret(configurations[k]) for k in best])


def search(searcher, seed, trials=27):
    """A study of the trainings: its configurations, their scores, and the seeds of their trainings."""
    study = st.Study(SPACE, searcher, direction="maximize", seed=seed)
    study.run(trainings.objective(), trials)
    return [t.params for t in study.trials], [t.value for t in study.trials], [t.seed % 5 for t in study.trials]


searches = {name: [search(searcher, seed) for seed in range(12)]
            for name, searcher in (("random", st.RandomSearch()), ("Bayesian", st.BayesianSearch()))}
by_trial = {name: np.mean([regrets(*each[:2]) for each in every], axis=0) for name, every in searches.items()}
ours = regrets(mine, scores)
print(f"guesses : regret {ours[-1]:.1f} points after {len(mine)} trials")
for name, mean in by_trial.items():
    print(f"{name:8}: regret {mean[11]:.1f} points after 12 trials, {mean[26]:.1f} after 27: means of 12 searches")

fig, axes = plt.subplots(1, 2, num="00-game", figsize=(10, 4), layout="constrained")
for params in mine:
    axes[0].plot(range(1, 28), trainings.curve(params, seed=0), color="C0", alpha=0.6)
axes[0].set(xlabel="epoch", ylabel="validation accuracy", title="Your trials", ylim=(0, 1))
for k, (name, mean) in enumerate((("you", ours), *by_trial.items())):
    axes[1].step(range(1, len(mean) + 1), mean, where="post", color=f"C{k}", label=name)
axes[1].set(xlabel="trials", ylabel="regret in points", title="How far the best so far is from the best of all")
axes[1].set(ylim=(0, 25))
axes[1].legend()
# -> guesses : regret 5.0 points after 12 trials
# -> random  : regret 5.0 points after 12 trials, 3.8 after 27: means of 12 searches
# -> Bayesian: regret 4.0 points after 12 trials, 2.0 after 27: means of 12 searches

# %% [markdown]
# ## Answer 2
# With these guesses you end where random search is. It wastes its first trials, as the picture shows, and knows nothing
# about learning rates. After 27 trials `BayesianSearch` is nearer to the best than random search, as a mean of 12
# searches (in 10 of 10 draws [00a]: so often it held with other random numbers). Lessons 18 to 28 say how it does it.
#
# Look at your own line at the eighth trial: the score rises, and the regret rises too. How can that be?

# %% [markdown]
# ## Predict 3
# Your choice is made, so the held-out rows may be opened: 847 images, as hard as the validation rows. Will your best
# trial have a higher or a lower accuracy there, or the same? And the best trials of 12 random searches, on average?

# %%
best = int(np.argmax(scores))
logbook = [("guesses", len(mine), scores[best], trainings.held_out_accuracy(mine[best], seed=0))]
for name, every in searches.items():
    winners = [(params[k], values[k], seeds[k]) for params, values, seeds in every for k in [int(np.argmax(values))]]
    held_out = np.mean([trainings.held_out_accuracy(params, seed) for params, _, seed in winners])
    logbook.append((name, 27, np.mean([value for _, value, _ in winners]), held_out))
print("guess, trials, score, error, held-out score")
for name, trials, score, held_out in logbook:
    print(f"{name}, {trials}, {score:.3f}, {np.sqrt(score * (1 - score) / 250):.3f}, {held_out:.3f}")
again = [trainings.accuracy(mine[best], seed) for seed in range(1, 5)]
print("your best configuration with four other seeds:", *(f"{score:.3f}" for score in again))
# -> guess, trials, score, error, held-out score
# -> guesses, 12, 0.880, 0.021, 0.844
# -> random, 27, 0.839, 0.023, 0.821
# -> Bayesian, 27, 0.864, 0.022, 0.852
# -> your best configuration with four other seeds: 0.772 0.816 0.776 0.804

# %% [markdown]
# ## Answer 3
# Lower: 0.844 instead of 0.880. You took the trial with the best of twelve scores, and a score is partly chance: these
# 250 images happened to suit this network, others suit it less. By how much a score varies with the images, its
# *standard error*, is in the table as `error`: about 0.02. The best of many is one that was good *and* had chance on
# its side. This is the *winner's curse*, and it affects searchers as well: the best of 27 random trials has a lower
# accuracy on the held-out rows, as a mean of 60 searches (in 20 of 20 draws [00b]). Lesson 15 measures by how much. The
# last line shows another chance, that of the random start: with other seeds your configuration is worse. That answers
# the question above: at the eighth trial the score of one seed rose, and so did the regret, which knows all five.
#
# So never report the score by which you chose. The five columns are your *logbook*: keep them in a file, such as
# `logbook.csv`. Many lessons ask these trainings one question, and end with a line to add.
#
# *In your logbook:* your twelve guesses, the two searches, and the held-out scores. Those are opened now, so later
# guesses that look at them don't count.

# %% [markdown]
# ## Exercise
# Is your score good? Compare it with people who choose blindly. Each row of the array `players`, (players, trials), is
# one of them, with the validation accuracies of her trials; at the end she hands in her best, as you did. Return the
# share of players that `score` beats, from 0 to 1; an equal score counts half.
#
# `python -m lessons check 0` says whether it is right. Then give it your best score, `max(scores)`, and 1,000 players
# whose trials are drawn from all configurations:
# `np.random.default_rng(0).choice(trainings.validation[..., 0, -1].ravel() / 250, (1000, 12))`.
# Beat 99 of 100 of them, if you can.


# %%
def players_beaten(score, players):
    raise NotImplementedError
