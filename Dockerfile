# The Makefile's own install and start commands in a box. Settings come from the environment (see .env.example);
# SQLite, stored files and backups live in the volume.
FROM python:3.12-slim

# The letters are for pictures that carry Chinese words: posters of activities.
RUN apt-get update \
    && apt-get install -y --no-install-recommends make fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /opt/gonghui --shell /usr/sbin/nologin gonghui

WORKDIR /opt/gonghui

# The locks first: code changes more often than they do.
COPY Makefile requirements.lock ./
RUN make install

COPY . .
RUN .venv/bin/python -m compileall -q app handlers migrations models \
    && install -d -o gonghui -g gonghui -m 700 data

USER gonghui
VOLUME /opt/gonghui/data
EXPOSE 8000

# The parent hands SIGTERM on; messages at work get 10 seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --retries=3 \
    CMD [".venv/bin/python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]

ENTRYPOINT [".venv/bin/gonghui"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
