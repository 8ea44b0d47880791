"""Connectionist temporal classification (CTC): the loss of a sequence of labels whose times are unknown.

A network gives the probabilities of all symbols in each frame of a recording. The symbols are the *labels*, such as
letters, and the *blank*, which stands for no label. The text says which labels were spoken, not when. A *path* chooses
one symbol in each frame; it spells the text if the text is left after merging repeats and removing blanks: with "-" for
the blank, the paths ``a-ab-`` and ``aa-ab`` both spell "aab". The probability of the text is the sum over all paths
that spell it.

There are too many paths to list, but few *states*: the text with a blank before, between and after its symbols, from
left to right. From one frame to the next a path stays in its state, moves to the next one, or skips a blank between two
different symbols. So the sum over all paths up to a frame is computed from that up to the frame before (`ctc_step`),
and the sum over all paths from a frame on is the same with time and states reversed.

| symbol | here | shape |
|---|---|---|
| logarithm of the probability of each symbol | ``log_p`` | (frames, symbols) |
| symbol of each state: blank, first label, blank, ... | ``states`` | (2 labels + 1,) |
| whether a path may skip the state before | ``skips`` | (2 labels + 1,) |
| log-probability of each state's symbol | ``emitted`` | (frames, states) |
| logarithm of the sum over paths up to a frame | ``forward`` | (frames, states) |
| logarithm of the sum over paths from a frame on, with frames and states reversed | ``backward`` | (frames, states) |

Implements section 6.3 of the document.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scratchtune.core import checks, jit
from scratchtune.core.network.activations import exp_nonpositive, softmax, zero_like
from scratchtune.core.network.losses import ENCODERS, LOSSES, Loss

BLANK = 0  # the symbol that stands for no label
GUESSED_CLIPS, GUESSED_UPDATES = 100, 12  # of `guessing_loss`: it is within 1 % of that of all clips and 200 updates
NEVER = -1e30  # the logarithm of probability 0; finite, since the difference of two infinite ones would be NaN
_LN2 = math.log(2.0)
_SERIES = tuple(1.0 / (2 * n + 1) for n in range(10, -1, -1))  # of atanh(u) / u in u²; the last term is below 1e-15


@jit.function_in_order
def log_up_to_3(x):
    """Natural logarithm of a number from 1 to 3, in a form that the compiler vectorises.

    Formula [log_up_to_3]
        y = log(x)
    Computed as
        k · log(2) + 2 · (u + u³ / 3 + u⁵ / 5 + ...) with u = (x / 2^k − 1) / (x / 2^k + 1); k is 1 if x > 1.4, else 0
    Where
        x: x, scalar, in [1, 3]
    Source
        Abramowitz and Stegun (1964), "Handbook of mathematical functions", 4.1.27.
    """
    halves = x > 1.4
    r = 0.5 * x if halves else x
    u = (r - 1.0) / (r + 1.0)
    square, total = u * u, zero_like(u)
    for coefficient in _SERIES:
        total = total * square + coefficient
    rest = 2.0 * u * total
    return rest + _LN2 if halves else rest


@jit.function
def log_sum(a, b, c):
    """The logarithm of a sum of three numbers whose logarithms are given.

    Formula [log_sum]
        y = log(exp(a) + exp(b) + exp(c))
    Computed as
        m + log(exp(a − m) + exp(b − m) + exp(c − m)) with m = max(a, b, c): nothing overflows
    Where
        a: a, scalar, real
        b: b, scalar, real
        c: c, scalar, real
    Source
        Algebra.
    Example
        >>> import math
        >>> round(float(log_sum(math.log(1.0), math.log(2.0), math.log(3.0))) - math.log(6.0), 12)
        0.0
    """
    m = max(a, max(b, c))
    return m + log_up_to_3(exp_nonpositive(a - m) + exp_nonpositive(b - m) + exp_nonpositive(c - m))


# Paths ----------------------------------------------------------------------------------------------------------------


@jit.function_noalias
def fill_states(labels, states, skips):
    """Fill each state's symbol, and 1 in ``skips`` where a path may skip the blank before: between unequal labels."""
    for s in range(states.size):
        is_label = s % 2 == 1
        states[s] = labels[s // 2] if is_label else BLANK
        skips[s] = 1.0 if is_label and s >= 3 and labels[s // 2] != labels[s // 2 - 1] else 0.0


@jit.function_noalias
def ctc_step(previous, skips, emitted, following):
    """One step of the forward recursion: sums over all paths up to a frame, by their last state, from the frame before.

    Formula [ctc_step]
        bₛ = a[s − 1] if s >= 1 else −10^30 ; cₛ = (a[s − 2] if kₛ > 0 else −10^30) if s >= 2 else −10^30 ;
            yₛ = eₛ + log(exp(aₛ) + exp(bₛ) + exp(cₛ))
    Computed as
        eₛ + [log_sum]
    Where
        a: previous, (s,), logits, logarithms of the sums up to the frame before
        k: skips, (s,), 0 or 1, whether a path may skip the state before
        e: emitted, (s,), logits, log-probability of each state's symbol in this frame
        y: following, (s,), written, logarithms of the sums up to this frame
    Variant
        Graves multiplies probabilities and rescales them in every frame; logarithms need no rescaling.
    Source
        Graves et al. (2006), "Connectionist temporal classification", equations 5 to 7.
    """
    never = previous.dtype.type(NEVER)
    following[0] = emitted[0] + previous[0]
    for s in range(1, following.size):
        skipped = previous[s - 2] if s >= 2 and skips[s] > 0.0 else never
        following[s] = emitted[s] + log_sum(previous[s], previous[s - 1], skipped)


@jit.function_noalias
def ctc_paths(emitted, skips, paths):
    """Fill ``paths`` (frames, states): the logarithm of the sum over all paths up to each frame, by their last state.

    ``emitted`` is (frames, states), ``skips`` (states,). A path begins with the first blank or the first label.
    """
    paths[0] = NEVER
    paths[0, 0] = emitted[0, 0]
    if skips.size > 1:
        paths[0, 1] = emitted[0, 1]
    for t in range(1, emitted.shape[0]):
        ctc_step(paths[t - 1], skips, emitted[t], paths[t])


@jit.function
def total_of(paths):
    """The log-probability of the labels: the sum over the paths that end with the last label or the last blank."""
    last, states = paths.shape[0] - 1, paths.shape[1]
    never = paths.dtype.type(NEVER)
    return log_sum(paths[last, states - 1], paths[last, states - 2] if states > 1 else never, never)


@jit.function_noalias
def occupancy(forward, backward, emitted, total, shares):
    """Occupancy: of the probability of all paths that spell the text, the share that is in each state in each frame.

    Formula [occupancy]
        fₜₛ = exp(aₜₛ + b[#t − 1 − t, #s − 1 − s] − eₜₛ − c)
    Computed as
        [exp_nonpositive], of 0 where rounding made the sum positive
    Where
        a: forward, (t, s), real; sampled in [-3, 0]
        b: backward, (t, s), real; sampled in [-3, 0], with frames and states reversed
        e: emitted, (t, s), real; sampled in [0, 3], which a and b both contain
        c: total, scalar, real; sampled in [0, 3], the logarithm of the probability of the text
        f: shares, (t, s), written
    Source
        Graves et al. (2006), "Connectionist temporal classification", equation 14.
    """
    frames, count = emitted.shape
    for t in range(frames):
        for s in range(count):
            z = forward[t, s] + backward[frames - 1 - t, count - 1 - s] - emitted[t, s] - total
            shares[t, s] = exp_nonpositive(min(z, zero_like(z)))


@jit.function_noalias
def ctc_grad(p, shares, states, weight, dlogits):
    """Gradient of −log P(text) with respect to the logits: probabilities minus the share of each symbol's states.

    Formula [ctc_grad]
        dₜₖ = w · (pₜₖ − Σₛ[fₜₛ if lₛ = k else 0])
    Where
        p: p, (t, k), probabilities, of each symbol in each frame
        f: shares, (t, s), in [0, 1], as [occupancy] has written them
        l: states, (s,), integer in [0, 1], the symbol of each state
        w: weight, scalar, real
        d: dlogits, (t, k), written
    Source
        Graves et al. (2006), "Connectionist temporal classification", equation 16.
    """
    for t in range(p.shape[0]):
        for k in range(p.shape[1]):
            dlogits[t, k] = weight * p[t, k]
        for s in range(states.size):
            dlogits[t, states[s]] -= weight * shares[t, s]


# A batch --------------------------------------------------------------------------------------------------------------

FRAMES, SYMBOLS, FIRST = range(3)  # of a row of targets: its frames, the number of symbols; then labels, then 0


@jit.function
def reverse(labels, into):
    """Copy the labels to ``into``, the last one first."""
    for u in range(labels.size):
        into[u] = labels[labels.size - 1 - u]


@jit.called
def ctc_row(log_p, p, labels, weight, dlogits):
    """−log P(labels) of one recording, and its gradient with respect to the logits times ``weight``.

    ``log_p`` and ``p`` are (frames, symbols). If no path spells the labels, the loss is infinite and the gradient 0.
    """
    frames, count, dtype = log_p.shape[0], 2 * labels.size + 1, log_p.dtype
    states, mirrored = np.empty(count, np.int64), np.empty(count, np.int64)
    skips, reverse_skips, reversed_labels = np.empty(count, dtype), np.empty(count, dtype), np.empty_like(labels)
    reverse(labels, reversed_labels)
    fill_states(reversed_labels, mirrored, reverse_skips)
    fill_states(labels, states, skips)
    emitted, reverse_emitted = np.empty((frames, count), dtype), np.empty((frames, count), dtype)
    for t in range(frames):
        for s in range(count):
            emitted[t, s] = log_p[t, states[s]]
            reverse_emitted[t, s] = log_p[frames - 1 - t, mirrored[s]]
    forward, backward = np.empty((frames, count), dtype), np.empty((frames, count), dtype)
    ctc_paths(emitted, skips, forward)
    total = total_of(forward)
    if total < 0.5 * NEVER:
        dlogits[:] = 0.0
        return np.inf
    ctc_paths(reverse_emitted, reverse_skips, backward)
    shares = reverse_emitted  # saves an array: its numbers are not needed any more
    occupancy(forward, backward, emitted, total, shares)
    ctc_grad(p, shares, states, weight, dlogits)
    return -np.float64(total)


@jit.loss
def ctc_loss_kernel(y, target, weight, dy):
    """Return the mean of −log P(labels) over recordings, and write its gradient with respect to the logits y to dy.

    y is (n, frames · symbols). A row of ``target`` has the frames of its recording, the number of symbols, the labels,
    from 1, and 0 for the rest. Frames after a recording's own are padding, whose gradient is 0.
    """
    n, symbols = y.shape[0], int(target[0, SYMBOLS])
    frames = y.shape[1] // symbols
    z, p = y.reshape((n * frames, symbols)), np.empty((n * frames, symbols), y.dtype)
    s, log_p = np.empty(n * frames, y.dtype), np.empty((frames, symbols), y.dtype)
    softmax(z, p, s)
    total = 0.0
    dy[:] = 0.0
    for i in range(n):
        used, first = int(target[i, FRAMES]), i * frames
        labels = np.empty(np.count_nonzero(target[i, FIRST:]), np.int64)
        for u in range(labels.size):
            labels[u] = int(target[i, FIRST + u])
        for t in range(used):
            for k in range(symbols):
                log_p[t, k] = z[first + t, k] - s[first + t]
        share = weight[i] / weight.dtype.type(n)
        total += weight[i] * ctc_row(
            log_p[:used], p[first : first + used], labels, share, dy[i, : used * symbols].reshape((used, symbols)))
    return total / n


@jit.loop
def call_kernel(kernel, y, target, weight, dy):
    """Call a loss's kernel by its address."""
    return jit.call_loss(kernel, (y, target, weight, dy))


# Targets --------------------------------------------------------------------------------------------------------------


def ctc_targets(labels: Any, input_lengths: Any, label_lengths: Any, frames: int, symbols: int) -> np.ndarray:
    """Rows of targets (n, 2 + most) for recordings of at most ``frames`` frames; see `FRAMES`, `SYMBOLS`, `FIRST`.

    ``labels`` is (n, most), as long as the longest row, ``input_lengths`` (n,) the frames of each recording,
    ``label_lengths`` (n,) the number of labels in each row; what follows them is ignored. Raises a ValueError where a
    number does not fit, or a recording is too short for its labels.
    """
    label_rows = np.asarray(checks.targets("labels", labels), np.int64)
    if label_rows.ndim != 2:
        raise ValueError(f"labels has shape {label_rows.shape}; it must be (n, most labels)")
    used = _lengths("input_lengths", input_lengths, len(label_rows), 1, frames)
    counts = _lengths("label_lengths", label_lengths, len(label_rows), 0, label_rows.shape[1])
    kept = np.arange(label_rows.shape[1]) < counts[:, None]
    rows = np.column_stack([used, np.full(len(used), symbols), np.where(kept, label_rows, 0)]).astype(np.float64)
    wrong = label_rows[kept & ((label_rows < 1) | (label_rows >= symbols))]
    if wrong.size > 0:
        raise ValueError(f"labels holds {wrong[0]}; labels must be from 1 to {symbols - 1}, and 0 is the blank")
    return check_ctc_targets("labels", rows, frames * symbols)


def _lengths(name: str, value: Any, rows: int, low: int, high: int) -> np.ndarray:
    """Lengths as integers, (rows,); a ValueError for one that is not from ``low`` to ``high``."""
    lengths = np.asarray(checks.targets(name, value, rows), np.int64)
    outside = lengths[(lengths < low) | (lengths > high)]
    if outside.size > 0:
        raise ValueError(f"{name} holds {outside[0]}; it must be from {low} to {high}")
    return lengths


def check_ctc_targets(name: str, rows: np.ndarray, outputs: int) -> np.ndarray:
    """Return rows of targets; a ValueError for the first one that does not fit a network with so many outputs."""
    if rows.shape[1] < FIRST or (rows != np.floor(rows)).any() or len(set(rows[:, SYMBOLS])) != 1:
        raise ValueError(f"{name} has rows such as {rows[0, :5]}; each must hold the frames, the number of symbols, "
                         "the same in all rows, then the labels: see ctc.ctc_targets")
    frames, left = divmod(outputs, max(int(rows[0, SYMBOLS]), 1))
    if left or rows[0, SYMBOLS] < 2:
        raise ValueError(f"{name} names {rows[0, SYMBOLS]:g} symbols and the network has {outputs} outputs; there must "
                         "be one for each frame and each symbol, of which there are at least 2")
    for number, row in enumerate(rows):
        labels = row[FIRST:][row[FIRST:] > 0]
        needed = labels.size + int((labels[1:] == labels[:-1]).sum())
        if not 1 <= row[FRAMES] <= frames or labels.max(initial=1.0) >= row[SYMBOLS]:
            raise ValueError(f"{name}, row {number}, has {row[FRAMES]:g} frames and labels up to "
                             f"{labels.max(initial=0):g}; frames must be from 1 to {frames}, labels below "
                             f"{row[SYMBOLS]:g}")
        if needed > row[FRAMES]:
            raise ValueError(f"{name}, row {number}, has {checks.counted(labels.size, 'label')}, which take at least "
                             f"{checks.counted(needed, 'frame')} (a repeated one has a blank before it), and its "
                             f"recording has {row[FRAMES]:g}")
    return rows


def ctc_loss(logits: Any, labels: Any, input_lengths: Any, label_lengths: Any) -> np.ndarray:
    """−log P(labels) of each recording, (n,) float64.

    Args
        logits: (n, frames, symbols); symbol 0 is the blank.
        labels: (n, most), integers from 1, of which the first ``label_lengths``, (n,), are used.
        input_lengths: (n,), the frames of each recording; the frames after them are padding.

    Raises
        ValueError if a shape or a number does not fit, or a recording has too few frames for its labels.
    """
    z = np.asarray(checks.targets("logits", logits), np.float64)
    if z.ndim != 3:
        raise ValueError(f"logits has shape {z.shape}; it must be (n, frames, symbols)")
    rows = ctc_targets(labels, input_lengths, label_lengths, *z.shape[1:])
    if len(rows) != len(z):
        raise ValueError(f"labels has {len(rows)} rows and logits {len(z)}; the numbers must be equal")
    flat, kernel = z.reshape(len(z), -1), ctc_loss_kernel.compiled(np.float64)
    one, unused = np.ones(1), np.empty((1, flat.shape[1]))
    return np.array([call_kernel(kernel, flat[i : i + 1], rows[i : i + 1], one, unused) for i in range(len(z))])


def guessing_loss(targets: np.ndarray, dtype: str = "float64") -> float:
    """The mean CTC loss of the best distribution over symbols that is the same in all frames of all clips.

    A network that has learned nothing but how frequent each symbol is has this loss. It is found by Baum-Welch: the new
    probability of a symbol is its expected share of the frames, which is at hand in the gradient of [ctc_grad], p less
    that share; no update raises the loss. ``targets`` are rows of `ctc_targets`, of which at most `GUESSED_CLIPS` are
    used.
    """
    rows = targets[:: -(-len(targets) // GUESSED_CLIPS)].astype(dtype)
    n, symbols, longest = len(rows), int(rows[0, SYMBOLS]), int(rows[:, FRAMES].max())
    frames, shares, loss = float(rows[:, FRAMES].sum()), np.full(symbols, 1.0 / symbols), np.inf
    kernel, ones = ctc_loss_kernel.compiled(np.dtype(dtype)), np.ones(n, dtype)
    for _ in range(GUESSED_UPDATES):
        logits = np.tile(np.log(shares), (n, longest)).astype(dtype)
        gradient = np.empty_like(logits)
        loss = float(call_kernel(kernel, logits, rows, ones, gradient))
        shares -= n / frames * gradient.reshape(-1, symbols).sum(axis=0, dtype=np.float64)
        shares = np.maximum(shares, 1e-12) / np.maximum(shares, 1e-12).sum()
    return loss


LOSSES["ctc"] = Loss("ctc", ctc_loss_kernel, "labels")  # for `Sequential.compile`
ENCODERS["labels"] = check_ctc_targets
