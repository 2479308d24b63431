"""What is wrong with a flow is said by promptflow's name, with the place and the fix."""

from datetime import date
from pathlib import Path

import pytest

from flow_runtime.flow.errors import FlowLoadError
from flow_runtime.flow.load import load_flow
from tests.unit.flow_helpers import CHAT, CONNECTIONS, load

TOOL = "from promptflow.core import tool\n@tool\ndef run(a: str = '') -> str:\n    return a\n"
PYTHON = "{name: %s, type: python, source: {type: code, path: t.py}, inputs: {a: '%s'}}"
LLM = "{name: n, type: llm, source: {path: c.jinja2}, api: chat, connection: llm, inputs: {model: m, %s}}"


def nodes(*lines: str) -> str:
    listed = "\n".join(f"- {line}" for line in lines)
    return f"inputs: {{x: {{type: string}}}}\noutputs: {{}}\nnodes:\n{listed}\n"


REFUSED = {
    "two nodes of one name": (
        "DuplicateNodeName",
        "node 'n'",
        nodes(PYTHON % ("n", "1"), PYTHON % ("n", "2")),
    ),
    "an input that does not exist": (
        "InputReferenceNotFound",
        "no input 'y'",
        nodes(PYTHON % ("n", "${inputs.y}")),
    ),
    "a part of an input, which is a name of its own": (
        "InputReferenceNotFound",
        "no input 'x.y'",
        nodes(PYTHON % ("n", "${inputs.x.y}")),
    ),
    "a node that does not exist": (
        "NodeReferenceNotFound",
        "no node 'm'",
        nodes(PYTHON % ("n", "${m.output}")),
    ),
    "another section than output": (
        "InvalidNodeReference",
        "${m.output}",
        nodes(PYTHON % ("m", "1"), PYTHON % ("n", "${m.inputs}")),
    ),
    "a circle": (
        "NodeCircularDependency",
        "'m'",
        nodes(PYTHON % ("m", "${n.output}"), PYTHON % ("n", "${m.output}")),
    ),
    "a node that waits for itself": ("NodeCircularDependency", "'n'", nodes(PYTHON % ("n", "${n.output}"))),
    "an aggregation node as a source": (
        "InvalidNodeReference",
        "aggregation",
        nodes("{name: m, type: python, source: {path: t.py}, aggregation: true}", PYTHON % ("n", "${m}")),
    ),
    "a file that is not there": (
        "InvalidSource",
        "'gone.py'",
        nodes("{name: n, type: python, source: {type: code, path: gone.py}}"),
    ),
    "a file outside of the folder": (
        "InvalidSource",
        "outside",
        nodes("{name: n, type: python, source: {type: code, path: ../../etc/passwd}}"),
    ),
    "a node without a source": ("UserErrorException", "no source", nodes("{name: n, type: python}")),
    "a node without a type": ("FlowDefinitionError", "no type", nodes("{name: n, source: {path: t.py}}")),
    "a type that does not exist": (
        "FlowDefinitionError",
        "'pyhton'",
        nodes("{name: n, type: pyhton, source: {path: t.py}}"),
    ),
    "an output without a reference": (
        "EmptyOutputReference",
        "output 'o'",
        "outputs: {o: {type: string}}\nnodes: []\n",
    ),
    "an output of a node that does not exist": (
        "OutputReferenceNotFound",
        "no node 'm'",
        "outputs: {o: {type: string, reference: '${m.output}'}}\nnodes: []\n",
    ),
    "an output of an input that does not exist": (
        "OutputReferenceNotFound",
        "no input 'y'",
        "outputs: {o: {type: string, reference: '${inputs.y}'}}\nnodes: []\n",
    ),
    "no YAML": ("YAMLError", "line 1", "inputs: {x: [}\n"),
    "a key that is there twice": ("YAMLError", "twice", "nodes: []\nnodes: []\n"),
    "a list instead of a mapping": ("FlowDefinitionError", "mapping", "- 1\n"),
    "a type of input that does not exist": (
        "FlowDefinitionError",
        "inputs.x.type",
        "inputs: {x: {type: text}}\nnodes: []\n",
    ),
    "a connection that the deployment lacks": (
        "GetConnectionError",
        "'other'",
        nodes((LLM % "question: 1").replace("connection: llm", "connection: other")),
    ),
    "an llm node without a connection": (
        "GetConnectionError",
        "names no connection",
        nodes((LLM % "question: 1").replace("connection: llm, ", "")),
    ),
    "an Azure connection without the deployment": (
        "NodeInputValidationError",
        "'deployment_name'",
        nodes((LLM % "question: 1").replace("connection: llm", "connection: azure")),
    ),
    "a parameter of another type": (
        "NodeInputValidationError",
        "'temperature'",
        nodes(LLM % "temperature: warm"),
    ),
    "an input that the function does not have": (
        "NodeInputValidationError",
        "'b'",
        nodes("{name: n, type: python, source: {path: t.py}, inputs: {b: 1}}"),
    ),
    "a flow for another language": ("UserErrorException", "csharp", "language: csharp\nnodes: []\n"),
    "a message format that does not exist": (
        "InvalidMessageFormatType",
        "message_format",
        "message_format: vision\nnodes: []\n",
    ),
    "an environment variable of a connection that is not there": (
        "FlowDefinitionError",
        "environment_variables",
        "environment_variables: {'A=B': b}\n",
    ),
    "variants that are not there": (
        "UserErrorException",
        "node_variants has none",
        nodes("{name: n, use_variants: true}"),
    ),
    "a default variant that is not there": (
        "UserErrorException",
        "no variant 'v1' (there are: v0)",
        nodes("{name: n, use_variants: true}")
        + "node_variants: {n: {default_variant_id: v1, variants: {v0: {node: {type: python}}}}}\n",
    ),
    "a variant whose body is wrong": (
        "FlowDefinitionError",
        "node_variants.n.variants.v0.node.inputs",
        nodes("{name: n, use_variants: true}")
        + "node_variants: {n: {default_variant_id: v0, variants: {v0: {node: {inputs: 3}}}}}\n",
    ),
    "a condition without a value": (
        "FlowDefinitionError",
        "nodes.n.activate.is",
        nodes("{name: n, type: python, source: {path: t.py}, activate: {when: '${inputs.x}'}}"),
    ),
    "a condition on a node that does not exist": (
        "NodeReferenceNotFound",
        "activate.when",
        nodes("{name: n, type: python, source: {path: t.py}, activate: {when: '${m.output}', is: 1}}"),
    ),
    "a condition on an input that does not exist": (
        "InputReferenceNotFound",
        "activate.when",
        nodes("{name: n, type: python, source: {path: t.py}, activate: {when: '${inputs.y}', is: 1}}"),
    ),
    "a condition on itself": (
        "NodeCircularDependency",
        "'n'",
        nodes("{name: n, type: python, source: {path: t.py}, activate: {when: '${n.output}', is: 1}}"),
    ),
    "an aggregation node with a condition on another kind of node": (
        "InvalidNodeReference",
        "activate.when",
        nodes(
            PYTHON % ("m", "1"),
            "{name: n, type: python, source: {path: t.py}, reduce: true, activate: {when: '${m}', is: 1}}",
        ),
    ),
    "a package tool that is not installed": (
        "PackageToolNotFoundError",
        "'a.b'",
        nodes("{name: n, type: python, source: {type: package, tool: a.b}}"),
    ),
    "a package tool without a name": (
        "PackageToolNotFoundError",
        "source.tool",
        nodes("{name: n, type: python, source: {type: package}}"),
    ),
    "an api that does not exist": (
        "APINotFound",
        "'edit'",
        nodes((LLM % "a: 1").replace("api: chat", "api: edit")),
    ),
    "functions that are none": (
        "ChatAPIInvalidFunctions",
        "functions[0]",
        nodes(LLM % "functions: [{name: f}]"),
    ),
    "a file to include that was not packaged": (
        "InvalidSource",
        "'../shared/help.py'",
        "additional_includes: [../shared/help.py]\nnodes: []\n",
    ),
}


