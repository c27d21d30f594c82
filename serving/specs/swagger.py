"""The same specification as Swagger 2.0, which is the only form that Power Platform's custom connectors take."""

from urllib.parse import urlsplit

from serving.specs.schemas import Schema, rewritten

_JSON = "application/json"


def converted(three: Schema) -> Schema:
    """Return an OpenAPI 3.0 document of ours as Swagger 2.0.

    Only answers of success carry a schema: Power Platform's designer shows one for each operation. Its importer takes
    the first security definition, so there is one.
    """
    server = urlsplit(three["servers"][0]["url"])
    two = {
        "swagger": "2.0",
        "info": three["info"],
        "host": server.netloc,
        "basePath": server.path or "/",
        "schemes": [server.scheme],
        "consumes": [_JSON],
        "produces": [_JSON],
        "securityDefinitions": {"ApiKey": three["components"]["securitySchemes"]["ApiKey"]},
        "security": [{"ApiKey": []}],
        "paths": {
            path: {method: _operation(one) for method, one in item.items()} for path, item in three["paths"].items()
        },
        "definitions": {name: _labelled(one) for name, one in three["components"]["schemas"].items()},
    }
    changed: Schema = rewritten(two, _changed)
    return changed


def _operation(three: Schema) -> Schema:
    two = {key: value for key, value in three.items() if key != "requestBody"}
    if "requestBody" in three:
        body = {
            "name": "body",
            "in": "body",
            "required": True,
            "schema": three["requestBody"]["content"][_JSON]["schema"],
        }
        two["parameters"] = [body]
    two["responses"] = {status: _response(status, one) for status, one in three["responses"].items()}
    return two


def _response(status: str, three: Schema) -> Schema:
    headers = {name: {"description": one["description"], **one["schema"]} for name, one in three["headers"].items()}
    two: Schema = {"description": three["description"], "headers": headers}
    return {**two, "schema": three["content"][_JSON]["schema"]} if status == "200" else two


def _labelled(schema: Schema) -> Schema:
    """With the label that Power Platform shows in place of the field's name."""
    fields = {
        name: one if "$ref" in one else {**one, "x-ms-summary": name.replace("_", " ").capitalize()}
        for name, one in schema.get("properties", {}).items()
    }
    return {**schema, "properties": fields} if fields else schema


def _changed(node: Schema) -> Schema:
    if isinstance(node.get("$ref"), str):
        return {"$ref": node["$ref"].replace("#/components/schemas/", "#/definitions/")}
    return {"x-nullable" if key == "nullable" and value is True else key: value for key, value in node.items()}
