"""What a call may fail with: a XAPI failure, as clients see it."""


class XapiFailure(Exception):
    """A failure with its code and arguments, all strings, as XAPI sends them."""

    def __init__(self, code: str, *params: str) -> None:
        super().__init__(code, *params)
        self.code = code
        self.params = params

    @property
    def description(self) -> list[str]:
        """Code and arguments in one list: the form of XML-RPC, JSON-RPC 1.0 and `task.error_info`."""
        return [self.code, *self.params]


def internal_error(text: str) -> XapiFailure:
    """What XAPI makes of any exception nobody expected."""
    return XapiFailure("INTERNAL_ERROR", text)
