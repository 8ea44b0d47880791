"""Data: preprocessing that is fitted on training rows, and the handwritten digits.

Reading order: `transformer` (the protocol), `scaling`, `quantiles`, `robust_scaling`, `imputing`, `encoding`; `digits`.
"""

from scratchtune.data.encoding import OneHotEncoder
from scratchtune.data.imputing import SimpleImputer
from scratchtune.data.quantiles import QuantileScaler
from scratchtune.data.robust_scaling import RobustSmoothClipScaler
from scratchtune.data.scaling import MinMaxScaler, StandardScaler

__all__ = [
    "MinMaxScaler", "OneHotEncoder", "QuantileScaler", "RobustSmoothClipScaler", "SimpleImputer", "StandardScaler",
]
