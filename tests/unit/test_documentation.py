"""The documentation: its settings and commands are the real ones, both languages say the same, and its pages load nothing from outside."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from rag.cli.app import app
from rag.settings import Settings

ROOT = Path(__file__).parents[2]
GUIDE, CHINESE = ROOT / "docs" / "guide", ROOT / "docs" / "zh"
PAGES = sorted(path.name for path in GUIDE.glob("*.md"))
HAN = re.compile(r"[\u3400-\u9fff]")


def rows(page: Path) -> list[list[str]]:
    """The cells of the rows of a page's tables, without headings."""
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [line.strip("|").split("|") for line in lines if not set(line) <= set("|-: ")]


@pytest.mark.parametrize("folder", [GUIDE, CHINESE])
def test_the_settings_page_has_every_setting_and_its_default(folder: Path) -> None:
    described = {}
    for names, defaults, *_ in rows(folder / "settings.md"):
        found = re.findall(r"`(\w+)`", names)
        values = [value.strip(' `"') for value in re.split("[,、]", defaults)]
        described |= dict(zip(found, values * len(found) if len(values) == 1 else values, strict=True))
    assert set(described) == {field.name for field in fields(Settings)}
    for field in fields(Settings):
        if field.name != "library":
            default = f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
            assert described[field.name] in ((default,) if default else ("empty", "空"))


@pytest.mark.parametrize("folder", [GUIDE, CHINESE])
def test_the_command_line_page_has_every_command(folder: Path) -> None:
    text = (folder / "command-line.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`yinju ([a-z]+)", text)) == set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_the_chinese_guide_has_the_pages_of_the_english_one() -> None:
    assert sorted(path.name for path in CHINESE.glob("*.md")) == sorted([*PAGES, "index.md"])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_same_parts_in_both_languages(name: str) -> None:
    english, chinese = ((folder / name).read_text(encoding="utf-8") for folder in (GUIDE, CHINESE))

    def shape(text: str) -> tuple[list[str], int, int]:
        """The levels of the headings, and how many rows and blocks of code there are."""
        plain = re.sub(r"```.*?```", "```", text, flags=re.DOTALL)
        return re.findall(r"^#+", plain, re.MULTILINE), len(re.findall(r"^\|", plain, re.MULTILINE)), plain.count("```")

    assert shape(english) == shape(chinese)
    assert HAN.search(chinese)


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_a_readme_is_short_and_its_links_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 130
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readmes_have_the_same_parts() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))
    figures = re.compile(r"\d\.\d{3}")
    assert figures.findall(english)
    assert figures.findall(english) == figures.findall(chinese)
    trees = [re.findall(r"^ *(\S+)", block, re.MULTILINE) for text in (english, chinese) for block in text.split("```")[3:4]]
    assert len(trees[0]) > 20
    assert trees[0] == trees[1]


def test_the_citation_file_names_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


@pytest.fixture
def outside_hosts() -> Callable[[Path], list[str]]:
    """The check of the finished site, which MkDocs runs as a hook."""
    spec = importlib.util.spec_from_file_location("offline", ROOT / "docs" / "offline.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[Path], list[str]] = module.outside_hosts
    return found


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.html", '<script src="https://cdn.example/x.js"></script>', "a.html: https://cdn.example/x.js"),
        ("a.html", '<link rel="stylesheet" href="//fonts.example/css">', "a.html: //fonts.example/css"),
        ("a.html", '<img srcset="a.png 1x, https://cdn.example/b.png 2x">', "a.html: a.png 1x, https://cdn.example/b.png 2x"),
        ("a.html", "<style>@import 'https://fonts.example/css';</style>", "a.html: https://fonts.example/css"),
        ("a.html", '<p style="background: url(https://cdn.example/a.png)">', "a.html: https://cdn.example/a.png"),
        ("a.html", '<pre class="code mermaid">graph</pre>', "a.html: class=mermaid"),
        ("b/a.css", "body { background: url('HTTPS://cdn.example/a.png') }", "b/a.css: HTTPS://cdn.example/a.png"),
    ],
)
def test_an_outside_host_is_found(
    outside_hosts: Callable[[Path], list[str]], tmp_path: Path, name: str, content: str, problem: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert outside_hosts(tmp_path) == [problem]


def test_links_that_a_reader_clicks_and_own_files_are_allowed(outside_hosts: Callable[[Path], list[str]], tmp_path: Path) -> None:
    page = (
        '<link rel="icon" href="../favicon.svg"><script src="assets/a.js"></script><a href="https://example.org">there</a>'
        '<code>src="https://example.org/x.js"</code><style>a { background: url(data:image/png;base64,AA//AA) }</style>'
    )
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    (tmp_path / "a.css").write_text("/* https://example.org */ a { background: url(../a.png) }", encoding="utf-8")
    assert outside_hosts(tmp_path) == []
