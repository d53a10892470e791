"""Makes the bundled weights from open data."""
