"""The front ends: the Textual app `microgpt-tui`, and the command line `microgpt` in `tui.cli`."""
