"""Data: preprocessing that is fitted on training rows, and the handwritten digits.

Reading order: `transformer` (the protocol), `scaling`, `quantiles`, `robust_scaling`, `imputing`, `encoding`; `digits`.
"""

from scratchtune.core.data.encoding import OneHotEncoder
from scratchtune.core.data.imputing import SimpleImputer
from scratchtune.core.data.quantiles import QuantileScaler
from scratchtune.core.data.robust_scaling import RobustSmoothClipScaler
from scratchtune.core.data.scaling import MinMaxScaler, StandardScaler

__all__ = [
    "MinMaxScaler", "OneHotEncoder", "QuantileScaler", "RobustSmoothClipScaler", "SimpleImputer", "StandardScaler",
]
