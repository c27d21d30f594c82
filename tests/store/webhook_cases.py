"""A receiver that runs and dies, what it got, and what must hold of it."""

import base64
import json
import socket
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crossing_cases import there
from standardwebhooks import Webhook

from histories.store import Store
from serving.live import webhook
from serving.live.webhook import Receiver
from serving.secret import Secret
from serving.settings import Settings

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@dataclass(frozen=True)
class Message:
    """One request that came: `accepted` where it was answered with a 2xx in time."""

    message_id: str
    lead_id: str
    number: int
    path: str
    accepted: bool
    headers: dict[str, str]
    body: str

    def is_signed(self, secret: str) -> bool:
        moment = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        return Webhook(secret).sign(self.message_id, moment, self.body) in self.headers["webhook-signature"].split()


class Crm:
    """The other side: a process that receives. It can be told how to answer, be killed and be started again."""

    def __init__(self, folder: Path) -> None:
        self._got, self._how = folder / "got.jsonl", folder / "how"
        self._got.touch()
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self._port = one.getsockname()[1]
        self._process: subprocess.Popen[str] | None = None
        self.answers("204")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hooks/leads?of=crm"

    def receiver(self, timeout: float = 0.5) -> Receiver:
        found = webhook.receiver(
            Settings(store=Secret("sqlite:///x"), webhook_url=Secret(self.url), webhook_secret=Secret(SECRET))
        )
        assert found is not None
        return Receiver(found.url, found.signers, timeout)

    def answers(self, how: str) -> None:
        new = self._how.with_suffix(".new")
        new.write_text(how, encoding="utf-8")
        new.replace(self._how)

    def start(self) -> None:
        command = [sys.executable, "-I", str(Path(__file__).with_name("webhook_receiver.py"))]
        command += [str(self._port), str(self._got), str(self._how)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def got(self) -> list[Message]:
        found = []
        for line in self._got.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            data = json.loads(one["body"])["data"]
            found.append(
                Message(
                    one["headers"]["webhook-id"],
                    data["lead_id"],
                    data["number"],
                    one["path"],
                    one["how"] in {"200", "204"},
                    one["headers"],
                    one["body"],
                )
            )
        return found

    def wait(self, messages: int, seconds: float = 20) -> None:
        """Wait until so many have come."""
        deadline = time.monotonic() + seconds
        while len(self.got()) < messages:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def check_delivered(store: Store, messages: list[Message]) -> None:
    """Each crossing under its one id, the same bytes each time, none missing, in order for each lead."""
    crossings = there(store)
    assert {one.state for one in crossings} <= {"delivered"}
    assert {one.message_id: one.body for one in messages} == {one.crossing_id: one.payload for one in crossings}
    assert len({(one.lead_id, one.number) for one in crossings}) == len(crossings)
    for one in messages:
        assert one.is_signed(SECRET)
    seen: dict[str, list[int]] = defaultdict(list)
    for one in messages:
        if one.number not in seen[one.lead_id]:
            # Nothing new of a lead goes out before the receiver has what was there first.
            assert one.number == len(seen[one.lead_id]) + 1
            seen[one.lead_id].append(one.number)
        else:
            assert one.number == seen[one.lead_id][-1]
    assert sum(map(len, seen.values())) == len(crossings)
