"""The compiler's doorway, the only package that imports numba: how a kernel is compiled, cached and switched off.

| decorator | what it compiles |
|---|---|
| `function` | a plain function, for whatever types it is called with; formulas are written with it |
| `function_of_separate_arrays` | the same, where array arguments never share memory |
| `function_in_order` | the same, where sums must be taken in the order written |
| `inlined` | a piece of a longer function, put into it before it is compiled |
| `forward`, `backward`, `loss`, `update` | a kernel, of one fixed signature each, called through its address |
| `loop`, `loop_in_order` | a loop that calls kernels |

With the environment variable ``NUMBA_DISABLE_JIT=1`` all of them return the plain Python function, so that each formula
can be stepped through in a debugger. Three traps are closed here: see `cache` (an edit in another file), `literals`
(float64 constants among float32 arrays) and `functions` (a function compiled twice).
"""

from scratchtune.jit.arithmetic import (
    FLUSH,
    float_control,
    power_of_two,
    set_float_control,
    wrapped_product,
    wrapped_sum,
)
from scratchtune.jit.cache import dependencies, plain
from scratchtune.jit.first_run import Job, kernel_job, loop_job, prepare
from scratchtune.jit.functions import (
    DISABLED,
    function,
    function_in_order,
    function_of_separate_arrays,
    inlined,
    loop,
    loop_in_order,
)
from scratchtune.jit.kernels import Kernel, backward, call, call_loss, forward, loss, table, update

__all__ = [
    "DISABLED", "FLUSH", "Job", "Kernel", "backward", "call", "call_loss", "dependencies", "float_control", "forward",
    "function", "function_in_order", "function_of_separate_arrays", "inlined", "kernel_job", "loop", "loop_in_order",
    "loop_job", "loss", "plain", "power_of_two", "prepare", "set_float_control", "table", "update", "wrapped_product",
    "wrapped_sum",
]
