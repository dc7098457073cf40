"""The paper page of an escrow key: password as text and QR code, and plain restic commands; Chinese and English."""

import html
import shlex
from dataclasses import dataclass

from sec_ops.model.messages import Message, message
from sec_ops.runtime.bilingual import bilingual
from sec_ops.runtime.secrets import Secret

__all__ = ["EscrowPage", "escrow_page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EscrowPage:
    """What stands on the page; `made` is RFC 3339 in UTC, `safe` says where the paper lies."""

    repository: str
    repository_id: str
    location: str
    key_id: str
    safe: str
    person: str
    made: str
    password: Secret


def escrow_page(page: EscrowPage) -> bytes:
    """Return one HTML file that needs nothing else."""
    rows = "".join(_row(text, getattr(page, name)) for name, text in _ROWS.items())
    password = page.password.get_secret_value()
    commands = _COMMANDS.format(location=shlex.quote(page.location))
    body = _BODY.format(
        title=_both(_TITLE),
        warning=_both(_WARNING),
        rows=rows,
        password=html.escape(password),
        qr=_qr(password),
        use=_both(_USE),
        commands=html.escape(commands),
    )
    return body.encode()


def _qr(text: str) -> str:
    import segno

    return str(segno.make_qr(text, error="q").svg_inline(scale=5, border=4))


def _row(name: Message, value: str) -> str:
    return f"<tr><th>{_both(name)}</th><td>{html.escape(value)}</td></tr>\n"


def _both(text: Message) -> str:
    both = bilingual(text)
    return f'{html.escape(both.zh)} <span lang="en">{html.escape(both.en)}</span>'


_TITLE = message("escrow key of a backup repository")
_WARNING = message(
    "Whoever holds this page can read the backups. Keep it in the safe named below, away from the servers."
)
_USE = message(
    "The last group of the password shows typing slips. With this page and the restic program alone everything can be "
    "restored; restic asks for the password."
)
_ROWS = {
    "repository": message("repository"),
    "repository_id": message("id of the repository"),
    "location": message("location"),
    "key_id": message("id of the key"),
    "safe": message("safe"),
    "person": message("made by"),
    "made": message("made on (UTC)"),
}
_COMMANDS = """restic -r {location} snapshots
restic -r {location} restore SNAPSHOT --target /restored"""
_BODY = """<!doctype html>
<html lang="zh"><meta charset="utf-8"><title>escrow</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{{font:12pt serif;max-width:17cm;margin:1cm auto}}th{{text-align:left;padding-right:1em;font-weight:normal}}
td{{font-family:monospace;word-break:break-all}}.key{{font:bold 15pt monospace;border:2px solid;padding:.6em}}
pre{{border:1px solid;padding:.6em;white-space:pre-wrap}}[lang=en]{{color:#444;font-size:85%}}</style>
<h1>{title}</h1>
<p><strong>{warning}</strong></p>
<table>
{rows}</table>
<p class="key">{password}</p>
<p>{qr}</p>
<p>{use}</p>
<pre>{commands}</pre>
</html>
"""
