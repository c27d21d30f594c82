"""A setting that must never be seen: a password, or an address that holds one."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that shows itself as `***`, wherever it is printed, logged or part of a message.

    >>> Secret("postgresql://me:open-sesame@db/crm")
    Secret('***')
    """

    text: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        """Return whether there is any text."""
        return bool(self.text)

    def __repr__(self) -> str:
        """Show whether there is something, not what."""
        return f"Secret({str(self)!r})"

    def __str__(self) -> str:
        """Show whether there is something, not what."""
        return "***" if self.text else ""
