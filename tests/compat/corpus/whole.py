# ruff: noqa: E501 - whole files of flows stand in the lines
"""Whole small applications, as people write them: several features in one flow."""

from tests.compat.case import SSE, Ask, flow

FLOWS = (
    flow(
        "whole-rag-chat",
        "whole",
        """
        $schema: https://azuremlschemas.azureedge.net/promptflow/latest/Flow.schema.json
        inputs:
          chat_history: {type: list, default: [], is_chat_history: true}
          question: {type: string, is_chat_input: true}
          top_k: {type: int, default: 2}
        outputs:
          answer: {type: string, reference: "${answer.output}", is_chat_output: true}
          context: {type: string, reference: "${join.output}", evaluation_only: true}
          rewritten: {type: string, reference: "${rewrite.output}"}
        nodes:
        - name: rewrite
          type: llm
          source: {type: code, path: prompts/rewrite.jinja2}
          inputs: {deployment_name: gpt, model: m, max_tokens: 60, temperature: 0, question: "${inputs.question}", chat_history: "${inputs.chat_history}"}
          connection: azure
          api: chat
        - {name: search, type: python, source: {type: code, path: tools/search.py}, inputs: {query: "${rewrite.output}", top_k: "${inputs.top_k}"}}
        - {name: join, type: prompt, source: {type: code, path: prompts/join.md}, inputs: {docs: "${search.output}"}}
        - name: answer
          type: llm
          source: {type: code, path: prompts/answer.jinja2}
          inputs: {deployment_name: "", model: m, max_tokens: "256", temperature: "0.7", top_p: 1, stop: "", presence_penalty: 0, frequency_penalty: 0, context: "${join.output}", question: "${inputs.question}", chat_history: "${inputs.chat_history}"}
          provider: OpenAI
          connection: llm
          api: chat
          module: promptflow.tools.openai
        environment: {python_requirements_txt: requirements.txt}
        """,
        {"question": "Where is it?"},
        {
            "question": "And then?",
            "chat_history": [
                {"inputs": {"question": "Where?"}, "outputs": {"answer": "Here.", "rewritten": "r"}}
            ],
            "top_k": "1",
        },
        Ask({"question": "Stream it"}, SSE),
        Ask({}, SSE),
        prompts__rewrite_jinja2="""
            # system:
            Rewrite the question.
            {% for item in chat_history %}
            # user:
            {{item.inputs.question}}
            # assistant:
            {{item.outputs.answer}}
            {% endfor %}
            # user:
            {{question}}
        """,
        prompts__answer_jinja2="""
            system:
            Answer from the context only.
            {{context}}

            {% for item in chat_history %}
            user:
            {{item.inputs.question}}
            assistant:
            {{item.outputs.answer}}
            {% endfor %}

            user:
            {{question}}
        """,
        prompts__join_md="""
            {% for doc in docs %}
            - {{doc.title}}: {{doc["text"]}}
            {% endfor %}
        """,
        tools__search_py="""
            from typing import List

            from promptflow.core import tool

            @tool
            def search(query: str, top_k: int = 3) -> List[dict]:
                return [{"title": f"doc {i}", "text": f"about {query}"} for i in range(top_k)]
        """,
        requirements_txt="",
    ),
    flow(
        "whole-classify",
        "whole",
        """
        inputs:
          url: {type: string, default: "http://x"}
        outputs:
          category: {type: string, reference: "${convert.output.category}"}
          evidence: {type: string, reference: "${convert.output.evidence}"}
        nodes:
        - {name: fetch, type: python, source: {type: code, path: fetch.py}, inputs: {fetch_url: "${inputs.url}"}}
        - {name: examples, type: python, source: {type: code, path: examples.py}}
        - name: classify
          type: llm
          source: {type: code, path: classify.jinja2}
          inputs: {deployment_name: gpt, max_tokens: 128, temperature: 0.2, url: "${inputs.url}", text: "${fetch.output}", examples: "${examples.output}"}
          connection: azure
          api: chat
        - {name: convert, type: python, source: {type: code, path: convert.py}, inputs: {input_str: "${classify.output}"}}
        """,
        {},
        {"url": "http://y"},
        fetch_py="""
            from promptflow import tool

            @tool
            def fetch(fetch_url: str):
                return "!say {\\"category\\": \\"App\\", \\"evidence\\": \\"" + fetch_url + "\\"}"
        """,
        examples_py="""
            from promptflow import tool

            @tool
            def examples():
                return [{"url": "a", "text": "b", "category": "c", "evidence": "Both"}]
        """,
        classify_jinja2="""
            system:
            Classify.
            {% for ex in examples %}
            URL: {{ex.url}} {{ex.category}}
            {% endfor %}
            user:
            {{url}}
            {{text}}
        """,
        convert_py="""
            import json

            from promptflow import tool

            @tool
            def convert(input_str: str) -> dict:
                try:
                    return json.loads(input_str)
                except Exception as e:
                    print("cannot be read", e)
                    return {"category": "None", "evidence": "None"}
        """,
    ),
    flow(
        "whole-functions-loop",
        "whole",
        """
        inputs:
          chat_history: {type: list, default: []}
          question: {type: string, is_chat_input: true}
        outputs:
          answer: {type: string, reference: "${run.output}", is_chat_output: true}
          llm_output: {type: object, reference: "${ask.output}"}
        nodes:
        - name: ask
          type: llm
          source: {type: code, path: ask.jinja2}
          connection: llm
          api: chat
          inputs:
            model: m
            temperature: 0.7
            function_call: auto
            functions:
            - name: weather
              description: tells the weather
              parameters: {type: object, properties: {city: {type: string}}, required: [city]}
            chat_history: "${inputs.chat_history}"
            question: "${inputs.question}"
        - {name: run, type: python, source: {type: code, path: run.py}, inputs: {response: "${ask.output}"}}
        """,
        {"question": "How is it?"},
        {
            "question": "And now?",
            "chat_history": [
                {
                    "inputs": {"question": "How?"},
                    "outputs": {
                        "answer": "sunny in Bern",
                        "llm_output": {
                            "role": "assistant",
                            "content": None,
                            "function_call": {"name": "weather", "arguments": "{}"},
                        },
                    },
                }
            ],
        },
        ask_jinja2="""
            system:
            Use functions.
            {% for item in chat_history %}
            user:
            {{item.inputs.question}}
            {% if 'function_call' in item.outputs.llm_output %}
            assistant:
            Function generation requested, function = {{item.outputs.llm_output.function_call.name}}

            function:
            name:
            {{item.outputs.llm_output.function_call.name}}
            content:
            {{item.outputs.answer}}
            {% else %}
            assistant:
            {{item.outputs.llm_output}}
            {% endif %}
            {% endfor %}
            user:
            {{question}}
        """,
        run_py="""
            import json

            from promptflow.core import tool

            def weather(city):
                return f"sunny in {city}"

            @tool
            def run(response: dict) -> str:
                call = response.get("function_call")
                if call:
                    return globals()[call["name"]](**json.loads(call["arguments"]))
                return response["content"]
        """,
    ),
    flow(
        "whole-evaluation",
        "whole",
        """
        inputs:
          groundtruth: {type: string, default: yes}
          prediction: {type: string, default: yes}
        outputs:
          grade: {type: string, reference: "${grade.output}"}
        nodes:
        - {name: grade, type: python, source: {type: code, path: grade.py}, inputs: {groundtruth: "${inputs.groundtruth}", prediction: "${inputs.prediction}"}}
        - {name: accuracy, type: python, source: {type: code, path: accuracy.py}, inputs: {grades: "${grade.output}"}, aggregation: true}
        """,
        {},
        {"prediction": "no"},
        grade_py="""
            from promptflow.core import tool

            @tool
            def grade(groundtruth: str, prediction: str):
                return "Correct" if groundtruth.lower() == prediction.lower() else "Incorrect"
        """,
        accuracy_py="""
            from typing import List

            from promptflow.core import log_metric, tool

            @tool
            def accuracy(grades: List[str]):
                log_metric("accuracy", grades.count("Correct") / len(grades))
        """,
    ),
    flow(
        "whole-openai-client",
        "whole",
        """
        inputs:
          q: {type: string, default: hello}
        outputs:
          a: {type: string, reference: "${ask.output}"}
        nodes:
        - {name: ask, type: python, source: {type: code, path: ask.py}, inputs: {q: "${inputs.q}", connection: llm}}
        """,
        {},
        ask_py="""
            from openai import OpenAI
            from promptflow.connections import OpenAIConnection
            from promptflow.core import tool

            @tool
            def ask(q: str, connection: OpenAIConnection) -> str:
                client = OpenAI(api_key=connection.api_key, base_url=connection.base_url, organization=connection.organization)
                answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": q}])
                return answer.choices[0].message.content
        """,
    ),
    flow(
        "whole-openai-stream",
        "whole",
        """
        inputs:
          q: {type: string, default: hello there}
        outputs:
          a: {type: string, reference: "${ask.output}"}
        nodes:
        - {name: ask, type: python, source: {type: code, path: ask.py}, inputs: {q: "${inputs.q}", connection: custom, url: "${inputs.q}"}}
        """,
        Ask({}, SSE),
        {},
        ask_py="""
            import time
            from promptflow.connections import CustomConnection
            from promptflow.core import tool

            @tool
            def ask(q: str, url: str, connection: CustomConnection):
                for word in q.split():
                    time.sleep(0.01)
                    yield word + connection.token
        """,
    ),
    flow(
        "whole-class-with-connection",
        "whole",
        """
        inputs:
          q: {type: string, default: hello}
        outputs:
          a: {type: string, reference: "${ask.output}"}
        nodes:
        - {name: ask, type: python, source: {type: code, path: ask.py}, inputs: {connection: llm, q: "${inputs.q}"}}
        """,
        {},
        ask_py="""
            from promptflow.connections import OpenAIConnection
            from promptflow.core import ToolProvider, tool


            class Asker(ToolProvider):
                def __init__(self, connection: OpenAIConnection):
                    super().__init__()
                    self.key = connection.api_key

                @tool
                def ask(self, q: str) -> str:
                    return self.key[:3] + q
        """,
    ),
    flow(
        "whole-flow-in-flow",
        "whole",
        """
        inputs:
          q: {type: string, default: hello}
        outputs:
          a: {type: string, reference: "${ask.output}"}
        nodes:
        - {name: ask, type: python, source: {type: code, path: ask.py}, inputs: {q: "${inputs.q}"}}
        """,
        {},
        ask_py="""
            from pathlib import Path

            from promptflow.core import Flow, tool

            @tool
            def ask(q: str) -> str:
                inner = Flow.load(source=Path(__file__).parent / "inner")
                return repr(inner(x=q))
        """,
        inner__flow_dag_yaml="",
    ),
    flow(
        "whole-connection-by-hand",
        "whole",
        """
        inputs:
          q: {type: string, default: hello}
        outputs:
          a: {type: string, reference: "${ask.output}"}
        nodes:
        - {name: ask, type: python, source: {type: code, path: ask.py}, inputs: {q: "${inputs.q}"}}
        """,
        {},
        ask_py="""
            from promptflow.connections import AzureOpenAIConnection, CustomConnection, OpenAIConnection
            from promptflow.core import tool

            @tool
            def ask(q: str) -> str:
                made = [
                    OpenAIConnection(api_key="k", organization="o", name="n"),
                    AzureOpenAIConnection(api_key="k", api_base="http://b", name="n"),
                    CustomConnection(secrets={"a": "1"}, configs={"b": "2"}, name="n"),
                ]
                return repr([made[0].organization, made[0].base_url, made[1].api_version, made[1].api_type, made[2].a, made[2].b])
        """,
    ),
    flow(
        "whole-async-gather",
        "whole",
        """
        inputs:
          items: {type: list, default: [1, 2, 3]}
        outputs:
          sums: {type: list, reference: "${gather.output}"}
          first: {type: int, reference: "${gather.output[0]}"}
        nodes:
        - {name: gather, type: python, source: {type: code, path: gather.py}, inputs: {items: "${inputs.items}"}}
        """,
        {},
        {"items": []},
        {"items": ["a"]},
        gather_py="""
            import asyncio

            from promptflow.core import tool


            async def one(x):
                await asyncio.sleep(0.01)
                return x * 2


            @tool
            async def gather(items: list) -> list:
                return list(await asyncio.gather(*(one(x) for x in items)))
        """,
    ),
    flow(
        "whole-texts",
        "whole",
        """
        inputs:
          name: {type: string, default: Ann}
        outputs:
          text: {type: string, reference: "${render.output}"}
        nodes:
        - name: render
          type: prompt
          source: {type: code, path: text.txt}
          inputs:
            name: ${inputs.name}
            intro: |
              Two lines
              of text
            folded: >-
              folded
              text
            number: 1_000
            time: 12:30:45
            octal: 0o17
            big: 12345678901234567890
            float: 1e3
            tilde: ~
            quoted: 'yes'
            on: on
        """,
        {},
        text_txt="""
            {{name}}|{{intro}}|{{folded}}|{{number}}|{{time}}|{{octal}}|{{big}}|{{float}}|{{tilde}}|{{quoted}}|{{on}}
        """,
    ),
    flow(
        "whole-python-names",
        "whole",
        """
        inputs:
          input: {type: string, default: i}
          self: {type: string, default: s}
          name: {type: string, default: n}
        outputs:
          output: {type: string, reference: "${inputs-node.output}"}
        nodes:
        - {name: inputs-node, type: python, source: {type: code, path: t.py}, inputs: {input: "${inputs.input}", name: "${inputs.name}", node: "${inputs.self}"}}
        """,
        {},
        t_py="""
            from promptflow.core import tool

            @tool
            def t(input, name, node) -> str:
                return input + name + node
        """,
    ),
)

for each in FLOWS:
    if each.name == "whole-flow-in-flow":
        del each.files["inner/flow_dag.yaml"]
        each.files["inner/flow.dag.yaml"] = (
            'inputs: {x: {type: string}}\noutputs: {y: {type: string, reference: "${p.output}"}}\n'
            'nodes: [{name: p, type: prompt, source: {type: code, path: p.jinja2}, inputs: {x: "${inputs.x}"}}]\n'
        )
        each.files["inner/p.jinja2"] = "inner {{x}}"
