"""Exercise 16: a right answer, and wrong ones, each with the hint that it must get."""


def makespan(durations, needs, workers, needed=lambda ends, number: ends[:number]):
    """The right answer; with other results that are waited for a wrong one."""
    ends, free = [], [0] * workers
    for duration, number in zip(durations, needs, strict=True):
        worker = free.index(min(free))
        free[worker] = max([free[worker], *needed(ends, number)]) + duration
        ends.append(free[worker])
    return max(ends)


def end_of_the_last_to_begin(durations, needs, workers):
    ends, free = [], [0] * workers
    for duration, number in zip(durations, needs, strict=True):
        worker = free.index(min(free))
        free[worker] = max([free[worker], *ends[:number]]) + duration
        ends.append(free[worker])
    return ends[-1]


def mean_load(durations, needs, workers):
    return sum(durations) / workers


def one_after_the_other(durations, needs, workers):
    return sum(durations)


def no_limit_of_workers(durations, needs, workers):
    return makespan(durations, needs, len(durations))


def in_turn(durations, needs, workers):
    ends, free = [], [0] * workers
    for trial, (duration, number) in enumerate(zip(durations, needs, strict=True)):
        begin = max([free[trial % workers], *ends[:number]])
        free[trial % workers] = begin + duration
        ends.append(begin + duration)
    return max(ends)


def nothing_needed(durations, needs, workers):
    return makespan(durations, needs, workers, lambda ends, number: [])


def only_the_last_needed(durations, needs, workers):
    return makespan(durations, needs, workers, lambda ends, number: ends[number - 1 : number])


def one_result_too_many(durations, needs, workers):
    return makespan(durations, needs, workers, lambda ends, number: ends[: number + 1] if number else [])


SOLUTION = makespan
WRONG = [
    ("need not be the last to end", end_of_the_last_to_begin),
    ("a trial is not shared by workers", mean_load),
    ("two workers run two trials at a time", one_after_the_other),
    ("a single worker runs one trial after the other", no_limit_of_workers),
    ("the worker that is free first takes the next trial", in_turn),
    ("trial 2 has to wait for what it needs", nothing_needed),
    ("not trial 1 alone", only_the_last_needed),
    ("needs only the first result", one_result_too_many),
]
