"""A caller's request id is kept if it is one, and no secret."""

import pytest

from flow_runtime.server.request_ids import sent_id, shown_id

USUAL = [
    b"7b0e1d0c-9c43-4f4e-8b56-1f1e2d3c4b5a",
    b"0192f0c1-7d4e-7abc-8def-0123456789ab",
    b"ba68dc81-97ca-4b16-ba58-658826e2bbd9",  # its first half would do for an IBAN, as of one in 8,000
    b"01JD3V9Z5T8W7Q2M4N6P0R1S3X",
    b"d41d8cd98f00b204e9800998ecf8427e",
    b"Root:1-67891233-abcdef012345678912345678",
    b"req_011CSHoEeqs5C35K2UUqR7Fy",
    b"order-2026-000123.retry:2",
    b"1862534123456789012",
    b"r-1",
    b"a" * 128,
]
SECRET = [
    b"jane@example.com",
    b"4111111111111111",
    b"4111-1111-1111-1111",
    b"DE89370400440532013000",
    b"AKIAIOSFODNN7EXAMPLE",
    b"sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12",
    b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    b"https://me:secret@host/",
    b"+493012345678",
]


@pytest.mark.parametrize("sent", USUAL)
def test_an_id_is_shown_as_it_came(sent: bytes) -> None:
    assert shown_id(sent) == sent.decode()


@pytest.mark.parametrize("sent", [*SECRET, b"", b"a" * 129, b"two words", b"a\nb", b"\xff", b'{"a":1}'])
def test_what_is_a_secret_or_no_id_is_not_shown(sent: bytes) -> None:
    assert shown_id(sent) is None


def test_it_is_taken_from_either_header() -> None:
    assert sent_id({b"x-ms-client-request-id": b"b"}) == b"b"
    assert sent_id({b"x-ms-client-request-id": b"b", b"x-request-id": b"a"}) == b"a"
    assert sent_id({}) == b""
