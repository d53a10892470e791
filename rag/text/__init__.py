"""Text without documents: lines, sentences, language, search terms and quantities."""
