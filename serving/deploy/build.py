"""Builds the bento of a packed model, and starts it beside whatever runs, to be tried."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from histories.errors import CallError, DataError
from serving import serve
from serving.http import keys
from serving.http.permission import Permission

_ROOT = Path(__file__).resolve().parents[2]
_BENTOFILE = "bentofile.yaml"
_OURS = "LEAD_SCORING_"
# What decides about an answer; everything else (keys, logs, the deployment folder) would lead out of the trial.
_KEPT = ("LEAD_SCORING_ALLOW_PERSONAL", "LEAD_SCORING_MAX_BODY_BYTES", "LEAD_SCORING_MAX_INTERACTIONS")


@dataclass(frozen=True, slots=True)
class Trial:
    """A bento that is being tried: its address, and the one key that it answers."""

    url: str
    key: str = field(repr=False)


def build(tag: str) -> str:
    """Return the tag of a new bento that holds this program and the packed model. Takes some 10 s.

    Raises CallError where the program is installed without its bentofile.yaml, DataError where BentoML cannot build.
    """
    if not (_ROOT / _BENTOFILE).is_file():
        raise CallError(f"{_ROOT / _BENTOFILE}: does not exist; deploy from a checkout of lead-scoring")
    command = [sys.executable, "-m", "bentoml", "build", "-o", "tag", "-f", str(_ROOT / _BENTOFILE), str(_ROOT)]
    environment = {**_bare(os.environ), "LEAD_SCORING_MODEL": tag}
    done = subprocess.run(  # noqa: S603  # our own interpreter with our own arguments
        command, env=environment, cwd=_ROOT, capture_output=True, check=False, text=True
    )
    found = done.stdout.strip().rpartition("__tag__:")[2]
    if done.returncode or not found:
        said = "\n".join((done.stderr or done.stdout).splitlines()[-20:])
        raise DataError(f"BentoML cannot build the bento of {tag}; it says:\n{said}")
    return found


@contextlib.contextmanager
def trial(bento: str, scratch: Path, now: int) -> Iterator[Trial]:
    """Serve a bento for as long as the block runs, for this machine alone, on a free port, and with a key of its own.

    It has none of the environment's keys, logs and folders. `scratch` takes its log (`service.log`) and its key, made
    `now` (UTC microseconds). Raises DataError where it is not ready in time.
    """
    file = scratch / "keys.json"
    key = keys.add(file, "the trial before a deploy", [Permission.PREDICT], now).text
    environment = {**_bare(os.environ), "BENTOML_HOME": str(_home(scratch)), "LEAD_SCORING_WORKERS": "1"}
    environment |= {"LEAD_SCORING_KEYS": str(file), "LEAD_SCORING_REQUESTS_PER_MINUTE": "1000000"}
    environment |= {name: os.environ[name] for name in _KEPT if name in os.environ}
    log = scratch / "service.log"
    with serve.started([bento], environment, "127.0.0.1", 0, log, serve.READY_SECONDS) as served:
        yield Trial(served.url, key)


def _bare(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(_OURS)} | serve.UNTRACKED


def _home(scratch: Path) -> Path:
    """A BENTOML_HOME with the same models and bentos, and nothing else.

    A service empties its home's folder of metric files when it starts: the one that runs would lose its figures.
    """
    theirs = Path(os.environ.get("BENTOML_HOME") or Path.home() / "bentoml")
    home = scratch / "bentoml"
    home.mkdir(parents=True)
    for name in ("models", "bentos"):
        (home / name).symlink_to((theirs / name).absolute(), target_is_directory=True)
    return home
