/* Loaded before the C library: one kind of system call goes wrong, as the environment says.
 *
 * CRASH_CALL    read, write or close: what goes wrong, of files under CRASH_PATH only
 * CRASH_HOW     error (with CRASH_ERRNO, from then on), eintr (every other call) or short (a few bytes a call)
 * CRASH_AFTER   bytes read or written, or calls of close, before it does
 * CRASH_DENY    rename or fsync: the kernel refuses it with CRASH_ERRNO, whoever calls
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <stdio.h>
#include <unistd.h>

static const char *call, *how, *path;
static long after, done, calls;
static int number;

static void deny(const int *list, int n)
{
    struct sock_filter code[40];
    int at = 0;
    code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < n; i++) {
        code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, list[i], 0, 1);
        code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | number);
    }
    code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { at, code };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        /* Not 1: the script tells this from an error of the program. */
        _exit(77);
    }
}

__attribute__((constructor)) static void begin(void)
{
    const char *value = getenv("CRASH_ERRNO");
    number = value ? atoi(value) : EIO;
    value = getenv("CRASH_AFTER");
    after = value ? atol(value) : 0;
    call = getenv("CRASH_CALL");
    how = getenv("CRASH_HOW");
    path = getenv("CRASH_PATH");
    if (!call) call = "";
    if (!how) how = "error";
    if (!path) path = "/";
    value = getenv("CRASH_DENY");
    if (value && !strcmp(value, "rename")) {
        const int list[] = {
#ifdef __NR_rename
            __NR_rename, __NR_link,
#endif
#ifdef __NR_renameat
            __NR_renameat,
#endif
            __NR_renameat2, __NR_linkat,
        };
        deny(list, sizeof list / sizeof *list);
    } else if (value && !strcmp(value, "fsync")) {
        const int list[] = { __NR_fsync, __NR_fdatasync };
        deny(list, 2);
    }
}

static int concerns(int fd, const char *name)
{
    char link[64], target[4096];
    if (!call || strcmp(call, name)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, target, sizeof target - 1);
    return len > 0 && (target[len] = 0, !strncmp(target, path, strlen(path)));
}

/* What is to be asked of the real call: a count of bytes, or -1 with errno. */
static ssize_t allowed(size_t count)
{
    if (!strcmp(how, "eintr")) {
        if (calls++ % 2 == 0) { errno = EINTR; return -1; }
        return count;
    }
    if (!strcmp(how, "short")) return count > 777 ? 777 : count;
    if (done >= after) { errno = number; return -1; }
    return (long)count > after - done ? after - done : (long)count;
}

ssize_t read(int fd, void *buffer, size_t count)
{
    static ssize_t (*real)(int, void *, size_t);
    if (!real) real = (ssize_t (*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
    if (!concerns(fd, "read")) return real(fd, buffer, count);
    ssize_t n = allowed(count);
    if (n >= 0) n = real(fd, buffer, n);
    if (n > 0) done += n;
    return n;
}

ssize_t write(int fd, const void *buffer, size_t count)
{
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    if (!concerns(fd, "write")) return real(fd, buffer, count);
    ssize_t n = allowed(count);
    if (n >= 0) n = real(fd, buffer, n);
    if (n > 0) done += n;
    return n;
}

int close(int fd)
{
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "close");
    int fails = concerns(fd, "close") && done++ >= after;
    int result = real(fd);
    if (fails) { errno = number; return -1; }
    return result;
}

/* Copies within the kernel are sent back to read and write. */
ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t count, unsigned flags)
{
    (void)in, (void)in_at, (void)out, (void)out_at, (void)count, (void)flags;
    errno = ENOSYS;
    return -1;
}

ssize_t sendfile64(int out, int in, off64_t *at, size_t count)
{
    (void)out, (void)in, (void)at, (void)count;
    errno = ENOSYS;
    return -1;
}
