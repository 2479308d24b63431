"""The two kinds of failure: what goes away by itself, and what needs somebody to change something.

The class is chosen where the error is raised; nobody looks at codes later.
"""


class Temporary(Exception):  # noqa: N818 - named for what it is, as kopf and the standard library's Timeout do
    """Trying again later may succeed: the work queue retries with back-off."""


class Permanent(Exception):  # noqa: N818
    """Trying again changes nothing until a person does: it becomes a condition."""


class Unavailable(Temporary):
    """The API server could not be reached, was busy, or had a newer version of the object."""


class Refused(Permanent):
    """The API server understood and said no: rights, a quota, an admission policy, an invalid object."""


class InvalidSettings(Permanent):
    """The operator's own environment is wrong; the message names the variable."""
