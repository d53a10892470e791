"""The window's security against visitors, other sites, and programs without a password."""

from __future__ import annotations

import asyncio
import base64
import http.client
import itertools
import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from hashing_encoder import HashingEncoder
from pdf_files import made, page
from starlette.requests import HTTPConnection
from starlette.routing import Mount
from window_server import served

from rag.answering.reading import Reading, Sentence
from rag.cli.options import users_from
from rag.conversations import History
from rag.conversations.notes import Note, Notebook
from rag.errors import GeneratorError, LibraryError, SettingsError
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.serving import public
from rag.serving.unnamed import UnnamedGenerator
from rag.settings import Settings
from rag.types import Answer
from ui.chat import answering
from ui.security import AllowedHosts, Guard, Limits, SignInDelays, Uploads, make_folder
from ui.serving import Address, guarded

TEXT = "自然保护地有118个，分布在各省。"
SERVER = "http://10.1.2.3:8000/v1"


class FirstSentence:
    """A reader that takes the first sentence of each passage."""

    def read(self, question, results, stop=None):
        readings = []
        for result in results:
            start, text = result.chunk.start, result.chunk.text
            sentence = Sentence(start, start + len(text), text, 0.9, (start, start + len(text)), 0.0)
            readings.append(Reading(result, (sentence,), 0.9))
        return readings


class FakeServer:
    """A language model's server that says nothing until it is told to."""

    def __init__(self, name=SERVER):
        self.name = name
        self.asked, self.go_on = threading.Event(), threading.Event()

    def fits(self, messages):
        return True

    def stream(self, messages, stop):
        self.asked.set()
        self.go_on.wait(60)
        raise GeneratorError(f"cannot reach {SERVER}/chat: connection refused")


def library_in(folder, analyzer):
    folder.mkdir(exist_ok=True)
    (folder / "own.txt").write_text(TEXT, encoding="utf-8")
    library = Library(folder / "library", HashingEncoder(), analyzer=analyzer)
    library.add([folder / "own.txt"])
    return library


@pytest.fixture
def library(quick_path, analyzer):
    """One that a test may change."""
    with library_in(quick_path, analyzer) as library:
        yield library


@pytest.fixture(scope="module")
def kept_library(tmp_path_factory, analyzer):
    with library_in(tmp_path_factory.mktemp("kept"), analyzer) as library:
        yield library


@pytest.fixture(scope="module")
def pipeline(kept_library):
    return RagPipeline(kept_library, FirstSentence())


@pytest.fixture(scope="module")
def history(kept_library):
    return History(kept_library.path)


@pytest.fixture(scope="module")
def address(pipeline, history):
    return served(pipeline, history)


@pytest.fixture
def client(address):
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        yield client


def upload(client, name="notes.txt", content=b"something"):
    response = client.post("/gradio_api/upload", files={"files": (name, content)})
    assert response.status_code == 200
    (path,) = response.json()
    return path


def file_data(path, **more):
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


def join(client, dependency, data, **more):
    body = {"data": data, "fn_index": dependency, "session_hash": uuid.uuid4().hex, **more}
    return client.post("/gradio_api/queue/join", json=body)


# -- files ------------------------------------------------------------------------------------------------------------


def hostile_places(tmp_path, library, client):
    """Paths that are no business of a visitor's."""
    link = tmp_path / "link.txt"
    link.symlink_to("/etc/passwd")
    with httpx.Client(base_url=client.base_url, trust_env=False) as other:
        of_another = upload(other, "theirs.txt", b"of another visitor")
    return [
        "/etc/passwd",
        "/proc/self/environ",
        "/proc/self/cmdline",
        "/dev/zero",
        str(library.database),
        str(library.path / "conversations.sqlite3"),
        str(library.path),
        str(link),
        of_another,
        f"{Path(of_another).parent}/../{Path(of_another).parent.name}/theirs.txt",
        "http://127.0.0.1:9/secret",
        "file:///etc/passwd",
        "",
    ]


