"""Access logs of web servers, described as the server itself describes them: nginx's log_format or Apache's LogFormat.

Option `formats`: format strings, the first that fits a line is taken; `notation`: `nginx` or `apache` (Tomcat writes as
Apache does). Names given are the same for all servers: `remote`, `user`, `time`, `method`, `url`, `path`, `query`,
`extension`, `version`, `status`, `bytes`, `referrer`, `user_agent`, `forwarded`, `host`, `port`, `duration_s`,
`duration_ms`, `duration_us` and what else the format holds under its own name. Sources: nginx's ngx_http_log_module and
variables, Apache's mod_log_config, Tomcat's AccessLogValve.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sec_ops.content.patterns import Pattern, PatternError, first_of
from sec_ops.siem.engines import Extract, Extracted

__all__ = ["OPTIONS", "compile_engine", "request_parts"]

OPTIONS = frozenset({"formats", "notation"})
_NGINX: Final = {
    "remote_addr": "remote",
    "realip_remote_addr": "peer",
    "remote_user": "user",
    "remote_port": "remote_port",
    "time_local": "time",
    "time_iso8601": "time",
    "msec": "time",
    "request_method": "method",
    "request_uri": "url",
    "server_protocol": "protocol",
    "body_bytes_sent": "bytes",
    "http_referer": "referrer",
    "http_user_agent": "user_agent",
    "http_x_forwarded_for": "forwarded",
    "http_x_real_ip": "forwarded",
    "http_host": "host",
    "server_port": "port",
    "request_time": "duration_s",
}
_APACHE: Final = {
    "h": "remote",
    "a": "remote",
    "l": "ident",
    "u": "user",
    "t": "time",
    "r": "request",
    "s": "status",
    "b": "bytes",
    "B": "bytes",
    "O": "bytes_sent",
    "I": "bytes_received",
    "D": "duration_us",
    "T": "duration_s",
    "m": "method",
    "U": "path",
    "q": "query",
    "H": "protocol",
    "v": "host",
    "V": "host",
    "p": "port",
    "P": "pid",
    "X": "connection_status",
    "f": "file",
    "A": "server_address",
    "L": "log_id",
    "k": "keepalives",
    "S": "session",
    "F": "commit_ms",
}
_HEADERS: Final = {"referer": "referrer", "user-agent": "user_agent", "x-forwarded-for": "forwarded", "host": "host"}
_NGINX_WORD = re.compile(r"\$\{?([a-z0-9_]+)\}?")
_APACHE_WORD = re.compile(r"%[<>]?(?:!?\d{3}(?:,\d{3})*)?(?:\{([^}]*)\})?\^?([a-zA-Z]{1,2}|%)")
_REQUEST = re.compile(r"([A-Za-z_-]{1,32}) (\S.*?)(?: HTTP/(\d(?:\.\d)?))?")
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,10})$")


def compile_engine(options: Mapping[str, Any]) -> Extract:
    """Return the extraction; raises ValueError for a format that can't be told apart into its parts."""
    formats, notation = options.get("formats"), options.get("notation", "nginx")
    if not isinstance(formats, list) or not formats or not all(isinstance(each, str) for each in formats):
        raise ValueError("formats: a list of format strings")
    if notation not in ("nginx", "apache"):
        raise ValueError("notation: nginx or apache")
    compiled = [_compile(each, notation) for each in formats]
    choose = first_of([source for source, _ in compiled], "beginning")
    ready = [(Pattern(source), names) for source, names in compiled]

    def extract(text: str) -> Extracted | None:
        hits = choose(text)
        if not hits:
            return None
        pattern, names = ready[hits[0]]
        found = pattern.names(text)
        return None if found is None else _finished({names[each]: value for each, value in found.items()})

    return extract


def request_parts(request: str, found: dict[str, Any]) -> None:
    """Add method, URL and protocol version of a request line; an odd one is kept whole as `request`."""
    match = _REQUEST.fullmatch(request)
    if match is None:
        found["request"] = request
        return
    found["method"], found["url"] = match[1], match[2]
    if match[3]:
        found["version"] = match[3]


def _compile(form: str, notation: str) -> tuple[str, dict[str, str]]:
    names: dict[str, str] = {}
    source = "^"
    parts = list(_parts(form, notation))
    for at, (kind, value) in enumerate(parts):
        if kind == "text":
            source += re.escape(value)
            continue
        following = parts[at + 1] if at + 1 < len(parts) else ("text", "")
        if following[0] != "text":
            raise ValueError(f"nothing stands between {value} and {following[1]}")
        group = f"g{at}"
        names[group] = value
        source += f"(?P<{group}>{_body(value, following[1][:1])})"
    try:
        Pattern(source + r"\s*$")
    except PatternError as error:
        raise ValueError(str(error)) from error
    return source + r"\s*$", names


def _body(name: str, stop: str) -> str:
    if name == "time" and stop != '"':
        return r"[^\]\"]*?"
    if stop == '"':
        return r'(?:[^"\\]|\\.)*'
    return f"[^{re.escape(stop)}]*" if stop else r"\S*"


def _parts(form: str, notation: str) -> Iterator[tuple[str, str]]:
    """Yield the literal texts and the names of a format, in order."""
    word = _NGINX_WORD if notation == "nginx" else _APACHE_WORD
    at = 0
    for match in word.finditer(form):
        if match.start() > at:
            yield "text", form[at : match.start()]
        yield from _nginx_name(match) if notation == "nginx" else _apache_name(match)
        at = match.end()
    if at < len(form):
        yield "text", form[at:]


def _nginx_name(match: re.Match[str]) -> Iterator[tuple[str, str]]:
    yield "name", _NGINX.get(match[1], match[1])


def _apache_name(match: re.Match[str]) -> Iterator[tuple[str, str]]:
    argument, letter = match[1], match[2]
    if letter == "%":
        yield "text", "%"
    elif letter == "t":
        yield "text", "["
        yield "name", "time"
        yield "text", "]"
    elif letter == "i" and argument:
        yield "name", _HEADERS.get(argument.lower(), argument.lower().replace("-", "_"))
    elif letter == "T" and argument in ("ms", "us"):
        yield "name", f"duration_{argument}"
    elif argument and letter not in _APACHE:
        yield "name", argument.lower().replace("-", "_")
    else:
        yield "name", _APACHE.get(letter, letter)


def _finished(found: dict[str, Any]) -> Extracted:
    """Take the request and the URL apart; drop what says nothing."""
    found = {name: value for name, value in found.items() if value not in ("", "-")}
    if "request" in found:
        request_parts(found.pop("request"), found)
    if (protocol := found.pop("protocol", None)) is not None:
        found["version"] = protocol.removeprefix("HTTP/")
    if "url" in found:
        path, _, query = found["url"].partition("?")
        found.setdefault("path", path)
        if query:
            found.setdefault("query", query)
    elif "path" in found:
        found["url"] = found["path"] + found.get("query", "")
    if (extension := _EXTENSION.search(found.get("path", "")[-64:])) is not None:
        found["extension"] = extension[1]
    if "forwarded" in found:
        found["forwarded"] = [each.strip() for each in found["forwarded"].split(",")[:20]]
    return found
