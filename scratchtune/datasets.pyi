# The data sets and where they are defined; datasets.py loads each when it is first used (lazy.py).
from scratchtune.core.data.digits import load_digits as load_digits
from scratchtune.images.datasets import FASHION_NAMES as FASHION_NAMES
from scratchtune.images.datasets import load_fashion_mnist as load_fashion_mnist
from scratchtune.images.datasets import load_idx as load_idx
from scratchtune.play.trainings import load_trainings as load_trainings
from scratchtune.sequences.text.pairs import dates as dates
from scratchtune.sequences.text.pairs import load_verses as load_verses
from scratchtune.sequences.text.pairs import number_words as number_words
