# %% [markdown]
# # 19 Augmentation
# Images are moved, mirrored, turned and made noisy, differently in each epoch: what that does, and what it does not.
#
# Covers sections 6.1 and 9.3 of the document.

# %% [markdown]
# ## Question
# A small convolutional network memorises a few hundred images: it *overfits* (lesson 09), and does not *generalise* to
# new images as well as to those. A boot that is moved a little is still a boot, so from one image we can make many.
# Does that keep the network from memorising them? Does it make it better on new images? And which changes may one make?

# %% [markdown]
# ## Formulas
# - [uniform_between] y = a + (b − a) · u
# - [mirrored] y = n − 1 − j if u < p else j
# - [rotation] a = (h − 1) / 2 ; b = (v − 1) / 2 ; f₀ = a − a · cos(φ) − b · sin(φ) ; f₁ = cos(φ) ; f₂ = sin(φ) ;
#   f₃ = b + a · sin(φ) − b · cos(φ) ; f₄ = −sin(φ) ; f₅ = cos(φ)
# - [bilinear] y = (1 − a) · ((1 − b) · p + b · q) + a · ((1 − b) · r + b · s)
# - [reflected_index] w = i − 2 · n · floor(i / (2 · n)) ; y = min(w, 2 · n − 1 − w)
# - [gaussian_noise] y = x + σ · z
# - [standard_error_of_mean] e = √(Σₖ[(sₖ − meanₖ[sₖ])²] / (#k · max(#k − 1, 1)))
#
# u is a uniform random number between 0 and 1, another one for each image and each step. The first formula makes a move
# or an angle of it. Then for each new pixel the layer computes where it *comes from*: in a mirror from the other end,
# in a turn from the row f₀ + f₁ · m + f₂ · n and the column f₃ + f₄ · m + f₅ · n. Such a point is between four pixels;
# *bilinear* takes a weighted mean of them. And it may be outside of the image. Then the *fill mode* says what is there:
# with "reflect", the image is mirrored at its edges.

# %% [markdown]
# ## Predict
# 1. The row a b c is moved to the right by two pixels, fill mode "reflect". What is in it now?
# 2. A network sees its training images moved, each time by another distance. How does it do on the same images *as
#    they are*: better or worse than a network that has seen nothing else? And on new images?
# 3. Clothes: left and right change places; top and bottom change places; any angle. Which of them does harm?
# 4. In Fashion-MNIST nearly all boots point to the left. Show a network mirrored images. What becomes of its accuracy?
# 5. Move each image once, before the training, or again in each epoch: does it matter?

# %% [markdown]
# ## Code: what the layers do
# The layers change images in training only, so `predict` never shows it. To see it, we ask the engine for one forward
# pass in training.

# %%
import matplotlib.pyplot as plt
import numpy as np

import scratchtune as st
from scratchtune.evaluation.selection import standard_error
from scratchtune.images.augmentation import bilinear, reflected_index

X, y = st.datasets.load_fashion_mnist()
X = (X / 255.0).astype(np.float32)
boot = X[:1]


def model_of(layers, images):
    model = st.Sequential([layer.fresh() for layer in layers])
    model.build((None, *images.shape[1:]))
    return model


def in_training(layers, images, key=0):
    """What layers without weights make of images in training; another key, other random numbers."""
    return model_of(layers, images)(images, training=True, key=key)


row = np.array([10.0, 20.0, 30.0]).reshape(1, 1, 3, 1)
MODES = ("reflect", "nearest", "wrap", "constant")
for mode in MODES:
    two = in_training([st.RandomTranslation(0.0, (2 / 3, 2 / 3), fill_mode=mode)], row).ravel()
    half = in_training([st.RandomTranslation(0.0, (1 / 6, 1 / 6), fill_mode=mode)], row).ravel()
    print(f"{mode:9} 10 20 30 moved by two pixels: {two.round(2)}, by half a pixel: {half.round(2)}")
