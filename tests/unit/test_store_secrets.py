"""Secrets of the stores: the keys each provider needs, and what is said when one is missing or too much."""

import json
from pathlib import Path
from typing import Any

import pytest

from flow_runtime.contracts.store import Addressing, AzureSettings, S3Settings, StoreSettings
from flow_runtime.store import Store, StoreError
from flow_runtime.store.address import Address
from flow_runtime.store.s3 import open_s3

ACCOUNT = {"client_email": "a@b", "private_key": "hush-hush", "private_key_id": "1"}


def opened(folder: Path, url: str, **keys: str) -> Store:
    secret = folder / "secret"
    secret.mkdir()
    for key, value in keys.items():
        (secret / key.replace("__", ".")).write_text(value)
    return Store.open(StoreSettings(url=url, secret=secret, secret_name="records"))


@pytest.mark.parametrize(
    ("url", "keys", "words"),
    [
        ("az://c/p", {"account_name": "a"}, "no key 'account_key', or 'sas_token', or 'client_id' with"),
        ("az://c/p", {"account_key": "aHVzaC1odXNo"}, "add the key 'account_name'"),
        ("az://c/p", {"client_id": "hush-hush", "tenant_id": "t"}, "no key 'client_secret': add it"),
        (
            "az://c/p",
            {"account_key": "hush-hush", "sas_token": "s"},
            "'account_key' and 'sas_token', of which",
        ),
        ("gs://b/p", {}, "is missing or has no key 'service_account.json': add it"),
        ("gs://b/p", {"service_account__json": "hush-hush"}, "'service_account.json' is no JSON object"),
        ("gs://b/p", {"service_account__json": '{"private_key": "hush-hush"}'}, "no field 'client_email'"),
        ("gs://b/p", {"service_account__json": json.dumps(ACCOUNT)}, "cannot be used"),
        ("s3://b/p", {"access_key_id": "hush-hush"}, "no key 'secret_access_key': add it"),
        (
            "s3://b/p",
            {"access_key_id": "a", "secret_access_key": "hush-hush", "ca__crt": "no certificate"},
            "key 'ca.crt' holds no certificate",
        ),
    ],
)
def test_what_is_wrong_with_a_secret_is_said_with_its_key_and_without_its_values(
    tmp_path: Path, url: str, keys: dict[str, str], words: str
) -> None:
    with pytest.raises(StoreError) as caught:
        opened(tmp_path, url, **keys)
    assert words in str(caught.value)
    assert "hush-hush" not in str(caught.value)
    assert caught.value.reason in ("StoreSecretInvalid", "StoreRefused")


def test_each_way_to_show_who_asks_opens_an_azure_store(tmp_path: Path) -> None:
    ways: tuple[dict[str, str], ...] = (
        {"account_key": "aHVzaA=="},
        {"sas_token": "?sv=2022-11-02&sig=a%2Bb"},
        {"client_id": "c", "tenant_id": "t", "client_secret": "s"},
    )
    for number, way in enumerate(ways):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert opened(folder, "az://c/p", account_name="a", **way).url == "az://c/p"


@pytest.mark.parametrize(
    ("bucket", "settings", "endpoint", "virtual"),
    [
        ("records", S3Settings(), None, "true"),
        ("my.records", S3Settings(), None, None),
        ("records", S3Settings(addressing=Addressing.PATH), None, None),
        ("records", S3Settings(endpoint="https://s3.example.com"), "https://s3.example.com", None),
        (
            "records",
            S3Settings(endpoint="https://s3.example.com:9000", addressing=Addressing.VIRTUAL_HOSTED),
            "https://records.s3.example.com:9000",
            "true",
        ),
    ],
)
def test_the_bucket_is_in_the_path_or_in_the_host(
    bucket: str, settings: S3Settings, endpoint: str | None, virtual: str | None
) -> None:
    url = f"s3://{bucket}/a"
    secret = {"access_key_id": "a", "secret_access_key": "b"}
    store: Any = open_s3(Address.parse(url), StoreSettings(url=url, s3=settings), secret, 1).objects
    assert store.config.get("endpoint") == endpoint
    assert store.config.get("virtual_hosted_style_request") == virtual


def test_region_and_account_of_the_spec_win_over_those_of_the_secret(tmp_path: Path) -> None:
    secret = {"access_key_id": "a", "secret_access_key": "b", "region": "us-east-2"}
    s3 = S3Settings(region="eu-central-1")
    store: Any = open_s3(Address("s3", "b", ""), StoreSettings(url="s3://b", s3=s3), secret, 1).objects
    assert store.config["region"] == "eu-central-1"
    azure = AzureSettings(account="other")
    (tmp_path / "account_key").write_text("aHVzaA==")
    assert Store.open(StoreSettings(url="az://c", secret=tmp_path, azure=azure))


def test_a_volume_is_the_root_of_a_file_store_and_nothing_climbs_out_of_it(tmp_path: Path) -> None:
    Store.open(StoreSettings(url="file:///records/a", volume=tmp_path))
    assert (tmp_path / "records" / "a").is_dir()
    for url in ("file:///../a", "file:///a/%2e%2e/b"):
        with pytest.raises(StoreError, match="use s3://"):
            Store.open(StoreSettings(url=url, volume=tmp_path))
