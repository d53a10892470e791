"""Who may use a server, and how much: keys, rates, and the gate before the application."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from rag.errors import SettingsError
from rag.serving.access.gate import ACCESS, Gate, Limits, needs
from rag.serving.access.hosts import AllowedHosts
from rag.serving.access.keys import Keys
from rag.serving.access.rates import Rates

GIVEN = "ci:read:" + "k" * 32

# -- keys -------------------------------------------------------------------------------------------------------------


def test_a_key_is_found_and_only_its_hash_is_stored(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "library" / "keys")
    assert not keys
    writing, reading = keys.add("ada"), keys.add("lin", "read")
    file = tmp_path / "library" / "keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    stored = file.read_text()
    assert writing not in stored
    assert writing.removeprefix("yinju_") not in stored
    again = Keys(file)
    assert again
    for found, expected in ((again.find(writing), ("ada", "write")), (again.find(reading), ("lin", "read"))):
        assert found
        assert (found.name, found.access) == expected
    for wrong in ("", writing[:-1], writing + "x", writing.upper(), "yinju_", stored.split(":")[3], "\udcff"):
        assert again.find(wrong) is None


def test_the_same_key_has_another_hash_each_time(tmp_path: Path) -> None:
    one, other = (Keys(tmp_path / name, GIVEN) for name in "ab")
    assert one.find("k" * 32).digest != other.find("k" * 32).digest  # type: ignore[union-attr]


def test_a_running_server_sees_new_and_removed_keys(tmp_path: Path) -> None:
    running, command = Keys(tmp_path / "keys"), Keys(tmp_path / "keys")
    secret = command.add("ada")
    assert running.find(secret)
    command.remove("ada")
    assert running.find(secret) is None
    with pytest.raises(SettingsError, match='has no key called "ada"'):
        command.remove("ada")


def test_a_file_that_becomes_unreadable_opens_nothing(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys")
    secret = keys.add("ada")
    (tmp_path / "keys").write_text("nonsense\n")
    assert keys.find(secret) is None
    with pytest.raises(SettingsError, match=r"line 1 of .* is not a key"):
        Keys(tmp_path / "keys")


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\n", "../x/y", "x" * 61])
def test_a_name_that_cannot_be_stored_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="cannot name a key"):
        Keys(tmp_path / "keys").add(name)
    assert not (tmp_path / "keys").exists()


def test_a_name_is_given_once(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys", GIVEN)
    keys.add("ada")
    for name in ("ada", "ci"):
        with pytest.raises(SettingsError, match="already"):
            keys.add(name)


def test_keys_are_also_given_by_a_setting(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys", f" {GIVEN} , other:write:{'w' * 20}")
    assert [keys.find(each).access for each in ("k" * 32, "w" * 20)] == ["read", "write"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("ada", "NAME:ACCESS:KEY"),
        ("ada:admin:" + "k" * 32, "NAME:ACCESS:KEY"),
        (":read:" + "k" * 32, "NAME:ACCESS:KEY"),
        ("ada:read:short", "less than 20 characters"),
    ],
)
def test_a_setting_that_is_not_a_key_is_refused_without_showing_it(tmp_path: Path, given: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as error:
        Keys(tmp_path / "keys", given)
    assert "k" * 32 not in str(error.value)


# -- rates ------------------------------------------------------------------------------------------------------------


def test_a_sender_has_so_many_requests_a_minute() -> None:
    now = 0.0
    rates = Rates(60, lambda: now)
    assert [rates.wait("a") for _ in range(60)] == [0.0] * 60
    assert rates.wait("a") == pytest.approx(1.0)
    assert rates.wait("b") == 0.0
    now = 0.5
    assert rates.wait("a") == pytest.approx(0.5)
    now = 1.0
    assert (rates.wait("a"), rates.wait("a")) == (0.0, pytest.approx(1.0))
    now = 1000.0
    assert [rates.wait("a") for _ in range(61)] == [*[0.0] * 60, pytest.approx(1.0)]


def test_without_a_limit_nobody_waits() -> None:
    rates = Rates(0, lambda: 0.0)
    assert {rates.wait("a") for _ in range(1000)} == {0.0}


# -- the gate ---------------------------------------------------------------------------------------------------------


async def shown(request: Request) -> JSONResponse:
    return JSONResponse({"access": request.scope[ACCESS], "bytes": len(await request.body())})


async def uploaded(request: Request) -> JSONResponse:
    try:
        size = len(await request.body())
    except Exception:
        return JSONResponse({"detail": "the application's own error"}, 400)
    return JSONResponse({"bytes": size})


async def failing(_: Request) -> JSONResponse:
    raise RuntimeError("a secret of the server")


APP = Starlette(
    routes=[
        Route("/v1/models", shown, methods=["GET", "POST"]),
        Route("/api/documents", uploaded, methods=["GET", "POST"]),
        Route("/api/documents/{name}", shown, methods=["GET", "DELETE"]),
        Route("/api/health", lambda _: JSONResponse({"status": "ok"})),
        Route("/failing", failing),
    ]
)
SMALL = Limits(json_bytes=1000, file_bytes=5000, body_seconds=0.2)


def ask(gate: Gate, method: str, path: str, **more: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=gate, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7861") as client:
            return await client.request(method, path, **more)

    return asyncio.run(send())


def gate(keys: Keys | None = None, *, may_write: bool = False, per_minute: int = 0) -> Gate:
    return Gate(APP, AllowedHosts("127.0.0.1"), keys, Rates(per_minute), may_write=may_write, limits=SMALL)


def error(response: httpx.Response) -> tuple[int, str | None]:
    """The status and the code of an error, which has OpenAI's form."""
    (body,) = response.json().values()
    assert set(body) == {"message", "type", "param", "code"}
    assert body["message"]
    assert "\n" not in body["message"]
    return response.status_code, body["code"]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys", f"reader:read:{'r' * 20},writer:write:{'w' * 20}")


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_with_keys_every_request_needs_one(keys: Keys) -> None:
    guarded = gate(keys)
    refused = ask(guarded, "GET", "/v1/models")
    assert error(refused) == (401, "invalid_api_key")
    assert refused.headers["www-authenticate"] == "Bearer"
    for header in (bearer("x" * 20), bearer(""), {"Authorization": "r" * 20}, {"Authorization": f"Basic {'r' * 20}"}):
        assert error(ask(guarded, "GET", "/v1/models", headers=header)) == (401, "invalid_api_key")
    assert ask(guarded, "GET", "/v1/models", headers=bearer("r" * 20)).json()["access"] == "read"
    assert ask(guarded, "GET", "/v1/models", headers={"authorization": f"bearer {'w' * 20}"}).json()["access"] == "write"
    # So that what watches over the server needs no key.
    assert ask(guarded, "GET", "/api/health").status_code == 200


