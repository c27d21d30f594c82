"""A process that writes batches and says so: URL, first and last batch, rows a batch. Each batch is the same in every process."""

import sys
from itertools import count

from histories.contract import Interaction
from histories.store import InteractionRow, Store, Verdict


def batch(number: int, rows: int) -> list[InteractionRow]:
    """The rows of a batch; every fifth is one of the batch before."""
    ids = (number * rows + place - (rows if place % 5 == 0 else 0) for place in range(rows))
    return [InteractionRow(f"lead:{one % 7}", Interaction(f"i:{one}", abs(one), "call", value=one / 3)) for one in ids]


def main(url: str, first: int, last: int, rows: int) -> None:
    """Write a line for each batch that was acknowledged."""
    with Store.open(url) as store:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        for number in count(first):
            if number > last:
                return
            result = store.add_interactions(batch(number, rows), number)
            assert result.count(Verdict.REFUSED) == 0
            sys.stdout.write(f"{number} {result.count(Verdict.ADDED)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
