"""scratchtune: hyper-parameter tuning from scratch, every formula beside the code that runs.

The public names, no logic. Models are spelled as in Keras, estimators and cross-validation as in scikit-learn, studies
as in Optuna.
"""

from scratchtune import metrics, search
from scratchtune.data import datasets
from scratchtune.evaluation import KFold, StratifiedKFold, cross_validate, train_test_split
from scratchtune.network import callbacks, layers, losses, optimizers, penalties, schedules
from scratchtune.network.callbacks import Callback, EarlyStopping, History
from scratchtune.network.layers import Activation, Dense, Dropout, Layer
from scratchtune.network.optimizers import SGD, Adam, Optimizer, RMSprop
from scratchtune.network.penalties import L1, L1L2, L2
from scratchtune.network.sequential import DivergenceWarning, Sequential, load_model
from scratchtune.search import Categorical, Exhausted, Float, GridSearch, Int, RandomSearch, Searcher, Suggestion
from scratchtune.study import GridSearchCV, NotReady, RandomizedSearchCV, Study, Trial, tune

__version__ = "0.1.0"

__all__ = [
    "Activation", "Adam", "Callback", "Categorical", "Dense", "DivergenceWarning", "Dropout", "EarlyStopping",
    "Exhausted", "Float", "GridSearch", "GridSearchCV", "History", "Int", "KFold", "L1", "L1L2", "L2", "Layer",
    "NotReady", "Optimizer", "RMSprop", "RandomSearch", "RandomizedSearchCV", "SGD", "Searcher", "Sequential",
    "StratifiedKFold", "Study", "Suggestion", "Trial", "callbacks", "cross_validate", "datasets", "layers",
    "load_model", "losses", "metrics", "optimizers", "penalties", "schedules", "search", "train_test_split", "tune",
]
