"""Exercise 06: the limits of uniform weights that keep the mean square of a signal."""

import math


def right(widths, slope):
    limits = []
    for layer, fan_in in enumerate(widths[:-1]):
        left = (1.0 + slope**2) / 2.0 if layer < len(widths) - 2 else 1.0
        limits.append(math.sqrt(3.0 / (fan_in * left)))
    return limits


CASES = [([64, 32, 16, 10], 0.0), ([8, 128, 3], 0.2), ([5, 7], 0.3), ([300, 20, 20, 1], 1.0), ([100, 40, 90, 10], 0.5)]


def _with(left=lambda slope: (1.0 + slope**2) / 2.0, last=lambda slope: 1.0, fan=lambda a, b: a,
          limit=lambda v: math.sqrt(3.0 * v)):
    def uniform_limits(widths, slope):
        layers = list(zip(widths[:-1], widths[1:], strict=True))
        return [limit(1.0 / (fan(a, b) * (left if k < len(layers) - 1 else last)(slope)))
                for k, (a, b) in enumerate(layers)]

    return uniform_limits


def kept(slope):
    return (1.0 + slope**2) / 2.0


def _first_instead(widths, slope):
    layers = range(len(widths) - 1)
    return [math.sqrt(3.0 / (widths[k] * (kept(slope) if k else 1.0))) for k in layers]


def _unshifted(widths, slope):
    """A layer's factor is that of the layer before it, and the last one has none: first and last have 1."""
    last = len(widths) - 2
    return [math.sqrt(3.0 / (widths[k] * (kept(slope) if 0 < k < last else 1.0))) for k in range(last + 1)]


MISTAKES = [
    ("These are standard deviations. Uniform random numbers between -l and l have a smaller one than l: see "
     "[uniform_limit].", _with(limit=math.sqrt)),
    ("These are variances: see [uniform_limit] for the limit that belongs to each.", _with(limit=lambda v: v)),
    ("The 3 must be inside of the root, with the variance.", _with(limit=lambda v: 3.0 * math.sqrt(v))),
    ("The last layer has no activation, so nothing is lost after it, and it needs no compensation.", _with(last=kept)),
    ("Nothing makes up for what leaky ReLU takes away: these are LeCun's limits in every layer.",
     _with(left=lambda slope: 1.0)),
    ("The slope is ignored: what is negative is not lost as with ReLU, a part of it is left.",
     _with(left=lambda slope: 0.5)),
    ("The slope multiplies the signal, so the mean square of the negative half is multiplied by something else.",
     _with(left=lambda slope: (1.0 + slope) / 2.0)),
    ("fan_out is used where fan_in belongs: a sum has as many terms as the unit has inputs.",
     _with(fan=lambda a, b: b)),
    ("This takes the mean of fan_in and fan_out, as Glorot does; to keep the signal on its way forward, only one of "
     "them matters.", _with(fan=lambda a, b: (a + b) / 2.0)),
    ("What leaky ReLU leaves multiplies the variance here; the weights must make up for it, so divide.",
     _with(left=lambda slope: 1.0 / kept(slope))),
    ("Only half of the sums are negative: the mean square of the whole is the mean of the two halves' factors, not "
     "their sum.", _with(left=lambda slope: 1.0 + slope**2)),
    ("The list is in the order from the last layer to the first.", lambda widths, slope: right(widths, slope)[::-1]),
    ("The last layer is missing: there is one limit for each pair of successive widths.",
     lambda widths, slope: right(widths, slope)[:-1]),
    ("The compensation is a layer late: these weights keep the sums, layer by layer. What has no activation is the "
     "last layer, not the first.", _first_instead),
    ("The first layer has leaky ReLU as well: only the last one has no activation.", _unshifted),
    ("What the negative sums leave is subtracted; the slope's square is a part that is left, so add it.",
     _with(left=lambda slope: (1.0 - slope**2) / 2.0)),
    ("This takes half of (1 + slope) squared; square the factor of each half first, then take their mean.",
     _with(left=lambda slope: (1.0 + slope) ** 2 / 2.0)),
]
