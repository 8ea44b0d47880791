# %% [markdown]
# # 29 Convolution by hand
# A small filter slides over an image: nine products and their sum at each position, and that is the whole layer.
#
# 25 minutes · needs 03

# %% [markdown]
# ## Question
# An image of 28x28 pixels is 784 numbers, and a dense layer takes any 784 numbers. So why have another
# [layer](README.md#networks-and-training)? To a dense layer each pixel is a column of its own, with weights of its own:
# a pattern that has moved by one pixel is a new pattern. What does a *convolution* do instead?

# %% [markdown]
# ## By hand
# Lay a filter of 3x3 weights on an image, with its upper left corner at row m and column n. Multiply each weight by the
# pixel beneath it, and add up: one number of the output. Then slide the filter to the next position, with the *same
# weights*. Here is an image of 5x5 pixels, and the window at the upper left:
#
#     0  0  0  0  0
#     0  1  2  0  0       1  0  -1      pixels   0  0  0
#     0  1  2  0  1       2  0  -2      beneath  0  1  2     y = -2·2 - 1·2 = -6
#     0  1  2  0  0       1  0  -1      it       0  1  2
#     0  0  0  3  0

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.images.images import same_padding, same_size, valid_size

image = np.array([[0, 0, 0, 0, 0], [0, 1, 2, 0, 0], [0, 1, 2, 0, 1], [0, 1, 2, 0, 0], [0, 0, 0, 3, 0]], float)
weights = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], float)
by_hand = np.zeros((3, 3))
for m in range(3):
    for n in range(3):
        for k in range(3):
            for j in range(3):
                by_hand[m, n] += image[m + k, n + j] * weights[k, j]


def outputs(layer, images, filters):
    """What a layer returns for images (rows, height, width, channels), with these filters and no bias."""
    model = st.Sequential([layer], dtype="float64")
    model.build((None, *images.shape[1:]))
    model.set_weights([filters, np.zeros(filters.shape[-1])])
    return model.predict(images)


print("by hand      ", *by_hand)
print("by st.Conv2D ", *outputs(st.Conv2D(1, 3), image[None, :, :, None], weights[:, :, None, None])[0, :, :, 0])
# -> by hand       [-6.  3.  5.] [-8.  4.  6.] [-6.  0.  5.]
# -> by st.Conv2D  [-6.  3.  5.] [-8.  4.  6.] [-6.  0.  5.]

# %% [markdown]
# The package's formula says the same for several images i, *channels* e (a colour image has three) and filters o, each
# with a bias b; s and r are the steps of the filter, the *strides*, and t and q are rows and columns of zeros around:
# - [conv2d] yᵢₘₙₒ = bₒ + Σₖⱼₑ[x[i, s · m + k − t, r · n + j − q, e] · wₖⱼₑₒ]

# %% [markdown]
# ## Predict 1
# Eight filters of 3x3 on a gray image of 28x28 pixels return 26x26x8 numbers. How many weights and biases is that? And
# how many has a dense layer that returns as many numbers? Is the convolution a dense layer, too?

# %%
def parameters(layer, shape):
    model = st.Sequential([layer])
    model.build((None, *shape))
    return model.theta.size


print(f"Conv2D(8, 3): {parameters(st.Conv2D(8, 3), (28, 28, 1))}, "
      f"Dense(26 * 26 * 8): {parameters(st.Dense(26 * 26 * 8), (784,)):,}")
units = np.eye(25).reshape(25, 5, 5, 1)  # 25 images of 5x5 with a single 1: the outputs are the rows of a matrix
M = outputs(st.Conv2D(1, 3), units, np.arange(1.0, 10.0).reshape(3, 3, 1, 1)).reshape(25, 9)
print(f"as a matrix: {M.size} weights, {np.count_nonzero(M)} are not 0, with {np.unique(M[M != 0]).size} values")
# -> Conv2D(8, 3): 80, Dense(26 * 26 * 8): 4,245,280
# -> as a matrix: 225 weights, 81 are not 0, with 9 values

# %% [markdown]
# ## Answer 1
# 80, and more than four million. The number does not depend on the size of the image, as the weights belong to
# positions in the window. And the convolution *is* a dense layer: from 25 pixels to 9 outputs it is a matrix of 225
# weights. Most of them are held at 0, since an output sees its window only; the others are nine numbers, *shared* by
# all positions. Lesson 30 measures what that gains.

