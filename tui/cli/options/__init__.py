"""The parser of every command, the options that several share, and what is asked for by them."""
