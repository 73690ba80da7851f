/* What the test and every process under the emulator share: <folder>/state, mapped by all. camera.py mirrors it. */
#ifndef CUELIGHT_EMULATOR_STATE_H
#define CUELIGHT_EMULATOR_STATE_H

#include <stdint.h>

#define MAX_SLOTS 8
#define MAX_MODES 16
#define MAX_RATES 4
#define MAX_CONTROLS 32
#define MAX_MENU 8

enum kind { KIND_CAPTURE, KIND_PLANAR, KIND_METADATA };

/* `frames`: file name below <folder>/frames, see streaming.c for its layout. `rates` in frames per second, 0 ends. */
struct mode {
    uint32_t pixel_format, width, height, rates[MAX_RATES];
    char frames[48];
};

/* `inactive_with` (0: never): the control is inactive while that other control has the value `inactive_at`. */
struct control {
    uint32_t id, type, flags, inactive_with;
    int64_t minimum, maximum, step, standard, value, inactive_at;
    int64_t menu_values[MAX_MENU];
    char name[32];
    char menu[MAX_MENU][32];
};

/* Switches; 0 is off. Counted ones (`io_error`, `truncate`, `flag`) hold for so many frames, negative: until cleared. */
struct faults {
    int32_t stall, io_error, truncate, flag;
    int32_t gap;                          /* so many sequence numbers are left out, once */
    int32_t busy, open_error;             /* errno of S_FMT and REQBUFS; of open */
    int32_t hang;                         /* open does not return before this is over */
    uint32_t granted_width, granted_height; /* S_FMT grants this size whatever was asked */
    uint32_t frame_width, frame_height;   /* frames come in this size whatever was granted */
};

/* One node. A new `generation` is another plugging: descriptors of an older one have lost their device. */
struct slot {
    char driver[16], card[32], bus[32];
    uint32_t kind, generation, present, force_key;
    uint32_t mode, rate;                  /* as set: the driver's state outlives a descriptor */
    uint32_t modes_used, controls_used;
    struct faults faults;
    struct mode modes[MAX_MODES];
    struct control controls[MAX_CONTROLS];
};

struct state {
    uint32_t journal;                     /* whether frames are journalled */
    uint32_t reserved;
    struct slot slots[MAX_SLOTS];
};

#endif