# %% [markdown]
# ## Predict 2
# 28 rows of pixels, a filter of 3 rows, stride 2. How many rows does the output have, if the filter must stay within
# the image (padding "valid")? And with zeros around, so that a window begins at every second pixel ("same")? How many
# rows of zeros does that take above the image, and how many below?
# - [valid_size] o = floor((n − k) / s) + 1
# - [same_size] o = floor((n − 1) / s) + 1
# - [same_padding] t = floor(max(floor((n − 1) / s) · s + k − n, 0) / 2)

# %%
for pixels, kernel, stride in ((28, 3, 1), (28, 3, 2), (27, 3, 2), (28, 5, 3)):
    size, before = same_size(pixels, stride), same_padding(pixels, kernel, stride)
    after = max((size - 1) * stride + kernel - pixels, 0) - before
    print(f"{pixels} pixels, filter {kernel}, stride {stride}: valid {valid_size(pixels, kernel, stride)}, "
          f"same {size}, zeros before {before} and after {after}")
# -> 28 pixels, filter 3, stride 1: valid 26, same 28, zeros before 1 and after 1
# -> 28 pixels, filter 3, stride 2: valid 13, same 14, zeros before 0 and after 1
# -> 27 pixels, filter 3, stride 2: valid 13, same 14, zeros before 1 and after 1
# -> 28 pixels, filter 5, stride 3: valid 8, same 10, zeros before 2 and after 2

# %% [markdown]
# ## Answer 2
# 13 rows, and 14 with one row of zeros: *none above, one below*. The last window begins at row 26, and reaches beyond
# the last pixel by one. So "same" is not always symmetric. "valid" shrinks each image by a filter's size less one,
# layer after layer. Filter size, stride, padding and the number of filters are hyper-parameters.

# %% [markdown]
# ## Predict 3
# Two filters: one takes the row below from the row above, the other is turned by a quarter. Which one sees the stripes
# of a T-shirt? Then move an image down by one pixel. What becomes of the output, with stride 1 and with stride 2?

# %%
X, _ = st.datasets.load_fashion_mnist()
shirt, sandal = X[26:27] / 255.0, X[30:31] / 255.0  # the sandal does not touch the edges of its image
horizontal = np.array([[1, 1, 1], [0, 0, 0], [-1, -1, -1]], float)
filters = np.stack([horizontal, horizontal.T], axis=-1)[:, :, None]  # (3, 3, 1, 2): rows, columns, channels, filters
edges = outputs(st.Conv2D(2, 3, padding="same"), shirt, filters)[0]
fig, axes = plt.subplots(1, 3, num="29-edges", figsize=(10, 3.4), layout="constrained")
for ax, values, title in zip(axes, (shirt[0, :, :, 0], edges[:, :, 0], edges[:, :, 1]),
                             ("the image", "1 1 1 / 0 0 0 / -1 -1 -1", "1 0 -1 / 1 0 -1 / 1 0 -1"), strict=True):
    drawn = ax.imshow(values, **({"cmap": "gray"} if ax is axes[0] else {"cmap": "RdBu_r", "vmin": -3, "vmax": 3}))
    ax.set(title=title, xticks=[], yticks=[])
    ax.grid(False)
fig.colorbar(drawn, ax=axes, shrink=0.8, label="output of the filter")

for stride in (1, 2):
    before, after = (outputs(st.Conv2D(2, 3, stride, "same"), np.roll(sandal, by, axis=1), filters)[0] for by in (0, 1))
    same = [int((abs(after - np.roll(before, by, axis=0)) > 1e-9).any(axis=(1, 2)).sum()) for by in (0, 1)]
    print(f"stride {stride}: rows that differ from the old output: {same[0]}, from that moved down: {same[1]}")
# -> stride 1: rows that differ from the old output: 10, from that moved down: 0
# -> stride 2: rows that differ from the old output: 5, from that moved down: 5

# %% [markdown]
# ## Answer 3
# The first filter sees the stripes: red where it is bright above and dark below, blue the other way round. The second
# sees the sides and the sleeves. Where the image is plain both return 0, as the weights of each add up to 0.
#
# With stride 1 the output moves with the image, and nothing else changes: *equivariance*. With stride 2 it holds for
# moves by two pixels only: after a move by one the windows meet other rows, and the new output is neither the old one
# nor the old one moved. These two filters were chosen by hand; a network learns its own.

# %% [markdown]
# ## Exercise
# Write the convolution of one gray image with one filter. `image` is (height, width), `weights` is (rows, columns), and
# neither need be square. The filter moves by `stride` pixels, down and to the right. `zeros` rows of zeros are above
# the image and as many below it, and `zeros` columns to the left and to the right. Only windows that are wholly within
# the padded image count. Return the array of outputs. Check it with `python -m lessons check 29`.


# %%
def convolve(image, weights, stride, zeros):
    raise NotImplementedError