def test_no_input_of_any_endpoint_takes_a_file_that_the_visitor_did_not_upload(client, kept_library, tmp_path):
    dependencies = client.get("/config").json()["dependencies"]
    inputs = [(d["id"], place, len(d["inputs"])) for d in dependencies for place in range(len(d["inputs"]))]
    assert len(inputs) > 40
    own = upload(client)
    hostile = hostile_places(tmp_path, kept_library, client)
    folder = Path(own).parents[1]
    before = sorted(folder.rglob("*"))
    for number, (dependency, place, count) in enumerate(inputs):
        # Every input with some path, and every path at some inputs.
        path = hostile[number % len(hostile)]
        for value in (file_data(path), {"a": [[{"b": file_data(path, url=path)}]]}, [{"path": path}]):
            data = [None] * count
            data[place] = value
            assert join(client, dependency, data).status_code == 403
            body = {"data": data, "fn_index": dependency, "session_hash": "s"}
            assert client.post("/gradio_api/run/predict", json=body).status_code == 403
    for path in hostile:
        for route, body in (
            ("queue/join", {"data": [], "fn_index": 0, "session_hash": "s", "event_data": file_data(path)}),
            ("call/answer", {"data": [file_data(path)]}),
            ("call/v2/answer", {"question": file_data(path)}),
            ("component_server", {"data": file_data(path), "component_id": 1, "session_hash": "s", "fn_name": "document"}),
        ):
            assert client.post(f"/gradio_api/{route}", json=body).status_code == 403
    assert sorted(folder.rglob("*")) == before


def test_gradio_itself_refuses_foreign_paths_too(pipeline, history, tmp_path):
    """The second line of defence: Gradio's own check, which only a launched window has."""
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    guard = guarded(pipeline, history, Address())

    async def ask():
        transport = httpx.ASGITransport(app=guard._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            config = (await client.get("/config")).json()
            ids = [d["id"] for d in config["dependencies"] if not d["queue"] and d["inputs"]]
            for dependency in config["dependencies"]:
                if dependency["id"] in ids:
                    data = [file_data(str(secret))] * len(dependency["inputs"])
                    body = {"data": data, "fn_index": dependency["id"], "session_hash": "s"}
                    await client.post("/gradio_api/run/predict", json=body)
            return len(ids)

    assert asyncio.run(ask()) > 10
    folder = Path(os.environ["GRADIO_TEMP_DIR"])
    assert [file for file in folder.rglob("*") if file.is_file() and file.read_bytes() == b"secret"] == []


def test_an_upload_belongs_to_the_browser_that_sent_it(client):
    path = upload(client)
    documents = next(d for d in client.get("/config").json()["dependencies"] if [t[1] for t in d["targets"]] == ["upload"])
    count = len(documents["inputs"])
    assert join(client, documents["id"], [[file_data(path)]] + [None] * (count - 1)).status_code == 200
    cookie = client.cookies["yinju-uploads"]
    client.cookies.clear()
    assert join(client, documents["id"], [[file_data(path)]] + [None] * (count - 1)).status_code == 403
    client.cookies["yinju-uploads"] = cookie[::-1]
    assert join(client, documents["id"], [[file_data(path)]] + [None] * (count - 1)).status_code == 403


def test_nothing_is_served_from_the_disk_and_nothing_is_fetched(client, kept_library):
    path = upload(client)
    for place in (path, "/etc/passwd", str(kept_library.database), "http://127.0.0.1:9/x"):
        assert client.get(f"/gradio_api/file={place}").status_code == 404
        assert client.get(f"/gradio_api/proxy={place}").status_code == 404
        assert client.get(f"/gradio_api/file/{place}").status_code == 404


@pytest.fixture
def with_originals(library, history, tmp_path):
    """A window on a library with the kept file `own.txt`, a kept PDF, and a document whose file is not kept."""
    data = made(page("The fund was founded in 1987."))
    (tmp_path / "report.pdf").write_bytes(data)
    (tmp_path / "page.html").write_text("<script>alert(1)</script><p>One page of text, kept as it is.</p>", encoding="utf-8")
    library.originals.keep()
    library.add([tmp_path / "report.pdf", tmp_path / "page.html"])
    address = served(RagPipeline(library, FirstSentence()), history)
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        yield client, library, data


def test_only_kept_files_of_the_library_are_served(with_originals):
    client, library, data = with_originals
    ids = {summary.source.rpartition("/")[2]: summary.id for summary in library.documents()}
    served_file = client.get(f"/original/{ids['report.pdf']}")
    assert (served_file.status_code, served_file.content) == (200, data)
    picture = client.get(f"/page/{ids['report.pdf']}/1")
    assert (picture.status_code, picture.headers["content-type"], picture.content[:4]) == (200, "image/png", b"\x89PNG")
    # It is on this disk, but the user has not let the library keep it.
    assert (library.path.parent / "own.txt").exists()
    for address in (
        f"/original/{ids['own.txt']}",
        f"/page/{ids['own.txt']}/1",
        f"/page/{ids['page.html']}/1",
        f"/page/{ids['report.pdf']}/2",
        f"/page/{ids['report.pdf']}/0",
        f"/page/{ids['report.pdf']}/-1",
        f"/page/{ids['report.pdf']}/999999",
        f"/page/{ids['report.pdf']}/1/2",
        "/original/000000000000",
        "/original/",
        "/original/..%2f..%2fetc%2fpasswd",
        "/original/%2fetc%2fpasswd",
        f"/original/{ids['report.pdf']}/../../library.sqlite3",
        "/original/library.sqlite3",
        "/page/library.sqlite3/1",
        "/originals",
    ):
        response = client.get(address)
        assert response.status_code == 404, address
        assert str(library.path) not in response.text
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert client.request(method, f"/original/{ids['report.pdf']}").status_code == 404
    library.originals.keep(False)
    assert client.get(f"/original/{ids['report.pdf']}").status_code == 404
    assert client.get(f"/page/{ids['report.pdf']}/1").status_code == 404


def test_a_kept_file_is_saved_and_never_run_or_stored_by_the_browser(with_originals):
    client, library, _ = with_originals
    (document_id,) = (summary.id for summary in library.documents() if summary.source.endswith("page.html"))
    headers = client.get(f"/original/{document_id}").headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"] == "attachment; filename*=utf-8''page.html"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-store"
    assert "sandbox; default-src 'none'" in headers.get_list("content-security-policy")


def test_other_sites_get_no_files(with_originals):
    client, library, _ = with_originals
    document_id = library.documents()[-1].id
    for path in (f"/original/{document_id}", f"/page/{document_id}/1"):
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 400
        assert client.get(path, headers={"Origin": "http://evil.example"}).status_code == 403
        for mode in ("navigate", "no-cors", "cors"):
            headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode}
            assert client.get(path, headers=headers).status_code == 403


