"""What MLflow keeps of a training: runs, what belongs to them, and the registry. Nothing else imports mlflow."""

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pyarrow as pa

# Before MLflow is imported: it would report its use over the network from then on.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["DO_NOT_TRACK"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"  # two bars for two files, in the middle of ours
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # between a command's own lines
# Its own default waits four minutes for a server that is not there.
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = os.environ.get("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")

from mlflow import MlflowClient
from mlflow.entities import Dataset as MlflowDataset
from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunTag, ViewType
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from histories.errors import DataError
from histories.whole_file import whole_file
from training import tracking_place
from training.pages import served
from training.records import Dataset, Drawing, Place, Version

EXPERIMENT = "lead-scoring"
MODEL = "lead-scoring"
BUNDLE_PATH = "bundle"
RULEBOOK_PATH = "rulebook.toml"
_HISTORY = "champions"
_RULEBOOKS = "rulebooks"
_PARAMS_A_REQUEST = 100  # MLflow's own bound
_LOGGED_TABLES = "mlflow.loggedArtifacts"  # where its table comparison looks for tables


class Run:
    """One open run: everything given to it is kept under its id."""

    def __init__(self, client: MlflowClient, experiment_id: str, run_id: str) -> None:
        self._client, self.experiment_id, self.run_id = client, experiment_id, run_id

    def params(self, values: Mapping[str, object]) -> None:
        """Keep settings; a name can be set once only."""
        params = [Param(name, str(value)) for name, value in values.items()]
        for start in range(0, len(params), _PARAMS_A_REQUEST):
            self._client.log_batch(self.run_id, params=params[start : start + _PARAMS_A_REQUEST])

    def metrics(self, values: Mapping[str, float]) -> None:
        """Keep figures."""
        self._client.log_batch(
            self.run_id, metrics=[Metric(name, float(value), 0, 0) for name, value in values.items()]
        )

    def tags(self, values: Mapping[str, str]) -> None:
        """Set labels; those there are replaced."""
        self._client.log_batch(self.run_id, tags=[RunTag(name, value) for name, value in values.items()])

    def describe(self, markdown: str) -> None:
        """Set the text that MLflow shows on the run's first page."""
        self.tags({"mlflow.note.content": markdown})

    def text(self, content: str, path: str) -> None:
        """Keep a text as a file at `path`."""
        self._client.log_text(self.run_id, content, path)

    def folder(self, folder: Path, path: str) -> None:
        """Keep the files of a folder under `path`."""
        self._client.log_artifacts(self.run_id, str(folder), path)

    def figure(self, drawing: Drawing, path: str) -> None:
        """Keep a picture at `path`, which ends in .png."""
        folder, _, name = path.rpartition("/")
        with tempfile.TemporaryDirectory() as scratch:
            drawing.savefig(Path(scratch) / name, dpi=120)
            self._client.log_artifact(self.run_id, str(Path(scratch) / name), folder or None)

    def table(self, rows: pa.Table, path: str) -> None:
        """Keep a table as JSON at `path`, in the form that MLflow's table comparison and `load_table` read."""
        content = {"columns": rows.column_names, "data": list(zip(*rows.to_pydict().values(), strict=True))}
        self.text(json.dumps(content, separators=(",", ":"), allow_nan=False), path)
        entry = {"path": path, "type": "table"}
        tables = json.loads(self._client.get_run(self.run_id).data.tags.get(_LOGGED_TABLES, "[]"))
        self.tags({_LOGGED_TABLES: json.dumps([*tables, entry])})

    def dataset(self, dataset: Dataset, context: str) -> None:
        """Record which rows the run worked on, and for what (`context`)."""
        schema = [{"type": kind, "name": name, "required": True} for name, kind in dataset.columns.items()]
        known = MlflowDataset(
            name=dataset.name,
            digest=dataset.digest,
            source_type="local",
            source=json.dumps({"uri": dataset.source}),
            schema=json.dumps({"mlflow_colspec": schema}),
            profile=json.dumps(dict(dataset.counts)),
        )
        self._client.log_inputs(self.run_id, [DatasetInput(known, [InputTag("mlflow.data.context", context)])])

    @contextmanager
    def child(self, name: str) -> Iterator["Run"]:
        """Open a run below this one; it ends with the block."""
        with _opened(self._client, self.experiment_id, name, {"mlflow.parentRunId": self.run_id}) as run:
            yield run


