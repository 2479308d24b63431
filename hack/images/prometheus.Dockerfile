# A real Prometheus from Debian's package, for the tests that scrape. Not part of the product.
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE}
COPY usr/bin/prometheus /usr/bin/prometheus
USER 10001:10001
EXPOSE 9090
CMD ["prometheus", "--version"]