@pytest.mark.parametrize("name", ["show", "find", "cleaned"])
@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "x",
        {},
        {"id": "/etc/passwd"},
        {"id": ["x"]},
        {"id": "{own}", "places": [["a", "b"]]},
        {"id": "{own}", "places": [[1]]},
        {"id": "{own}", "places": [[-5, 10**30], [3, 1]], "at": 10**9, "part": 10**9, "hit": [-1, 10**12], "query": "x" * 10**5},
        {"id": "{own}", "hit": "x", "query": {"a": 1}},
    ],
)
def test_the_viewer_answers_any_request_with_a_line(client, kept_library, name, data):
    own = kept_library.documents()[0].id
    data = json.loads(json.dumps(data).replace("{own}", own))
    components = client.get("/config").json()["components"]
    (viewer,) = (c["id"] for c in components if c["props"].get("elem_id") == "viewer")
    body = {"data": data, "component_id": viewer, "session_hash": "s", "fn_name": name}
    response = client.post("/gradio_api/component_server", json=body)
    assert response.status_code == 200
    assert set(response.json()) >= {"html"}
    assert str(kept_library.path.parent) not in response.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/gradio_api/startup-events"),
        ("GET", "/gradio_api/deep_link?session_hash=a"),
        ("GET", "/gradio_api/dev/reload"),
        ("GET", "/monitoring"),
        ("GET", "/pwa_icon/100000"),
        ("POST", "/gradio_api/process_recording"),
        ("POST", "/gradio_api/vibe-edit"),
        ("POST", "/gradio_api/stream/x"),
        ("POST", "/gradio_api/run/answer"),
        ("POST", "/gradio_api/api/answer"),
        ("PUT", "/"),
        ("OPTIONS", "/gradio_api/queue/join"),
    ],
)
def test_only_the_routes_of_the_window_are_there(client, method, path):
    assert client.request(method, path).status_code == 404


