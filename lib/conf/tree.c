/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The neutral tree between the parser and conf_build(), and the list of errors.  A tree
 * lives in blocks and is freed as a whole.  Nothing here knows a section or a key.
 */
#define _DEFAULT_SOURCE /* explicit_bzero() */
#include <stdlib.h>
#include <string.h>

#include "bgp/conf_read.h"
#include "bgp/memory.h"

enum { BLOCK_SIZE = 16384 };

struct block {
	struct block *next;
	size_t size;
	size_t used;
	_Alignas(max_align_t) unsigned char at[];
};

struct conf_tree {
	struct block *blocks;
	struct conf_node root;
};

struct conf_tree *
conf_tree_new(const char *file)
{
	struct conf_tree *tree = mem_zero(1, sizeof *tree);

	tree->root.kind = CONF_NODE_SECTION;
	tree->root.file = conf_tree_text(tree, file, strlen(file));
	tree->root.name = "";
	tree->root.line = 1;
	return tree;
}

void
conf_tree_free(struct conf_tree *tree)
{
	if (tree == NULL)
		return;
	while (tree->blocks != NULL) {
		struct block *next = tree->blocks->next;

		/* Among the texts are passwords. */
		explicit_bzero(tree->blocks->at, tree->blocks->used);
		free(tree->blocks);
		tree->blocks = next;
	}
	free(tree);
}

struct conf_node *
conf_tree_root(struct conf_tree *tree)
{
	return &tree->root;
}

void *
conf_tree_alloc(struct conf_tree *tree, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct block *block = tree->blocks;
	void *at;

	size = (size + align - 1) / align * align;
	if (block == NULL || block->size - block->used < size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		block = mem_zero(1, sizeof *block + room);
		block->size = room;
		block->next = tree->blocks;
		tree->blocks = block;
	}
	at = block->at + block->used;
	block->used += size;
	return at;
}

const char *
conf_tree_text(struct conf_tree *tree, const char *text, size_t len)
{
	char *copy = conf_tree_alloc(tree, len + 1);

	memcpy(copy, text, len);
	return copy;
}

struct conf_node *
conf_node_add(struct conf_tree *tree, struct conf_node *parent,
    enum conf_node_kind kind, const char *file, uint32_t line, const char *name)
{
	struct conf_node *node = conf_tree_alloc(tree, sizeof *node);

	node->kind = (uint8_t)kind;
	node->file = file;
	node->line = line;
	node->name = name;
	if (parent->last == NULL)
		parent->first = node;
	else
		parent->last->next = node;
	parent->last = node;
	return node;
}
