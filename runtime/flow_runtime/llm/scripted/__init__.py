"""The scripted stub: an OpenAI-compatible server that answers and judges by stated rules, without any model.

It lets the demo, `make try` and the tests run where no LLM can be had. It is a stub and calls itself one
(model `scripted-stub`); it is never used where a user configured a judge, and it sees no expected scores.
`text` and `language` take text apart, `answerer` and `judge` hold the rules, `app` and `chat` speak the
protocol.
"""
