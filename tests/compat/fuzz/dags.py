# ruff: noqa: E501 - whole rows of values stand in the lines
"""Random DAG flows: nodes of every type that refer to inputs and to each other."""

import json
import random
from typing import Any

import yaml

from tests.compat.case import FlowCase
from tests.compat.fuzz import asks, prompts, tools, values

INPUT_NAMES = (
    "question",
    "x",
    "items",
    "config",
    "flag",
    "n",
    "chat_history",
    "ünï",
    "with space",
    "dash-ed",
    "a.b",
)
PARAMETERS: dict[str, tuple[Any, ...]] = {
    "temperature": (0, "0.5", 1, 0.7), "top_p": (1, "0.9"), "max_tokens": (16, "32", "${inputs.n}"), "stop": (["x"], '["a"]', ""),
    "presence_penalty": ("0.1", 0), "frequency_penalty": (0.2,), "logit_bias": ({}, {"50256": -100}, '{"5": 1}', ""), "seed": (7, "7"),
    "user": ("u1", "${inputs.question}"), "response_format": ({"type": "text"}, {"type": "json_object"}, '{"type": "json_object"}'),
    "n": (1, 2), "suffix": ("s",), "logprobs": (1,), "echo": (True, "false"), "best_of": (1, "2"),
}  # fmt: skip


def make(rng: random.Random, name: str) -> FlowCase:
    """A flow of Python nodes, prompts and now and then an LLM."""
    return _Dag(rng).case(name, ("python", "python", "python", "prompt", "llm"))


def make_chat(rng: random.Random, name: str) -> FlowCase:
    """A flow of one or two LLM nodes."""
    return _Dag(rng).case(name, ("llm", "llm", "prompt"), most=2)


