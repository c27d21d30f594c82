"""How much a run generates and measures."""

from dataclasses import dataclass

from benchmarks.scale.events import Size


@dataclass(frozen=True, slots=True)
class Sizes:
    """`events`: what all are compared on. `large`: what goes through the command beside them, within `memory`.

    `for_featuretools`: what featuretools finishes in about a minute. `repeats`: runs of each contender that is not
    slow, of which the fastest counts.
    """

    name: str
    events: Size
    large: Size
    for_featuretools: Size
    memory: str
    repeats: int


SIZES = {
    sizes.name: sizes
    for sizes in (
        Sizes("full", Size(10_000_000, 500_000), Size(100_000_000, 5_000_000), Size(2_400, 120), "4GB", 2),
        Sizes("small", Size(500_000, 25_000), Size(2_000_000, 100_000), Size(200, 10), "1GB", 1),
        Sizes("tiny", Size(20_000, 1_000), Size(40_000, 2_000), Size(40, 2), "1GB", 1),
    )
}
