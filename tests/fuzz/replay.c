/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a fuzz target without a fuzzer: every file of the directories named, each of its beginnings,
 * and copies damaged in ways that are the same in every run. Inputs lie in memory of exactly their
 * size, so that AddressSanitizer sees a read beyond them. */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEED_SIZE_MAX  (1024 * 1024)
#define BEGINNINGS_MAX 2000
#define DAMAGED_COPIES 500

static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* xorshift64: the numbers need only be various, and the same each time. */
static uint64_t next_number(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Changes one to four bytes: to anything, or by one bit, or to the edges of what a byte holds. */
static void damage(uint8_t *data, size_t size, uint64_t *state)
{
	static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
	uint64_t count = 1 + next_number(state) % 4;

	for (uint64_t i = 0; i < count; i++) {
		uint8_t *at = &data[next_number(state) % size];
		uint64_t number = next_number(state);

		switch (number % 3) {
		case 0:
			*at = (uint8_t)(number >> 8);
			break;
		case 1:
			*at ^= (uint8_t)(1u << (number >> 8) % 8);
			break;
		case 2:
			*at = edges[(number >> 8) % sizeof(edges)];
			break;
		}
	}
}

static void replay(const uint8_t *data, size_t size)
{
	uint64_t state = 0x9e3779b97f4a7c15u ^ size;
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (!copy)
		abort();
	run(data, size);
	for (size_t n = 0; n < size && n < BEGINNINGS_MAX; n++)
		run(data, n);
	for (int i = 0; i < DAMAGED_COPIES && size > 0; i++) {
		memcpy(copy, data, size);
		damage(copy, size, &state);
		run(copy, size);
	}
	free(copy);
}

/* 1 when the file was replayed, 0 when it is hidden, -1 when it can't be read. */
static int replay_file(const char *directory, const char *name)
{
	static uint8_t data[SEED_SIZE_MAX];
	char path[4096];
	size_t size;
	FILE *file;

	if (name[0] == '.')
		return 0;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "rbe");
	if (!file) {
		perror(path);
		return -1;
	}
	size = fread(data, 1, sizeof(data), file);
	if (ferror(file)) {
		perror(path);
		fclose(file);
		return -1;
	}
	fclose(file);
	/* Said before, so that it is known which seed brought the target down. */
	printf("%s (%zu bytes)\n", name, size);
	fflush(stdout);
	replay(data, size);
	return 1;
}

static int replay_directory(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (!directory) {
		perror(path);
		return -1;
	}
	while ((entry = readdir(directory)) && count >= 0) {
		int replayed = replay_file(path, entry->d_name);

		count = replayed < 0 ? -1 : count + replayed;
	}
	closedir(directory);
	return count;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int count = replay_directory(argv[i]);

		if (count <= 0) {
			fprintf(stderr, "%s: no seeds replayed\n", argv[i]);
			return EXIT_FAILURE;
		}
		printf("%s: %d seeds replayed\n", argv[i], count);
	}
	return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
