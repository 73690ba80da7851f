import pytest
from hypothesis import given
from hypothesis import strategies as st

from presets_store.delivery.child import hide_parts
from presets_store.delivery.telegram import ChatUnusable, chat_url
from presets_store.delivery.urls import (
    LOCAL_SERVICES,
    UrlUnusable,
    WebhookUnusable,
    check_webhook_url,
    scheme_of,
    shown_url,
)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mailto://user:pass@smtp.example:2525?to=x@y.example", "mailto://***@smtp.example:2525"),
        ("MAILTOS://smtp.example", "mailtos://smtp.example"),
        ("json://hub.example/a/secret/path?token=x", "json://hub.example"),
        ("tgram://123456:ABC-def/42", "tgram://***"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord://***"),
        ("slack://TokenA/TokenB/TokenC/Channel", "slack://***"),
        ("ntfy://topic-that-is-a-secret", "ntfy://***"),
        ("mailto://user:pa:ss@w@[bad", "mailto://***"),
        ("mailto://user:pass@smtp.example:port", "mailto://***"),
        ("mailto://a_secret,with,commas", "mailto://***"),
    ],
)
def test_what_of_a_url_is_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown


@pytest.mark.parametrize(
    "url", ["", "mailto:", "mail to://x", "mailto://x y", "mailto://x\n", "x" * 33 + "://y", "json://" + "x" * 2000]
)
def test_no_url(url: str) -> None:
    with pytest.raises(UrlUnusable):
        scheme_of(url)


@pytest.mark.parametrize("scheme", sorted(LOCAL_SERVICES))
def test_services_of_this_machine_are_refused(scheme: str) -> None:
    with pytest.raises(UrlUnusable, match="act on this machine"):
        shown_url(f"{scheme.upper()}://x")


SECRET = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=8, max_size=20)


@given(SECRET, SECRET, SECRET, st.sampled_from(["mailto", "json", "tgram", "slack", "ntfy", "unheard-of"]))
def test_neither_credentials_nor_paths_are_ever_shown(user: str, password: str, path: str, scheme: str) -> None:
    shown = shown_url(f"{scheme}://{user}:{password}@a.example/{path}?key={path}")
    assert not [secret for secret in (user, password, path) if secret in shown]


@given(SECRET, SECRET)
def test_no_part_of_a_url_is_left_in_a_reason(first: str, second: str) -> None:
    url = f"tgram://{first}%20x/{second}?k={first}"
    said = hide_parts(f"{first} x was refused at {second}: {first}", url)
    assert first not in said
    assert second not in said


@pytest.mark.parametrize(
    "url", ["http://a.example", "https://a.example:8443/x?y=z", "https://[2606:2800::1]/x", "http://10.0.0.1/"]
)
def test_webhooks(url: str) -> None:
    check_webhook_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://a.example",
        "http://",
        "http:///x",
        "http://a:99999/",
        "http://a:0/",
        "http://a b/",
        "file:///etc/passwd",
        "http://[::1",
    ],
)
def test_no_webhooks(url: str) -> None:
    with pytest.raises(WebhookUnusable):
        check_webhook_url(url)


def test_chats() -> None:
    token = "123456789:abcdefg_hijklmnop"
    assert chat_url(token, "-1001234").startswith(f"tgram://{token}/-1001234/")
    assert "/@people/" in chat_url(token, "@people")
    for bad_token, chat, field in (
        (token + "/x", "1", "bot_token"),
        ("", "1", "bot_token"),
        (token, "", "chat_id"),
        (token, "1/2", "chat_id"),
        (token, "1?x=y", "chat_id"),
    ):
        with pytest.raises(ChatUnusable, match=field):
            chat_url(bad_token, chat)
