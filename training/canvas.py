"""What all pictures share: their colours, and a sheet of empty axes."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLOURS = {"model": "#1f4e79", "rules": "#d9822b", "champion": "#4a8f5c"}
INK, GREY, PALE = "#222b36", "#8a94a0", "#e6e9ed"


def blank(
    title: str, rows: int = 1, columns: int = 1, heights: tuple[float, ...] | None = None
) -> tuple[Figure, list[Any]]:
    """Return a figure with its title and empty axes, row by row; `heights` of the rows beside each other."""
    figure = Figure(figsize=(5.6 * columns + 1.2, 6.2 if rows > 1 else 5.2), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False, gridspec_kw={"height_ratios": heights} if heights else None)
    for axes in grid.flat:
        axes.grid(visible=True, color=PALE, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.tick_params(colors=INK, labelsize=9, length=0)
        for side in axes.spines.values():
            side.set_color(PALE)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK, fontweight="bold")
    return figure, list(grid.flat)


def lay_out(figure: Figure) -> None:
    """Give the axes their places, once for all formats that the figure is drawn in: that is half of the drawing."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")


def legend_above(axes: Axes) -> None:
    """Put the legend in one line above the axes, where it hides nothing."""
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, borderaxespad=0.2)
