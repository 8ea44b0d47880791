# %% [markdown]
# # 21 The same product, a thousand times as fast
# A matrix product in Python loops, compiled loops, vectors and registers: how fast each is, and whether bits differ.
#
# Covers section 8.3 of the document.

# %% [markdown]
# ## Question
# Tuning means training many networks, and most of the time of a training is spent in matrix products. The formula of a
# product is three loops. Written in Python, they are more than a thousand times slower than the package's product,
# which computes the same sums. Where does the time go?

# %% [markdown]
# ## Formulas
# - [matmul] cᵢⱼ = Σₖ[aᵢₖ · bₖⱼ]
#
# Each term is one *multiply-add*: two numbers are multiplied, and the product is added to a sum. A product of 64 x 64
# matrices has 64³ = 262,144 of them. A multiply-add counts as two operations. Speed is given in GFLOP/s, billions of
# operations per second.
#
# Four terms about processors:
#
# - A *register* holds a number, or a vector, that an instruction works on. There are 16 or 32 for vectors.
# - A *vector* (SIMD) is several numbers in one register. One instruction multiplies or adds all of them at once.
# - A *fused multiply-add* is one instruction for a · b + c that rounds only once, at the end.
# - A *cache* is a small fast memory for the data used most recently. There are several; the larger ones are slower.

# %% [markdown]
# ## Predict
# 1. How many times as fast as the loops in Python is the fastest of the compiled products below?
# 2. Two compiled versions differ only in the order of two loops. Does that change the speed?
# 3. A plain loop loads two numbers for each multiply-add. With 32 registers, how few loads for each are enough?
# 4. A network predicts one row, and then the same row among a thousand. Are the outputs the same, bit for bit?

# %% [markdown]
# ## Code: five ways to compute a product
# `@jit.function_in_order` compiles a function and keeps each sum in the order written; `@jit.function` may reorder
# sums. The first two functions below differ only in the order of their loops. `multiply` is the package's product.

# %%
import sys
import time

import matplotlib.pyplot as plt
import numpy as np

from scratchtune import jit
from scratchtune.jit.vectors import processor
from scratchtune.network.matmul import multiply, multiply_panels


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
    shapes = (rows, depth), (depth, columns), (rows, columns)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def gflops(product, a, b, out):
    """The fastest of three measurements in processor time; each repeats the product for at least 0.01 s."""
    product(a, b, out)  # compiles it
    seconds = []
    for _ in range(3):
        begun, count = time.process_time(), 0
        while time.process_time() < begun + 0.01:
            product(a, b, out)
            count += 1
        seconds.append((time.process_time() - begun) / count)
    return 2 * a.size * b.shape[1] / min(seconds) / 1e9


PRODUCTS = {"loops in Python": jit.plain(by_columns), "compiled, i j k": by_columns, "compiled, i k j": by_rows,
            "tiles in registers": multiply, "NumPy": numpy_product}
a, b, out = matrices(64, 64, 64)
speeds = {name: gflops(product, a, b, out) for name, product in PRODUCTS.items()}

# %% [markdown]
# Speeds go to stderr, as they are your machine's own.

# %%
slowest = speeds["loops in Python"]
for name, speed in speeds.items():
    print(f"{name:18} {speed:9.4f} GFLOP/s, {speed / slowest:8.0f} times the first", file=sys.stderr)
print(f"vectors of {processor().vector_bytes} bytes, tiles of {jit.tile_rows()} x {jit.tile_columns(out)} numbers, "
      f"fused multiply-adds: {processor().fused}", file=sys.stderr)

# %% [markdown]
# On a processor with AVX-512 the speeds were 0.006, 3, 27, 86 and 78 GFLOP/s. (The third was 11 in runs where the
# result did not begin at a multiple of 32 bytes in memory.) What each step changes:
#
# - *Compiled.* For each operation, Python looks up the types of its operands and creates an object for the result.
#   Compiled code does neither.
# - *The order of the loops.* With i, j, k, successive multiply-adds belong to the same sum, so each waits for the one
#   before it. And the numbers of a column of b are a whole row apart in memory, so one load gets only one of them. With
#   i, k, j, successive multiply-adds belong to different sums, and their numbers are side by side in memory. So the
#   compiler uses vectors.
# - *Registers.* With i, k, j, each multiply-add loads part of b and part of the result, and stores the result again.
#   The package instead computes a small block of the result at a time, a *tile*. The sums of a tile stay in registers
#   from the first k to the last. (`scratchtune/jit/tile.py` has a drawing.)
#
# A tile has R rows of C vectors. For each k it loads R numbers of a and C vectors of b, and multiplies each of the R
# numbers by each of the C vectors. That is R + C loads for R · C multiply-adds of vectors. The sums need R · C
# registers, the vectors of b need C, and the numbers of a need at least one.

