"""A cluster's address: what it may be, and whether anybody answers there."""

import os
import re
import socket

from histories.errors import CallError

_LOCAL = re.compile(r"local(\[(\*|[1-9]\d*)\])?")
_SPARK = re.compile(r"spark://[^\s/:,]+:\d{1,5}(,[^\s/:,]+:\d{1,5})*")
_KUBERNETES = re.compile(r"k8s://(https?://)?[^\s/:,]+(:\d{1,5})?/?")
_SECONDS = 5.0
_FORMS = (
    "local[2] (two cores of this machine), spark://HOST:7077, k8s://https://HOST:443, "
    "or yarn with HADOOP_CONF_DIR in the environment"
)


def is_local(url: str) -> bool:
    """Tell whether the cluster is this machine alone."""
    return _LOCAL.fullmatch(url) is not None


def refuse_unreachable(url: str) -> None:
    """Raise CallError where `url` is none of a Spark master, or where nobody answers at it within seconds."""
    if is_local(url):
        return
    if url == "yarn":
        if not (os.environ.get("HADOOP_CONF_DIR") or os.environ.get("YARN_CONF_DIR")):
            raise CallError("--cluster yarn: set HADOOP_CONF_DIR to the folder that says where YARN is")
        return
    if not (_SPARK.fullmatch(url) or _KUBERNETES.fullmatch(url)):
        raise CallError(f"--cluster: {url!r} is no Spark master; write {_FORMS}")
    problems = [_problem(host, port) for host, port in _addresses(url)]
    if None not in problems:
        raise CallError(
            f"--cluster {url}: nobody answers there ({problems[0]}); start the master, or name the one that runs"
        )


def _addresses(url: str) -> list[tuple[str, int]]:
    if url.startswith("k8s://"):
        web = re.sub(r"^k8s://(https://)?", "", url).rstrip("/")
        host, _, port = web.removeprefix("http://").partition(":")
        return [(host, int(port or (80 if web.startswith("http://") else 443)))]
    pairs = (one.rsplit(":", 1) for one in url.removeprefix("spark://").split(","))
    return [(host, int(port)) for host, port in pairs]


def _problem(host: str, port: int) -> str | None:
    """Why no connection can be made; None where one can."""
    if not 0 < port < 65_536:
        return f"there is no port {port}"
    try:
        with socket.create_connection((host, port), timeout=_SECONDS):
            return None
    except OSError as error:
        return error.strerror or str(error)
