"""The losses, as ``st.losses``; ``losses.pyi`` lists them, and each is loaded when it is first used."""

from scratchtune.core.lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__)
