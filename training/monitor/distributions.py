"""The distributions that bounds are read off: the one door to SciPy's."""

from scipy import stats  # type: ignore[import-untyped]


def poisson_limits(observed: float, level: float) -> tuple[float, float]:
    """Return the exact limits of a Poisson mean of which `observed` were seen, at a confidence `level`.

    Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936); `observed` may be a fraction, where
    a count was divided by a design effect.
    """
    tail = (1 - level) / 2
    low = stats.chi2.ppf(tail, 2 * observed) / 2 if observed > 0 else 0.0
    return float(low), float(stats.chi2.ppf(1 - tail, 2 * observed + 2) / 2)


def f_above(value: float, upper: float, lower: float) -> float:
    """Return how often an F variable with so many degrees of freedom exceeds `value`."""
    return float(stats.f.sf(value, upper, lower))


def f_bound(chance: float, upper: float, lower: float) -> float:
    """Return the value that an F variable exceeds with this chance."""
    return float(stats.f.isf(chance, upper, lower))


def t_above(value: float, freedom: float) -> float:
    """Return how often a t variable exceeds `value`."""
    return float(stats.t.sf(value, freedom))
