"""scratchtune: hyper-parameter tuning from scratch, every formula beside the code that runs.

The public names, no logic. Models are spelled as in Keras, estimators and cross-validation as in scikit-learn, studies
as in Optuna.
"""

from scratchtune import insight, metrics, search, speech, text
from scratchtune.automl import AutoClassifier, AutoRegressor, Diagnosis, Recommendation, diagnose, recommend
from scratchtune.data import (
    MinMaxScaler,
    OneHotEncoder,
    QuantileScaler,
    RobustSmoothClipScaler,
    SimpleImputer,
    StandardScaler,
    Table,
    TableEncoder,
    datasets,
    read_pairs,
    read_table,
)
from scratchtune.estimators import MLPClassifier, MLPRegressor, default_space
from scratchtune.evaluation import (
    FitFailedWarning,
    GroupKFold,
    KFold,
    LeaveOneOut,
    OneStandardError,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    get_scorer_names,
    learning_curve,
    make_scorer,
    train_test_split,
    validation_curve,
)
from scratchtune.loading import load_model
from scratchtune.network import callbacks, layers, losses, optimizers, penalties, schedules
from scratchtune.network.callbacks import (
    Callback,
    EarlyStopping,
    History,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from scratchtune.network.layers import (
    GRU,
    LSTM,
    Activation,
    AdditiveAttention,
    Attention,
    AveragePooling2D,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    GlobalAveragePooling2D,
    Layer,
    LayerNormalization,
    Masking,
    MaxPooling2D,
    MultiHeadAttention,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    SinusoidalPositions,
    SpecAugment,
    TransformerEncoder,
)
from scratchtune.network.optimizers import SGD, Adam, Optimizer, RMSprop
from scratchtune.network.penalties import L1, L1L2, L2
from scratchtune.network.sequential import Sequential
from scratchtune.network.sharing import EfficiencyWarning
from scratchtune.network.training import DivergenceWarning
from scratchtune.recognizer import SpeechRecognizer
from scratchtune.search import (
    NSGA2,
    BayesianSearch,
    Categorical,
    Exhausted,
    Float,
    GeneticSearch,
    GridSearch,
    Hyperband,
    Int,
    RandomSearch,
    Searcher,
    SuccessiveHalving,
    Suggestion,
)
from scratchtune.seq2seq import Seq2Seq
from scratchtune.study import (
    BayesSearchCV,
    GeneticSearchCV,
    GridSearchCV,
    MedianStopping,
    NotReady,
    RandomizedSearchCV,
    RayExecutor,
    StorageError,
    Study,
    Terminator,
    Trial,
    TrialPruned,
    create_study,
    from_optuna,
    interrupted_study,
    load_study,
    tune,
)
from scratchtune.tabular import TableModel, TableTuning, prepare_table, tune_table
from scratchtune.trees import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from scratchtune.version import __version__ as __version__

__all__ = [
    "Activation", "Adam", "AdditiveAttention", "Attention", "AutoClassifier", "AutoRegressor", "AveragePooling2D",
    "BatchNormalization", "BayesSearchCV", "BayesianSearch", "Bidirectional", "Callback", "Categorical", "Conv1D",
    "Conv2D", "Dense", "Diagnosis", "DivergenceWarning", "Dropout", "EarlyStopping", "EfficiencyWarning", "Embedding",
    "Exhausted", "FitFailedWarning", "Flatten", "Float", "GRU", "GaussianNoise", "GeneticSearch", "GeneticSearchCV",
    "GlobalAveragePooling2D", "GridSearch", "GridSearchCV", "GroupKFold", "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor", "History", "Hyperband", "Int", "KFold", "L1", "L1L2", "L2", "LSTM", "Layer",
    "LayerNormalization", "LeaveOneOut", "MLPClassifier", "MLPRegressor", "Masking", "MaxPooling2D", "MedianStopping",
    "MinMaxScaler", "ModelCheckpoint", "MultiHeadAttention", "NSGA2", "NotReady", "OneHotEncoder", "OneStandardError",
    "Optimizer", "QuantileScaler", "RMSprop", "RandomFlip", "RandomRotation", "RandomSearch", "RandomTranslation",
    "RandomizedSearchCV", "RayExecutor", "Recommendation", "ReduceLROnPlateau", "RobustSmoothClipScaler", "SGD",
    "Searcher", "Seq2Seq", "Sequential", "ShuffleSplit", "SimpleImputer", "SinusoidalPositions", "SpecAugment",
    "SpeechRecognizer", "StandardScaler", "StorageError", "StratifiedKFold", "StratifiedShuffleSplit", "Study",
    "SuccessiveHalving", "Suggestion", "Table", "TableEncoder", "TableModel", "TableTuning", "TerminateOnNaN",
    "Terminator", "TimeSeriesSplit", "TransformerEncoder", "Trial", "TrialPruned", "callbacks", "create_study",
    "cross_val_predict", "cross_val_score", "cross_validate", "datasets", "default_space", "diagnose", "from_optuna",
    "get_scorer_names", "insight", "interrupted_study", "layers", "learning_curve", "load_model", "load_study",
    "losses", "make_scorer", "metrics", "optimizers", "penalties", "prepare_table", "read_pairs", "read_table",
    "recommend", "schedules", "search", "speech", "text", "train_test_split", "tune", "tune_table", "validation_curve",
]
