"""The sums of a booster's trees, by the shorter of LightGBM's own ways: one row asks it as few questions as it can."""

import ctypes
import weakref
from threading import Lock

import lightgbm as lgb
import numpy as np

from scoring.calibration import Floats

_LIBRARY = lgb.basic._LIB  # type: ignore[attr-defined]  # as the Booster itself reaches it
_check = lgb.basic._safe_call
_RAW_SCORE, _FLOAT64, _FROM_THE_FIRST, _ALL = 1, 1, 0, -1


class RawScores:
    """Raw scores of a booster, the same to the last bit by either way.

    `Booster.predict` makes a predictor and reads its settings at each call, which takes ten times as long as the trees
    of one row do. LightGBM's C interface keeps both for rows that come one at a time; Python's does not offer it.
    """

    def __init__(self, booster: lgb.Booster) -> None:
        self._booster, self._features = booster, booster.num_feature()
        self._lock = Lock()  # the predictor that is kept has one row's buffer
        self._kept: ctypes.c_void_p | None = None

    def of(self, matrix: Floats, threads: int) -> Floats:
        """Return [n] of float64 [n, features], in C order."""
        if len(matrix) == 1:
            return self._of_one(matrix)
        # All threads that share a booster must predict with the same parameters: never pass num_iteration here
        # (LightGBM#6142: others' predictions come out wrong).
        return np.asarray(self._booster.predict(matrix, raw_score=True, num_threads=threads), dtype=np.float64)

    def _of_one(self, row: Floats) -> Floats:
        found, length = np.empty(1, dtype=np.float64), ctypes.c_int64(0)
        if row.shape[1] != self._features or not row.flags.c_contiguous:
            raise ValueError(f"a row of {row.shape[1]} features for a booster of {self._features}")
        with self._lock:
            if self._kept is None:
                self._kept = self._keep()
            _check(
                _LIBRARY.LGBM_BoosterPredictForMatSingleRowFast(
                    self._kept,
                    ctypes.c_void_p(row.ctypes.data),
                    ctypes.byref(length),
                    ctypes.cast(found.ctypes.data, ctypes.POINTER(ctypes.c_double)),
                )
            )
        return found

    def _keep(self) -> ctypes.c_void_p:
        kept = ctypes.c_void_p()
        _check(
            _LIBRARY.LGBM_BoosterPredictForMatSingleRowFastInit(
                self._booster._handle,
                ctypes.c_int(_RAW_SCORE),
                ctypes.c_int(_FROM_THE_FIRST),
                ctypes.c_int(_ALL),
                ctypes.c_int(_FLOAT64),
                ctypes.c_int32(self._features),
                ctypes.c_char_p(b"num_threads=1"),
                ctypes.byref(kept),
            )
        )
        # It is of no use without the booster, and must go before it: the booster is held until it has gone.
        weakref.finalize(self, _free, kept, self._booster)
        return kept


def _free(kept: ctypes.c_void_p, booster: lgb.Booster) -> None:
    _LIBRARY.LGBM_FastConfigFree(kept)
    del booster
