"""What a secret looks like in a text: pure, for whoever must not keep or show one. Begin at `find`."""
