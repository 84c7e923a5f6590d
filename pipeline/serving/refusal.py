"""A request that gets no answer, and why."""

import http


class Refused(Exception):
    """A request is refused: the sentence goes back as `{"error": sentence}`.

    Attributes:
        status: of HTTP, as TensorFlow Serving has it for the same fault.
    """

    def __init__(self, sentence: str, status: http.HTTPStatus = http.HTTPStatus.BAD_REQUEST):
        self.status = status
        super().__init__(sentence)


_MOST = 40  # characters of a value that a sentence shows


def shown(value: object) -> str:
    """A value of a request as a sentence shows it."""
    match value:
        case str():
            return repr(value[:_MOST]) + (" (cut)" if len(value) > _MOST else "")
        case list() | dict():
            return "a list" if isinstance(value, list) else "an object"
        case bool() | None:
            return "null" if value is None else str(value).lower()
        case int() if abs(value) >= 10**_MOST:  # it may have thousands of digits
            return "a whole number of many digits"
        case _:
            return str(value)
