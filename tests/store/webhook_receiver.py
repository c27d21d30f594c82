"""A process that receives webhooks: port, file of what came, file that says how to answer.

How to answer: `204`, another status with seconds for Retry-After behind a space, or `slow` with seconds: it takes the
message, and answers when nobody listens any more. A line is written for each message before it is answered.
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Answers as the file says at the moment of the request."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        how, *seconds = Path(sys.argv[3]).read_text(encoding="utf-8").split()
        headers = {name.lower(): value for name, value in self.headers.items()}
        line = {"path": self.path, "headers": headers, "body": body, "how": how}
        with Path(sys.argv[2]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        if how == "slow":
            time.sleep(float(seconds.pop()))
        try:
            self.send_response(204 if how == "slow" else int(how))
            if how == "302":
                self.send_header("location", f"http://127.0.0.1:{sys.argv[1]}/elsewhere")
            for one in seconds:
                self.send_header("retry-after", one)
            self.send_header("content-length", "0")
            self.end_headers()
        except OSError:
            pass  # the sender has hung up

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer.allow_reuse_address = True
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.serve_forever()
