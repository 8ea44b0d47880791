"""The core: networks and gradient descent, the searchers, studies; what measures, splits, compiles and checks them.

It imports nothing of the package from outside this folder: the applications (images, sequences, tables, insight and
others beside it) stand on it, and enter what they add in its tables.
"""
