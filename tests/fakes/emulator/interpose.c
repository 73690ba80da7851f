/* The calls of a program that reach a video node, for nodes below $EMULATED_CAMERAS/dev. All others pass through. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "device.h"

#define EXPORT __attribute__((visibility("default")))
#define MAX_DESCRIPTORS 4096

struct state *shared;
char folder[PATH_MAX];
static size_t folder_length;
static int journal_fd = -1;
static struct device *devices[MAX_DESCRIPTORS];

int real_open(const char *path, int flags, mode_t mode)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int real_close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

int64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* One line, in one write: processes that share the journal never mix their lines. */
void journal(const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0 && write(journal_fd, line, (size_t)length) != length)
        abort();
}

static int open_in_folder(const char *name, int flags)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return real_open(path, flags | O_CLOEXEC, 0600);
}

/* For a caller to compare with its own idea of the layout. */
EXPORT size_t emulator_state_size(void)
{
    return sizeof(struct state);
}

/* Takes `path` as the folder of the emulated nodes. */
EXPORT void use_emulated_cameras(const char *path)
{
    snprintf(folder, sizeof folder, "%s", path);
    int fd = open_in_folder("state", O_RDWR);
    void *memory = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (journal_fd >= 0)
        real_close(journal_fd);
    journal_fd = open_in_folder("journal", O_WRONLY | O_APPEND | O_CREAT);
    if (fd < 0 || memory == MAP_FAILED || journal_fd < 0) {
        fprintf(stderr, "v4l2 emulator: no state in %s\n", folder);
        abort();
    }
    real_close(fd);
    shared = memory;
    folder_length = strlen(folder);
}

__attribute__((constructor)) static void load(void)
{
    const char *path = getenv("EMULATED_CAMERAS");
    if (path)
        use_emulated_cameras(path);
}

/* Whether `path` leads to one of our nodes, through links or directly. */
static bool is_ours(const char *path)
{
    char real[PATH_MAX];
    if (!shared || strncmp(path, folder, folder_length) != 0 || strncmp(path + folder_length, "/dev/", 5) != 0)
        return false;
    return realpath(path, real) && strncmp(real, folder, folder_length) == 0 &&
        strncmp(real + folder_length, "/dev/video", 10) == 0;
}

/* The node is a file that names its slot. */
static struct slot *slot_of(const char *path)
{
    char text[16] = "";
    int fd = real_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    ssize_t length = read(fd, text, sizeof text - 1);
    real_close(fd);
    unsigned number = length > 0 ? (unsigned)atoi(text) : MAX_SLOTS;
    errno = ENODEV;
    return number < MAX_SLOTS && shared->slots[number].present ? &shared->slots[number] : NULL;
}

static int open_device(const char *path, int flags)
{
    struct slot *slot = slot_of(path);
    int ends[2];
    if (!slot)
        return -1;
    while (slot->faults.hang)
        usleep(10000);
    if (slot->faults.open_error) {
        errno = slot->faults.open_error;
        return -1;
    }
    if (pipe2(ends, O_NONBLOCK | (flags & O_CLOEXEC)) < 0)
        return -1;
    if (ends[0] >= MAX_DESCRIPTORS)
        abort();
    struct device *device = calloc(1, sizeof *device);
    char lock[32];
    snprintf(lock, sizeof lock, "lock%d", (int)(slot - shared->slots));
    *device = (struct device){.fd = ends[0], .wake = ends[1], .memory = -1, .frames_fd = -1, .pid = getpid(),
        .blocking = !(flags & O_NONBLOCK), .slot = slot, .generation = slot->generation,
        .lock_fd = open_in_folder(lock, O_RDWR | O_CREAT)};
    device->number = (int)(slot - shared->slots);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&device->change, &monotonic);
    pthread_mutex_init(&device->mutex, NULL);
    fcntl(device->wake, F_SETFD, FD_CLOEXEC);
    journal("open slot%d %d %lld\n", device->number, getpid(), (long long)monotonic_ns());
    devices[device->fd] = device;
    return device->fd;
}

static int open_any(int at, const char *path, int flags, mode_t mode)
{
    if (is_ours(path))
        return open_device(path, flags);
    return (int)syscall(SYS_openat, at, path, flags, mode);
}

/* A forked child closes descriptors that it does not own: it may share our memory. */
static struct device *device_of(int fd)
{
    struct device *device = fd >= 0 && fd < MAX_DESCRIPTORS ? devices[fd] : NULL;
    return device && device->pid == getpid() ? device : NULL;
}

#define MODE_OF(flags, mode)                                                                                           \
    mode_t mode = 0;                                                                                                   \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                                           \
        va_list arguments;                                                                                             \
        va_start(arguments, flags);                                                                                    \
        mode = va_arg(arguments, mode_t);                                                                              \
        va_end(arguments);                                                                                             \
    }

EXPORT int open(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_any(AT_FDCWD, path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_any(AT_FDCWD, path, flags, mode);
}

EXPORT int openat(int at, const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_any(at, path, flags, mode);
}

EXPORT int openat64(int at, const char *path, int flags, ...)
{
    MODE_OF(flags, mode)
    return open_any(at, path, flags, mode);
}

EXPORT int __open_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags)
{
    return open_any(AT_FDCWD, path, flags, 0);
}

EXPORT int close(int fd)
{
    struct device *device = device_of(fd);
    if (!device)
        return real_close(fd);
    devices[fd] = NULL;
    stop_streaming(device);
    if (device->memory >= 0)
        real_close(device->memory);
    if (!device->hung_up)
        real_close(device->wake);
    real_close(device->lock_fd);
    journal("close slot%d %d %lld\n", device->number, getpid(), (long long)monotonic_ns());
    pthread_mutex_destroy(&device->mutex);
    pthread_cond_destroy(&device->change);
    free(device);
    return real_close(fd);
}

static int device_ioctl(struct device *device, unsigned long request, void *argument)
{
    if (device_gone(device))
        return ENODEV;
    int result = control_ioctl(device->slot, request, argument);
    if (result == ENOTTY)
        result = format_ioctl(device, request, argument);
    return result == ENOTTY ? streaming_ioctl(device, request, argument) : result;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    struct device *device = device_of(fd);
    if (!device)
        return (int)syscall(SYS_ioctl, fd, request, argument);
    int error = device_ioctl(device, request & 0xFFFFFFFF, argument);
    if (!error)
        return 0;
    errno = error;
    return -1;
}

EXPORT void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    struct device *device = device_of(fd);
    if (device)
        fd = device->memory;
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}

EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset)
{
    return mmap(address, length, protection, flags, fd, offset);
}
