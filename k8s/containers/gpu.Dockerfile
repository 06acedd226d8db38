# Synthesizer on a CUDA device. The libraries of CUDA come with the wheels of torch; the driver is the node's.
FROM python:3.11.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /venv
COPY constraints.txt ./
RUN /venv/bin/pip install --no-cache-dir -c constraints.txt torch
COPY . .
RUN /venv/bin/pip install --no-cache-dir -c constraints.txt '.[gpu,tracing]'

FROM python:3.11.11-slim-bookworm
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1 \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001:10001
WORKDIR /tmp
EXPOSE 9100
ENTRYPOINT ["python", "-m", "workers.app"]
CMD ["synthesizer"]
