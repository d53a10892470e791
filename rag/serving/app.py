"""Puts the HTTP server together: the routes, the Model Context Protocol, the errors, and the gate before all of them."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from rag.errors import YinjuError
from rag.serving.access.gate import Gate, Limits
from rag.serving.access.hosts import AllowedHosts
from rag.serving.access.rates import Rates
from rag.serving.context import Serving
from rag.serving.errors import ApiError, api_error, invalid
from rag.serving.metrics import Metrics
from rag.serving.unnamed import UnnamedGenerator
from rag.serving.work import Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from rag.pipeline import RagPipeline
    from rag.serving.access.keys import Keys

_TITLE = "Yinju 引据"
_DESCRIPTION = "Answers questions from your own documents, in Chinese and English, with an exact citation for every sentence."


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a server.

    `keys` are those of its users; None for a server that only this machine reaches, where `may_write` allows changes of the library.
    `requests_a_minute` applies to each key, `seconds` to each request. `hosts` are the names under which the server is reached.
    """

    keys: Keys | None = None
    may_write: bool = False
    requests_a_minute: int = 600
    seconds: float = 120.0
    hosts: AllowedHosts = field(default_factory=lambda: AllowedHosts("127.0.0.1"))
    limits: Limits = field(default_factory=Limits)


def create_app(pipeline: RagPipeline, options: Options | None = None) -> ASGIApp:
    """Builds the server as an ASGI application.

    Raises:
        SettingsError: A package that it needs is not installed.
    """
    options = options or Options()
    if pipeline.generator and options.keys is not None:
        pipeline = pipeline.with_options(generator=UnnamedGenerator(pipeline.generator))
    work = Work(options.seconds)
    metrics = Metrics(lambda: _count(pipeline))
    api = _api(Serving(pipeline, work, metrics), with_keys=options.keys is not None)
    application: ASGIApp = api
    if find_spec("mcp"):
        from rag.serving.mcp.server import McpEndpoint

        application = _WithMcp(api, McpEndpoint(pipeline, work))
    rates = Rates(options.requests_a_minute if options.keys is not None else 0)
    gate = Gate(application, options.hosts, options.keys, rates, may_write=options.may_write, limits=options.limits)
    return metrics.counting(gate)


class _WithMcp:
    """Sends requests for /mcp to its server, and all others to the routes."""

    def __init__(self, api: FastAPI, endpoint: Any) -> None:
        self._api, self._endpoint = api, endpoint
        api.state.mcp = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_mcp = scope["type"] == "http" and scope["path"] == "/mcp"
        await (self._endpoint if is_mcp else self._api)(scope, receive, send)


def _api(serving: Serving, *, with_keys: bool) -> FastAPI:
    from fastapi import Depends, FastAPI
    from fastapi.exceptions import RequestValidationError
    from fastapi.security import HTTPBearer
    from starlette.exceptions import HTTPException

    from rag.serving.http import chat, documents, models, questions, schemas, status

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if endpoint := getattr(app.state, "mcp", None):
                await stack.enter_async_context(endpoint)
            yield
            await serving.work.close()

    key = [Depends(HTTPBearer(auto_error=False, description="A key of this server"))] if with_keys else []
    failed = {"model": schemas.ErrorBody}
    api = FastAPI(
        title=_TITLE,
        description=_DESCRIPTION,
        version=_version(),
        lifespan=running,
        # Their pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses={
            "4XX": {**failed, "description": "The request is wrong"},
            "5XX": {**failed, "description": "The server failed"},
        },
    )
    api.state.serving = serving
    for module in (chat, models, questions, documents, status):
        api.include_router(module.router, dependencies=key)
    api.include_router(status.open_router)

    async def wrong(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return invalid(error.errors()).response

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return _http_error(request, error).response

    async def failure(_: Request, error: Exception) -> Response:
        return api_error(error).response

    api.add_exception_handler(RequestValidationError, wrong)
    api.add_exception_handler(HTTPException, refused)
    api.add_exception_handler(ApiError, failure)
    api.add_exception_handler(YinjuError, failure)
    _without_422(api)
    return api


def _http_error(request: Request, error: Any) -> ApiError:
    """Returns an error of the framework in this server's form."""
    path = request.url.path
    message = {
        404: f"there is no {path} here; /openapi.json lists the addresses",
        405: f"{path} does not take {request.method}",
        400: "the body cannot be read; send what /openapi.json describes",
    }.get(error.status_code, str(error.detail))
    return ApiError(error.status_code, message, headers=error.headers)


def _without_422(api: FastAPI) -> None:
    """Takes the framework's own form of errors out of the description; such requests get status 400."""
    described = api.openapi

    def openapi() -> dict[str, Any]:
        schema = described()
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation.get("responses", {}).pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            schema["components"]["schemas"].pop(name, None)
        return schema

    api.openapi = openapi  # type: ignore[method-assign]


def _count(pipeline: RagPipeline) -> float:
    try:
        return len(pipeline.library)
    except YinjuError:
        return float("nan")


def _version() -> str:
    from importlib.metadata import version

    return version("yinju")
