"""Runs the command line: `python -m rag.cli`."""

from rag.cli.app import main

if __name__ == "__main__":
    main()
