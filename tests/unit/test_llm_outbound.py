"""Where a request to an LLM goes and by what right: URLs, proxies of the environment, Entra tokens."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from flow_runtime.llm.connection_types import AzureOpenAIConnection, OpenAIConnection, ServerlessConnection
from flow_runtime.llm.errors import ConnectionInvalid
from flow_runtime.llm.proxies import Proxies
from flow_runtime.llm.route import route_to

PROXY = "http://proxy:3128"
BASES = {
    "https://llm.example/v1": "https://llm.example/v1/chat/completions",
    "https://llm.example/v1/": "https://llm.example/v1/chat/completions",
    "http://vllm.models.svc:8000/v1": "http://vllm.models.svc:8000/v1/chat/completions",
    "http://[::1]:8000/v1": "http://[::1]:8000/v1/chat/completions",
    "https://gateway.example/teams/a/openai": "https://gateway.example/teams/a/openai/chat/completions",
    "https://r.openai.azure.com/openai/v1/": "https://r.openai.azure.com/openai/v1/chat/completions",
}
MODELS = {
    "https://phi.eastus.models.ai.azure.com": "https://phi.eastus.models.ai.azure.com/v1/chat/completions",
    "https://phi.eastus.models.ai.azure.com/": "https://phi.eastus.models.ai.azure.com/v1/chat/completions",
    "https://phi.eastus.models.ai.azure.com/v1/": "https://phi.eastus.models.ai.azure.com/v1/chat/completions",
    "https://gateway.example/phi": "https://gateway.example/phi/v1/chat/completions",
}
HEADS = [
    ("https://llm/v1", "/v1", "llm"),
    ("http://llm:80/v1?a=b", "/v1?a=b", "llm"),
    ("https://llm:8443/v1", "/v1", "llm:8443"),
    ("http://[::1]:8000/v1", "/v1", "[::1]:8000"),
    ("https://[fd00::1]/v1", "/v1", "[fd00::1]"),
    ("https://m\u00fcller.example/\u00fc b/%2F", "/%C3%BC%20b/%2F", "xn--mller-kva.example"),
]
NO_PROXY = {
    "*": (["http://llm", "https://10.0.0.1"], []),
    "llm": (["http://llm", "http://llm:8000/v1", "http://a.llm"], ["http://other", "http://xllm"]),
    ".svc, .cluster.local": (["http://vllm.models.svc:8000"], ["http://svc.example"]),
    "*.example.com": (["http://a.example.com"], ["http://example.org"]),
    "llm:8000": (["http://llm:8000"], ["http://llm", "http://llm:8001"]),
    "llm:443": (["https://llm"], ["https://llm:444"]),
    "10.0.0.0/8": (["http://10.1.2.3:8000"], ["http://11.0.0.1", "http://ten.example"]),
    "10.0.0.1:8000": (["http://10.0.0.1:8000"], ["http://10.0.0.1"]),
    "10.0.0.1": (["http://10.0.0.1:8000"], ["http://10.0.0.10"]),
    "::1": (["http://[::1]:8000"], ["http://[::2]"]),
    "[::1]:8000": (["http://[::1]:8000"], ["http://[::1]:8001"]),
    "fd00::/8": (["http://[fd12::1]"], ["http://[fe80::1]"]),
    "LLM.Example": (["http://llm.example", "http://llm.example./v1"], []),
    " , ,": ([], ["http://llm"]),
}


@pytest.mark.parametrize(("base", "url"), BASES.items(), ids=BASES)
def test_any_base_url_of_an_openai_api_is_extended_by_the_operation(base: str, url: str) -> None:
    connection = OpenAIConnection("k", base_url=base)
    assert connection.endpoint({"model": "m"}).url == url
    assert connection.endpoint({"model": "m"}, "embeddings").url == url.replace(
        "chat/completions", "embeddings"
    )


@pytest.mark.parametrize(("base", "url"), MODELS.items(), ids=MODELS)
def test_a_serverless_model_is_at_v1_of_its_url_and_bears_its_key(base: str, url: str) -> None:
    endpoint = ServerlessConnection("k", base).endpoint({"model": "m"})
    assert (endpoint.url, endpoint.headers["authorization"]) == (url, "Bearer k")


@pytest.mark.parametrize(("url", "target", "host"), HEADS, ids=[each[0] for each in HEADS])
def test_the_head_of_a_request_names_target_and_host_as_http_wants_them(
    url: str, target: str, host: str
) -> None:
    assert route_to(url, Proxies.of({})).head.startswith(f"POST {target} HTTP/1.1\r\nhost: {host}\r\n")


@pytest.mark.parametrize(("value", "hosts"), NO_PROXY.items(), ids=map(repr, NO_PROXY))
def test_no_proxy_names_what_is_asked_directly(value: str, hosts: tuple[list[str], list[str]]) -> None:
    proxies = Proxies.of({"HTTP_PROXY": PROXY, "https_proxy": PROXY, "NO_PROXY": value})
    direct, proxied = hosts
    assert [url for url in direct if proxies.to(URL(url)) is not None] == []
    assert [url for url in proxied if proxies.to(URL(url)) != URL(PROXY)] == []


def test_each_scheme_has_its_proxy_and_the_small_name_wins() -> None:
    proxies = Proxies.of({"http_proxy": "small:1", "HTTP_PROXY": "http://big:2", "ALL_PROXY": "http://all:3"})
    assert proxies.to(URL("http://llm")) == URL("http://small:1")
    assert proxies.to(URL("https://llm")) == URL("http://all:3")
    assert not Proxies.of({"NO_PROXY": "llm", "HTTP_PROXY": " "})


@pytest.mark.parametrize("text", ["socks5://proxy:1080", "http://proxy:port", "http://me:pass@:3128", "[::1"])
def test_what_is_no_proxy_of_http_is_refused_by_its_variable_once_it_is_needed(text: str) -> None:
    proxies = Proxies.of({"HTTPS_PROXY": text, "NO_PROXY": "near"})
    assert proxies.to(URL("https://near")) is None
    assert proxies.to(URL("http://llm")) is None
    with pytest.raises(ConnectionInvalid, match=r"^HTTPS_PROXY .* http://host:port") as refused:
        proxies.to(URL("https://llm"))
    assert "pass" not in str(refused.value)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="ascii", exclude_characters="\x00"), max_size=40))
def test_no_text_of_no_proxy_is_an_error(text: str) -> None:
    Proxies.of({"HTTP_PROXY": PROXY, "NO_PROXY": text}).to(URL("http://10.0.0.1:8000/v1"))


def token(connection: AzureOpenAIConnection) -> str:
    return connection.endpoint({"deployment_name": "d"}).headers["authorization"].removeprefix("Bearer ")


def test_an_entra_token_of_a_file_is_read_again_when_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure = AzureOpenAIConnection("https://r.openai.azure.com", auth_mode="meid_token", name="azure")
    file, new = tmp_path / "token", tmp_path / "new"
    file.write_text("first\n")
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN_FILE", str(file))
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "of a variable")
    assert token(azure) == "first"
    new.write_text("other\n")
    new.replace(file)  # as kubelet and sidecars do
    assert (token(azure), azure.secret_values()) == ("other", ["other"])
    file.unlink()
    assert token(azure) == "of a variable"
    monkeypatch.delenv("AZURE_OPENAI_AD_TOKEN")
    with pytest.raises(ConnectionInvalid, match=r"connection 'azure'.*AZURE_OPENAI_AD_TOKEN_FILE"):
        token(azure)


def test_a_connections_own_token_goes_before_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "of a variable")
    azure = AzureOpenAIConnection("https://r.openai.azure.com", auth_mode="meid_token", token="own")
    assert token(azure) == "own"
