"""Decides which requests a server accepts: host names, keys, rates, and the size of bodies."""
