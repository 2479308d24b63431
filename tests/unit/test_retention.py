"""What retention deletes, and above all what it never does."""

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow_runtime.contracts.retention import RetentionSettings, RetentionSummary
from flow_runtime.contracts.settings import Identity, StoreSettings
from flow_runtime.retention.__main__ import run
from flow_runtime.retention.plan import day_of, plan
from flow_runtime.store import Store
from flow_runtime.store.keys import EVALUATION_FILES, evaluation_key, feedback_key, segment_key
from flow_runtime.store.listing import Entry

BOT = Identity(cluster="prod", namespace="shop", deployment="bot")
PREFIX = "prod/shop/bot"
NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)

PLACES = (f"{PREFIX}/records/date=", f"{PREFIX}/feedback/date=", f"{PREFIX}/evaluations/")
OWNERS = (
    BOT,
    Identity(cluster="prod", namespace="shop", deployment="bot-2"),
    Identity(cluster="prod", namespace="shop", deployment="records"),
    Identity(cluster="prod", namespace="bot", deployment="bot"),
    Identity(cluster="x", namespace="shop", deployment="bot"),
)
MOMENTS = st.integers(0, 60 * 24 * 60).map(lambda minutes: BEFORE + timedelta(minutes=minutes - 30 * 24 * 60))


def _key(who: Identity, when: datetime, kind: int) -> str:
    """One of the names that we write."""
    if kind == 0:
        return str(segment_key(who, when, "pod", 7, 12))
    if kind == 1:
        return str(feedback_key(who, when.astimezone(timezone(timedelta(hours=-9))), "pod", 7, 12))
    return evaluation_key(who, "weekly", "weekly-29384756-1a2b", EVALUATION_FILES[kind - 2])


def _spoilt(key: str, place: int, text: str) -> str:
    place %= len(key) + 1
    return key[:place] + text + key[place:]


OURS = st.builds(_key, st.sampled_from([BOT, *OWNERS]), MOMENTS, st.integers(0, 1 + len(EVALUATION_FILES)))
ODD = st.sampled_from(["/", "..", "../", "/x/", "٣", "0", " ", "\n", "#", "a"])
SPOILT = st.builds(_spoilt, OURS, st.integers(0, 200), ODD)
NAMES = st.one_of(OURS, SPOILT, st.text(max_size=20), OURS.map(lambda key: f"{PREFIX}/{key}"))


def _hour_of(key: str) -> datetime:
    date, hour = key.split("/date=")[1].split("/hour=")
    return datetime.fromisoformat(f"{date}T{hour[:2]}:00:00+00:00")


@given(NAMES, MOMENTS, MOMENTS, st.booleans())
def test_nothing_outside_the_deployments_prefix_and_nothing_younger_goes(
    name: str, modified: datetime, before: datetime, linked: bool
) -> None:
    for key in plan([Entry(name, modified, linked)], PREFIX, before).delete:
        assert not linked
        assert key.startswith(PLACES)
        assert key.isascii()
        assert key.isprintable()
        assert not {"", ".", ".."} & set(key.split("/"))
        assert len(key.split("/")) == (6 if "/evaluations/" in key else 7)
        if "/evaluations/" in key:
            assert modified < before
        else:
            assert _hour_of(key) + timedelta(hours=1) <= before


@given(OURS, MOMENTS, MOMENTS)
def test_all_that_is_ours_and_old_goes_and_is_counted(key: str, modified: datetime, before: datetime) -> None:
    found = plan([Entry(key, modified)], PREFIX, before)
    dated, mine = "/date=" in key, key.startswith(f"{PREFIX}/")
    old = _hour_of(key) + timedelta(hours=1) <= before if dated else modified < before
    assert found.delete == ((key,) if mine and old else ())
    assert found.rows == (12 if mine and old and dated else 0)
    assert found.foreign == int(not mine)
    assert found.oldest == (_hour_of(key) if mine and dated and not old else None)


@pytest.mark.parametrize(
    ("sealed", "goes"),
    [
        ("2026-10-24T00:59:59+00:00", True),
        ("2026-10-24T01:30:00+00:00", True),
        ("2026-10-24T02:00:00+00:00", False),
        ("2026-10-23T23:59:59+00:00", True),
        # The same moments elsewhere: the partition is UTC's.
        ("2026-10-24T10:59:00+09:00", True),
        ("2026-10-24T11:00:00+09:00", False),
    ],
)
def test_an_hour_goes_when_all_of_it_is_older(sealed: str, goes: bool) -> None:
    key = str(segment_key(BOT, datetime.fromisoformat(sealed), "pod", 1, 1))
    assert plan([Entry(key, NOW)], PREFIX, BEFORE).delete == ((key,) if goes else ())


@pytest.mark.parametrize(
    "name",
    ["date=2026-1-2", "date=2026-11-31", "date=2026-11-22 ", "date=", "2026-11-22", "Date=2026-11-22", "x"],
)
def test_a_folder_that_is_no_day_is_none(name: str) -> None:
    assert day_of(name) is None
    assert day_of("date=2026-11-22") == datetime(2026, 11, 22, tzinfo=UTC)