def test_the_folder_of_uploads_is_the_users_alone(client):
    folder = Path(upload(client)).parents[1]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_was_uploaded_and_never_read_is_removed(tmp_path):
    now = [1_000_000.0]
    uploads = Uploads(tmp_path, 10**9, clock=lambda: now[0])
    read, unread, partial = tmp_path / "a" / "read.txt", tmp_path / "b" / "unread.txt", tmp_path / "partial"
    for file in (read, unread, partial):
        file.parent.mkdir(exist_ok=True)
        file.write_text("x", encoding="utf-8")
        os.utime(file, (now[0], now[0]))
    uploads.add("ada", [str(read), str(unread)])
    assert uploads.claim("ada", str(read))
    now[0] += Uploads.SECONDS_UNREAD - 1
    uploads.remove_old()
    assert read.exists()
    assert unread.exists()
    assert partial.exists()
    now[0] += 2
    uploads.remove_old()
    assert read.exists()
    assert not unread.exists()
    assert not partial.exists()
    assert not uploads.claim("ada", str(unread))
    now[0] += Uploads.SECONDS_IN_LINE
    uploads.remove_old()
    assert not read.exists()


def test_uploads_that_wait_have_a_limit(tmp_path):
    uploads = Uploads(tmp_path, 100)
    (tmp_path / "a").write_bytes(b"x" * 99)
    assert uploads.has_room()
    (tmp_path / "b").write_bytes(b"x")
    assert not uploads.has_room()


def test_the_folder_of_a_window_that_was_killed_is_removed_by_the_next(tmp_path):
    makes = "import sys; from ui.security import make_folder; print(make_folder(sys.argv[1]), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", makes, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        folder = Path(other.stdout.readline().strip())
        (folder / "report.pdf").write_bytes(b"%PDF-")
        own = make_folder(str(tmp_path))
        assert (folder / "report.pdf").exists()
        other.kill()
    (tmp_path / "yinju-window-link").symlink_to(own)
    third = make_folder(str(tmp_path))
    assert not folder.exists()
    assert own.is_dir()
    assert stat.S_IMODE(third.stat().st_mode) == 0o700


# -- other sites ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "10.0.0.1", "localhost.evil.example", "127.0.0.1@evil.example", ""]
)
def test_a_foreign_host_is_refused(client, host):
    for method, path in (("GET", "/"), ("GET", "/config"), ("POST", "/gradio_api/queue/join"), ("POST", "/gradio_api/upload")):
        assert client.request(method, path, headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "https://127.0.0.1.evil.example", "file://"]
)
def test_a_foreign_origin_is_refused(client, origin):
    for method, path in (
        ("POST", "/gradio_api/upload"),
        ("POST", "/gradio_api/queue/join"),
        ("GET", "/config"),
        ("POST", "/login"),
    ):
        response = client.request(method, path, headers={"Origin": origin})
        assert response.status_code == 403
        assert not [name for name in response.headers if name.startswith("access-control")]


def test_the_own_origin_is_served_without_a_word_to_other_origins(client, address):
    response = client.get("/config", headers={"Origin": address})
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize(
    ("path", "mode", "status"),
    [("/", "navigate", 200), ("/", "no-cors", 403), ("/logout", "navigate", 403), ("/config", "cors", 403)],
)
def test_another_site_may_link_to_the_window_and_nothing_else(client, path, mode, status):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode}
    assert client.get(path, headers=headers, follow_redirects=False).status_code == status


def test_hosts_and_origins():
    loopback = AllowedHosts("127.0.0.1")
    assert loopback.allows("localhost:7860")
    assert loopback.allows("[::1]:7860")
    assert not loopback.allows("192.168.1.5:7860")
    everywhere = AllowedHosts("0.0.0.0")
    assert everywhere.allows("192.168.1.5:7860")
    assert everywhere.allows(socket.gethostname())
    assert not everywhere.allows("evil.example")
    named = AllowedHosts("127.0.0.1", ["Docs.Example", "https://example.org:8443/yinju"])
    assert named.allows("docs.example")
    assert named.allows("example.org:8443")
    assert named.is_same_origin("https://docs.example", "127.0.0.1:7860")
    assert named.is_same_origin("https://example.org:8443", "127.0.0.1:7860")
    assert not named.is_same_origin("https://example.org", "127.0.0.1:7860")
    assert named.is_same_origin("https://docs.example:443", "docs.example")
    assert not named.is_same_origin("http://evil.example", "docs.example")
    assert not named.is_same_origin("null", "null")


# -- bodies -----------------------------------------------------------------------------------------------------------


