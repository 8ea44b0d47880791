"""Exercise 16: early stopping."""

CASES = [
    ([5.0, 4.0, 3.0, 3.5, 3.2, 2.0, 2.5, 2.6, 2.7, 1.0], 3),
    ([5.0, 4.0, 4.5, 4.2, 4.1, 3.0, 1.0], 2),
    ([2.0, 1.0, 1.0, 1.5, 0.5], 2),
    ([3.0, 2.0, 2.5, 2.0, 2.2, 2.1], 3),
    ([4.0, 3.0, 2.0, 1.0], 2),
    ([1.0, 2.0, 0.5, 3.0], 1),
    ([3.0, 4.0, 2.0, 2.5, 1.0, 1.5, 0.8, 1.2, 0.9], 3),
]


def right(losses, patience):
    return _run(losses, patience)


def _run(losses, patience, equal=False, previous=False, late=0, total=False, first=1):
    """The loop, with a mistake for each argument."""
    best, kept, since, last = float("inf"), 0, 0, float("inf")
    for epoch, loss in enumerate(losses, start=first):
        if loss < best or (equal and loss == best):
            best, kept = loss, epoch
            since = since if total else 0
            better = True
        else:
            better = previous and loss < last
            since = 0 if better else since + 1
        last = loss
        if since >= patience + late:
            return epoch, kept
    return epoch, kept


def _all_epochs(losses, patience):
    kept = min(range(len(losses)), key=lambda k: losses[k]) + 1
    return right(losses, patience)[0], kept


def _last_weights(losses, patience):
    stopped, _ = right(losses, patience)
    return stopped, stopped


def _before(losses, patience):
    stopped, _ = right(losses, patience)
    return stopped, max(stopped - patience, 1)


def _exchanged(losses, patience):
    return right(losses, patience)[::-1]


def _no_stop(losses, patience):
    return len(losses), min(range(len(losses)), key=lambda k: losses[k]) + 1


def _highest(losses, patience):
    return right([-loss for loss in losses], patience)


def _kept_loss(losses, patience):
    stopped, kept = right(losses, patience)
    return stopped, losses[kept - 1]


def _ended(losses, patience):
    stopped, kept = right(losses, patience)
    return (stopped, kept) if stopped - kept >= patience else None


def _window(losses, patience):
    for epoch in range(patience + 1, len(losses) + 1):
        if losses[epoch - 1] >= losses[epoch - 1 - patience]:
            return epoch, losses.index(min(losses[:epoch])) + 1
    return len(losses), losses.index(min(losses)) + 1


def _last_of_equal(losses, patience):
    stopped, kept = right(losses, patience)
    return stopped, max(k + 1 for k in range(stopped) if losses[k] == losses[kept - 1])


MISTAKES = [
    ("An equal loss counts as lower here. Equal is not below: the count goes up, and the earlier epoch is kept.",
     lambda losses, patience: _run(losses, patience, equal=True)),
    ("A loss is compared with that of the epoch before; compare it with the lowest of all epochs so far.",
     lambda losses, patience: _run(losses, patience, previous=True)),
    ("It stops an epoch too late: with patience 1 the first epoch that is not below the lowest ends the training.",
     lambda losses, patience: _run(losses, patience, late=1)),
    ("The epochs without a new lowest loss are counted over the whole training. They must come in a row: a new lowest "
     "loss sets the count to 0.", lambda losses, patience: _run(losses, patience, total=True)),
    ("It stops an epoch too early.", lambda losses, patience: _run(losses, max(patience - 1, 1))),
    ("Epochs are counted from 1, and yours from 0.", lambda losses, patience: _run(losses, patience, first=0)),
    ("It keeps the lowest of all losses, also of epochs after the stop: these were never trained.", _all_epochs),
    ("It keeps the weights of the epoch in which it stops; those of the lowest loss are the ones to keep.",
     _last_weights),
    ("It keeps the epoch `patience` epochs before the stop; that is wrong where the losses end first. Remember the "
     "epoch of the lowest loss.", _before),
    ("The two epochs are exchanged: first the stop, then the one whose weights are kept.", _exchanged),
    ("It never stops: it goes through all losses and takes the lowest. With `patience` epochs without a new lowest "
     "loss the training ends.", _no_stop),
    ("It keeps the highest loss; a low loss is good.", _highest),
    ("The second number is a loss; return the epoch in which it was reached.", _kept_loss),
    ("Where the losses end before patience runs out, nothing is returned: then it stops in the last epoch.", _ended),
    ("A loss is compared with that of `patience` epochs before; compare it with the lowest so far, and count "
     "the epochs since.", _window),
    ("Of two equal lowest losses the later epoch is kept; equal is not below, so keep the first.", _last_of_equal),
]
