"""A run as the screens need it: trained in a thread, read from its file, shown in frozen frames."""
