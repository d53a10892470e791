"""What stands on the window's components, in the language that the reader chose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from gradio.blocks import Block

    from rag.texts import Words

AnyBlock = TypeVar("AnyBlock", bound="Block")


def in_language(words: Words, language: str) -> str:
    """The words in one of the two languages."""
    return words.chinese if language == "zh" else words.english


class Labels:
    """Components and the words on them; HTML needs none of this, it holds both languages (`rendering.both`)."""

    def __init__(self) -> None:
        self._labelled: list[tuple[Block, dict[str, Words]]] = []

    def on(self, component: AnyBlock, **words: Words) -> AnyBlock:
        """Puts words on a component, by the name of its property, to be changed with the language; gives the component back."""
        for name, word in words.items():
            setattr(component, name, word.english)
        self._labelled.append((component, words))
        return component

    @property
    def components(self) -> list[Block]:
        """The components, in the order of `updates`."""
        return [component for component, _ in self._labelled]

    def updates(self, language: str) -> list[dict[str, Any]]:
        """What changes on each component."""
        import gradio as gr

        changes: list[dict[str, Any]] = [
            {name: in_language(word, language) for name, word in words.items()} for _, words in self._labelled
        ]
        return [gr.update(**change) for change in changes]
