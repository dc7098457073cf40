"""What an event of Windows means, as data: its ECS classification and which of its values are copied where.

Categories, types and outcomes are ECS 8 words. Sources: Microsoft's documentation of the security audit events ("Audit
logon", "Audit user account management", …), of event 7045 and 104, and of Sysmon's events 1 to 29.
"""

from dataclasses import dataclass

from sec_ops.siem.windows.copies import Copy, Same

__all__ = ["Meaning"]

Named = tuple[tuple[str | tuple[str, ...], Copy | Same], ...]
"""Names of EventData with what is copied of them, in order: a later copy wins.

Of several names together, all of which an event must have, the copy reads the values in one, `BETWEEN` them.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The classification of one kind of event; an empty outcome means the event itself says, or doesn't."""

    category: tuple[str, ...]
    type: tuple[str, ...]
    action: str
    outcome: str = ""
    copies: Named = ()