# %%
print("tile    loads  multiply-adds  loads per multiply-add  registers")
for rows, vectors in ((1, 1), (2, 2), (6, 2), (8, 2), (16, 2)):
    loads, multiply_adds = rows + vectors, rows * vectors
    print(f"{rows:2} x {vectors}  {loads:6} {multiply_adds:14} {loads / multiply_adds:23.3f} "
          f"{multiply_adds + vectors + 1:10}")
# -> tile    loads  multiply-adds  loads per multiply-add  registers
# ->  1 x 1       2              1                   2.000          3
# ->  2 x 2       4              4                   1.000          7
# ->  6 x 2       8             12                   0.667         15
# ->  8 x 2      10             16                   0.625         19
# -> 16 x 2      18             32                   0.562         35

# %% [markdown]
# ## Check: five ways to compute a product
# Predict 1 and 2: see the speeds that were printed. Predict 3: 0.625, with the package's tile of 8 x 2. Processors with
# 16 registers get a tile of 6 x 2. A tile of 16 x 2 does not fit into 32 registers, so some of its sums would have to
# be in memory.
#
# Do all five compute the same? If all numbers are small integers, nothing is rounded, so all results must be equal.
# With other numbers, the three compiled products must still have the same bits: each sum starts from 0 and adds its
# terms in order of k. They differ only in how many sums are computed at once.

# %%
rows, vectors = jit.tile_rows(), jit.tile_columns(out) // jit.vector_size(out)
assert rows * vectors + vectors + 1 <= (32 if processor().many_registers else 16)


def product_of(product, a, b):
    out = np.empty((a.shape[0], b.shape[1]), np.float32)
    product(a, b, out)
    return out


integers = [np.rint(4.0 * matrix) for matrix in (a, b)]
exact = [product_of(product, *integers) for product in PRODUCTS.values()]
compiled = [product_of(product, a, b) for product in (by_columns, by_rows, multiply)]
print(f"all five are equal for integers: {all(np.array_equal(one, exact[0]) for one in exact)}")
print(f"the three compiled ones have the same bits: {all(np.array_equal(one, compiled[0]) for one in compiled)}")
assert all(np.array_equal(one, exact[0]) for one in exact)
assert all(np.array_equal(one, compiled[0]) for one in compiled)
# -> all five are equal for integers: True
# -> the three compiled ones have the same bits: True

# %% [markdown]
# ## Code: one row among a thousand
# The first layer of a network for images of 28 x 28 pixels: 1000 rows at once, and each of them alone.

# %%
images, weights, _ = matrices(1000, 784, 128)
for name, product in (("multiply", multiply), ("NumPy", numpy_product)):
    together = product_of(product, images, weights)
    alone = np.concatenate([product_of(product, images[i : i + 1], weights) for i in range(len(images))])
    same = int((alone == together).all(axis=1).sum())
    print(f"{name}: {same} of 1000 rows have the same bits alone", file=sys.stderr)
    assert np.allclose(alone, together, atol=1e-3)
    if product is multiply:
        print(f"all rows have the same bits alone and among a thousand: {same == 1000}")
        assert same == 1000
# -> all rows have the same bits alone and among a thousand: True

# %% [markdown]
# Predict 4: with the package, they are the same. The terms of a sum are added in order of k, whichever row the sum
# belongs to and however many rows there are. NumPy promises no order. On the processor named above, none of its 1000
# rows had the same bits alone.

