// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include "notes.h"

size_t notes_add(struct notes *notes, const char *reason)
{
	const char **grown;
	size_t i = 0;

	while (i < notes->n && strcmp(notes->text[i], reason))
		i++;
	if (i < notes->n)
		return i + 1;
	grown = realloc(notes->text, (notes->n + 1) * sizeof(*grown));
	if (!grown)
		return 0;
	notes->text = grown;
	notes->text[notes->n++] = reason;
	return notes->n;
}

void notes_print(struct notes *notes, FILE *f)
{
	if (notes->n)
		fputc('\n', f);
	for (size_t i = 0; i < notes->n; i++)
		fprintf(f, "[%zu] %s\n", i + 1, notes->text[i]);
	free(notes->text);
	*notes = (struct notes){ 0 };
}
