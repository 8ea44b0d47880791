# %% [markdown]
# # 50 A thousand times as fast
# A matrix product in Python loops, compiled loops and registers: where the time goes, and whether the bits differ.
#
# 20 minutes

# %% [markdown]
# ## Question
# A training is mostly matrix products, and the formula of a product is three loops:
# - [matmul] cᵢⱼ = Σₖ[aᵢₖ · bₖⱼ]
#
# Where does the time go? Each term is a *multiply-add*, which counts as two operations; speed is given in GFLOP/s,
# billions of operations per second. `@jit.function_in_order` compiles a function and keeps each sum in the order
# written. The first two functions below differ only in the order of their loops; `multiply` is the package's.

# %%
import sys
import time

import matplotlib.pyplot as plt
import numpy as np

from scratchtune import jit
from scratchtune.core.network.matmul import multiply


@jit.function_in_order
def by_columns(a, b, out):
    """The textbook's order: i, j, k. The innermost loop moves down a column of b."""
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            out[i, j] = 0.0
            for k in range(a.shape[1]):
                out[i, j] += a[i, k] * b[k, j]


@jit.function_in_order
def by_rows(a, b, out):
    """The order i, k, j. The innermost loop moves along a row of b and a row of the result."""
    for i in range(a.shape[0]):
        out[i, :] = 0.0
        for k in range(a.shape[1]):
            for j in range(b.shape[1]):
                out[i, j] += a[i, k] * b[k, j]


def numpy_product(a, b, out):
    np.matmul(a, b, out=out)


def matrices(rows, depth, columns):
    """Two random matrices of float32, and one for their product."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=size).astype(np.float32) for size in ((rows, depth), (depth, columns), (rows, columns))]


def gflops(product, a, b, out):
    """The fastest of three measurements; each repeats the product for at least a hundredth of a second."""
    product(a, b, out)  # compiles it
    seconds = []
    for _ in range(3):
        begun, count = time.process_time(), 0
        while time.process_time() < begun + 0.01:
            product(a, b, out)
            count += 1
        seconds.append((time.process_time() - begun) / count)
    return 2 * a.size * b.shape[1] / min(seconds) / 1e9

# %% [markdown]
# ## Predict 1
# How many times as fast as the loops in Python is the fastest of the others? And does the order of two loops matter?

# %%
PRODUCTS = {"loops in Python": jit.plain(by_columns), "compiled, i j k": by_columns, "compiled, i k j": by_rows,
            "tiles in registers": multiply, "NumPy": numpy_product}
a, b, out = matrices(64, 64, 64)
speeds = {name: gflops(product, a, b, out) for name, product in PRODUCTS.items()}
for name, speed in speeds.items():  # on stderr, as they are your machine's own
    print(f"{name:18} {speed:9.4f} GFLOP/s, {speed / speeds['loops in Python']:8.0f} times the first", file=sys.stderr)

fig, ax = plt.subplots(num="50-speed", figsize=(8, 3.5), layout="constrained")
ax.bar_label(ax.barh(list(speeds), list(speeds.values())), fmt="%.3g", padding=3)
ax.invert_yaxis()
ax.set(xscale="log", xlabel="GFLOP/s (log scale)", title="64 x 64 times 64 x 64, measured just now")

# %% [markdown]
# ## Answer 1
# The picture has your machine's speeds. One processor with AVX-512 reached 6 MFLOP/s in Python, then 3, 27, 86 and 78
# GFLOP/s. What each step changes:
#
# - *Compiled.* For each operation Python looks up types and creates an object; compiled code does neither.
# - *The order of the loops.* With i, j, k each multiply-add waits for the one before it, which belongs to the same sum.
#   With i, k, j neighbours belong to different sums and are side by side in memory, so one instruction does several of
#   them: a *vector* in one *register*.
# - *Tiles.* With i, k, j each multiply-add loads and stores a part of the result. The package computes a small block of
#   it, a *tile*, whose sums stay in registers from the first k to the last.

# %% [markdown]
# ## Predict 2
# A tile has R rows of C vectors. For each k it loads R numbers of a and C vectors of b, for R · C multiply-adds. It
# needs a register for each of its sums, C for b, and one for a. With 32 registers, how few loads for each are enough?

# %%
for rows, vectors in ((1, 1), (2, 2), (6, 2), (8, 2), (16, 2)):
    print(f"tile of {rows:2} x {vectors}: {(rows + vectors) / (rows * vectors):.3f} loads for each multiply-add, "
          f"{rows * vectors + vectors + 1:2} registers")
# -> tile of  1 x 1: 2.000 loads for each multiply-add,  3 registers
# -> tile of  2 x 2: 1.000 loads for each multiply-add,  7 registers
# -> tile of  6 x 2: 0.667 loads for each multiply-add, 15 registers
# -> tile of  8 x 2: 0.625 loads for each multiply-add, 19 registers
# -> tile of 16 x 2: 0.562 loads for each multiply-add, 35 registers

# %% [markdown]
# ## Answer 2
# 0.625, with the package's tile of 8 x 2: a third of the loads of a single sum. Processors with 16 registers get 6 x 2;
# a tile of 16 x 2 does not fit into 32 registers.

# %% [markdown]
# ## Predict 3
# Do the products have the same bits? And one row alone, has it the same bits as among a thousand rows?

# %%
def product_of(product, a, b):
    out = np.empty((a.shape[0], b.shape[1]), np.float32)
    product(a, b, out)
    return out


compiled = [product_of(product, a, b) for product in (by_columns, by_rows, multiply)]
print(f"the three compiled ones have the same bits: {all(np.array_equal(one, compiled[0]) for one in compiled)}")
images, weights, _ = matrices(1000, 784, 128)
for name, product, where in (("multiply", multiply, sys.stdout), ("NumPy", numpy_product, sys.stderr)):
    together = product_of(product, images, weights)
    alone = np.concatenate([product_of(product, images[i : i + 1], weights) for i in range(1000)])
    print(f"{name}: {int((alone == together).all(axis=1).sum())} of 1000 rows have the same bits alone", file=where)
terms = np.ones(64, np.float32)
terms[0] = 2**24
print(f"2^24 and 63 ones: in order 2^24 + {np.cumsum(terms)[-1] - 2**24:.0f}, "
      f"in four partial sums 2^24 + {np.cumsum(terms.reshape(-1, 4), axis=0)[-1].sum() - 2**24:.0f}")
# -> the three compiled ones have the same bits: True
# -> multiply: 1000 of 1000 rows have the same bits alone
# -> 2^24 and 63 ones: in order 2^24 + 0, in four partial sums 2^24 + 48

# %% [markdown]
# ## Answer 3
# Yes, with the package: each sum starts from 0 and adds its terms in order of k, however many are computed at once. The
# last line shows why the order matters. Above 2²⁴ float32 has only even integers, so in order each 1 is lost, and in
# partial sums most are not. A library that takes other partial sums for one row than for a thousand gives other bits.
# (Between two processors the last bits may still differ: some have an instruction that rounds a · b + c only once.)

# %% [markdown]
# ## Exercise
# Large products are computed in *panels*, parts of the sum over k. Write a function that adds the terms of one panel to
# `out` (rows, columns), in place: those of k = first, first + 1, ..., `depth` of them; the last panel may have fewer.
# `a` is (rows, k) and `b` is (k, columns). After the last panel `out` must have the bits of one sum over all k in
# order, so add each term to `out` itself. All are float32. Then run `python -m lessons check 50`.


# %%
def add_panel(out, a, b, first, depth):
    raise NotImplementedError
