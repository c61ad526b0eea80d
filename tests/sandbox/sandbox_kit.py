"""What the sandbox's own tests share: a clock that is set by hand and a client that hides nothing."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from gynetix_tui.sandbox import Sandbox

START = 1_516_816_290.0
ANA = "15557778888"
HOME = "+15556667777"
SEND = "v1/manualTXT"
SUPPRESS = "post/addSuppression"
CONVERSATION = "messenger/getConversation"


class Clock:
    def __init__(self, at: float = START) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def connect(sandbox: Sandbox) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)


def path_of(sandbox: Sandbox, call: str, key: str | None = None) -> str:
    name = quote(sandbox.key if key is None else key, safe="")
    return f"/standard/api/{call}/key/{name}/response/json"


def raw(
    sandbox: Sandbox,
    path: str,
    fields: dict[str, str] | None = None,
    *,
    method: str = "POST",
    connection: http.client.HTTPConnection | None = None,
) -> Response:
    own = connection or connect(sandbox)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        own.request(method, path, urlencode(fields or {}), headers)
        answer = own.getresponse()
        return Response(answer.status, dict(answer.headers), answer.read())
    finally:
        if connection is None:
            own.close()


def ask(
    sandbox: Sandbox, call: str, fields: dict[str, str] | None = None, *, key: str | None = None
) -> Response:
    return raw(sandbox, path_of(sandbox, call, key), fields)


def text(sandbox: Sandbox, message: str, to: str = ANA) -> Response:
    return ask(sandbox, SEND, {"to": f"+{to}", "from": HOME, "message": message})


def conversation(sandbox: Sandbox, phone: str = ANA) -> Response:
    return ask(sandbox, CONVERSATION, {"phone": phone})


def texts(sandbox: Sandbox, phone: str = ANA) -> list[str]:
    return [message.text for message in sandbox.world.conversation(phone)]
