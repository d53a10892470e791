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


# Of each module, since Playwright's event loop would be in the way of later tests that have one of their own.
@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def contexts(browser):
    """Browser contexts that are not in use, by their options: a page of one that was used before is there twice as soon."""
    return {}


@pytest.fixture
def visit(browser, contexts, address):
    """Opens the window as a new visitor; afterwards, nothing was asked of another host and nothing was complained of."""
    used, requests, complaints = [], [], []

    def watch(page):
        page.set_default_timeout(LONGEST_WAIT)
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)

    def open_window(width=1280, height=800, locale="en-US", **options):
        key = (locale, repr(sorted(options.items())))
        free = contexts.setdefault(key, [])
        context = free.pop() if free else browser.new_context(locale=locale, **options)
        used.append((key, context))
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        watch(page)
        page.goto(address)
        page.wait_for_function("document.documentElement.dataset.arrived")
        return page

    open_window.complaints = complaints
    yield open_window
    for key, context in used:
        # A context that a test has closed or taken off the network has no page left.
        pages = context.pages
        for page in pages:
            page.evaluate("localStorage.clear()")
            page.close()
        if pages:
            context.clear_cookies()
            contexts[key].append(context)
    assert requests
    assert [url for url in requests if not url.startswith((f"{address}/", "data:", "blob:"))] == []
    assert [each for each in complaints if each not in HARMLESS and not any(words in each for words in WHEN_LEFT)] == []
