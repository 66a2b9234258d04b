"""A finished walk with a cursor, and the reasons for its numbers: why, paths, nudge."""
