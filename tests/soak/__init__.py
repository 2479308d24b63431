"""The server under load for minutes: whether anything grows, fails or gets lost (`make soak`)."""
