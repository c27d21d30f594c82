"""The same kernel on many machines: Spark hands a worker the number of a shard, and the worker does what one machine would."""

import logging
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from features import java, master
from histories.errors import CallError, DataError, LeadScoringError

try:
    import pyspark
    from py4j.java_gateway import JavaGateway  # type: ignore[import-untyped]
    from py4j.protocol import Py4JError, Py4JJavaError  # type: ignore[import-untyped]
    from pyspark import InheritableThread, SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession
except ImportError:
    raise CallError(
        "--cluster: Spark is not installed; `uv sync --extra cluster` adds it, or `pip install 'pyspark>=4.3'`"
    ) from None

Task = Callable[[int], str]
Progress = Callable[[int, int], None]

_log = logging.getLogger(__name__)

START_SECONDS = 300.0
_IDLE_SECONDS = 60.0
_POLL_SECONDS = 0.5
_DONE = pa.schema([("result", pa.string()), ("problem", pa.string())])
_DONE_FOR_SPARK = "result string, problem string"
_SETTINGS = {
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    # Two attempts at one shard would write the same bits twice.
    "spark.speculation": "false",
    # A task is one core's work; Spark runs as many at once as there are cores.
    "spark.executorEnv.OMP_NUM_THREADS": "1",
    "spark.executorEnv.NUMBA_NUM_THREADS": "1",
    # Hadoop goes on calling a YARN that is down for a quarter of an hour.
    "spark.hadoop.yarn.resourcemanager.connect.max-wait.ms": "60000",
    "spark.hadoop.ipc.client.connect.max.retries.on.timeouts": "3",
}


@contextmanager
def session(url: str) -> Iterator[SparkSession]:
    """Yield a Spark session on the cluster at `url`, stopped at the end; one that runs in this process already stays.

    What Spark writes goes to a file, which is kept, and named in the log, where the work in the block fails. Workers
    run the Python that PYSPARK_PYTHON names, by default this one. Raises CallError where Java is missing or too old,
    where `url` is no master's, or where the master does not answer or start within START_SECONDS.
    """
    running = SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    master.refuse_unreachable(url)
    java.refuse_without_java()
    interrupt = signal.getsignal(signal.SIGINT)
    handle, name = tempfile.mkstemp(prefix="lead-scoring-spark-", suffix=".log")
    try:
        with os.fdopen(handle, "wb") as spark_log, _started(url, spark_log) as spark:
            yield spark
    except LeadScoringError:
        _log.warning("Spark's own log is kept in %s", name)
        raise
    except BaseException:
        Path(name).unlink()
        raise
    else:
        Path(name).unlink()
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, interrupt)


def each(
    spark: SparkSession, folder: Path, progress: Progress | None = None
) -> Callable[[Task, Sequence[int]], Iterator[str]]:
    """Return what does a task for each shard on the cluster, where `sharded.on_threads` does it on this machine.

    The task must be a function of a module, or a partial of one, and its arguments plain values: Spark sends its name
    and them to the workers. `folder`, which exists, holds what tasks read and write; all workers must see it under
    this path. `progress` hears how many shards of how many are done. Results come in the shards' order, all at the
    end. Raises DataError with the first message of a task, or with what Spark says where it gives up.
    """
    return partial(_run, spark, folder, progress)


def _run(
    spark: SparkSession, folder: Path, progress: Progress | None, task: Task, shards: Sequence[int]
) -> Iterator[str]:
    if not shards:
        return
    # One row a partition, and one batch a row: a worker holds one shard at a time.
    numbers = spark.range(0, len(shards), 1, len(shards))
    try:
        with tempfile.NamedTemporaryFile(prefix=".seen-", dir=folder.resolve()) as seen:
            with _quiet():
                work = partial(_on_worker, task, tuple(shards), seen.name)
                done = numbers.mapInArrow(work, _DONE_FOR_SPARK)
            with _watched(spark, len(shards), progress):
                rows = done.collect()
    except (PySparkException, Py4JError) as error:
        raise DataError(f"--cluster: the work stopped; {_cause(error)}") from None
    problems = [row.problem for row in rows if row.problem]
    if problems:
        raise DataError(f"--cluster: {problems[0]}")
    if progress is not None:
        progress(len(shards), len(shards))
    yield from (str(row.result) for row in rows)


