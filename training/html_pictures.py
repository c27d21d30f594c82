"""Pictures inside a page: drawings of a run as SVG that takes its colours from the page, so that light and dark both read."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from histories.contract import Target
from training import canvas


@dataclass(frozen=True, slots=True)
class Caption:
    """What a picture is called, and how it is to be read."""

    title: str
    says: str


# By the end of a drawing's path: what it is called, how it is to be read, in the order of the report.
CAPTIONS: Mapping[str, Caption] = {
    "gains_lift": Caption(
        "How soon the list finds them",
        "Go down a list, the best first. Left: how many of all conversions have been found so far; the steeper the "
        "better. Right: how many times as many as calling at random.",
    ),
    "precision_at_capacity": Caption(
        "How many calls hit",
        "The share of the called that converted, for a team that calls few or many a week. The pale bar is your team.",
    ),
    "quadrants": Caption(
        "Where model and rules agree, and who is right where they do not",
        "Each dot is a lead as it was looked at, red where it converted. Upper left: the model alone ranks it in its "
        "top tenth; lower right: the rules alone do.",
    ),
    "reliability": Caption(
        "Do the percentages hold?",
        "Across: what was promised. Up: what share converted. On the dashed line a promise was kept; below it, it was "
        "too high. The dots are tenths of the test, with the range that luck allows.",
    ),
    "distributions": Caption(
        "Who scores high",
        "Where those who converted stand in the list, and where the others do. A good score puts the coloured bars to "
        "the right.",
    ),
    "importance": Caption(
        "What the model goes by",
        "How far each family of signals moves the answer, up or down, on the mean of the test's snapshots. What it goes "
        "by is no cause.",
    ),
    "auc_by_age": Caption(
        "New leads and old ones",
        "How well each score ranks leads that were looked at when they were so old; 0.5 is chance.",
    ),
}
# What a drawing's colours are on the page: names that the page's style defines for light and for dark.
_ON_PAGE = {
    canvas.INK: "var(--ink)",
    canvas.GREY: "var(--grey)",
    canvas.PALE: "var(--line)",
    "#ffffff": "var(--paper)",
    "#000000": "var(--ink)",
    **{colour: f"var(--{name})" for name, colour in canvas.COLOURS.items()},
}
_MOST_DOTS = 300  # beyond, dots become one image: a page would carry a hundred bytes for each
_DOTS_PER_INCH = 110
_SCALES = 0.75, 1.35  # pixels for a point of a drawing, whose letters have 9 points


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as it stands in the report. `svg` is safe as it is: it was drawn here."""

    name: str
    caption: Caption
    svg: Markup


def pictures(drawn: Mapping[str, Figure], target: Target) -> Iterator[Picture]:
    """Yield a target's drawings in the report's order; `drawn`: by path, as `figures/customer_quadrants.png`."""
    named = {PurePath(path).stem: figure for path, figure in drawn.items()}
    for name, caption in CAPTIONS.items():
        figure = named.get(f"{target.value}_{name}")
        if figure is not None:
            key = f"{target.value}-{name.replace('_', '-')}"
            yield Picture(key, caption, svg(figure, key, f"{caption.title}. {caption.says}"))


def svg(figure: Figure, name: str, label: str) -> Markup:
    """Return a drawing as an SVG element with text as text; `name` keeps its ids apart from those of others on the page."""
    _flatten(figure)
    canvas.lay_out(figure)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}), io.StringIO() as file:
        figure.savefig(file, format="svg", dpi=_DOTS_PER_INCH, transparent=True, metadata={"Date": None})
        text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
    for colour, on_page in _ON_PAGE.items():
        text = text.replace(colour, on_page)
    opening = f'<svg {_size(figure)} role="img" aria-label="{Markup.escape(label)}">'
    text = opening + text[text.index(">") + 1 :]
    return Markup(text)  # noqa: S704 -- drawn above; its texts were escaped by matplotlib


def _size(figure: Figure) -> str:
    """The element's own scale, and how large it may be and has to be on a page, so that its text can be read."""
    width, height = (72 * inches for inches in figure.get_size_inches().tolist())
    least, most = _SCALES
    return (
        f'viewBox="0 0 {width:g} {height:g}" style="min-width: {least * width:.0f}px; max-width: {most * width:.0f}px"'
    )


def _flatten(figure: Figure) -> None:
    for axes in figure.axes:
        _flatten_dots(axes)


def _flatten_dots(axes: Axes) -> None:
    for dots in axes.collections:
        if np.shape(dots.get_offsets())[0] > _MOST_DOTS:
            dots.set_rasterized(True)
