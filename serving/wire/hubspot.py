"""The wire model of one event of HubSpot's webhooks; its fields have HubSpot's own names."""

from typing import Annotated

from pydantic import Field

from histories.errors import CallError
from serving.wire.foreign import Foreign

CONTACT = "0-1"  # HubSpot's number for that type of object
_LAST = 253_402_214_400_000  # 9999-12-31 in milliseconds
_Id = Annotated[int, Field(ge=0, lt=2**63)]


class WireHubspotEvent(Foreign):
    """Something that happened to an object: `occurredAt` in milliseconds. What has no meaning here is passed over."""

    subscriptionType: Annotated[str, Field(max_length=200)]  # noqa: N815  # HubSpot's
    occurredAt: Annotated[int, Field(ge=0, lt=_LAST)]  # noqa: N815
    objectId: _Id | None = None  # noqa: N815
    objectTypeId: str | None = None  # noqa: N815
    propertyName: Annotated[str, Field(max_length=256)] | None = None  # noqa: N815
    propertyValue: str | int | float | bool | None = None  # noqa: N815
    primaryObjectId: _Id | None = None  # noqa: N815
    mergedObjectIds: Annotated[list[_Id], Field(max_length=100)] | None = None  # noqa: N815
    newObjectId: _Id | None = None  # noqa: N815

    @property
    def what(self) -> str:
        """What happened: creation, propertyChange, merge and so on."""
        return self.subscriptionType.partition(".")[2]

    @property
    def text(self) -> str:
        """The property's new value; empty where it has none."""
        return "" if self.propertyValue is None else str(self.propertyValue)

    def is_of(self, kind: str) -> bool:
        """Tell whether the event is about an object of this kind, and which one is known."""
        of_contact = self.subscriptionType.startswith("contact.")
        generic = self.subscriptionType.startswith("object.") and self.objectTypeId == kind
        return (of_contact or generic) and (self.objectId is not None or self.what == "merge")


def renamed(text: str) -> dict[str, str]:
    """Return the attributes of a setting, by the properties that hold them. Raises CallError for another form.

    >>> renamed("hs_analytics_source=source, numberofemployees=employees,")
    {'hs_analytics_source': 'source', 'numberofemployees': 'employees'}
    """
    found = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, sign, attribute = (one.strip() for one in part.partition("="))
        if not (name and sign and attribute):
            raise CallError(f"LEAD_SCORING_HUBSPOT_ATTRIBUTES: {part!r} is not of the form property=attribute")
        found[name] = attribute
    return found
