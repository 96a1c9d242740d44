/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Files of the configuration.  `include` is our own: a sorted pattern relative to the
 * including file, each file parsed by itself and put where the include stood.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bgp/memory.h"
#include "config_parse.h"
#include "secret.h"

enum { PATH_LEN = 4096 };

/* The files being read, innermost first: an include must not lead back into one. */
struct frame {
	const struct frame *outer;
	const char *path; /* NULL: no file, nothing can be included */
	dev_t device;
	ino_t inode;
	size_t depth;
};

struct loader {
	struct conf_tree *tree;
	size_t n_files;
};

static void includes_expand(
    struct loader *loader, struct conf_node *section, const struct frame *frame);

/* The include becomes an error: what it should have brought is missing. */
static void include_fail(struct loader *loader, struct conf_node *include,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

static void
include_fail(struct loader *loader, struct conf_node *include, const char *format, ...)
{
	char text[PATH_LEN + 256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	include->kind = CONF_NODE_ERROR;
	include->name = conf_tree_text(loader->tree, text, strlen(text));
}

/* `text` with more room; what it was is wiped, as there are passwords in it. */
static char *
text_grow(char *text, size_t len, size_t room)
{
	char *more = memcpy(mem_alloc(room), text, len);

	explicit_bzero(text, len);
	free(text);
	return more;
}

/*
 * The file's octets, with the room that config_parse() asks for; to be freed.  NULL
 * with errno.
 */
static char *
file_read(int fd, size_t *len)
{
	size_t room = 65536;
	char *text = mem_alloc(room + CONFIG_DEPTH_MAX + 1);

	*len = 0;
	for (;;) {
		ssize_t n = read(fd, text + *len, room - *len);

		if (n == 0)
			return text;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		*len += (size_t)n;
		if (*len > CONFIG_FILE_SIZE_MAX) {
			errno = EFBIG;
			break;
		}
		if (*len == room) {
			room *= 2;
			text = text_grow(text, *len, room + CONFIG_DEPTH_MAX + 1);
		}
	}
	explicit_bzero(text, *len);
	free(text);
	return NULL;
}

/* Adds the content of one file to `into`; false with errno. */
static bool
file_load(struct loader *loader, const char *path, struct conf_node *into,
    const struct frame *outer)
{
	struct frame frame = { .outer = outer };
	struct stat status;
	size_t len = 0;
	char *text = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0)
		text = file_read(fd, &len);
	error = errno;
	close(fd);
	if (text == NULL) {
		errno = error;
		return false;
	}
	frame.path = conf_tree_text(loader->tree, path, strlen(path));
	frame.device = status.st_dev;
	frame.inode = status.st_ino;
	frame.depth = outer != NULL ? outer->depth + 1 : 0;
	config_parse(loader->tree, into, frame.path, text, len);
	explicit_bzero(text, len);
	free(text);
	includes_expand(loader, into, &frame);
	return true;
}

static bool
is_being_read(const struct frame *frame, const struct stat *status)
{
	for (; frame != NULL; frame = frame->outer) {
		if (frame->device == status->st_dev && frame->inode == status->st_ino)
			return true;
	}
	return false;
}

/* One file of an include; false when the include became an error. */
static bool
include_file(struct loader *loader, struct conf_node *include, const char *path,
    struct conf_node *into, const struct frame *frame)
{
	struct stat status;

	if (stat(path, &status) != 0) {
		include_fail(loader, include, "include '%s': %s; allowed: a file", path,
		    strerror(errno));
		return false;
	}
	if (!S_ISREG(status.st_mode)) {
		include_fail(
		    loader, include, "include '%s': not a file; allowed: a file", path);
		return false;
	}
	if (is_being_read(frame, &status)) {
		include_fail(loader, include,
		    "include '%s' leads back into itself; allowed: a file that is not "
		    "being read",
		    path);
		return false;
	}
	if (++loader->n_files > CONFIG_FILES_MAX) {
		include_fail(loader, include,
		    "include '%s': too many files; allowed: %d", path,
		    CONFIG_FILES_MAX);
		return false;
	}
	if (!file_load(loader, path, into, frame)) {
		include_fail(loader, include, "include '%s': %s; allowed: a file", path,
		    strerror(errno));
		return false;
	}
	return true;
}

/* `pattern` as seen from the including file's folder; false when it is too long. */
static bool
include_path(const struct frame *frame, const char *pattern, char path[PATH_LEN])
{
	const char *slash = strrchr(frame->path, '/');
	int folder = 0;
	int len;

	if (pattern[0] != '/' && slash != NULL)
		folder = (int)(slash - frame->path) + 1;
	len = snprintf(path, PATH_LEN, "%.*s%s", folder, frame->path, pattern);
	return len >= 0 && len < PATH_LEN;
}

static bool
include_pattern(struct loader *loader, struct conf_node *include, const char *path,
    struct conf_node *into, const struct frame *frame)
{
	glob_t found = { .gl_pathc = 0 };
	bool is_good = true;
	int status;

	if (strpbrk(path, "*?[") == NULL)
		return include_file(loader, include, path, into, frame);
	status = glob(path, 0, NULL, &found);
	if (status == GLOB_NOMATCH)
		return true;
	if (status != 0) {
		include_fail(loader, include, "include '%s' cannot be searched", path);
		return false;
	}
	for (size_t i = 0; i < found.gl_pathc && is_good; i++)
		is_good = include_file(loader, include, found.gl_pathv[i], into, frame);
	globfree(&found);
	return is_good;
}

/* Everything an include brings, as children of `into`; false: it became an error. */
static bool
include_load(struct loader *loader, struct conf_node *include, struct conf_node *into,
    const struct frame *frame)
{
	char path[PATH_LEN];

	if (frame->path == NULL) {
		include_fail(loader, include, "include is not possible outside a file");
		return false;
	}
	if (frame->depth + 1 > CONFIG_INCLUDE_DEPTH_MAX) {
		include_fail(loader, include,
		    "includes are nested too deep; allowed: %d",
		    CONFIG_INCLUDE_DEPTH_MAX);
		return false;
	}
	if (include->values[0].text[0] == '\0' ||
	    !include_path(frame, include->values[0].text, path)) {
		include_fail(loader, include,
		    "include names no file; allowed: a path or a pattern");
		return false;
	}
	return include_pattern(loader, include, path, into, frame);
}

/* Puts what each include brings in its place. */
static void
includes_expand(
    struct loader *loader, struct conf_node *section, const struct frame *frame)
{
	struct conf_node **at = &section->first;

	while (*at != NULL) {
		struct conf_node *node = *at;
		struct conf_node into = { .kind = CONF_NODE_SECTION };

		if (node->kind == CONF_NODE_SECTION)
			includes_expand(loader, node, frame);
		if (node->kind != CONF_NODE_INCLUDE ||
		    !include_load(loader, node, &into, frame)) {
			at = &node->next;
			continue;
		}
		if (into.first == NULL) {
			*at = node->next;
		} else {
			*at = into.first;
			into.last->next = node->next;
			at = &into.last->next;
		}
	}
	section->last = section->first;
	while (section->last != NULL && section->last->next != NULL)
		section->last = section->last->next;
}

/* Lines of "number name", as iproute2 reads them. */
static bool
names_search(const char *path, const char *name, uint32_t *out)
{
	FILE *file = fopen(path, "re");
	char line[256];
	bool is_found = false;

	if (file == NULL)
		return false;
	while (!is_found && fgets(line, sizeof line, file) != NULL) {
		char word[64];
		char number[24];
		char *end;
		unsigned long n;

		if (sscanf(line, " %23s %63s", number, word) != 2 || number[0] == '#' ||
		    strcmp(word, name) != 0)
			continue;
		n = strtoul(number, &end, 0);
		if (*end == '\0' && n <= UINT32_MAX) {
			*out = (uint32_t)n;
			is_found = true;
		}
	}
	fclose(file);
	return is_found;
}

static bool
names_lookup(void *arg, enum conf_lookup what, const char *name, uint32_t *out)
{
	static const char *const patterns[][2] = {
		[CONF_LOOKUP_TABLE] = { "/etc/iproute2/rt_tables*",
		    "/usr/share/iproute2/rt_tables*" },
		[CONF_LOOKUP_PROTOCOL] = { "/etc/iproute2/rt_protos*",
		    "/usr/share/iproute2/rt_protos*" },
	};
	bool is_found = false;

	(void)arg;
	for (size_t i = 0; i < 2 && !is_found; i++) {
		glob_t found = { .gl_pathc = 0 };
		char inner[PATH_LEN];

		/* The file first, then what is in the folder of its name with ".d". */
		(void)snprintf(inner, sizeof inner, "%s/*.conf", patterns[what][i]);
		if (glob(patterns[what][i], 0, NULL, &found) == 0)
			(void)glob(inner, GLOB_APPEND, NULL, &found);
		for (size_t n = 0; n < found.gl_pathc && !is_found; n++)
			is_found = names_search(found.gl_pathv[n], name, out);
		globfree(&found);
	}
	return is_found;
}

static struct conf *
tree_build(
    struct conf_tree *tree, const struct conf_local *local, struct conf_errors *errors)
{
	struct conf_local own = { .n_addrs = 0 };
	struct conf *conf;

	if (local != NULL)
		own = *local;
	if (own.lookup == NULL)
		own.lookup = names_lookup;
	if (own.secret == NULL)
		own.secret = secret_take;
	if (own.secret_file == NULL)
		own.secret_file = secret_take_file;
	conf = conf_build(tree, &own, errors);
	conf_tree_free(tree);
	return conf;
}

struct conf *
config_read(
    const char *path, const struct conf_local *local, struct conf_errors *errors)
{
	struct loader loader = { conf_tree_new(path), 0 };

	if (!file_load(&loader, path, conf_tree_root(loader.tree), NULL)) {
		conf_errors_add(errors, 0, path, 1,
		    "cannot be read: %s; allowed: a file", strerror(errno));
		conf_tree_free(loader.tree);
		return NULL;
	}
	return tree_build(loader.tree, local, errors);
}

struct conf *
config_read_text(const char *name, const char *text, size_t len,
    const struct conf_local *local, struct conf_errors *errors)
{
	struct loader loader = { conf_tree_new(name), 0 };
	struct conf_node *root = conf_tree_root(loader.tree);
	const struct frame nowhere = { .path = NULL };
	char *copy = mem_alloc(len + CONFIG_DEPTH_MAX + 1);

	if (len > 0)
		memcpy(copy, text, len);
	config_parse(loader.tree, root, root->file, copy, len);
	explicit_bzero(copy, len);
	free(copy);
	includes_expand(&loader, root, &nowhere);
	return tree_build(loader.tree, local, errors);
}

void
conf_errors_print(const struct conf_errors *errors, FILE *to)
{
	for (size_t i = 0; i < errors->n; i++)
		fprintf(to, "%s\n", errors->list[i].text);
}
