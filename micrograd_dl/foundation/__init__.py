"""What all other rooms stand on: numbers, words of messages, written terms, files, origins of nodes."""
