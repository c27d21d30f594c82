"""From margins (log-odds) to probabilities: Platt's sigmoid, fitted in logit space, or beta calibration.

Platt, "Probabilistic outputs for support vector machines" (1999), on the model's own margins rather than on its
probabilities: a sigmoid of a sigmoid cannot be the identity. Kull, Silva Filho and Flach, "Beta calibration: a
well-founded and easily implemented improvement on logistic calibration for binary classifiers" (2017).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from histories.errors import DataError

Floats = npt.NDArray[np.float64]

_PULL = 1e-3  # towards a slope of 1, worth a thousandth of an observation: keeps separable samples finite
_LEAST_SLOPE = 1e-6  # on margins of spread 1
_STEPS = 200
_NEAR = 1e-5  # margins so near that the difference of two log-odds would be rounding; a midpoint errs by its cube


def sigmoid(log_odds: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) without overflow."""
    small = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1.0, small) / (1.0 + small)


@dataclass(frozen=True, slots=True)
class Calibrator:
    """P = sigmoid(slope * margin + intercept), slope above 0, so that the order of leads stays."""

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        """Refuse what would turn the order around."""
        if not (np.isfinite(self.slope) and np.isfinite(self.intercept) and self.slope > 0):
            raise ValueError(f"slope {self.slope!r}, intercept {self.intercept!r}: finite, and the slope above 0")

    def log_odds(self, margins: Floats) -> Floats:
        """Return the calibrated log-odds."""
        return self.slope * margins + self.intercept

    def slopes(self, start: Floats, end: Floats) -> Floats:
        """Return how fast the calibrated log-odds rise from margin to margin: the slope, [n]."""
        del start
        return np.full(len(end), self.slope)

    def apply(self, margins: Floats) -> Floats:
        """Return probabilities."""
        return sigmoid(self.log_odds(margins))


@dataclass(frozen=True, slots=True)
class Beta:
    """P = sigmoid(a * ln p - b * ln(1 - p) + c), where p = sigmoid(margin): `a` bends the low end, `b` the high one.

    `a` and `b` are at least 0 and not both 0, so that the order of leads stays. With a = b it is a straight line.
    """

    a: float
    b: float
    c: float

    def __post_init__(self) -> None:
        """Refuse what would turn the order around."""
        if not np.isfinite([self.a, self.b, self.c]).all() or min(self.a, self.b) < 0 or self.a + self.b == 0:
            raise ValueError(f"a {self.a!r}, b {self.b!r}, c {self.c!r}: finite, a and b at least 0 and not both 0")

    def log_odds(self, margins: Floats) -> Floats:
        """Return the calibrated log-odds."""
        low, high = beta_columns(margins)
        return np.asarray(self.a * low + self.b * high + self.c, dtype=np.float64)

    def slopes(self, start: Floats, end: Floats) -> Floats:
        """Return how fast the calibrated log-odds rise, on average, from margin to margin, [n]."""
        apart = end - start
        near = np.abs(apart) < _NEAR
        risen = self.log_odds(end) - self.log_odds(start)
        middle = sigmoid((start + end) / 2)
        return np.where(near, self.a * (1 - middle) + self.b * middle, risen / np.where(near, 1.0, apart))

    def apply(self, margins: Floats) -> Floats:
        """Return probabilities."""
        return sigmoid(self.log_odds(margins))


def beta_columns(margins: Floats) -> tuple[Floats, Floats]:
    """Return ln p and -ln(1 - p) of p = sigmoid(margin); both rise with the margin."""
    return -np.logaddexp(0.0, -margins), np.logaddexp(0.0, margins)


IDENTITY = Calibrator(1.0, 0.0)


def fit(margins: Floats, labels: npt.ArrayLike, weights: Floats | None = None) -> Calibrator:
    """Fit slope and intercept by maximum likelihood: damped Newton, deterministic.

    `margins`, `labels` (0 or 1) and `weights` (None: 1 each) are [n]. The mean of the probabilities equals the mean
    of the labels. Where higher margins do not go with more ones, the slope stays just above 0. Raises DataError
    where the labels are all alike.
    """
    truth = np.asarray(labels, dtype=np.float64)
    mass = np.ones_like(truth) if weights is None else np.asarray(weights, dtype=np.float64)
    if not 0 < mass @ truth < mass.sum():
        raise DataError(
            f"calibration needs outcomes of both sorts; of {len(truth)} snapshots {int(truth.sum())} converted"
        )
    centre = float(np.average(margins, weights=mass))
    # Equal margins have no spread; the mean of many may miss them by a bit, which must not pass for one.
    spread = float(np.sqrt(np.average((margins - centre) ** 2, weights=mass))) if np.ptp(margins) else 1.0
    standard = (margins - centre) / spread
    slope, intercept = _newton(standard, truth, mass, spread)
    if slope <= _LEAST_SLOPE:
        slope = _LEAST_SLOPE
        intercept = _intercept(slope * standard, truth, mass)
    return Calibrator(slope / spread, intercept - slope / spread * centre)


def _loss(log_odds: Floats, truth: Floats, mass: Floats) -> float:
    return float(mass @ (np.logaddexp(0.0, log_odds) - truth * log_odds))


def _newton(standard: Floats, truth: Floats, mass: Floats, prior: float) -> tuple[float, float]:
    """Slope and intercept on standardised margins; `prior` is the slope that leaves the margins as they are."""
    share = float(mass @ truth / mass.sum())
    slope, intercept = prior, float(np.log(share / (1 - share)))

    def loss(a: float, b: float) -> float:
        return _loss(a * standard + b, truth, mass) + 0.5 * _PULL * (a - prior) ** 2

    best = loss(slope, intercept)
    for _ in range(_STEPS):
        step_a, step_b, decrement = _step(slope, intercept, standard, truth, mass, prior)
        if decrement < 1e-9 * (1.0 + abs(best)):  # here Newton converges quadratically: one more step is exact
            return slope - step_a, intercept - step_b
        scale = 1.0
        while (found := loss(slope - scale * step_a, intercept - scale * step_b)) > best and scale > 1e-9:
            scale /= 2
        slope, intercept, best = slope - scale * step_a, intercept - scale * step_b, found
    return slope, intercept


def _step(
    slope: float, intercept: float, standard: Floats, truth: Floats, mass: Floats, prior: float
) -> tuple[float, float, float]:
    """Newton's step (the inverse Hessian times the gradient) for two parameters, and the gradient along it."""
    chance = sigmoid(slope * standard + intercept)
    error, curve = mass * (chance - truth), mass * chance * (1 - chance)
    gradient_a = float(error @ standard) + _PULL * (slope - prior)
    gradient_b = float(error.sum())
    aa = float(curve @ standard**2) + _PULL
    ab, bb = float(curve @ standard), float(curve.sum()) + 1e-12
    determinant = aa * bb - ab * ab
    step_a = (bb * gradient_a - ab * gradient_b) / determinant
    step_b = (aa * gradient_b - ab * gradient_a) / determinant
    return step_a, step_b, gradient_a * step_a + gradient_b * step_b


def _intercept(offset: Floats, truth: Floats, mass: Floats) -> float:
    """The intercept alone, by bisection: the mean of the probabilities rises with it."""
    low, high = -50.0, 50.0
    for _ in range(200):
        middle = (low + high) / 2
        if float(mass @ sigmoid(offset + middle)) < float(mass @ truth):
            low = middle
        else:
            high = middle
    return (low + high) / 2
