"""Errors of the agent itself."""

from presets_store.errors import CuelightError, Kind


class AlreadyRunning(CuelightError):
    """Another agent holds the state folder."""

    code = "already_running"
    kind = Kind.CONFLICT
    template = "another cuelight agent uses {folder}; stop it first, or name another state_folder"


class ActionError(CuelightError):
    """Base of what ends an event as Error."""

    kind = Kind.UNPROCESSABLE


class AlreadyActive(ActionError):
    """The same kind of sink runs on the camera."""

    code = "already_active"
    kind = Kind.CONFLICT
    template = "the {kind} sink of camera {camera!r} is taken by event {event}; end that first"

    @property
    def event_key(self) -> int:
        """The event that has the sink."""
        return int(str(self.fields["event"]))


class MicrophoneTaken(AlreadyActive):
    """Sound is being recorded already."""

    template = "the microphone is taken by event {event}; end that first"


class UnknownEvent(ActionError):
    """An event to be ended that this device does not know."""

    code = "unknown_event"
    kind = Kind.NOT_FOUND
    template = "no event {event} on this device"


class Interrupted(ActionError):
    """The attempt was cut off by a kill, a power loss or a stop of the agent."""

    code = "interrupted"
    template = "interrupted in attempt {attempt}: {reason}"


class ActionCrashed(ActionError):
    """A fault of ours inside an action; the details are in the log."""

    code = "internal"
    kind = Kind.INTERNAL
    template = "the action failed inside the agent ({type}); the log has the details"


class UpstreamError(CuelightError):
    """Base of what keeps a request from succeeding. `pause`: seconds for which the upstream wants to be left alone."""

    pause: float = 0.0


class UpstreamUnreachable(UpstreamError):
    """No usable answer from the upstream; the report is kept and sent again."""

    code = "upstream_unreachable"
    kind = Kind.UNAVAILABLE
    template = "{url} did not answer: {reason}"


class UpstreamRefused(UpstreamError):
    """The upstream answered with a refusal."""

    code = "upstream_refused"
    kind = Kind.CONFLICT
    template = "{url} refused with {status}: {text}"


class TlsUnusable(UpstreamUnreachable):
    """The files that the settings name for TLS cannot be used. Nothing was sent; they are read again."""

    code = "upstream_tls_unusable"
    template = "the upstream is not called: {reason}"


class BadParameter(ActionError):
    """A parameter that this action cannot take."""

    code = "bad_parameter"
    kind = Kind.INVALID
    template = "{field} is {wrong!r}; use {right}"


class StepFailed(ActionError):
    """A step of a workflow did not become Complete; the workflow ends there."""

    code = "step_failed"
    template = "step {step} of {steps} ({preset}, event {event}) ended as {status}: {message}"


class StepImpossible(ActionError):
    """A step of a workflow that cannot be started."""

    code = "step_impossible"
    kind = Kind.INVALID
    template = "step {step} of {steps} ({preset}): {reason}"


class UnknownSetting(ActionError):
    """A setting that an event may not change, or a value that is none of its."""

    code = "unknown_setting"
    kind = Kind.INVALID
    template = "setting {name!r} {wrong}; use {right}"


class NoSupervisor(ActionError):
    """A restart of the agent would be its end."""

    code = "no_supervisor"
    kind = Kind.CONFLICT
    template = (
        "nothing would start the agent again: run it as a systemd service, or set device.supervised when something "
        "else does"
    )


class RebootsUsedUp(ActionError):
    """Events have rebooted the device too often."""

    code = "reboots_used_up"
    kind = Kind.CONFLICT
    template = "events rebooted this device {reboots} times in a short time; the next may in {hours} h of running"


class UnknownQueue(ActionError):
    """A queue that this device does not have."""

    code = "unknown_queue"
    kind = Kind.NOT_FOUND
    template = "flagQueueName is {name!r}; use {right}"


class SocketPathTooLong(CuelightError):
    """A Unix socket's path has a limit."""

    code = "socket_path_too_long"
    kind = Kind.INVALID
    template = "the socket path {path} is longer than {limit} bytes; set api.socket to a shorter one"


class PortTaken(CuelightError):
    """Something else listens there."""

    code = "port_taken"
    kind = Kind.CONFLICT
    template = "cannot listen on {host} port {port}: {reason}; set api.port to another, or to 0 for a free one"
