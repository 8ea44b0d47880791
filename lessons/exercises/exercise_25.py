"""Exercise 25: the rule of median stopping."""

import numpy as np


def right(own, others, warmup):
    step = len(own)
    averages = [np.mean(losses[:step]) for losses in others if len(losses) >= step]
    return len(averages) >= warmup and bool(min(own) > np.median(averages))


def _wrong(mine=min, theirs=lambda losses, step: np.mean(losses[:step]), middle=np.median,
           behind=lambda a, b: a > b, kept=lambda losses, step: len(losses) >= step,
           enough=lambda found, others, warmup: found >= warmup):
    """The rule with one thing wrong."""
    def wrong(own, others, warmup):
        step = len(own)
        averages = [theirs(losses, step) for losses in others if kept(losses, step)]
        return bool(enough(len(averages), len(others), warmup) and len(averages) > 0
                    and behind(mine(own), middle(averages)))

    return wrong


def _pooled(own, others, warmup):
    step = len(own)
    values = [losses[:step] for losses in others if len(losses) >= step]
    return len(values) >= warmup and bool(min(own) > np.median(np.concatenate(values)))


def _inverted(own, others, warmup):
    return not right(own, others, warmup)


def _case(seed):
    rng = np.random.default_rng(seed)
    others = [np.round(rng.uniform(0.2, 1.0) * 0.8 ** np.arange(n) + rng.uniform(0.0, 0.5, n), 2)
              for n in rng.integers(1, 9, rng.integers(3, 9))]
    own = np.round(rng.uniform(0.3, 0.9) + rng.uniform(0.0, 0.3, rng.integers(1, 6)), 2)
    return own, others, int(rng.integers(2, 5))


CASES = [
    (np.array([0.9, 0.6]), [np.array([0.8, 0.4]), np.array([0.7, 0.5]), np.array([0.6, 0.6])], 3),  # equal: continues
    (np.array([0.9, 0.61]), [np.array([0.8, 0.4]), np.array([0.7, 0.5]), np.array([0.6, 0.6])], 3),
    (np.array([0.9, 0.61]), [np.array([0.8, 0.4]), np.array([0.7, 0.5]), np.array([0.6, 0.6])], 4),
    (np.array([0.9, 0.61]), [np.array([0.1]), np.array([0.7, 0.5]), np.array([0.6, 0.6])], 3),
    (np.array([0.7, 0.7, 0.7]), [np.array([0.8, 0.8, 0.5, 0.1]), np.array([0.9, 0.8, 0.7, 0.1]),
                                 np.array([0.1, 0.1, 0.1, 0.1]), np.array([0.1])], 2),
    *(_case(seed) for seed in range(60)),
]
def _in_epochs(own, others, warmup):
    return len(own) >= warmup and _wrong(enough=lambda found, others, warmup: True)(own, others, warmup)


MISTAKES = [
    ("The trial is compared by its last loss; compare the best that it has reported.", _wrong(mine=lambda v: v[-1])),
    ("The trial is compared by its own mean; compare the best that it has reported.", _wrong(mine=np.mean)),
    ("The trial is compared by its worst loss: these are losses, so the best is the smallest.", _wrong(mine=max)),
    ("The others are compared by their loss at this epoch; take the mean of all their losses up to it.",
     _wrong(theirs=lambda losses, step: losses[step - 1])),
    ("The others are averaged over all their epochs; take those up to this one, since this trial has no later ones.",
     _wrong(theirs=lambda losses, step: np.mean(losses))),
    ("The others are compared by their best loss; take the mean of their losses up to this epoch.",
     _wrong(theirs=lambda losses, step: min(losses[:step]))),
    ("This is the mean of the averages; take their median, which few bad trials do not move.", _wrong(middle=np.mean)),
    ("This is the median of all losses together; each trial counts once, with its average.", _pooled),
    ("A trial that equals the median is stopped; it continues unless it is worse.", _wrong(behind=lambda a, b: a >= b)),
    ("Trials that ended earlier are counted, too; compare with those that have reported as many epochs or more.",
     _wrong(kept=lambda losses, step: True)),
    ("A trial that ended at this very epoch is left out; as many epochs are enough.",
     _wrong(kept=lambda losses, step: len(losses) > step)),
    ("`warmup` of them are enough; your rule wants one more.",
     _wrong(enough=lambda found, others, warmup: found > warmup)),
    ("For `warmup` all others are counted; count those that have reported as many epochs.",
     _wrong(enough=lambda found, others, warmup: others >= warmup)),
    ("`warmup` is not used: with few trials the median says little, so none is stopped.",
     _wrong(enough=lambda found, others, warmup: True)),
    ("True and False are exchanged: return True where the trial should stop.", _inverted),
    ("`warmup` is compared with the epochs of the trial; it is the number of other trials to compare with.",
     _in_epochs),
]
