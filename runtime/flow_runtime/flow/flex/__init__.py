"""Flex flows: a Python function, or an object of a class, that is the whole flow."""
