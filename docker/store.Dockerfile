# versitygw, an S3-compatible store over a folder that knows conditional puts, which the lease of outputs rests on.
FROM golang:1.26-bookworm AS build
RUN CGO_ENABLED=0 go install github.com/versity/versitygw/cmd/versitygw@v1.8.0

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends curl ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /go/bin/versitygw /usr/local/bin/
COPY start-store.sh /usr/local/bin/
RUN useradd --uid 1000 --user-group store && install -d -o store -g store /data
USER store
VOLUME /data
CMD ["sh", "/usr/local/bin/start-store.sh"]
