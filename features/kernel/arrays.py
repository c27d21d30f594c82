"""What the kernel reads: leads and the catalogue as plain arrays. `features/kernel/layout.py` names the places in them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Plan(NamedTuple):
    """A catalogue as the kernel needs it. Few arrays: each costs a call of one lead a quarter of a microsecond."""

    layout: Ints  # sizes, columns at which blocks begin, windows, half-lives, places of sums
    blank: Floats  # the row of a lead of whom nothing is known
    zone: Ints  # [2, transitions]: from when on, offset
    least: Floats  # for each hidden signal: the least value that belongs to it; -inf: any, none too
    program: Ints  # [steps, 2]: how own features are computed
    constants: Floats  # the numbers that the program reads


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