def _on_worker(
    task: Task, shards: Sequence[int], seen: str, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """A message for the user comes back as a row, because a task that raises would be tried again, in vain."""
    for batch in batches:
        for place in batch.column(0).to_pylist():
            result, problem = None, None
            if Path(seen).exists():
                try:
                    result = task(shards[place])
                except LeadScoringError as error:
                    problem = str(error)
            else:
                problem = (
                    f"{Path(seen).parent} is not on worker {socket.gethostname()} what it is here; write to a folder "
                    "that all workers see under the same path"
                )
            yield pa.RecordBatch.from_pylist([{"result": result, "problem": problem}], schema=_DONE)


@contextmanager
def _started(url: str, spark_log: BinaryIO) -> Iterator[SparkSession]:
    """Start Java and Spark in it, with all that they say in `spark_log`; end both."""
    conf = SparkConf(loadDefaults=False).setMaster(url).setAppName("lead-scoring").setAll(list(_SETTINGS.items()))
    if master.is_local(url):
        conf.set("spark.ui.enabled", "false")
    try:
        gateway = launch_gateway(conf, popen_kwargs={"stdout": spark_log, "stderr": spark_log})  # type: ignore[no-untyped-call]
    except PySparkException:
        raise CallError(f"--cluster {url}: Java ended before Spark began; Spark's log says why") from None
    given_up = threading.Timer(START_SECONDS, gateway.proc.kill)
    given_up.start()
    try:
        spark = _spark(url, conf, gateway)
        given_up.cancel()
        yield spark
    finally:
        given_up.cancel()
        _end(gateway)


def _spark(url: str, conf: SparkConf, gateway: JavaGateway) -> SparkSession:
    try:
        with _quiet(), _environment("PYSPARK_PYTHON", os.environ.get("PYSPARK_PYTHON", sys.executable)):
            context = SparkContext(conf=conf, gateway=gateway)
            context.setLogLevel("ERROR")
            return SparkSession(context)
    except (PySparkException, Py4JError, OSError) as error:
        cause = _cause(error)
        if "stopped SparkContext" in cause:
            cause = f"what answers is no master of Spark {pyspark.__version__}"
        raise CallError(f"--cluster {url}: Spark did not start there; {cause}") from None


def _end(gateway: JavaGateway) -> None:
    """Stop Spark, then Java; without its gateway the next session starts a Java of its own."""
    context = SparkContext._active_spark_context
    if context is not None:
        with _quiet():
            context.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()
    SparkContext._gateway = SparkContext._jvm = None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep from the user what pyspark warns of and we need not fear: pandas carries nothing here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        warnings.filterwarnings("ignore", "Unable to cleanly shutdown Spark JVM process", RuntimeWarning)
        yield


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def _watched(spark: SparkSession, total: int, progress: Progress | None) -> Iterator[None]:
    """Tell, while the block runs one job, how far it is, and say so once where no worker begins."""
    ended = threading.Event()
    watcher = InheritableThread(target=_watch, args=(spark, total, progress or _silent, ended), session=spark)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _watch(spark: SparkSession, total: int, progress: Progress, ended: threading.Event) -> None:
    tracker = spark.sparkContext.statusTracker()
    waited, begun, told = 0.0, False, 0
    while not ended.wait(_POLL_SECONDS):
        try:
            stages = [one for one in map(tracker.getStageInfo, tracker.getActiveStageIds()) if one is not None]
        except Py4JError:  # Java has gone, and the job's own error says so
            return
        done = sum(one.numCompletedTasks for one in stages)
        if done > told:
            progress(done, total)
            told = done
        begun = begun or done > 0 or any(one.numActiveTasks for one in stages)
        waited += _POLL_SECONDS
        if not begun and waited == _IDLE_SECONDS:
            _log.warning(
                "no worker of the cluster has begun within %d seconds; are there any, with cores and memory to spare?",
                _IDLE_SECONDS,
            )


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


def _cause(error: Exception) -> str:
    """The one line of an error that tells a person something; Java's and Python's traces stay in Spark's log."""
    text = str(error.java_exception.toString()) if isinstance(error, Py4JJavaError) else str(error)
    if "Python worker exited unexpectedly" in text:
        return (
            "a worker's Python was killed, mostly for want of memory; make smaller shards, or give executors more "
            "memory beside Java's (spark.executor.memoryOverhead)"
        )
    missing = re.search(r"ModuleNotFoundError: No module named ('[^']*')", text)
    if missing:
        return (
            f"a worker has no module {missing[1]}; install lead-scoring there in this version, or name a Python that "
            "has it in PYSPARK_PYTHON"
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]+(Error|Exception)\b", line)]
    return (named or lines or [type(error).__name__])[-1]
