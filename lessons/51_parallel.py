# %% [markdown]
# # 51 Parallel and reproducible
# Several workers, the same seed, the same table: why that is hard, what it takes, and what it costs.
#
# 20 minutes · needs 18

# %% [markdown]
# ## Question
# Four workers tune side by side. Which trial ends first depends on the other programs on the machine. A
# [searcher](README.md#tuning) learns from the trials that have ended. Can four workers give *the same table*, bit for
# bit, every time? And the same as one worker?
#
# We play it without a clock: the durations are drawn. A toy searcher steps from the best point that it sees, with a
# random number that is keyed by (seed, trial). *Naive*, it sees what has ended just then. *Keyed*, trial n sees the
# results of the trials before n − 3, all of them and no others, and waits until they are there.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.core.study.run import idle_share

TRIALS, WORKERS = 24, 4


def loss(x):
    return (x - 0.7) ** 2 + 0.1 * np.cos(20.0 * x)


def all_but_three(number):
    return max(0, number - 3)


def table(durations, workers, needs=None):
    """The points that are tried; without `needs` the searcher is naive."""
    points, ends, free = [], [], [0.0] * workers
    for number in range(TRIALS):
        worker = free.index(min(free))
        begin = free[worker]
        if needs is None:
            seen = [point for point, end in zip(points, ends, strict=True) if end <= begin]
        else:
            begin, seen = max([begin, *ends[: needs(number)]]), points[: needs(number)]
        points.append(min(seen, key=loss, default=0.5) + 0.2 * np.random.default_rng([0, number]).normal())
        free[worker] = begin + durations[number]
        ends.append(free[worker])
    return points

# %% [markdown]
# ## Predict 1
# Ten days with other durations each day, the same seed, four workers. How many different tables does the naive searcher
# give, how many the keyed one? And with 1, 2, 4 and 8 workers?

# %%
days = [np.random.default_rng(day).exponential(size=TRIALS) for day in range(10)]
for name, needs in (("naive", None), ("keyed", all_but_three)):
    on_days = {tuple(table(durations, WORKERS, needs)) for durations in days}
    with_workers = {tuple(table(days[0], workers, needs)) for workers in (1, 2, 4, 8)}
    print(f"{name}: {len(on_days)} different on ten days, {len(with_workers)} with 1, 2, 4 and 8 workers")
# -> naive: 10 different on ten days, 4 with 1, 2, 4 and 8 workers
# -> keyed: 1 different on ten days, 1 with 1, 2, 4 and 8 workers

# %% [markdown]
# ## Answer 1
# The naive one gives another table each day, the keyed one a single table: what trial n sees depends on n alone, and so
# does its random number. No number of workers and no clock enters.
#
# Each searcher of the package declares what it needs, `searcher.needs(number)`, and waits for it. So a study gives one
# table for any number of threads, here with trials that take another time on every run:

# %%
def slow_loss(trial):
    time.sleep(float(np.random.default_rng().exponential(0.002)))
    return loss(trial.params["x"])


searchers = {"random": st.RandomSearch(), "Bayesian": st.BayesianSearch(parallel=1),
             "Bayesian, parallel=4": st.BayesianSearch(parallel=4),
             "Bayesian, parallel=8": st.BayesianSearch(parallel=8), "genetic": st.GeneticSearch()}
for name, searcher in searchers.items():
    studies = [st.Study({"x": st.Float(-1.0, 2.0)}, searcher, seed=5).run(slow_loss, 20, n_jobs=jobs, progress=False)
               for jobs in (1, 4)]
    tables = {tuple((trial.params["x"], trial.value) for trial in study.trials) for study in studies}
    print(f"{name:21} {len(tables)} table for 1 and 4 threads")
# -> random                1 table for 1 and 4 threads
# -> Bayesian              1 table for 1 and 4 threads
# -> Bayesian, parallel=4  1 table for 1 and 4 threads
# -> Bayesian, parallel=8  1 table for 1 and 4 threads
# -> genetic               1 table for 1 and 4 threads

# %% [markdown]
# ## Predict 2
# A worker that waits is idle. With w workers in t seconds, and b seconds of trials, the share of idle time is
# - [idle_share] s = max(1 − b / (w · t), 0)
#
# Four workers, 60 trials. What is it if each trial needs *all* before it (parallel=1)? All but the last three
# (parallel=4), or the last seven (parallel=8)?

# %%
def schedule(needs, durations, workers):
    """Worker, begin and end of each trial."""
    found, ends, free = [], [], [0.0] * workers
    for number, duration in enumerate(durations):
        worker = free.index(min(free))
        begin = max([free[worker], *ends[: needs(number)]])
        free[worker] = begin + duration
        ends.append(free[worker])
        found.append((worker, begin, ends[-1]))
    return found


durations = np.random.default_rng(0).gamma(4.0, 0.25, size=60)  # of mean 1
fig, axes = plt.subplots(5, 1, num="51-idle", figsize=(9, 7), sharex=True, layout="constrained")
for ax, (name, searcher) in zip(axes, searchers.items(), strict=True):
    found = schedule(searcher.needs, durations, WORKERS)
    share = idle_share(sum(durations), WORKERS, max(end for *_, end in found))
    print(f"{name:21} {share:.0%} idle")
    for number, (worker, begin, end) in enumerate(found):
        ax.barh(worker, end - begin, left=begin, color=f"C{number % 3}")
    ax.set(title=f"{name}: {share:.0%} idle", yticks=range(WORKERS), ylabel="worker")
axes[-1].set_xlabel("time, in mean durations of a trial")
# -> random                3% idle
# -> Bayesian              75% idle
# -> Bayesian, parallel=4  14% idle
# -> Bayesian, parallel=8  3% idle
# -> genetic               29% idle

# %% [markdown]
# ## Answer 2
# With parallel=1 it is 75 %: one works and three wait, so four workers gain nothing. With parallel=4 all wait for the
# oldest trial whenever that is a long one. With parallel=8 less is idle than with 4, in 20 of 20 draws [51a]. The price
# is that each suggestion does not see the last seven results. The genetic search waits at the end of each generation,
# and random search never does. So the choice is yours: to know more, or to wait less. The table is the same every time.
#
# *In your logbook:* nothing. But with the seed and the number of trials in it, anyone can make your table again.

# %% [markdown]
# ## Exercise
# How long does a study take? `durations` are those of the trials, trial i needs the results of the first `needs[i]`
# trials, which never decreases. Trials begin in order of number: each as soon as a worker is free *and* what it needs
# has ended. Return the time at which all have ended.
#
# Example: durations 3, 1, 1, needs 0, 0, 2, two workers. Trial 2 waits for trial 0, and all is over at 4. With needs 0,
# 0, 0 it is over at 3. Then run `python -m lessons check 51`.


# %%
def makespan(durations, needs, workers):
    raise NotImplementedError
