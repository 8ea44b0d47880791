from scratchtune.interop.clusters import DaskTasks as DaskTasks
from scratchtune.interop.clusters import RayExecutor as RayExecutor
from scratchtune.interop.distributed import EfficiencyWarning as EfficiencyWarning
from scratchtune.interop.optuna_studies import from_optuna as from_optuna
from scratchtune.interop.optuna_studies import to_optuna as to_optuna
