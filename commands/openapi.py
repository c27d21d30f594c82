"""Specifications that a CRM imports: `lead-scoring openapi`."""

from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import out


def openapi(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where they go [default: this folder].")
    ] = Path(),
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where your service is reached, as https://leads.acme.com.")
    ] = None,
) -> None:
    """Write the service's specification as OpenAPI 3.0.3 (openapi.json) and Swagger 2.0 (swagger.json)."""
    from histories.whole_file import whole_file
    from serving.specs import openapi as specification

    for name, content in specification.files(specification.EXAMPLE_URL if url is None else url).items():
        with whole_file(output / name) as unfinished:
            unfinished.write_bytes(content)
        out.print(str(output / name), markup=False, soft_wrap=True)
