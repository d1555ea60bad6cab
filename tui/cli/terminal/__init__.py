"""What commands say in a terminal, and how they end, whatever they do."""
