"""Exercise 16: a right answer, and wrong ones, each with the hint that it must get."""


def makespan(durations, needs, workers):
    begins, ends, free = [0], [], [0] * workers
    for duration, needed in zip(durations, needs, strict=True):
        worker = free.index(min(free))
        begins.append(max([free[worker], begins[-1], *ends[:needed]]))
        free[worker] = begins[-1] + duration
        ends.append(free[worker])
    return max(ends)


def makespan_without_waiting_for_the_one_before(durations, needs, workers):
    ends, free = [], [0] * workers
    for duration, needed in zip(durations, needs, strict=True):
        worker = free.index(min(free))
        free[worker] = max([free[worker], *ends[needed - 1 : needed]]) + duration  # only the last that it needs
        ends.append(free[worker])
    return max(ends)


SOLUTION = makespan
WRONG = [
    ("", makespan_without_waiting_for_the_one_before),
]