# %% [markdown]
# ## Code: what a fused multiply-add rounds
# float32 can represent every integer up to 2²⁴ = 16,777,216, but from there to 2²⁵ only the even ones. 4097² =
# 16,785,409 is odd, so float32 rounds it to 16,785,408. Now compute −16,785,408 + 4097 · 4097:
#
#     two operations: the product is rounded     −16785408 + 16785408 = 0
#     fused: only the sum is rounded             −16785408 + 16785409 = 1

# %%
first, second = np.array([[-16785408, 4097]], np.float32), np.array([[1], [4097]], np.float32)
rounded = first[0, 0] + first[0, 1] * second[1, 0]  # NumPy's scalars: two operations, each rounded
in_registers = product_of(multiply, first, second)[0, 0]
print(f"two operations: {rounded:.0f}")
print(f"multiply: {in_registers:.0f}", file=sys.stderr)
assert rounded == 0 and in_registers == (processor().fused and not jit.DISABLED)
# -> two operations: 0

# %% [markdown]
# The fused result is the exact one. `multiply` gives it on processors that have the instruction; on others it gives 0.
# So two processors may differ in the last bits.

# %% [markdown]
# ## Code: memory
# 64 rows times n x n weights, as in a dense layer with a batch of 64. If n is small, the weights fit into the first
# cache (often 32 or 48 KiB). Larger ones fit only into the second (often 1 or 2 MiB), and the largest into neither.
#
# `tiles` is the loop over tiles and nothing else. `multiply_panels` first copies parts of b to *panels*, where the
# numbers that a tile reads are side by side. `multiply` does so if b has more than 256 · 256 numbers.


# %%
@jit.function_noalias  # as `jit.function`, where arrays share no memory
def tiles(a, b, out):
    for j in range(0, out.shape[1], jit.tile_columns(out)):
        for i in range(0, out.shape[0], jit.tile_rows()):
            jit.add_tile(a, b, out, i, j, True)


SIZES = (64, 256, 512, 1000, 1024, 2048)
WAYS = {"i j k": by_columns, "i k j": by_rows, "tiles": tiles, "panels": multiply_panels}
print(f"   n  KiB of b  {''.join(f'{name:>8}' for name in WAYS)}   (GFLOP/s)", file=sys.stderr)
for n in SIZES:
    a, b, out = matrices(64, n, n)
    measured = [gflops(by_columns, a[:8], b, out[:8])]  # eight rows are enough for the slow one
    measured += [gflops(product, a, b, out) for product in (by_rows, tiles, multiply_panels)]
    print(f"{n:4} {b.nbytes // 1024:9}  {''.join(f'{speed:8.2f}' for speed in measured)}", file=sys.stderr)
    results = [product_of(product, a[:8], b) for product in WAYS.values()]
    assert all(np.array_equal(result, results[0]) for result in results)

# %% [markdown]
# On a processor with AVX-512 and 1 MiB of second cache:
#
# - i j k falls from 3 for n = 64 to 0.4 for n = 2048. It was three times as fast for n = 1000 as for n = 1024, though
#   the weights are about as large. The address of a number allows only a few positions in a cache. If rows are 4096
#   bytes long, all numbers of a column compete for the same few positions.
# - i k j keeps its speed. It reads memory from one end to the other, and processors fetch such data in advance.
# - Up to n = 1024, tiles without copies are about a tenth faster than panels: with 64 rows, the copy costs more than it
#   saves. For n = 2048, panels are faster: 83 instead of 70. On the same processor, but with the instructions of AVX2,
#   panels are faster from n = 1000: 81 instead of 49.
#
# All four have the same bits for every n, as the assertion checks. Each panel continues the sums of the one before.

# %%
fig, ax = plt.subplots(num="21-speed", figsize=(8, 3.5), layout="constrained")
bars = ax.barh(list(speeds), list(speeds.values()))
ax.bar_label(bars, fmt="%.3g", padding=3)
ax.invert_yaxis()
ax.set(xscale="log", xlabel="GFLOP/s (log scale)", title="64 x 64 times 64 x 64, measured just now")

# %% [markdown]
# ## Break it
# Give up the order of the sum. `@jit.function` lets the compiler use a vector of partial sums and add them up at the
# end. The terms below are 2²⁴ and then 63 ones. In order, each 1 is lost: 2²⁴ + 1 is odd, and float32 rounds it to 2²⁴.
# With four partial sums, the first one is 2²⁴ and the other three are 16 each.


