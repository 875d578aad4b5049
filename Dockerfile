# Podium in one image: the web client is built with Node, the service is installed from the hashes in requirements.lock,
# and only the result goes on. Everything that must outlive a container is in /var/lib/podium.

FROM node:20-bookworm-slim AS web
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements.lock requirements-dev.lock ./
# the build backend is held to a hash as well: its entry of the development lock, up to the next package
RUN sed -n '/^setuptools==/,/^[^ #]/{/^setuptools==/p;/^ /p}' requirements-dev.lock > build.lock \
    && pip install --require-hashes -r build.lock \
    && python -m venv /opt/podium \
    && /opt/podium/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY migrations/ migrations/
COPY backend/ backend/
COPY --from=web /src/frontend/dist/ backend/podium/web/
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/podium/bin/pip install --no-deps --no-index /wheels/*.whl

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /var/lib/podium --shell /usr/sbin/nologin podium \
    && install --directory --owner=podium --group=podium --mode=0700 /var/lib/podium
COPY --from=build /opt/podium /opt/podium
ENV PATH=/opt/podium/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PODIUM_HOST=0.0.0.0 \
    PODIUM_PORT=8000 \
    PODIUM_DATA_DIR=/var/lib/podium \
    PODIUM_LOG_FORMAT=json
USER 10001
WORKDIR /var/lib/podium
VOLUME ["/var/lib/podium"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['PODIUM_PORT'] + '/health', timeout=4)"]
ENTRYPOINT ["podium"]
CMD ["serve"]
