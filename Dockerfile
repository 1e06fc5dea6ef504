# syntax=docker/dockerfile:1
FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /venv
COPY requirements.lock requirements-compile.lock pyproject.toml README.md ./
RUN /venv/bin/pip install --no-deps --require-hashes -r requirements.lock
# For this stage alone.
RUN /venv/bin/pip install --no-deps --require-hashes --target /compile -r requirements-compile.lock
COPY main.py setup.py ./
COPY api api
COPY appliance appliance
COPY migrations migrations
COPY monitor monitor
COPY proxy proxy
COPY web web
# A page shows it.
COPY docs/troubleshooting.md docs/troubleshooting.md
RUN /venv/bin/pip install --no-deps --no-build-isolation -e .
# Beside the sources, which in an image nobody edits; docs/compiled.md.
RUN PYTHONPATH=/compile COMPILE_TO=compiling \
        /venv/bin/python setup.py -q build_ext --inplace --build-temp compiling/o \
    && rm -r compiling \
    && PYTHONPATH=/app /venv/bin/python -c \
        "from monitor.build import IS_COMPILED; assert IS_COMPILED"

# For compose: its static files are those of the app beside it.
FROM nginx:1.28-alpine AS nginx
COPY nginx.conf /etc/nginx/nginx.conf
COPY web/static /srv/static

FROM python:3.12-slim
LABEL org.opencontainers.image.title="API Monitor" \
      org.opencontainers.image.description="A reverse proxy that records, searches, replays and compares HTTP traffic"
COPY --from=build /venv /venv
COPY --from=build /app /app
RUN mkdir -m 0700 /data && chown 10001:10001 /data
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 DATA_DIR=/data
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8000 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["apimonitor", "healthcheck"]
CMD ["apimonitor", "serve"]
