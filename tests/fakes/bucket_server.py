"""An S3-compatible server on loopback, in threads of the test's own process."""

from collections.abc import Iterator
from contextlib import contextmanager

import botocore.session
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from presets_store.services.media.stores.choosing import Bucket

NAME = "films"


@contextmanager
def bucket_server() -> Iterator[Bucket]:
    """A server with one empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        bucket = Bucket(
            name=NAME, access_key="tester", secret_key="secret", endpoint=f"http://{host}:{port}", path_style=True
        )
        client = client_of(bucket)
        client.create_bucket(Bucket=NAME)
        client.close()
        yield bucket
    finally:
        server.stop()


def client_of(bucket: Bucket) -> "botocore.client.BaseClient":
    """A plain client of the same bucket, to look behind the store's back."""
    return botocore.session.Session().create_client(
        "s3",
        region_name=bucket.region,
        endpoint_url=bucket.endpoint,
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret_key,
    )
