"""Layers for tables: embeddings of categories and of numbers, parametric activations, and ensembles that share kernels.
"""

from scratchtune.tables.layers.batch_ensemble import BatchEnsembleDense, MemberDense, RepeatMembers
from scratchtune.tables.layers.category_embedding import CategoryEmbedding
from scratchtune.tables.layers.member_mean import MemberMean
from scratchtune.tables.layers.parametric_activation import ParametricActivation
from scratchtune.tables.layers.periodic_embedding import PeriodicEmbedding
from scratchtune.tables.layers.piecewise_embedding import PiecewiseEmbedding

__all__ = ["BatchEnsembleDense", "CategoryEmbedding", "MemberDense", "MemberMean", "ParametricActivation",
           "PeriodicEmbedding", "PiecewiseEmbedding", "RepeatMembers"]
