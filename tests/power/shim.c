/* Stands between a program and the disk: writes down every operation under one folder, in order,
 * and can let the n-th of them fail. Loaded with LD_PRELOAD by tests/power/recorder.py.
 *
 * SHIM_ROOT    only paths below this folder are looked at
 * SHIM_SPARE   paths below this one never fail (things outside the machine)
 * SHIM_LOG     where the operations are written down; none: nothing is written down
 *
 * One record: op (1), length of path (2), of second path (2), offset (8), length of data (4), all
 * little-endian, then path, second path, data.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { MOST_FILES = 4096 };
enum { FAIL_NOT, FAIL_EIO, FAIL_ENOSPC, FAIL_SHORT };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *paths[MOST_FILES];
static const char *root, *spare;
static int log_fd = -1;
static long counted, fail_at;
static int fail_kind, fail_forever;

__attribute__((constructor)) static void begin(void) {
    root = getenv("SHIM_ROOT");
    spare = getenv("SHIM_SPARE");
    const char *to = getenv("SHIM_LOG");
    if (to && *to)
        log_fd = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The `nth` operation from now on fails as `kind` says, and with `forever` every later one too. */
void shim_arm(long nth, int kind, int forever) {
    pthread_mutex_lock(&lock);
    counted = 0;
    fail_at = nth;
    fail_kind = kind;
    fail_forever = forever;
    pthread_mutex_unlock(&lock);
}

long shim_count(void) { return counted; }

static int under(const char *path, const char *folder) {
    if (!path || !folder || !*folder) return 0;
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == 0 || path[length] == '/');
}

/* The absolute path of what an -at function was given; 0 when it is not below the root. */
static const char *whole(int dirfd, const char *path, char *room) {
    if (!root || !path) return NULL;
    if (path[0] != '/') {
        char base[PATH_MAX];
        if (dirfd == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return NULL;
        } else {
            if (dirfd < 0 || dirfd >= MOST_FILES || !paths[dirfd]) return NULL;
            snprintf(base, sizeof base, "%s", paths[dirfd]);
        }
        snprintf(room, PATH_MAX, "%.2000s/%.2000s", base, path);
        path = room;
    }
    return under(path, root) ? path : NULL;
}

static const char *path_of(int fd) {
    return fd >= 0 && fd < MOST_FILES ? paths[fd] : NULL;
}

static void keep(int fd, const char *path) {
    if (fd < 0 || fd >= MOST_FILES) return;
    free(paths[fd]);
    paths[fd] = path ? strdup(path) : NULL;
}

/* Called with the lock held, before the operation: how it must fail, if at all. */
static int failing(const char *path) {
    if (!path || under(path, spare)) return FAIL_NOT;
    counted++;
    if (!fail_at || counted < fail_at) return FAIL_NOT;
    if (counted > fail_at && !fail_forever) return FAIL_NOT;
    return counted > fail_at && fail_kind == FAIL_SHORT ? FAIL_ENOSPC : fail_kind;
}

static int refuse(int kind) {
    errno = kind == FAIL_EIO ? EIO : ENOSPC;
    return -1;
}

static void note(char op, const char *path, const char *second, uint64_t offset, const void *data,
                 size_t length) {
    if (log_fd < 0 || !path) return;
    int kept = errno;
    uint16_t first_length = (uint16_t)strlen(path);
    uint16_t second_length = second ? (uint16_t)strlen(second) : 0;
    uint32_t data_length = (uint32_t)length;
    size_t size = 17 + first_length + second_length + length;
    char *record = malloc(size), *at = record;
    *at++ = op;
    memcpy(at, &first_length, 2), at += 2;
    memcpy(at, &second_length, 2), at += 2;
    memcpy(at, &offset, 8), at += 8;
    memcpy(at, &data_length, 4), at += 4;
    memcpy(at, path, first_length), at += first_length;
    if (second) memcpy(at, second, second_length), at += second_length;
    if (length) memcpy(at, data, length);
    if (syscall(SYS_write, log_fd, record, size) != (long)size) abort();
    free(record);
    errno = kept;
}

/* A line to a device may have a name below the root too. */
static int lies_on_disk(int fd) {
    struct stat seen;
    return fstat(fd, &seen) == 0 && (S_ISREG(seen.st_mode) || S_ISDIR(seen.st_mode));
}

/* --- files ------------------------------------------------------------------------------------ */

