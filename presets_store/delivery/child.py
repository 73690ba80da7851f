"""The process in which Apprise sends, apart from everything else: `python -P -m presets_store.delivery.child`.

Line by line, JSON: first the address rules (`forbidden`, `allowed`), then an order each, which is answered by a line:
`{"url", "title", "body", "jpeg", "seconds"}` -> `{"outcome": "sent" | "failed" | "refused", "reason"}`. `jpeg` is in
base64 or "". `seconds` 0: only look whether the URL can be used. `refused`: it never will be sent. Ends with its input;
an order that takes longer than its seconds ends it too.

What a URL makes Apprise do is fenced in by an audit hook: each connection goes to the very address that was checked, no
program is started, no file is written, and none is read but Python's own and the picture.
"""

import base64
import json
import logging
import mimetypes
import os
import re
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import unquote

from presets_store.delivery.guard import AddressForbidden, AddressRules, rules_of
from presets_store.delivery.urls import LOCAL_SERVICES, UrlUnusable, scheme_of
from presets_store.redaction import redact_text

LONGEST_REASON: Final = 300
_SHORTEST_SECRET: Final = 4
_PARTS: Final = re.compile(r"[/:@?&=]+")

_CONNECTING: Final = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_STARTING: Final = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty"}
_CHANGING: Final = {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_READABLE: Final = tuple(
    f"{Path(each).resolve()}{os.sep}" for each in (sys.prefix, sys.base_prefix, "/usr/share/zoneinfo")
)


class Fenced(PermissionError):
    """What the audit hook refuses. An OSError, so that services take it as what they are prepared for."""


class Fence:
    """An audit hook. `refused` is why it refused last, "" if it did not."""

    def __init__(self, rules: AddressRules) -> None:
        self._rules = rules
        self.refused = ""
        self.picture = ""

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CONNECTING:
            self._connect(arguments[1])
        elif event in _STARTING:
            self._refuse("the service would start a program")
        elif event == "open":
            self._open(*arguments)
        elif event in _CHANGING:
            self._refuse("the service would change files")

    def _connect(self, address: object) -> None:
        if address is None:  # of a socket that is connected
            return
        if not isinstance(address, tuple):
            self._refuse("the service would talk to this machine")
            return
        try:
            self._rules.check(str(address[0]))
        except AddressForbidden as error:
            self._refuse(str(error))

    def _open(self, path: object, _mode: object, flags: object) -> None:
        if isinstance(path, int) or not path:
            return
        name = os.fsdecode(path)  # type: ignore[arg-type]
        if name in (self.picture, os.devnull):
            return
        if isinstance(flags, int) and flags & _WRITES:
            self._refuse("the service would write a file")
        if not os.path.realpath(name).startswith(_READABLE):
            self._refuse("the URL names a file of this machine")

    def _refuse(self, reason: str) -> None:
        self.refused = reason
        raise Fenced(reason)


class _Last(logging.Handler):
    """Keeps the last thing that Apprise complained of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()


class Sender:
    """Apprise behind a fence. There is one in a process: the fence cannot be taken down again."""

    def __init__(self, rules: AddressRules) -> None:
        import apprise
        import apprise.attachment.file

        self._apprise = apprise
        self._file = apprise.attachment.file.AttachFile
        self._asset = apprise.AppriseAsset(app_id="cuelight", app_desc="cuelight", async_mode=False)
        mimetypes.init()  # reads files
        self._last = _Last()
        logging.getLogger("apprise").addHandler(self._last)
        logging.getLogger("apprise").propagate = False
        apprise.Apprise.instantiate("json://localhost", asset=self._asset)  # which loads all services
        sys.dont_write_bytecode = True
        self.fence = Fence(rules)
        sys.addaudithook(self.fence)

    def carry_out(self, order: dict[str, Any]) -> dict[str, str]:
        """What is answered to an order."""
        self.fence.refused = self._last.text = ""
        url = str(order["url"])
        try:
            service = self._service(url)
        except UrlUnusable as error:
            return _answer("refused", str(error) if order["seconds"] else str(error.fields["problem"]))
        if not order["seconds"] or self._send(service, order):
            return _answer("sent")
        if self.fence.refused:
            return _answer("refused", self.fence.refused)
        return _answer("failed", hide_parts(self._last.text, url) or "it was not accepted")

    def _service(self, url: str) -> Any:
        scheme = scheme_of(url)
        found = self._apprise.Apprise.instantiate(url, asset=self._asset)
        if found is None:
            said = "" if "://" in self._last.text else hide_parts(self._last.text, url)
            raise UrlUnusable(problem=f"is not understood as {scheme}" + (f" ({said})" if said else ""))
        if type(found).__module__.rpartition(".")[2] in LOCAL_SERVICES:
            raise UrlUnusable(problem=f"names {scheme}, which would act on this machine")
        return found

    def _send(self, service: Any, order: dict[str, Any]) -> bool:
        text = {"title": order["title"], "body": order["body"] or order["title"], "body_format": "text"}
        if not order["jpeg"]:
            return self._notify(service, text)
        with closing(_Picture(base64.b64decode(order["jpeg"]))) as picture:
            self.fence.picture = picture.path
            file = self._file(picture.path, name="picture.jpg", mimetype="image/jpeg")
            return self._notify(service, text | {"attach": self._apprise.AppriseAttachment(file)})

    def _notify(self, service: Any, message: dict[str, Any]) -> bool:
        try:
            return bool(service.notify(**message))
        except Exception as error:  # noqa: BLE001 - boundary: a defect of a service fails that delivery
            self._last.text = f"{type(error).__name__} in the service"
            return False


class _Picture:
    """A file in memory, which services open by its path."""

    def __init__(self, jpeg: bytes) -> None:
        self._handle = os.memfd_create("picture")
        os.write(self._handle, jpeg)
        self.path = f"/proc/self/fd/{self._handle}"

    def close(self) -> None:
        os.close(self._handle)


def _answer(outcome: str, reason: str = "") -> dict[str, str]:
    return {"outcome": outcome, "reason": reason[:LONGEST_REASON]}


def hide_parts(text: str, url: str) -> str:
    """`text` without secrets, and without any part of the URL but its scheme."""
    found = _PARTS.split(url.partition("://")[2])
    parts = {part for part in (*found, *map(unquote, found)) if len(part) >= _SHORTEST_SECRET}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "***")
    return redact_text(text)


def serve(orders: IO[str], answers: IO[str]) -> None:
    """Until the orders end."""
    sender = Sender(rules_of(**json.loads(orders.readline())))
    for line in orders:
        order = json.loads(line)
        signal.alarm(int(order["seconds"]))
        answer = sender.carry_out(order)
        signal.alarm(0)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a service prints is no answer
    serve(sys.stdin, answers)