# -> reflect   10 20 30 moved by two pixels: [20. 10. 10.], by half a pixel: [10. 15. 25.]
# -> nearest   10 20 30 moved by two pixels: [10. 10. 10.], by half a pixel: [10. 15. 25.]
# -> wrap      10 20 30 moved by two pixels: [20. 30. 10.], by half a pixel: [20. 15. 25.]
# -> constant  10 20 30 moved by two pixels: [ 0.  0. 10.], by half a pixel: [ 5. 15. 25.]

# %%
fig, axes = plt.subplots(1, 5, num="19-fill-modes", figsize=(11, 2.6), layout="constrained")
pictures = {"as it is": boot}
for mode in MODES:
    pictures[mode] = in_training([st.RandomTranslation((0.3, 0.3), (-0.4, -0.4), fill_mode=mode)], boot)
for ax, (title, picture) in zip(axes, pictures.items(), strict=True):
    ax.imshow(picture[0, :, :, 0], cmap="gray", vmin=0, vmax=1)
    ax.set_title(title)
    ax.axis("off")

# %% [markdown]
# Four layers, their strengths, and what they make of a boot. Below them some that go too far.

# %%
SHIFT, FLIP = st.RandomTranslation(0.1, 0.1, fill_mode="constant"), st.RandomFlip("horizontal")
TURN, NOISE = st.RandomRotation(0.05, fill_mode="constant"), st.GaussianNoise(0.2)
HALF = [st.RandomTranslation(0.05, 0.05, fill_mode="constant"), FLIP, st.RandomRotation(0.025, fill_mode="constant"),
        st.GaussianNoise(0.1)]
VARIANTS = {  # a turn of 0.05 is one by up to 18 degrees
    "none": [], "shift 10 %": [SHIFT], "left-right": [FLIP], "turn 18 deg": [TURN], "noise 0.2": [NOISE],
    "all four": [SHIFT, FLIP, TURN, NOISE], "half of each": HALF,
    "shift 30 %": [st.RandomTranslation(0.3, 0.3, fill_mode="constant")], "up-down": [st.RandomFlip("vertical")],
    "turn 180 deg": [st.RandomRotation(0.5, fill_mode="constant")]}
fig, axes = plt.subplots(len(VARIANTS) - 1, 1, num="19-layers", figsize=(8, 9), layout="constrained")
for ax, (name, layers) in zip(axes, list(VARIANTS.items())[1:], strict=True):
    pictures = in_training(layers, np.repeat(boot, 8, axis=0))
    ax.imshow(np.concatenate(list(pictures[..., 0]), axis=1), cmap="gray", vmin=0, vmax=1)
    ax.set_ylabel(name, rotation=0, ha="right", va="center")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(False)

# %% [markdown]
# ## Check: what the layers do
# Predict 1: b a a. Pixel 0 of the new row comes from pixel −2 of the old one, and pixel 1 from −1. In the mirror at the
# edge these are b and a. Moved by half a pixel, each new pixel is the mean of two old ones.
#
# Now the random numbers. An image whose pixels say in which column they are shows how far it has been moved. The 2,000
# copies are moved by distances that are uniform between −2.8 and 2.8 pixels, a tenth of 28 each way. Half of 2,000
# boots are mirrored. A quarter of a full turn is a quarter turn. And in `predict` nothing happens.

# %%
assert [reflected_index(i - 2, 3) for i in range(3)] == [1, 0, 0]
assert in_training([st.RandomTranslation(0.0, (2 / 3, 2 / 3))], row).ravel().round(3).tolist() == [20, 10, 10]
by_half = [bilinear(row[0, 0, reflected_index(i - 1, 3), 0], row[0, 0, i, 0], 0.0, 0.0, 0.0, 0.5) for i in range(3)]
assert np.allclose(in_training([st.RandomTranslation(0.0, (1 / 6, 1 / 6))], row).ravel(), by_half, atol=1e-4)

