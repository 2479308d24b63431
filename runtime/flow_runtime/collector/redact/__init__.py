"""Takes out of a record what must not be stored: by name, by pattern, by size. Only `policy` reads a file.

`policy` says what to look for, `patterns` where it is in a text, `line` puts both to one line of the spool.
"""