@pytest.mark.parametrize(("name", "says", "dag"), REFUSED.values(), ids=REFUSED)
def test_a_flow_is_refused_for(name: str, says: str, dag: str, tmp_path: Path) -> None:
    with pytest.raises(FlowLoadError) as refused:
        load(tmp_path, dag, t_py=TOOL, c_jinja2=CHAT)
    assert refused.value.name == name
    assert says in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


BROKEN_FILES = {
    "Python that cannot be parsed": ("PythonLoadError", "line 2", "x = 1\ndef (\n"),
    "Python that raises when it is imported": ("PythonLoadError", "ZeroDivisionError", "x = 1 / 0\n"),
    "Python that ends the process": (
        "PythonLoadError",
        "SystemExit",
        "raise SystemExit(3)\n",
    ),
    "Python without a tool": ("NoToolDefined", "no function", "def run(): ...\n"),
    "Python with two tools": ("MultipleToolsDefined", "more than one", TOOL + TOOL.replace("run", "again")),
    "a tool whose parameter is not given": (
        "NodeInputValidationError",
        "'b'",
        TOOL.replace("a: str = ''", "b: str, a: str = ''"),
    ),
    "something of promptflow that is not there": (
        "PythonLoadError",
        "Gone",
        "from promptflow.core import Gone\n",
    ),
}


