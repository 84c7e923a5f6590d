# What every pod of a cluster runs: the steps of Kubeflow Pipelines and the workers of a training.
# docs/decisions/image.md says why it is as it is.
#
#   python3 -m scripts.image.build --tag registry.example/headrace:1

# By digest: --build-arg BASE=docker.io/library/debian:13-slim@sha256:...
ARG BASE=docker.io/library/debian:13-slim

FROM ${BASE} AS base
# Debian 13 has Python 3.13 and glibc 2.41; TFX's wheels ask for 2.39. A process that is nobody's
# needs no file that lends it another user's rights.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libstdc++6 python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && echo 'headrace:x:1000:' >> /etc/group \
    && echo 'headrace:x:1000:1000::/tmp:/usr/sbin/nologin' >> /etc/passwd

FROM base AS packages
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-pip \
    && python3 -m venv --without-pip /opt/headrace
# pip is Debian's, and installs into the other environment, which gets none.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_DEPS=1 \
    PIP_PYTHON=/opt/headrace/bin/python
WORKDIR /src
COPY requirements.lock setup.py ./
COPY scripts/image/lock.py scripts/image/
# The few packages that are published as sources are built with the lock's setuptools. Both secrets
# are optional: a pip.conf that names an index of your own, and the certificates it is known by.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=certificates,target=/etc/ssl/certs/of-the-build.pem \
    python3 scripts/image/lock.py setuptools > first.lock \
    && python3 scripts/image/lock.py > runtime.lock \
    && python3 -m pip install --no-compile --require-hashes --requirement first.lock \
    && python3 -m pip install --no-compile --require-hashes --no-build-isolation \
        --requirement runtime.lock
# C++ headers, which only a compiler reads, and the largest of the packages' own tests.
RUN cd /opt/headrace/lib/python3.13/site-packages \
    && rm -r pandas/tests pyarrow/include pyarrow/tests tensorflow/include \
    && find numpy scipy sklearn -type d -name tests -prune -exec rm -r {} +
# Nobody may write bytecode later, and an import of TFX without it takes 20 s more. Unchecked (so
# not by pip): it stays valid whatever becomes of the files' times.
RUN /opt/headrace/bin/python -W ignore -m compileall -q -j 0 --invalidation-mode unchecked-hash \
        /opt/headrace/lib

FROM packages AS project
COPY pyproject.toml ./
COPY components components
COPY modules modules
COPY pipeline pipeline
RUN python3 -m pip install --no-compile --no-build-isolation --prefix /opt/project . \
    && /opt/headrace/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/project

FROM base
COPY --from=packages /opt/headrace /opt/headrace
# A layer of its own, of a megabyte: all that a commit changes.
COPY --from=project /opt/project /opt/headrace
COPY LICENSE /usr/share/doc/headrace/copyright

# The root may be read-only and the user any number; /tmp is an emptyDir. Python is not to import
# what lies in the working folder instead of what is installed.
ENV HOME=/tmp \
    LANG=C.UTF-8 \
    LOGNAME=headrace \
    PATH=/opt/headrace/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    TF_CPP_MIN_LOG_LEVEL=1
WORKDIR /tmp
USER 1000:1000
CMD ["headrace", "--help"]

ARG BASE
ARG REVISION=unknown
ARG SOURCE=unknown
ARG VERSION=unknown
LABEL org.opencontainers.image.title="Headrace" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}"
