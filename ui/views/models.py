"""The choice of a language model among those of this computer."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from rag.language_models import generators
from ui import texts
from ui.rendering import both, size_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.language_models.finding import FoundModel


def models(found: Sequence[FoundModel], name: str, model: str) -> str:
    """Lists language models with their size, licence and languages, and a button to try and use each.

    Args:
        found: The models of this computer.
        name: The name of the one in use, as `Settings.generator` takes it; empty for none.
        model: The name of its server's model.
    """
    current = next((each for each in found if _is(each, name, model)), None)
    rows = _row("", "", both(texts.NO_MODEL), "", in_use=not name)
    rows += "".join(_row(each.name, each.model, escape(each.title), _facts(each), in_use=each is current) for each in found)
    nothing = "" if found else f'<p class="note">{both(texts.NO_MODELS_HERE)}</p>'
    again = f'<button type="button" data-event="input">{both(texts.LOOK_AGAIN)}</button>'
    return f'<p class="models-head"><b>{both(texts.MODELS_HERE)}</b>{again}</p><ul>{rows}</ul>{nothing}'


def looking() -> str:
    """Says that models are being looked for."""
    return f'<p class="note" role="status">{both(texts.LOOKING)}</p>'


def _is(found: FoundModel, name: str, model: str) -> bool:
    # A server that has one model need not be asked for it by name.
    return found.name == name and (found.model == model or not model)


def _facts(found: FoundModel) -> str:
    address = escape(found.name) if generators.is_server(found.name) else ""
    languages = " / ".join(both(texts.LANGUAGES[language]) for language in found.languages)
    facts = (
        both(texts.MODEL_PLACES[found.place]),
        address,
        size_of(found.size) if found.size else "",
        escape(found.licence) or both(texts.LICENCE_UNKNOWN),
        languages,
    )
    return f'<p class="place">{" · ".join(filter(None, facts))}</p>'


def _row(name: str, model: str, title: str, facts: str, *, in_use: bool) -> str:
    use = (
        f'<span class="in-use">{both(texts.IN_USE)}</span>'
        if in_use
        else f'<button type="button" data-event="select" data-name="{escape(name)}" data-model="{escape(model)}">{both(texts.USE)}</button>'
    )
    return f"<li{' aria-current=true' if in_use else ''}><div><h3>{title}</h3>{facts}</div>{use}</li>"
