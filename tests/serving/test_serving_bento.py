"""The bento holds the four rooms that answer and what they import, and serves without anything of training."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from serving_world import Asked, Packable

from serving import serve
from serving.deploy.pack import pack

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "serving" / "requirements.txt"
EXPORT = "export --frozen --no-default-groups --group serving --group store --no-emit-project --no-hashes --no-header --no-annotate -q"
TRAINING = ["mlflow", "duckdb", "pandas", "sklearn", "matplotlib", "typer", "pytest"]


def uv() -> str:
    found = os.environ.get("UV") or shutil.which("uv")
    if not found:
        pytest.skip("uv is not on the path; `make test` puts it there")
    return found


def test_the_requirements_are_those_that_the_lock_file_gives() -> None:
    exported = subprocess.run([uv(), *EXPORT.split()], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    assert REQUIREMENTS.read_text(encoding="utf-8") == exported, "write it again; docs/serving.md has the command"


def test_the_page_has_the_command_that_writes_the_requirements() -> None:
    assert f"$ uv {EXPORT} -o serving/requirements.txt" in (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")


def test_nothing_of_training_is_required() -> None:
    names = {line.split("==")[0] for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines()}
    assert not names & {*TRAINING, "scikit-learn", "notebook"}
    assert {"bentoml", "lightgbm", "numba", "pyarrow", "pydantic"} <= names


@pytest.fixture(scope="module")
def bento(bentoml_home: Path, packable: Packable) -> Path:
    tag = pack(packable.bundle_folder, packable.rulebook)
    build = [sys.executable, "-m", "bentoml", "build", "-o", "tag", str(ROOT)]
    environment = {**os.environ, "LEAD_SCORING_MODEL": tag, "BENTOML_HOME": str(bentoml_home)}
    done = subprocess.run(build, env=environment, capture_output=True, check=False, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    name, version = done.stdout.strip().removeprefix("__tag__:").split(":")
    return bentoml_home / "bentos" / name / version


def test_the_bento_holds_the_four_rooms_alone_and_the_model_it_was_built_with(bento: Path, packable: Packable) -> None:
    there = {path.relative_to(bento / "src").parts[0] for path in (bento / "src").rglob("*") if path.is_file()}
    assert there == {"histories", "features", "scoring", "serving", "bentofile.yaml"}
    (service,) = yaml.safe_load((bento / "bento.yaml").read_text(encoding="utf-8"))["services"]
    assert [one["tag"] for one in service["models"]] == [pack(packable.bundle_folder, packable.rulebook)]
    required = (bento / "env" / "python" / "requirements.txt").read_text(encoding="utf-8")
    assert pinned(required) == pinned(REQUIREMENTS.read_text(encoding="utf-8"))


def pinned(requirements: str) -> set[str]:
    return set(re.findall(r"^[\w.-]+==[\w.]+", requirements, re.MULTILINE))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Python that has what the bento requires, and nothing else."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([uv(), "venv", "-q", "--no-project", "-p", sys.executable, str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run([uv(), "pip", "install", "-q", "--python", str(python), "-r", str(REQUIREMENTS)], check=True)
    yield python
    shutil.rmtree(folder)


@contextlib.contextmanager
def served(python: Path, bento: Path, home: Path, log: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    environment |= {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"}
    command = [str(python), "-m", "bentoml", "serve", f"lead_scoring:{bento.name}", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=log.parent, stdout=output, stderr=output, start_new_session=True
        )
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(1200):
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"{url}/readyz").status_code == 200:
                        break
                assert process.poll() is None, log.read_text(encoding="utf-8")
                time.sleep(0.1)
            yield url
        finally:
            serve.stop(process)


@pytest.mark.slow
def test_the_bento_serves_where_nothing_of_training_can_be_imported(
    bare: Path, bento: Path, bentoml_home: Path, packable: Packable, asked: Asked, tmp_path: Path
) -> None:
    for name in TRAINING:
        assert subprocess.run([bare, "-c", f"import {name}"], capture_output=True, check=False).returncode == 1
    edited = tmp_path / "rulebook.toml"
    edited.write_text(packable.rulebook.read_text(encoding="utf-8").replace("points = 25", "points = 24"), "utf-8")
    pack(packable.bundle_folder, edited)  # newer in the store than the model that the bento was built with
    with served(bare, bento, bentoml_home, tmp_path / "log") as url:
        answer = httpx.post(f"{url}/v1/predict", json=asked.body, timeout=30).json()
    assert answer["leads"] == asked.rows
    assert {name: answer[name] for name in asked.versions} == asked.versions
    assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")