@pytest.mark.parametrize(("name", "says", "code"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_a_file_is_refused_for(name: str, says: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(FlowLoadError) as refused:
        load(tmp_path, nodes(PYTHON % ("n", "1")), t_py=code)
    assert refused.value.name == name
    assert says in str(refused.value)


BROKEN_PROMPTS = {
    "no Jinja": ("TemplateSyntaxError", "line 2", "user:\n{% if %}"),
    "a variable with a parameter's name": (
        "NodeInputValidationError",
        "'max_tokens'",
        "user:\n{{ max_tokens }}",
    ),
}


@pytest.mark.parametrize(("name", "says", "prompt"), BROKEN_PROMPTS.values(), ids=BROKEN_PROMPTS)
def test_a_prompt_is_refused_for(name: str, says: str, prompt: str, tmp_path: Path) -> None:
    with pytest.raises(FlowLoadError) as refused:
        load(tmp_path, nodes(LLM % "question: 1"), c_jinja2=prompt)
    assert refused.value.name == name
    assert says in str(refused.value)


def test_a_folder_without_a_flow_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FlowLoadError, match=r"no flow\.dag\.yaml"):
        load_flow(tmp_path, CONNECTIONS)


def test_two_flows_in_a_folder_are_refused(tmp_path: Path) -> None:
    for name in ("flow.dag.yaml", "flow.flex.yaml"):
        (tmp_path / name).write_text("nodes: []")
    with pytest.raises(FlowLoadError, match="more than one flow"):
        load_flow(tmp_path, CONNECTIONS)


def test_a_connection_of_the_wrong_type_is_refused_where_a_tool_wants_another(tmp_path: Path) -> None:
    code = (
        "from promptflow.core import tool\nfrom promptflow.connections import AzureOpenAIConnection\n"
        "@tool\ndef run(a: AzureOpenAIConnection):\n    return 1\n"
    )
    with pytest.raises(FlowLoadError) as refused:
        load(tmp_path, nodes(PYTHON % ("n", "llm")), t_py=code)
    assert refused.value.name == "NodeInputValidationError"


def test_aggregation_nodes_are_left_out_with_the_outputs_that_name_them(tmp_path: Path) -> None:
    dag = """
        inputs: {x: {type: string}}
        outputs:
          a: {type: string, reference: "${n.output}"}
          b: {type: string, reference: "${sum.output}"}
        nodes:
        - {name: sum, type: python, source: {path: gone.py}, aggregation: true, inputs: {a: "${n.output}"}}
        - {name: n, type: python, source: {path: t.py}, inputs: {a: "${inputs.x}"}}
    """
    flow = load(tmp_path, dag, t_py=TOOL, gone_py="import a_module_that_only_a_batch_needs\n")
    assert [node.name for node in flow.nodes] == ["n"]
    assert flow.shape.outputs == {"a": "string"}


def test_yaml_scalars_are_read_as_promptflow_reads_them(tmp_path: Path) -> None:
    dag = """
        outputs:
          yes_: {reference: yes}
          time: {reference: 12:30}
          hex: {reference: 0x1f}
          flag: {reference: true}
          day: {reference: 2023-05-07}
          sum: {reference: 1_000}
          none: {reference: 1.5e3}
        nodes: []
    """
    literals = {name: output.reference for name, output in load(tmp_path, dag).outputs.items()}
    assert literals == {
        "yes_": "yes",
        "time": "12:30",
        "hex": 31,
        "flag": True,
        "day": date(2023, 5, 7),
        "sum": 1000,
        "none": 1500.0,
    }
