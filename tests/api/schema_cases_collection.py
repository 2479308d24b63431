"""The `collection` of a FlowDeployment: what the API server must accept, and what it must refuse."""

from tests.api.schema_case import REMOVED, Invalid, Valid
from tests.api.schema_cases_fd import bad, ok

VALID: tuple[Valid, ...] = (
    ok("nothing is collected", spec__collection=REMOVED),
    ok("collection that is switched off needs no store", spec__collection={"enabled": False}),
    ok("a spool on disk", spec__collection__spool={"medium": "Disk", "sizeMiB": 4096}),
    ok(
        "the largest segments",
        spec__collection__spool={"sizeMiB": 320, "segmentMiB": 64, "segmentSeconds": 3600},
    ),
    ok("the smallest segments", spec__collection__spool={"segmentMiB": 1, "segmentSeconds": 1}),
    ok("a small spool and segments of no wanted size", spec__collection__spool={"sizeMiB": 16}),
    ok("a sample of failures only", spec__collection__samplingPercent=0),
    ok("images that are kept", spec__collection__images="Keep"),
    ok("patterns without a hash key", spec__collection__redact={"patterns": ["email", "cloudKey"]}),
    ok(
        "keys and paths of each action",
        spec__collection__redact={
            "keys": [
                {"name": "api-key", "action": "Drop"},
                {"name": "inputs.customer.name", "action": "Mask"},
                {"name": "user.id", "action": "Hash"},
            ],
            "hashKeySecretRef": {"name": "pepper"},
        },
    ),
    ok(
        "a user by an input",
        spec__collection__user="inputs.customer.id",
        spec__collection__redact={"hashKeySecretRef": {"name": "pepper"}},
    ),
    ok("no user", spec__collection__user=""),
    ok("records that are kept for a day", spec__collection__retentionDays=1),
    ok(
        "ten years to try",
        spec__collection__retentionDays=3650,
        spec__collection__retentionDryRun=True,
    ),
    ok(
        "records that get too old although none are added",
        spec__collection={"enabled": False, "store": {"url": "s3://records"}, "retentionDays": 30},
    ),
)

COLLECTION = {"store": {"url": "s3://records/team-a"}}
HASHED = {"hashKeySecretRef": {"name": "pepper"}}

INVALID: tuple[Invalid, ...] = (
    *(
        bad(f"{field} of {value}", f"spec.{field}", value, words, f"spec.{field}#{keyword}")
        for field, value, keyword, words in (
            ("collection.spool.sizeMiB", 15, "minimum", "greater than or equal to 16"),
            ("collection.spool.sizeMiB", 4097, "maximum", "less than or equal to 4096"),
            ("collection.spool.medium", "Tape", "enum", 'supported values: "Memory", "Disk"'),
            ("collection.spool.segmentMiB", 0, "minimum", "greater than or equal to 1"),
            ("collection.spool.segmentSeconds", 0, "minimum", "greater than or equal to 1"),
            ("collection.spool.segmentSeconds", 3601, "maximum", "less than or equal to 3600"),
        )
    ),
    bad(
        "segments of which no five go into the spool",
        "spec.collection.spool",
        {"sizeMiB": 64, "segmentMiB": 13},
        "segmentMiB must be at most a fifth of sizeMiB",
        "spec.collection.spool#rule",
    ),
    bad(
        "segments of more than 64 MiB",
        "spec.collection.spool",
        {"sizeMiB": 4096, "segmentMiB": 65},
        "less than or equal to 64",
        "spec.collection.spool.segmentMiB#maximum",
    ),
    bad(
        "collection without a store",
        "spec.collection.store",
        REMOVED,
        "store must be set while collection is enabled",
        "spec.collection#rule",
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
    *(
        bad(f"{field} of {value}", f"spec.{field}", value, words, f"spec.{field}#{keyword}")
        for field, value, keyword, words in (
            ("collection.samplingPercent", -1, "minimum", "greater than or equal to 0"),
            ("collection.samplingPercent", 101, "maximum", "less than or equal to 100"),
            ("collection.images", "Hide", "enum", 'supported values: "Digest", "Keep"'),
            ("collection.retentionDays", 0, "minimum", "greater than or equal to 1"),
            ("collection.retentionDays", 3651, "maximum", "less than or equal to 3650"),
        )
    ),
    *(
        bad(
            f"a user that is {why}",
            "spec.collection",
            COLLECTION | {"user": user, "redact": HASHED},
            "user must be the name of a header",
            "spec.collection.user#rule",
            field="spec.collection.user",
        )
        for why, user in (("an output", "outputs.name"), ("no path", "inputs..id"), ("two words", "user id"))
    ),
    bad(
        "a user without a key for its hash",
        "spec.collection.user",
        "x-user-id",
        "user is kept as a keyed hash only: redact.hashKeySecretRef must name a Secret",
        "spec.collection#rule",
        field="spec.collection.redact",
    ),
    bad(
        "a dry run of no number of days",
        "spec.collection.retentionDryRun",
        True,
        "retentionDays must be set where retentionDryRun is",
        "spec.collection#rule",
        field="spec.collection.retentionDays",
    ),
    bad(
        "days for records of no store",
        "spec.collection",
        {"enabled": False, "retentionDays": 30},
        "store must be set where retentionDays is",
        "spec.collection#rule",
        field="spec.collection.store",
    ),
    bad(
        "a hash without its key",
        "spec.collection.redact",
        {"keys": [{"name": "id", "action": "Hash"}]},
        "the action Hash needs a key: redact.hashKeySecretRef must name a Secret",
        "spec.collection.redact#rule",
        field="spec.collection.redact.keys",
    ),
    bad(
        "a pattern that nobody knows",
        "spec.collection.redact",
        {"patterns": ["faces"]},
        'supported values: "email", "phone"',
        "spec.collection.redact.patterns[]#enum",
        field="spec.collection.redact.patterns[0]",
    ),
    bad(
        "a pattern twice",
        "spec.collection.redact",
        {"patterns": ["email", "email"]},
        "Duplicate value",
        "spec.collection.redact.patterns#unique",
        field="spec.collection.redact.patterns[1]",
    ),
    *(
        bad(
            f"a key {why}",
            "spec.collection.redact",
            {"keys": [{"name": name, "action": action}]},
            words,
            f"spec.collection.redact.keys[].{guard}",
            field=f"spec.collection.redact.keys[0].{guard.partition('#')[0]}",
        )
        for why, name, action, words, guard in (
            (
                "with an action that nobody knows",
                "a",
                "Burn",
                'supported values: "Drop", "Mask"',
                "action#enum",
            ),
            ("without a letter", "_ -", "Drop", "name must have a letter or a digit", "name#rule"),
            ("with half a path", "inputs.a..b", "Drop", "it must be one", "name#rule"),
            ("with too long a name", "a" * 257, "Drop", "Too long", "name#maxLength"),
        )
    ),
    bad(
        "two actions for one key",
        "spec.collection.redact",
        {"keys": [{"name": "a", "action": "Drop"}, {"name": "a", "action": "Mask"}]},
        "Duplicate value",
        "spec.collection.redact.keys#unique",
        field="spec.collection.redact.keys[1]",
    ),
    bad(
        "65 keys",
        "spec.collection.redact",
        {"keys": [{"name": f"a{n}", "action": "Drop"} for n in range(65)]},
        "must have at most 64 items",
        "spec.collection.redact.keys#maxItems",
        field="spec.collection.redact.keys",
    ),
)
