/* Buffers, and the thread that fills them: a frame every 1/rate s on CLOCK_MONOTONIC, exactly and without drift.
 *
 * A file of frames: uint64 count, so many `struct frame_entry`, the frames. They are played in a loop, read into the
 * buffer straight from the file, so that the process under test carries no memory for them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"

#define NS INT64_C(1000000000)
#define PAGE 4096u

static void push(struct queue *queue, uint32_t index)
{
    queue->items[(queue->first + queue->count++) % MAX_BUFFERS] = index;
}

static uint32_t pop(struct queue *queue)
{
    uint32_t index = queue->items[queue->first];
    queue->first = (queue->first + 1) % MAX_BUFFERS;
    queue->count--;
    return index;
}

/* The device belongs to whoever allocated buffers, in whatever process, until they are given back. */
int acquire(struct device *device)
{
    return flock(device->lock_fd, LOCK_EX | LOCK_NB) == 0 ? 0 : EBUSY;
}

void release(struct device *device)
{
    flock(device->lock_fd, LOCK_UN);
}

static uint32_t stride(const struct device *device)
{
    return (device->buffer_size + PAGE - 1) / PAGE * PAGE;
}

static const struct mode *delivered_mode(const struct device *device)
{
    const struct mode *mode = current_mode(device);
    const struct faults *faults = &device->slot->faults;
    for (uint32_t index = 0; faults->frame_width && index < device->slot->modes_used; index++) {
        const struct mode *other = &device->slot->modes[index];
        if (other->pixel_format == mode->pixel_format && other->width == faults->frame_width &&
            other->height == faults->frame_height)
            return other;
    }
    return mode;
}

static int load_frames(struct device *device)
{
    char path[8192];
    uint64_t count = 0;
    snprintf(path, sizeof path, "%s/frames/%s", folder, delivered_mode(device)->frames);
    device->frames_fd = real_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (device->frames_fd < 0 || pread(device->frames_fd, &count, sizeof count, 0) != sizeof count || !count)
        return EIO;
    size_t size = count * sizeof *device->frames;
    device->frames = malloc(size);
    device->frame_count = (uint32_t)count;
    return pread(device->frames_fd, device->frames, size, sizeof count) == (ssize_t)size ? 0 : EIO;
}

/* Whether a counted fault holds for this frame. */
static bool spend(int32_t *fault)
{
    if (*fault > 0)
        return (*fault)-- > 0;
    return *fault < 0;
}

static bool fill(struct device *device, uint32_t index, char *memory)
{
    const struct frame_entry *frame = &device->frames[device->position];
    struct buffer *buffer = &device->buffers[index];
    struct faults *faults = &device->slot->faults;
    uint32_t length = frame->length < device->buffer_size ? frame->length : device->buffer_size;
    if (pread(device->frames_fd, memory, length, (off_t)frame->offset) != (ssize_t)length)
        abort();
    if (frame->number_at >= 0 && frame->number_at + 10 <= length) {
        char digits[11];
        snprintf(digits, sizeof digits, "%010u", device->sequence);
        memcpy(memory + frame->number_at, digits, 10);
    }
    bool truncated = spend(&faults->truncate), flagged = spend(&faults->flag);
    buffer->used = truncated ? length / 2 : length;
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | (flagged ? V4L2_BUF_FLAG_ERROR : 0);
    buffer->flags |= frame->key ? V4L2_BUF_FLAG_KEYFRAME : 0;
    return truncated || flagged;
}

static void deliver(struct device *device, int64_t stamp_ns, char *memory)
{
    const char *fate = "dropped";
    if (device->queued.count) {
        uint32_t index = pop(&device->queued);
        struct buffer *buffer = &device->buffers[index];
        fate = fill(device, index, memory + (size_t)index * stride(device)) ? "damaged" : "delivered";
        buffer->sequence = device->sequence;
        buffer->stamp_ns = stamp_ns;
        buffer->state = BUFFER_DONE;
        push(&device->done, index);
        if (write(device->wake, "", 1) != 1)
            abort();
    }
    if (shared->journal)
        journal("frame slot%d %d %u %lld %s\n", device->number, getpid(), device->sequence, (long long)stamp_ns, fate);
}

static void hang_up(struct device *device)
{
    real_close(device->wake); /* whoever polls sees POLLHUP */
    device->hung_up = true;
}

