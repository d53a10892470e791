"""The texts on the window's components, in the language that the reader chose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from gradio.blocks import Block

    from rag.texts import Words

AnyBlock = TypeVar("AnyBlock", bound="Block")


def in_language(words: Words, language: str) -> str:
    """Returns the text in one of the two languages."""
    return words.chinese if language == "zh" else words.english


class Labels:
    """Components and the texts on them. HTML does not need this, as it contains both languages (`rendering.both`)."""

    def __init__(self) -> None:
        self._labelled: list[tuple[Block, dict[str, Words]]] = []

    def on(self, component: AnyBlock, **words: Words) -> AnyBlock:
        """Puts texts on a component by property, to change with the language. Returns the component."""
        for name, word in words.items():
            setattr(component, name, word.english)
        self._labelled.append((component, words))
        return component

    @property
    def components(self) -> list[Block]:
        """Returns the components, in the order of `updates`."""
        return [component for component, _ in self._labelled]

    def updates(self, language: str) -> list[dict[str, Any]]:
        """Returns the update of each component."""
        import gradio as gr

        changes: list[dict[str, Any]] = [
            {name: in_language(word, language) for name, word in words.items()} for _, words in self._labelled
        ]
        return [gr.update(**change) for change in changes]