ramp = np.tile(np.arange(28.0), (2000, 28, 1))[..., None]
moved_by = 14.0 - in_training([SHIFT], ramp)[:, 14, 14, 0]
assert -2.8 <= moved_by.min() < -2.7 and 2.7 < moved_by.max() <= 2.8
assert (abs(np.histogram(moved_by, 4, (-2.8, 2.8))[0] - 500) < 80).all()
boots = np.repeat(boot, 2000, axis=0)
flipped = (in_training([FLIP], boots) == boot[:, :, ::-1]).all(axis=(1, 2, 3))
assert abs(flipped.mean() - 0.5) < 0.05
quarter = in_training([st.RandomRotation((0.25, 0.25), fill_mode="constant")], boot)[0]
assert np.allclose(quarter, np.rot90(boot[0]), atol=1e-4)  # rot90 turns counter-clockwise, as we do
assert (model_of(VARIANTS["all four"], X).predict(X) == X).all()

# %% [markdown]
# ## Code: memorising
# Five draws that share no image: each has 200 training images and 240 other images. One layer of 8 filters, then 32
# units. We score every five epochs, in evaluation mode and on the training images *as they are*.

# %%
order = np.random.default_rng(0).permutation(len(X))
X, y = X[order], y[order]
draws = [(np.arange(start, start + 200), np.arange(start + 200, start + 440)) for start in range(0, 2200, 440)]


def network(layers, seed):
    """A small network behind layers that augment."""
    model = st.Sequential([
        *(layer.fresh() for layer in layers), st.Conv2D(8, 3, 2, activation="relu"), st.MaxPooling2D(2), st.Flatten(),
        st.Dense(32, "relu"), st.Dense(10, "softmax")], seed=seed)
    model.compile(st.Adam(0.005), "categorical_crossentropy", ["accuracy"])
    return model


