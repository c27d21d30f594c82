"""A sample: what a B2B company's CRM would export, simulated with hazards that are known (docs/sample.md)."""

from histories.sample.export import SampleSummary, write
from histories.sample.parameters import Parameters, read_parameters
from histories.sample.truth import truth

__all__ = ["Parameters", "SampleSummary", "read_parameters", "truth", "write"]
