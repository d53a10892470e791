"""Decides which elements of a page are its main part, by what the extraction found there, and sets the others aside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.documents.loaders.html_inline import NOT_SHOWN, set_aside

if TYPE_CHECKING:
    from collections.abc import Iterator

_SURROUNDINGS = frozenset(("nav", "footer", "aside"))
_NEVER_MAIN = frozenset(("nav", "footer"))
_CONTENT = frozenset("p li ul ol dl table pre blockquote figure h1 h2 h3 h4 h5 h6 details tbody tr td".split())
_MAIN = frozenset(("main", "article"))
_NAMES = frozenset(
    """
    share sharing social cookie cookies consent breadcrumb breadcrumbs related newsletter subscribe comments disqus advert
    advertisement ads promo sponsored pagination pager sidebar menu navigation navbar nav toolbar popup modal skip
    """.split()
)
_WORD = re.compile(r"[A-Za-z]+")
_NOT_LETTERS = re.compile(r"[\W_]+")
_MOST = 0.9
_MAX_LINKS = 0.6
_MIN_MATCH = 2


class _Amount(NamedTuple):
    """The numbers of letters of an element that are in the extracted text, in links, and in all."""

    found: int = 0
    links: int = 0
    whole: int = 0


def set_surroundings_aside(tree: Any) -> None:
    """Sets aside the navigation and the like of a page that is read whole; an aside within the main part belongs to it."""
    for element in list(tree.iter(*_SURROUNDINGS)):
        inside = any(parent.tag in _MAIN for parent in element.iterancestors())
        if element.getparent() is not None and not (element.tag == "aside" and inside):
            set_aside(element)


def keep_main_part(tree: Any, extracted: str) -> None:
    """Sets aside everything but the main part of a page, which may be more than what was extracted.

    Args:
        tree: The page.
        extracted: The text that the extraction found in it.
    """
    body = tree.find(".//body")
    body = tree if body is None else body
    amounts = _amounts(tree, _letters(extracted))
    container = _container(body, amounts)
    inside = set(container.iterancestors())
    for element in [child for parent in inside for child in parent]:
        if element is not container and element not in inside and isinstance(element.tag, str):
            _set_aside_outside(element, amounts)
    for element in list(_unwanted(container, amounts)):
        set_aside(element)


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub("", text)


def _amounts(tree: Any, extracted: str) -> dict[Any, _Amount]:
    """Returns the amounts of every element, those within it included."""
    from lxml import etree

    amounts: dict[Any, _Amount] = {}
    for _, element in etree.iterwalk(tree, events=("end",)):
        if not isinstance(element.tag, str):
            continue
        if element.tag in NOT_SHOWN:
            amounts[element] = _Amount()
            continue
        found = links = whole = 0
        for text in (element.text, *(child.tail for child in element)):
            letters = _letters(text or "")
            whole += len(letters)
            found += len(letters) if len(letters) >= _MIN_MATCH and letters in extracted else 0
        for child in element:
            amount = amounts.get(child, _Amount())
            found, links, whole = found + amount.found, links + amount.links, whole + amount.whole
        amounts[element] = _Amount(found, whole if element.tag == "a" else links, whole)
    return amounts


def _container(body: Any, amounts: dict[Any, _Amount]) -> Any:
    """Returns the innermost element that has nearly all of what was extracted, or the main element around it."""
    needed = _MOST * amounts[body].found
    container = body
    while (
        inner := next(
            (
                child
                for child in container
                if child in amounts and child.tag not in _CONTENT and amounts[child].found >= needed and amounts[child].found
            ),
            None,
        )
    ) is not None:
        container = inner
    around = [element for element in (container, *container.iterancestors()) if element.tag in _MAIN]
    return around[-1] if around else container


def _set_aside_outside(element: Any, amounts: dict[Any, _Amount]) -> None:
    """Sets aside an element outside the main part, but for what was extracted from it."""
    amount = amounts.get(element, _Amount())
    if not amount.whole:
        return
    if element.tag in _NEVER_MAIN or not amount.found or amount.links > _MAX_LINKS * amount.whole:
        set_aside(element)
    elif 2 * amount.found < amount.whole and len(element):
        for child in list(element):
            if isinstance(child.tag, str):
                _set_aside_outside(child, amounts)


def _unwanted(container: Any, amounts: dict[Any, _Amount]) -> Iterator[Any]:
    """Yields the elements of the main part that were not extracted and are not text, such as a bar of links."""
    for child in container:
        amount = amounts.get(child)
        if amount is None or not amount.whole:
            continue
        if not amount.found and (
            child.tag in _NEVER_MAIN or amount.links > _MAX_LINKS * amount.whole or not _NAMES.isdisjoint(_names(child))
        ):
            yield child
        elif amount.found < amount.whole:
            yield from _unwanted(child, amounts)


def _names(element: Any) -> set[str]:
    text = f"{element.get('class', '')} {element.get('id', '')} {element.get('role', '')}"
    return {word.lower() for word in _WORD.findall(text)}
