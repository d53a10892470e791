"""Names of documents that tell them apart."""

from __future__ import annotations

import pytest

from rag.documents.naming import folders_apart, shortened


@pytest.mark.parametrize(
    ("names", "sources", "folders"),
    [
        (["depot", "depot"], ["/a/north/depot.md", "/a/south/depot.md"], ["north", "south"]),
        (["depot", "depot"], ["/a/north/docs/depot.md", "/a/south/docs/depot.md"], ["north", "south"]),
        (["depot", "rent"], ["/a/north/depot.md", "/a/south/rent.md"], ["", ""]),
        (["depot", "depot"], ["/a/depot.md", "/a/depot.txt"], ["", ""]),
        (["a", "a", "a"], [r"C:\x\n\a.md", r"C:\y\n\a.md", r"C:\x\m\a.md"], ["", "y", "m"]),
        (["a", "a"], ["/a.md", "/north/a.md"], ["", "north"]),
    ],
)
def test_documents_of_the_same_name_are_told_apart_by_a_folder(names: list[str], sources: list[str], folders: list[str]) -> None:
    assert folders_apart(names, sources) == folders


def test_a_long_name_keeps_its_ending() -> None:
    name = "云溪县水务局关于印发农村供水工程运行管理办法及考核细则的通知（二〇二五年修订稿）第三附件"
    assert shortened(name, 20) == "云溪县水务局关于印发农村供水…稿）第三附件"
    assert shortened("short", 20) == "short"
