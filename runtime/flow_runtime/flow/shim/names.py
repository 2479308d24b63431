"""Which names promptflow's modules have here, and the module of ours that each comes from: a table."""

from collections.abc import Mapping

_HERE = "flow_runtime.flow.shim."
_DECORATORS, _TYPES, _ERRORS = f"{_HERE}decorators", f"{_HERE}types", f"{_HERE}exceptions"
_FLOWS, _CLIENT, _MODELS = f"{_HERE}flows", f"{_HERE}client", f"{_HERE}models"
_MEDIA, _LLM, _SERP = f"{_HERE}multimedia", f"{_HERE}llm_tools", f"{_HERE}serpapi"
_CONTRACTS, _COMMON = f"{_HERE}contracts", f"{_HERE}common"
_TOOL_ERRORS = f"{_HERE}tool_exceptions"
_PROMPTS = f"{_HERE}prompts"
_LLMS = "flow_runtime.llm.connection_types"
_SERVICES = "flow_runtime.llm.connection_services"


def _from(module: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), module)


_CONNECTIONS = {
    **_from(_LLMS, "AzureOpenAIConnection OpenAIConnection ServerlessConnection"),
    **_from(
        _SERVICES,
        "AzureAIServicesConnection AzureContentSafetyConnection CognitiveSearchConnection CustomConnection"
        " CustomStrongTypeConnection FormRecognizerConnection QdrantConnection SerpConnection"
        " WeaviateConnection",
    ),
    **_from(f"{_HERE}types", "BingConnection"),
}
_TOOL = _from(_DECORATORS, "tool ToolProvider")
_METRICS = _from(_DECORATORS, "log_metric log_flow_metric")
_ENTITIES = _from(_DECORATORS, "InputSetting DynamicList")
_CONFIGURATIONS = _from(_MODELS, "ModelConfiguration OpenAIModelConfiguration AzureOpenAIModelConfiguration")
_CALLABLE = _from(_FLOWS, "Flow AsyncFlow Prompty AsyncPrompty")
_CONTROL = _from(_CLIENT, "PFClient load_flow load_run")
_EXCEPTIONS = _from(
    _ERRORS,
    "ErrorCategory ErrorTarget PromptflowException SystemErrorException UserErrorException"
    " ValidationException",
)
_TOOL_EXCEPTIONS = {
    **_from(
        _ERRORS, "ChatAPIInvalidRole InvalidConnectionType LLMError ToolValidationError WrappedOpenAIError"
    ),
    **_from(
        _TOOL_ERRORS,
        "AzureContentSafetyInputValueError AzureContentSafetySystemError ChatAPIFunctionRoleInvalidFormat"
        " ChatAPIInvalidFunctions ChatAPIInvalidTools ChatAPIToolRoleInvalidFormat ExceedMaxRetryTimes"
        " FunctionCallNotSupportedInStreamMode JinjaTemplateError ListDeploymentsError"
        " OpenModelLLMKeyValidationError OpenModelLLMOnlineEndpointError OpenModelLLMUserError"
        " ParseConnectionError SerpAPISystemError SerpAPIUserError",
    ),
}
_HELPERS = _from(
    _COMMON,
    "ChatInputList convert_to_chat_list find_referenced_image_set post_process_chat_api_response"
    " preprocess_template_string to_bool validate_functions",
)

NAMES: Mapping[str, Mapping[str, str]] = {
    "promptflow": {**_TOOL, **_METRICS, **_CONTROL},
    "promptflow._core": {},
    "promptflow._core.tool": {**_TOOL, **_ENTITIES},
    "promptflow._internal": {
        **_TOOL,
        **_from(_DECORATORS, "enable_cache register_apis register_connections"),
    },
    "promptflow._core.metric_logger": _METRICS,
    "promptflow._sdk": {},
    "promptflow._sdk._pf_client": _from(_CLIENT, "PFClient"),
    "promptflow._utils": {},
    "promptflow._utils.logger_utils": _from(_CONTRACTS, "LoggerFactory get_cli_sdk_logger get_logger"),
    "promptflow._sdk.entities": {**_CONNECTIONS, **_ENTITIES},
    "promptflow.client": _CONTROL,
    "promptflow.connections": _CONNECTIONS,
    "promptflow.constants": _from(_CONTRACTS, "ConnectionAuthMode ConnectionDefaultApiVersion"),
    "promptflow.contracts": {},
    "promptflow.contracts.run_info": _from(_CONTRACTS, "Status"),
    "promptflow.contracts.tool": {
        **_from(_CONTRACTS, "ToolType ValueType"),
        **_from(_TYPES, "AssistantDefinition FilePath PromptTemplate Secret"),
    },
    "promptflow.contracts.multimedia": _from(_MEDIA, "Image PFBytes Text"),
    "promptflow.contracts.types": _from(
        _TYPES, "AssistantDefinition AttrDict FilePath PromptTemplate Secret"
    ),
    "promptflow.core": {**_TOOL, **_METRICS, **_CALLABLE, **_CONFIGURATIONS},
    "promptflow.core._connection": _CONNECTIONS,
    "promptflow.core._errors": {**_TOOL_EXCEPTIONS, **_from(_ERRORS, "MissingRequiredInputError")},
    "promptflow.core._flow": _CALLABLE,
    "promptflow.core._model_configuration": _CONFIGURATIONS,
    "promptflow.core._prompty_utils": _from(_PROMPTS, "build_messages parse_chat render_jinja_template"),
    "promptflow.entities": {**_CONNECTIONS, **_ENTITIES, **_from(_CLIENT, "FlowContext Run")},
    "promptflow.exceptions": _EXCEPTIONS,
    "promptflow.tools": {**_from(_LLM, "AzureOpenAI OpenAI"), **_from(_SERP, "SerpAPI")},
    "promptflow.tools.aoai": _from(f"{_HERE}aoai", "AzureOpenAI chat completion"),
    "promptflow.tools.aoai_gpt4v": _from(f"{_HERE}vision", "AzureOpenAI"),
    "promptflow.tools.azure_content_safety": _from(
        f"{_HERE}content_safety", "AzureContentSafety TextCategorySensitivity analyze_text"
    ),
    "promptflow.tools.common": {
        **_HELPERS,
        **_TOOL_EXCEPTIONS,
        **_from(_PROMPTS, "build_messages parse_chat render_jinja_template"),
        **_from(
            f"{_HERE}clients",
            "handle_openai_error init_azure_openai_client init_openai_client normalize_connection_config",
        ),
    },
    "promptflow.tools.embedding": _from(f"{_HERE}embeddings", "EmbeddingModel embedding"),
    "promptflow.tools.exception": {**_TOOL_EXCEPTIONS, **_EXCEPTIONS},
    "promptflow.tools.llm": _from(_LLM, "llm"),
    "promptflow.tools.llm_vision": _from(f"{_HERE}vision", "llm_vision"),
    "promptflow.tools.open_model_llm": _from(f"{_HERE}open_model", "API ModelFamily OpenModelLLM"),
    "promptflow.tools.openai": _from(f"{_HERE}openai", "OpenAI chat completion"),
    "promptflow.tools.openai_gpt4v": _from(f"{_HERE}vision", "OpenAI"),
    "promptflow.tools.serpapi": _from(_SERP, "Engine SafeMode SerpAPI search"),
    "promptflow.tools.template_rendering": _from(_PROMPTS, "render_template_jinja2"),
    "promptflow.tracing": _from(_DECORATORS, "ThreadPoolExecutorWithContext start_trace trace"),
}
