"""What can go wrong, said without HTTP: every error Podium raises on purpose.

PodiumError
├── BadRequest                 the request itself makes no sense
│   ├── FilterSyntax           a filter expression with an error at a position
│   └── AmbiguousCredentials   a token and an Authorization header at once
├── InvalidParameters          well-formed, but a value is not acceptable
├── Unauthorized               nobody is signed in
│   ├── InvalidCredentials     somebody tried and failed
│   │   └── OtpInvalid         ... at the second step: the code is wrong, or used up
│   └── OtpRequired            the password is right, and a code is needed as well
├── Forbidden                  signed in, but not allowed
│   ├── MissingPrivileges      ... and these privileges would allow it
│   │   └── CannotGrant        ... to give them to somebody
│   ├── CrossSite              a browser was sent here by another site
│   ├── ReadOnly               the pool's server was added as read only
│   ├── WrongPassword          what proves that it is really he, before something of his own changes
│   ├── SecondFactorRequired   signed in, but a second factor must be set up first
│   ├── TokenReadOnly          the token was made for reading
│   └── SignInRefused          the provider vouches for him, but he has no account here
├── NotFound                   no such object
├── Conflict                   the state does not allow it
│   ├── NameTaken              an object of that name exists
│   ├── PoolAlreadyConnected   another server already holds this pool
│   ├── IncorrectState         e.g. connect a connected server
│   │   └── OperationInProgress  somebody's operation on the same object is under way
│   ├── PartlyFailed           of many objects, some could not be acted upon
│   ├── NotEnoughResources     a resource set's limit is in the way
│   └── Aborted                the task was asked to stop
│       └── BatchAborted       ... when some objects had been acted upon
├── TooManyAttempts            slow down (sign-in)
├── TooLarge                   the body is larger than the route takes
├── PoolError                  a XenServer pool is in the way
│   ├── PoolUnreachable        no answer: refused, time-out, wrong address
│   ├── PoolRefused            it answered and refused the credentials
│   ├── CertificateUntrusted   its certificate is not trusted (or changed, or expired)
│   ├── NotAXenServer          something answered, but it does not speak XAPI
│   └── PoolChanged            the address leads to another pool than before
├── NotSupported               this pool or host cannot do it, whoever asks and whenever
└── Unavailable                this service cannot do it just now
    └── AuditUnavailable       ... for it could not be recorded
    └── ProviderUnavailable    ... because a sign-in provider does not answer as it should
"""

from typing import Any, ClassVar, NamedTuple


class XapiCause(NamedTuple):
    """The failure of XAPI behind an error. `words`: its parameters as people know them, names instead of refs."""

    code: str
    params: tuple[str, ...]
    words: tuple[str, ...] = ()


class Trail(NamedTuple):
    """How far work of several steps had come: what was done, what of it was undone again, and what could not be."""

    done: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def followed_by(self, within: "Trail | None") -> "Trail":
        """With what was done, and undone, by work within the last step."""
        if within is None:
            return self
        return Trail(self.done + within.done, within.undone + self.undone, self.left + within.left)


class PodiumError(Exception):
    """Root of all deliberate errors. `code` is stable; `title` is for people; `str(error)` is the detail."""

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"
    xapi: XapiCause | None = None
    trail: Trail | None = None

    def members(self) -> dict[str, Any]:
        """Extra members of the problem document (RFC 9457 extension members), e.g. `data`."""
        return {}

    def described(self) -> dict[str, Any]:
        """The error within something else: a reason, a Task's result."""
        return {"code": self.code, "title": self.title, "message": str(self), **self.all_members()}

    def all_members(self) -> dict[str, Any]:
        """`members`, XAPI's own words where a pool answered with a failure, and how far the work had come."""
        found = self.members()
        if self.xapi is not None:
            code, params, words = self.xapi
            found |= {"xapi_code": code, "xapi_params": list(params), "words": list(words)}
        if self.trail is not None:
            found |= {name: list(steps) for name, steps in self.trail._asdict().items() if steps}
        return found


class BadRequest(PodiumError):
    code = "bad-request"
    title = "The request cannot be understood"


REPEATED = 2_000
"""So many characters of what a client sent are repeated to it at most."""


class FilterSyntax(BadRequest):
    """A filter expression that does not parse. `position` counts characters from 0."""

    code = "filter-syntax"
    title = "The filter has a syntax error"

    def __init__(self, detail: str, *, text: str, position: int) -> None:
        super().__init__(detail)
        self.text = text
        self.position = position

    def members(self) -> dict[str, Any]:
        return {"data": {"stringToParse": self.text[:REPEATED], "position": self.position}}


class AmbiguousCredentials(BadRequest):
    code = "ambiguous-credentials"
    title = "More than one kind of credentials"


class InvalidParameters(PodiumError):
    """A value is not acceptable. `errors`: one entry per value, `{loc, msg}` like FastAPI's."""

    code = "invalid-parameters"
    title = "A value is not acceptable"

    def __init__(self, detail: str, *, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(detail)
        self.errors = errors or []

    def members(self) -> dict[str, Any]:
        return {"errors": self.errors} if self.errors else {}


class Unauthorized(PodiumError):
    code = "unauthorized"
    title = "Sign in first"


class InvalidCredentials(Unauthorized):
    code = "invalid-credentials"
    title = "The credentials are not valid"


class OtpRequired(Unauthorized):
    """Only ever said to whoever knows the password."""

    code = "otp-required"
    title = "A one-time code is needed as well"


class OtpInvalid(InvalidCredentials):
    code = "otp-invalid"
    title = "The one-time code is not valid"


class Forbidden(PodiumError):
    code = "forbidden"
    title = "This is not allowed"


class MissingPrivileges(Forbidden):
    """`missing`: XO's list of `{action, resource, objectId?}`."""

    code = "missing-privileges"
    title = "Not enough privileges"

    def __init__(self, missing: list[dict[str, Any]]) -> None:
        super().__init__("not enough privileges")
        self.missing = missing

    def members(self) -> dict[str, Any]:
        return {"data": {"missingPrivileges": self.missing}}


class CannotGrant(MissingPrivileges):
    """As MissingPrivileges, with the `selector` and `reach` of what would have to be held."""

    code = "cannot-grant"
    title = "Nobody can grant what he does not hold"

    def __init__(self, missing: list[dict[str, Any]]) -> None:
        super().__init__(missing)
        words = [
            " on ".join([f"{one['resource']}:{one['action']}", *filter(None, [one.get("selector")])]) for one in missing
        ]
        self.args = (f"nobody can grant what he does not hold himself: {', '.join(words)}",)


class CrossSite(Forbidden):
    code = "cross-site"
    title = "A cookie does not authorise requests made by another site"


class ReadOnly(Forbidden):
    code = "read-only"
    title = "The connection to this pool is read only"


class WrongPassword(Forbidden):
    code = "wrong-password"
    title = "The password is not the right one"


class SecondFactorRequired(Forbidden):
    code = "second-factor-required"
    title = "Set up a second factor first"


class TokenReadOnly(Forbidden):
    code = "token-read-only"
    title = "This token only reads"


class SignInRefused(Forbidden):
    code = "sign-in-refused"
    title = "There is no account for this sign-in"


class NotFound(PodiumError):
    """No such object. `kind` is the collection or type asked for."""

    code = "not-found"
    title = "No such object"

    def __init__(self, kind: str, object_id: str) -> None:
        super().__init__(f"no such {kind} {object_id[:REPEATED]}")
        self.kind = kind
        self.object_id = object_id[:REPEATED]

    def members(self) -> dict[str, Any]:
        return {"data": {"id": self.object_id, "type": self.kind}}


class Conflict(PodiumError):
    code = "conflict"
    title = "The state does not allow it"


class NameTaken(Conflict):
    code = "name-taken"
    title = "That name is taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} already exists")


class PoolAlreadyConnected(Conflict):
    """`server_id`: the server that already holds the pool."""

    code = "pool-already-connected"
    title = "This pool is already connected through another server"

    def __init__(self, pool_id: str, server_id: str) -> None:
        super().__init__(f"the pool {pool_id} is already connected through the server {server_id}")
        self.pool_id = pool_id
        self.server_id = server_id

    def members(self) -> dict[str, Any]:
        return {"data": {"poolId": self.pool_id, "serverId": self.server_id}}


class IncorrectState(Conflict):
    code = "incorrect-state"
    title = "The object is not in the right state"


