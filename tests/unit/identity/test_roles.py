"""The role rules, over every set of roles there is."""

from datetime import date
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sec_ops.model.people import ADMINISTRATORS, Grant, Person, PublicKey, Role, conflicting

EVERY_SET = list(chain.from_iterable(combinations(Role, size) for size in range(len(Role) + 1)))


def _person(roles: tuple[Role, ...], **more: object) -> Person:
    grants = [{"role": role, "by": "other", "on": "2026-01-05", "document": "1"} for role in roles]
    return Person.model_validate({"id": "one", "name": "One", "unit": "city", "roles": grants, **more})


@pytest.mark.parametrize("roles", EVERY_SET, ids=lambda roles: "+".join(roles) or "none")
def test_nobody_holds_two_administrator_roles(roles: tuple[Role, ...]) -> None:
    if len(ADMINISTRATORS & set(roles)) > 1:
        assert conflicting(roles) == ADMINISTRATORS & set(roles)
        with pytest.raises(ValidationError, match="two administrator roles"):
            _person(roles)
    else:
        assert not conflicting(roles)
        assert set(_person(roles).held) == set(roles)


@given(st.lists(st.tuples(st.sampled_from(Role), st.booleans()), max_size=6))
def test_only_roles_held_now_conflict(grants: list[tuple[Role, bool]]) -> None:
    rows = [
        {
            "role": role,
            "by": "other",
            "on": "2026-01-05",
            "document": "1",
            **({"revoked_on": "2026-02-01"} if gone else {}),
        }
        for role, gone in grants
    ]
    held = [role for role, gone in grants if not gone]
    wrong = bool(conflicting(held)) or len(set(held)) < len(held)
    try:
        person = Person.model_validate({"id": "one", "name": "One", "unit": "city", "roles": rows})
    except ValidationError:
        assert wrong
    else:
        assert not wrong
        assert list(person.held) == held


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        ({"by": "one", "document": "1"}, "nobody grants a role to themselves"),
        ({"by": "other"}, "a grant needs a second person"),
        ({"by": "other", "document": "1", "on": "2026-02-30"}, "not a date"),
        ({"by": "other", "document": "1", "on": "soon"}, "not a date"),
    ],
)
def test_refused_grants(grant: dict[str, str], reason: str) -> None:
    row = {"role": "responder", "on": "2026-01-05", **grant}
    with pytest.raises(ValidationError, match=reason):
        Person.model_validate({"id": "one", "name": "One", "unit": "city", "roles": [row]})


def test_who_might_grant_on_which_day() -> None:
    grant = {
        "role": "security_administrator",
        "by": "b",
        "on": "2026-02-01",
        "document": "1",
        "revoked_on": "2026-03-01",
    }
    person = Person.model_validate({"id": "a", "name": "A", "unit": "u", "roles": [grant]})
    days = {"2026-01-31": False, "2026-02-01": True, "2026-03-01": True, "2026-03-02": False}
    assert {day: person.might_grant(day) for day in days} == days
    assert not _person((Role.SYSTEM_ADMINISTRATOR, Role.RESPONDER)).might_grant("2026-02-01")


def test_accounts_expire_with_their_last_day() -> None:
    person = _person((), expires="2026-11-23")
    assert person.active(date(2026, 11, 23))
    assert not person.active(date(2026, 11, 24))
    assert _person(()).active(date(2099, 1, 1))


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGl9pNJqW5U+td8kgdYczGqRe27So8Y1k8Gu7paopy3M"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (KEY, True),
        (f"{KEY} somebody@example.org", True),
        (f"{KEY}\nssh-rsa AAAA", False),
        (f'no-pty,command="x" {KEY}', False),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", False),
        ("ssh-dss AAAAB3NzaC1kc3MAAACBAJ", False),
        ("", False),
    ],
)
def test_public_keys(text: str, good: bool) -> None:
    if good:
        assert PublicKey(key=text).fingerprint.startswith("SHA256:")
    else:
        with pytest.raises(ValidationError):
            PublicKey(key=text)


def test_assurance_follows_from_what_backs_the_grant() -> None:
    base = {"role": "responder", "by": "b", "on": "2026-01-05"}
    assert Grant.model_validate({**base, "document": "1"}).assurance == "paper"
    assert Grant.model_validate({**base, "signature": "x"}).assurance == "signed"
