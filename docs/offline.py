"""MkDocs hook: adds the window's pictures to the site, and fails the build if a page would load anything from another host."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

_PICTURES = Path(__file__).parents[1] / "ui" / "screenshots"
_OUTSIDE = re.compile(r"\s*(?:https?:|wss?:)?//", re.IGNORECASE)
_STYLE_ADDRESS = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)
# Attributes whose address the browser fetches by itself. A link that a reader clicks is not among them.
_FETCHED = {"src", "srcset", "poster", "data", "action", "formaction", "background", "ping"}
# The theme's script asks a host about a repository, or for a drawing library, where a page contains one of these.
_FETCHING_PARTS = {"data-md-component=source", "class=mermaid"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pictures of the window, which lie outside the documentation's folder, as `pictures/`."""
    from mkdocs.structure.files import File

    for picture in sorted(_PICTURES.glob("*.png")):
        files.append(File.generated(config, f"pictures/{picture.name}", abs_src_path=str(picture)))
    return files


def on_post_build(config: MkDocsConfig) -> None:
    """Checks the finished site.

    Raises:
        PluginError: A page or style sheet loads something from another host.
    """
    from mkdocs.exceptions import PluginError

    if problems := outside_hosts(Path(config.site_dir)):
        raise PluginError("the documentation must not load anything from other hosts:\n" + "\n".join(problems))


def outside_hosts(site: Path) -> list[str]:
    """Lists what the pages and style sheets of a site load from other hosts, one "file: address" each, in order of files."""
    problems = []
    for file in sorted(site.rglob("*")):
        if file.suffix == ".html":
            page = _Page()
            page.feed(file.read_text(encoding="utf-8"))
            found = page.found
        elif file.suffix == ".css":
            found = _STYLE_ADDRESS.findall(file.read_text(encoding="utf-8"))
        else:
            continue
        problems += [f"{file.relative_to(site).as_posix()}: {address}" for address in found]
    return problems


class _Page(HTMLParser):
    """Collects the outside addresses that a browser fetches when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in ((name, value or "") for name, value in attributes):
            is_fetched = name in _FETCHED or (name == "href" and tag in ("link", "base", "image", "use"))
            if is_fetched and any(map(_OUTSIDE.match, value.split(","))):
                self.found.append(value)
            if name == "style":
                self.found += _STYLE_ADDRESS.findall(value)
            self.found += [part for part in _FETCHING_PARTS if part in {f"{name}={word}" for word in value.split()}]

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.found += _STYLE_ADDRESS.findall(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False
