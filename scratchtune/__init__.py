"""scratchtune: hyper-parameter tuning from scratch, every formula beside the code that runs.

The public names, each loaded when it is first used; ``__init__.pyi`` lists them. Models are spelled as in Keras,
estimators and cross-validation as in scikit-learn, studies as in Optuna.
"""

from scratchtune.core.lazy import front_door

# These applications add to the core when they are loaded: workers for fit(executor=...), and the loss "ctc".
ADDITIONS = ("scratchtune.interop.distributed", "scratchtune.sequences.ctc")
__getattr__, __dir__, __all__ = front_door(__name__, loaded_with={"Sequential": ADDITIONS, "load_model": ADDITIONS})
