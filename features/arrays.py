"""What the kernel reads: leads and the catalogue as plain arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Plan(NamedTuple):
    """A catalogue as the kernel needs it."""

    layout: Ints  # columns at which blocks begin, and sizes
    sum_slots: Ints  # for each signal: the place of its sums among sums, or -1
    edges: Ints  # windows, microseconds, ascending
    half_lives: Floats  # days
    zone: Ints  # [2, transitions]: from when on, offset
    least: Floats  # of each predicate of own features: the least value that passes; -inf: any, and none at all
    program: Ints  # [operations, 2]: what to do, and with which column, hidden value or constant
    constants: Floats


class Encoded(NamedTuple):
    """Leads as the kernel needs them. Interactions ascend by (time, id) within a lead."""

    leads: Ints  # [leads, 9]: creation, and where its interactions, account, attributes and steps lie
    members: Ints  # the leads of each account
    occurred: Ints
    received: Ints  # the least int64 where it was known as it happened
    signature: Ints
    value: Floats  # NaN: none
    twins: Ints  # -1: counts for each lead of the account; -2: for none; else for that lead alone. Empty: all -1
    attributes: Ints  # [values, 2]: place of the attribute, known_at; ascending in both within a lead
    attribute_values: Floats
    steps: Ints  # [steps, 4]: outcome's time; when mql, sql, opportunity were reached as of then, or the least int64
