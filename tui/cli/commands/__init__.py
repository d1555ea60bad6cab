"""The commands of `microgpt`, one a file; `COMMANDS` in `tui.cli.main` lists them."""
