"""Pictures of many steps: what is drawn of each is drawn elsewhere, here they begin to move."""
