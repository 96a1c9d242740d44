/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Runs a fuzz target over every file of the folders and files named, without libFuzzer.
 * Fails where there is nothing to run: an empty corpus tests nothing.
 */
#define _POSIX_C_SOURCE 200809L

#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

static unsigned n_run;

/* The input gets a heap block of just its length, so that a sanitizer sees a read past
 * its end. */
static void
run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data, *grown;
	size_t len = 0, size = 4096, got;

	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(EXIT_FAILURE);
	}
	data = malloc(size);
	DEMAND(data != NULL);
	while ((got = fread(data + len, 1, size - len, file)) > 0) {
		len += got;
		if (len < size)
			continue;
		size *= 2;
		grown = realloc(data, size);
		DEMAND(grown != NULL);
		data = grown;
	}
	fclose(file);
	grown = realloc(data, len > 0 ? len : 1);
	DEMAND(grown != NULL);
	LLVMFuzzerTestOneInput(grown, len);
	free(grown);
	n_run++;
}

static void
run_path(const char *path)
{
	char name[4096];
	struct dirent *entry;
	DIR *dir = opendir(path);

	if (dir == NULL) {
		run_file(path);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		run_file(name);
	}
	closedir(dir);
}

int
main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		run_path(argv[i]);
	printf("%u inputs\n", n_run);
	return n_run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
