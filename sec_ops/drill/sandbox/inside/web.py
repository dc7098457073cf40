"""One question to a web server on the loopback; a program of its own, so that a server that never ends can be left."""

from __future__ import annotations

import http.client
import json
import sys
from typing import Any


def ask(asked: dict[str, Any]) -> dict[str, Any]:
    """Ask for a page; redirects are told, not followed. The first bytes of the body are told, and whether it is all."""
    connection = http.client.HTTPConnection("127.0.0.1", asked["port"], timeout=float(asked["seconds"]))
    try:
        body = asked.get("body")
        connection.request(asked["method"], asked["path"], body=body and body.encode(), headers=asked["headers"])
        answer = connection.getresponse()
        read = answer.read(asked["bytes"] + 1)
        text = read[: asked["bytes"]].decode(errors="replace")
        whole = len(read) <= asked["bytes"]
        return {"status": answer.status, "headers": answer.getheaders(), "body": text, "whole": whole}
    except (OSError, ValueError, http.client.HTTPException) as error:
        return {"status": 0, "headers": [], "body": "", "whole": True, "error": str(error) or type(error).__name__}
    finally:
        connection.close()


def main() -> None:
    """Answer the one question at stdin."""
    print(json.dumps(ask(json.load(sys.stdin))))
