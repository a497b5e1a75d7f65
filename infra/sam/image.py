"""Makes the image in which sam runs a function, out of what lies in sam's own package: nothing is pulled.

sam builds nothing when the tag that it would build exists. For provided.al2023 and a static binary that image needs only
the emulator of Lambda's runtime API, a /tmp, an /etc/passwd and the authorities that TLS trusts: 10 MB, no shell.
Tag and path are asked from sam, so that no registry is named here and a newer sam is followed.
"""

import io
import os
import platform
import ssl
import subprocess
import tarfile

from samcli.local.docker.lambda_image import LambdaImage, RAPID_IMAGE_TAG_PREFIX, Runtime
from samcli.local.docker.utils import get_rapid_name


def main():
    architecture = {"arm64": "arm64", "aarch64": "arm64"}.get(platform.machine(), "x86_64")
    base = f"{LambdaImage._INVOKE_REPO_PREFIX}/{Runtime.get_image_name_tag('provided.al2023', architecture)}"
    repository, _, tag = base.rpartition(":")
    prefix = tag.removesuffix(architecture)
    name = f"{repository}:{prefix}{RAPID_IMAGE_TAG_PREFIX}-{architecture}"
    if subprocess.run(["docker", "image", "inspect", name], capture_output=True, check=False).returncode == 0:
        return

    emulator = LambdaImage._RAPID_SOURCE_PATH / get_rapid_name(architecture)
    paths = ssl.get_default_verify_paths()
    authorities = next(
        f for f in (os.environ.get("SSL_CERT_FILE"), paths.cafile, "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem")
        if f and os.path.exists(f)
    )
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        add(tar, "tmp", 0o1777)
        add(tar, "var/task", 0o755)
        add(tar, "var/runtime", 0o755)
        add(tar, "etc/passwd", 0o644, b"root:x:0:0:root:/root:/none\nsbx_user1051:x:993:990::/tmp:/none\n")
        with open(authorities, "rb") as f:
            add(tar, "etc/ssl/certs/ca-certificates.crt", 0o644, f.read())
        add(tar, "var/rapid/aws-lambda-rie", 0o755, emulator.read_bytes())
    changes = ["ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime", "WORKDIR /var/task"]
    command = ["docker", "import", "--platform", "linux/" + architecture.replace("x86_64", "amd64")]
    for change in changes:
        command += ["--change", change]
    subprocess.run(command + ["-", name], input=archive.getvalue(), stdout=subprocess.DEVNULL, check=True)


def add(tar, name, mode, content=None):
    info = tarfile.TarInfo(name)
    info.mode = mode
    if content is None:
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
    else:
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))


main()
