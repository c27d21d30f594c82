"""Writes the MLflow model: `python -m benchmarks.serving.save_pyfunc FOLDER BUNDLE RULEBOOK`."""

import sys
from pathlib import Path

import mlflow
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema


def main() -> None:
    """Save it; code and requirements are those of the environment that serves it."""
    folder, bundle, rules = sys.argv[1:]
    mlflow.pyfunc.save_model(
        folder,
        python_model=str(Path(__file__).with_name("pyfunc.py")),
        artifacts={"bundle": bundle, "rulebook": rules},
        signature=ModelSignature(Schema([ColSpec("string", "lead")])),
        pip_requirements=[],
    )


if __name__ == "__main__":
    main()
