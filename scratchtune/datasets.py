"""The data sets, as ``st.datasets``; ``datasets.pyi`` lists them, and each is loaded when it is first used.

Each has its licence and source beside its file. `scratchtune.sequences.speech` has recorded clips.
"""

from scratchtune.core.lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__)
