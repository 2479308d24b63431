"""The `collection` of a FlowDeployment: what the API server must accept, and what it must refuse."""

from tests.api.schema_case import REMOVED, Invalid, Valid
from tests.api.schema_cases_fd import bad, ok

VALID: tuple[Valid, ...] = (
    ok("nothing is collected", spec__collection=REMOVED),
    ok("collection that is switched off needs no store", spec__collection={"enabled": False}),
    ok(
        "a bucket without a prefix and without a Secret",
        spec__collection={"store": {"url": "s3://my.bucket-1"}},
    ),
    ok("a deep prefix", spec__collection__store__url="s3://records/a_b/c=d/e.f"),
    ok("a spool on disk", spec__collection__spool={"medium": "Disk", "sizeMiB": 4096}),
)

INVALID: tuple[Invalid, ...] = (
    *(
        bad(f"{field} of {value}", f"spec.{field}", value, words, f"spec.{field}#{keyword}")
        for field, value, keyword, words in (
            ("collection.spool.sizeMiB", 15, "minimum", "greater than or equal to 16"),
            ("collection.spool.sizeMiB", 4097, "maximum", "less than or equal to 4096"),
            ("collection.spool.medium", "Tape", "enum", 'supported values: "Memory", "Disk"'),
        )
    ),
    bad(
        "collection without a store",
        "spec.collection.store",
        REMOVED,
        "store must be set while collection is enabled",
        "spec.collection#rule",
    ),
    *(
        bad(
            f"a store {why}",
            "spec.collection.store.url",
            url,
            "url must be s3://bucket or s3://bucket/prefix",
            "spec.collection.store.url#rule",
        )
        for why, url in (
            ("on a web server", "https://example.com/records"),
            ("with credentials", "s3://key:secret@records"),
            ("that climbs", "s3://records/../others"),
            ("with a slash at the end", "s3://records/"),
        )
    ),
    bad(
        "a node that is captured twice",
        "spec.collection.captureNodes",
        ["fetch", "fetch"],
        "Duplicate value",
        "spec.collection.captureNodes#unique",
        field="spec.collection.captureNodes[1]",
    ),
    bad(
        "a captured node without a name",
        "spec.collection.captureNodes",
        [""],
        "at least 1 chars",
        "spec.collection.captureNodes[]#minLength",
        field="spec.collection.captureNodes[0]",
    ),
    bad(
        "21 captured nodes",
        "spec.collection.captureNodes",
        [f"n{n}" for n in range(21)],
        "must have at most 20 items",
        "spec.collection.captureNodes#maxItems",
    ),
)
