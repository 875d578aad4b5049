"""What is on the disks: against a plain byte string, whatever is written, copied, cut and dropped."""

import random

import pytest

from tests.xensim.lab import Lab, vdi_record
from xensim.content import BLOCK, Contents
from xensim.database import Database
from xensim.schema import load

SIZE = 5 * BLOCK + 4096


@pytest.fixture
def contents() -> Contents:
    return Contents(Database(load()))


def test_reads_what_was_written_for_any_sequence(contents: Contents) -> None:
    rng = random.Random(7)
    truth = {"a": bytearray(SIZE), "b": bytearray(SIZE)}
    for step in range(300):
        disk, other = rng.sample(["a", "b"], 2)
        at = rng.randrange(SIZE)
        length = min(rng.choice((1, 512, 70_000, BLOCK, 2 * BLOCK)), SIZE - at)
        match rng.randrange(8):
            case 0:
                contents.copy(disk, other)
                truth[other] = bytearray(truth[disk])
            case 1:
                contents.resize(disk, at)
                truth[disk][at:] = bytes(SIZE - at)
            case 2:
                contents.write(disk, at, bytes(length))
                truth[disk][at : at + length] = bytes(length)
            case 3 if step % 5 == 0:
                contents.drop(disk)
                truth[disk] = bytearray(SIZE)
            case _:
                data = rng.randbytes(length)
                contents.write(disk, at, data)
                truth[disk][at : at + length] = data
        assert contents.read(disk, 0, SIZE) == truth[disk]
        assert contents.read(other, 0, SIZE) == truth[other]
    contents.drop("a")
    contents.drop("b")
    assert contents.stored == 0
    contents.close()


def test_zeros_take_no_room_and_copies_share(contents: Contents) -> None:
    contents.write("a", 0, bytes(8 * BLOCK))
    assert contents.stored == 0
    contents.write("a", 3 * BLOCK, b"x")
    contents.write("a", 5 * BLOCK, b"y")
    contents.copy("a", "b")
    assert (contents.stored, contents.allocated("b"), contents.differing("a", "b")) == (2 * BLOCK, 2 * BLOCK, [])
    contents.write("b", 5 * BLOCK, b"z")
    assert (contents.stored, contents.differing("b", "a")) == (3 * BLOCK, [5])
    contents.write("b", 3 * BLOCK, bytes(BLOCK))
    assert contents.blocks("b") == [5]
    contents.close()


async def test_content_follows_snapshots_clones_and_the_end_of_a_disk() -> None:
    lab = Lab()
    contents = lab.pool.contents
    vdi = await lab.call("VDI.create", vdi_record(lab.nfs))
    contents.write(vdi, 10, b"before")
    snapshot = await lab.call("VDI.snapshot", vdi, {})
    contents.write(vdi, 10, b"after!")
    clone = await lab.call("VDI.clone", snapshot, {})
    assert [contents.read(each, 10, 6) for each in (vdi, snapshot, clone)] == [b"after!", b"before", b"before"]
    for each in (vdi, snapshot, clone):
        await lab.call("VDI.destroy", each)
    assert contents.stored == 0
    contents.close()
