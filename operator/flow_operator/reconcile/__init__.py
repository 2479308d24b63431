"""One function per kind that brings the cluster to what a resource says. No framework here: see `main`.

GET, parse, observe, describe (pure), apply what differs, prune, status once if it changed.
"""
