"""Sources of a flow that the API server must accept, and ones that it must refuse."""

from typing import Any

from tests.api.schema_case import Invalid, Valid

DIGEST = "sha256:" + "0123456789abcdef" * 4
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHA256 = "0123456789abcdef" * 4
GIT = {"url": "https://git.example.com/team/flows.git", "commit": COMMIT}
STORE = {"url": "s3://flows/team/bot.tar.gz", "sha256": SHA256}


def ok(says: str, **flow: Any) -> Valid:
    return Valid(says, "FlowDeployment", {"spec.flow": flow})


def bad(says: str, words: str, guard: str, field: str = "", **flow: Any) -> Invalid:
    """Refused by `guard`, a field of a source and its keyword (`git.url#rule`)."""
    place = f"spec.flow.{guard}".replace(".#", "#")
    return Invalid(says, "FlowDeployment", {"spec.flow": flow}, field or place.split("#")[0], words, (place,))


VALID = (
    ok("an OCI artifact", oci={"reference": f"registry.example.com:5000/flows/bot@{DIGEST}"}),
    ok("a repository", git=GIT),
    ok(
        "a folder of a private repository",
        git=GIT | {"path": ".flows/support-bot.v2", "secretRef": {"name": "git"}},
    ),
    *(
        ok(f"a repository {why}", git=GIT | {"url": url})
        for why, url in (
            ("on a port", "https://git.example.com:8443/team/flows"),
            ("inside the cluster", "http://gitea.tools.svc/team/flows.git"),
            ("by its address", "http://[fd00::1]:3000/team/flows/"),
            ("whose name has a space", "https://dev.example.com/org/my%20project/_git/flows"),
        )
    ),
    ok("an archive", objectStore=STORE),
    ok(
        "an archive with credentials",
        objectStore=STORE | {"url": "s3://flows/bot-1.2+build.tgz", "secretRef": {"name": "flows"}},
    ),
)

INVALID = (
    *(
        bad(
            "two sources",
            "flow must have exactly one source",
            "#rule",
            **{one: given, "configMap": {"name": "a"}},
        )
        for one, given in (
            ("oci", {"reference": f"flows@{DIGEST}"}),
            ("git", GIT),
            ("objectStore", STORE),
        )
    ),
    bad(
        "an artifact by its tag",
        "reference must be pinned by digest",
        "oci.reference#rule",
        oci={"reference": "registry.example.com/flows/bot:v1"},
    ),
    *(
        bad(
            f"a repository {why}",
            "url must be https://host/repository",
            "git.url#rule",
            git=GIT | {"url": url},
        )
        for why, url in (
            ("with a password in it", "https://me:secret@git.example.com/team/flows.git"),
            ("with a user in it", "https://token@git.example.com/team/flows.git"),
            ("over ssh", "ssh://git@git.example.com/team/flows.git"),
            ("as scp writes it", "git@git.example.com:team/flows.git"),
            ("on the pod's own disk", "file:///flow"),
            ("with a query", "https://git.example.com/team/flows.git?token=secret"),
            ("without a name", "https://git.example.com"),
        )
    ),
    bad(
        "a very long address",
        "may not be more than 512",
        "git.url#maxLength",
        git=GIT | {"url": "https://git.example.com/" + "a" * 512},
    ),
    *(
        bad(f"a commit {why}", "commit must be the whole id", "git.commit#rule", git=GIT | {"commit": commit})
        for why, commit in (
            ("that is a branch", "main"),
            ("that is cut short", COMMIT[:12]),
            ("in upper case", COMMIT.upper()),
        )
    ),
    *(
        bad(
            f"a folder {why}",
            "path must be a folder in the repository",
            "git.path#rule",
            git=GIT | {"path": path},
        )
        for why, path in (
            ("that climbs", "flows/../.."),
            ("that is absolute", "/flows"),
            ("that ends in a slash", "flows/"),
        )
    ),
    *(
        bad(
            f"an archive {why}",
            "url must be s3://bucket/name.tar.gz",
            "objectStore.url#rule",
            objectStore=STORE | {"url": url},
        )
        for why, url in (
            ("that is a folder", "s3://flows/bot"),
            ("that climbs", "s3://flows/../bot.tar.gz"),
            ("with a key in it", "s3://key:secret@flows/bot.tar.gz"),
            ("on the pod's own disk", "file:///flow/bot.tar.gz"),
            ("that is a zip", "s3://flows/bot.zip"),
        )
    ),
    bad(
        "an archive with a short digest",
        "sha256 must be the SHA-256",
        "objectStore.sha256#rule",
        objectStore=STORE | {"sha256": SHA256[:12]},
    ),
    bad(
        "an archive without a digest",
        "Required value",
        "objectStore#required",
        field="spec.flow.objectStore.sha256",
        objectStore={"url": STORE["url"]},
    ),
    bad(
        "a repository without a commit",
        "Required value",
        "git#required",
        field="spec.flow.git.commit",
        git={"url": GIT["url"]},
    ),
)