class Tracker:
    """MLflow at one place: the experiment, its runs, and the registry of bundles."""

    def __init__(self, uri: str, client: MlflowClient, experiment_id: str) -> None:
        self.uri, self._client, self._experiment_id = uri, client, experiment_id
        self.label = tracking_place.label(uri)

    @contextmanager
    def run(self, name: str, command: str) -> Iterator[Run]:
        """Open a run for a command. It ends as finished, or as failed where the block raises."""
        self._close_abandoned()
        tags = {
            "mlflow.source.name": f"lead-scoring {command}",
            "mlflow.source.type": "LOCAL",
            **tracking_place.process_tags(),
        }
        with _opened(self._client, self._experiment_id, name, tags) as run:
            yield run

    def _close_abandoned(self) -> None:
        """Mark runs of this machine as failed whose process was killed before it could."""
        query = "attributes.status = 'RUNNING'"
        for found in self._client.search_runs([self._experiment_id], query, ViewType.ACTIVE_ONLY):
            tags = found.data.tags
            parent = tags.get("mlflow.parentRunId")
            if parent is not None:
                tags = self._client.get_run(parent).data.tags
            if tracking_place.abandoned(tags):
                self._client.set_terminated(found.info.run_id, "FAILED")

    def children(self, run_id: str) -> list[str]:
        """Return the ids of a run's children, the oldest first."""
        query = f"tags.`mlflow.parentRunId` = '{run_id}'"
        order = ["attributes.start_time ASC"]
        found = self._client.search_runs([self._experiment_id], query, ViewType.ACTIVE_ONLY, order_by=order)
        return [one.info.run_id for one in found]

    def compare_place(self, run_ids: Sequence[str]) -> Place:
        """Return where MLflow's compare view shows these runs."""
        return tracking_place.compare_place(self.uri, self._experiment_id, run_ids)

    def register(self, run: Run, tags: Mapping[str, str]) -> Version:
        """Register the bundle that the run keeps under BUNDLE_PATH."""
        try:
            self._client.get_registered_model(MODEL)
        except MlflowException:
            self._client.create_registered_model(MODEL)
        source = f"{self._client.get_run(run.run_id).info.artifact_uri}/{BUNDLE_PATH}"
        return _version(self._client.create_model_version(MODEL, source, run_id=run.run_id, tags=dict(tags)))

    def versions(self) -> list[Version]:
        """Return all registered versions, the oldest first. Aliases are not filled in: `version` and `alias` do."""
        found = self._client.search_model_versions(f"name='{MODEL}'")
        return sorted((_version(one) for one in found), key=lambda one: one.number)

    def version(self, number: int) -> Version:
        """Return one version. Raises DataError where there is none of this number."""
        try:
            return _version(self._client.get_model_version(MODEL, str(number)))
        except MlflowException:
            known = ", ".join(str(one.number) for one in self.versions()) or "none; run `lead-scoring train` first"
            raise DataError(f"version {number}: is not registered in {self.label}; registered are {known}") from None

    def alias(self, name: str) -> Version | None:
        """Return the version that an alias points at, or None."""
        try:
            return _version(self._client.get_model_version_by_alias(MODEL, name))
        except MlflowException:
            return None

    def set_alias(self, name: str, number: int) -> None:
        """Let an alias point at a version: one step, it never points nowhere in between."""
        self._client.set_registered_model_alias(MODEL, name, str(number))

    def remove_alias(self, name: str) -> None:
        """Take an alias away; without effect where there is none."""
        if self.alias(name) is not None:
            self._client.delete_registered_model_alias(MODEL, name)

    def tag_version(self, number: int, tags: Mapping[str, str]) -> None:
        """Set labels of a version; those there are replaced."""
        for name, value in tags.items():
            self._client.set_model_version_tag(MODEL, str(number), name, value)

    def champions(self) -> tuple[int, ...]:
        """Return the numbers of the versions that were made champion and not rolled back, the oldest first."""
        return tuple(int(one) for one in self._listed(_HISTORY))

    def set_champions(self, numbers: Sequence[int]) -> None:
        """Write down the champions, the oldest first."""
        self._client.set_registered_model_tag(MODEL, _HISTORY, ",".join(str(one) for one in numbers))

    def published(self) -> tuple[str, ...]:
        """Return the runs whose rulebooks were published and not rolled back, the oldest first: the last is in force."""
        return self._listed(_RULEBOOKS)

    def set_published(self, run_ids: Sequence[str]) -> None:
        """Write down the runs of published rulebooks, the oldest first, in one step."""
        self._client.set_registered_model_tag(MODEL, _RULEBOOKS, ",".join(run_ids))

    def _listed(self, tag: str) -> tuple[str, ...]:
        try:
            text = self._client.get_registered_model(MODEL).tags.get(tag, "")
        except MlflowException:
            return ()
        return tuple(one for one in text.split(",") if one)

    def run_tags(self, run_id: str) -> Mapping[str, str]:
        """Return the labels of a run; none where MLflow no longer has it."""
        try:
            return dict(self._client.get_run(run_id).data.tags)
        except MlflowException:
            return {}

    def runs(self) -> list[str]:
        """Return the ids of all runs, those that were deleted too: their files stay until they are collected.

        As `files` and `replace` it raises DataError where MLflow does not answer.
        """
        found: list[str] = []
        token: str | None = ""
        while token is not None:
            with self._blaming():
                page = self._client.search_runs([self._experiment_id], "", ViewType.ALL, page_token=token or None)
            found += [one.info.run_id for one in page]
            token = page.token or None
        return found

    def files(self, run_id: str, suffixes: tuple[str, ...], folder: str | None = None) -> list[str]:
        """Return the paths of a run's files that end so, in folders too; the bundle's own are left out."""
        found = []
        with self._blaming():
            there = self._client.list_artifacts(run_id, folder)
        for one in there:
            if one.is_dir and one.path != BUNDLE_PATH:
                found += self.files(run_id, suffixes, one.path)
            elif one.path.endswith(suffixes):
                found.append(one.path)
        return found

    def replace(self, run_id: str, path: str, content: str) -> None:
        """Put a text in the place of a run's file: on this machine whole or not at all."""
        with self._blaming():
            folder = tracking_place.local(self._client.get_run(run_id).info.artifact_uri)
            if folder is None:
                self._client.log_text(run_id, content, path)
                return
        with whole_file(folder / path) as unfinished:
            unfinished.write_text(content, encoding="utf-8")

    @contextmanager
    def _blaming(self) -> Iterator[None]:
        try:
            yield
        except (MlflowException, SQLAlchemyError) as error:
            raise DataError(f"MLflow at {self.label}: does not answer ({_first_line(error)})") from None

    def fetch(self, run_id: str, path: str, into: Path) -> Path | None:
        """Copy a file of a run into the folder `into`, and return where it is; None where MLflow no longer has it."""
        try:
            return Path(self._client.download_artifacts(run_id, path, str(into)))
        except (MlflowException, OSError):
            return None

    def download(self, version: Version, path: str, into: Path) -> Path:
        """Copy a file or folder of the run that made a version into the folder `into`, and return where it is.

        Raises DataError where MLflow no longer has it.
        """
        try:
            return Path(self._client.download_artifacts(version.run_id, path, str(into)))
        except (MlflowException, OSError) as error:
            raise DataError(
                f"version {version.number}: its {path} is gone from run {version.run_id} ({_first_line(error)}); "
                f"promote another version, or train again"
            ) from None


