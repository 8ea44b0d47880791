"""The claims of lesson 36, residual connections and normalisation, on stacks of 12 blocks before training."""

import numpy as np

from lessons.claims import claim, of_lesson

lesson = of_lesson(36, "normalise", "attention", "network")


def _stack(draw, normal, residual, blocks=12):
    """The share of the output that differs between the steps, and the norm of the gradient at the bottom."""
    rng = np.random.default_rng(draw)
    x, backs = rng.normal(size=(8, 10, 32)), []
    for _ in range(blocks):
        shapes = [((32, 4, 8), 64)] * 3 + [((4, 8, 32), 64), ((32, 64), 96), ((64, 32), 96)]
        kernels = [rng.uniform(-1.0, 1.0, shape) * np.sqrt(6.0 / fans) for shape, fans in shapes]
        for part in (lesson.attention(*kernels[:4]), lesson.network(*kernels[4:])):
            z, normal_back = lesson.normalise(x) if normal else (x, lambda dy: dy)
            y, back = part(z)
            backs.append((normal_back, back))
            x = x + y if residual else y
    dy = rng.normal(size=x.shape)
    dy /= np.linalg.norm(dy)
    for normal_back, back in reversed(backs):
        dy = (dy if residual else 0.0) + normal_back(back(dy))
    return np.linalg.norm(x - x.mean(axis=1, keepdims=True)) / np.linalg.norm(x), np.linalg.norm(dy)


@claim("36a")
def residuals_keep_the_words(draw):
    """Without residuals under a hundredth of 12 blocks' output differs between steps, with pre-norm over a fifth."""
    without, with_them = _stack(draw, True, False)[0], _stack(draw, True, True)[0]
    return without < 0.01 and with_them > 0.2, without


@claim("36b")
def gradients_grow(draw):
    """Without normalisation, the gradient at the bottom of 12 blocks is a thousand times that at the top, or more."""
    norm = _stack(draw, False, True)[1]
    return norm > 1000.0, norm
