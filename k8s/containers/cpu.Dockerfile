# Planner, and synthesizer on a CPU: `planner` or `synthesizer` is the argument.
FROM python:3.11.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /venv
COPY constraints.txt ./
# Alone and first, so that no other requirement picks the build for CUDA.
RUN /venv/bin/pip install --no-cache-dir -c constraints.txt \
    --index-url https://download.pytorch.org/whl/cpu --extra-index-url https://pypi.org/simple torch
COPY . .
RUN /venv/bin/pip install --no-cache-dir -c constraints.txt '.[cpu]'

FROM python:3.11.11-slim-bookworm
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 9100
ENTRYPOINT ["python", "-m", "workers.app"]
CMD ["synthesizer"]
