"""What the image is built from, without an engine that builds it: its context, its machine code, and its start."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from serving_world import Asked, Packable

from serving import serve
from serving.deploy.pack import pack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
# What `bentoml containerize` does before it calls an engine.
CONTEXT = """
import shutil, sys
import bentoml
from bentoml._internal.container import construct_containerfile

with construct_containerfile(bentoml.bentos.get(sys.argv[1]), enable_buildkit=False) as (context, _):
    shutil.copytree(context, sys.argv[2])
"""


def python(*arguments: str, cwd: Path, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env={**os.environ, **variables}, capture_output=True, check=False, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def context(packable: Packable, bentoml_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build's context, from the folder that docs/operations.md names."""
    tag = pack(packable.bundle_folder, packable.rulebook)
    home = {"BENTOML_HOME": str(bentoml_home)}
    built = python("-m", "bentoml", "build", "-o", "tag", str(ROOT), cwd=ROOT, LEAD_SCORING_MODEL=tag, **home)
    folder = tmp_path_factory.mktemp("image") / "bento"
    python("-c", CONTEXT, built.strip().removeprefix("__tag__:"), str(folder), cwd=Path("/"), **home)
    return folder


def test_the_context_holds_our_dockerfile_and_all_that_it_copies(context: Path) -> None:
    dockerfile = (context / "env" / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert dockerfile.startswith("# Rendered by BentoML from deploy/Dockerfile.template")
    for source in re.findall(r"^COPY (?!--from)(\S+) ", dockerfile, re.MULTILINE):
        assert (context / source).exists()
    (model,) = [one for one in (context / "models" / "lead_scoring").iterdir() if one.is_dir()]
    assert (model / "bundle").is_dir()


def variables_of(context: Path) -> dict[str, str]:
    """What the Dockerfile sets for numba."""
    dockerfile = (context / "env" / "docker" / "Dockerfile").read_text(encoding="utf-8")
    return dict(re.findall(r"(NUMBA_CPU_NAME)=(\S+)", dockerfile))


@pytest.fixture(scope="module")
def machine_code(context: Path) -> Path:
    """As the Dockerfile makes it."""
    for source in (context / "src").rglob("*.py"):
        os.utime(source, (0, 0))
    folder = context.parent / "numba"
    (model,) = [one for one in (context / "models" / "lead_scoring").iterdir() if one.is_dir()]
    python(
        "-m",
        "serving.deploy.warm",
        str(model),
        cwd=context / "src",
        NUMBA_CACHE_DIR=str(folder),
        **variables_of(context),
    )
    return folder


@contextlib.contextmanager
def started(context: Path, scratch: Path, variables: Mapping[str, str]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= {"TMPDIR": str(scratch), "LEAD_SCORING_PORT": str(port), "BENTOML_DO_NOT_TRACK": "True", **variables}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    with (scratch / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving.deploy.container"], cwd=context / "src", env=environment, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(6000):
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                        break
                assert process.poll() is None, (scratch / "log").read_text(encoding="utf-8")
                time.sleep(0.1)
            yield url
        finally:
            serve.stop(process)


def everything(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_it_starts_with_the_machine_code_it_carries_writes_to_scratch_alone_and_answers_the_same_bits(
    context: Path, machine_code: Path, asked: Asked, tmp_path: Path
) -> None:
    before = everything(context.parent)
    carried = {path.relative_to(machine_code) for path in machine_code.rglob("*.nbc")}
    variables = {"NUMBA_CACHE_DIR": str(machine_code), **variables_of(context)}
    with started(context, tmp_path, variables) as url:
        answer = httpx.post(f"{url}/v1/predict", json=asked.body, timeout=60, trust_env=False).json()
    assert answer["leads"] == asked.rows
    assert everything(context.parent) == before
    used = tmp_path / "numba"
    assert {path.relative_to(used) for path in used.rglob("*.nbc")} == carried, "something was compiled again"
    shutil.rmtree(used)
