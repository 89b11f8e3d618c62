/* Lets the system calls of a program fail, one at a time: for LD_PRELOAD. Only calls about files below
 * FAULT_UNDER count, so that the loader and the C library are left in peace.
 *
 *   FAULT_UNDER=/folder    which files
 *   FAULT_CALLS=write,...  which calls count; absent: all that are listed below
 *   FAULT_AT=k             the k-th of them fails, from 1; absent: none
 *   FAULT_HOW=28           the error number; or "short" (half of a read or write is done), or "kill"
 *                          (SIGKILL instead of the call), "torn" (half of a write, then SIGKILL),
 *                          "after" (the call, then SIGKILL)
 *   FAULT_STICKY=1         so do all later ones
 *   FAULT_LOG=file         gets a line for each call that counts: its name and the file
 *
 * Build: gcc -shared -fPIC fault_io.c -o fault_io.so -ldl */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kOpenFiles = 1024 };
static const char *under, *calls, *how;
static long at, count;
static int sticky, log_file = -1;
static char ours[kOpenFiles]; /* descriptors of files below `under` */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread int busy;

#define REAL(name, type, ...)                                       \
    static type (*real)(__VA_ARGS__);                               \
    if (!real) *(void**)&real = dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void) {
    const char* text = getenv("FAULT_AT");
    under = getenv("FAULT_UNDER");
    calls = getenv("FAULT_CALLS");
    how = getenv("FAULT_HOW");
    at = text ? atol(text) : 0;
    sticky = getenv("FAULT_STICKY") != NULL;
    text = getenv("FAULT_LOG");
    if (text) {
        REAL("open", int, const char*, int, ...);
        log_file = real(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}

static int is_ours(const char* path) {
    char whole[PATH_MAX * 2], folder[PATH_MAX];
    if (!under || !path) return 0;
    if (path[0] == '/') return strncmp(path, under, strlen(under)) == 0;
    if (!getcwd(folder, sizeof folder)) return 0;
    snprintf(whole, sizeof whole, "%s/%s", folder, path);
    return strncmp(whole, under, strlen(under)) == 0;
}
static int is_open(int file) { return file >= 0 && file < kOpenFiles && ours[file]; }
static void note(int file, const char* path) {
    if (file >= 0 && file < kOpenFiles) ours[file] = (char)is_ours(path);
}

enum { kGo, kFail, kShort, kTorn, kAfter };
/* What is to happen to this call. */
static int fate(const char* name, const char* path) {
    int what = kGo;
    if (busy || !under) return kGo;
    if (calls) { /* whole words */
        const char* found = calls;
        size_t n = strlen(name);
        for (;; found += n) {
            found = strstr(found, name);
            if (!found) return kGo;
            if ((found == calls || found[-1] == ',') && (found[n] == 0 || found[n] == ',')) break;
        }
    }
    busy = 1;
    pthread_mutex_lock(&lock);
    long number = ++count;
    if (log_file >= 0) {
        char line[PATH_MAX + 64];
        int n = snprintf(line, sizeof line, "%s\t%s\n", name, path ? path : "");
        REAL("write", ssize_t, int, const void*, size_t);
        (void)!real(log_file, line, (size_t)n);
    }
    if (at > 0 && (number == at || (sticky && number > at)) && how) {
        if (strcmp(how, "kill") == 0) kill(getpid(), SIGKILL);
        what = strcmp(how, "short") == 0 ? kShort
             : strcmp(how, "torn") == 0  ? kTorn
             : strcmp(how, "after") == 0 ? kAfter
                                         : kFail;
        if (what == kFail) errno = atoi(how);
    }
    pthread_mutex_unlock(&lock);
    busy = 0;
    return what;
}
static void end_if(int what) {
    if (what == kTorn || what == kAfter) kill(getpid(), SIGKILL);
}

#define OPEN(name)                                                            \
    int name(const char* path, int flags, ...) {                              \
        va_list more;                                                         \
        va_start(more, flags);                                                \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                                         \
        REAL(#name, int, const char*, int, ...);                              \
        int what = is_ours(path) ? fate("open", path) : kGo;                  \
        if (what == kFail) return -1;                                         \
        int file = real(path, flags, mode);                                   \
        note(file, path);                                                     \
        end_if(what);                                                         \
        return file;                                                          \
    }
OPEN(open)
OPEN(open64)
#define OPENAT(name)                                                          \
    int name(int folder, const char* path, int flags, ...) {                  \
        va_list more;                                                         \
        va_start(more, flags);                                                \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                                         \
        REAL(#name, int, int, const char*, int, ...);                         \
        int what = is_ours(path) ? fate("open", path) : kGo;                  \
        if (what == kFail) return -1;                                         \
        int file = real(folder, path, flags, mode);                           \
        note(file, path);                                                     \
        end_if(what);                                                         \
        return file;                                                          \
    }
OPENAT(openat)
OPENAT(openat64)
#define FOPEN(name)                                                           \
    FILE* name(const char* path, const char* mode) {                          \
        REAL(#name, FILE*, const char*, const char*);                         \
        int what = is_ours(path) ? fate("open", path) : kGo;                  \
        if (what == kFail) return NULL;                                       \
        FILE* file = real(path, mode);                                        \
        if (file) note(fileno(file), path);                                   \
        end_if(what);                                                         \
        return file;                                                          \
    }
FOPEN(fopen)
FOPEN(fopen64)
int fclose(FILE* file) {
    REAL("fclose", int, FILE*);
    int number = fileno(file), what = is_open(number) ? fate("close", "") : kGo;
    if (number >= 0 && number < kOpenFiles) ours[number] = 0;
    int result = real(file);
    end_if(what);
    if (what == kFail) {
        errno = atoi(how);
        return EOF;
    }
    return result;
}
DIR* opendir(const char* path) {
    REAL("opendir", DIR*, const char*);
    int what = is_ours(path) ? fate("opendir", path) : kGo;
    if (what == kFail) return NULL;
    DIR* folder = real(path);
    end_if(what);
    return folder;
}
ssize_t read(int file, void* bytes, size_t size) {
    REAL("read", ssize_t, int, void*, size_t);
    int what = is_open(file) ? fate("read", "") : kGo;
    if (what == kFail) return -1;
    if ((what == kShort || what == kTorn) && size > 1) size /= 2;
    ssize_t result = real(file, bytes, size);
    end_if(what);
    return result;
}
ssize_t write(int file, const void* bytes, size_t size) {
    REAL("write", ssize_t, int, const void*, size_t);
    int what = is_open(file) ? fate("write", "") : kGo;
    if (what == kFail) return -1;
    if ((what == kShort || what == kTorn) && size > 1) size /= 2;
    ssize_t result = real(file, bytes, size);
    end_if(what);
    return result;
}
ssize_t writev(int file, const struct iovec* parts, int number) {
    REAL("writev", ssize_t, int, const struct iovec*, int);
    int what = is_open(file) ? fate("write", "") : kGo;
    if (what == kFail) return -1;
    if ((what == kShort || what == kTorn) && number > 1) number /= 2;
    ssize_t result = real(file, parts, number);
    end_if(what);
    return result;
}
int close(int file) {
    REAL("close", int, int);
    int what = is_open(file) ? fate("close", "") : kGo;
    if (file >= 0 && file < kOpenFiles) ours[file] = 0;
    int result = real(file); /* a close that fails has closed all the same */
    end_if(what);
    if (what == kFail) {
        errno = atoi(how);
        return -1;
    }
    return result;
}
#define DESCRIPTOR(name, proto, args)                         \
    int name proto {                                          \
        REAL(#name, int, int, ...);                           \
        int what = is_open(file) ? fate(#name, "") : kGo;     \
        if (what == kFail) return -1;                         \
        int result = real args;                               \
        end_if(what);                                         \
        return result;                                        \
    }
DESCRIPTOR(fsync, (int file), (file))
DESCRIPTOR(fchmod, (int file, mode_t mode), (file, mode))
DESCRIPTOR(ftruncate, (int file, off_t size), (file, size))
DESCRIPTOR(flock, (int file, int operation), (file, operation))
#define PATH(name, proto, args)                               \
    int name proto {                                          \
        REAL(#name, int, const char*, ...);                   \
        int what = is_ours(path) ? fate(#name, path) : kGo;   \
        if (what == kFail) return -1;                         \
        int result = real args;                               \
        end_if(what);                                         \
        return result;                                        \
    }
PATH(mkdir, (const char* path, mode_t mode), (path, mode))
PATH(rename, (const char* path, const char* to), (path, to))
PATH(unlink, (const char* path), (path))
PATH(remove, (const char* path), (path))
