"""Java on this machine: Spark is a Java program, and says little that helps where there is none, or an old one."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from histories.errors import CallError

OLDEST = 17


def refuse_without_java() -> None:
    """Raise CallError where this machine has no Java, or one that is older than OLDEST."""
    java = _java()
    found = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603  # the user's own
    version = re.search(r'version "(?:1\.)?(\d+)', found.stderr)
    if version is None:
        said = (found.stderr or found.stdout).strip().splitlines() or ["nothing"]
        raise CallError(f"--cluster: {java} is no Java that runs (it says: {said[0]}); install Java {OLDEST}")
    if int(version[1]) < OLDEST:
        raise CallError(
            f"--cluster: {java} is Java {version[1]}, and Spark needs {OLDEST} or newer; install that, "
            "or name its folder in JAVA_HOME"
        )


def _java() -> str:
    """The Java that Spark's scripts would start."""
    home = os.environ.get("JAVA_HOME")
    if home:
        java = Path(home) / "bin" / "java"
        if not os.access(java, os.X_OK):
            raise CallError(f"--cluster: JAVA_HOME is {home}, which has no bin/java; name the folder of Java {OLDEST}")
        return str(java)
    found = shutil.which("java")
    if found is None:
        raise CallError(
            f"--cluster: Spark needs Java {OLDEST} or newer, and this machine has none; install it "
            "(Debian: apt install openjdk-17-jre-headless), or name its folder in JAVA_HOME"
        )
    return found
