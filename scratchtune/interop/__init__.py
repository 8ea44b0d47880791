"""Other programs: Optuna's studies, training and trials on several workers."""

from scratchtune.core.lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__)
