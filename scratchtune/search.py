"""The searchers and what one needs to write one, as ``st.search``: `scratchtune.core.search` as users type it."""

from scratchtune.core.search import *  # noqa: F403
from scratchtune.core.search import __all__ as __all__
