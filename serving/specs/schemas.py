"""The wire models as schemas that CRM importers take: plain types and `nullable`, in place of unions and `anyOf`.

docs/decisions/0027 says what Salesforce External Services and Power Platform refuse, and what follows from it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import DEFAULT_REF_TEMPLATE, GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from serving.http.routes import Route
from serving.specs.words import WORDS
from serving.wire.api import WireLead
from serving.wire.base import WireInteraction
from serving.wire.incoming import WireIncomingInteraction, WireIncomingLead, WireIncomingOutcome

Schema = dict[str, Any]  # JSON Schema's own shape
_REFERENCE = DEFAULT_REF_TEMPLATE.format(model="")
_OWN = "Wire"  # models of one lead's parts are called WireLead and so on; importers see Lead
# On the wire a lead is any object, so that a bad one fails alone, and an interaction may have other forms. Importers
# need to know what a good one is, and want a name for it.
_ENTRIES = [
    ("PredictRequest", "leads", "WireLead"),
    ("InteractionsRequest", "interactions", "WireIncomingInteraction"),
    ("OutcomesRequest", "outcomes", "WireIncomingOutcome"),
    ("LeadsRequest", "leads", "WireIncomingLead"),
    *(
        (model, field, "WireInteraction")
        for model in ("WireLead", "PredictOneRequest")
        for field in ("interactions", "account_interactions")
    ),
]


class ErrorDetail(BaseModel):
    """What went wrong. A client may branch on `code`."""

    model_config = ConfigDict(extra="forbid")

    code: str
    message: str
    field: str | None
    request_id: str


class Error(BaseModel):
    """The body of every answer that is no success."""

    model_config = ConfigDict(extra="forbid")

    error: ErrorDetail


class _Plain(GenerateJsonSchema):
    """What a request may hold, and what an answer always has."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Write `nullable: true`. Importers refuse null in an enum, so where there is one, one of the two goes.

        In a request null goes (leave the field out instead), in an answer the enum becomes a sentence.
        """
        inner = self.generate_inner(schema["schema"])
        if "enum" not in inner:
            return {**inner, "nullable": True}
        if self.mode == "validation":
            return inner
        return {"type": inner["type"], "nullable": True, "description": f"One of: {', '.join(inner['enum'])}."}

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        """Write an enum, also for one value: OpenAPI 3.0 knows no `const`."""
        plain = super().literal_schema(schema)
        return {**plain, "enum": [plain.pop("const")]} if "const" in plain else plain

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        """Write a number as a double, which importers would else guess."""
        return {**super().float_schema(schema), "format": "double"}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Leave out what says nothing: null as a default, and the defaults of what we always send."""
        plain = super().default_schema(schema)
        if self.mode == "serialization" or plain.get("default") is None:
            plain.pop("default", None)
        return plain

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,  # the signature is pydantic's
    ) -> bool:
        """An answer has all its fields, also those that are null."""
        return self.mode == "serialization" or super().field_is_required(field, total)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # the signature is pydantic's
        """A title that repeats the field's name says nothing."""
        return False


def name(model: str) -> str:
    """Return what a model of this name is called in the specifications.

    >>> name("WireLead")
    'Lead'
    """
    return model.removeprefix(_OWN)


def schemas(routes: Iterable[Route], reference: str) -> dict[str, Schema]:
    """Return every schema that the routes speak of, by name and in its order. `reference` goes before a name."""
    found = list(routes)
    asked = [(one.request, "validation") for one in found if one.request is not None]
    answered = [(one.response, "serialization") for one in found]
    models: Any = [
        *asked,
        (WireLead, "validation"),
        (WireInteraction, "validation"),
        (WireIncomingInteraction, "validation"),
        (WireIncomingOutcome, "validation"),
        (WireIncomingLead, "validation"),
        *answered,
        (Error, "serialization"),
    ]
    tops, rest = models_json_schema(models, schema_generator=_Plain)
    definitions = rest["$defs"]
    for model, field, entry in _ENTRIES:
        definitions[model]["properties"][field]["items"] = {"$ref": _REFERENCE + entry}
    used = {name(one): _tidy(definitions[one], reference) for one in _reached(list(tops.values()), definitions)}
    return {key: _told(key, used[key]) for key in sorted(used)}


def _reached(top: Any, definitions: dict[str, Schema]) -> set[str]:
    """The definitions that are spoken of: pydantic also lists types that a field has only within the service."""
    reached: set[str] = set()
    ahead = [top]
    while ahead:
        inner = {one["$ref"].removeprefix(_REFERENCE) for one in walk(ahead.pop()) if "$ref" in one}
        ahead += [definitions[one] for one in inner - reached]
        reached |= inner
    return reached


def walk(node: object) -> Iterator[dict[str, Any]]:
    """Yield every object within a document, the document itself first."""
    if isinstance(node, dict):
        yield node
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for one in inner:
        yield from walk(one)


def rewritten(node: Any, change: Callable[[Schema], Schema]) -> Any:
    """Return a copy of a document in which `change` was made to every object, inner ones first."""
    if isinstance(node, dict):
        return change({key: rewritten(value, change) for key, value in node.items()})
    return [rewritten(one, change) for one in node] if isinstance(node, list) else node


def _tidy(schema: Schema, reference: str) -> Schema:
    """Without titles, on one line, our names for references; that unknown keys are refused is said in words."""

    def change(node: Schema) -> Schema:
        if "$ref" in node:
            if node.get("nullable"):
                model = name(node["$ref"].removeprefix(_REFERENCE))
                raise TypeError(f"{model} may be null, for which OpenAPI 3.0 has no words; give a list in its place")
            return {"$ref": reference + name(node["$ref"].removeprefix(_REFERENCE))}
        if node.get("additionalProperties") is False:
            del node["additionalProperties"]
        if isinstance(node.get("description"), str):
            node["description"] = " ".join(node["description"].split())
        if isinstance(node.get("title"), str):
            del node["title"]
        return node

    tidy: Schema = rewritten(schema, change)
    return tidy


def _told(key: str, schema: Schema) -> Schema:
    """With a sentence for every field; a reference stands alone, because importers refuse anything beside it."""
    for field, inner in schema.get("properties", {}).items():
        words = WORDS.get(f"{key}.{field}", WORDS.get(field))
        if words is not None and "$ref" not in inner:
            inner["description"] = " ".join(filter(None, (words, inner.get("description"))))
    return schema
