"""Persons named on the command line."""

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.runtime.site import Site

__all__ = ["require_person"]


def require_person(site: Site, person: str) -> None:
    """Raise UsageError unless the site's inventory has a person with this id."""
    from sec_ops.content.library import Library
    from sec_ops.content.model_faults import did_you_mean
    from sec_ops.identity.people import load_people

    people = load_people(Library.open(site.root))
    if person not in people:
        advice = did_you_mean(person, people) or message("people stand in inventory/people.yml")
        raise UsageError(message("no person has the id {id}", id=person), advice=advice)
