"""A parser for pages, and a text that would do harm on a page."""

from __future__ import annotations

from html.parser import HTMLParser

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>x</a></mark></p>"
    " ![x](http://evil.example/x.png) [x](javascript:alert(1)) **x** $E=mc^2$ {{constructor}} ${1+1} \" & '"
)


class Reader(HTMLParser):
    """Parses a page as a browser does: its text, and every tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "input":
            return
        self._open.append(tag)
        self.inside.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data
        for tag in set(self._open):
            self.inside[tag][-1] += data

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]
