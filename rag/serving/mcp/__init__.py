"""The library as a server of the Model Context Protocol, for language models that use tools."""
