#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""shipped.py UNIT PROGRAM: what is shipped beside the program agrees with itself. Needs no privilege. Speaks TAP.

UNIT is the unit for systemd as it is installed; PROGRAM any ELF file, of which an image is made and looked at.
"""
import gzip
import hashlib
import io
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests"))
from tap import Skip, main, test  # noqa: E402

UNIT, PROGRAM = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
MOST_EXPOSED = 2.5  # docs/installing.md tells the figure


def text(path):
    return (TOP / path).read_text(encoding="utf-8")


VERSION = re.search(r"^  version: '([^']+)'", text("meson.build"), re.MULTILINE)[1]


def need(program):
    if not shutil.which(program):
        raise Skip(f"no {program} here: apt-get install systemd")


def analyze(*words):
    """systemd-analyze on the unit, which names a program that need not be there."""
    need("systemd-analyze")
    with tempfile.TemporaryDirectory() as directory:
        unit = pathlib.Path(directory, "lintel.service")
        unit.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(encoding="utf-8")), encoding="utf-8")
        return subprocess.run(["systemd-analyze", *words, str(unit)], capture_output=True, text=True, check=False)


@test
def systemd_finds_nothing_wrong_with_the_unit():
    result = analyze("verify", "--man=no", "--recursive-errors=no")
    said = [line for line in (result.stdout + result.stderr).splitlines() if "lintel" in line]
    assert not said and result.returncode == 0, said or result


@test
def the_unit_exposes_no_more_than_the_documents_say():
    result = analyze("security", "--offline=true", "--no-pager")
    exposed = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)[1])
    assert exposed <= MOST_EXPOSED, result.stdout
    said = float(re.search(r"exposure level (\d\.\d)", text("docs/installing.md"))[1])
    assert exposed == said, f"docs/installing.md says {said}, systemd-analyze {exposed}"


@test
def the_unit_gives_the_capabilities_that_the_program_asks_for_and_no_other():
    unit = UNIT.read_text(encoding="utf-8")
    for key in ("AmbientCapabilities", "CapabilityBoundingSet"):
        assert re.search(rf"(?m)^{key}=(.*)$", unit)[1].split() == ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_NICE"], key
    for line in ("User=lintel", "NoNewPrivileges=yes", "ProtectSystem=strict", "Type=notify", "MemoryDenyWriteExecute=yes"):
        assert f"\n{line}\n" in unit, line


@test
def one_version_is_named_everywhere():
    assert re.match(r"lintel \(([^)]+)\)", text("packaging/debian/changelog"))[1] == VERSION
    assert f"lintel:{VERSION}" in text("packaging/image/Dockerfile")
    assert f"lintel:{VERSION}" in text("manifests/base/daemonset.yaml")


@test
def the_debian_package_is_built_with_what_the_list_of_packages_names():
    listed = {line.split("#")[0].strip() for line in text("packaging/packages-build.txt").splitlines()}
    control = re.search(r"(?ms)^Build-Depends:(.*?)^\S", text("packaging/debian/control"))[1]
    wanted = {re.split(r"[ (<]", part.strip())[0] for part in control.split(",")}
    missing = {name for name in listed if name.endswith("-dev") and name != "libc6-dev"} - wanted
    assert not missing, f"not in packaging/debian/control: {missing}"


@test
def the_dockerfile_ends_from_scratch_with_the_path_that_the_manifests_run():
    stages = [line.split() for line in text("packaging/image/Dockerfile").splitlines() if line.startswith("FROM ")]
    assert stages[-1] == ["FROM", "scratch"], stages
    assert "/usr/sbin/lintel" in text("packaging/image/Dockerfile").split("FROM scratch")[1]
    assert "command: [/usr/sbin/lintel]" in text("manifests/base/daemonset.yaml")


def build(out, **environment):
    subprocess.run([sys.executable, str(TOP / "packaging/image/build"), str(PROGRAM), str(out)], check=True, capture_output=True,
                   env={"PATH": "/usr/bin:/bin", **environment})
    return out.read_bytes()


@test
def the_image_is_a_valid_oci_layout_of_one_layer_with_one_file():
    with tempfile.TemporaryDirectory() as directory:
        archive = tarfile.open(fileobj=io.BytesIO(build(pathlib.Path(directory, "image.tar"))))
        files = {member.name: archive.extractfile(member).read() for member in archive.getmembers()}

    def blob(descriptor, kind):
        data = files["blobs/sha256/" + descriptor["digest"].removeprefix("sha256:")]
        assert descriptor["mediaType"] == f"application/vnd.oci.image.{kind}", descriptor
        assert descriptor["size"] == len(data) and descriptor["digest"] == "sha256:" + hashlib.sha256(data).hexdigest(), descriptor
        return data

    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads(files["index.json"])
    assert index["schemaVersion"] == 2 and len(index["manifests"]) == 1, index
    manifest = json.loads(blob(index["manifests"][0], "manifest.v1+json"))
    config = json.loads(blob(manifest["config"], "config.v1+json"))
    assert len(manifest["layers"]) == 1, manifest
    layer = gzip.decompress(blob(manifest["layers"][0], "layer.v1.tar+gzip"))
    assert config["rootfs"] == {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}, config
    assert config["os"] == "linux" and config["architecture"] == index["manifests"][0]["platform"]["architecture"], config
    assert config["config"]["Entrypoint"] == ["/usr/sbin/lintel"], config
    root = tarfile.open(fileobj=io.BytesIO(layer))
    members = root.getmembers()
    assert [(m.name, m.mode, m.uid, m.gid, m.mtime) for m in members] == [("usr/sbin/lintel", 0o755, 0, 0, 0)], members
    assert root.extractfile(members[0]).read() == PROGRAM.read_bytes()
    legacy = json.loads(files["manifest.json"])[0]
    assert legacy["RepoTags"] == [f"lintel:{VERSION}"] and legacy["Config"] in files and legacy["Layers"][0] in files, legacy


@test
def the_same_program_gives_the_same_image():
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory(prefix="another-") as two:
        first, second = build(pathlib.Path(one, "a.tar")), build(pathlib.Path(two, "b.tar"), TZ="Asia/Tokyo", LC_ALL="C")
        assert first == second
        assert build(pathlib.Path(one, "c.tar"), SOURCE_DATE_EPOCH="1700000000") != first, "the epoch is not used"


if __name__ == "__main__":
    sys.exit(main())
