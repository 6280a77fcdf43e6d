"""What limits a process as container engines do: it has no capability, or can make no namespace."""

import ctypes
import errno
import struct

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_UNSHARE = 272  # on x86-64
_CAPABILITIES_V3 = 0x20080522


def without_capabilities() -> None:
    """For this process and its children, for good, though they are root (`preexec_fn`)."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.capset(struct.pack("Ii", _CAPABILITIES_V3, 0), bytes(24)) != 0:
        raise OSError(ctypes.get_errno(), "no change")


def deny() -> None:
    """For this process and its children, for good (`preexec_fn`)."""
    lines = [
        (_LOAD, 0, 0, 0),
        (_JUMP_EQUAL, 0, 1, _UNSHARE),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    program = b"".join(struct.pack("HBBI", *line) for line in lines)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no filter")
