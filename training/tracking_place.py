"""Where MLflow is, whether that can be opened, and which processes write into it; nothing here speaks to MLflow."""

import json
import logging
import os
import re
import socket
import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import sqlalchemy as sa

from training.records import Place

SQLITE = "sqlite:///"
DEFAULT_URI = f"{SQLITE}mlflow.db"
URI_VARIABLE = "MLFLOW_TRACKING_URI"
_PATIENCE_SECONDS = "10"


def named(uri: str | None = None) -> str:
    """Return where MLflow is: `uri`, else what MLFLOW_TRACKING_URI says, else a database in the working folder."""
    return absolute(uri or os.environ.get(URI_VARIABLE) or DEFAULT_URI)


def missing() -> bool:
    """Tell whether MLflow's database would have to be made first: then it keeps nothing yet."""
    database = database_of(named())
    return database is not None and not database.exists()


def absolute(uri: str) -> str:
    """Return the URI with the path of an SQLite database made absolute; any other as it is."""
    return SQLITE + str(Path(uri.removeprefix(SQLITE)).absolute()) if uri.startswith(SQLITE) else uri


def database_of(uri: str) -> Path | None:
    """Return the file of an SQLite database; None for any other URI."""
    return Path(uri.removeprefix(SQLITE).partition("?")[0]) if uri.startswith(SQLITE) else None


def label(uri: str) -> str:
    """Return the URI as messages show it: not who signs in, and no options, where a driver takes a password too."""
    if uri.startswith((SQLITE, "file:")):
        return uri
    return re.sub("://.*@", "://***@", uri).partition("?")[0]


def signed_in(uri: str) -> str:
    """Return a server's URI without who signs in, which MLflow hears by its variables: it prints the URI.

    Any other URI comes back as it is.
    """
    parts = urlsplit(uri)
    who, at, host = parts.netloc.rpartition("@")
    if parts.scheme not in {"http", "https"} or not at:
        return uri
    name, _, password = who.partition(":")
    os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"] = unquote(name), unquote(password)
    return parts._replace(netloc=host).geturl()


def ask_once(place: str) -> None:
    """Open an SQLite or PostgreSQL database: MLflow would try again for minutes where that is not possible."""
    path = database_of(place)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as database:
            database.execute("select name from sqlite_master")
    elif place.startswith("postgresql"):
        url = sa.make_url(place)
        if "@" in (url.host or ""):
            raise ValueError("an @ in a name or password is written %40")
        if "connect_timeout" not in url.query:
            url = url.update_query_dict({"connect_timeout": _PATIENCE_SECONDS})
        sa.create_engine(url, poolclass=sa.NullPool).connect().close()


def compare_place(uri: str, experiment_id: str, run_ids: Sequence[str]) -> Place:
    """Return where the compare view of the MLflow at `uri` shows these runs."""
    runs = quote(json.dumps(list(run_ids), separators=(",", ":")), safe="")
    experiments = quote(json.dumps([experiment_id], separators=(",", ":")), safe="")
    page = f"/#/compare-runs?runs={runs}&experiments={experiments}"
    if uri.startswith(("http://", "https://")):
        return Place(None, uri.rstrip("/") + page)
    asked = f"mlflow ui --backend-store-uri {uri}"
    if label(uri) != uri:
        asked = f'MLFLOW_BACKEND_STORE_URI="${URI_VARIABLE}" mlflow ui'
    return Place(asked, f"http://127.0.0.1:5000{page}")


def local(uri: str) -> Path | None:
    """Return the folder of artifacts that lie on this machine; None where they lie elsewhere."""
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme in {"", "file"} else None


def process_tags() -> Mapping[str, str]:
    """Return what names this process, on this machine."""
    return {"host": socket.gethostname(), "process": str(os.getpid())}


def abandoned(tags: Mapping[str, str]) -> bool:
    """Tell whether the process that these tags name was of this machine, and has ended."""
    return tags.get("host") == socket.gethostname() and not _alive(int(tags.get("process", "0")))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what making a database tells: migrations step by step, and deprecations inside MLflow's own code."""
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
