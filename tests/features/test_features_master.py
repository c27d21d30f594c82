"""Where a cluster may be, and Java, before Spark is asked: what is wrong is said in one message, at once."""

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from features import java, master
from histories.errors import CallError

FORMS = (
    "write local[2] (two cores of this machine), spark://HOST:7077, k8s://https://HOST:443, "
    "or yarn with HADOOP_CONF_DIR in the environment"
)


@pytest.fixture
def open_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("url", ["local", "local[1]", "local[12]", "local[*]"])
def test_this_machine_is_a_cluster_that_nobody_need_answer_for(url: str) -> None:
    assert master.is_local(url)
    master.refuse_unreachable(url)


@pytest.mark.parametrize(
    "url",
    [
        *("", "nonsense", "local[0]", "local[-1]", "local[2", "LOCAL", "yarn-client", "mesos://host:5050"),
        *("spark://", "spark://host", "spark://host:7077/x", "spark://a:1,b", "k8s://"),
        *("http://host:7077", "sc://host:15002"),
    ],
)
def test_what_is_no_master_is_refused_with_the_forms_that_are(url: str) -> None:
    with pytest.raises(CallError, match=f"^{re.escape(f'--cluster: {url!r} is no Spark master; {FORMS}')}$"):
        master.refuse_unreachable(url)


@pytest.mark.parametrize("form", ["spark://127.0.0.1:{}", "k8s://https://127.0.0.1:{}", "k8s://127.0.0.1:{}"])
def test_a_master_is_asked_whether_it_answers(form: str, open_port: int, closed_port: int) -> None:
    master.refuse_unreachable(form.format(open_port))
    url = form.format(closed_port)
    message = f"--cluster {url}: nobody answers there (Connection refused); start the master, or name the one that runs"
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        master.refuse_unreachable(url)


def test_of_several_masters_one_that_answers_is_enough(open_port: int, closed_port: int) -> None:
    master.refuse_unreachable(f"spark://127.0.0.1:{closed_port},127.0.0.1:{open_port}")


@pytest.mark.parametrize("form", ["spark://127.0.0.1:{}", "k8s://https://127.0.0.1:{}", "k8s://http://127.0.0.1:{}/"])
def test_a_port_that_cannot_be_is_said_to_be_none(form: str) -> None:
    with pytest.raises(CallError, match=r"nobody answers there \(there is no port 99999\)"):
        master.refuse_unreachable(form.format(99999))


def test_yarn_is_found_by_its_configuration_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HADOOP_CONF_DIR", raising=False)
    monkeypatch.delenv("YARN_CONF_DIR", raising=False)
    message = "--cluster yarn: set HADOOP_CONF_DIR to the folder that says where YARN is"
    with pytest.raises(CallError, match=f"^{message}$"):
        master.refuse_unreachable("yarn")
    monkeypatch.setenv("YARN_CONF_DIR", "/etc/hadoop")
    master.refuse_unreachable("yarn")


@pytest.fixture
def a_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a `java` that prints what it is given first on the path."""

    def make(says: str) -> Path:
        java_path = tmp_path / "bin" / "java"
        java_path.parent.mkdir()
        java_path.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
        java_path.chmod(0o755)
        monkeypatch.delenv("JAVA_HOME", raising=False)
        monkeypatch.setenv("PATH", f"{java_path.parent}:/bin")
        return java_path

    return make


@pytest.mark.parametrize("says", ['openjdk version "17.0.15" 2025-04-15', 'java version "21" 2023-09-19'])
def test_java_17_and_later_will_do(says: str, a_java: Callable[[str], Path]) -> None:
    a_java(says)
    java.refuse_without_java()


@pytest.mark.parametrize(("says", "version"), [('java version "1.8.0_392"', 8), ('openjdk version "11.0.2" 2019', 11)])
def test_an_older_java_is_refused(says: str, version: int, a_java: Callable[[str], Path]) -> None:
    path = a_java(says)
    message = (
        f"--cluster: {path} is Java {version}, and Spark needs 17 or newer; install that, "
        "or name its folder in JAVA_HOME"
    )
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        java.refuse_without_java()


def test_a_java_that_does_not_run_is_refused_with_what_it_says(a_java: Callable[[str], Path]) -> None:
    path = a_java("Unable to locate a Java Runtime.")
    message = f"--cluster: {path} is no Java that runs (it says: Unable to locate a Java Runtime.); install Java 17"
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        java.refuse_without_java()


def test_a_machine_without_java_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    message = (
        "--cluster: Spark needs Java 17 or newer, and this machine has none; install it "
        "(Debian: apt install openjdk-17-jre-headless), or name its folder in JAVA_HOME"
    )
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        java.refuse_without_java()


def test_java_home_goes_before_the_path_and_must_hold_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    message = f"--cluster: JAVA_HOME is {tmp_path}, which has no bin/java; name the folder of Java 17"
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        java.refuse_without_java()
