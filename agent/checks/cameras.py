"""Whether the cameras deliver, as the agent sees them."""

from agent.checks.base import Finding, NoAnswer, Subject, broken, ok, warning

FAILED = {"unavailable", "stalled"}
FINE = {"open", "opening", "closed"}


def check(subject: Subject) -> Finding:
    try:
        devices = subject.ask("/v1/device/list")
        cameras = [camera for device in devices for camera in subject.ask(f"/v1/device/{device['key']}/cameras")]
    except NoAnswer:
        return warning("not known while the agent does not answer; start it and ask again")
    if not cameras:
        return broken("the agent has none; name one in the settings, under [[cameras]]")
    states = ", ".join(f"{camera['name']} is {camera['state']}" for camera in cameras)
    if any(camera["state"] in FAILED for camera in cameras):
        return broken(f"{states}; check plug, power and address. The agent keeps trying")
    if any(camera["state"] not in FINE for camera in cameras):
        return warning(f"{states}; update the command line, it does not know this state")
    return ok(states)
