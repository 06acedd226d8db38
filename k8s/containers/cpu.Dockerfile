# Planner, and synthesizer on a CPU: `planner` or `synthesizer` is the argument.
FROM python:3.11.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /venv
COPY constraints.txt ./
# Alone and first. PIP_EXTRA_INDEX_URL (--build-arg) may name an index with a build of torch without CUDA,
# which pip prefers by its local version; without it the image carries CUDA and is some GB larger.
ARG PIP_EXTRA_INDEX_URL
RUN /venv/bin/pip install --no-cache-dir -c constraints.txt torch
COPY . .
RUN /venv/bin/pip install --no-cache-dir -c constraints.txt '.[cpu,tracing]'

FROM python:3.11.11-slim-bookworm
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 9100
ENTRYPOINT ["python", "-m", "workers.app"]
CMD ["synthesizer"]
