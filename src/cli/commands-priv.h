/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The rows of og_commands[]. */
#include "otelgate/cli/command.h"

extern const struct og_command og_cmd_inject;
extern const struct og_command og_cmd_uninject;
extern const struct og_command og_cmd_explain;
extern const struct og_command og_cmd_review;
extern const struct og_command og_cmd_config_check;
extern const struct og_command og_cmd_config_fields;
extern const struct og_command og_cmd_config_show;
extern const struct og_command og_cmd_config_access;
extern const struct og_command og_cmd_gen_config;
extern const struct og_command og_cmd_webhook;
extern const struct og_command og_cmd_audit;
extern const struct og_command og_cmd_missed;
extern const struct og_command og_cmd_status;
extern const struct og_command og_cmd_doctor;
extern const struct og_command og_cmd_wait;
extern const struct og_command og_cmd_restart;
extern const struct og_command og_cmd_optin;
extern const struct og_command og_cmd_optout;
extern const struct og_command og_cmd_probe;
extern const struct og_command og_cmd_controller;
extern const struct og_command og_cmd_help;
extern const struct og_command og_cmd_completion;
extern const struct og_command og_cmd_complete;
extern const struct og_command og_cmd_version;
extern const struct og_command og_cmd_gen_docs;
extern const struct og_command og_cmd_certs;
