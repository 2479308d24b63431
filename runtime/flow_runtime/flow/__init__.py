"""The promptflow dialect: read a flow, refuse what is wrong with it by name, and run it once per request.

Knows no HTTP and no record; LLMs are reached through a Protocol that the caller provides.
"""
