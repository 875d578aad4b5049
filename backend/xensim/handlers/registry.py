"""Where HTTP handlers register: a method and a path, and the function that gets the connection."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from xensim.handlers.visit import Visit
from xensim.http import Request

Function = Callable[[Visit], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Handler:
    """`realm` is the name under which a refusal asks for credentials; `public` ones look at credentials themselves."""

    method: str
    path: str
    realm: str
    function: Function
    public: bool = False


HANDLERS: dict[tuple[str, str], Handler] = {}


def handler(method: str, path: str, *, realm: str, public: bool = False) -> Callable[[Function], Function]:
    """Register a function for requests to `path` and what lies below it."""

    def register(function: Function) -> Function:
        if (method, path) in HANDLERS:
            raise ValueError(f"{method} {path} is registered twice")
        HANDLERS[method, path] = Handler(method, path, realm, function, public)
        return function

    return register


def find(request: Request) -> Handler | None:
    """The handler with the longest path that this request's begins with, as XAPI routes."""
    path = request.path
    found = [each for (method, known), each in HANDLERS.items() if method == request.method and path.startswith(known)]
    return max(found, key=lambda each: len(each.path), default=None)
