# The losses of the core and of the applications, and where they are defined, as in layers.pyi.
from scratchtune.core.network.losses import CategoricalCrossentropy as CategoricalCrossentropy
from scratchtune.core.network.losses import Huber as Huber
from scratchtune.core.network.losses import Loss as Loss
from scratchtune.core.network.losses import get as get
from scratchtune.sequences.ctc import ctc_loss as ctc_loss