static int open_at(int dirfd, const char *path, int flags, mode_t mode) {
    char room[PATH_MAX];
    const char *seen = whole(dirfd, path, room);
    if (!seen) {
        int fd = (int)syscall(SYS_openat, dirfd, path, flags, mode);
        pthread_mutex_lock(&lock);
        keep(fd, NULL);
        pthread_mutex_unlock(&lock);
        return fd;
    }
    pthread_mutex_lock(&lock);
    int created = (flags & O_CREAT) && faccessat(AT_FDCWD, seen, F_OK, 0) != 0;
    int cut = (flags & O_TRUNC) && !created;
    int fd, kind = created || cut ? failing(seen) : FAIL_NOT;
    if (kind != FAIL_NOT) {
        fd = refuse(kind);
    } else {
        fd = (int)syscall(SYS_openat, dirfd, path, flags, mode);
        if (fd >= 0 && !lies_on_disk(fd)) {
            keep(fd, NULL);
        } else if (fd >= 0) {
            keep(fd, seen);
            if (created) note('c', seen, NULL, 0, NULL, 0);
            if (cut) note('t', seen, NULL, 0, NULL, 0);
        }
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define WITH_MODE                              \
    mode_t mode = 0;                           \
    if (flags & (O_CREAT | __O_TMPFILE)) {     \
        va_list more;                          \
        va_start(more, flags);                 \
        mode = va_arg(more, mode_t);           \
        va_end(more);                          \
    }

int open(const char *path, int flags, ...) { WITH_MODE return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { WITH_MODE return open_at(AT_FDCWD, path, flags, mode); }
int openat(int dirfd, const char *path, int flags, ...) { WITH_MODE return open_at(dirfd, path, flags, mode); }
int openat64(int dirfd, const char *path, int flags, ...) { WITH_MODE return open_at(dirfd, path, flags, mode); }
int __open_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_at(AT_FDCWD, path, flags, 0); }
int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int fd) {
    pthread_mutex_lock(&lock);
    keep(fd, NULL);
    pthread_mutex_unlock(&lock);
    return (int)syscall(SYS_close, fd);
}

static ssize_t put(int fd, const void *data, size_t length, off64_t offset, int at_offset) {
    const char *path = path_of(fd);
    if (!path)
        return at_offset ? syscall(SYS_pwrite64, fd, data, length, offset)
                         : syscall(SYS_write, fd, data, length);
    pthread_mutex_lock(&lock);
    ssize_t done;
    int kind = failing(path);
    if (kind == FAIL_SHORT && length > 1) {
        length /= 2;
        kind = FAIL_NOT;
    }
    if (kind != FAIL_NOT) {
        done = refuse(kind);
    } else if (at_offset) {
        done = syscall(SYS_pwrite64, fd, data, length, offset);
    } else {
        done = syscall(SYS_write, fd, data, length);
        offset = syscall(SYS_lseek, fd, 0, SEEK_CUR) - (done > 0 ? done : 0);
    }
    if (done > 0) note('w', path, NULL, (uint64_t)offset, data, (size_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t write(int fd, const void *data, size_t length) { return put(fd, data, length, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return put(fd, data, length, offset, 1); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) { return put(fd, data, length, offset, 1); }

int ftruncate64(int fd, off64_t size) {
    const char *path = path_of(fd);
    if (!path) return (int)syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&lock);
    int kind = failing(path);
    int done = kind != FAIL_NOT ? refuse(kind) : (int)syscall(SYS_ftruncate, fd, size);
    if (done == 0) note('t', path, NULL, (uint64_t)size, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int sync_as(long call, int fd) {
    const char *path = path_of(fd);
    if (!path) return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    int kind = failing(path);
    int done = kind != FAIL_NOT ? refuse(kind) : 0; /* what is not synced is what we write down */
    if (done == 0) note('s', path, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int fsync(int fd) { return sync_as(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_as(SYS_fdatasync, fd); }

/* --- names ------------------------------------------------------------------------------------ */

#define NAMED(op, seen, second, call)                                     \
    pthread_mutex_lock(&lock);                                            \
    int kind = failing(seen);                                             \
    int done = kind != FAIL_NOT ? refuse(kind) : (int)(call);             \
    if (done == 0) note(op, seen, second, 0, NULL, 0);                    \
    pthread_mutex_unlock(&lock);                                          \
    return done;

int renameat(int from_fd, const char *from, int to_fd, const char *to) {
    char room[PATH_MAX], other[PATH_MAX];
    const char *seen = whole(from_fd, from, room), *second = whole(to_fd, to, other);
    NAMED('r', seen, second, syscall(SYS_renameat2, from_fd, from, to_fd, to, 0))
}
int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
    char room[PATH_MAX], other[PATH_MAX];
    const char *seen = whole(from_fd, from, room), *second = whole(to_fd, to, other);
    NAMED('l', seen, second, syscall(SYS_linkat, from_fd, from, to_fd, to, flags))
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int dirfd, const char *path, int flags) {
    char room[PATH_MAX];
    const char *seen = whole(dirfd, path, room);
    NAMED('u', seen, NULL, syscall(SYS_unlinkat, dirfd, path, flags))
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int dirfd, const char *path, mode_t mode) {
    char room[PATH_MAX];
    const char *seen = whole(dirfd, path, room);
    NAMED('d', seen, NULL, syscall(SYS_mkdirat, dirfd, path, mode))
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int symlinkat(const char *target, int dirfd, const char *path) {
    char room[PATH_MAX];
    const char *seen = whole(dirfd, path, room);
    NAMED('y', seen, target, syscall(SYS_symlinkat, target, dirfd, path))
}
int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }
