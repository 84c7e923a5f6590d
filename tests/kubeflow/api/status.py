"""What the API server answers when it refuses: Status objects, as real ones word them."""

from typing import Any

Body = dict[str, Any]

_CODES = {
    "AlreadyExists": 409,
    "BadRequest": 400,
    "Conflict": 409,
    "Forbidden": 403,
    "Invalid": 422,
    "NotFound": 404,
    "Unauthorized": 401,
}


class Refusal(Exception):
    """A call that the server does not do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = _CODES[reason]
        self.status: Body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": self.code,
        }


def resource(group: str, plural: str) -> str:
    """`jobs.batch`, `pods`."""
    return f"{plural}.{group}" if group else plural


def not_found(group: str, plural: str, name: str) -> Refusal:
    return Refusal("NotFound", f'{resource(group, plural)} "{name}" not found')


def already_exists(group: str, plural: str, name: str) -> Refusal:
    return Refusal("AlreadyExists", f'{resource(group, plural)} "{name}" already exists')


def forbidden(verb: str, group: str, what: str, namespace: str) -> Refusal:
    plural = what.partition("/")[0]
    return Refusal(
        "Forbidden",
        f"{resource(group, plural)} is forbidden: User "
        f'"system:serviceaccount:{namespace}:runner" cannot {verb} resource "{what}" in API group '
        f'"{group}" in the namespace "{namespace}"',
    )


def over_quota(group: str, plural: str, name: str, what: str, limit: int) -> Refusal:
    return Refusal(
        "Forbidden",
        f'{resource(group, plural)} "{name}" is forbidden: exceeded quota: team, requested: '
        f"{what}=1, used: {what}={limit}, limited: {what}={limit}",
    )


def invalid(kind: str, name: str, problems: list[str]) -> Refusal:
    text = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
    return Refusal("Invalid", f'{kind} "{name}" is invalid: {text}')
