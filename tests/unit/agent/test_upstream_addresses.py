import pytest
from pydantic import ValidationError

from agent.errors import UpstreamUnreachable
from agent.settings import UpstreamSettings
from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials
from presets_store.clock import SystemClock


@pytest.mark.parametrize(
    "url",
    ["https://", "https://hub:99999", "https://hub:0", "https://hub:port", "https://[::1", "https://me:hidden@hub"],
)
def test_what_is_no_address_is_refused_when_the_settings_are_read(url: str) -> None:
    with pytest.raises(ValidationError, match="url"):
        UpstreamSettings(url=url)


@pytest.mark.parametrize("host", ["hub..example", f"{'a' * 70}.example", "."])
async def test_what_can_be_no_host_is_unreachable_like_one_that_does_not_exist(host: str) -> None:
    client = SignedClient(UpstreamSettings(url=f"https://{host}").url, Credentials("key", "secret"), SystemClock())
    try:
        with pytest.raises(UpstreamUnreachable):
            await client.request("GET", "/v1/device/list")
    finally:
        await client.close()
