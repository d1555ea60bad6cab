"""What README.md and docs/*.md say can be typed is typed, and prints what they show."""
