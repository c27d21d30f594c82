"""The image: linted, from a base that is pinned, run by nobody of importance, with its machine code in it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jinja2
import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PINNED = re.compile(r"[a-z./]+:[\w.-]+@sha256:[0-9a-f]{64}")


def rendered() -> str:
    """The Dockerfile as BentoML renders it: the template asks for none of BentoML's own blocks."""
    return jinja2.Template((DEPLOY / "Dockerfile.template").read_text(encoding="utf-8")).render()


DOCKERFILES = {"service": rendered(), "mlflow": (DEPLOY / "mlflow" / "Dockerfile").read_text(encoding="utf-8")}


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Each instruction's word and the rest of it, on one line."""
    lines = [line for line in dockerfile.splitlines() if not line.startswith("#")]
    found = [line.split(None, 1) for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]
    return [(word, " ".join(rest.split())) for word, rest in found]


@pytest.mark.parametrize("name", DOCKERFILES)
def test_hadolint_has_nothing_to_say(name: str) -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, "--no-color", "-"], input=DOCKERFILES[name], capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.stdout + done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("name", DOCKERFILES)
def test_every_base_is_pinned_to_its_content(name: str) -> None:
    found = instructions(DOCKERFILES[name])
    (base,) = (rest.removeprefix("BASE_IMAGE=") for word, rest in found if word == "ARG")
    assert PINNED.fullmatch(base)
    assert {rest.split(" AS ")[0] for word, rest in found if word == "FROM"} == {"${BASE_IMAGE}"}


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_process_is_not_roots_and_nothing_secret_is_built_in(name: str) -> None:
    found = instructions(DOCKERFILES[name])
    (user,) = (rest for word, rest in found if word == "USER")
    uid, gid = map(int, user.split(":"))  # numbers: `runAsNonRoot` cannot read names
    assert uid >= 1000
    assert gid >= 1000
    after = [word for word, _ in found[[word for word, _ in found].index("USER") :]]
    assert after == ["USER", "EXPOSE", "ENTRYPOINT"]
    variables = " ".join(rest for word, rest in found if word in {"ENV", "ARG"})
    assert not re.search(r"(?i)password|secret|token|LEAD_SCORING_KEYS", variables)
    assert [rest for word, rest in found if word in {"ADD", "VOLUME"}] == []


def test_what_the_service_may_read_belongs_to_root_and_is_warmed_before_the_user_changes() -> None:
    found = instructions(DOCKERFILES["service"])
    words = [word for word, _ in found]
    assert not [rest for word, rest in found if word == "COPY" and "--chown" in rest]
    warm = next(
        place for place, (word, rest) in enumerate(found) if word == "RUN" and "-m serving.deploy.warm " in rest
    )
    assert words.index("USER") > warm
    commands = found[warm][1]
    assert commands.index("touch --date=@0") < commands.index("compileall") < commands.index("serving.deploy.warm")


def test_machine_code_is_made_for_any_processor_and_where_the_service_looks_for_it() -> None:
    (variables,) = (rest for word, rest in instructions(DOCKERFILES["service"]) if word == "ENV")
    assert "NUMBA_CPU_NAME=generic" in variables.split()
    assert "NUMBA_CACHE_DIR=/opt/numba" in variables.split()


def test_packages_are_those_of_the_lock_file_as_wheels_alone() -> None:
    (install,) = (rest for word, rest in instructions(DOCKERFILES["service"]) if "pip " in rest and word == "RUN")
    assert "--no-deps --only-binary :all: --requirement /requirements.txt" in install
    (mlflow,) = re.findall(r"mlflow==([\d.]+)", DOCKERFILES["mlflow"])
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    assert [one["version"] for one in lock["package"] if one["name"] == "mlflow"] == [mlflow]


def test_bentoml_is_told_of_the_template() -> None:
    bentofile = yaml.safe_load((ROOT / "bentofile.yaml").read_text(encoding="utf-8"))
    assert ROOT / bentofile["docker"]["dockerfile_template"] == DEPLOY / "Dockerfile.template"


def test_keys_and_passwords_are_never_committed() -> None:
    ignored = (DEPLOY / ".gitignore").read_text(encoding="utf-8").split()
    assert {"keys/", "secrets/"} <= set(ignored)
