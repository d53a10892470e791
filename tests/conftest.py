"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("yinju", deadline=None, database=None)
settings.load_profile("yinju")
