"""Two runs or two scripts on a screen: where they part, with their Maps and the difference."""
