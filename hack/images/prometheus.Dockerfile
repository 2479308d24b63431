# A real Prometheus for the tests that scrape. Not part of the product. One static Go program.
FROM scratch
COPY prometheus /usr/bin/prometheus
ENV PATH=/usr/bin
USER 10001:10001
EXPOSE 9090
CMD ["prometheus", "--help"]
