"""Reading and making `sec-ops.yml`."""

import re
from pathlib import Path

from pydantic import ValidationError

from sec_ops.content.model_faults import model_faults
from sec_ops.content.yaml_reader import read_yaml
from sec_ops.model.errors import ContentInvalid, StorageError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Randomness
from sec_ops.model.site import SiteConfiguration
from sec_ops.runtime.site import Site

__all__ = ["configuration_text", "load_configuration"]

_OTHER = re.compile(r"[^a-z0-9]+")
# What YAML reads as text without quotes, for it is no number, no moment and no word such as `on`.
_PLAIN = re.compile(r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[a-z][a-z0-9-]*")
_TEMPLATE = """\
# Configuration of this site. `sec-ops doctor` checks it.
id: {id}
name:
  zh: {name}
  en: {name}
# Name of the evidence log in its checkpoints and on the paper anchor: never change it.
origin: {origin}
# How facts are collected; these are the defaults.
# collection:
#   parallel: 50
#   host_deadline_seconds: 120
#   known_hosts: inventory/known_hosts
# Where this folder itself is saved, evidence and keys with it; see backup/repositories/.
# backup:
#   place: centre
#   own: {{repository: sec-ops-a, copy_to: sec-ops-b, answers: PERSON}}
"""


def configuration_text(folder: Path, randomness: Randomness) -> str:
    """Return a new site's configuration, named after its folder."""
    name = _OTHER.sub("-", folder.name.lower()).strip("-") or "site"
    spelled = name if _PLAIN.fullmatch(name) else f'"{name}"'
    return _TEMPLATE.format(id=spelled, name=spelled, origin=f"sec-ops/{name}-{randomness(4).hex()}")


def load_configuration(site: Site) -> SiteConfiguration:
    """Return the site's configuration; raises ContentInvalid with all its faults, StorageError when unreadable."""
    try:
        data = site.configuration.read_bytes()
    except OSError as error:
        what = message("could not read {path}: {reason}", path=site.configuration, reason=error.strerror or "?")
        advice = message("run the command as the account that owns the site, or name one: --site DIR")
        raise StorageError(what, where=str(site.configuration), advice=advice) from error
    document = read_yaml(data, str(site.configuration))
    try:
        return SiteConfiguration.model_validate(document.value)
    except ValidationError as error:
        raise ContentInvalid(model_faults(error, document, (), SiteConfiguration)) from error
