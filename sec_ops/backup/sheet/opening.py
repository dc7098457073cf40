"""How a repository is opened by hand: where it lies, what it asks for, from which safe."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sec_ops.backup.by_hand import Step, word
from sec_ops.backup.keys.register import KnownKey, KnownRepository
from sec_ops.backup.sheet.values import Block, Row
from sec_ops.model.backup_plan import Place, Repository, SecretReference
from sec_ops.model.messages import Message, message

__all__ = ["opening_block", "unopened"]

_REMOTE = ("sftp:", "rest:", "s3:")


def opening_block(repository: Repository, place: Place, known: KnownRepository | None, root: Path) -> Block:
    """Return how a repository of a site in the folder `root` is opened."""
    rows = [
        Row(name=message("place"), value=place.name),
        Row(name=message("address"), value=place.address),
        Row(name=message("location"), value=_location(repository, root)),
        *([Row(name=message("id of the repository"), value=known.repository_id)] if known else ()),
        *(_safe(each) for each in _escrowed(known)),
        *([] if _escrowed(known) else [Row(name=message("safe"), value=message("no key of it lies in a safe"))]),
        Row(name=message("daily password"), value=_reference(repository.password)),
    ]
    return Block(
        title=message("repository {repository}", repository=repository.id),
        level=3,
        rows=rows,
        steps=(*_files(repository, root), Step(what=_OPEN, commands=tuple(_commands(repository, root)))),
    )


def unopened(repositories: Sequence[Repository], known: Mapping[str, KnownRepository]) -> Iterator[Message]:
    """Tell of each repository that nobody could open when its daily password is gone."""
    for each in repositories:
        if not _escrowed(known.get(each.id)):
            yield message("{repository} has no key in a safe: sec-ops backup keys escrow", repository=each.id)


_OPEN = message(
    "open it: type the password from the page in the safe; the last command ends without an error when it is right"
)


def _escrowed(known: KnownRepository | None) -> list[KnownKey]:
    return [each for each in known.keys if each.purpose == "escrow"] if known else []


def _safe(key: KnownKey) -> Row:
    return Row(name=message("safe"), value=message("{safe}: key {key}", safe=key.safe, key=key.id[:16]))


def _reference(reference: SecretReference) -> Message:
    ((kind, name),) = reference.items()
    texts = {
        "file": message("in the file {name}", name=name),
        "env": message("in the variable {name} of the service", name=name),
        "command": message("told by the command {name}", name=name),
        "systemd_credential": message("the systemd credential {name}", name=name),
    }
    return texts[kind]


def _location(repository: Repository, root: Path) -> str:
    text = repository.location
    return text if text.startswith(_REMOTE) else _at(text, root)


def _files(repository: Repository, root: Path) -> Iterator[Step]:
    """Name the files that must be at hand."""
    certificate, hosts, key = (_at(name, root) for name in _named(repository))
    if certificate:
        yield Step(
            what=message("the certificate of the authority of its server (not secret): {path}", path=certificate)
        )
    if hosts:
        yield Step(what=message("the host keys of its server (not secret): {path}", path=hosts))
    if key:
        yield Step(what=message("the private key that opens its server: {path}", path=key))


def _named(repository: Repository) -> tuple[str, str, str]:
    return repository.certificate, repository.known_hosts, repository.identity_file


def _at(name: str, root: Path) -> str:
    return str(root / Path(name).expanduser()) if name else ""


def _commands(repository: Repository, root: Path) -> Iterator[str]:
    certificate, hosts, key = (_at(name, root) for name in _named(repository))
    yield f"export RESTIC_REPOSITORY={word(_location(repository, root))}"
    if certificate:
        yield f"export RESTIC_CACERT={word(certificate)}"
    if hosts or key:
        yield f'restic() {{ command restic -o {_ssh(hosts, key)} "$@"; }}'
    elif repository.location.startswith("sftp:"):
        yield "unset -f restic"
    for name in ("RESTIC_PASSWORD", *repository.credentials):
        yield f"read -r -s -p {word(f'{name}: ')} {name} && export {name}"
    yield "restic cat config"


def _ssh(hosts: str, key: str) -> str:
    """Return restic's option for ssh: one value to restic, which reads it as a line of CSV, and one word to bash."""
    options = [f'UserKnownHostsFile="{hosts}"'] if hosts else []
    options += [f'IdentityFile="{key}"'] if key else []
    line = shlex.join(each for option in options for each in ("-o", option)).replace('"', '""')
    return word(f'"sftp.args={line}"')
