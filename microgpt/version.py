"""The version, read by the build, by `--version` and by run files."""

__version__ = "0.1.0"
