# The S3 server of demo and tests: a folder is a bucket. Not part of the product. One static Go program.
FROM scratch
COPY versitygw /usr/bin/versitygw
ENV PATH=/usr/bin
USER 10001:10001
EXPOSE 7070
CMD ["versitygw", "--help"]
