"""Exercise 09: a step of Adam with the L2 penalty and with weight decay."""

import numpy as np

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


def right(theta, grad, m, v, t, alpha, l2, decay):
    g = grad + 2.0 * l2 * theta
    m = BETA_1 * m + (1.0 - BETA_1) * g
    v = BETA_2 * v + (1.0 - BETA_2) * g**2
    step = (m / (1.0 - BETA_1**t)) / (np.sqrt(v / (1.0 - BETA_2**t)) + EPSILON)
    return theta - alpha * step - alpha * decay * theta, m, v


def _arrays(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=4), rng.normal(size=4) * [10.0, 0.1, 1.0, 3e-8], rng.normal(size=4), rng.random(4) + 0.1


def _first():
    theta, grad, m, v = _arrays(0)
    return theta, grad, 0.0 * m, 0.0 * v


CASES = [
    lambda: (*_first(), 1, 0.1, 0.0, 0.0), lambda: (*_first(), 1, 0.1, 0.3, 0.0), lambda: (*_first(), 1, 0.1, 0.0, 0.5),
    lambda: (*_arrays(1), 2, 0.05, 0.2, 0.0), lambda: (*_arrays(2), 7, 0.05, 0.0, 0.8),
    lambda: (*_arrays(3), 40, 0.02, 0.1, 0.3), lambda: (*_first(), 3, 0.1, 0.2, 0.4),
]


def _with(part=lambda theta, l2, decay: 2.0 * l2 * theta, corrected=True, inside=False, t_off=0,
          taken=lambda theta, alpha, l2, decay, step: alpha * decay * theta, loud=None, square=lambda g: g**2,
          second=BETA_2, sign=-1.0):
    def adam_step(theta, grad, m, v, t, alpha, l2, decay):
        g = grad + part(theta, l2, decay)
        loss_only = loud(grad, g) if loud else g
        m = BETA_1 * m + (1.0 - BETA_1) * g
        v = BETA_2 * v + (1.0 - BETA_2) * square(loss_only)
        first, last = (1.0 - BETA_1 ** (t + t_off), 1.0 - second ** (t + t_off)) if corrected else (1.0, 1.0)
        step = m / first / (np.sqrt(v / last + EPSILON) if inside else np.sqrt(v / last) + EPSILON)
        return theta + sign * alpha * step - taken(theta, alpha, l2, decay, step), m, v

    return adam_step


def in_place(theta, grad, m, v, t, alpha, l2, decay):
    theta[:], m[:], v[:] = right(theta, grad, m, v, t, alpha, l2, decay)
    return theta, m, v


def _means_in_place(theta, grad, m, v, t, alpha, l2, decay):
    found, m[:], v[:] = right(theta, grad, m, v, t, alpha, l2, decay)
    return found, m, v


def _corrected(theta, grad, m, v, t, alpha, l2, decay):
    theta, m, v = right(theta, grad, m, v, t, alpha, l2, decay)
    return theta, m / (1.0 - BETA_1**t), v / (1.0 - BETA_2**t)


MISTAKES = [
    ("The decay is added to the gradient here, so it is divided by the root of v: that is L2 by another name. Subtract "
     "it from theta, past m and v.",
     _with(part=lambda theta, l2, decay: (2.0 * l2 + decay) * theta, taken=lambda *a: 0.0)),
    ("The penalty's gradient lacks its 2: lam * theta ** 2 has the derivative 2 * lam * theta.",
     _with(part=lambda theta, l2, decay: l2 * theta)),
    ("The penalty acts past m and v here, as decay does. It belongs to the gradient, before Adam sees it.",
     _with(part=lambda theta, l2, decay: 0.0,
           taken=lambda theta, alpha, l2, decay, step: alpha * (2.0 * l2 + decay) * theta)),
    ("The decay lacks the learning rate: a step shrinks theta by alpha * decay of itself.",
     _with(taken=lambda theta, alpha, l2, decay, step: decay * theta)),
    ("The decay makes the parameters grow: subtract it.",
     _with(taken=lambda theta, alpha, l2, decay, step: -alpha * decay * theta)),
    ("The decay is missing.", _with(taken=lambda *a: 0.0)),
    ("The penalty is missing.", _with(part=lambda theta, l2, decay: 0.0)),
    ("The decay takes its share of theta after Adam's step; it should be that of theta before it.",
     _with(taken=lambda theta, alpha, l2, decay, step: alpha * decay * (theta - alpha * step))),
    ("The decay is doubled: the 2 belongs to the penalty, which is a derivative.",
     _with(taken=lambda theta, alpha, l2, decay, step: 2.0 * alpha * decay * theta)),
    ("m and v start at 0, and their corrections are missing: divide them by 1 - beta ** t.", _with(corrected=False)),
    ("The corrections count from 0 or are one step late: t is 1 in the first step, use it as it is.", _with(t_off=1)),
    ("Epsilon is under the root: add it to the root.", _with(inside=True)),
    ("v is that of the loss alone: the penalty's gradient belongs to it, too.", _with(loud=lambda grad, g: grad)),
    ("v is a mean of the gradient's size: square it.", _with(square=abs)),
    ("v is corrected with beta 0.9; it has 0.999.", _with(second=BETA_1)),
    ("The step goes uphill: subtract it from theta.", _with(sign=1.0)),
    ("An array that was given has been changed: make new ones.", in_place),
    ("m and v that were given have been changed, as *= and += do: make new ones.", _means_in_place),
    ("The corrected m and v are returned; return the plain running means, which the next step needs, and correct them "
     "for this step alone.", _corrected),
]
