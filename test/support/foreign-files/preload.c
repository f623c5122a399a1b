/*
 * Lets files below a folder behave as on another file system. LD_PRELOAD loads it into a process.
 * FOREIGN_UNDER is the folder. FOREIGN_REFUSALS lists calls and the error numbers that they answer,
 * such as "mkdir=30,change=30". FOREIGN_TYPE is the type that statfs shows.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

static int is_below(const char *path) {
  const char *under = getenv("FOREIGN_UNDER");
  size_t length = under ? strlen(under) : 0;
  return length && path && !strncmp(path, under, length) && (path[length] == '/' || !path[length]);
}

static int is_open_below(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

/* Sets errno and returns 1 if this call is refused. */
static int refused(const char *call) {
  const char *rules = getenv("FOREIGN_REFUSALS");
  size_t length = strlen(call);
  for (const char *at = rules; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
    if (strncmp(at, call, length) || at[length] != '=') continue;
    errno = atoi(at + length + 1);
    return 1;
  }
  return 0;
}

int mkdir(const char *path, mode_t mode) {
  /* Linux names an existing directory before it looks whether the file system is read-only. */
  if (is_below(path) && access(path, F_OK) && refused("mkdir")) return -1;
  return NEXT(int (*)(const char *, mode_t), "mkdir")(path, mode);
}

#define OPEN(name)                                                          \
  int name(const char *path, int flags, ...) {                              \
    va_list rest;                                                           \
    va_start(rest, flags);                                                  \
    mode_t mode = va_arg(rest, mode_t);                                     \
    va_end(rest);                                                           \
    int changes = (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT;       \
    if (is_below(path) && refused(changes ? "change" : "read")) return -1;  \
    return NEXT(int (*)(const char *, int, ...), #name)(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

char *realpath(const char *path, char *found) {
  if (is_below(path) && refused("resolve")) return NULL;
  return NEXT(char *(*)(const char *, char *), "realpath")(path, found);
}

#define WRITE(name, parameters, arguments)                          \
  ssize_t name parameters {                                         \
    if (is_open_below(fd) && refused("write")) return -1;           \
    return NEXT(ssize_t(*) parameters, #name) arguments;            \
  }
WRITE(write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
WRITE(pwrite64, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
WRITE(writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
WRITE(pwritev, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
WRITE(pwritev64, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))

#define FCNTL(name)                                                                        \
  int name(int fd, int command, ...) {                                                     \
    va_list rest;                                                                          \
    va_start(rest, command);                                                               \
    void *argument = va_arg(rest, void *);                                                 \
    va_end(rest);                                                                          \
    int locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK;           \
    if (locks && is_open_below(fd) && refused("lock")) return -1;                          \
    return NEXT(int (*)(int, int, ...), #name)(fd, command, argument);                     \
  }
FCNTL(fcntl)
FCNTL(fcntl64)

#define MMAP(name)                                                                              \
  void *name(void *address, size_t size, int access, int flags, int fd, off_t at) {             \
    if (flags & MAP_SHARED && fd >= 0 && is_open_below(fd) && refused("share")) return MAP_FAILED; \
    return NEXT(void *(*)(void *, size_t, int, int, int, off_t), #name)(address, size, access, flags, fd, at); \
  }
MMAP(mmap)
MMAP(mmap64)

#define STATFS(name, kind)                                                     \
  int name(const char *path, struct kind *found) {                             \
    if (is_below(path) && refused("statfs")) return -1;                        \
    int result = NEXT(int (*)(const char *, struct kind *), #name)(path, found); \
    const char *type = getenv("FOREIGN_TYPE");                                 \
    if (!result && type && is_below(path)) found->f_type = strtoul(type, NULL, 0); \
    return result;                                                             \
  }
STATFS(statfs, statfs)
STATFS(statfs64, statfs64)
