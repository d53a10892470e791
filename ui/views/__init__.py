"""Parts of the chat page as HTML. Pure functions. Texts from a document, a question or a model are escaped."""
