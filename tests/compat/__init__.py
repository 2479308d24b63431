"""The oracle: our own flows, run by promptflow 1.18.5 and by this runtime, compared (`make compat`)."""
