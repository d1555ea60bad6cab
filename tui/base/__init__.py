"""What every app stands on: how it is run and left, its themes and help, what it exports."""
