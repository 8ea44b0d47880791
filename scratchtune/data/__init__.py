"""Data: built-in data sets, and preprocessing that is fitted on training rows.

Reading order: `transformer` (the protocol), `scaling`, `quantiles`, `robust_scaling`, `imputing`, `encoding`; `pairs`
(for translation), `datasets`.
"""

from scratchtune.data import datasets
from scratchtune.data.encoding import OneHotEncoder
from scratchtune.data.imputing import SimpleImputer
from scratchtune.data.pairs import read_pairs
from scratchtune.data.quantiles import QuantileScaler
from scratchtune.data.robust_scaling import RobustSmoothClipScaler
from scratchtune.data.scaling import MinMaxScaler, StandardScaler

__all__ = [
    "MinMaxScaler", "OneHotEncoder", "QuantileScaler", "RobustSmoothClipScaler", "SimpleImputer", "StandardScaler",
    "datasets", "read_pairs",
]
