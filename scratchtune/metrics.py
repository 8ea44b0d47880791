"""The metrics, as ``st.metrics``: `scratchtune.core.metrics` under the name that users type."""

from scratchtune.core.metrics import *  # noqa: F403
from scratchtune.core.metrics import __all__ as __all__