def send_half(address, path, head, pieces=()):
    """Sends a request without its end; gives the status that comes back all the same."""
    host, port = urlsplit(address).hostname, urlsplit(address).port
    with socket.create_connection((host, port), timeout=60) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{head}\r\n".encode())
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:
                break
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status


JSON_ROUTES = ("queue/join", "run/predict", "call/answer", "call/v2/answer", "component_server", "cancel", "reset")


@pytest.mark.parametrize("route", JSON_ROUTES)
def test_a_large_body_is_refused_before_it_is_sent(address, route):
    head = "Content-Type: application/json\r\nContent-Length: 300000000\r\n"
    assert send_half(address, f"/gradio_api/{route}", head) == 413


@pytest.mark.parametrize("route", JSON_ROUTES)
def test_a_body_that_does_not_say_how_large_it_is_is_counted(address, route):
    chunks = (b"100000\r\n" + b"[" * 0x100000 + b"\r\n" for _ in range(3))
    head = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    assert send_half(address, f"/gradio_api/{route}", head, chunks) == 413


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b'{"a":' * 100_000, b"\xff", b"no"])
def test_what_is_not_json_is_refused(client, body):
    assert client.post("/gradio_api/queue/join", content=body).status_code == 400


def test_an_upload_has_its_own_limit(address):
    assert (
        send_half(
            address, "/gradio_api/upload", "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 9000000000\r\n"
        )
        == 413
    )


def ask_guard(app, *, body=(), path="/gradio_api/queue/join", user_of=None, limits=None, headers=()):
    """The status that the guard gives, and how often it received; `body` may end with None, after which nothing ever comes."""
    received, sent = [], []

    async def receive():
        received.append(1)
        for place, piece in enumerate(body):
            if place == len(received) - 1 and piece is not None:
                return {"type": "http.request", "body": piece, "more_body": place + 1 < len(body)}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "scheme": "http",
        "headers": [(b"host", b"localhost"), *headers],
        "client": ("127.0.0.1", 1),
        "query_string": b"",
    }
    guard = Guard(app, AllowedHosts("127.0.0.1"), Uploads(Path("/nonexistent"), 10), user_of=user_of, limits=limits)
    asyncio.run(guard(scope, receive, send))
    return sent[0]["status"], len(received)


async def never(scope, receive, send):
    raise AssertionError("not to be reached")


@pytest.mark.parametrize("path", [*(f"/gradio_api/{route}" for route in JSON_ROUTES), "/gradio_api/upload"])
def test_before_sign_in_nothing_is_read(path):
    assert ask_guard(never, body=[b"x" * 10], path=path, user_of=lambda connection: None) == (401, 0)


@pytest.mark.parametrize("path", ["/login", "/gradio_api/queue/join"])
def test_a_body_that_is_never_finished_ends(path):
    assert ask_guard(never, body=[b"a", None], path=path, limits=Limits(seconds=0.05))[0] == 408


def test_a_sign_in_form_is_small():
    assert ask_guard(never, body=[b"a" * 20_000], path="/login")[0] == 413