def open_tracker(uri: str | None = None) -> Tracker:
    """Open MLflow at `uri`; None: at MLFLOW_TRACKING_URI, by default sqlite:///mlflow.db in the working folder.

    A database that does not exist is made, with its artifacts in `mlartifacts` beside it. Raises DataError
    where MLflow cannot be opened.
    """
    place = tracking_place.signed_in(tracking_place.named(uri))
    try:
        tracking_place.ask_once(place)
        with tracking_place.quiet():
            client = MlflowClient(tracking_uri=place, registry_uri=place)
            found = client.get_experiment_by_name(EXPERIMENT)
            experiment_id = found.experiment_id if found else _new_experiment(client, place)
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError, ImportError, ValueError) as error:
        label = tracking_place.label(place)
        raise DataError(
            f"MLflow at {label}: cannot be opened ({_first_line(error).replace(place, label)}); "
            f"set MLFLOW_TRACKING_URI to a database such as {tracking_place.DEFAULT_URI} or to a server such as http://127.0.0.1:5000"
        ) from None
    return Tracker(place, client, experiment_id)


def pages(version: Version) -> AbstractContextManager[str]:
    """Return a block in which MLflow shows the contenders of a version's training side by side; it yields the link."""
    tracker = open_tracker()
    return served(tracker.uri, tracker.compare_place(tracker.children(version.run_id)))


def _new_experiment(client: MlflowClient, place: str) -> str:
    tags = {"mlflow.experimentKind": "custom_model_development"}  # which of its two faces MLflow's UI shows
    if not place.startswith(tracking_place.SQLITE):
        return client.create_experiment(EXPERIMENT, tags=tags)
    artifacts = Path(place.removeprefix(tracking_place.SQLITE)).parent / "mlartifacts"
    return client.create_experiment(EXPERIMENT, artifact_location=artifacts.as_uri(), tags=tags)


@contextmanager
def _opened(client: MlflowClient, experiment_id: str, name: str, tags: Mapping[str, str]) -> Iterator[Run]:
    run_id = client.create_run(experiment_id, run_name=name, tags=dict(tags)).info.run_id
    try:
        yield Run(client, experiment_id, run_id)
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")


def _version(found: ModelVersion) -> Version:
    return Version(int(found.version), str(found.run_id), tuple(found.aliases), dict(found.tags))


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
