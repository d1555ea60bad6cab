"""The doctor: what is wrong with the passes at hand, or with the training that runs."""
