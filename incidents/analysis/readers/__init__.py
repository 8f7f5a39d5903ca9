"""Messages to typed facts, one module per writer of lines."""
