"""Exercise 51: wrong answers of readers, each with a part of the hint that names its mistake."""


def _makespan(durations, needs, workers, waits):
    free, ends = [0.0] * workers, []
    for number, duration in enumerate(durations):
        worker = free.index(min(free))
        free[worker] = max([free[worker], *waits(ends, needs[number])]) + duration
        ends.append(free[worker])
    return max(ends, default=0.0)


def needs_ignored(durations, needs, workers):
    return _makespan(durations, needs, workers, lambda ends, needed: [])


def needs_one_more(durations, needs, workers):
    return _makespan(durations, needs, workers, lambda ends, needed: ends[: needed + 1])


def waits_for_the_last_needed_only(durations, needs, workers):
    return _makespan(durations, needs, workers, lambda ends, needed: ends[needed - 1 : needed] if needed else [])


def needs_is_an_index(durations, needs, workers):
    return _makespan(durations, needs, workers, lambda ends, needed: ends[needed : needed + 1])


def workers_in_turn(durations, needs, workers):
    free, ends = [0.0] * workers, []
    for number, duration in enumerate(durations):
        worker = number % workers
        free[worker] = max([free[worker], *ends[: needs[number]]]) + duration
        ends.append(free[worker])
    return max(ends, default=0.0)


def end_of_the_last_trial(durations, needs, workers):
    free, ends = [0.0] * workers, []
    for number, duration in enumerate(durations):
        worker = free.index(min(free))
        free[worker] = max([free[worker], *ends[: needs[number]]]) + duration
        ends.append(free[worker])
    return ends[-1] if ends else 0.0


def unlimited_workers(durations, needs, workers):
    ends = []
    for number, duration in enumerate(durations):
        ends.append(max(ends[: needs[number]], default=0.0) + duration)
    return max(ends, default=0.0)


def sum_over_the_workers(durations, needs, workers):
    return sum(durations) / workers


def waiting_is_added(durations, needs, workers):
    free, ends = [0.0] * workers, []
    for number, duration in enumerate(durations):
        worker = free.index(min(free))
        free[worker] += max(ends[: needs[number]], default=0.0) + duration
        ends.append(free[worker])
    return max(ends, default=0.0)


def busiest_worker(durations, needs, workers):
    free, ends = [0.0] * workers, []
    for number, duration in enumerate(durations):
        worker = free.index(max(free))
        free[worker] = max([free[worker], *ends[: needs[number]]]) + duration
        ends.append(free[worker])
    return max(ends, default=0.0)


def worker_is_free_while_it_waits(durations, needs, workers):
    free, ends = [0.0] * workers, []
    for number, duration in enumerate(durations):
        worker = free.index(min(free))
        free[worker] += duration
        ends.append(max([free[worker] - duration, *ends[: needs[number]]]) + duration)
    return max(ends, default=0.0)


WRONG = [
    ("A trial does not wait for what it needs", needs_ignored),
    ("A trial waits for one trial too many", needs_one_more),
    ("A trial waits for the last trial that it needs", waits_for_the_last_needed_only),
    ("needs[i] is a number of trials", needs_is_an_index),
    ("Trials are dealt to the workers in turns", workers_in_turn),
    ("This is the end of the trial that begins last", end_of_the_last_trial),
    ("There is a worker for each trial here", unlimited_workers),
    ("A trial is not shared", sum_over_the_workers),
    ("The time until its results are there is added to the worker's time", waiting_is_added),
    ("This is one trial after the other", busiest_worker),
    ("A worker that has waited is free too early", worker_is_free_while_it_waits),
]
