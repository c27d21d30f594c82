"""The same bundle as an MLflow model from code: a table of one JSON text a lead in, the answers' main fields out."""

from pathlib import Path

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext

from scoring import bundle as bundles
from scoring import rulebook
from scoring.scorer import Scorer
from serving.wire import answers, mapping
from serving.wire.api import PredictOneRequest


class LeadScoring(PythonModel):  # type: ignore[misc]  # MLflow's base class is untyped
    """Reads with our wire model and scores with our Scorer: what differs is the server around them."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load bundle and rulebook, and compile."""
        bundle = bundles.read(Path(context.artifacts["bundle"]))
        self._types = {one.name: one.type for one in bundle.catalogue.attributes}
        self._scorer = Scorer(bundle, rulebook.read(Path(context.artifacts["rulebook"])))
        self._scorer.warm_up()

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame) -> list[dict[str, object]]:
        """Return a row for each lead; all are asked for the moment that the first one names, in one call."""
        del context
        read = [PredictOneRequest.model_validate_json(text) for text in model_input["lead"]]
        histories = [mapping.history(one, self._types) for one in read]
        as_of = read[0].as_of or 0
        return [answers.row(one).model_dump(mode="json") for one in self._scorer.score(histories, as_of, 0)]


mlflow.models.set_model(LeadScoring())
