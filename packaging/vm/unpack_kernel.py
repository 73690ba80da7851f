"""Takes the kernel out of the compressed file that Debian ships: `unpack_kernel.py VMLINUZ TARGET`.

QEMU boots such an ELF file directly (PVH), and the machine is spared the unpacking: seconds when it is emulated.
"""

import lzma
import subprocess
import sys
from pathlib import Path

_SETUP_SECTORS, _OFFSET, _LENGTH = 0x1F1, 0x248, 0x24C
"""Where the boot protocol of Linux on x86 (2.08) keeps the size of what comes before the payload, and its place."""


def payload(image: bytes) -> bytes:
    """The compressed kernel. Raises ValueError: this is no such file."""
    if image[0x202:0x206] != b"HdrS":
        raise ValueError("no Linux kernel with a boot protocol header")
    start = (int.from_bytes(image[_SETUP_SECTORS : _SETUP_SECTORS + 1], "little") + 1) * 512
    begin = start + int.from_bytes(image[_OFFSET : _OFFSET + 4], "little")
    return image[begin : begin + int.from_bytes(image[_LENGTH : _LENGTH + 4], "little")]


def unpacked(data: bytes) -> bytes:
    """Raises ValueError: neither xz nor zstd."""
    if data.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor().decompress(data)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        # The last four bytes are the size, which zstd takes for garbage behind its frame.
        return subprocess.run(["zstd", "-dcq"], input=data[:-4], stdout=subprocess.PIPE, check=True).stdout
    raise ValueError("the kernel is compressed in an unknown way")


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(unpacked(payload(Path(sys.argv[1]).read_bytes())))
