"""What stands on the window's components, in the language that the reader chose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from gradio.components import Component

    from ui.texts import Words

AnyComponent = TypeVar("AnyComponent", bound="Component")
InterfaceLanguage = Literal["zh", "en"]


def in_language(words: Words, language: str) -> str:
    """The words in one of the two languages."""
    return words.chinese if language == "zh" else words.english


class Labels:
    """Components and the words on them; HTML needs none of this, it holds both languages (`rendering.both`)."""

    def __init__(self) -> None:
        self._labelled: list[tuple[Component, dict[str, Words]]] = []

    def on(self, component: AnyComponent, **words: Words) -> AnyComponent:
        """Remembers which words are to stand on a component, by the name of its property, and gives the component back."""
        self._labelled.append((component, words))
        return component

    @property
    def components(self) -> list[Component]:
        """The components, in the order of `updates`."""
        return [component for component, _ in self._labelled]

    def updates(self, language: str) -> list[dict[str, Any]]:
        """What changes on each component."""
        import gradio as gr

        return [
            gr.update(**{name: in_language(word, language) for name, word in words.items()}) for _, words in self._labelled
        ]
