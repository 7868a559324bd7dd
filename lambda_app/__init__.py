"""The inference function."""

import os

# A start would look through every installed package for plugins of pydantic; the function has none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
