/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* An election without a server, for the tests of what it decides. */
#include <stdio.h>
#include "../../../src/kube/lease_core-priv.h"
#include "otelgate/base/clock.h"
#include "otelgate/base/mem.h"
#include "support/suite.h"

#define S(n) ((int64_t)((n)*1000) * OG_NS_PER_MS)

static struct lease_core c;
static struct lease_out out;
static int rv;
static char object[2048];

static inline void setup(void)
{
	c = (struct lease_core){.identity = "me",
		.ns = "ns",
		.name = "lock",
		.duration_ns = S(15),
		.renew_ns = S(10),
		.retry_ns = S(2),
		.rng = 5};
	lease_init(&c, 0);
	rv = 10;
}

static inline void teardown(void)
{
	lease_fini(&c);
}

/* A Lease as the server would show it; the renew time is what tells two apart. */
static inline const char *lease(const char *holder, int duration, int renew)
{
	(void)snprintf(object, sizeof(object),
		"{\"kind\":\"Lease\",\"metadata\":{\"name\":\"lock\",\"resourceVersion\":\"%d\","
		"\"labels\":{\"keep\":\"me\"}},\"spec\":{\"holderIdentity\":\"%s\","
		"\"leaseDurationSeconds\":%d,\"acquireTime\":\"2024-01-01T00:00:00.000001Z\","
		"\"renewTime\":\"2024-01-01T00:00:%02d.000000Z\",\"leaseTransitions\":7}}",
		rv++, holder, duration, renew);
	return object;
}

static inline enum lease_act tick(double s)
{
	lease_tick(&c, S(s), &out);
	return out.act;
}

static inline enum lease_act reply(double s, enum lease_reply r, const char *body)
{
	lease_reply(&c, r, og_svz(body), S(s), &out);
	return out.act;
}

static inline bool holds(double s)
{
	return lease_holds(&c, S(s));
}

static inline bool body_has(const char *text)
{
	og_auto_buf struct og_buf b = OG_BUF_INIT(0);
	ck_assert(lease_body(&c, 1714979289123456789, &b));
	return strstr(b.p, text) != NULL;
}

/* Leads since `s`, from a Lease that nobody held. */
static inline void lead(double s)
{
	ck_assert_int_eq(tick(s), LEASE_GET);
	ck_assert_int_eq(reply(s, LEASE_OK, lease("", 1, 1)), LEASE_PUT);
	ck_assert_int_eq(reply(s, LEASE_OK, lease("me", 15, 2)), LEASE_IDLE);
	ck_assert(out.started && c.leading);
}