def test_heartbeats_have_a_limit(address):
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        opened, statuses = [], []
        most = Limits().streams
        host, port = urlsplit(address).hostname, urlsplit(address).port
        for number in range(most + 1):
            connection = socket.create_connection((host, port), timeout=60)
            opened.append(connection)
            connection.sendall(f"GET /gradio_api/heartbeat/s{number} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            statuses.append(int(connection.recv(12).split()[1]))
        assert statuses == [200] * most + [503]
        assert client.get("/config").status_code == 200
        for connection in opened:
            connection.close()


# -- signing in -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def behind_password(pipeline, history):
    return served(pipeline, history, users=[("ada", "river, lake"), ("lin", "hill")])


def sign_in(address, name="ada", password="river, lake"):
    client = httpx.Client(base_url=address, timeout=60, trust_env=False)
    response = client.post("/login", data={"username": name, "password": password})
    return client, response


def test_only_who_signed_in_comes_in(behind_password):
    with httpx.Client(base_url=behind_password, trust_env=False, timeout=60) as client:
        for path in (
            "/original/000000000000",
            "/page/000000000000/1",
            "/config",
            "/gradio_api/info",
            "/gradio_api/heartbeat/a",
            "/gradio_api/queue/data?session_hash=a",
        ):
            assert client.get(path).status_code == 401
        for route in JSON_ROUTES:
            assert client.post(f"/gradio_api/{route}", json={}).status_code == 401
        assert client.post("/gradio_api/upload", files={"files": ("a", b"b")}).status_code == 401
        assert '"components":[]' in client.get("/").text.replace(" ", "")


def test_the_cookie_stays_with_the_site(behind_password):
    client, response = sign_in(behind_password)
    cookies = response.headers.get_list("set-cookie")
    assert len(cookies) == 2
    assert all(re.search("samesite=lax", cookie, re.IGNORECASE) and "HttpOnly" in cookie for cookie in cookies)
    assert client.get("/config").status_code == 200
    client.close()


def test_conversations_and_notes_are_exported_to_their_owner_only(behind_password, history):
    answer = Answer("forest?", "forest?", "No.", "refusal", (), (), 0.1, "en")
    conversation = history.start("user:ada", "forest?").id
    history.append("user:ada", conversation, answer)
    Notebook(history).keep("user:ada", conversation, Note("forest?", "kept", (), "mine"))
    saved = {}
    for name, password in (("ada", "river, lake"), ("lin", "hill")):
        client, _ = sign_in(behind_password, name, password)
        exporting = [
            c["id"]
            for c in client.get("/config").json()["components"]
            if "exported" in (c["props"].get("server_fns") or c["props"].get("server_functions") or ())
        ]
        assert len(exporting) == 2
        for kind, component in itertools.product(("conversation", "notes"), exporting):
            # The id that a browser remembers does not make it a user.
            wanted = {"id": conversation, "visitor": "ada", "kind": kind, "form": "txt", "style": "apa", "language": "en"}
            body = {"data": wanted, "component_id": component, "session_hash": "s", "fn_name": "exported"}
            file = client.post("/gradio_api/component_server", json=body).json()
            saved.setdefault((name, kind), []).append(base64.b64decode(file["data"]).decode() if file else "")
        for wrong in ({}, [], None, {**wanted, "form": "../x"}, {**wanted, "kind": "notes", "id": ["x"]}):
            body = {"data": wrong, "component_id": exporting[0], "session_hash": "s", "fn_name": "exported"}
            assert client.post("/gradio_api/component_server", json=body).json() == {}
        client.close()
    assert saved == {
        ("ada", "conversation"): ["forest?\n\nforest?\n\nNo.\n"] * 2,
        ("ada", "notes"): ["forest?\n\nforest?\nmine\n\nkept\n"] * 2,
        ("lin", "conversation"): ["", ""],
        ("lin", "notes"): ["", ""],
    }


def test_sign_in_slows_down_after_failures():
    now = [0.0]
    delays = SignInDelays(clock=lambda: now[0])
    assert [delays.begin("10.0.0.1") for _ in range(5)] == [0.0] * 5
    waits = []
    for _ in range(4):
        waits.append(delays.begin("10.0.0.1"))
        now[0] += waits[-1]
    assert waits == [1.0, 2.0, 4.0, 8.0]
    assert delays.begin("10.0.0.2") == 0.0
    # Many at once wait for each other, and in the end are refused.
    assert [delays.begin("10.0.0.1") for _ in range(3)] == [16.0, 48.0, None]
    delays.succeeded("10.0.0.1")
    assert delays.begin("10.0.0.1") == 0.0


def test_passwords_come_from_a_file_or_the_environment(tmp_path, monkeypatch):
    file = tmp_path / "passwords.txt"
    file.write_text("# who may come in\nada: river, lake\n\nlin:hill:top\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert Settings.load(environment={"YINJU_AUTH": f"@{file}"}).auth == f"@{file}"
    assert users_from(f"@{file}") == [("ada", " river, lake"), ("lin", "hill:top")]
    assert users_from("ada:river, lin:hill") == [("ada", "river"), ("lin", "hill")]
    assert users_from("") == []
    for wrong in ("@nowhere.txt", "ada", "@empty.txt"):
        (tmp_path / "empty.txt").write_text("# nobody\n", encoding="utf-8")
        with pytest.raises(SettingsError):
            users_from(wrong)


def test_one_network_of_ipv6_is_one_address():
    delays = SignInDelays(clock=lambda: 0.0)
    assert [delays.begin(f"2001:db8::{number}") for number in range(6)] == [0.0] * 5 + [1.0]


def test_failed_sign_ins_are_counted_by_the_window(behind_password):
    for _ in range(SignInDelays.FREE):
        sign_in(behind_password, password="wrong")[0].close()
    # Many at once: those whose turn would come too late are refused, and nobody comes in.
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(_one_wrong(behind_password))) for _ in range(9)]
    for thread in threads:
        thread.start()
    while 429 not in statuses and any(thread.is_alive() for thread in threads):
        threads[-1].join(0.1)
    assert 429 in statuses
    assert 200 not in statuses