class OperationInProgress(IncorrectState):
    """`operation`: XAPI's name of what is under way; `task_id`: the Task that does it, where it is one of ours."""

    code = "operation-in-progress"
    title = "Another operation on this object is under way"

    def __init__(self, detail: str, *, operation: str, task_id: str | None = None) -> None:
        super().__init__(detail)
        self.operation = operation
        self.task_id = task_id

    def members(self) -> dict[str, Any]:
        data = {"operation": self.operation}
        return {"data": data if self.task_id is None else {**data, "taskId": self.task_id}}


class PartlyFailed(Conflict):
    """`succeeded`: ids; `failed`: for each of the others its id and error, as the problem documents say it."""

    code = "partly-failed"
    title = "Not all of it could be done"

    def __init__(self, detail: str, *, succeeded: list[str], failed: list[dict[str, Any]]) -> None:
        super().__init__(detail)
        self.succeeded = succeeded
        self.failed = failed

    def members(self) -> dict[str, Any]:
        return {"data": {"succeeded": self.succeeded, "failed": self.failed}}


class NotEnoughResources(Conflict):
    """`resource`: "cpus", "memory" ...; `wanted` and `available` of it, bytes for memory and disk."""

    code = "not-enough-resources"
    title = "The resource set has not enough left"

    def __init__(self, set_id: str, name: str, resource: str, *, wanted: int, available: int) -> None:
        left = f"has {max(0, available)} of its {resource} left, and this takes {wanted}"
        super().__init__(f"the resource set {name} {left if wanted else f'has more {resource} than it may'}")
        self.set_id = set_id
        self.resource = resource
        self.wanted = wanted
        self.available = available

    def members(self) -> dict[str, Any]:
        return {
            "data": {
                "resourceSet": self.set_id,
                "resourceType": self.resource,
                "requestedQuantity": self.wanted,
                "availableQuantity": self.available,
            }
        }


class Aborted(Conflict):
    code = "aborted"
    title = "The task was aborted"


class BatchAborted(Aborted):
    """As PartlyFailed; `untouched`: the ids of those that nothing was done to."""

    code = "batch-aborted"
    title = "The batch was aborted"

    def __init__(
        self, detail: str, *, succeeded: list[str], failed: list[dict[str, Any]], untouched: list[str]
    ) -> None:
        super().__init__(detail)
        self.succeeded = succeeded
        self.failed = failed
        self.untouched = untouched

    def members(self) -> dict[str, Any]:
        return {"data": {"succeeded": self.succeeded, "failed": self.failed, "untouched": self.untouched}}


class TooManyAttempts(PodiumError):
    """`retry_after_s`: seconds until another attempt is heard."""

    code = "too-many-attempts"
    title = "Too many failed attempts"

    def __init__(self, detail: str, *, retry_after_s: float) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class TooLarge(PodiumError):
    code = "too-large"
    title = "The body is too large"


class PoolError(PodiumError):
    code = "pool-error"
    title = "The pool is in trouble"


class PoolUnreachable(PoolError):
    code = "pool-unreachable"
    title = "The pool does not answer"


class PoolRefused(PoolError):
    code = "pool-refused"
    title = "The pool refused the credentials"


class CertificateUntrusted(PoolError):
    """`fingerprint`: SHA-256 of what the server presented, upper-case hex with colons; "" when none was seen."""

    code = "certificate-untrusted"
    title = "The server's certificate is not trusted"

    def __init__(self, detail: str, *, fingerprint: str = "", reason: str = "untrusted") -> None:
        super().__init__(detail)
        self.fingerprint = fingerprint
        self.reason = reason

    def members(self) -> dict[str, Any]:
        return {"data": {"fingerprint": self.fingerprint, "reason": self.reason}}


class NotAXenServer(PoolError):
    code = "not-a-xenserver"
    title = "This is not a XenServer or XCP-ng host"


class PoolChanged(PoolError):
    code = "pool-changed"
    title = "This address leads to another pool than before"


class NotSupported(PodiumError):
    code = "not-supported"
    title = "This pool or host cannot do that"


class Unavailable(PodiumError):
    code = "unavailable"
    title = "Not available just now"


class ProviderUnavailable(Unavailable):
    code = "provider-unavailable"
    title = "The sign-in provider does not answer as it should"


class AuditUnavailable(Unavailable):
    code = "audit-unavailable"
    title = "The audit log cannot be written"
