"""Layers for tables: embeddings of categories and of numbers, parametric activations, ensembles that share kernels."""
