# SPDX-License-Identifier: Apache-2.0
# The image of otelgate: the program, its libraries and CA certificates, and nothing else.
#
#   docker build --build-arg BASE=debian:13-slim@sha256:… --build-arg VERSION=0.1.0 -t otelgate:0.1.0 .
#
# BASE is to be given with its digest; what is copied out of it is listed by scripts/rootfs.
ARG BASE=debian:13-slim

FROM ${BASE} AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
	binutils ca-certificates gcc libc6-dev libcurl4-openssl-dev libjansson-dev libmicrohttpd-dev libssl-dev \
	libyaml-dev make pkg-config
WORKDIR /src
COPY . .
RUN make all && build/release/otelgate version && scripts/rootfs build/release/otelgate /rootfs

FROM scratch
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="otelgate" \
	org.opencontainers.image.description="Injects OpenTelemetry into pods that ask for it, and proves that it arrives in Grafana" \
	org.opencontainers.image.licenses="Apache-2.0" \
	org.opencontainers.image.version="${VERSION}"
COPY --from=build /rootfs /
ENV PATH=/usr/bin
USER 65532:65532
EXPOSE 10250 8080
ENTRYPOINT ["/usr/bin/otelgate"]
