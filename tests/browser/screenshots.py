"""Takes the pictures of the window that README shows: `python tests/browser/screenshots.py FOLDER`.

They are of the seed documents in a fresh library, through a Chromium that is installed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, Page, expect, sync_playwright
from window_server import served

from rag.conversations import History
from rag.library.library import Library
from rag.pipeline import RagPipeline

WIDE, PHONE = {"width": 1360, "height": 820}, {"width": 390, "height": 844}


def main() -> None:
    """Serves the window and takes every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("error: there is no Chromium on this machine")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        pipeline = RagPipeline(Library(Path(place) / "library"))
        pipeline.add_seeds()
        pipeline.warm_up()
        address = served(pipeline, History(Path(place) / "library"))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = opened(browser, address, viewport=WIDE, locale="en-US", color_scheme="light")
        ask(page, "How large is the National Green Development Fund?")
        page.locator("#new").click()
        ask(page, "2020年联合国生物多样性峰会的主题是什么？")
        page.locator("#new").click()
        ask(page, "What share of the country do nature reserves cover?")
        ask(page, "Who is the mayor of Nanning?")
        page.locator("#new").click()
        ask(page, "What are the three objectives of the Convention on Biological Diversity?")
        page.locator("#chat a.marker").first.hover()
        page.screenshot(path=folder / "chat.png")
        page.get_by_role("tab", name="Documents").click()
        page.locator("#documents li").first.wait_for()
        page.screenshot(path=folder / "documents.png")
        page = opened(browser, address, viewport=WIDE, locale="zh-CN", color_scheme="dark")
        ask(page, "国家绿色发展基金首期规模有多大？")
        ask(page, "长江十年禁渔从哪天开始？")
        page.screenshot(path=folder / "chat.zh.png")
        page = opened(browser, address, viewport=PHONE, locale="zh-CN", color_scheme="light")
        ask(page, "《生物多样性公约》的三大目标分别是什么？")
        page.screenshot(path=folder / "phone.zh.png")
        browser.close()


def opened(browser: Browser, address: str, **options: Any) -> Page:
    """The window as a new visitor sees it."""
    page = browser.new_context(**options).new_page()
    page.goto(address)
    page.wait_for_function("document.documentElement.dataset.arrived")
    return page


def ask(page: Page, question: str) -> None:
    """Asks, and waits for the whole answer."""
    page.locator("#question textarea").fill(question)
    page.locator("#send").click()
    expect(page.locator("#chat .question").last).to_have_text(question)
    expect(page.locator("#stop")).to_be_hidden(timeout=30_000)
    page.wait_for_timeout(500)


if __name__ == "__main__":
    main()