# %%
@jit.function_in_order
def sum_in_order(terms):
    total = terms[0]
    for k in range(1, terms.size):
        total += terms[k]
    return total


@jit.function
def sum_in_any_order(terms):
    total = terms[0]
    for k in range(1, terms.size):
        total += terms[k]
    return total


terms = np.ones(64, np.float32)
terms[0] = 2**24
four = np.zeros(4, np.float32)
for part in terms.reshape(-1, 4):
    four += part
print(f"in order: 2^24 + {sum_in_order(terms) - 2**24:.0f}")
print(f"four partial sums: 2^24 + {four.sum() - 2**24:.0f}")
print(f"in any order, on this processor: 2^24 + {sum_in_any_order(terms) - 2**24:.0f}", file=sys.stderr)
assert sum_in_order(terms) == 2**24 and four.sum() == 2**24 + 48
assert 2**24 <= sum_in_any_order(terms) <= 2**24 + 64
# -> in order: 2^24 + 0
# -> four partial sums: 2^24 + 48

# %% [markdown]
# The exact sum is 2²⁴ + 63, so partial sums are more accurate here. (With AVX-512 the compiled one gave 2²⁴ + 52.) But
# the result now depends on their number, which differs between processors, and between the routines that a library
# has for one row and for a thousand. A tile needs no partial sums: each number in its vectors is a sum of its own.

# %% [markdown]
# ## Exercise
# A product in panels that keeps the order. Write a function that adds the terms of one panel to `out` (rows, columns),
# in place. `a` is (rows, k) and `b` is (k, columns). The panel has the terms of k = first, first + 1, ..., `depth` of
# them; the last panel may have fewer. The function is called once for each panel, from the first to the last, and `out`
# is 0 before the first. After the last, `out` must have the bits of one sum over all k in order.
#
# Use NumPy or loops; all matrices are float32. Then run `python -m lessons check 21`.


# %%
def add_panel(out, a, b, first, depth):
    raise NotImplementedError


# %%
def check(solution=None):
    """Rows of 2^24 and ones times a column of ones, by hand; then random matrices, against a single sum."""
    solution = solution or add_panel

    def in_panels(a, b, depth):
        out = np.zeros((a.shape[0], b.shape[1]), np.float32)
        for first in range(0, a.shape[1], depth):
            solution(out, a, b, first, depth)
        return out

    large = 2**24
    by_hand = [  # terms, depth, their sum; then wrong sums, and the misunderstanding that gives them
        ([1, 2, 4], 1, 7, {0: "`out` is unchanged; change it in place, as in out += ...",
                           4: "the terms of earlier panels are lost: add to what is in `out`",
                           3: "these are the terms of k = 0 in every panel: begin with k = first"}),
        ([1, 2, 4], 2, 7, {3: "the last panel has fewer terms, and they are missing"}),
        ([large, 0, 1, 1], 2, large, {
            large + 2: "the panel was summed alone, or in float64; add each term to `out` itself, in float32"}),
        ([large, 1, 1], 3, large, {large + 2: "the terms are added in another order: begin with k = first"}),
    ]
    for terms, depth, right, mistakes in by_hand:
        found = in_panels(np.array([terms], np.float32), np.ones((len(terms), 1), np.float32), depth)[0, 0]
        message = mistakes.get(float(found), "count the terms again")
        assert found == right, f"terms {terms} in panels of {depth}: {message} (it gives {found:.0f}, not {right})"
    for rows, terms, columns, depth in ((1, 7, 1, 3), (5, 40, 9, 16), (3, 64, 4, 64)):
        rng = np.random.default_rng(terms)
        a = rng.normal(size=(rows, terms)).astype(np.float32)
        b = np.exp2(rng.integers(-3, 4, size=(terms, columns))).astype(np.float32)  # no product is rounded
        right = np.zeros((rows, columns), np.float32)
        for k in range(terms):
            right += a[:, k : k + 1] * b[k]
        found = in_panels(a, b, depth)
        assert np.allclose(found, right, atol=1e-3), f"{terms} terms in panels of {depth} give another product"
        assert np.array_equal(found, right), f"{terms} terms in panels of {depth} give the product, but other bits"
