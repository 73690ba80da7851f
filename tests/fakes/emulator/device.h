/* One open descriptor of an emulated node, and what the files of the emulator need of each other. */
#ifndef CUELIGHT_EMULATOR_DEVICE_H
#define CUELIGHT_EMULATOR_DEVICE_H

#include <linux/videodev2.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "state.h"

#define MAX_BUFFERS 32

enum buffer_state { BUFFER_OURS, BUFFER_QUEUED, BUFFER_DONE };

struct buffer {
    enum buffer_state state;
    uint32_t used, flags, sequence;
    int64_t stamp_ns;
};

struct queue {
    uint32_t items[MAX_BUFFERS], first, count;
};

struct frame_entry {
    uint64_t offset;
    uint32_t length, key;
    int64_t number_at;                    /* where ten digits take the sequence number; negative: nowhere */
};

/* `fd` is the reading end of a pipe with a byte for each frame that waits: poll, select and epoll work as they are. */
struct device {
    int fd, wake, lock_fd, memory, number; /* `number` of the slot */
    pid_t pid;
    bool blocking;
    struct slot *slot;
    uint32_t generation;
    pthread_mutex_t mutex;
    pthread_cond_t change;
    pthread_t producer;
    bool streaming, running, hung_up;
    uint32_t buffer_count, buffer_size;
    struct buffer buffers[MAX_BUFFERS];
    struct queue queued, done;
    uint32_t sequence, position, frame_count;
    int frames_fd;
    struct frame_entry *frames;
};

extern struct state *shared;
extern char folder[];

bool device_gone(const struct device *device);
uint32_t device_type(const struct device *device);
const struct mode *current_mode(const struct device *device);
uint32_t image_size(const struct mode *mode);
void journal(const char *format, ...) __attribute__((format(printf, 1, 2)));
int64_t monotonic_ns(void);

int format_ioctl(struct device *device, unsigned long request, void *argument);
int control_ioctl(struct slot *slot, unsigned long request, void *argument);
int streaming_ioctl(struct device *device, unsigned long request, void *argument);
void stop_streaming(struct device *device);
int acquire(struct device *device);
void release(struct device *device);

/* The calls themselves, past whatever intercepts them. */
int real_open(const char *path, int flags, mode_t mode);
int real_close(int fd);

#endif
