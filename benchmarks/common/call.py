"""Call a module's function in this process: ``python -m benchmarks.common.call MODULE FUNCTION TEXT ...``."""

import sys
from importlib import import_module

if __name__ == "__main__":
    getattr(import_module(sys.argv[1]), sys.argv[2])(*sys.argv[3:])
