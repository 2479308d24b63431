"""An Entra token of the environment: a variable, or a file that something beside us keeps fresh."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

VARIABLE, FILE_VARIABLE = "AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_AD_TOKEN_FILE"


def environment_token(environ: Mapping[str, str]) -> str:
    """Give the token, or an empty text.

    The file goes first: a token lives an hour, and a variable cannot change.
    """
    path = environ.get(FILE_VARIABLE)
    if path:
        try:
            found = Path(path).stat()
            return _read(path, found.st_ino, found.st_mtime_ns, found.st_size)
        except (OSError, UnicodeDecodeError):
            pass  # what is said of a token that is missing names the file's variable, too
    return environ.get(VARIABLE, "")


@lru_cache(maxsize=4)
def _read(path: str, *_version: int) -> str:
    return Path(path).read_text(encoding="utf-8").strip()
