"""Exercise 51: how long a study takes."""

_DIGITS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]
CASES = [
    ([3, 1, 1], [0, 0, 2], 2),
    ([3, 1], [0, 0], 2),
    ([2, 5], [0, 0], 1),
    ([4, 1, 1, 1], [0, 0, 0, 0], 2),
    ([4, 2, 6], [0, 0, 2], 3),
    ([2, 4, 6], [0, 0, 1], 3),
    (_DIGITS, [0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3),
    (_DIGITS, list(range(12)), 4),
    (_DIGITS, [0] * 4 + [4] * 4 + [8] * 4, 4),
    (_DIGITS, [0] * 12, 5),
    ([5, 1, 3, 3, 3], [0, 0, 1, 1, 1], 2),
]


def right(durations, needs, workers):
    return _run(durations, needs, workers)


def _run(durations, needs, workers, waits=lambda ends, need: max(ends[:need], default=0), pick=None, advance=True,
         result=max, count=lambda workers: workers):
    """The schedule, with a mistake for each argument."""
    ends, free = [], [0] * count(workers)
    for number, duration in enumerate(durations):
        worker = free.index(min(free)) if pick is None else pick(number, free)
        begin = max(free[worker], waits(ends, needs[number]))
        free[worker] = begin + duration if advance else free[worker] + duration
        ends.append(begin + duration)
    return result(ends)


def _with(**mistake):
    return lambda durations, needs, workers: _run(durations, needs, workers, **mistake)


def _last_begin(durations, needs, workers):
    return _run(durations, needs, workers, result=lambda ends: max(e - d for e, d in zip(ends, durations, strict=True)))


def _added(durations, needs, workers):
    ends, free = [], [0] * workers
    for duration, need in zip(durations, needs, strict=True):
        worker = free.index(min(free))
        free[worker] += max(ends[:need], default=0) + duration
        ends.append(free[worker])
    return max(ends)


MISTAKES = [
    ("This is the end of the trial that begins last; another one may end later.", _with(result=lambda ends: ends[-1])),
    ("A trial is not shared: this is the sum of the durations divided by the workers.",
     lambda durations, needs, workers: sum(durations) / workers),
    ("This is one trial after the other: several workers run trials side by side, and a trial waits for the first "
     "`needs[i]` alone, not for all before it.",
     lambda durations, needs, workers: sum(durations)),
    ("A trial does not wait for what it needs.", _with(waits=lambda ends, need: 0)),
    ("Trials are dealt to the workers in turns; the worker that is free first takes the next trial.",
     _with(pick=lambda number, free: number % len(free))),
    ("A trial waits for the last trial that it needs; it needs all before that one, too, which may end later.",
     _with(waits=lambda ends, need: ends[need - 1] if need else 0)),
    ("A trial waits for the first result alone; it needs `needs[i]` of them.",
     _with(waits=lambda ends, need: ends[0] if need else 0)),
    ("A trial waits for one result too many: it needs trials 0 to needs[i] − 1.",
     _with(waits=lambda ends, need: max(ends[:need + 1], default=0) if need else 0)),
    ("A trial waits for one result too few: it needs trials 0 to needs[i] − 1.",
     _with(waits=lambda ends, need: max(ends[:max(need - 1, 0)], default=0))),
    ("A worker that has waited is free too early: its time continues from the begin of the trial.",
     _with(advance=False)),
    ("There is a worker for each trial here; there are only `workers`.", _with(count=lambda workers: 100)),
    ("This is the begin of the last trial, not its end.", _last_begin),
    ("This is the longest trial; others wait for it, or come after it.",
     lambda durations, needs, workers: max(durations)),
    ("A trial waits for one trial too many, even if it needs none: it needs trials 0 to needs[i] − 1.",
     _with(waits=lambda ends, need: max(ends[:need + 1], default=0))),
    ("needs[i] is a number of trials, not the number of one: trials 0 to needs[i] − 1 have to have ended.",
     _with(waits=lambda ends, need: max(ends[need:need + 1], default=0))),
    ("The time until its results are there is added to the worker's time: a trial begins at the later of the two.",
     _added),
]
