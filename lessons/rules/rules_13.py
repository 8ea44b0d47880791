"""The claims of lesson 13, leaks on pure noise: each draw is the mean of ten tables."""

import numpy as np

import scratchtune as st
from lessons.claims import claim, of_lesson

lesson = of_lesson(13, "class_means", "best_columns")
TABLES = 10


def _mean(draw, prepare):
    """The mean accuracy of class means on 1,000 columns of noise, prepared before the cross-validation."""
    found = []
    for seed in range(TABLES * draw, TABLES * draw + TABLES):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(60, 1000)), rng.permutation(np.arange(60) % 2)
        ready = prepare(X, y)
        folds = st.StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y)
        found += [lesson.class_means(ready, y, *fold) for fold in folds]
    return np.mean(found)


@claim("13a")
def selection(draw):
    """With ten of 1,000 columns of noise selected on all rows the accuracy is above 75 %."""
    accuracy = _mean(draw, lambda X, y: X[:, lesson.best_columns(X, y)])
    return accuracy > 0.75, accuracy


@claim("13b")
def scaling(draw):
    """Scaling on all rows changes the accuracy on noise by less than two points."""
    change = 100 * (_mean(draw, lambda X, y: (X - X.mean(axis=0)) / X.std(axis=0)) - _mean(draw, lambda X, y: X))
    return abs(change) < 2, change


@claim("13c")
def groups(draw):
    """With rows split at random the nearest neighbour is above 70 %, and with people split 15 points lower."""
    person = np.repeat(np.arange(24), 5)
    y = person % 2
    splits = {"rows": [], "people": []}
    for seed in range(TABLES * draw, TABLES * draw + TABLES):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(24, 5))[person] + 0.5 * rng.normal(size=(120, 5))
        for name, folds in (("rows", st.KFold(4, shuffle=True, random_state=seed).split(X)),
                            ("people", st.GroupKFold(4).split(X, groups=person // 6))):
            for train, test in folds:
                nearest = np.sum((X[test][:, None] - X[train]) ** 2, axis=2).argmin(axis=1)
                splits[name].append(np.mean(y[train][nearest] == y[test]))
    rows, people = np.mean(splits["rows"]), np.mean(splits["people"])
    return rows > 0.7 and people < rows - 0.15, 100 * (rows - people)
