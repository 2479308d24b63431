"""The store on a folder, and what it says about wrong settings."""

from pathlib import Path

import pytest

from flow_runtime.contracts.settings import StoreSettings
from flow_runtime.store import ObjectMissingError, Store, StoreError, StoreRefusedError


def folder_store(folder: Path) -> Store:
    return Store.open(StoreSettings(url=folder.as_uri()))


def secret(folder: Path, **keys: str) -> Path:
    folder.mkdir()
    for key, value in keys.items():
        (folder / key).write_text(value)
    return folder


async def test_what_was_put_is_got_and_listed(tmp_path: Path) -> None:
    store = folder_store(tmp_path / "store")
    await store.put("a/records/date=2026-11-22/hour=17/p-00000001-2.jsonl.gz", b"one")
    await store.put("a/records/date=2026-11-22/hour=17/p-00000001-2.jsonl.gz", b"two")
    await store.put("a/records/date=2026-11-22/hour=18/p-00000002-2.jsonl.gz", b"")
    assert await store.list("a/records/date=2026-11-22/hour=17") == [
        "a/records/date=2026-11-22/hour=17/p-00000001-2.jsonl.gz"
    ]
    assert len(await store.list("a/records")) == 2
    assert await store.get("a/records/date=2026-11-22/hour=17/p-00000001-2.jsonl.gz") == b"two"


async def test_a_prefix_is_whole_path_segments(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    await store.put("team/bot-2/x", b"")
    assert await store.list("team/bot") == []


async def test_folders_are_those_right_below(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    await store.put("prod/shop/bot/records/x", b"")
    await store.put("prod/shop/other/records/x", b"")
    await store.put("prod/file", b"")
    assert await store.folders() == ("prod",)
    assert await store.folders("prod/shop") == ("bot", "other")
    assert await store.folders("nothing") == ()


async def test_put_if_absent_keeps_the_first(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    assert await store.put_if_absent("plan.json", b"first") is True
    assert await store.put_if_absent("plan.json", b"second") is False
    assert await store.get("plan.json") == b"first"


async def test_an_empty_place_lists_nothing(tmp_path: Path) -> None:
    assert await folder_store(tmp_path / "new").list("nothing/here") == []


async def test_a_missing_object_is_an_error_of_its_own_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ObjectMissingError, match=r"cannot get a/plan\.json at file://"):
        await folder_store(tmp_path).get("a/plan.json")


async def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    store = folder_store(tmp_path)
    (tmp_path / "a").write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="cannot put a/b"):
        await store.put("a/b", b"")


@pytest.mark.parametrize("missing", ["access_key_id", "secret_access_key"])
def test_a_key_that_the_secret_lacks_is_named(tmp_path: Path, missing: str) -> None:
    keys = {"access_key_id": "AK", "secret_access_key": "hush"}
    del keys[missing]
    folder = secret(tmp_path / "secret", **keys)
    with pytest.raises(StoreRefusedError, match=f"no key '{missing}'") as caught:
        Store.open(StoreSettings(url="s3://bucket/prefix", secret=folder))
    assert "hush" not in str(caught.value)


def test_an_empty_key_counts_as_missing(tmp_path: Path) -> None:
    folder = secret(tmp_path / "secret", access_key_id="AK", secret_access_key=" \n")
    with pytest.raises(StoreRefusedError, match="no key 'secret_access_key'"):
        Store.open(StoreSettings(url="s3://bucket", secret=folder))


def test_a_key_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = secret(tmp_path / "secret", access_key_id="AK")
    (folder / "secret_access_key").mkdir()
    with pytest.raises(StoreRefusedError, match="'secret_access_key' is unreadable"):
        Store.open(StoreSettings(url="s3://bucket", secret=folder))


@pytest.mark.parametrize("url", ["", "bucket", "s3://", "ftp://x/y", "file:relative", "file://", "http://x"])
def test_a_url_of_another_kind_is_refused_with_what_would_do(url: str) -> None:
    with pytest.raises(StoreRefusedError, match=r"s3://bucket/prefix|file:///folder"):
        Store.open(StoreSettings(url=url))


def test_a_slash_at_the_end_of_the_url_changes_nothing(tmp_path: Path) -> None:
    assert folder_store(tmp_path).url == Store.open(StoreSettings(url=tmp_path.as_uri() + "/")).url
