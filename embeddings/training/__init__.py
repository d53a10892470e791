"""The recipe that makes the bundled weights, from open data to files."""
