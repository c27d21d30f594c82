"""What Python's cycle collector looks through: not what was loaded, and seldom what a request makes."""

import gc

# A call with 200 leads makes some hundred thousand objects, none of them in a cycle. With CPython's own 700, the
# collector looks through them, and now and then through all that was loaded, again and again within the call.
_NEW_OBJECTS = 100_000


def settle() -> None:
    """Take all that is loaded now out of the collector's sight, but for what is garbage, also of an earlier call.

    To be called when something has been loaded that stays. Reference counting goes on freeing all that is in no cycle.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)
