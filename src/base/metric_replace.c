/* SPDX-License-Identifier: Apache-2.0 */
/* Rows whose series are replaced as a whole. They are written when they are handed over, because
 * that is rarer than being scraped. */
#include "metric-priv.h"
#include "otelgate/base/mem.h"

#include <stdlib.h>

static int by_labels(const void *a, const void *b)
{
	const struct og_metric_sample *x = a, *y = b;

	for (size_t i = 0; i < OG_METRIC_LABELS_MAX && x->values[i] && y->values[i]; i++) {
		int c = strcmp(x->values[i], y->values[i]);
		if (c)
			return c;
	}
	return 0;
}

int og_metric_replace(struct og_metric_table *t, size_t row, struct og_metric_sample *v, size_t n)
{
	og_auto_buf struct og_buf lines = OG_BUF_INIT(0);
	struct og_metric_row *r;
	char *old;

	if (!t || row >= t->n || t->rows[row].def->type != OG_METRIC_GAUGE)
		return 0;
	r = &t->rows[row];
	n = n < r->max_series ? n : r->max_series;
	if (n)
		qsort(v, n, sizeof(*v), by_labels);
	for (size_t i = 0; i < n; i++)
		if (i == 0 ||
			by_labels(&v[i - 1], &v[i]) != 0) /* the same series twice is refused */
			og_metric_line_(&lines, r->def, v[i].values, v[i].value);
	if (lines.failed)
		return -OG_E_OOM;
	char *now = og_buf_take(&lines);
	if (!now)
		return -OG_E_OOM;
	(void)pthread_mutex_lock(&r->lock);
	old = r->replaced;
	r->replaced = now;
	(void)pthread_mutex_unlock(&r->lock);
	og_free(old);
	return (int)n;
}
