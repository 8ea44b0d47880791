"""Data: the sets that come with the package."""

from scratchtune.data import datasets

__all__ = ["datasets"]
