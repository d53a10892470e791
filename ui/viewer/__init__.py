"""Shows a whole document: its formatted text, or the pages of its file, with quotes marked."""
