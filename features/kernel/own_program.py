"""Own features of one row: a small machine with a stack, run by the kernel once everything else of the row is there.

A program is one operation after the other, `[operations, 2]`: what to do, and with which column, hidden value or
constant. A value that is missing, and whatever is no finite number, makes every result missing that it enters.
"""

import numpy as np

from features.kernel.arrays import Floats, Plan
from histories.compiled import compiled

LOAD, HIDDEN, CONSTANT, STORE = 0, 1, 2, 3
ADD, SUBTRACT, MULTIPLY, DIVIDE, MIN, MAX = 4, 5, 6, 7, 8, 9
LOG1P, NEGATE = 10, 11
# The deepest that the parser lets through: three values wait at each level of parentheses, two outside of all.
STACK = 64


@compiled
def evaluate(out: Floats, hidden: Floats, plan: Plan) -> None:
    """Fill the columns of own features; `out` is the row, `hidden` holds layout.HIDDEN_WIDTH values a predicate."""
    # By local names: a look at the tuple inside the loop costs more than the step itself.
    program, constants = plan.program, plan.constants
    if program.shape[0] == 0:
        return
    stack = np.empty(STACK)
    top = 0
    for place in range(program.shape[0]):
        operation, argument = program[place, 0], program[place, 1]
        if operation == LOAD:
            stack[top] = _finite(out[argument])
            top += 1
        elif operation == HIDDEN:
            stack[top] = _finite(hidden[argument])
            top += 1
        elif operation == CONSTANT:
            stack[top] = constants[argument]
            top += 1
        elif operation == STORE:
            top -= 1
            # Adding 0 makes -0.0 plain.
            out[argument] = stack[top] + 0.0
        elif operation == LOG1P:
            stack[top - 1] = _finite(np.log1p(stack[top - 1])) if stack[top - 1] > -1.0 else np.nan
        elif operation == NEGATE:
            stack[top - 1] = -stack[top - 1]
        else:
            top -= 1
            stack[top - 1] = _of_two(operation, stack[top - 1], stack[top])


@compiled
def _finite(value: float) -> float:
    return value if np.isfinite(value) else np.nan


@compiled
def _of_two(operation: int, left: float, right: float) -> float:
    result = np.nan
    if np.isnan(left) or np.isnan(right):
        return result
    if operation == ADD:
        result = left + right
    elif operation == SUBTRACT:
        result = left - right
    elif operation == MULTIPLY:
        result = left * right
    elif operation == DIVIDE and right != 0.0:
        result = left / right
    elif operation == MIN:
        result = min(left, right)
    elif operation == MAX:
        result = max(left, right)
    return _finite(result)
