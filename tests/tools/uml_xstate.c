/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Loaded before libc into user-mode Linux.  It keeps a guest process's extended
 * registers in a buffer made for AVX-512, and where the processor has more of them
 * (AMX) the host's kernel takes back nothing but the whole: EFAULT, and the guest's
 * init dies.  The rest is filled in from what the process has.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { XSTATE_MAX = 64 * 1024 };

static long
set_extended(pid_t pid, void *which, struct iovec *part)
{
	static _Thread_local uint8_t octets[XSTATE_MAX];
	struct iovec whole = { octets, sizeof(octets) };

	if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, which, &whole) != 0)
		return -1;
	if (part->iov_len < whole.iov_len) {
		memcpy(octets, part->iov_base, part->iov_len);
		part = &whole;
	}
	return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, which, part);
}

/* As libc's: what is peeked at is the result. */
long
ptrace(enum __ptrace_request request, ...)
{
	bool peeks = request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA ||
		     request == PTRACE_PEEKUSER;
	void *address, *data;
	long word, result;
	va_list args;
	pid_t pid;

	va_start(args, request);
	pid = va_arg(args, pid_t);
	address = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);
	if (request == PTRACE_SETREGSET && (uintptr_t)address == NT_X86_XSTATE)
		return set_extended(pid, address, data);
	result = syscall(SYS_ptrace, request, pid, address, peeks ? &word : data);
	if (!peeks || result < 0)
		return result;
	errno = 0;
	return word;
}
