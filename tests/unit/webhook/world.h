/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A simulated cluster with the webhook in it, for tests: the API server, replicas of the service in
 * this process, and an administrator. The webhook is a user who may do what our own table of rights
 * says and nothing else.
 */
#include <pthread.h>
#include "otelgate/cluster/kinds.h"
#include "otelgate/kube/client.h"
#include "otelgate/kube/kubeconfig.h"
#include "otelgate/webhook/server.h"
#include "sim/sim.h"
#include "support/http_client.h"
#include "support/suite.h"
#include "support/tmpdir.h"

#define WEBHOOK_USER "system:serviceaccount:otelgate:otelgate-webhook"
#define CONFIG_URL   "https://127.0.0.1/"
enum { WORLD_REPLICAS = 4 };

struct replica {
	struct og_webhook_opts o;
	int stop[2], hup[2];
	pthread_t thread;
	bool running;
	int held; /* the ops port, while `o` is in use */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool up, over;
	uint16_t port, ops;
	char ports_file[300];
	int result;
	struct og_err err;
};

struct world {
	struct og_sim *sim;
	struct og_tmpdir dir;
	char kubeconfig[300]; /* of the webhook */
	struct replica r[WORLD_REPLICAS];
	struct og_loop *loop; /* of the administrator */
	struct og_kube *admin;
	struct og_arena arena;
	struct og_buf body; /* of the administrator's latest request */
	struct hc_resp resp;
};
extern struct world w;

enum world_flags { WORLD_NO_CRDS = 1, WORLD_NO_CONFIG = 2, WORLD_NO_REGISTRATION = 4 };
void cluster_init(unsigned flags);
void cluster_fini(void);
/* All rights of the table but those for resources whose name holds `without` (NULL = all). */
void cluster_rights(const char *without);
void cluster_crds(void);
void cluster_config(void);
void cluster_registration(void);

/* Options of a replica, to be changed before it starts. */
struct og_webhook_opts *replica_opts(int i);
/* Does not wait. */
void replica_run(int i);
/* Waits until both listeners serve, and pods are sent to it. */
void replica_serves(int i);
uint16_t replica_port(int i); /* 0 = it does not serve reviews yet */
/* Tells it to stop and waits; its result is in w.r[i].result. */
void replica_stop(int i);
/* As SIGHUP does: it looks again at once, and the test need not wait until it does by itself. */
void replica_hup(int i);
void replica_start(int i); /* run and serves */

/* GET of an ops path; the status. The body is in w.resp. */
int ops(int i, const char *path);
bool ops_says(int i, const char *path, const char *text);
/* Waits until the answer of an ops path holds a text, or no longer does; 20 s. */
void ops_until(int i, const char *path, const char *text);
void ops_until_not(int i, const char *path, const char *text);
/* The value of a metric's line, as "name{label=\"x\"}"; -1 when there is none. */
double metric(int i, const char *line);

/* An administrator's request; the HTTP code, 0 = none. `body` NULL = none. */
int admin(enum og_kube_verb verb, const char *group, const char *resource, const char *ns,
	const char *name, const char *body);
/* A pod through admission; `more` is added to its metadata: "\"labels\":{…}". The HTTP code. */
int pod(const char *ns, const char *name, const char *more);
/* The latest created pod has been injected. */
bool injected(void);
/* Creates pods until one is injected; 20 s. Changes of a cluster take a while to be seen. */
void pods_until_injected(const char *ns, const char *more);
void pods_until_not_injected(const char *ns, const char *more);
/* From a ReplicaSet of that name. */
const char *owned_by(const char *kind, const char *api, const char *name);

/* caBundle of the registration, decoded; empty = none. */
void ca_bundle(struct og_buf *out);
void bundle_until(bool current); /* equals ca.crt of the Secret; 20 s */
