"""Errors as the server answers them."""

import json
from typing import Any

# google/rpc/code.proto -> HTTP, as grpc-gateway maps them (runtime/errors.go).
INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, INTERNAL = 3, 5, 6, 13
UNAUTHENTICATED, PERMISSION_DENIED = 16, 7
_HTTP = {
    INVALID_ARGUMENT: 400,
    NOT_FOUND: 404,
    ALREADY_EXISTS: 409,
    INTERNAL: 500,
    UNAUTHENTICATED: 401,
    PERMISSION_DENIED: 403,
}


class Refused(Exception):
    """A request that is refused.

    `words` is what is meant for users; `trail` is what the server wraps it with on its way out.
    """

    def __init__(self, code: int, words: str, trail: str = "Failed to process the request"):
        super().__init__(words)
        self.code, self.words, self.trail = code, words, trail

    @property
    def status(self) -> int:
        return _HTTP[self.code]

    def body(self) -> bytes:
        """common/util/error.go, ToGRPCError: the words are in the details."""
        whole = f"{self.trail}: {self.words}\ngithub.com/kubeflow/pipelines/backend/src/common/util"
        detail = {
            "@type": "type.googleapis.com/google.rpc.Status",
            "code": self.code,
            "message": self.words,
        }
        told: dict[str, Any] = {
            "error": whole,
            "code": self.code,
            "message": whole,
            "details": [detail],
        }
        return json.dumps(told).encode()

    def upload_body(self) -> bytes:
        """server/pipeline_upload_server.go, writeErrorToResponse: no google.rpc.Status there."""
        return json.dumps({"error_message": self.words, "error_details": self.words}).encode()
