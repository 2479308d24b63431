"""Every name that user code may import: it is there, it does what it says, the import itself is cheap."""

import importlib
import json
import subprocess
import sys

import pytest

from flow_runtime.flow import shim
from flow_runtime.flow.shim import TOOL_MARK
from flow_runtime.flow.shim.names import NAMES

LINES = (
    "from promptflow.core import tool, Prompty, AsyncPrompty, Flow, AsyncFlow, ToolProvider",
    "from promptflow.core import AzureOpenAIModelConfiguration, OpenAIModelConfiguration",
    "from promptflow import tool, log_metric, ToolProvider, PFClient, load_flow",
    "from promptflow.connections import AzureOpenAIConnection, OpenAIConnection, CustomConnection",
    "from promptflow.connections import CustomStrongTypeConnection, SerpConnection, ServerlessConnection",
    "from promptflow.entities import AzureOpenAIConnection, InputSetting, DynamicList, FlowContext",
    "from promptflow.tracing import trace, start_trace, ThreadPoolExecutorWithContext",
    "from promptflow.contracts.multimedia import Image, PFBytes, Text",
    "from promptflow.contracts.types import PromptTemplate, FilePath, Secret, AssistantDefinition",
    "from promptflow.client import PFClient, load_flow, load_run",
    "from promptflow.exceptions import UserErrorException, SystemErrorException",
    "from promptflow.tools import AzureOpenAI, OpenAI, SerpAPI",
    "from promptflow.tools.aoai import chat, completion, AzureOpenAI",
    "from promptflow.tools.openai import chat, completion, OpenAI",
    "from promptflow.tools.embedding import embedding",
    "from promptflow.tools.common import render_jinja_template, parse_chat, handle_openai_error",
    "from promptflow.core._prompty_utils import parse_chat",
    "from promptflow.tools.open_model_llm import OpenModelLLM",
    "from promptflow._internal import tool, ToolProvider, register_apis",
    "import promptflow.tools.serpapi, promptflow.tools.azure_content_safety",
    "from promptflow.tools.exception import SerpAPIUserError, OpenModelLLMUserError, ListDeploymentsError",
    "from promptflow.tools.common import convert_to_chat_list, preprocess_template_string, to_bool",
    "from promptflow.contracts.run_info import Status",
    "from promptflow.contracts.tool import ValueType, ToolType, PromptTemplate",
    "from promptflow._core.metric_logger import log_metric",
    "from promptflow._utils.logger_utils import get_cli_sdk_logger, LoggerFactory",
    "from promptflow.constants import ConnectionAuthMode, ConnectionDefaultApiVersion",
    "from promptflow import __version__",
)


@pytest.mark.parametrize("line", LINES)
def test_this_line_works_without_the_package(line: str) -> None:
    shim.install()
    exec(line, {})  # noqa: S102 - the line is what is tested


@pytest.mark.parametrize("module", NAMES)
def test_every_name_of_a_module_is_there(module: str) -> None:
    shim.install()
    found = importlib.import_module(module)
    for name in NAMES[module]:
        assert getattr(found, name) is not None


def test_a_star_brings_all_names() -> None:
    shim.install()
    names: dict[str, object] = {}
    exec("from promptflow.connections import *", names)  # noqa: S102
    assert NAMES["promptflow.connections"].keys() <= names.keys()


def test_a_name_that_is_not_there_is_an_import_error() -> None:
    shim.install()
    with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
        exec("from promptflow.core import Nothing", {})  # noqa: S102


def test_decorators_leave_functions_as_they_are() -> None:
    shim.install()
    core, tracing = importlib.import_module("promptflow.core"), importlib.import_module("promptflow.tracing")

    @core.tool(streaming_option_parameter="stream")
    @tracing.trace
    def one() -> int:
        return 1

    @tracing.trace()
    def two() -> int:
        return 2

    assert (one(), two()) == (1, 2)
    assert hasattr(one, TOOL_MARK)
    assert one._streaming_option_parameter == "stream"
    tracing.start_trace(collection="mine")
    core.log_metric("accuracy", 1.0)