def test_a_key_for_reading_does_not_write(keys: Keys) -> None:
    guarded = gate(keys)
    for method, path in (("POST", "/api/documents"), ("DELETE", "/api/documents/x"), ("DELETE", "/api/documents/x/../y")):
        assert error(ask(guarded, method, path, headers=bearer("r" * 20))) == (403, "read_only")
    assert ask(guarded, "GET", "/api/documents/x", headers=bearer("r" * 20)).status_code == 200
    assert ask(guarded, "DELETE", "/api/documents/x", headers=bearer("w" * 20)).status_code == 200


def test_without_keys_writing_must_be_allowed() -> None:
    assert error(ask(gate(), "DELETE", "/api/documents/x")) == (403, "read_only")
    assert ask(gate(may_write=True), "DELETE", "/api/documents/x").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "access"),
    [
        ("GET", "/api/documents", "read"),
        ("HEAD", "/api/documents/x", "read"),
        ("POST", "/api/ask", "read"),
        ("POST", "/v1/chat/completions", "read"),
        ("POST", "/api/documents", "write"),
        ("PUT", "/api/collections/x", "write"),
        ("PATCH", "/api/collections/x", "write"),
        ("DELETE", "/api/collections/a\nb", "write"),
        ("ANYTHING", "/api/documents/x", "write"),
    ],
)
def test_what_a_request_needs(method: str, path: str, access: str) -> None:
    assert needs(method, path) == access


