"""Each column is multiplied by a learned number, so that training can weight columns, also by almost 0.

Implements section 2.1 of the document.
"""

from __future__ import annotations

from scratchtune import jit


@jit.function_noalias
def column_scale(x, s, y):
    """Multiply each column by a number of its own.

    Formula [column_scale]
        yₙⱼ = xₙⱼ · sⱼ
    Where
        x: x, (n, j), real
        s: s, (j,), real
        y: y, (n, j), written
    Source
        Holzmüller, Grinsztajn and Steinwart (2024), "Better by default", section 3.2: the scaling layer.
    """
    for n in range(x.shape[0]):
        for j in range(x.shape[1]):
            y[n, j] = x[n, j] * s[j]


@jit.function_noalias
def column_scale_weight_grad(x, dy, ds):
    """Gradient with respect to the scales.

    Formula [column_scale_weight_grad]
        dⱼ = Σₙ[gₙⱼ · xₙⱼ]
    Gradient of
        [column_scale] in s
    Where
        x: x, (n, j), real; sampled in [0.1, 2]
        g: dy, (n, j), real; sampled in [0.1, 2], dJ/dy
        d: ds, (j,), written
    Source
        Calculus.
    """
    ds[:] = 0.0
    for n in range(x.shape[0]):
        for j in range(x.shape[1]):
            ds[j] += dy[n, j] * x[n, j]
