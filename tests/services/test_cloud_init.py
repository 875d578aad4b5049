"""The cloud-init drive: a volume that kernels mount and cloud-init finds by its label."""

import shutil
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fatfs import Partition, PartitionExtended, RamDisk

from podium.errors import InvalidParameters
from podium.services.cloud_init import MOST, SIZE, drive, volume

USER = "#cloud-config\nhostname: été\n"


def files(image: bytes, *names: str) -> dict[str, bytes]:
    partition = Partition(RamDisk(bytearray(image)))
    partition.mount()
    try:
        reader = PartitionExtended(partition)
        return {name: bytes(reader.read_file(f"/{name}")) for name in names}
    finally:
        partition.unmount()


def test_it_is_fat16_and_holds_what_it_is_told() -> None:
    image = drive(instance_id="an-id", user_data=USER, network_config="version: 2\n")
    assert len(image) == SIZE
    sector, per_cluster, reserved, fats, root = struct.unpack_from("<HBHBH", image, 11)
    (sectors,) = struct.unpack_from("<H", image, 19)
    (fat_sectors,) = struct.unpack_from("<H", image, 22)
    clusters = (sectors - reserved - fats * fat_sectors - root * 32 // sector) // per_cluster
    assert 4085 <= clusters < 65525  # what makes it FAT16 (Microsoft's specification)
    assert files(image, "meta-data", "user-data", "network-config") == {
        "meta-data": b"instance-id: an-id\n",
        "user-data": USER.encode(),
        "network-config": b"version: 2\n",
    }


def test_it_has_no_network_config_where_none_is_wanted() -> None:
    names = drive(instance_id="an-id", user_data=USER)
    assert b"N\0E\0T\0W\0O\0R\0K" not in names.upper()


@pytest.mark.skipif(shutil.which("blkid") is None, reason="blkid is not there")
def test_the_label_is_found_by_what_looks_for_it(tmp_path: Path) -> None:
    (tmp_path / "drive").write_bytes(drive(instance_id="an-id", user_data=USER))
    found = subprocess.run(
        [shutil.which("blkid") or "", "-p", "-o", "export", str(tmp_path / "drive")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert {"TYPE=vfat", "LABEL=CIDATA", "VERSION=FAT16"} <= set(found.stdout.split("\n"))


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidParameters):
        volume({"user-data": b"x" * (MOST + 1)})
    assert files(volume({"user-data": b"x" * MOST}), "user-data") == {"user-data": b"x" * MOST}


def test_several_are_made_at_once() -> None:
    with ThreadPoolExecutor(8) as threads:
        images = list(threads.map(lambda one: drive(instance_id=str(one), user_data=USER), range(24)))
    for number, image in enumerate(images):
        assert files(image, "meta-data")["meta-data"] == f"instance-id: {number}\n".encode()