class Bucket:
    """A file store with something of every kind in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = StoreSettings(url=folder.as_uri())
        self.now = datetime.now(UTC)

    def put(self, key: str, *, days_ago: float = 0) -> str:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        then = (self.now - timedelta(days=days_ago)).timestamp()
        os.utime(path, (then, then))
        return key

    def records(self, days_ago: float, rows: int = 3, who: Identity = BOT) -> str:
        return self.put(str(segment_key(who, self.now - timedelta(days=days_ago), "pod", 1, rows)))

    def names(self) -> set[str]:
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)) for path in found} - {f"{PREFIX}/retention/clock"}

    async def run(self, *, dry_run: bool = False, now: datetime | None = None) -> RetentionSummary:
        settings = RetentionSettings(identity=BOT, store=self.settings, days=30, dry_run=dry_run)
        return await run(settings, now or datetime.now(UTC))


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket(tmp_path / "store")


async def test_what_is_too_old_goes_and_all_else_stays(bucket: Bucket) -> None:
    moment = bucket.now - timedelta(days=40)
    bucket.records(31)
    bucket.records(400, rows=5)
    bucket.put(str(feedback_key(BOT, moment, "pod", 1, 2)))
    bucket.put(evaluation_key(BOT, "weekly", "weekly-1", "report.json"), days_ago=31)
    stays = {
        bucket.records(29),
        bucket.put(evaluation_key(BOT, "weekly", "weekly-2", "report.json"), days_ago=29),
        bucket.records(400, who=Identity(cluster="prod", namespace="shop", deployment="bot-2")),
        bucket.put(f"{PREFIX}/records/date=2020-01-01/hour=00/notes.txt", days_ago=400),
        bucket.put(f"{PREFIX}/records/backup/a.jsonl.gz", days_ago=400),
        bucket.put(f"{PREFIX}/README", days_ago=400),
    }
    dry = await bucket.run(dry_run=True)
    assert len(bucket.names()) == len(stays) + 4
    done = await bucket.run()
    assert bucket.names() == stays
    assert (done.objects, done.rows, done.foreign, done.problem) == (4, 10, 2, "")
    assert (dry.objects, dry.rows, dry.foreign, dry.oldest) == (4, 10, 2, done.oldest)
    assert done.oldest is not None
    assert timedelta(days=29) <= bucket.now - done.oldest < timedelta(days=30, hours=1)
    assert (await bucket.run()).objects == 0


async def test_the_empty_folders_of_a_file_store_go_too(bucket: Bucket) -> None:
    key = bucket.records(50)
    bucket.records(1)
    await bucket.run()
    assert not (bucket.folder / key).parent.parent.exists()
    assert (bucket.folder / PREFIX / "records").exists()


async def test_what_a_killed_writer_left_of_an_object_goes_with_it(bucket: Bucket) -> None:
    key = bucket.records(50)
    stays = {bucket.put(f"{PREFIX}/note#1"), bucket.records(1)}
    for number in (1, 2):  # as the file store calls what it has not yet renamed
        bucket.put(f"{key}#{number}")
    await bucket.run()
    assert bucket.names() == stays


async def test_an_empty_store_is_no_failure(bucket: Bucket) -> None:
    done = await bucket.run()
    assert (done.problem, done.objects, done.oldest) == ("", 0, None)


async def test_a_symbolic_link_leads_to_nothing_that_goes(bucket: Bucket) -> None:
    other = bucket.records(50, who=Identity(cluster="prod", namespace="shop", deployment="bot-2"))
    old = bucket.records(45)
    day = (bucket.folder / other).parent.parent
    (bucket.folder / PREFIX / "records" / day.name).symlink_to(day)
    link = bucket.folder / old.replace("pod-", "link-")
    link.symlink_to(bucket.folder / other)
    done = await bucket.run()
    assert (bucket.folder / other).exists()
    assert link.is_symlink()
    assert (done.objects, done.foreign) == (1, 2)


@pytest.mark.parametrize("years", [-3, 5])
async def test_a_clock_that_the_store_does_not_share_deletes_nothing(bucket: Bucket, years: int) -> None:
    before = {bucket.records(1), bucket.records(31), bucket.records(5000)}
    done = await bucket.run(now=bucket.now + timedelta(days=365 * years))
    assert done.problem == "ClockImplausible"
    assert "the store's" in done.message
    assert bucket.names() == before


async def test_a_leap_of_all_clocks_is_told_before_anything_goes(bucket: Bucket) -> None:
    bucket.put(f"{PREFIX}/retention/clock", days_ago=8)
    old = bucket.records(31)
    done = await bucket.run()
    assert done.problem == "ClockImplausible"
    assert "the last run was 8 days ago" in done.message
    assert bucket.names() == {old}
    assert (await bucket.run()).objects == 1


async def test_a_store_that_cannot_be_used_is_told_without_advice_on_rights(
    bucket: Bucket, tmp_path: Path
) -> None:
    (tmp_path / "store").write_text("a file where the folder should be")
    done = await bucket.run()
    assert done.problem == "StoreRefused"
    assert "File exists" in done.message
    assert "DeleteObject" not in done.message


async def test_two_runs_at_once_do_not_disturb_each_other(bucket: Bucket) -> None:
    keys = [str(segment_key(BOT, bucket.now - timedelta(days=40), "pod", n, 1)) for n in range(1, 30)]
    for key in keys:
        bucket.put(key)
    store = Store.open(bucket.settings)
    await store.delete(keys[5:9])
    await store.delete(keys)
    assert bucket.names() == set()
