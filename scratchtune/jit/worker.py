"""The second process of a first run: it compiles the jobs that it is sent, until its input ends.

    python -m scratchtune.jit.worker

prints "ready", reads a job (one line: a function and its arguments, pickled, in base64), calls the function, prints
"done" or "failed", and repeats.
"""

from __future__ import annotations

import base64
import gc
import os
import pickle
import sys


def main() -> None:
    """Compile each job that is read from stdin, until it ends."""
    gc.disable()  # as in `second_process`
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # other output goes to stderr, so that only answers are on stdout
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
