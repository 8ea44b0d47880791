"""``python -m scratchtune`` is the command line."""

import sys

from scratchtune.cli import main

sys.exit(main())
