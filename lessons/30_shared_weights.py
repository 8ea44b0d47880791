# %% [markdown]
# # 30 What shared weights gain
# Bars where no bar was ever seen: a convolution against a dense layer, and the gradient of a weight that is shared.
#
# 25 minutes · needs 04, 29

# %% [markdown]
# ## Question
# A convolution uses the same few weights at every position of an image (lesson 29); a dense layer has a weight for each
# pixel and unit. Fewer weights are cheaper. Is that all? Here an image of 12x12 pixels holds one bar of three pixels,
# which is vertical (1) or horizontal (0). There are 240 such images, so we can look at *all* that were not trained on.

# %% [markdown]
# ## Predict 1
# Train a dense network and a convolution on all bars in the left half of the image, until each makes no mistake there.
# How many bars in the right half, where neither has seen one, does each classify correctly?

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st

bars, vertical, right_half = np.zeros((240, 12, 12, 1)), np.repeat([0, 1], 120), np.empty(240)
for number in range(120):
    row, column = divmod(number, 12)  # row 0 to 9
    bars[number, column, row : row + 3] = bars[number + 120, row : row + 3, column] = 1.0
    right_half[number], right_half[number + 120] = (row >= 6) - (row + 2 < 6), 2 * (column >= 6) - 1
left, right = np.flatnonzero(right_half == -1), np.flatnonzero(right_half == 1)  # 0: a bar that is in both halves


def dense():
    return [st.Flatten(), st.Dense(32, "relu")]


def convolution():
    return [st.Conv2D(4, 3, padding="same", activation="relu"), st.GlobalAveragePooling2D()]


def trained(layers, rate, rows, seed):
    """A network after 60 epochs on these rows."""
    model = st.Sequential([*layers, st.Dense(2, "softmax")], dtype="float64", seed=seed)
    model.compile(st.Adam(rate), "categorical_crossentropy", ["accuracy"])
    model.fit(bars[rows], vertical[rows], batch_size=16, epochs=60, verbose=0)
    return model


def accuracy(model, rows):
    return model.score(bars[rows], vertical[rows])


NETWORKS = {"dense": (dense, 0.01), "convolution": (convolution, 0.05)}  # each with a rate that suits it
models = {name: [trained(layers(), rate, left, seed) for seed in range(5)] for name, (layers, rate) in NETWORKS.items()}
for name, each in models.items():
    halves = [np.mean([accuracy(model, rows) for model in each]) for rows in (left, right)]
    print(f"{name:12}{each[0].theta.size:5} weights: left half {halves[0]:.2f}, right half {halves[1]:.2f}")
# ~> dense        4706 weights: left half 1.00, right half 0.46
# ~> convolution    50 weights: left half 1.00, right half 0.99

# %%
fig, axes = plt.subplots(1, 6, num="30-filters", figsize=(11, 2.4), layout="constrained")
filters = models["convolution"][0].get_weights()[0][:, :, 0]
pictures = [(bars[150, :, :, 0], "a vertical bar"), (bars[40, :, :, 0], "a horizontal bar"),
            *((filters[..., k], f"learned filter {k}") for k in range(4))]
for ax, (picture, title) in zip(axes, pictures, strict=True):
    large = abs(picture).max()
    ax.imshow(picture, cmap="gray" if picture.shape[0] == 12 else "RdBu_r", vmin=-large * (picture.shape[0] == 3),
              vmax=large)
    ax.set(title=title, xticks=[], yticks=[])
    ax.grid(False)

# %% [markdown]
# ## Answer 1
# The dense network is no better than a coin. The pixels of the right half were always 0 in training, so their gradient
# was 0, and their weights are still the random ones of the start. The convolution learned stripes on the left, and a
# stripe is a stripe on the right: five of them have a mean above 0.9 there, five dense networks below 0.6 (in 10 of 10
# draws [30a]). `GlobalAveragePooling2D` helps: the mean of each filter's outputs over all positions has no information
# on where the bar was.

# %% [markdown]
# ## Predict 2
# Now the bars may be anywhere, and few are shown: 20 of the 240. How many of the other 220 does a convolution classify
# correctly? And a dense network, whose rate is the best of three *for these 220*, an unfair help?

# %%
few = {"dense": [], "convolution": []}
for seed in range(5):
    order = np.random.default_rng(seed).permutation(240)
    few["dense"].append(max(accuracy(trained(dense(), rate, order[:20], seed), order[20:])
                            for rate in (0.003, 0.01, 0.03)))
    few["convolution"].append(accuracy(trained(convolution(), 0.05, order[:20], seed), order[20:]))
for name, shares in few.items():
    print(f"{name:12} after 20 bars: median {np.median(shares):.2f}, mean {np.mean(shares):.2f}")
# ~> dense        after 20 bars: median 0.41, mean 0.41
# ~> convolution  after 20 bars: median 1.00, mean 1.00

# %% [markdown]
# ## Answer 2
# The median of five convolutions is at least 0.95, that of five dense networks below 0.6 (in 10 of 10 draws [30b]). A
# single convolution may end far lower: it is the median. What the shared weights bring is an *assumption*: a pattern
# means the same wherever it is. For bars it is true, so each bar teaches about all others like it.

# %% [markdown]
# ## Predict 3
# One weight is used at nine positions of a 5x5 image. The loss is the mean of the squares of the nine outputs. How does
# one get the gradient of this weight: is it one of nine, their mean, or their sum?

# %%
image = np.random.default_rng(0).integers(0, 4, (5, 5)).astype(float)
weights = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], float)
model = st.Sequential([st.Conv2D(1, 3, use_bias=False), st.Flatten()], dtype="float64")
model.compile(loss="mean_squared_error", optimizer=st.SGD(0.01))
model.build((None, 5, 5, 1))
model.set_weights([weights[:, :, None, None]])
dy = 2 * model.predict(image[None, :, :, None]).reshape(3, 3) / 9  # the gradient of the loss for each output
each = np.array([[image[m + 1, n + 2] * dy[m, n] for n in range(3)] for m in range(3)])  # of weight [1, 2]
by_package = model.gradient(image[None, :, :, None], np.zeros((1, 9))).reshape(3, 3)[1, 2]
print("at the nine positions:", *each.round(1))
print(f"their sum {each.sum():.3f}, the gradient {by_package:.3f}")
# -> at the nine positions: [ 0.  0. -4.] [ 0.   0.9 -4. ] [-0.4  1.8 -1.3]
# -> their sum -7.111, the gradient -7.111

# %% [markdown]
# ## Answer 3
# Their sum: the weight changes the loss in nine ways, and the chain rule adds them up. So each training image teaches a
# shared weight once for each position:
# - [conv2d_kernel_grad] dₖⱼₑₒ = Σᵢₘₙ[x[i, s · m + k − t, r · n + j − q, e] · gᵢₘₙₒ]

# %% [markdown]
# ## Exercise
# Write that gradient for gray images, one filter, stride 1 and no padding. `images` is (n, height, width), and `dy` is
# the gradient of the loss for each output, (n, rows of the output, columns of the output). Return the gradient of the
# filter; its size follows from the two. Check it with `python -m lessons check 30`.


# %%
def filter_gradient(images, dy):
    raise NotImplementedError