def _one_wrong(address):
    with httpx.Client(base_url=address, timeout=120, trust_env=False) as client:
        return client.post("/login", data={"username": "ada", "password": "wrong"}).status_code


# -- one visitor and the others ---------------------------------------------------------------------------------------


def test_a_silent_model_server_keeps_nobody_waiting(library):
    server = FakeServer()
    waiting = RagPipeline(library, FirstSentence(), server)
    thread = threading.Thread(target=waiting.answer, args=("自然保护地有多少个？",), daemon=True)
    thread.start()
    assert server.asked.wait(60)
    # Other visitors of the same window have copies of the same pipeline.
    others = waiting.with_options(generator="none")
    done = threading.Event()

    def ask():
        *_, last = answering(others, "自然保护地有多少个？", (), threading.Event())
        assert last.given
        done.set()

    threading.Thread(target=ask, daemon=True).start()
    assert done.wait(60)
    assert thread.is_alive()
    server.go_on.set()
    thread.join(60)


class Overlapping(FirstSentence):
    """A reader that notes when two threads read at once."""

    def __init__(self):
        self.reading = self.overlapped = 0

    def read(self, question, results, stop=None):
        self.reading += 1
        self.overlapped += self.reading > 1
        threading.Event().wait(0.01)
        self.reading -= 1
        return super().read(question, results, stop)


def test_one_thread_at_a_time_uses_the_models_of_this_machine(library):
    reader = Overlapping()
    pipeline = RagPipeline(library, reader)
    others = [
        pipeline,
        pipeline.with_options(top_k=3),
        pipeline.with_options(library=library),
        pipeline.with_options(threshold=0.1),
    ]
    threads = [threading.Thread(target=other.answer, args=("自然保护地有多少个？",)) for other in others * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert reader.overlapped == 0


def test_to_remove_a_document_waits_a_moment_for_who_writes(library):
    writing, done = threading.Event(), threading.Event()

    def write():
        with library._write_lock.acquired():
            writing.set()
            done.wait(60)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    assert writing.wait(60)
    with pytest.raises(LibraryError, match="documents are being added"):
        library.remove("own.txt", wait=0.05)
    done.set()
    thread.join(60)
    assert library.remove("own.txt", wait=30).title == "own"


# -- what visitors may choose and learn -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "private"),
    [
        ({}, True),
        ({"host": "0.0.0.0"}, False),
        ({"users": [("ada", "x")]}, False),
        ({"root_path": "/yinju"}, False),
        ({"share": True}, False),
        ({"allow_hosts": ["example.org"]}, False),
    ],
)
def test_only_the_user_of_this_machine_may_choose_a_language_model(pipeline, history, where, private):
    guard = guarded(pipeline, history, Address(**where))
    (gradio,) = (route.app for route in guard._app.routes if isinstance(route, Mount))
    config = gradio.get_blocks().config
    ids = {c["props"].get("elem_id"): c for c in config["components"]}
    assert ids["use-generator"]["props"]["visible"] is private
    wired = {target[0] for d in config["dependencies"] for target in d["targets"]}
    assert (ids["use-generator"]["id"] in wired) is private
    assert (ids["fetch-generator"]["id"] in wired) is private


@pytest.mark.parametrize("where", [{}, {"users": [("ada", "x")]}])
def test_the_address_of_a_model_server_is_not_in_the_page(library, history, where):
    guard = guarded(RagPipeline(library, FirstSentence(), FakeServer()), history, Address(**where))
    (gradio,) = (route.app for route in guard._app.routes if isinstance(route, Mount))
    assert "10.1.2.3" not in json.dumps(gradio.get_blocks().config, default=str)


