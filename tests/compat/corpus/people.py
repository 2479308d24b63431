# ruff: noqa: E501 - whole files of flows stand in the lines
"""Flows as people write them: sub-packages, helpers, imports of every kind, tools that do more than compute."""

from tests.compat.case import SSE, Ask, FlowCase, flow

ROW = "whole"


def one(
    name: str,
    code: str,
    *asks: object,
    inputs: str = 'q: "${inputs.q}"',
    env: dict[str, str] | None = None,
    more: str = "",
    **files: str,
) -> FlowCase:
    """A flow of one Python node over a text."""
    definition = f"""
        inputs:
          q: {{type: string, default: hello}}
        outputs:
          a: {{type: string, reference: "${{run.output}}"}}
        nodes:
        - name: run
          type: python
          source: {{type: code, path: run.py}}
          inputs: {{{inputs}}}
        {more}
        """
    return flow(name, ROW, definition, *(asks or ({},)), env=env, run_py=code, **files)


FLOWS = (
    flow(
        "people-rag",
        ROW,
        """
        $schema: https://azuremlschemas.azureedge.net/promptflow/latest/Flow.schema.json
        environment:
          python_requirements_txt: requirements.txt
        inputs:
          question: {type: string, is_chat_input: true}
          chat_history: {type: list, is_chat_history: true, default: []}
        outputs:
          answer: {type: string, reference: "${answer.output}", is_chat_output: true}
          context: {type: string, reference: "${context.output}", evaluation_only: true}
        nodes:
        - name: rewrite
          type: llm
          source: {type: code, path: prompts/rewrite.jinja2}
          inputs: {deployment_name: gpt, temperature: 0, max_tokens: "64", question: "${inputs.question}", chat_history: "${inputs.chat_history}"}
          connection: azure
          api: chat
        - name: embed
          type: python
          source: {type: package, tool: promptflow.tools.embedding.embedding}
          inputs: {connection: llm, input: "${rewrite.output}", model: text-embedding-ada-002}
        - name: search
          type: python
          source: {type: code, path: tools/search.py}
          inputs: {vector: "${embed.output}", top_k: 2}
        - name: context
          type: python
          source: {type: code, path: tools/context.py}
          inputs: {hits: "${search.output}"}
        - name: answer
          type: llm
          source: {type: code, path: prompts/answer.jinja2}
          inputs: {deployment_name: gpt, question: "${inputs.question}", contexts: "${context.output}", hits: "${search.output}", chat_history: "${inputs.chat_history}"}
          connection: azure
          api: chat
        """,
        {"question": "what?"},
        {"question": "why?", "chat_history": [{"inputs": {"question": "a"}, "outputs": {"answer": "b"}}]},
        Ask({"question": "what?"}, SSE),
        prompts__rewrite_jinja2="system:\n* rewrite\n{% for item in chat_history %}\nuser:\n{{ item.inputs.question }}\nassistant:\n{{ item.outputs.answer }}\n{% endfor %}\nuser:\n{{ question }}\n",
        prompts__answer_jinja2="system:\nUse only:\n{{ contexts }}\n{{ hits }}\n\n{% for item in chat_history %}\nuser:\n{{ item.inputs.question }}\nassistant:\n{{ item.outputs.answer }}\n{% endfor %}\n\nuser:\n{{ question }}\n",
        tools__search_py="""
            import json
            from pathlib import Path
            from typing import List

            from promptflow.core import tool
            from store.index import nearest

            HERE = Path(__file__).resolve().parent


            @tool
            def search(vector: List[float], top_k: int = 3) -> List[dict]:
                documents = json.loads((HERE.parent / "data" / "documents.json").read_text(encoding="utf-8"))
                return nearest(vector, documents, top_k)
            """,
        tools__context_py="""
            from promptflow import tool


            @tool
            def generate_prompt_context(hits: list) -> str:
                def format_doc(doc: dict):
                    return f"Content: {doc['text']}\\nSource: {doc['source']}"

                return "\\n\\n".join(format_doc(hit) for hit in hits)
            """,
        store____init___py="",
        store__index_py="""
            from .distance import distance


            def nearest(vector, documents, top_k):
                return sorted(documents, key=lambda each: distance(vector, each["vector"]))[:top_k]
            """,
        store__distance_py="import math\n\n\ndef distance(a, b):\n    return math.dist(a[:2], b)\n",
        data__documents_json='[{"text": "ö one", "source": "a.md", "vector": [1, 0.5]}, {"text": "two", "source": "b.md", "vector": [9, 9]}, {"text": "three", "source": "c.md", "vector": [2, 0]}]',
        requirements_txt="numpy\n",
    ),
    flow(
        "people-agent-loop",
        ROW,
        """
        inputs: {city: {type: string, default: Bern}}
        outputs: {a: {type: object, reference: "${agent.output}"}}
        nodes:
        - name: agent
          type: python
          source: {type: code, path: agent.py}
          inputs: {connection: azure, model: gpt, city: "${inputs.city}"}
        """,
        {},
        agent_py="""
            import json

            from promptflow.connections import AzureOpenAIConnection, CustomConnection, CognitiveSearchConnection  # noqa: F401
            from promptflow.core import tool
            from promptflow.tools.aoai import AzureOpenAI, chat  # noqa: F401
            from promptflow.tracing import trace


            @trace
            def weather(city: str) -> str:
                return f"sunny in {city}"


            TOOLS = [{"type": "function", "function": {"name": "weather", "description": "d", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]
            FIRST = "system:\\nhelp\\nuser:\\n{{city}}\\n"
            SECOND = FIRST + "assistant:\\n## tool_calls:\\n{{calls}}\\ntool:\\n## tool_call_id:\\n{{id}}\\n## content:\\n{{result}}\\n"


            @tool
            def agent(connection: AzureOpenAIConnection, model: str, city: str):
                client = AzureOpenAI(connection)
                message = client.chat(prompt=FIRST, deployment_name=model, tools=TOOLS, tool_choice="auto", city=city)
                call = message["tool_calls"][0]
                result = weather(**json.loads(call["function"]["arguments"]))
                said = chat(connection, SECOND, model, city=city, calls=json.dumps([call], sort_keys=True), id=call["id"], result=result)
                return {"said": said, "called": call["function"]["name"], "type": type(message).__name__}
            """,
    ),
    flow(
        "people-map-reduce",
        ROW,
        """
        inputs: {text: {type: string, default: "a b c d e f g"}, size: {type: int, default: 3}}
        outputs: {summary: {type: string, reference: "${reduce.output}"}, n: {type: int, reference: "${split.output.n}"}}
        nodes:
        - {name: split, type: python, source: {type: code, path: split.py}, inputs: {text: "${inputs.text}", size: "${inputs.size}"}}
        - {name: map, type: python, source: {type: code, path: map.py}, inputs: {chunks: "${split.output.chunks}", connection: llm}}
        - {name: reduce, type: llm, source: {type: code, path: reduce.jinja2}, inputs: {model: m, parts: "${map.output}"}, connection: llm, api: chat}
        """,
        {},
        {"size": "2"},
        split_py="""
            from dataclasses import dataclass, field

            from promptflow.core import tool


            @dataclass
            class Split:
                chunks: list = field(default_factory=list)
                n: int = 0


            @tool
            def split(text: str, size: int) -> Split:
                words = text.split()
                chunks = [" ".join(words[i : i + size]) for i in range(0, len(words), size)]
                return Split(chunks, len(chunks))
            """,
        map_py="""
            from concurrent.futures import ThreadPoolExecutor

            from promptflow.connections import OpenAIConnection
            from promptflow.core import tool
            from promptflow.tools.openai import OpenAI


            @tool
            def summarise(chunks: list, connection: OpenAIConnection) -> list:
                client = OpenAI(connection)

                def ask(chunk):
                    return client.chat(prompt="user:\\nshorten {{chunk}}\\n", model="m", chunk=chunk, temperature=0, max_tokens=9)

                with ThreadPoolExecutor(4) as pool:
                    return list(pool.map(ask, chunks))
            """,
        reduce_jinja2="system:\njoin\nuser:\n{% for part in parts %}\n- {{ part }}\n{% endfor %}\n",
    ),
    flow(
        "people-evaluation",
        ROW,
        """
        inputs: {answer: {type: string, default: "a b"}, truth: {type: string, default: "b c"}}
        outputs: {f1: {type: double, reference: "${score.output}"}, metrics: {type: object, reference: "${sum.output}"}}
        nodes:
        - {name: score, type: python, source: {type: code, path: score.py}, inputs: {answer: "${inputs.answer}", truth: "${inputs.truth}"}}
        - {name: sum, type: python, source: {type: code, path: sum.py}, inputs: {scores: "${score.output}"}, aggregation: true}
        """,
        {},
        {"answer": "b c"},
        score_py="""
            from collections import Counter

            from promptflow.core import tool


            @tool
            def f1(answer: str, truth: str) -> float:
                one, other = answer.split(), truth.split()
                same = sum((Counter(one) & Counter(other)).values())
                return 0.0 if not same else 2 * same / (len(one) + len(other))
            """,
        sum_py="""
            from typing import List

            from promptflow.core import log_metric, tool


            @tool
            def aggregate(scores: List[float]):
                log_metric(key="f1", value=sum(scores) / len(scores))
                return {"f1": sum(scores) / len(scores)}
            """,
    ),
    flow(
        "people-intents",
        ROW,
        """
        inputs: {q: {type: string, default: order}}
        outputs: {a: {type: string, reference: "${answer.output}"}}
        nodes:
        - {name: answer, type: python, source: {type: code, path: answer.py}, inputs: {order: "${order.output}", talk: "${talk.output}"}}
        - {name: talk, type: prompt, source: {type: code, path: talk.jinja2}, inputs: {q: "${inputs.q}"}, activate: {when: "${intent.output.kind}", is: talk}}
        - {name: order, type: python, source: {type: code, path: order.py}, inputs: {q: "${inputs.q}"}, activate: {when: "${intent.output.kind}", is: order}}
        - {name: intent, type: python, source: {type: code, path: intent.py}, inputs: {q: "${inputs.q}"}}
        """,
        {},
        {"q": "hello"},
        intent_py="from promptflow.core import tool\n\n\n@tool\nasync def intent(q: str):\n    return {'kind': 'order' if 'order' in q else 'talk'}\n",
        order_py="from promptflow.core import tool\n\n\n@tool\ndef order(q: str) -> str:\n    return f'ordered {q}'\n",
        talk_jinja2="Let us talk about {{ q }}.",
        answer_py="from promptflow.core import tool\n\n\n@tool\ndef answer(order: str = None, talk: str = None):\n    return order or talk or 'nothing'\n",
    ),
    one(
        "people-enum-and-options",
        """
        from enum import Enum
        from typing import Any, Dict, List, Optional, Union

        from promptflow.core import tool


        class Tone(str, Enum):
            KIND = "kind"
            HARSH = "harsh"


        class Level(Enum):
            LOW = 1
            HIGH = 2


        @tool(name="shown", description="d", type="python")
        def run(q: str, tone: Tone, level: Level = Level.LOW, other: Optional[Dict[str, Any]] = None, many: Union[str, List[str]] = "x"):
            return repr([q, tone, tone == Tone.KIND, getattr(tone, "value", None), level, other, many])
        """,
        inputs='q: "${inputs.q}", tone: kind, many: ["a"]',
    ),
    one(
        "people-asyncio-run",
        """
        import asyncio
        import contextvars
        import logging
        import sys
        import threading

        from promptflow.core import tool

        current = contextvars.ContextVar("current", default="none")
        logger = logging.getLogger(__name__)


        async def work(q):
            await asyncio.sleep(0)
            return q.upper()


        @tool
        def run(q: str):
            current.set(q)
            print("printed", q)
            print("to stderr", file=sys.stderr)
            logger.warning("logged %s", q)
            seen = []
            thread = threading.Thread(target=contextvars.copy_context().run, args=(lambda: seen.append(current.get()),))
            thread.start()
            thread.join()
            return [asyncio.run(work(q)), *seen]
        """,
        {},
        {"q": "x"},
    ),
    one(
        "people-files-and-main",
        """
        import json
        import os
        from pathlib import Path

        from promptflow.core import tool
        from helpers.text import shout
        import helpers.text as text


        @tool
        def run(q: str):
            with open("data/words.txt", encoding="utf-8") as file:
                words = file.read().split()
            return {"cwd": (Path.cwd() / "flow.dag.yaml").exists(), "name": __name__ != "__main__", "file": os.path.basename(__file__),
                    "words": words, "shout": shout(q), "same": text.shout is shout, "json": json.dumps({"ü": 1})}


        if __name__ == "__main__":
            raise SystemExit("no")
        """,
        helpers____init___py="",
        helpers__text_py="from .more import MARK\n\n\ndef shout(q):\n    return q.upper() + MARK\n",
        helpers__more_py='MARK = "!"\n',
        data__words_txt="eins zwei",
    ),
    one(
        "people-provider",
        """
        from promptflow._core.tool import ToolProvider, tool
        from promptflow.connections import CustomConnection


        class Lookup(ToolProvider):
            def __init__(self, connection: CustomConnection, index: str = "main"):
                super().__init__()
                self.where = (connection.region, connection.configs["region"], connection.token[:1], index)

            @tool
            def find(self, q: str, top: int = 3) -> dict:
                return {"q": q, "top": top, "where": list(self.where)}
        """,
        inputs='connection: custom, index: other, q: "${inputs.q}", top: "5"',
    ),
    one(
        "people-openai-package",
        """
        from openai import AzureOpenAI, OpenAI

        from promptflow.connections import AzureOpenAIConnection
        from promptflow.core import tool


        def get_client(connection: AzureOpenAIConnection):
            return AzureOpenAI(api_key=connection.api_key, api_version=connection.api_version, azure_endpoint=connection.api_base)


        @tool
        def run(q: str, connection: AzureOpenAIConnection, deployment: str = "gpt"):
            said = get_client(connection).chat.completions.create(model=deployment, messages=[{"role": "user", "content": q}], temperature=0.5)
            return {"said": said.choices[0].message.content, "tokens": said.usage.total_tokens, "keys": sorted(dict(connection))[:3]}
        """,
        inputs='q: "${inputs.q}", connection: azure',
    ),
    one(
        "people-strange-returns",
        """
        from promptflow.core import tool


        class Row(dict):
            pass


        class Text(str):
            pass


        @tool
        def run(q: str):
            return {"row": Row(a=1), "text": Text(q), "set": sorted({1, 2}), "map": list(map(str, range(3))), "none": None, "tuple": (1, (2,)), "nested": [[], {}, ""]}
        """,
    ),
    one(
        "people-prompty-in-a-tool",
        """
        from pathlib import Path

        from promptflow.core import AsyncPrompty, AzureOpenAIModelConfiguration, Flow, OpenAIModelConfiguration, Prompty, tool
        from promptflow.connections import OpenAIConnection


        @tool
        def run(q: str, connection: OpenAIConnection):
            here = Path(__file__).parent
            model = OpenAIModelConfiguration(model="m2", base_url=connection.base_url, api_key=connection.api_key)
            ask = Prompty.load(source=here / "prompts" / "ask.prompty", model={"configuration": model, "parameters": {"max_tokens": 9}})
            again = Flow.load(source=here / "prompts" / "ask.prompty", model={"configuration": model})
            return [ask(q=q), again(q=q + "2")]
        """,
        inputs='q: "${inputs.q}", connection: llm',
        prompts__ask_prompty="---\nname: Ask\nmodel:\n  api: chat\n  configuration:\n    type: openai\n    model: m1\n  parameters:\n    temperature: 0.1\ninputs:\n  q:\n    type: string\n---\nsystem:\nkind\nuser:\n{{q}}\n",
    ),
    one(
        "people-prompty-async",
        """
        import asyncio
        from pathlib import Path

        from promptflow.core import AsyncPrompty, Prompty, tool


        @tool
        async def run(q: str):
            source = Path(__file__).parent / "ask.prompty"
            both = await asyncio.gather(AsyncPrompty.load(source=source)(q=q), AsyncPrompty.load(source=source)(q=q + "2"))
            return [*both, Prompty.load(source=source)(q="sync")]
        """,
        ask_prompty="---\nmodel:\n  api: chat\n  configuration:\n    type: openai\n    connection: llm\n    model: m1\n  parameters: {}\ninputs:\n  q:\n    type: string\n---\nuser:\n{{q}}\n",
    ),
    flow(
        "package-serp-and-safety",
        "1.2 package tools",
        """
        inputs: {q: {type: string, default: cats}}
        outputs: {found: {type: object, reference: "${search.output}"}, safe: {type: object, reference: "${check.output}"}}
        nodes:
        - {name: search, type: python, source: {type: package, tool: promptflow.tools.serpapi.SerpAPI.search}, inputs: {connection: serp, query: "${inputs.q}", num: "3", safe: active, location: Bern}}
        - {name: check, type: python, source: {type: package, tool: promptflow.tools.azure_content_safety.analyze_text}, inputs: {connection: safety, text: "${inputs.q}", hate_category: high_sensitivity, sexual_category: disable}}
        """,
        {},
        {"q": "hate violence violence"},
        {"q": "sexual hate"},
        {"q": "refuse"},
        {"q": "fail"},
    ),
    one(
        "package-open-model",
        """
        import os

        from promptflow.core import tool
        from promptflow.tools.open_model_llm import API, OpenModelLLM


        @tool
        def run(q: str):
            given = {"endpoint_url": os.environ["ONLINE"] + "/online", "endpoint_api_key": "k", "model_family": "LLaMa"}
            other = OpenModelLLM().call("{{q}}", API.COMPLETION, "connection/x", "default", q=q, **{**given, "model_family": "Falcon"})
            chat = OpenModelLLM().call("system:\\nkind\\nuser:\\n{{q}}\\n", API.CHAT, "connection/x", q=q, temperature=0.5, **given)
            text = OpenModelLLM().call("{{q}} \\\\n", API.COMPLETION, "connection/x", "blue", q=q, max_new_tokens=9, **given)
            return [chat, text, other]
        """,
        env={"ONLINE": "{url}"},
    ),
    one(
        "people-imports",
        """
        from promptflow.contracts.multimedia import Image
        from promptflow.contracts.types import FilePath, PromptTemplate, Secret
        from promptflow.core import Flow, tool
        from promptflow.client import PFClient, load_flow, load_run  # noqa: F401
        from promptflow.entities import AzureOpenAIConnection, CustomConnection, FlowContext, Run  # noqa: F401
        from promptflow.exceptions import ErrorCategory, ErrorTarget, PromptflowException, SystemErrorException, UserErrorException, ValidationException
        from promptflow.tracing import start_trace, trace
        from promptflow.tools.common import render_jinja_template, parse_chat
        from promptflow._core.tool import DynamicList, InputSetting  # noqa: F401
        from promptflow._core.metric_logger import log_metric  # noqa: F401
        from promptflow.tools.exception import OpenModelLLMUserError, SerpAPIUserError  # noqa: F401
        from promptflow.tools.common import convert_to_chat_list, preprocess_template_string, to_bool
        from promptflow.contracts.run_info import Status
        from promptflow.contracts.tool import ToolType, ValueType  # noqa: F401
        from promptflow._utils.logger_utils import get_cli_sdk_logger  # noqa: F401
        import promptflow


        @tool
        def run(q: str, secret: Secret = None, path: FilePath = None):
            try:
                raise UserErrorException("mine", target=ErrorTarget.TOOL)
            except PromptflowException as error:
                said = [str(error), error.message, str(error.target)]
            return [render_jinja_template("{{a}}", a=q), parse_chat("user:\\nhi\\n"), said, Status.Completed.value, bool(promptflow.__version__)]
        """,
    ),
)
