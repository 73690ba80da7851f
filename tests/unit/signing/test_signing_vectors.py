"""The 29 published vectors: the string to sign, the signature, and their verification as a server sees them."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from presets_store.protocol.signing import SCHEME, read_headers, sign, sign_headers, string_to_sign, verify

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors.json").read_text())


def arguments(vector: dict[str, Any]) -> dict[str, Any]:
    headers = vector["headers"]
    return {
        "method": vector["method"],
        "path": vector["path"],
        "access_key": headers["X-AccessKey"],
        "nonce": headers["X-Nonce"],
        "timestamp": headers["X-Timestamp"],
        "parameters": vector["parameters"],
        "body": vector["body"],
    }


def target(vector: dict[str, Any]) -> str:
    path = "/" + vector["path"].removeprefix("/")
    query = urlencode(vector["parameters"])
    return f"{path}?{query}" if query else path


def test_there_are_29_vectors() -> None:
    assert len({vector["name"] for vector in VECTORS}) == 29


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_string_and_signature(vector: dict[str, Any]) -> None:
    assert string_to_sign(**arguments(vector)) == vector["string_to_sign"]
    assert sign(vector["secret"], **arguments(vector)) == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_server_verifies_it_from_the_wire(vector: dict[str, Any]) -> None:
    signed = read_headers({**vector["headers"], "X-Signature": vector["signature"].upper()})
    parameters = verify(vector["secret"], vector["method"], target(vector), signed, vector["body"].encode())
    assert parameters == vector["parameters"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_client_sends_these_headers(vector: dict[str, Any]) -> None:
    given = arguments(vector)
    given["timestamp"] = int(given["timestamp"])
    headers = sign_headers(vector["secret"], **given)
    expected = {name: value for name, value in vector["headers"].items() if name != "Content-Type"}
    assert headers == {**expected, "X-Signature": vector["signature"]}
    assert headers["Authorization"].startswith(SCHEME)
