"""Why an update is not done. `code` and message become the outcome of the event that asked for it."""


class HelperError(Exception):
    """Base: something is in the way; what was begun goes on at the next start of the helper."""


class Busy(HelperError):
    """Another run of the helper is at work."""


class Refused(HelperError):
    """A package that is not installed. Nothing was changed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
