"""Exercise 16: wrong answers of readers, each with a part of the hint that names its mistake."""

import numpy as np


def counted_from_0(losses, patience):
    best, kept, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses):
        if loss < best:
            best, kept, waited = loss, epoch, 0
        else:
            waited += 1
            if waited == patience:
                return epoch, kept
    return len(losses) - 1, kept


def equal_is_below(losses, patience):
    best, kept, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses, 1):
        if loss <= best:
            best, kept, waited = loss, epoch, 0
        else:
            waited += 1
            if waited == patience:
                return epoch, kept
    return len(losses), kept


def compared_with_the_epoch_before(losses, patience):
    waited, epoch = 0, 0
    for epoch in range(1, len(losses) + 1):
        waited = waited + 1 if epoch > 1 and losses[epoch - 1] >= losses[epoch - 2] else 0
        if waited == patience:
            break
    return epoch, int(np.argmin(losses[:epoch])) + 1


def patience_before_the_stop(losses, patience):
    best, waited = np.inf, 0
    for epoch, loss in enumerate(losses, 1):
        if loss < best:
            best, waited = loss, 0
        else:
            waited += 1
            if waited == patience:
                return epoch, epoch - patience
    return len(losses), len(losses) - patience


def one_epoch_later(losses, patience):
    best, kept, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses, 1):
        if loss < best:
            best, kept, waited = loss, epoch, 0
        else:
            waited += 1
            if waited > patience:
                return epoch, kept
    return len(losses), kept


def lowest_of_all(losses, patience):
    best, waited = np.inf, 0
    for epoch, loss in enumerate(losses, 1):
        if loss < best:
            best, waited = loss, 0
        else:
            waited += 1
            if waited == patience:
                return epoch, int(np.argmin(losses)) + 1
    return len(losses), int(np.argmin(losses)) + 1


def not_in_a_row(losses, patience):
    best, kept, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses, 1):
        if loss < best:
            best, kept = loss, epoch
        else:
            waited += 1
            if waited == patience:
                return epoch, kept
    return len(losses), kept


def nothing_if_the_losses_end(losses, patience):
    best, kept, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses, 1):
        if loss < best:
            best, kept, waited = loss, epoch, 0
        else:
            waited += 1
            if waited == patience:
                return epoch, kept
    return None


def compared_with_patience_epochs_before(losses, patience):
    for epoch in range(patience + 1, len(losses) + 1):
        if losses[epoch - 1] >= losses[epoch - 1 - patience]:
            return epoch, int(np.argmin(losses[:epoch])) + 1
    return len(losses), int(np.argmin(losses)) + 1


def last_of_equal_is_kept(losses, patience):
    best, kept, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses, 1):
        waited = 0 if loss < best else waited + 1
        if loss <= best:
            best, kept = loss, epoch
        if waited == patience:
            return epoch, kept
    return len(losses), kept


WRONG = [
    ("Epochs are counted from 1, and", counted_from_0),
    ("An equal loss counts as lower here.", equal_is_below),
    ("A loss is compared with that of the", compared_with_the_epoch_before),
    ("It keeps the epoch `patience` epochs", patience_before_the_stop),
    ("It stops an epoch too late: with", one_epoch_later),
    ("It keeps the lowest of all losses", lowest_of_all),
    ("The epochs without a new lowest", not_in_a_row),
    ("Where the losses end before patience", nothing_if_the_losses_end),
    ("A loss is compared with that of `patience`", compared_with_patience_epochs_before),
    ("Of two equal lowest losses the", last_of_equal_is_kept),
]
