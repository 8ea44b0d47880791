"""The claims of lesson 31, augmentation: small networks on 200 images of clothes, each number the mean of several."""

from functools import cache

import numpy as np

import scratchtune as st
from lessons.claims import claim, of_lesson

lesson = of_lesson(31, "changed")
LAYERS = {
    "none": [], "move 10 %": [st.RandomTranslation(0.1, 0.1, fill_mode="constant")],
    "left-right": [st.RandomFlip("horizontal")], "move 30 %": [st.RandomTranslation(0.3, 0.3, fill_mode="constant")],
    "up-down": [st.RandomFlip("vertical")], "any angle": [st.RandomRotation(0.5, fill_mode="constant")]}


@cache
def _clothes():
    X, y = st.datasets.load_fashion_mnist()
    return X.reshape(-1, 14, 2, 14, 2, 1).mean(axis=(2, 4), dtype=np.float32) / 255, y


@cache
def _scores(draw, name, networks=3, once=False):
    """Means of accuracy on the training images; accuracy and loss on 1,000 others; accuracy on them moved, mirrored."""
    X, y = _clothes()
    order = np.random.default_rng(draw).permutation(len(X))
    train, other = order[:200], order[200:1200]
    moved = lesson.changed([st.RandomTranslation(0.15, 0.15, fill_mode="constant")], X[other], draw)
    mirrored = np.ascontiguousarray(X[other][:, :, ::-1])
    scores = []
    for k in range(networks):
        layers = [] if once else [layer.fresh() for layer in LAYERS[name]]
        model = st.Sequential([*layers, st.Conv2D(8, 3, activation="relu"), st.MaxPooling2D(2), st.Flatten(),
                               st.Dense(32, "relu"), st.Dense(10, "softmax")], seed=10 * draw + k)
        model.compile(st.Adam(0.005), "categorical_crossentropy", ["accuracy"])
        images = lesson.changed(LAYERS[name], X[train], 10 * draw + k) if once else X[train]
        model.fit(images, y[train], batch_size=16, epochs=60, verbose=0)
        found = model.evaluate(X[other], y[other])
        scores.append([model.score(X[train], y[train]), found["accuracy"], found["loss"],
                       model.score(moved, y[other]), model.score(mirrored, y[other])])
    return np.mean(scores, axis=0)


@claim("31a")
def moves_and_the_gap(draw):
    """With moves of 10 % the gap between training and new images is smaller and the log loss on new ones is lower, and
    yet the accuracy on new ones gains a point at most."""
    none, moved = _scores(draw, "none"), _scores(draw, "move 10 %")
    gap = (none[0] - none[1]) - (moved[0] - moved[1])
    return gap > 0 and moved[2] < none[2] and moved[1] < none[1] + 0.01, moved[1] - none[1]


@claim("31b")
def harm(draw):
    """Moves of 30 %, top and bottom exchanged, and turns by any angle each lower the accuracy on new images."""
    lost = [_scores(draw, "none")[1] - _scores(draw, name)[1] for name in ("move 30 %", "up-down", "any angle")]
    return min(lost) > 0, min(lost)


@claim("31c")
def where_it_pays(draw):
    """On new images that are moved, the networks that have seen moves are ahead by ten points or more; on mirrored
    ones, those that have seen mirrored images."""
    none = _scores(draw, "none")
    gains = _scores(draw, "move 10 %")[3] - none[3], _scores(draw, "left-right")[4] - none[4]
    return min(gains) > 0.1, min(gains)


@claim("31d")
def once_or_again(draw):
    """Moved once, before the training, the images give a higher log loss and a lower accuracy on new images than moved
    again in each epoch."""
    once, again = _scores(draw, "move 10 %", once=True), _scores(draw, "move 10 %")
    return once[2] > again[2] and once[1] < again[1], again[1] - once[1]
