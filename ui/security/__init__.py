"""Protects the window: host names and origins, uploaded files, attempts to sign in, and the size of requests."""

from rag.serving.access.hosts import LOOPBACK, AllowedHosts
from ui.security.guard import USER, Guard, Limits
from ui.security.sign_in import SignInDelays
from ui.security.uploads import Uploads, make_folder
from ui.security.visitors import owner_of

__all__ = ["LOOPBACK", "USER", "AllowedHosts", "Guard", "Limits", "SignInDelays", "Uploads", "make_folder", "owner_of"]
