"""The claims of lesson 36, residual connections and normalisation, on stacks of 12 blocks before training."""

import numpy as np

from lessons.claims import claim


def _normalise(x):
    centred = x - x.mean(axis=-1, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    y = centred / std
    return y, lambda dy: (dy - dy.mean(axis=-1, keepdims=True) - y * (dy * y).mean(axis=-1, keepdims=True)) / std


def _attention(kernels):
    def part(x):
        q, k, v = (np.einsum("nie,ehk->nhik", x, kernel) for kernel in kernels[:3])
        scores = q @ k.swapaxes(2, 3) / np.sqrt(q.shape[3])
        p = np.exp(scores - scores.max(axis=3, keepdims=True))
        p /= p.sum(axis=3, keepdims=True)

        def back(dy):
            do = np.einsum("nio,hko->nhik", dy, kernels[3])
            dp = do @ v.swapaxes(2, 3)
            ds = p * (dp - (dp * p).sum(axis=3, keepdims=True)) / np.sqrt(q.shape[3])
            through = ds @ k, ds.swapaxes(2, 3) @ q, p.swapaxes(2, 3) @ do
            return sum(np.einsum("nhik,ehk->nie", each, kernel) for each, kernel in zip(through, kernels, strict=False))

        return np.einsum("nhik,hko->nio", p @ v, kernels[3]), back

    return part


def _network(A, B):
    def part(x):
        hidden = np.maximum(x @ A, 0.0)
        return hidden @ B, lambda dy: (dy @ B.T * (hidden > 0.0)) @ A.T

    return part


def _stack(draw, normal, residual, blocks=12):
    """The share of the output that differs between the steps, and the norm of the gradient at the bottom."""
    rng = np.random.default_rng(draw)
    x, backs = rng.normal(size=(8, 10, 32)), []
    for _ in range(blocks):
        shapes = [((32, 4, 8), 64)] * 3 + [((4, 8, 32), 64), ((32, 64), 96), ((64, 32), 96)]
        kernels = [rng.uniform(-1.0, 1.0, shape) * np.sqrt(6.0 / fans) for shape, fans in shapes]
        for part in (_attention(kernels), _network(*kernels[4:])):
            z, normal_back = _normalise(x) if normal else (x, lambda dy: dy)
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