def test_the_pool_of_threads_hands_context_variables_on() -> None:
    from contextvars import ContextVar

    shim.install()
    pool = importlib.import_module("promptflow.tracing").ThreadPoolExecutorWithContext(1)
    seen: ContextVar[str] = ContextVar("seen")
    seen.set("yes")
    with pool:
        assert pool.submit(seen.get).result() == "yes"


@pytest.mark.parametrize(
    ("module", "name"), [("promptflow.client", "PFClient"), ("promptflow.client", "load_run")]
)
def test_what_a_server_does_not_have_says_so_when_it_is_used(module: str, name: str) -> None:
    shim.install()
    errors = importlib.import_module("promptflow.exceptions")
    with pytest.raises(errors.UserErrorException, match=f"{name} belongs to promptflow-devkit"):
        getattr(importlib.import_module(module), name)()


def test_an_endpoint_that_only_azure_knows_is_refused_by_name() -> None:
    shim.install()
    open_model = importlib.import_module("promptflow.tools.open_model_llm")
    errors = importlib.import_module("promptflow.tools.exception")
    with pytest.raises(errors.OpenModelLLMUserError, match="endpoints are not looked up in Azure"):
        open_model.OpenModelLLM().call("p", "chat", "onlineEndpoint/e")
    given = {"endpoint_url": "http://x", "endpoint_api_key": "k", "model_family": "unknown"}
    with pytest.raises(errors.OpenModelLLMKeyValidationError, match="'unknown' not recognized"):
        open_model.OpenModelLLM().call("p", "chat", "e", **given)
    with pytest.raises(errors.OpenModelLLMKeyValidationError, match="`model_family` not found"):
        open_model.OpenModelLLM().call("p", "chat", "e", endpoint_url="http://x", endpoint_api_key="k")


def test_tools_may_make_their_own_client_of_a_connection() -> None:
    shim.install()
    common = importlib.import_module("promptflow.tools.common")
    connections = importlib.import_module("promptflow.connections")
    azure = common.normalize_connection_config(connections.AzureOpenAIConnection("https://a", "k"))
    assert azure == {
        "max_retries": 0,
        "api_key": "k",
        "azure_endpoint": "https://a",
        "api_version": "2024-02-01",
    }
    token = connections.AzureOpenAIConnection("https://a", auth_mode="meid_token", token="t")
    assert common.normalize_connection_config(token)["azure_ad_token_provider"]() == "t"
    serverless = common.normalize_connection_config(connections.ServerlessConnection("k", "https://s"))
    assert serverless["base_url"] == "https://s/v1"
    openai = connections.OpenAIConnection("k", base_url="http://x")
    assert common.normalize_connection_config(openai)["base_url"] == "http://x"
    wrong = importlib.import_module("promptflow.tools.exception").InvalidConnectionType
    with pytest.raises(wrong, match="Not Support connection type 'SerpConnection'"):
        common.normalize_connection_config(connections.SerpConnection("k"))
    assert common.handle_openai_error(tries=3)(len) is len


def test_a_user_error_takes_a_text_or_a_format() -> None:
    shim.install()
    error = importlib.import_module("promptflow.exceptions").UserErrorException
    assert str(error("plain")) == "plain"
    assert str(error(message_format="no {thing}", thing="luck")) == "no luck"
    assert str(error(message_format="no {thing}")) == "no {thing}"


COST = """
import json, sys
import flow_runtime.flow.shim as shim
shim.install()
before = set(sys.modules)
from promptflow.core import tool
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_importing_tool_brings_nothing_else_along() -> None:
    shown = subprocess.run([sys.executable, "-c", COST], capture_output=True, text=True, check=True)
    heavy = (
        "aiohttp",
        "jinja2",
        "pydantic",
        "openai",
        "yaml",
        "flow_runtime.flow.prompty",
        "flow_runtime.llm",
    )
    assert [name for name in json.loads(shown.stdout) if name.startswith(heavy)] == []
