"""Does a small model live on one field? Its AUC on the newest window inside training, with the field and without."""

from collections.abc import Collection
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from histories.errors import listed
from training import leak_auc
from training.leak_bounds import auc_low
from training.leak_finding import BLOCK, BLOCK_LOW, LOOK, LOOK_LOW, MODEL, Finding, Probe, Verdict, field_of
from training.leak_view import View

FloatArray = NDArray[np.float64]
_LEAST_LOSS = 0.05
_MOST_DROPS = 3
_ROUNDS = 60
_PARAMETERS: dict[str, object] = {
    "objective": "binary",
    "num_leaves": 7,
    "learning_rate": 0.1,
    "min_data_in_leaf": 20,
    "lambda_l2": 5.0,
    "feature_fraction": 0.5,
    "max_bin": 63,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True, eq=False)
class Grown:
    """A small model: its AUC on the newest window, the bound of it, and each field's share of its gain."""

    auc: float
    low: float
    gain: dict[str, float]


def findings(view: View, stopped: Collection[str], z: float, seed: int) -> list[Finding]:
    """Look for the field without which the AUC falls, where it is high; fields in `stopped` are left out before.

    Nothing is looked at where training has no window. Without a field, the AUC must fall by 0.05 at least: of two
    fields that say the same, neither falls out by itself, so that the next is left out with the first.
    """
    if not view.newer.any() or not view.older.any():
        return []
    gone = set(stopped)
    whole = _grow(view, gone, z, seed)
    left = whole
    dropped: list[str] = []
    while whole.auc > LOOK and whole.low > LOOK_LOW and len(dropped) < _MOST_DROPS and left.gain:
        field = max(left.gain, key=lambda name: left.gain[name])
        dropped.append(field)
        gone.add(field)
        left = _grow(view, gone, z, seed)
        if whole.auc - left.auc >= _LEAST_LOSS:
            return [_finding(view, name, dropped, whole, left) for name in dropped]
    return [_unexplained(view, whole)] if whole.auc > BLOCK and whole.low > BLOCK_LOW else []


def _finding(view: View, field: str, dropped: list[str], whole: Grown, left: Grown) -> Finding:
    stops = whole.auc > BLOCK and whole.low > BLOCK_LOW and left.auc <= BLOCK
    others = [name for name in dropped if name != field]
    without = f"without it and {listed(others)}" if others else "without it"
    sentence = (
        f"a small model tells who becomes {view.question} with it (AUC {whole.auc:.3f}, at least {whole.low:.3f}) and "
        f"far less well {without} (AUC {left.auc:.3f})"
    )
    verdict = Verdict.BLOCK if stops else Verdict.LOOK
    return Finding(field, Probe.GAIN, view.target, whole.auc - left.auc, None, verdict, sentence)


def _unexplained(view: View, whole: Grown) -> Finding:
    sentence = (
        f"a small model tells who becomes {view.question} too well to be true (AUC {whole.auc:.3f}, at least "
        f"{whole.low:.3f}), and lives on no single field"
    )
    return Finding(MODEL, Probe.GAIN, view.target, whole.auc, whole.low, Verdict.LOOK, sentence)


def _grow(view: View, gone: Collection[str], z: float, seed: int) -> Grown:
    columns = [place for place, one in enumerate(view.catalogue.features) if field_of(one.signal) not in gone]
    positive = view.positive[view.newer]
    if not columns or not view.positive[view.older].any():
        return Grown(0.5, 0.0, {})
    features = [view.catalogue.features[column] for column in columns]
    older = view.matrix[view.older][:, columns]
    data = lightgbm.Dataset(
        older,
        label=view.positive[view.older].astype(np.float32),
        categorical_feature=[place for place, one in enumerate(features) if one.categorical],
        params=_PARAMETERS | {"seed": seed},
    )
    booster = lightgbm.train(_PARAMETERS | {"seed": seed}, data, num_boost_round=_ROUNDS)
    margins = np.asarray(booster.predict(view.matrix[view.newer][:, columns], raw_score=True))
    gain: dict[str, float] = {}
    for one, share in zip(features, booster.feature_importance("gain").tolist(), strict=True):
        gain[field_of(one.signal)] = gain.get(field_of(one.signal), 0.0) + share
    auc = leak_auc.ranked(margins, positive)
    return Grown(auc, auc_low(auc, *view.groups(view.newer), z), gain)
