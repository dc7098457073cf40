"""`nginx`: restored files behind a web server, or a way to another service of the drill, configured here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from sec_ops.drill.service import Lacking, Place, Standing, found, wait_until
from sec_ops.drill.settings import SourceName
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.values import Value

__all__ = ["SERVICE"]

_CONFIGURATION = """\
daemon off;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  default_type application/octet-stream;
  types {{
    text/html html htm; text/css css; text/plain txt; application/javascript js; application/pdf pdf;
    image/png png; image/jpeg jpg jpeg; image/svg+xml svg;
  }}
  charset utf-8;
  server {{ listen 127.0.0.1:{port}; location / {{ {location} }} }}
}}
"""


class Settings(Value):
    """`files` is the source whose files are shown, `root` the folder among them; or the port `forward` leads to."""

    files: SourceName = ""
    root: str = ""
    forward: int | None = Field(default=None, ge=1, le=65_535)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nginx:
    """A web server."""

    settings: type[Settings] = Settings
    loads: Literal["running", "stopped"] = "running"

    def lacking(self) -> Sequence[Lacking]:
        """Return what is missing."""
        return found("nginx", "nginx-light")[1]

    def readable(self) -> Sequence[Path]:
        """Nothing beyond /usr: modules of this machine's nginx are not loaded."""
        return ()

    def provision(self, place: Place) -> Standing:
        """Write the configuration; raises ProgramFailed when the files are not among what was restored."""
        settings = Settings.model_validate(place.settings)
        location = f"proxy_pass http://127.0.0.1:{settings.forward};" if settings.forward else _root(place, settings)
        text = _CONFIGURATION.format(folder=place.inside(), port=place.port, location=location)
        place.sandbox.write(place.folder / "nginx.conf", text.encode())
        return Standing(client={"server": "127.0.0.1", "port": place.port})

    def start(self, place: Place) -> None:
        """Start the server and wait until it listens."""
        place.sandbox.start(
            place.name, ["nginx", "-e", "stderr", "-p", place.inside(), "-c", place.inside("nginx.conf")]
        )
        wait_until(place, lambda: place.sandbox.listens("127.0.0.1", place.port))


def _root(place: Place, settings: Settings) -> str:
    folder = place.restored[settings.files].joinpath(settings.root.lstrip("/"))
    if not folder.resolve().is_relative_to(place.restored[settings.files].resolve()) or not folder.is_dir():
        what = message("{folder} is not among the restored files", folder=settings.root or "/")
        raise ProgramFailed(what, where=place.name, advice=message("name root as it stands in the backup"))
    seen = place.sandbox.seen(folder).replace("\\", "\\\\").replace('"', '\\"')
    return f'root "{seen}"; index index.html index.htm; disable_symlinks on from="{seen}";'


SERVICE = Nginx()