static void step(struct device *device, int64_t due_ns, char *memory)
{
    struct slot *slot = device->slot;
    if (slot->faults.stall)
        return;
    device->sequence += (uint32_t)slot->faults.gap;
    slot->faults.gap = 0;
    while (slot->force_key && !device->frames[device->position].key)
        device->position = (device->position + 1) % device->frame_count;
    slot->force_key = 0;
    deliver(device, due_ns / 1000 * 1000, memory); /* a driver's stamp counts microseconds */
    device->position = (device->position + 1) % device->frame_count;
    device->sequence++;
}

static void *produce(void *argument)
{
    struct device *device = argument;
    size_t size = (size_t)stride(device) * device->buffer_count;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, device->memory, 0);
    if (memory == MAP_FAILED)
        abort();
    pthread_mutex_lock(&device->mutex);
    int64_t start_ns = monotonic_ns();
    for (int64_t frame = 1; device->streaming; frame++) {
        int64_t due_ns = start_ns + frame * NS / device->slot->rate;
        struct timespec due = {due_ns / NS, due_ns % NS};
        while (device->streaming && pthread_cond_timedwait(&device->change, &device->mutex, &due) != ETIMEDOUT)
            ;
        if (!device->streaming)
            break;
        if (device_gone(device)) {
            hang_up(device);
            break;
        }
        step(device, due_ns, memory);
    }
    pthread_mutex_unlock(&device->mutex);
    munmap(memory, size);
    return NULL;
}

static int start_streaming(struct device *device)
{
    sigset_t all, before;
    if (device->streaming)
        return 0;
    if (!device->buffer_count)
        return EINVAL;
    int error = load_frames(device);
    if (error)
        return error;
    const struct mode *mode = current_mode(device);
    journal("streamon slot%d %d %lld %.4s %u %u %u\n", device->number, getpid(), (long long)monotonic_ns(),
        (const char *)&mode->pixel_format, mode->width, mode->height, device->slot->rate);
    device->streaming = true;
    device->sequence = device->position = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the program's business */
    error = pthread_create(&device->producer, NULL, produce, device);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    device->running = !error;
    if (!error)
        pthread_setname_np(device->producer, "v4l2-emulator"); /* so that a measurement can leave it out */
    return error;
}

static void forget_buffers(struct device *device)
{
    char bytes[MAX_BUFFERS];
    device->queued.count = device->done.count = 0;
    for (uint32_t index = 0; index < device->buffer_count; index++)
        device->buffers[index].state = BUFFER_OURS;
    while (read(device->fd, bytes, sizeof bytes) > 0)
        ;
}

void stop_streaming(struct device *device)
{
    pthread_mutex_lock(&device->mutex);
    bool was_streaming = device->streaming;
    device->streaming = false;
    pthread_cond_broadcast(&device->change);
    pthread_mutex_unlock(&device->mutex);
    if (device->running)
        pthread_join(device->producer, NULL);
    device->running = false;
    forget_buffers(device);
    if (device->frames_fd >= 0)
        real_close(device->frames_fd);
    device->frames_fd = -1;
    free(device->frames);
    device->frames = NULL;
    if (was_streaming)
        journal("streamoff slot%d %d %lld\n", device->number, getpid(), (long long)monotonic_ns());
}

static int request_buffers(struct device *device, struct v4l2_requestbuffers *request)
{
    if (request->type != device_type(device) || request->memory != V4L2_MEMORY_MMAP)
        return EINVAL;
    int error = device->slot->faults.busy ? device->slot->faults.busy : acquire(device);
    if (error)
        return error;
    if (device->streaming)
        return EBUSY;
    if (device->memory >= 0)
        real_close(device->memory);
    device->memory = -1;
    device->buffer_count = 0;
    if (!request->count) {
        release(device);
        return 0;
    }
    uint32_t count = request->count < 2 ? 2 : request->count > MAX_BUFFERS ? MAX_BUFFERS : request->count;
    device->buffer_size = image_size(current_mode(device));
    device->memory = memfd_create("v4l2-buffers", MFD_CLOEXEC);
    if (device->memory < 0 || ftruncate(device->memory, (off_t)stride(device) * count) < 0)
        return ENOMEM;
    device->buffer_count = request->count = count;
    request->capabilities = V4L2_BUF_CAP_SUPPORTS_MMAP;
    forget_buffers(device);
    return 0;
}

