"""How keys, tokens and private keys look that have a text of their own."""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """How a key looks: a text that is in each, the whole (group 1 is the key), what only a real one has."""

    hint: str
    regex: re.Pattern[str]
    check: Callable[[str], bool] = lambda _: True


def _form(hint: str, pattern: str, check: Callable[[str], bool] = lambda _: True) -> Form:
    return Form(hint, re.compile(pattern), check)


def mixed(key: str) -> bool:
    """Random letters and digits, and no word, path or hash."""
    return bool(re.search("[0-9]", key)) and bool(re.search("[A-Z]", key)) and bool(re.search("[a-z]", key))


def _random(key: str) -> bool:
    """A stretch that no name of a style or a locale has."""
    return any(re.search("[0-9]", part) for part in re.findall("[A-Za-z0-9]{16,}", key))


def _slack(key: str) -> bool:
    """The number of a workspace, or a random stretch; `xoxo-hugs-and-kisses` has neither."""
    return bool(re.search("[0-9]{6}|[A-Za-z0-9]{20}", key))


_W = r"[A-Za-z0-9_\-]"
FORMS = (
    _form(
        "-----BEGIN",
        r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s:,\-\0]*+)",
    ),
    _form("IA", r"((?:AKIA|ASIA|ABIA)[A-Z2-7]{16})"),
    _form("AIza", rf"(AIza{_W}{{33,}}+)"),
    _form("ya29.", r"(ya29\.[A-Za-z0-9_.\-]{20,}+)"),
    _form("GOCSPX-", rf"(GOCSPX-{_W}{{28}})"),
    _form("sk-", rf"(sk-{_W}{{20,}}+)", _random),
    _form("gh", r"(gh[pousr]_[A-Za-z0-9]{36,}+)"),
    _form("github_pat_", r"(github_pat_[A-Za-z0-9_]{22,}+)"),
    _form("glpat-", rf"(glpat-{_W}{{20,}}+)"),
    _form("xox", r"(xox[abeoprs]-[A-Za-z0-9\-]{15,}+)", _slack),
    _form("xapp-", r"(xapp-[A-Za-z0-9\-]{15,}+)"),
    _form("hooks.slack.com/services/", r"(hooks\.slack\.com/services/[A-Za-z0-9/]{20,}+)"),
    _form("k_live_", r"([rs]k_live_[A-Za-z0-9]{12,}+)"),
    _form("k_test_", r"([rs]k_test_[A-Za-z0-9]{12,}+)"),
    _form("whsec_", r"(whsec_[A-Za-z0-9+/=]{24,}+)"),
    _form("gsk_", r"(gsk_[A-Za-z0-9]{40,}+)"),
    _form("xai-", r"(xai-[A-Za-z0-9]{40,}+)"),
    _form("dapi", r"(dapi[0-9a-f]{32})"),
    _form("dop_v1_", r"(dop_v1_[0-9a-f]{64})"),
    _form("shp", r"(shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32})"),
    _form("hf_", r"(hf_[A-Za-z0-9]{30,}+)"),
    _form("npm_", r"(npm_[A-Za-z0-9]{36})"),
    _form("pypi-", rf"(pypi-AgE{_W}{{50,}}+)"),
    _form("SG.", rf"(SG\.{_W}{{16,}}+\.{_W}{{40,}}+)"),
    _form("JQQJ9", r"([A-Za-z0-9]{52}JQQJ9[9D][A-Za-z0-9]{26})"),
    _form("Q~", r"([A-Za-z0-9_~.\-]{3}[0-9]Q~[A-Za-z0-9_~.\-]{31,34})"),
    _form("==", r"(?<![A-Za-z0-9+/])(?<!sha512-)([A-Za-z0-9+/]{86}==)", mixed),
    _form("sig=", r"[?&;]sig=([A-Za-z0-9%+/=_\-]{40,}+)"),
    _form("://", r"://[^\s/:@?#\"'<>]*+:([^\s/?#\"'<>]{3,})@"),
    _form("earer", r"[Bb]earer[ :]{1,3}([A-Za-z0-9._~+/\-]{20,}+=*+)"),
)
"""Amazon, Google, OpenAI and its like, GitHub, GitLab, Slack, Stripe, Groq, xAI, Databricks, DigitalOcean,
Shopify, Hugging Face, npm, PyPI, SendGrid, Azure (but no `sha512-` of a script), passwords in URLs."""
MARKS = (b"-----BEGIN", b"://")
"""Texts of forms that need no long run of letters and digits."""
