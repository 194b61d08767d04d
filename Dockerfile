# One image for the door, the worker, the migration and the simulator; the command chooses.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

RUN useradd --system --uid 10001 --home-dir /srv/greenlane --no-create-home greenlane

WORKDIR /srv/greenlane

COPY requirements-run.lock ./
RUN pip install --require-hashes -r requirements-run.lock

COPY . .
RUN install -d -o greenlane -m 0700 /srv/greenlane/var

USER greenlane

# The commands answer SIGTERM themselves from their first line on; no init process is needed.
ENTRYPOINT ["python", "cli.py"]
CMD ["serve-api"]
