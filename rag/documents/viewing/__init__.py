"""Shows documents: the structure of a stored text, and the pages of a PDF file with the places of quotes."""
