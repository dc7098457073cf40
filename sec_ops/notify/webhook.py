"""Notices as JSON posted to an address, or as the text message of a group robot.

Forms of the robots follow their makers' public documentation and were not tried against the real services; all three
answer refusals with status 200 and a number, which counts as a failure here.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from sec_ops.model.errors import EngineError
from sec_ops.model.messages import message
from sec_ops.model.notice import WebhookNotifier
from sec_ops.notify.notifiers import Deliver, NotifierDoors
from sec_ops.notify.spoken import Spoken
from sec_ops.runtime.secrets import redact
from sec_ops.transport.http import post

__all__ = ["deliverer"]

_GOOD = range(200, 300)
_VERDICTS = {"wecom": "errcode", "dingtalk": "errcode", "feishu": "code"}
_SHOWN = 200
_QUOTED = str.maketrans({"+": "%2B", "/": "%2F", "=": "%3D"})


def deliverer(settings: WebhookNotifier, doors: NotifierDoors) -> Deliver:
    """Return what posts; raises TransportError, EngineError for a refusal, ContentInvalid for a missing secret."""

    def deliver(spoken: Spoken) -> None:
        secrets = [doors.read_secret(each) for each in (settings.url_secret, settings.signing_secret) if each]
        url = settings.url or secrets[0].get_secret_value()
        key = secrets[-1].get_secret_value() if settings.signing_secret else ""
        seconds = int(doors.clock.now().timestamp())
        body = json.dumps(_body(settings.form, spoken, key, seconds), ensure_ascii=False).encode("utf-8", "replace")
        ca = doors.root / settings.ca if settings.ca else None
        reply = post(
            _address(settings.form, url, key, seconds), body, headers=_headers(settings.form, body, key), ca=ca
        )
        refusal = _refusal(settings.form, reply.status, reply.body)
        if refusal:
            what = message("the webhook {id} refused the notice", id=settings.id)
            raise EngineError(what, where=settings.id, why=redact(refusal, secrets))

    return deliver


def _body(form: str, spoken: Spoken, key: str, seconds: int) -> Mapping[str, Any]:
    text = f"{spoken.title}\n{spoken.text}"
    if form in ("wecom", "dingtalk"):
        return {"msgtype": "text", "text": {"content": text}}
    if form == "feishu":
        signed = {"timestamp": str(seconds), "sign": _signature(f"{seconds}\n{key}", "")} if key else {}
        return {**signed, "msg_type": "text", "content": {"text": text}}
    return spoken.document()


def _headers(form: str, body: bytes, key: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "sec-ops"}
    if form == "json" and key:
        headers["X-Sec-Ops-Signature"] = "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return headers


def _address(form: str, url: str, key: str, seconds: int) -> str:
    if form != "dingtalk" or not key:
        return url
    stamp = str(seconds * 1000)
    sign = _signature(key, f"{stamp}\n{key}").translate(_QUOTED)
    return f"{url}&timestamp={stamp}&sign={sign}"


def _signature(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _refusal(form: str, status: int, body: bytes) -> str:
    """Return why a notice was refused, empty when it was taken."""
    shown = body[:_SHOWN].decode("utf-8", "replace")
    if status not in _GOOD:
        return f"HTTP {status}: {shown}"
    if form in _VERDICTS:
        try:
            verdict = json.loads(body).get(_VERDICTS[form])
        except (ValueError, AttributeError):
            return shown or "no JSON"
        return "" if verdict == 0 else shown
    return ""
