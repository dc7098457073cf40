"""Whatever way an address of production is written in settings, it is seen; what only looks like one is not."""

import pytest

from sec_ops.drill.planning.addresses import Production, production_of, texts_in
from sec_ops.model.backup_plan import Repository
from sec_ops.model.organisation import Host
from tests.unit.drill.planning.example import material

_HOSTS = (
    Host(name="student-db-1", address="192.0.2.21"),
    Host(name="idp-1", address="2001:db8:10::41"),
    Host(name="web", address="www-1.edu.example"),
    Host(name="own", address="127.0.0.1"),
)


def _production() -> Production:
    every = material()
    return production_of(
        hosts=_HOSTS,
        systems=every.systems.values(),
        plans=every.plans.values(),
        repositories=every.repositories.values(),
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.21", ("192.0.2.21",)),
        ("192.0.2.21:5432", ("192.0.2.21:5432",)),
        ("postgresql://reader@192.0.2.21/records", ("192.0.2.21",)),
        ("host=192.0.2.21 port=5432", ("192.0.2.21",)),
        ("http://[2001:db8:10::41]:8080/x", ("2001:db8:10::41",)),
        ("2001:0DB8:0010:0000::41", ("2001:0DB8:0010:0000::41",)),
        ("::ffff:192.0.2.21", ("::ffff:192.0.2.21",)),
        ("fe80::1%eth0 2001:db8:10::41%eth0", ("2001:db8:10::41%eth0",)),
        ("https://WWW-1.edu.example:8443/login", ("WWW-1.edu.example:8443",)),
        ("www-1.edu.example.", ("www-1.edu.example.",)),
        ("web-db-1.edu.example", ("web-db-1.edu.example",)),  # a server of a plan's source
        ("backup-a.edu.example", ("backup-a.edu.example",)),  # a repository
        ("192.0.2.1 and 192.0.2.2", ("192.0.2.1", "192.0.2.2")),  # devices that send logs
        ("127.0.0.1:5432", ()),
        ("localhost", ()),
        ("192.0.2.210", ()),
        ("x192.0.2.21", ()),
        ("my-www-1.edu.example", ()),
        ("/srv/192.0.2.21/data", ()),
        ("SELECT count(*) FROM students", ()),
        ("{database.port}", ()),
        ("2026-11-26T08:00:00Z", ()),
        ("", ()),
    ],
)
def test_addresses_in_texts(text: str, found: tuple[str, ...]) -> None:
    assert _production().named_in(text) == found


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("rest:https://backup.example:8000/a", "backup.example"),
        ("rest:http://user@backup.example/a", "backup.example"),
        ("rest:https://[2001:db8::9]:8000/a", "2001:db8::9"),
        ("s3:https://store.example/bucket", "store.example"),
        ("s3:store.example/bucket", "store.example"),
        ("sftp:keeper@store.example:/srv/a", "store.example"),
        ("sftp:[2001:db8::9]:/srv/a", "2001:db8::9"),
        ("sftp://keeper@store.example:2222//srv/a", "store.example"),
    ],
)
def test_hosts_of_repositories(location: str, name: str) -> None:
    repository = Repository.model_validate(
        {"id": "a", "place": "centre", "location": location, "password": {"env": "PASSWORD"}}
    )
    assert production_of(repositories=[repository]).named_in(f"ask {name} now") == (name,)


def test_a_folder_is_nobody() -> None:
    repository = Repository(id="a", place="centre", location="/srv/backup/a", password={"env": "PASSWORD"})
    assert production_of(repositories=[repository]) == Production()


def test_texts_are_found_at_any_depth() -> None:
    value = {"command": ["run", {"to": "x"}], "n": 3, "on": True}
    assert dict(texts_in(value)) == {("command", 0): "run", ("command", 1, "to"): "x"}
