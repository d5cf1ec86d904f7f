/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that moves things by itself: restarts asked for, and rounds of the controllers. */
#include <errno.h>
#include <time.h>
#include "sim/sim-priv.h"

static void after(struct timespec *t, uint32_t ms)
{
	clock_gettime(CLOCK_REALTIME, t);
	t->tv_sec += (time_t)(ms / 1000);
	t->tv_nsec += (long)(ms % 1000) * 1000000L;
	if (t->tv_nsec >= 1000000000L) {
		t->tv_sec++;
		t->tv_nsec -= 1000000000L;
	}
}

static void *ctl_thread(void *arg)
{
	struct og_sim *s = arg;
	struct timespec next;

	pthread_mutex_lock(&s->mu);
	while (!s->stopping) {
		struct og_sim_restart_opts o = s->restart;

		if (s->restart_due) {
			s->restart_due = false;
			pthread_mutex_unlock(&s->mu);
			og_sim_restart(s, &o, NULL);
			pthread_mutex_lock(&s->mu);
			continue;
		}
		if (!s->o.tick_ms || !sim_ctl_has_work(s)) {
			pthread_cond_wait(&s->cond, &s->mu);
			continue;
		}
		after(&next, s->o.tick_ms);
		while (!s->stopping && !s->restart_due &&
			pthread_cond_timedwait(&s->cond, &s->mu, &next) != ETIMEDOUT)
			;
		if (s->stopping || s->restart_due)
			continue;
		pthread_mutex_unlock(&s->mu);
		og_sim_tick(s);
		pthread_mutex_lock(&s->mu);
	}
	pthread_mutex_unlock(&s->mu);
	return NULL;
}

int sim_ctl_start(struct og_sim *s, struct og_err *err)
{
	int rc = sim_ctl_init(s, err);

	if (rc)
		return rc;
	rc = pthread_create(&s->controller, NULL, ctl_thread, s);
	if (rc)
		return og_err_sys(err, rc, "thread");
	s->has_controller = true;
	return 0;
}

void sim_ctl_stop(struct og_sim *s)
{
	if (s->has_controller)
		pthread_join(s->controller, NULL);
	s->has_controller = false;
	sim_ctl_fini(s);
}

unsigned og_sim_settle(struct og_sim *s, unsigned max)
{
	unsigned n = 0;

	while (n < max && og_sim_tick(s))
		n++;
	return n;
}
