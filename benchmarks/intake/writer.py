"""A process that posts the bodies of a file in turn, each until it is answered: URL, file.

Writes a line for each answer: the body's number, and how many rows were added, duplicates and refused.
"""

import http.client
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

_SECONDS = 60.0
_PAUSE = 0.25


def main(url: str, path: Path) -> None:
    """Post all bodies."""
    place = urlsplit(url).netloc
    connection = http.client.HTTPConnection(place, timeout=_SECONDS)
    with path.open("rb") as bodies:
        for number, body in enumerate(bodies):
            answer = posted(connection, "/v1/interactions", body)
            sys.stdout.write(f"{number} {answer['added']} {answer['duplicates']} {answer['refused']}\n")
            sys.stdout.flush()


def posted(connection: http.client.HTTPConnection, path: str, body: bytes) -> dict[str, int]:
    """Post a body until it is answered with 200. Raises RuntimeError where the answer says that it never will be."""
    while True:
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()  # killed; the body may be in or not, so it is sent again
            time.sleep(_PAUSE)
            continue
        if answer.status == 200:
            found: dict[str, int] = json.loads(content)
            return found
        if answer.status not in {429, 503, 504}:
            raise RuntimeError(f"{answer.status}: {content.decode()}")
        time.sleep(_PAUSE)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