def trained(layers, every=25):
    """Networks for the five draws, and their scores (draws, times, training or others, loss and accuracy)."""
    models, scores = [], []
    for seed, rows in enumerate(draws):
        model, times = network(layers, seed), []
        for _ in range(25 // every):
            model.fit(X[rows[0]], y[rows[0]], batch_size=16, epochs=every, verbose=0)  # continues
            times.append([list(model.evaluate(X[part], y[part]).values()) for part in rows])
        models.append(model)
        scores.append(times)
    return models, np.array(scores)


models, scores = {}, {}
for name, layers in VARIANTS.items():
    models[name], scores[name] = trained(layers, every=5 if name in ("none", "half of each") else 25)
for name in ("none", "half of each"):
    for number, epochs in ((0, 5), (4, 25)):
        (_, here), (loss, there) = scores[name][:, number].mean(axis=0)
        print(f"{name:13}{epochs:2} epochs: accuracy {here:.2f} on the training images, {there:.2f} on others; "
              f"log loss on others {loss:.2f}")
# -> none          5 epochs: accuracy 0.74 on the training images, 0.69 on others; log loss on others 0.89
# -> none         25 epochs: accuracy 0.97 on the training images, 0.74 on others; log loss on others 0.90
# -> half of each  5 epochs: accuracy 0.63 on the training images, 0.58 on others; log loss on others 1.08
# -> half of each 25 epochs: accuracy 0.82 on the training images, 0.74 on others; log loss on others 0.77

# %%
fig, axes = plt.subplots(1, 2, num="19-curves", figsize=(10, 4), layout="constrained")
for ax, column, label in zip(axes, (1, 0), ("accuracy", "log loss"), strict=True):
    for color, name in enumerate(("none", "half of each")):
        for part, style in enumerate(("--", "-")):
            curve = scores[name][:, :, part, column].mean(axis=0)
            ax.plot(range(5, 26, 5), curve, style, color=f"C{color}", label=f"{name}: {('training', 'others')[part]}")
    ax.set(xlabel="epochs", ylabel=f"{label}, mean of five draws")
    ax.set_xticks(range(5, 26, 5))
axes[0].legend()

# %% [markdown]
# ## Check: memorising
# Without augmentation the network learns nearly all of the training images, and a quarter of the others stays wrong.
# The gap between the two is its overfitting. Its log loss on others hardly falls, and rises in the end. (Early
# stopping, lesson 06, would have ended it after 20 epochs, at 0.84.) With half of each the two curves stay closer
# together, and the log loss still falls.

# %%
none, half = (scores[name].mean(axis=0) for name in ("none", "half of each"))  # (times, training or others, 2)
assert none[-1, 0, 1] > 0.93 and none[-1, 0, 1] - none[-1, 1, 1] > 0.2
assert half[-1, 0, 1] - half[-1, 1, 1] < 0.12
assert abs(none[-2, 1, 0] - 0.84) < 0.02 and none[-1, 1, 0] > none[-2, 1, 0] == none[:, 1, 0].min()
assert (np.diff(half[:, 1, 0]) < 0).all() and half[-1, 1, 0] < none[:, 1, 0].min() - 0.03

# %% [markdown]
# ## Code: each layer alone
# All variants, compared draw by draw with the network without augmentation: the table has the means, the picture the
# differences and their errors. The draws share no image, so the plain standard error may be used (lesson 10). We call a
# difference *decided* from three errors on, and *undecided* below two. Five draws are few, so the errors are rough.

# %%
def less_none(name, values):
    """The mean difference to no augmentation, and its standard error."""
    difference = values[name] - values["none"]
    return difference.mean(), standard_error(difference)


gap, others, loss = {}, {}, {}
print(f"{'':13}{'accuracy on training images':>28}{'on others':>11}{'log loss on others':>20}")
for name in VARIANTS:
    (_, here), (loss[name], others[name]) = np.moveaxis(scores[name][:, -1], 0, -1)  # each an array of five draws
    gap[name] = here - others[name]
    print(f"{name:13}{here.mean():28.2f}{others[name].mean():11.2f}{loss[name].mean():20.2f}")
# ->               accuracy on training images  on others  log loss on others
# -> none                                 0.97       0.74                0.90
# -> shift 10 %                           0.82       0.73                0.77
# -> left-right                           0.92       0.72                0.94
# -> turn 18 deg                          0.88       0.73                0.82
# -> noise 0.2                            0.91       0.74                0.79
# -> all four                             0.71       0.63                0.94
# -> half of each                         0.82       0.74                0.77
# -> shift 30 %                           0.60       0.60                1.09
# -> up-down                              0.92       0.70                0.98
# -> turn 180 deg                         0.60       0.51                1.41

# %%
fig, axes = plt.subplots(1, 3, num="19-variants", figsize=(12, 4.2), sharey=True, layout="constrained")
names = list(VARIANTS)[1:]
titles = ("gap, training less others", "accuracy on others", "log loss on others")
for ax, values, title in zip(axes, (gap, others, loss), titles, strict=True):
    means, errors = np.array([less_none(name, values) for name in names]).T
    ax.errorbar(means, range(len(names)), xerr=2 * errors, fmt="o", capsize=4)
    ax.axvline(0, color="0.5", lw=1)
    ax.set(title=title, xlabel="change (bars: two errors)")
axes[0].set_yticks(range(len(names)), names)
axes[0].invert_yaxis()

# %% [markdown]
# ## Check: each layer alone
# Predict 2: worse on the training images, and about the same on new ones. The gap between the two falls from 0.23 to
# 0.09 with moves, and to 0.08 with half of each: decided. So augmentation does keep the network from memorising its
# images. But the accuracy on others does not rise: the differences of the gentle variants are all undecided. What
# improves is the log loss: with moves, turns, noise and half of each it is decided.
#
# Predict 3: any angle does most harm: 23 points of accuracy. With top and bottom changed it is four points; both are
# decided. Left and right: undecided.
#
# A little too much harms as well. Moves of 30 % cost 14 points. All four at once cost 11, though none of them alone
# costs more than three, and half of each costs nothing that we can see. So their strengths are hyper-parameters that
# depend on each other: tune them together.
#
# And beware of the gap as a goal. "turn 180 deg" makes it as small as "shift 10 %" does, and "shift 30 %" takes it
# away: 0.60 on the training images, and 0.60 on others. A network that has learned nothing has no gap at all.
#
# All this is after 25 epochs. Longer trainings are not measured here.

# %%
def decided(name, values):
    mean, error = less_none(name, values)
    return abs(mean) > 2.8 * error  # not quite 3, as another processor rounds otherwise


for name in ("shift 10 %", "turn 18 deg", "noise 0.2", "half of each"):
    assert decided(name, gap) and less_none(name, gap)[0] < -0.05
    assert decided(name, loss) and less_none(name, loss)[0] < -0.05
for name in ("shift 10 %", "left-right", "turn 18 deg", "noise 0.2", "half of each"):
    mean, error = less_none(name, others)
    assert mean < 2 * error  # no gain
for name in ("all four", "shift 30 %", "up-down", "turn 180 deg"):
    assert decided(name, others) and less_none(name, others)[0] < -0.02
assert less_none("turn 180 deg", others)[0] < less_none("shift 30 %", others)[0] < less_none("up-down", others)[0]
assert all(others[name].mean() > others["none"].mean() - 0.035 for name in list(VARIANTS)[1:5])  # each layer alone
assert less_none("turn 180 deg", gap)[0] < -0.1 and abs(gap["shift 30 %"].mean()) < 0.03

# %% [markdown]
# ## Code: other images
# So what is it good for? The other images are like the training images: upright, in the middle, shoes to the left. Now
# we change that. We move them, by up to 15 % each way, or mirror them, and score the same networks.

# %%
moved = in_training([st.RandomTranslation(0.15, 0.15, fill_mode="constant")], X)
mirrored = np.ascontiguousarray(X[:, :, ::-1])
when_moved, when_mirrored = {}, {}
print(f"accuracy on others, {'as they are':>14}{'moved':>9}{'mirrored':>10}")
for name in ("none", "shift 10 %", "left-right", "half of each"):
    pairs = list(zip(models[name], draws, strict=True))
    when_moved[name] = np.array([model.score(moved[other], y[other]) for model, (_, other) in pairs])
    when_mirrored[name] = np.array([model.score(mirrored[other], y[other]) for model, (_, other) in pairs])
    print(f"  {name:18}{others[name].mean():14.2f}{when_moved[name].mean():9.2f}{when_mirrored[name].mean():10.2f}")
# -> accuracy on others,    as they are    moved  mirrored
# ->   none                        0.74     0.47      0.52
# ->   shift 10 %                  0.73     0.59      0.55
# ->   left-right                  0.72     0.45      0.71
# ->   half of each                0.74     0.54      0.75

# %% [markdown]
# ## Check: other images
# Predict 4: without augmentation it falls from 0.74 to 0.52 on mirrored images, and to 0.47 on moved ones. A network
# that has seen such changes keeps more, each tested on the change that it was trained with: 0.71 mirrored, 0.59 moved.
# Both gains are decided. That is what augmentation is: you tell the network which changes mean nothing. It pays where
# new images do change like that.

# %%
is_boot = y == st.datasets.FASHION_NAMES.index("Ankle boot")
shaft = X[is_boot][:, :10, 14:].sum(axis=(1, 2, 3)) > X[is_boot][:, :10, :14].sum(axis=(1, 2, 3))
assert shaft.mean() > 0.95  # the shaft is on the right: the boot points to the left
assert others["none"].mean() - when_mirrored["none"].mean() > 0.15
assert others["none"].mean() - when_moved["none"].mean() > 0.2
for name, values in (("left-right", when_mirrored), ("shift 10 %", when_moved)):
    mean, error = less_none(name, values)
    assert mean > 0.07 and mean > 3 * error
    mean, error = less_none(name, when_moved if values is when_mirrored else when_mirrored)
    assert abs(mean) < 0.06  # the other kind of change is not learned with it
for values in (when_moved, when_mirrored):
    mean, error = less_none("half of each", values)
    assert mean > 3 * error

# %% [markdown]
# ## Break it
# Freeze u: every image gets one move, before the training, and keeps it. The layer is the same, and so are the strength
# and the number of epochs.

# %%
frozen = []
for seed, (train, other) in enumerate(draws):
    once = in_training([SHIFT], X[train], key=seed)
    model = network([], seed)
    model.fit(once, y[train], batch_size=16, epochs=25, verbose=0)
    parts = ((once, y[train]), (X[train], y[train]), (X[other], y[other]))
    frozen.append([*(model.score(*part) for part in parts), model.evaluate(*parts[2])["loss"]])
copies, as_they_are, on_others, frozen_loss = np.array(frozen).T
difference = frozen_loss - loss["shift 10 %"]
print(f"moved once: accuracy {copies.mean():.2f} on these copies, {as_they_are.mean():.2f} on the same images as they "
      f"are, {on_others.mean():.2f} on others")
print(f"moved in each epoch: {(gap['shift 10 %'] + others['shift 10 %']).mean():.2f} on the training images as they "
      f"are, {others['shift 10 %'].mean():.2f} on others")
print(f"log loss on others, once less in each epoch: {difference.mean():.3f} ± {standard_error(difference):.3f}")
# -> moved once: accuracy 0.95 on these copies, 0.80 on the same images as they are, 0.70 on others
# -> moved in each epoch: 0.82 on the training images as they are, 0.73 on others
# -> log loss on others, once less in each epoch: 0.219 ± 0.036

# %% [markdown]
# Predict 5: it matters. Moved once, the images are just 200 other images, and the network memorises *these*: 0.95 on
# the copies, 0.80 on the very same images as they are, 0.70 on others. The gap of 0.25 is that of a network without
# augmentation, and so is the log loss. It is the *new* number in each epoch that keeps the network from it.

# %%
assert copies.mean() > 0.9 and copies.mean() - as_they_are.mean() > 0.08
assert (copies - on_others).mean() > gap["shift 10 %"].mean() + 0.1
assert difference.mean() > 3 * standard_error(difference)
assert frozen_loss.mean() > loss["none"].mean() - 0.03

# %% [markdown]
# ## Exercise
# *Cutout* (DeVries and Taylor, 2017) covers a part of each image, so that the network may not rely on a single one.
# Write a function that takes images (n, height, width, channels) and sets a square of `size` x `size` pixels to 0 in
# each, in all channels. Each image has a square of its own, wholly inside, and every position has the same probability.
# Draw with `rng.integers(...)`. Return new images; leave the old ones as they are.
#
# Then run `python -m lessons check 19`.


# %%
def cutout(images, size, rng):
    raise NotImplementedError


# %%
def check(solution=None):
    """By hand: where the zeros are, and that every position occurs."""
    solution = solution or cutout
    images = np.random.default_rng(1).uniform(0.5, 1.0, size=(600, 6, 7, 2))
    before = images.copy()
    for size in (3, 1, 6):
        found = np.asarray(solution(images, size, np.random.default_rng(size)))
        assert (images == before).all(), "the old images must stay as they are"
        assert found.shape == images.shape, f"the new images have shape {found.shape}; it should be {images.shape}"
        covered = (found == 0.0).all(axis=3)
        assert ((found == 0.0).any(axis=3) == covered).all(), "a covered pixel must be 0 in all channels"
        assert (found[~covered] == images[~covered]).all(), "what is not covered must stay as it is"
        own = len({cover.tobytes() for cover in covered}) > 1
        assert own or size == 6, "all images have the same square covered; draw a position for each image"
        corners = set()
        for number, cover in enumerate(covered):
            rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
            square = len(rows) == len(columns) == size and cover.sum() == size**2
            assert square and np.ptp(rows) == np.ptp(columns) == size - 1, (
                f"image {number} has {cover.sum()} pixels covered, in the rows {rows} and the columns {columns}; "
                f"it should be a square of {size} x {size}")
            corners.add((int(rows[0]), int(columns[0])))
        places = [(row, column) for row in range(6 - size + 1) for column in range(7 - size + 1)]
        missing = sorted(set(places) - corners)
        assert not missing, (
            f"with size {size} a square may begin at {len(places)} places of 6x7 pixels; in 600 images yours begin at "
            f"{len(corners)}, and never at (row, column) = {missing[-1]}")
