"""The last wall of a sandboxed child: a list of the system calls it may still make (Linux on x86-64).

Everything else answers EPERM: opening, connecting, forking, signalling, tracing or reading another process.
"""

import ctypes
import platform
import struct
import sys

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_AUDIT_ARCH_X86_64 = 0xC000003E
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _EPERM, _KILL = 0x7FFF0000, 0x00050001, 0x80000000

_MEMORY = (9, 10, 11, 12, 25, 28)  # mmap mprotect munmap brk mremap madvise
_SOCKET = (0, 1, 3, 44, 45, 46, 47)  # read write close sendto recvfrom sendmsg recvmsg
_SIGNALS = (13, 14, 15, 131, 219)  # rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall
_CLOCKS = (35, 98, 228, 230)  # nanosleep getrusage clock_gettime clock_nanosleep
_PROCESS = (24, 39, 60, 186, 202, 231, 318)  # sched_yield getpid exit gettid futex exit_group getrandom
_ALLOWED = (*_MEMORY, *_SOCKET, *_SIGNALS, *_CLOCKS, *_PROCESS)
_PRLIMIT = 302  # of oneself only: the CPU limit moves on with each file


def confine_calls(libc: ctypes.CDLL) -> bool:
    """Installs the list for this process, for good; False where the system is another. Needs no_new_privs."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    program = _program()
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: count, padding, pointer
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    filter_ = ctypes.create_string_buffer(header, len(header))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, filter_, 0, 0) == 0)


def _program() -> bytes:
    count = len(_ALLOWED)
    lines = [
        (_LOAD, 0, 0, _ARCH),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCH_X86_64),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        # an allowed number jumps over the remaining ones and the four lines about prlimit
        *((_JUMP_EQUAL, count - index + 3, 0, number) for index, number in enumerate(_ALLOWED)),
        (_JUMP_EQUAL, 0, 2, _PRLIMIT),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)
