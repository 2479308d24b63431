"""Takes sealed segments from the spool to the store; it never talks to the server."""
