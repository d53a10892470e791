"""Words that set things apart: ordinals, ranks of persons, kinds of documents, and words that exclude each other."""
