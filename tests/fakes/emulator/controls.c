/* Controls by the table of the slot, with the rules of the kernel's control framework. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "device.h"

#define NEXT_FLAGS (V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND)

static struct control *find(struct slot *slot, uint32_t id)
{
    struct control *best = NULL;
    for (uint32_t index = 0; index < slot->controls_used; index++) {
        struct control *control = &slot->controls[index];
        if (!(id & NEXT_FLAGS) && control->id == id)
            return control;
        if ((id & V4L2_CTRL_FLAG_NEXT_CTRL) && control->id > (id & ~NEXT_FLAGS) && (!best || control->id < best->id))
            best = control;
    }
    return best;
}

static uint32_t flags_of(struct slot *slot, const struct control *control)
{
    const struct control *other = control->inactive_with ? find(slot, control->inactive_with) : NULL;
    bool inactive = other && other->value == control->inactive_at;
    return control->flags | (inactive ? V4L2_CTRL_FLAG_INACTIVE : 0);
}

static bool is_menu(const struct control *control)
{
    return control->type == V4L2_CTRL_TYPE_MENU || control->type == V4L2_CTRL_TYPE_INTEGER_MENU;
}

static bool has_menu_item(const struct control *control, int64_t index)
{
    if (index < control->minimum || index > control->maximum || index >= MAX_MENU)
        return false;
    return control->type == V4L2_CTRL_TYPE_INTEGER_MENU || control->menu[index][0];
}

static int query(struct slot *slot, struct v4l2_queryctrl *answer)
{
    const struct control *control = find(slot, answer->id);
    if (!control)
        return EINVAL;
    *answer = (struct v4l2_queryctrl){.id = control->id, .type = control->type, .flags = flags_of(slot, control)};
    memcpy(answer->name, control->name, sizeof answer->name);
    if (control->type != V4L2_CTRL_TYPE_INTEGER64) {
        answer->minimum = (int32_t)control->minimum;
        answer->maximum = (int32_t)control->maximum;
        answer->step = (int32_t)control->step;
        answer->default_value = (int32_t)control->standard;
    }
    return 0;
}

static int query_extended(struct slot *slot, struct v4l2_query_ext_ctrl *answer)
{
    const struct control *control = find(slot, answer->id);
    if (!control)
        return EINVAL;
    *answer = (struct v4l2_query_ext_ctrl){.id = control->id, .type = control->type,
        .minimum = control->minimum, .maximum = control->maximum, .step = (uint64_t)control->step,
        .default_value = control->standard, .flags = flags_of(slot, control), .elems = 1,
        .elem_size = control->type == V4L2_CTRL_TYPE_INTEGER64 ? 8 : 4};
    memcpy(answer->name, control->name, sizeof answer->name);
    return 0;
}

static int query_menu(struct slot *slot, struct v4l2_querymenu *answer)
{
    const struct control *control = find(slot, answer->id);
    if (!control || !is_menu(control) || !has_menu_item(control, answer->index))
        return EINVAL;
    if (control->type == V4L2_CTRL_TYPE_INTEGER_MENU)
        answer->value = control->menu_values[answer->index];
    else
        memcpy(answer->name, control->menu[answer->index], sizeof answer->name);
    answer->reserved = 0;
    return 0;
}

/* The value as the driver takes it: integers are moved into their range, menu items that do not exist refused. */
static int settle(struct slot *slot, const struct control *control, int64_t *value)
{
    uint32_t flags = flags_of(slot, control);
    if (control->type == V4L2_CTRL_TYPE_CTRL_CLASS || (flags & V4L2_CTRL_FLAG_READ_ONLY))
        return EACCES;
    if (flags & V4L2_CTRL_FLAG_INACTIVE)
        return EACCES;
    if (is_menu(control))
        return *value < control->minimum || *value > control->maximum ? ERANGE
            : has_menu_item(control, *value)                          ? 0
                                                                      : EINVAL;
    if (control->type == V4L2_CTRL_TYPE_BOOLEAN)
        *value = *value != 0;
    if (control->type == V4L2_CTRL_TYPE_INTEGER || control->type == V4L2_CTRL_TYPE_INTEGER64) {
        *value = *value < control->minimum ? control->minimum : *value > control->maximum ? control->maximum : *value;
        *value -= (*value - control->minimum) % (control->step ? control->step : 1);
    }
    return 0;
}

static int set(struct slot *slot, struct control *control, int64_t *value)
{
    int error = settle(slot, control, value);
    if (error)
        return error;
    if (control->type == V4L2_CTRL_TYPE_BUTTON) {
        slot->force_key |= control->id == V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME;
        control->value++; /* how often it was pressed, for the test */
    } else {
        control->value = *value;
    }
    journal("control slot%d %d %u %lld\n", (int)(slot - shared->slots), getpid(), control->id, (long long)control->value);
    return 0;
}

static bool is_readable(const struct control *control)
{
    return control->type != V4L2_CTRL_TYPE_BUTTON && control->type != V4L2_CTRL_TYPE_CTRL_CLASS;
}

static int one(struct slot *slot, struct v4l2_control *argument, bool write)
{
    struct control *control = find(slot, argument->id & ~NEXT_FLAGS);
    if (!control || control->type == V4L2_CTRL_TYPE_INTEGER64)
        return EINVAL;
    int64_t value = argument->value;
    if (write) {
        int error = set(slot, control, &value);
        argument->value = (int32_t)value;
        return error;
    }
    if (!is_readable(control))
        return EACCES;
    argument->value = (int32_t)control->value;
    return 0;
}

static int extended_one(struct slot *slot, struct v4l2_ext_control *argument, unsigned long request)
{
    struct control *control = find(slot, argument->id & ~NEXT_FLAGS);
    if (!control)
        return EINVAL;
    bool wide = control->type == V4L2_CTRL_TYPE_INTEGER64;
    int64_t value = wide ? argument->value64 : argument->value;
    int error = request == VIDIOC_S_EXT_CTRLS ? set(slot, control, &value)
        : request == VIDIOC_TRY_EXT_CTRLS     ? settle(slot, control, &value)
        : is_readable(control)                ? 0
                                              : EACCES;
    if (request == VIDIOC_G_EXT_CTRLS)
        value = control->value;
    if (wide)
        argument->value64 = value;
    else
        argument->value = (int32_t)value;
    return error;
}

static int extended(struct slot *slot, struct v4l2_ext_controls *argument, unsigned long request)
{
    for (uint32_t index = 0; index < argument->count; index++) {
        int error = extended_one(slot, &argument->controls[index], request);
        if (error) {
            argument->error_idx = index;
            return error;
        }
    }
    return 0;
}

int control_ioctl(struct slot *slot, unsigned long request, void *argument)
{
    switch (request) {
    case VIDIOC_QUERYCTRL:
        return query(slot, argument);
    case VIDIOC_QUERY_EXT_CTRL:
        return query_extended(slot, argument);
    case VIDIOC_QUERYMENU:
        return query_menu(slot, argument);
    case VIDIOC_G_CTRL:
    case VIDIOC_S_CTRL:
        return one(slot, argument, request == VIDIOC_S_CTRL);
    case VIDIOC_G_EXT_CTRLS:
    case VIDIOC_S_EXT_CTRLS:
    case VIDIOC_TRY_EXT_CTRLS:
        return extended(slot, argument, request);
    default:
        return ENOTTY;
    }
}
