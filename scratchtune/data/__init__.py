"""Data: built-in data sets, and preprocessing that is fitted on training rows.

Reading order: `transformer` (the protocol), `scaling`, `quantiles`, `robust_scaling`, `quantile_scaling`, `imputing`,
`encoding`; `number_words`, `dates` and `pairs` are for translation.
"""

from scratchtune.data import datasets
from scratchtune.data.encoding import OneHotEncoder
from scratchtune.data.imputing import SimpleImputer
from scratchtune.data.pairs import read_pairs
from scratchtune.data.quantile_scaling import QuantileScaler
from scratchtune.data.robust_scaling import RobustSmoothClipScaler
from scratchtune.data.scaling import MinMaxScaler, StandardScaler

__all__ = [
    "MinMaxScaler", "OneHotEncoder", "QuantileScaler", "RobustSmoothClipScaler", "SimpleImputer", "StandardScaler",
    "datasets", "read_pairs",
]
