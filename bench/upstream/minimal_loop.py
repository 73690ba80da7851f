"""The least that serves events with the third-party client: wait, take, say Processing, act, say Complete.

`python -P -m bench.upstream.minimal_loop URL SERIAL`; the key pair is in BENCH_ACCESS_KEY and BENCH_SECRET_KEY.
"""

import os
import sys

from actionstreamer.Config import WebServiceConfig
from actionstreamer.WebService.Event import dequeue_event, get_pending_event_list_long_poll, update_event

from bench.upstream.starts import note

PROCESSING, COMPLETE = 3, 4


def main(url: str, serial: str) -> None:
    config = WebServiceConfig(os.environ["BENCH_ACCESS_KEY"], os.environ["BENCH_SECRET_KEY"], base_url=f"{url}/")
    process = os.getpid()
    while True:
        waiting = get_pending_event_list_long_poll(config, serial)
        if waiting.code != 200 or not waiting.event_with_names_list:
            continue
        taken = dequeue_event(config, serial, waiting.event_with_names_list[0].agent_type)
        if taken.code != 200 or taken.event is None or not taken.event.key:
            continue
        event = taken.event.key
        update_event(config, event, PROCESSING, "", process)
        note(event)
        update_event(config, event, COMPLETE, "{}", process)


main(*sys.argv[1:])