/* Fills what a program may read of a buffer, in the layout of its interface. */
static void describe(const struct device *device, struct v4l2_buffer *answer, uint32_t index)
{
    const struct buffer *buffer = &device->buffers[index];
    answer->index = index;
    answer->flags = buffer->flags | V4L2_BUF_FLAG_MAPPED | (buffer->state == BUFFER_QUEUED ? V4L2_BUF_FLAG_QUEUED : 0);
    answer->field = V4L2_FIELD_NONE;
    answer->sequence = buffer->sequence;
    answer->timestamp.tv_sec = buffer->stamp_ns / NS;
    answer->timestamp.tv_usec = buffer->stamp_ns % NS / 1000;
    answer->memory = V4L2_MEMORY_MMAP;
    if (device->slot->kind == KIND_PLANAR) {
        struct v4l2_plane *plane = &answer->m.planes[0];
        plane->bytesused = buffer->used;
        plane->length = device->buffer_size;
        plane->data_offset = 0;
        plane->m.mem_offset = index * stride(device);
        answer->length = 1;
    } else {
        answer->bytesused = buffer->used;
        answer->length = device->buffer_size;
        answer->m.offset = index * stride(device);
    }
}

static int known_buffer(const struct device *device, const struct v4l2_buffer *buffer)
{
    return buffer->type == device_type(device) && buffer->index < device->buffer_count ? 0 : EINVAL;
}

static int queue_buffer(struct device *device, struct v4l2_buffer *argument)
{
    struct buffer *buffer = &device->buffers[argument->index];
    if (buffer->state != BUFFER_OURS)
        return EINVAL;
    buffer->state = BUFFER_QUEUED;
    buffer->flags = 0;
    push(&device->queued, argument->index);
    describe(device, argument, argument->index);
    return 0;
}

static int wait_for_frame(struct device *device)
{
    while (!device->done.count) {
        if (device_gone(device))
            return ENODEV;
        if (!device->blocking)
            return EAGAIN;
        pthread_mutex_unlock(&device->mutex);
        struct pollfd waiting = {.fd = device->fd, .events = POLLIN};
        poll(&waiting, 1, -1);
        pthread_mutex_lock(&device->mutex);
    }
    return 0;
}

static int dequeue_buffer(struct device *device, struct v4l2_buffer *argument)
{
    char byte;
    if (!device->streaming || argument->type != device_type(device))
        return EINVAL;
    int error = wait_for_frame(device);
    if (error)
        return error;
    if (spend(&device->slot->faults.io_error))
        return EIO; /* the frame stays, and so does the readiness, as with a driver that is in trouble */
    uint32_t index = pop(&device->done);
    if (read(device->fd, &byte, 1) != 1)
        return EIO;
    device->buffers[index].state = BUFFER_OURS;
    describe(device, argument, index);
    if (shared->journal)
        journal("taken slot%d %d %u %lld\n", device->number, getpid(), argument->sequence, (long long)monotonic_ns());
    return 0;
}

static int with_buffer(struct device *device, unsigned long request, struct v4l2_buffer *buffer)
{
    if (request == VIDIOC_DQBUF)
        return dequeue_buffer(device, buffer);
    if (known_buffer(device, buffer))
        return EINVAL;
    if (request == VIDIOC_QBUF)
        return queue_buffer(device, buffer);
    describe(device, buffer, buffer->index);
    return 0;
}

int streaming_ioctl(struct device *device, unsigned long request, void *argument)
{
    int error;
    switch (request) {
    case VIDIOC_REQBUFS:
        return request_buffers(device, argument);
    case VIDIOC_QUERYBUF:
    case VIDIOC_QBUF:
    case VIDIOC_DQBUF:
        pthread_mutex_lock(&device->mutex);
        error = with_buffer(device, request, argument);
        pthread_mutex_unlock(&device->mutex);
        return error;
    case VIDIOC_STREAMON:
        return *(uint32_t *)argument == device_type(device) ? start_streaming(device) : EINVAL;
    case VIDIOC_STREAMOFF:
        if (*(uint32_t *)argument != device_type(device))
            return EINVAL;
        stop_streaming(device);
        return 0;
    default:
        return ENOTTY;
    }
}
