"""The only package that imports Numba: how functions are compiled and cached, and how compilation is switched off.

README.md lists the decorators.

With the environment variable ``NUMBA_DISABLE_JIT=1`` all of them return the plain Python function, so that a debugger
can step through each formula. Three pitfalls of Numba are avoided: an edit in another file that the cache does not
notice (`cache`), float64 literals among float32 arrays, and a function that is compiled twice (both `functions`).
"""

from scratchtune.core.jit.arithmetic import (
    FLUSH,
    float_control,
    power_of_two,
    set_float_control,
    wrapped_product,
    wrapped_sum,
)
from scratchtune.core.jit.cache import plain
from scratchtune.core.jit.first_run import Job, kernel_job, loop_job, prepare
from scratchtune.core.jit.functions import (
    DISABLED,
    called,
    function,
    function_dividing,
    function_in_order,
    function_noalias,
    inlined,
    loop,
    loop_in_order,
)
from scratchtune.core.jit.kernels import (
    Kernel,
    backward,
    backward2,
    call,
    call_loss,
    forward,
    forward2,
    loss,
    table,
    update,
)
from scratchtune.core.jit.tile import (
    add_tile,
    add_tile_sliced_a,
    add_tile_sliced_b,
    copy_square,
    tile_columns,
    tile_rows,
    transpose_square,
    vector_size,
)
from scratchtune.core.jit.views import size_of, views

__all__ = [
    "DISABLED", "FLUSH", "Job", "Kernel", "add_tile", "add_tile_sliced_a", "add_tile_sliced_b", "backward",
    "backward2", "call", "call_loss", "called", "copy_square", "float_control", "forward", "forward2", "function",
    "function_dividing", "function_in_order", "function_noalias", "inlined", "kernel_job", "loop", "loop_in_order",
    "loop_job", "loss", "plain", "power_of_two", "prepare", "set_float_control", "size_of", "table", "tile_columns",
    "tile_rows", "transpose_square", "update", "vector_size", "views", "wrapped_product", "wrapped_sum",
]
