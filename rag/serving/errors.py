"""Errors in the form of OpenAI's API: `{"error": {"message", "type", "param", "code"}}`."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from rag.errors import (
    CollectionNotFoundError,
    DocumentNotFoundError,
    GeneratorError,
    LibraryError,
    LoadError,
    ModelError,
    QuestionError,
    YinjuError,
)
from rag.serving.public import without_folders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_log = logging.getLogger("yinju")
# The names by which pydantic tells the types of a union apart.
_TYPE = re.compile(r"str|list\[.*\]|constrained-.*|[A-Z]\w*")
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_STATUSES: tuple[tuple[type[YinjuError], int, str], ...] = (
    (QuestionError, 400, "invalid_question"),
    (DocumentNotFoundError, 404, "document_not_found"),
    (CollectionNotFoundError, 404, "collection_not_found"),
    (LoadError, 400, "unreadable_file"),
    (LibraryError, 503, "library_unavailable"),
    (ModelError, 503, "model_unavailable"),
    (GeneratorError, 503, "generator_unavailable"),
)


class ApiError(Exception):
    """Ends a request with a status and one line that says what failed and what to do.

    `param` names the value of the request that is wrong, and `code` the kind of error for programs.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        """The error as a program receives it."""
        kind = _TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    @property
    def response(self) -> JSONResponse:
        """The error as the answer to a request."""
        return JSONResponse(self.body, self.status, self.headers)


def api_error(error: Exception) -> ApiError:
    """Returns an error as programs receive it, without the folders of this machine. The text of an unforeseen one goes to the log only."""
    if isinstance(error, ApiError):
        return error
    for kind, status, code in _STATUSES:
        if isinstance(error, kind):
            return ApiError(status, without_folders(str(error)), code=code)
    if isinstance(error, YinjuError):
        return ApiError(400, without_folders(str(error)))
    _log.error("a request failed", exc_info=error)
    return ApiError(500, "the server failed at this request; its log says why", code="internal_error")


def invalid(problems: Sequence[Mapping[str, Any]]) -> ApiError:
    """Returns the error of a request that does not have its form.

    Args:
        problems: The errors of pydantic, of which one is reported. The first part of each place says body, query or path.
    """
    # Where several types are allowed, the error of the one that fits best lies deepest.
    deepest = max(problems, key=lambda problem: len(problem["loc"]))
    if deepest["type"] == "json_invalid":
        reason = f"the body is not JSON: {deepest['ctx']['error']} at character {deepest['loc'][-1]}"
        return ApiError(400, reason, code="invalid_json")
    if deepest["type"] == "model_attributes_type" and len(deepest["loc"]) == 1:
        return ApiError(400, "the body must be a JSON object, sent with Content-Type: application/json", code="invalid_json")
    place = [str(part) for part in deepest["loc"][1:] if not _TYPE.fullmatch(str(part))]
    message = str(deepest["msg"]).removeprefix("Value error, ")
    param = ".".join(place) or None
    return ApiError(400, f"{param}: {message}" if param else message, param=param, code="invalid_value")
