"""Lines, sentences, language, search terms, names and quantities of a text, and the words that these are known by."""
