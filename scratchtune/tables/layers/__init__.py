"""Layers for tables: embeddings of categories and of numbers, parametric activations, ensembles that share kernels."""

from scratchtune.tables.layers.batch_ensemble import BatchEnsembleDense, MemberDense, MemberMean, RepeatMembers
from scratchtune.tables.layers.category_embedding import CategoryEmbedding
from scratchtune.tables.layers.number_embeddings import PeriodicEmbedding, PiecewiseEmbedding
from scratchtune.tables.layers.parametric_activation import ParametricActivation

__all__ = ["BatchEnsembleDense", "CategoryEmbedding", "MemberDense", "MemberMean", "ParametricActivation",
           "PeriodicEmbedding", "PiecewiseEmbedding", "RepeatMembers"]
