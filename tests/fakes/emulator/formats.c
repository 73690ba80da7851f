/* What a node is, and the formats, sizes and rates that it offers and grants. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

bool device_gone(const struct device *device)
{
    return !device->slot->present || device->slot->generation != device->generation;
}

uint32_t device_type(const struct device *device)
{
    static const uint32_t types[] = {
        [KIND_CAPTURE] = V4L2_BUF_TYPE_VIDEO_CAPTURE,
        [KIND_PLANAR] = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
        [KIND_METADATA] = V4L2_BUF_TYPE_META_CAPTURE,
    };
    return types[device->slot->kind];
}

const struct mode *current_mode(const struct device *device)
{
    return &device->slot->modes[device->slot->mode];
}

static uint32_t bytes_per_line(const struct mode *mode)
{
    return mode->pixel_format == V4L2_PIX_FMT_YUYV ? mode->width * 2 : 0;
}

/* Of a compressed picture a generous guess, as drivers make it. */
uint32_t image_size(const struct mode *mode)
{
    return mode->pixel_format == V4L2_PIX_FMT_YUYV ? bytes_per_line(mode) * mode->height : mode->width * mode->height;
}

static int capability(const struct device *device, struct v4l2_capability *answer)
{
    static const uint32_t own[] = {
        [KIND_CAPTURE] = V4L2_CAP_VIDEO_CAPTURE,
        [KIND_PLANAR] = V4L2_CAP_VIDEO_CAPTURE_MPLANE,
        [KIND_METADATA] = V4L2_CAP_META_CAPTURE,
    };
    const struct slot *slot = device->slot;
    memset(answer, 0, sizeof *answer);
    snprintf((char *)answer->driver, sizeof answer->driver, "%.15s", slot->driver);
    snprintf((char *)answer->card, sizeof answer->card, "%.31s", slot->card);
    snprintf((char *)answer->bus_info, sizeof answer->bus_info, "%.31s", slot->bus);
    answer->version = 0x060100;
    answer->device_caps = own[slot->kind] | V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT;
    /* As on a real camera: the sum over all of its nodes. */
    answer->capabilities = own[slot->kind == KIND_PLANAR ? KIND_PLANAR : KIND_CAPTURE] | V4L2_CAP_META_CAPTURE;
    answer->capabilities |= V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT | V4L2_CAP_DEVICE_CAPS;
    return 0;
}

static bool repeats_format(const struct slot *slot, uint32_t index)
{
    for (uint32_t before = 0; before < index; before++)
        if (slot->modes[before].pixel_format == slot->modes[index].pixel_format)
            return true;
    return false;
}

static int enumerate_formats(const struct device *device, struct v4l2_fmtdesc *entry)
{
    const struct slot *slot = device->slot;
    uint32_t wanted = entry->index;
    if (entry->type != device_type(device))
        return EINVAL;
    for (uint32_t index = 0; index < slot->modes_used; index++) {
        if (repeats_format(slot, index) || wanted-- > 0)
            continue;
        entry->pixelformat = slot->modes[index].pixel_format;
        entry->flags = entry->pixelformat == V4L2_PIX_FMT_YUYV ? 0 : V4L2_FMT_FLAG_COMPRESSED;
        snprintf((char *)entry->description, sizeof entry->description, "%.4s", (const char *)&entry->pixelformat);
        return 0;
    }
    return EINVAL;
}

static int enumerate_sizes(const struct slot *slot, struct v4l2_frmsizeenum *entry)
{
    uint32_t wanted = entry->index;
    for (uint32_t index = 0; index < slot->modes_used; index++) {
        const struct mode *mode = &slot->modes[index];
        if (mode->pixel_format != entry->pixel_format || wanted-- > 0)
            continue;
        entry->type = V4L2_FRMSIZE_TYPE_DISCRETE;
        entry->discrete.width = mode->width;
        entry->discrete.height = mode->height;
        return 0;
    }
    return EINVAL;
}

static int enumerate_rates(const struct slot *slot, struct v4l2_frmivalenum *entry)
{
    for (uint32_t index = 0; index < slot->modes_used; index++) {
        const struct mode *mode = &slot->modes[index];
        if (mode->pixel_format != entry->pixel_format || mode->width != entry->width || mode->height != entry->height)
            continue;
        if (entry->index >= MAX_RATES || !mode->rates[entry->index])
            return EINVAL;
        entry->type = V4L2_FRMIVAL_TYPE_DISCRETE;
        entry->discrete = (struct v4l2_fract){1, mode->rates[entry->index]};
        return 0;
    }
    return EINVAL;
}

/* The nearest by area of the asked pixel format, or of the first one when the camera has no such format. */
static uint32_t nearest_mode(const struct slot *slot, uint32_t pixel_format, uint32_t width, uint32_t height)
{
    uint32_t best = 0;
    int64_t best_distance = -1;
    for (int pass = 0; best_distance < 0 && pass < 2; pass++) {
        for (uint32_t index = 0; index < slot->modes_used; index++) {
            const struct mode *mode = &slot->modes[index];
            int64_t distance = llabs((int64_t)mode->width * mode->height - (int64_t)width * height);
            if (mode->pixel_format == pixel_format && (best_distance < 0 || distance < best_distance)) {
                best = index;
                best_distance = distance;
            }
        }
        pixel_format = slot->modes[0].pixel_format;
    }
    return best;
}

