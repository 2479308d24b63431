"""Looks a lantern up by its number; what the tests ask about is made up from it."""

import re

from promptflow.core import tool


@tool
def fetch_docs(query: str) -> str:
    number = re.search(r"\d+", query)
    if number is None:
        return ""
    price = 10 + int(number[0])
    return f"[doc1] The lantern {number[0]} costs {price} dollars.\n\n[doc2] Lanterns are sent by post."
