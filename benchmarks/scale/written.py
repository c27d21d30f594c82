"""The page and its chart as files."""

from pathlib import Path

from benchmarks.scale.chart import draw
from benchmarks.scale.machine import machine, versions
from benchmarks.scale.page import page
from benchmarks.scale.results import Results
from histories.whole_file import whole_file


def write(results: Results, path: Path, began: int) -> None:
    """Write the chart beside the page, then the page; both appear whole or not at all."""
    chart = path.with_suffix(".svg")
    text = page(results, chart.name, began, machine(), versions())
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
        with whole_file(chart) as drawn:
            draw(results, drawn)
