"""The modes, one a file: screens that show a frame of the run each in their own way."""
