"""Prompty: a prompt with its model in front of it, as a flow of its own and as a function of user code."""
