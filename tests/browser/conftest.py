"""The window in a real browser: Chromium through Playwright, on a server of the test's own."""

from __future__ import annotations

import shutil

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Gradio says this of each file that is chosen, and means nothing by it.
HARMLESS = ("Method not implemented.",)
# A page that is left or loaded again ends its requests, and Gradio complains of that.
WHEN_LEFT = ("AbortError: signal is aborted without reason", "Connection errored out.")
# An end for what never comes, in milliseconds; everything is waited for, nothing is timed.
LONGEST_WAIT = 120_000


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"))


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect.set_options(timeout=LONGEST_WAIT)
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
    ]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, address):
    """Opens the window as a new visitor; afterwards, nothing was asked of another host and nothing was complained of."""
    contexts, requests, complaints = [], [], []

    def watch(page):
        page.set_default_timeout(LONGEST_WAIT)
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)

    def open_window(width=1280, height=800, locale="en-US", **options):
        context = browser.new_context(viewport={"width": width, "height": height}, locale=locale, **options)
        contexts.append(context)
        page = context.new_page()
        watch(page)
        page.goto(address)
        page.wait_for_function("document.documentElement.dataset.arrived")
        return page

    open_window.complaints = complaints
    yield open_window
    for context in contexts:
        context.close()
    assert requests
    assert [url for url in requests if not url.startswith((f"{address}/", "data:", "blob:"))] == []
    assert [each for each in complaints if each not in HARMLESS and not any(words in each for words in WHEN_LEFT)] == []
