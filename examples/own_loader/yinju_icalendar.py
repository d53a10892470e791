"""Reads calendars in the iCalendar format (RFC 5545): one line of text for each event and task."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from rag import Document
from rag.documents.loaders import decode, document_id, rows_as_lines
from rag.errors import LoadError

# A name, parameters whose values may be quoted, and a value.
_PROPERTY = re.compile(r'([A-Za-z0-9-]+)((?:;(?:[^":]|"[^"]*")*+)?):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^";]*)')
_FOLD = re.compile(r"\r?\n[ \t]")
_ESCAPE = re.compile(r"\\([\\;,nN])")
_TIME = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_DURATION = re.compile(r"\+?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?")
_ENTRIES = ("VEVENT", "VTODO")
_HEADINGS = ("Title", "Start", "End", "Due", "Repeats", "Place", "Organiser", "Status", "Description")


class _Property(NamedTuple):
    name: str
    parameters: dict[str, str]
    value: str


class CalendarLoader:
    """Reads events and tasks in the order of the file, and leaves alarms and time zone rules out."""

    suffixes = (".ics",)

    def __call__(self, data: bytes, source: str) -> Document:
        lines = [line for line in re.split(r"\r?\n", _FOLD.sub("", decode(data, source))) if line.strip()]
        if not lines or lines[0].strip().upper() != "BEGIN:VCALENDAR":
            raise LoadError(f"{source}: this is not a calendar: it does not begin with BEGIN:VCALENDAR")
        properties = [_property(line, source) for line in lines]
        rows = [_row(entry) for entry in _entries(properties, source)]
        if not rows:
            raise LoadError(f"{source}: the calendar has no events or tasks")
        names = (_text(each.value) for each in properties if each.name == "X-WR-CALNAME")
        # Each entry is a paragraph, so that cleaning does not join it with the next.
        text = "\n\n".join(rows_as_lines([_HEADINGS, *rows]))
        return Document(document_id(source), next(filter(None, names), Path(source).stem), source, text)


def _property(line: str, source: str) -> _Property:
    match = _PROPERTY.fullmatch(line)
    if not match:
        raise LoadError(f"{source}: this is not a calendar, or it is damaged: {line[:40]!r} is not a property")
    parameters = {name.upper(): value.strip('"') for name, value in _PARAMETER.findall(match[2])}
    return _Property(match[1].upper(), parameters, match[3])


def _entries(properties: list[_Property], source: str) -> Iterator[dict[str, _Property]]:
    """Yields the properties of each event and task by name; what is nested in one, such as an alarm, is not part of it."""
    open_components: list[str] = []
    entry: dict[str, _Property] = {}
    for each in properties:
        if each.name == "BEGIN":
            open_components.append(each.value.strip().upper())
            entry = {} if open_components[-1] in _ENTRIES else entry
        elif each.name == "END":
            if open_components and open_components.pop() in _ENTRIES:
                yield entry
        elif open_components and open_components[-1] in _ENTRIES:
            entry.setdefault(each.name, each)
    if open_components:
        raise LoadError(f"{source}: the calendar is cut short: {open_components[-1]} does not end")


def _row(entry: dict[str, _Property]) -> list[str]:
    organiser = entry.get("ORGANIZER")
    values = {name: _text(entry[name].value) for name in ("SUMMARY", "LOCATION", "STATUS", "DESCRIPTION") if name in entry}
    return [
        values.get("SUMMARY", ""),
        _shown(entry.get("DTSTART")),
        _end(entry),
        _shown(entry.get("DUE")),
        entry["RRULE"].value if "RRULE" in entry else "",
        values.get("LOCATION", ""),
        (organiser.parameters.get("CN") or organiser.value.removeprefix("mailto:")) if organiser else "",
        values.get("STATUS", "").lower(),
        values.get("DESCRIPTION", ""),
    ]


def _text(value: str) -> str:
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value).strip()


def _moment(value: str) -> date | None:
    """Parses a day, or a day with a time; None if it is neither."""
    match = _TIME.fullmatch(value.strip())
    try:
        if match and match[2]:
            return datetime.strptime(match[1] + match[2], "%Y%m%d%H%M%S")
        return datetime.strptime(match[1], "%Y%m%d").date() if match else None
    except ValueError:
        return None


def _shown(when: _Property | None, moved: timedelta = timedelta()) -> str:
    """Returns a moment in ISO format with its time zone; one that cannot be read as it stands in the file."""
    if when is None:
        return ""
    moment = _moment(when.value)
    if moment is None:
        return when.value
    try:
        moment += moved
    except OverflowError:
        return when.value
    if not isinstance(moment, datetime):
        return moment.isoformat()
    zone = "UTC" if when.value.strip().endswith("Z") else when.parameters.get("TZID", "")
    return f"{moment:%Y-%m-%d %H:%M}" + (f" ({zone})" if zone else "")


def _end(entry: dict[str, _Property]) -> str:
    """Returns the end of an event. Days are shown with the last one included, unlike in the file."""
    start, end, duration = entry.get("DTSTART"), entry.get("DTEND"), entry.get("DURATION")
    whole_days = start is not None and type(_moment(start.value)) is date
    last_day = timedelta(days=-1 if whole_days else 0)
    if end:
        return _shown(end, last_day)
    match = _DURATION.fullmatch(duration.value.strip()) if duration else None
    if match is None:
        return ""
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return _shown(start, last_day + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds))
