"""`python -P -m bench.upstream.timed_agent run`: the agent, whose test stops tell when they begin."""

import sys

from agent.__main__ import main
from agent.actions import ACTIONS
from agent.actions.trial import TestStop
from agent.context import Context
from agent.running import Parameters, Result
from bench.upstream.starts import EVENT_TYPE, note


class TimedStop(TestStop):
    """A test stop that notes its start under the key that the event has at the hub."""

    async def run(self, context: Context, parameters: Parameters) -> Result:
        note(context.event.remote_id or 0)
        return await super().run(context, parameters)


if __name__ == "__main__":
    ACTIONS[EVENT_TYPE] = TimedStop()  # type: ignore[index]
    sys.exit(main())
