"""A BentoML endpoint that reads the body of `/v1/predict_one` with the same wire model, and answers a constant."""

import bentoml
from pydantic import RootModel

from serving.wire.api import PredictOneRequest


class Body(RootModel[PredictOneRequest]):
    """The body, one level down: BentoML rewrites the fields of the model it is given, and ours would refuse times."""


@bentoml.service(name="constant")
class Constant:
    """What a lead's answer costs before anything of it is computed."""

    @bentoml.api(route="/v1/predict_one")  # type: ignore[untyped-decorator]  # BentoML's own types are loose
    def predict_one(self, request: Body, /) -> float:
        """Read, and answer."""
        del request
        return 0.5