def test_a_generator_of_a_public_window_does_not_tell_where_it_is(library):
    server = FakeServer()
    server.go_on.set()
    answer = RagPipeline(library, FirstSentence(), UnnamedGenerator(server)).answer("自然保护地有多少个？")
    assert answer.notes
    assert "10.1.2.3" not in answer.to_json()
    assert UnnamedGenerator(FakeServer("/home/ada/models/qwen")).name == "qwen"
    assert UnnamedGenerator(FakeServer("Qwen/Qwen3-0.6B")).name == "Qwen/Qwen3-0.6B"


def test_an_answer_for_programs_has_no_absolute_paths(client, kept_library):
    event = client.post("/gradio_api/call/answer", json={"data": ["自然保护地有多少个？"]}).json()["event_id"]
    text = client.get(f"/gradio_api/call/answer/{event}").text
    (line,) = (line for line in text.splitlines() if line.startswith("data: ["))
    (answer,) = json.loads(line.removeprefix("data: "))
    assert answer["citations"][0]["quote"] in TEXT
    # A file that another test has uploaded may be in the library by now.
    sources = {place["source"] for place in (*answer["citations"], *answer["results"])}
    assert {"own.txt"} <= sources <= {"own.txt", "notes.txt"}
    assert str(kept_library.path.parent) not in text


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("the library /home/ada/my docs/library cannot be used", "the library …/library cannot be used"),
        ("cannot read C:\\Users\\ada\\notes.txt: gone", "cannot read …/notes.txt: gone"),
        ("see http://example.org/a/b, 1/2 of it", "see http://example.org/a/b, 1/2 of it"),
    ],
)
def test_messages_do_not_say_where_files_lie(message, shown):
    assert public.without_folders(message) == shown


def test_many_conversations_make_a_small_page(pipeline, history):
    with history._transaction(to_write=True) as connection:
        rows = ((f"id{n:05}", "visitor:x", f"title {n}", f"2026-01-01T{n:05}") for n in range(5000))
        connection.executemany("INSERT INTO conversations (id, owner, title, changed) VALUES (?, ?, ?, ?)", rows)
    address = served(pipeline, history)
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        config = client.get("/config").json()
        kept = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "kept")
        arrive = next(d for d in config["dependencies"] if d["targets"][0][1] == "load" and kept in d["outputs"])
        turn = next(d for d in config["dependencies"] if d["targets"] == [[kept, "input"]])
        body = {"session_hash": "s", "fn_index": arrive["id"], "data": ["x", "", None]}
        first = client.post("/gradio_api/run/predict", json=body).text
        body = {"session_hash": "s", "fn_index": turn["id"], "data": [None], "event_data": {"step": "1"}, "trigger_id": kept}
        second = client.post("/gradio_api/run/predict", json=body).text
        assert len(client.get("/").content) < 200_000
    assert len(first) < 500_000
    assert "title 4999" in first
    assert "title 4899" not in first
    assert "title 4899" in second
    assert "title 4999" not in second


# -- what lies on the disk --------------------------------------------------------------------------------------------


def test_a_library_is_its_users_alone(library, history):
    history.start("ada", "one")
    old = os.umask(0o022)
    try:
        library.add_documents([])
        with Library(library.path.parent / "other", library.encoder, analyzer=library.analyzer) as other:
            other.add([library.path.parent / "own.txt"])
            assert other.search_terms(["自然"], 1) is not None
            History(other.path).start("ada", "one")
            places = [other.path, *other.path.rglob("*")]
            modes = {place.name: stat.S_IMODE(place.stat().st_mode) for place in places if not place.is_dir()}
            assert stat.S_IMODE(other.path.stat().st_mode) == 0o700
    finally:
        os.umask(old)
    assert {"library.sqlite3", "conversations.sqlite3", "lock"} <= set(modes)
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_who_opened_a_library_to_others_keeps_it_open(library):
    library.database.chmod(0o644)
    library.path.chmod(0o755)
    library.remove("own.txt")
    assert stat.S_IMODE(library.path.stat().st_mode) == 0o755
    (vectors,) = library.path.glob("vectors*")
    assert stat.S_IMODE(vectors.stat().st_mode) == 0o644


def test_the_guard_tells_the_application_who_signed_in():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope.get("yinju.user"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    assert (
        ask_guard(app, body=[b"{}"], user_of=lambda connection: "ada" if isinstance(connection, HTTPConnection) else None)[0]
        == 200
    )
    assert seen == ["ada"]
