"""What lies over a mode for a moment: questions, and the help. They decide nothing."""
