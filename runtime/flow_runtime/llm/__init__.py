"""LLMs behind OpenAI's chat API: connections, a thin client, its errors. Knows no flow and no HTTP server."""
