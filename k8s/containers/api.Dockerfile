# The control plane: no torch, no ONNX Runtime.
FROM python:3.11.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /venv
COPY constraints.txt k8s/containers/api-requirements.txt ./
RUN /venv/bin/pip install --no-cache-dir -c constraints.txt -r api-requirements.txt
# Traces of jobs: the extra "tracing".
RUN /venv/bin/pip install --no-cache-dir -c constraints.txt opentelemetry-sdk opentelemetry-exporter-otlp-proto-http
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11.11-slim-bookworm
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080
ENTRYPOINT ["python", "-m", "api.app"]
