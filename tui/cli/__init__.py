"""The command line. It prints what microgpt and viz compute, and never imports textual."""
