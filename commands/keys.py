"""API keys: `lead-scoring keys ...`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import now
from commands.terminal import err, out
from serving.http.permission import Permission

if TYPE_CHECKING:
    from collections.abc import Iterable

    from serving.http.keys import Key

KeysFile = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        metavar="KEYS.json",
        envvar="LEAD_SCORING_KEYS",
        help="The file of keys [default: .lead-scoring/keys.json].",
    ),
]


def add(
    label: Annotated[str, typer.Argument(help="Who calls with it, as 'HubSpot workflow'.")],
    permission: Annotated[
        list[Permission] | None,
        typer.Option("--permission", "-p", help="What it may do; may be given several times [default: predict]."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="WHEN", help="A span from now, as 90d, or a moment [default: never].")
    ] = None,
    file: KeysFile = None,
) -> None:
    """Make a key and show it, this once: only its hash is kept."""
    from serving.http import keys

    present, path = now(), file or keys.PLACE
    made = keys.add(path, label, permission or [Permission.PREDICT], present, _end(expires, present))
    out.print(made.text, soft_wrap=True, markup=False)
    key = made.key
    until = "it is revoked" if key.expires_at is None else _second(key.expires_at)
    err.print(
        f"Key {key.id} for {key.label} may {', '.join(sorted(key.permissions))} until {until}. Keep the line above now: "
        f"it cannot be shown again. {path} has its hash; a running service knows it within a second.",
        soft_wrap=True,
        markup=False,
    )


def show(file: KeysFile = None) -> None:
    """List all keys, without their secrets: id, label, permissions, when made, until when, when revoked."""
    from serving.http import keys

    path = file or keys.PLACE
    found = keys.read(path)
    if not found:
        out.print(f"There is no key in {path}; `lead-scoring keys add` makes one.", soft_wrap=True, markup=False)
        return
    for line in _table(found):
        out.print(line, soft_wrap=True, markup=False)


def revoke(
    key: Annotated[
        str, typer.Argument(metavar="ID", help="The key's id, as the list shows it; the key itself will do.")
    ],
    file: KeysFile = None,
) -> None:
    """Make a key worthless, from the next request on."""
    from serving.http import keys

    present = now()
    ended = keys.revoke(file or keys.PLACE, key, present)
    said = f"Key {ended.id} ({ended.label}) is revoked since {_second(ended.revoked_at or present)}."
    out.print(said, soft_wrap=True, markup=False)


def _end(text: str | None, present: int) -> int | None:
    """A span counts from now; what has a dash is a moment."""
    from histories import clock
    from histories.errors import CallError

    if text is None:
        return None
    try:
        return clock.parse(text) if "-" in text else present + clock.span(text)
    except CallError:
        message = f"--expires: {text!r} is neither a span, such as 90d, nor a moment, such as 2027-01-31"
        raise CallError(message) from None


def _table(keys: "Iterable[Key]") -> list[str]:
    heads = ("id", "label", "permissions", "made", "expires", "revoked")
    rows = [
        (
            one.id,
            one.label,
            ",".join(sorted(one.permissions)),
            _second(one.created_at),
            "never" if one.expires_at is None else _second(one.expires_at),
            "-" if one.revoked_at is None else _second(one.revoked_at),
        )
        for one in keys
    ]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (heads, *rows)
    ]


def _second(moment: int) -> str:
    from histories import clock

    return clock.iso(moment - moment % clock.SECOND)
