/* libmbus as a filter: frames in a file, hexadecimal (one after the other), to normalised XML.
 * Usage: libmbus_xml FILE [REPEATS]; with REPEATS it prints the count and the CPU seconds instead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "mbus/mbus.h"
#include "mbus/mbus-protocol-aux.h"

static unsigned char bytes[1 << 22];

static size_t read_bytes(const char *path) {
    size_t count = 0;
    unsigned value;
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    while (count < sizeof bytes && fscanf(file, "%2x", &value) == 1) bytes[count++] = (unsigned char)value;
    fclose(file);
    return count;
}

static int one(unsigned char *frame, size_t length, FILE *out) {
    mbus_frame reply;
    mbus_frame_data data;
    char *xml;
    memset(&reply, 0, sizeof reply);
    memset(&data, 0, sizeof data);
    if (mbus_parse(&reply, frame, length) != 0 || mbus_frame_data_parse(&reply, &data) != 0) return 0;
    xml = data.type == MBUS_DATA_TYPE_ERROR ? mbus_frame_data_xml(&data) : mbus_frame_data_xml_normalized(&data);
    if (xml) { fputs(xml, out); free(xml); }
    if (data.type == MBUS_DATA_TYPE_VARIABLE) mbus_data_record_free(data.data_var.record);
    return xml != NULL;
}

int main(int argc, char **argv) {
    size_t count = argc > 1 ? read_bytes(argv[1]) : 0;
    long repeats = argc > 2 ? atol(argv[2]) : 1, round, frames = 0;
    FILE *out = argc > 2 ? fopen("/dev/null", "w") : stdout;
    clock_t begin = clock();
    for (round = 0; round < repeats; round++) {
        size_t at = 0;
        while (at + 6 <= count) {
            size_t length = bytes[at] == 0x68 ? (size_t)bytes[at + 1] + 6 : 1;
            if (at + length > count) break;
            frames += one(bytes + at, length, out);
            at += length;
        }
    }
    if (argc > 2) printf("{\"frames\":%ld,\"cpu_seconds\":%f}\n", frames, (double)(clock() - begin) / CLOCKS_PER_SEC);
    return frames ? 0 : 1;
}
