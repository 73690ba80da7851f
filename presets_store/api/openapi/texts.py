"""What the document says that no model and no handler knows."""

from collections.abc import Mapping
from typing import Any, Final

from presets_store.api.documentation import Access

TITLE: Final = "cuelight"

DESCRIPTION: Final = """\
Presets, events, devices, cameras and clips of a cuelight device or hub.

**Who may ask.** Every request over TCP is signed, except where an operation names other security or none: five
headers, described under `components.securitySchemes` and, step by step, in `docs/signing.md`. People at a browser sign
in instead (`POST /v1/session`) and send the session's token as `Authorization`; 419 says that it is over. On the Unix
socket of a device (`/run/cuelight/api.sock`) nothing is signed: whoever the permissions of the file let in is trusted.
The path is part of each signature, so the API is served at the root of its host.

**Bodies.** JSON in UTF-8, at most 1 MiB. The schemas show the one right form; more is read: the first letter of a name
in either case, `null` for a member that is absent, `""` for a number that is absent, a number in a string. Unknown
members are kept or ignored. An empty body stands for `{}`. Each success is status 200, some with an empty body.

**Dates** are ISO 8601 in UTC with `Z`; `null` is never. A path may end in one slash more; where GET is answered,
HEAD is.

**Failures** are `application/problem+json` (RFC 9457) with a stable `code`. Beside those listed at the operations:
404 `no_such_route`, and 405 `method_not_allowed` with the header `Allow`.

**Scripts** under `/api/` have a contract of their own: names in snake case, dates as `YYYY-MM-DD HH:MM:SS` in UTC,
failures as `{"message"}` and, with 422, `{"message", "errors"}` by dotted paths.

**Repeats.** A write with an `Idempotency-Key` happens once; the repeat, with a new nonce and signature, gets the first
answer again.
"""

SIGNATURE_SCHEMES: Final[dict[str, Any]] = {
    "authorization": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`HMAC-SHA256 ` followed by the value of `X-AccessKey`.",
    },
    "accessKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-AccessKey",
        "description": "The access key, as `cuelight key create` shows it beside its secret.",
    },
    "nonce": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Nonce",
        "description": "A random UUID (version 4) in lower case, new for each request, a repeated one too.",
    },
    "timestamp": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Timestamp",
        "description": (
            "Unix seconds, at most 300 from the server's clock, which every answer tells in `Date`. A device whose own "
            "clock is not trusted takes any time from the last that it knows."
        ),
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Signature",
        "description": (
            "Lower-case hexadecimal HMAC-SHA256, keyed by the secret, of the method, the path as it is sent (without "
            "one trailing slash), the four other headers, the decoded parameters of the query, and the body, joined by "
            "line feeds. `docs/signing.md` has the exact form, `tests/unit/signing/vectors.json` examples."
        ),
    },
}

OTHER_SCHEMES: Final[dict[str, Any]] = {
    "session": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": (
            "The token of a session, bare or after `Bearer `: `sessionGuid` of `POST /v1/session`, `access_token` of "
            "`POST /api/v1/token`. Over TLS, or from loopback."
        ),
    },
    "password": {"type": "http", "scheme": "basic", "description": "A user's name and password, in UTF-8."},
    "link": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "The token of a link (`POST /v1/camera/{camera}/viewlink`): it opens one camera for a while.",
    },
    "address": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "Part of the address that `fileLocation` or `signedURL` is: for one file, one use, one hour.",
    },
}

_SIGNED: Final[dict[str, list[str]]] = {name: [] for name in SIGNATURE_SCHEMES}

SECURITY: Final[Mapping[Access, list[dict[str, list[str]]]]] = {
    Access.ANYONE: [],
    Access.SIGNED: [_SIGNED, {"session": []}],
    Access.LINK: [_SIGNED, {"session": []}, {"link": []}],
    Access.ADDRESS: [{"address": []}],
    Access.PASSWORD: [{"password": []}],
    Access.CREDENTIALS: [],
    Access.ENROLMENT: [],
    Access.TOKEN: [],
}
"""Any one of the list; all five of a signature together."""

_TOKEN: Final = {"type": "string", "pattern": "^[!-~]{0,128}$"}

HEADERS: Final[dict[str, Any]] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Of the caller's choice, such as a UUID; kept for 24 hours for each access key.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
    },
    "X-Checkout-Token": {
        "name": "X-Checkout-Token",
        "in": "header",
        "description": "`checkoutToken` of the event as it was checked out. Without one the report is taken too.",
        "schema": _TOKEN,
    },
    "X-Boot-ID": {
        "name": "X-Boot-ID",
        "in": "header",
        "description": "Names the present boot of the device.",
        "schema": _TOKEN,
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of the answer that is known already.",
        "schema": _TOKEN,
    },
    "Content-Range": {
        "name": "Content-Range",
        "in": "header",
        "description": "Which bytes of the file follow: the rest, from the `Upload-Offset` that HEAD answers.",
        "schema": {"type": "string", "pattern": "^bytes [0-9]{1,18}-[0-9]{1,18}/[0-9]{1,18}$"},
    },
}

DATE_HEADER: Final[dict[str, Any]] = {
    "description": "The server's clock, against which signatures are checked.",
    "schema": {"type": "string"},
}

EVENT_STREAM: Final = (
    "Server-sent events. `event` is the `kind`, `id` the `sequence`, and `data` one JSON document:"
    ' `#/components/schemas/{model}`. `event: lagged` with `{{"dropped": n}}` tells that the listener was too slow.'
    " A comment line now and then shows that the line is up."
)
