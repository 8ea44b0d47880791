"""scratchtune: hyper-parameter tuning from scratch, every formula beside the code that runs.

The public names, each loaded when it is first used; ``__init__.pyi`` lists them. Models are spelled as in Keras,
estimators and cross-validation as in scikit-learn, studies as in Optuna.
"""

from scratchtune.lazy import front_door

__getattr__, __dir__, __all__ = front_door(__name__, loaded_with={
    "Sequential": ("scratchtune.interop.distributed", "scratchtune.sequences.ctc"),  # fit(executor=...); the loss "ctc"
})
