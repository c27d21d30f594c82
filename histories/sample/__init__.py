"""A sample: what a B2B company's CRM would export, simulated with hazards that are known (docs/sample.md)."""

from histories.sample.export import SampleSummary, write

__all__ = ["SampleSummary", "write"]
