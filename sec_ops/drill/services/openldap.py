"""`openldap`: a directory whose entries come from restored LDIF, behind a configuration made here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sec_ops.drill.service import Lacking, Place, Standing, found, make, wait_until
from sec_ops.model.values import NonEmpty, Value

__all__ = ["SERVICE"]

_PACKAGE = "slapd"
_SCHEMAS = Path("/etc/ldap/schema")
_CONFIGURATION = """\
dn: cn=config
objectClass: olcGlobal
cn: config
olcPidFile: {run}/slapd.pid
olcArgsFile: {run}/slapd.args

dn: cn=module{{0}},cn=config
objectClass: olcModuleList
cn: module{{0}}
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

{schemas}
dn: olcDatabase={{-1}}frontend,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {{-1}}frontend
olcSizeLimit: unlimited

dn: olcDatabase={{1}}mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {{1}}mdb
olcSuffix: {suffix}
olcDbDirectory: {data}
olcDbMaxSize: {bytes}
olcDbIndex: objectClass eq
olcDbIndex: uid,cn eq
olcAccess: to attrs=userPassword by anonymous auth by * none
olcAccess: to * by * read
"""


class Settings(Value):
    """The suffix of the restored entries, and the schemas they need, in their order."""

    suffix: NonEmpty
    schemas: tuple[NonEmpty, ...] = ("core", "cosine", "nis", "inetorgperson")
    gigabytes: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Openldap:
    """A directory server."""

    settings: type[Settings] = Settings
    loads: Literal["running", "stopped"] = "stopped"

    def lacking(self) -> Sequence[Lacking]:
        """Return what is missing."""
        return [each for program in ("slapd", "slapadd") for each in found(program, _PACKAGE)[1]]

    def readable(self) -> Sequence[Path]:
        """Return the schemas that come with the server."""
        return (_SCHEMAS,)

    def provision(self, place: Place) -> Standing:
        """Make a configuration with the suffix and its schemas, and no entry yet."""
        settings = Settings.model_validate(place.settings)
        for name in ("data", "run", "configuration"):
            place.sandbox.make_folder(place.folder / name)
        text = _CONFIGURATION.format(
            run=place.inside("run"),
            data=place.inside("data"),
            suffix=settings.suffix,
            bytes=settings.gigabytes * 1024**3,
            schemas="".join(f"include: file://{_SCHEMAS}/{name}.ldif\n\n" for name in settings.schemas),
        )
        place.sandbox.write(place.folder / "configuration.ldif", text.encode())
        words = ["slapadd", "-n", "0", "-F", place.inside("configuration"), "-l", place.inside("configuration.ldif")]
        make(place, words)
        return Standing(client={"configuration": place.inside("configuration")}, into=place.inside("configuration"))

    def start(self, place: Place) -> None:
        """Start the server and wait until it listens; entries must have been loaded before."""
        where = f"ldap://127.0.0.1:{place.port}/"
        place.sandbox.start(place.name, ["slapd", "-d", "0", "-h", where, "-F", place.inside("configuration")])
        wait_until(place, lambda: place.sandbox.listens("127.0.0.1", place.port))


SERVICE = Openldap()
