"""The second process of a first run: it compiles what it is sent until nothing comes.

    python -m scratchtune.jit.worker

says "ready", reads a job (a line: a function and its arguments, pickled, in base64), says "done" or "failed", repeats.
"""

from __future__ import annotations

import base64
import os
import pickle
import sys


def main() -> None:
    """Compile what comes in until nothing does."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed goes to stderr, so that only answers are on stdout
    while True:
        print("ready", file=answers, flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        try:
            function, *arguments = pickle.loads(base64.b64decode(line))
            function(*arguments)
        except Exception:
            print("failed", file=answers, flush=True)
        else:
            print("done", file=answers, flush=True)


if __name__ == "__main__":
    main()
