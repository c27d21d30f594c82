"""A model as the texts of a bundle: what JSON says of it, and the files of its boosters and ridges."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from histories.contract import Target
from scoring.calibration import Beta, Calibrator
from scoring.members import BoosterMember, Member, PointsMember
from scoring.model import Model
from scoring.ridge import Line, Ranges, RidgeMember


def dump(content: object) -> str:
    """Return canonical JSON. A float is written by the fewest digits that read back to the same bits."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"


def describe(model: Model, stem: str, files: dict[str, str]) -> dict[str, object]:
    """Return what JSON says of a model; boosters and ridges are added to `files` under names that begin with `stem`."""
    return {
        "horizon_days": model.horizon_days,
        "members": [_member(one, f"{stem}_{number}", files) for number, one in enumerate(model.members)],
        "calibrator": _calibrator(model.calibrator),
    }


def read(target: Target, content: Mapping[str, Any], texts: Mapping[str, str]) -> Model:
    """Read what `describe` said. Raises KeyError, TypeError or ValueError where it is anything else."""
    members = tuple(_read_member(one, texts) for one in content["members"])
    return Model(target, int(content["horizon_days"]), members, _read_calibrator(content["calibrator"]))


def _member(member: Member, stem: str, files: dict[str, str]) -> dict[str, object]:
    if isinstance(member, PointsMember):
        points = {"slope": member.slope, "intercept": member.intercept, "centre": member.centre}
        return {"points": points, "offset": member.offset, "weight": member.weight}
    if isinstance(member, RidgeMember):
        files[f"{stem}.json"] = _ridge(member)
        return {"ridge": f"{stem}.json", "weight": member.weight}
    files[f"{stem}.txt"] = member.text
    start = {"slope": member.points_slope, "centre": member.points_centre}
    return {"booster": f"{stem}.txt", "offset": member.offset, "start": start, "weight": member.weight}


def _read_member(content: Mapping[str, Any], texts: Mapping[str, str]) -> Member:
    weight = float(content["weight"])
    if "ridge" in content:
        return _read_ridge(json.loads(texts[content["ridge"]]), weight)
    offset = float(content["offset"])
    if "points" in content:
        points = content["points"]
        return PointsMember(float(points["slope"]), float(points["intercept"]), offset, float(points["centre"]), weight)
    start = content["start"]
    return BoosterMember(texts[content["booster"]], offset, float(start["slope"]), float(start["centre"]), weight)


def _ridge(member: RidgeMember) -> str:
    lines = {
        name: {"centre": line.centre, "scale": line.scale, "coefficient": line.coefficient}
        for name, line in member.lines.items()
    }
    ranges = {name: {"borders": one.borders, "parts": one.parts} for name, one in member.ranges.items()}
    said = {"columns": member.names, "lines": lines, "steps": dict(member.steps), "intercept": member.intercept}
    # Left out where there are none, as by the format before: a bundle that is read again keeps its version.
    return dump(
        said | ({"ranges": ranges} if ranges else {}) | ({"missing": dict(member.missing)} if member.missing else {})
    )


def _read_ridge(content: Mapping[str, Any], weight: float) -> RidgeMember:
    names = tuple(str(name) for name in content["columns"])
    lines = {
        str(name): Line(float(line["centre"]), float(line["scale"]), float(line["coefficient"]))
        for name, line in content["lines"].items()
    }
    steps = {str(name): _floats(parts) for name, parts in content["steps"].items()}
    ranges = {
        str(name): Ranges(_floats(one["borders"]), _floats(one["parts"]))
        for name, one in content.get("ranges", {}).items()
    }
    missing = {str(name): float(part) for name, part in content.get("missing", {}).items()}
    return RidgeMember(names, lines, steps, float(content["intercept"]), weight, ranges, missing)


def _floats(numbers: Sequence[Any]) -> tuple[float, ...]:
    return tuple(float(one) for one in numbers)


def _calibrator(calibrator: Calibrator | Beta) -> dict[str, object]:
    if isinstance(calibrator, Beta):
        return {"beta": {"a": calibrator.a, "b": calibrator.b, "c": calibrator.c}}
    return {"line": {"slope": calibrator.slope, "intercept": calibrator.intercept}}


def _read_calibrator(content: Mapping[str, Any]) -> Calibrator | Beta:
    if "beta" in content:
        beta = content["beta"]
        return Beta(float(beta["a"]), float(beta["b"]), float(beta["c"]))
    return Calibrator(float(content["line"]["slope"]), float(content["line"]["intercept"]))