def test_a_key_may_send_only_so_many_requests(keys: Keys) -> None:
    guarded = gate(keys, per_minute=2)
    statuses = [ask(guarded, "GET", "/v1/models", headers=bearer("r" * 20)).status_code for _ in range(2)]
    last = ask(guarded, "GET", "/v1/models", headers=bearer("r" * 20))
    assert statuses == [200, 200]
    assert error(last) == (429, "rate_limit_exceeded")
    assert 1 <= int(last.headers["retry-after"]) <= 31
    assert ask(guarded, "GET", "/v1/models", headers=bearer("w" * 20)).status_code == 200
    # Those who try keys are slowed down too.
    wrong = [ask(guarded, "GET", "/v1/models", headers=bearer("x" * 20)).status_code for _ in range(3)]
    assert wrong == [401, 401, 429]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Host": "evil.example"}, (400, "host_not_allowed")),
        ({"Host": "127.0.0.1.evil.example:7861"}, (400, "host_not_allowed")),
        ({"Host": ""}, (400, "host_not_allowed")),
        ({"Origin": "https://evil.example"}, (403, "origin_not_allowed")),
        ({"Origin": "null"}, (403, "origin_not_allowed")),
        ({"Origin": "http://127.0.0.1:1"}, (403, "origin_not_allowed")),
        ({"Sec-Fetch-Site": "cross-site"}, (403, "origin_not_allowed")),
    ],
)
def test_pages_of_other_sites_are_refused(headers: dict[str, str], expected: tuple[int, str]) -> None:
    assert error(ask(gate(may_write=True), "POST", "/v1/models", headers=headers)) == expected
    assert ask(gate(), "GET", "/v1/models", headers={"Origin": "http://127.0.0.1:7861"}).status_code == 200


def test_a_body_is_limited_whether_its_length_is_declared_or_not() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 600

    assert ask(gate(), "POST", "/v1/models", content=b"x" * 1000).json()["bytes"] == 1000
    assert error(ask(gate(), "POST", "/v1/models", content=b"x" * 1001)) == (413, "request_too_large")
    assert error(ask(gate(), "POST", "/v1/models", content=endless())) == (413, "request_too_large")
    # An upload may be larger, and what it may be is counted while it arrives.
    assert ask(gate(may_write=True), "POST", "/api/documents", content=b"x" * 5000).json() == {"bytes": 5000}
    assert error(ask(gate(may_write=True), "POST", "/api/documents", content=b"x" * 200_000)) == (413, "request_too_large")
    assert error(ask(gate(may_write=True), "POST", "/api/documents", content=endless())) == (413, "request_too_large")


@pytest.mark.parametrize("path", ["/v1/models", "/api/documents"])
def test_a_body_that_stops_arriving_is_refused(path: str) -> None:
    async def stuck() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    assert error(ask(gate(may_write=True), "POST", path, content=stuck())) == (408, "request_too_slow")


def test_an_unforeseen_error_does_not_tell_its_text(caplog: pytest.LogCaptureFixture) -> None:
    response = ask(gate(), "GET", "/failing")
    assert response.status_code == 500
    assert "secret" not in response.text


def test_no_more_requests_are_served_at_once_than_fit() -> None:
    go_on, begun = asyncio.Event(), asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await go_on.wait()
        await JSONResponse({})(scope, receive, send)

    one_at_once = Gate(slow, AllowedHosts("127.0.0.1"), None, Rates(0), may_write=False, limits=Limits(at_once=1))

    async def send() -> tuple[int, httpx.Response, int]:
        transport = httpx.ASGITransport(app=one_at_once)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            first = asyncio.create_task(client.get("/a"))
            await begun.wait()
            second = await client.get("/b")
            go_on.set()
            return (await first).status_code, second, (await client.get("/c")).status_code

    first, second, third = asyncio.run(send())
    assert (first, error(second), third) == (200, (503, "busy"), 200)
    assert second.headers["retry-after"] == "1"