class _Dag:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        names = rng.sample(INPUT_NAMES, rng.randrange(5)) if rng.random() < 0.9 else ["question"]
        self.inputs = {each: rng.choice(values.TYPES) for each in names}
        self.files: dict[str, str] = {}
        self.nodes: list[dict[str, Any]] = []
        self.bodies: dict[str, int] = {}

    def case(self, name: str, kinds: tuple[str, ...], most: int = 5) -> FlowCase:
        rng = self.rng
        for number in range(rng.randrange(1, most + 1)):
            self._node(f"n{number}" if rng.random() < 0.95 else f"node {number}", rng.choice(kinds))
        declared = {each: self._input(kind) for each, kind in self.inputs.items()}
        definition: dict[str, Any] = {"inputs": declared, "outputs": self._outputs(), "nodes": self.nodes}
        if rng.random() < 0.15:
            self._variants(definition)
        if rng.random() < 0.25:
            rng.shuffle(self.nodes)
        if rng.random() < 0.1:
            definition["environment_variables"] = {
                "FUZZ_TEXT": rng.choice(("x", "7", "a b")),
                "FUZZ_MAP": {"a": 1},
            }
        filled = all("default" in each for each in declared.values())
        self.files["flow.dag.yaml"] = written(rng, definition)
        return FlowCase(name, "fuzz dag", self.files, asks.make(rng, self.inputs, filled))

    def _input(self, kind: str) -> dict[str, Any]:
        field: dict[str, Any] = {"type": kind}
        if self.rng.random() < 0.4:
            field["default"] = values.of_type(self.rng, kind)
        return field

    def _node(self, name: str, kind: str) -> None:
        rng = self.rng
        node: dict[str, Any] = {"name": name, "type": kind}
        if kind == "python":
            tool = tools.make(rng)
            path = f"{rng.choice(('', 'lib/'))}{name.replace(' ', '_')}.py"
            self.files[path] = tool.source
            given = {each for each in tool.parameters if each not in tool.optional or rng.random() < 0.5}
            node["source"] = {"type": "code", "path": path}
            node["inputs"] = {
                each: self._value(tool.parameters[each]) for each in tool.parameters if each in given
            }
            self.bodies[name] = tool.body
        else:
            completion = kind == "llm" and rng.random() < 0.2
            path = f"{name.replace(' ', '_')}.jinja2"
            self.files[path] = (
                prompts.plain(rng)
                if completion or (kind == "prompt" and rng.random() < 0.7)
                else prompts.chat(rng)
            )
            node["source"] = {"type": "code", "path": path}
            wanted = [
                each
                for each in ("question", "x", "items", "config", "flag", "n", "chat_history")
                if each in self.files[path]
            ]
            node["inputs"] = {
                each: self._value(rng.choice(values.TYPES))
                for each in wanted
                if each != "n" or kind == "prompt"
            }
            if kind == "llm":
                self._ask(node, "completion" if completion else "chat")
        if self.nodes and rng.random() < 0.2:
            node["activate"] = {
                "when": self._reference("string"),
                "is": rng.choice((True, 3, "a", "", None, "true", 1.0, "7")),
            }
        self.nodes.append(node)

    def _ask(self, node: dict[str, Any], api: str) -> None:
        rng = self.rng
        node.update(connection=rng.choice(("llm", "llm", "azure", "serverless", "org")), api=api)
        if rng.random() < 0.1:
            del node["api"]
        node["inputs"].update(model="gpt-x", deployment_name="dep")
        for name in rng.sample(tuple(PARAMETERS), rng.randrange(4)):
            chosen = rng.choice(PARAMETERS[name])
            if not (isinstance(chosen, str) and chosen.startswith("${") and chosen[9:-1] not in self.inputs):
                node["inputs"][name] = chosen
        if rng.random() < 0.1 and api == "chat":
            function = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
            tools_of = {"functions": [function], "tools": [{"type": "function", "function": function}]}
            chosen = rng.choice(tuple(tools_of))
            node["inputs"][chosen] = tools_of[chosen]

    def _value(self, kind: str) -> Any:
        if self.rng.random() < 0.7 and (self.inputs or self.nodes):
            return self._reference(kind)
        return values.of_type(self.rng, kind)

    def _reference(self, kind: str) -> str:
        rng = self.rng
        if self.nodes and (rng.random() < 0.55 or not self.inputs):
            node = rng.choice(self.nodes)["name"]
            path = tools.path_into(rng, self.bodies.get(node, 0))
            return f"${{{node}.output{path}}}" if path or rng.random() < 0.9 else f"${{{node}}}"
        fitting = [each for each, other in self.inputs.items() if other == kind] or list(self.inputs)
        return f"${{{rng.choice(('inputs', 'inputs', 'flow'))}.{rng.choice(fitting)}}}"

    def _outputs(self) -> dict[str, Any]:
        rng = self.rng
        outputs: dict[str, Any] = {}
        for each in rng.sample(("answer", "context", "ünï", "out put"), rng.randrange(1, 4)):
            reference = (
                self._reference("string")
                if rng.random() < 0.3
                else f"${{{rng.choice(self.nodes)['name']}.output}}"
            )
            outputs[each] = {
                "type": rng.choice(("string", "string", "list", "object", "int")),
                "reference": reference,
            }
            if rng.random() < 0.1:
                outputs[each]["evaluation_only"] = True
        return outputs

    def _variants(self, definition: dict[str, Any]) -> None:
        at = self.rng.randrange(len(self.nodes))
        body = {key: value for key, value in self.nodes[at].items() if key != "name"}
        name = self.nodes[at]["name"]
        self.nodes[at] = {"name": name, "use_variants": True}
        other = {"node": {**body, "inputs": {}}}
        definition["node_variants"] = {
            name: {"default_variant_id": "v0", "variants": {"v0": {"node": body}, "v1": other}}
        }


def written(rng: random.Random, definition: dict[str, Any]) -> str:
    """The YAML in one of the ways that people and editors write it."""
    match rng.randrange(5):
        case 0:
            return json.dumps(definition, indent=1)
        case 1:
            return yaml.safe_dump(definition, default_flow_style=None, allow_unicode=True, sort_keys=False)
        case 2:
            return "# comment\n---\n" + yaml.safe_dump(definition, allow_unicode=True, width=10_000)
    return yaml.safe_dump(definition, allow_unicode=True, sort_keys=False)
