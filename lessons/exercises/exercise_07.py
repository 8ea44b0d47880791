"""Exercise 07: a warm-up, then half a cosine wave."""

import math


def right(step, alpha, warmup, steps):
    if step < warmup:
        return alpha * step / warmup
    x = min((step - warmup) / (steps - warmup), 1.0)
    return alpha * (1.0 + math.cos(math.pi * x)) / 2.0


CASES = [(0, 0.5, 10, 100), (1, 0.5, 10, 100), (9, 0.5, 10, 100), (10, 0.5, 10, 100), (11, 0.5, 10, 100),
         (40, 0.5, 10, 100), (55, 0.5, 10, 100), (99, 0.5, 10, 100), (100, 0.5, 10, 100), (103, 0.5, 10, 100),
         (130, 0.5, 10, 100), (200, 0.5, 10, 100), (0, 3.0, 0, 8), (2, 3.0, 0, 8), (8, 3.0, 0, 8), (17, 3.0, 0, 8),
         (4, 2.0, 4, 5)]


def _with(rise=lambda step, warmup: step / warmup, done=lambda step, warmup, steps: (step - warmup) / (steps - warmup),
          wave=lambda x: (1.0 + math.cos(math.pi * x)) / 2.0, stop=lambda x: min(x, 1.0),
          first=lambda step, warmup: step < warmup):
    def warmup_cosine(step, alpha, warmup, steps):
        if first(step, warmup):
            return alpha * rise(step, warmup)
        return alpha * wave(stop(done(step, warmup, steps)))

    return warmup_cosine


def _divides(step, alpha, warmup, steps):
    rise, x = min(step / warmup, 1.0), min(max((step - warmup) / (steps - warmup), 0.0), 1.0)
    return alpha * rise * (1.0 + math.cos(math.pi * x)) / 2.0


def _product(step, alpha, warmup, steps):
    rise = min(step / warmup, 1.0) if warmup else 1.0
    return alpha * rise * (1.0 + math.cos(math.pi * min(step / steps, 1.0))) / 2.0


MISTAKES = [
    ("After the last step the rate rises again: the cosine continues. Hold x at 1 there.", _with(stop=lambda x: x)),
    ("The wave should begin where the warm-up ends: count its steps from there, so that step `warmup` has alpha.",
     _with(done=lambda step, warmup, steps: step / steps)),
    ("The wave ends `warmup` steps too late: it has fewer steps than the whole training.",
     _with(done=lambda step, warmup, steps: (step - warmup) / steps)),
    ("The first step should have the rate 0: count the steps of the warm-up from 0.",
     _with(rise=lambda step, warmup: (step + 1) / warmup)),
    ("The cosine runs through a quarter of its wave. At the end it is at pi, not at pi / 2.",
     _with(wave=lambda x: math.cos(math.pi * x / 2.0))),
    ("The cosine alone falls from 1 to -1: bring it to the range from 1 to 0.",
     _with(wave=lambda x: math.cos(math.pi * x))),
    ("The wave begins at twice alpha: divide by 2.",
     _with(wave=lambda x: 1.0 + math.cos(math.pi * x))),
    ("After the warm-up the rate rises, and it ends at alpha: the sign of the cosine is wrong.",
     _with(wave=lambda x: (1.0 - math.cos(math.pi * x)) / 2.0)),
    ("The warm-up is missing: the rate begins at alpha.", _with(rise=lambda step, warmup: 1.0)),
    ("The rate falls during the warm-up; it should rise from 0 to alpha.",
     _with(rise=lambda step, warmup: 1.0 - step / warmup)),
    ("This is a straight line down, not half a cosine wave.", _with(wave=lambda x: 1.0 - x)),
    ("After the warm-up the rate stays at alpha; it should fall to 0.", _with(wave=lambda x: 1.0)),
    ("The rate is a share of 1 here: alpha is missing.",
     lambda step, alpha, warmup, steps: right(step, 1.0, warmup, steps)),
    ("The cosine takes radians: half a wave is pi, not 180.",
     _with(wave=lambda x: (1.0 + math.cos(180.0 * x)) / 2.0)),
    ("The warm-up must not begin where `warmup` is 0: it would divide by 0. Use < and not <=.",
     _with(first=lambda step, warmup: step <= warmup)),
    ("Where `warmup` is 0, step / warmup divides by 0: then there is no warm-up, and the wave begins at once.",
     _divides),
    ("The cosine runs through a whole wave, down and up again; half a wave ends at pi, not at 2 pi.",
     _with(wave=lambda x: (1.0 + math.cos(2.0 * math.pi * x)) / 2.0)),
    ("The rise is multiplied by a wave that runs from the first step on. First the rise alone, then the wave alone.",
     _product),
]
