"""What leaves the program: words of messages, and files that are written whole or not at all."""
