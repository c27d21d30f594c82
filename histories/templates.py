"""Texts in crm.toml that stand for something else: `{column}` of the export, `${VARIABLE}` of the environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_COLUMN = re.compile(r"\{([^{}]+)\}")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A text with columns of the export in it: `parts` are (text, column) pairs, a column None at the end.

    >>> Template.parse("session:{session_type}").columns
    ('session_type',)
    """

    parts: tuple[tuple[str, str | None], ...]

    @staticmethod
    def parse(text: str) -> "Template":
        """Read a template. Raises ValueError where a brace has no partner."""
        pieces = _COLUMN.split(text)
        if any("{" in piece or "}" in piece for piece in pieces[::2]):
            raise ValueError(f"{text!r} has a brace without its partner; write a column as {{column}}")
        columns: list[str | None] = [*pieces[1::2], None]
        return Template(tuple(zip(pieces[::2], columns, strict=True)))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it takes from the export, in order."""
        return tuple(column for _, column in self.parts if column is not None)

    @property
    def constant(self) -> str | None:
        """The text itself where it takes nothing from the export."""
        return None if self.columns else self.parts[0][0]


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Put variables in: `${NAME}`, or `${NAME:-default}` for where it is unset or empty.

    Raises ValueError that names a variable which is unset and has no default.

    >>> expand("${DATA:-../data}/events.csv", {})
    '../data/events.csv'
    """

    def value(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        given = environment.get(name, "")
        if given:
            return given
        if default is None:
            raise ValueError(
                f"the environment variable {name} is not set; set it, or write ${{{name}:-a default}} in its place"
            )
        return str(default)

    return _VARIABLE.sub(value, text)
