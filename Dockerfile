# syntax=docker/dockerfile:1
# The server with its page, for running it: docker build -t millrace . && docker run -p 8000:8000 -v millrace:/data millrace
# compose.yaml does the same with its settings beside it.

# --- The page: built by Node, which the result does not contain ---
FROM node:24-slim AS page
WORKDIR /millrace
COPY package.json package-lock.json .npmrc tsconfig.base.json ./
COPY clients ./clients
COPY web ./web
COPY e2e/package.json ./e2e/
COPY bench/web/package.json ./bench/web/
COPY tests/clients/package.json ./tests/clients/
RUN npm ci --ignore-scripts --no-progress
RUN npm run build

# --- The environment: the locked packages and Millrace's wheel, page inside ---
FROM python:3.13-slim AS environment
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/millrace
COPY requirements.lock /build/
RUN /opt/millrace/bin/pip install --require-hashes -r /build/requirements.lock
COPY pyproject.toml hatch_build.py README.md LICENSE /build/
COPY docs /build/docs
COPY src /build/src
COPY --from=page /millrace/src/millrace/web /build/src/millrace/web
RUN /opt/millrace/bin/pip install --no-deps --no-build-isolation /build && /opt/millrace/bin/pip check

# --- What runs: no compiler, no Node, an ordinary user ---
FROM python:3.13-slim
RUN groupadd --gid 10001 millrace \
 && useradd --uid 10001 --gid millrace --home-dir /data --no-create-home --shell /usr/sbin/nologin millrace \
 && install --directory --owner=millrace --group=millrace --mode=0750 /data
COPY --from=environment /opt/millrace /opt/millrace
ENV PATH=/opt/millrace/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1

# A container is reached from outside itself, so people sign in: guest mode would give everyone on the network a seat.
ENV MILLRACE_AUTH__MODE=accounts

USER millrace
WORKDIR /data
VOLUME /data
EXPOSE 8000
# SIGTERM lets running turns be handed over before the server ends; give it the time that compose.yaml gives.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2).close()"]
ENTRYPOINT ["millrace"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000", "--data-dir", "/data"]