static void describe(const struct device *device, const struct mode *mode, struct v4l2_format *format)
{
    if (device->slot->kind == KIND_PLANAR) {
        struct v4l2_pix_format_mplane *planar = &format->fmt.pix_mp;
        memset(planar, 0, sizeof *planar);
        planar->width = mode->width;
        planar->height = mode->height;
        planar->pixelformat = mode->pixel_format;
        planar->field = V4L2_FIELD_NONE;
        planar->colorspace = V4L2_COLORSPACE_SRGB;
        planar->num_planes = 1;
        planar->plane_fmt[0].sizeimage = image_size(mode);
        planar->plane_fmt[0].bytesperline = bytes_per_line(mode);
        return;
    }
    format->fmt.pix = (struct v4l2_pix_format){.width = mode->width, .height = mode->height,
        .pixelformat = mode->pixel_format, .field = V4L2_FIELD_NONE, .colorspace = V4L2_COLORSPACE_SRGB,
        .bytesperline = bytes_per_line(mode), .sizeimage = image_size(mode)};
}

static int set_format(struct device *device, struct v4l2_format *format, bool keep)
{
    struct slot *slot = device->slot;
    if (format->type != device_type(device) || slot->kind == KIND_METADATA)
        return EINVAL;
    bool planar = slot->kind == KIND_PLANAR;
    uint32_t width = planar ? format->fmt.pix_mp.width : format->fmt.pix.width;
    uint32_t height = planar ? format->fmt.pix_mp.height : format->fmt.pix.height;
    if (slot->faults.granted_width) {
        width = slot->faults.granted_width;
        height = slot->faults.granted_height;
    }
    uint32_t wanted = planar ? format->fmt.pix_mp.pixelformat : format->fmt.pix.pixelformat;
    uint32_t mode = nearest_mode(slot, wanted, width, height);
    if (keep) {
        int error = slot->faults.busy ? slot->faults.busy : acquire(device);
        if (error || device->buffer_count)
            return error ? error : EBUSY;
        release(device); /* only buffers keep others out */
        slot->mode = mode;
        slot->rate = slot->modes[mode].rates[0];
    }
    describe(device, &slot->modes[mode], format);
    return 0;
}

static int parameters(struct device *device, struct v4l2_streamparm *parameters, bool set)
{
    struct v4l2_captureparm *capture = &parameters->parm.capture;
    const struct mode *mode = current_mode(device);
    if (parameters->type != device_type(device) || device->slot->kind == KIND_METADATA)
        return EINVAL;
    if (set && device->streaming)
        return EBUSY;
    if (set && capture->timeperframe.numerator) {
        double asked = (double)capture->timeperframe.denominator / capture->timeperframe.numerator;
        uint32_t best = mode->rates[0];
        for (int index = 1; index < MAX_RATES && mode->rates[index]; index++)
            if (abs((int)(mode->rates[index] * 1000 - asked * 1000)) < abs((int)(best * 1000 - asked * 1000)))
                best = mode->rates[index];
        device->slot->rate = best;
    }
    memset(capture, 0, sizeof *capture);
    capture->capability = V4L2_CAP_TIMEPERFRAME;
    capture->timeperframe = (struct v4l2_fract){1, device->slot->rate};
    return 0;
}

static int get_format(const struct device *device, struct v4l2_format *format)
{
    if (format->type != device_type(device) || device->slot->kind == KIND_METADATA)
        return EINVAL;
    describe(device, current_mode(device), format);
    return 0;
}

static int input(struct v4l2_input *entry)
{
    if (entry->index)
        return EINVAL;
    *entry = (struct v4l2_input){.name = "Camera 1", .type = V4L2_INPUT_TYPE_CAMERA};
    return 0;
}

int format_ioctl(struct device *device, unsigned long request, void *argument)
{
    switch (request) {
    case VIDIOC_QUERYCAP:
        return capability(device, argument);
    case VIDIOC_ENUM_FMT:
        return enumerate_formats(device, argument);
    case VIDIOC_ENUM_FRAMESIZES:
        return enumerate_sizes(device->slot, argument);
    case VIDIOC_ENUM_FRAMEINTERVALS:
        return enumerate_rates(device->slot, argument);
    case VIDIOC_G_FMT:
        return get_format(device, argument);
    case VIDIOC_S_FMT:
    case VIDIOC_TRY_FMT:
        return set_format(device, argument, request == VIDIOC_S_FMT);
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM:
        return parameters(device, argument, request == VIDIOC_S_PARM);
    case VIDIOC_ENUMINPUT:
        return input(argument);
    case VIDIOC_G_INPUT:
        *(int *)argument = 0;
        return 0;
    case VIDIOC_S_INPUT:
        return *(int *)argument ? EINVAL : 0;
    default:
        return ENOTTY;
    }
}
