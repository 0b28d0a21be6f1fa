# An image that runs the course without a network: the data is fetched while it is built.
#   docker build -t cnn-course .
#   docker run --rm -p 8888:8888 cnn-course     then open the address with 127.0.0.1 that it prints
# What is written in it goes with it; docs/JUPYTERHUB.md shows how to keep it.
# With an NVIDIA GPU: docker build --build-arg TORCH=cu128 ..., docker run --gpus all ...
FROM python:3.12-slim
ARG TORCH=cpu

RUN pip install --no-cache-dir uv
WORKDIR /course
COPY requirements.txt ./
RUN uv pip install --system --no-cache --compile-bytecode --torch-backend=$TORCH -r requirements.txt

COPY course_utils course_utils
COPY notebooks notebooks
COPY images images
COPY results results
COPY docs docs
COPY tools tools
COPY README.md CHANGELOG.md CONTRIBUTING.md CITATION.cff pyproject.toml LICENSE LICENSE-CC-BY-4.0 ./

ENV COURSE_DATA_DIR=/data
RUN python -m course_utils data
ENV COURSE_OFFLINE=1

RUN useradd --create-home student && chown -R student /course && chmod -R a+rX /data
USER student
EXPOSE 8888
CMD ["python", "-m", "course_utils", "lab", "--no-browser", "--ip=0.0.0.0"]
