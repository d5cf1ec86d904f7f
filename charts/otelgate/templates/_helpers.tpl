{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}

{{- /* Labels of a part; what selects its pods. Neither says the chart's version: an upgrade of the
chart alone restarts nothing. */ -}}
{{- define "otelgate.selector" -}}
app.kubernetes.io/name: otelgate
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "otelgate.labels" -}}
{{ include "otelgate.selector" . }}
app.kubernetes.io/part-of: otelgate
{{- end }}

{{- define "otelgate.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- /* Spread over nodes, and over zones where there are some. */ -}}
{{- define "otelgate.spread" -}}
- maxSkew: 1
  topologyKey: {{ .key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "otelgate.selector" .component | nindent 6 }}
{{- end }}

{{- define "otelgate.podMetadata" -}}
labels:
  {{- include "otelgate.labels" .component | nindent 2 }}
  {{- with .part.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- if or .scrape .part.podAnnotations }}
annotations:
  {{- if .scrape }}
  prometheus.io/scrape: "true"
  prometheus.io/port: {{ .opsPort | quote }}
  {{- end }}
  {{- with .part.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* What both pods say of themselves: PodSecurity restricted. */ -}}
{{- define "otelgate.podSpec" -}}
automountServiceAccountToken: true
enableServiceLinks: false
{{- with .values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
- name: {{ . }}
{{- end }}
{{- end }}
{{- with .part.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.tolerations }}
tolerations:
{{- toYaml . | nindent 0 }}
{{- end }}
{{- with .part.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- with .values.runAsUser }}
  runAsUser: {{ int64 . }}
  runAsGroup: {{ int64 . }}
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "otelgate.container" -}}
env:
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- with .part.extraEnv }}
{{- toYaml . | nindent 0 }}
{{- end }}
readinessProbe:
  httpGet:
    path: /readyz
    port: ops
  periodSeconds: 5
  timeoutSeconds: 1
  failureThreshold: 3
livenessProbe:
  httpGet:
    path: /livez
    port: ops
  periodSeconds: 10
  timeoutSeconds: 1
  failureThreshold: 3
{{- with .part.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- /* Flags of both: only what differs from the program's own defaults. */ -}}
{{- define "otelgate.serviceArgs" -}}
{{- if ne .log.level "info" }}
- --log-level={{ .log.level }}
{{- end }}
{{- if ne .log.format "auto" }}
- --log-format={{ .log.format }}
{{- end }}
{{- if ne .sandbox.landlock "auto" }}
- --sandbox={{ .sandbox.landlock }}
{{- end }}
{{- if ne .sandbox.seccomp "off" }}
- --seccomp={{ .sandbox.seccomp }}
{{- end }}
{{- end }}

{{- /* One Secret by its name, for the controller: in a namespace, or in all of them. */ -}}
{{- define "otelgate.secretRole" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: otelgate-secret-{{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    app.kubernetes.io/part-of: otelgate
rules:
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ .name | quote }}]
  verbs: {{ .verbs }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: otelgate-secret-{{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    app.kubernetes.io/part-of: otelgate
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: otelgate-secret-{{ .name }}
subjects:
- kind: ServiceAccount
  name: otelgate-controller
  namespace: {{ .root.Release.Namespace }}
{{- end }}

{{- /* What the pods of `helm test` have in common: they run once, and are PodSecurity restricted. */ -}}
{{- define "otelgate.testPodSpec" -}}
restartPolicy: Never
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
- name: {{ . }}
{{- end }}
{{- end }}
nodeSelector:
  {{- toYaml .Values.controller.nodeSelector | nindent 2 }}
{{- with .Values.controller.tolerations }}
tolerations:
{{- toYaml . | nindent 0 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- with .Values.runAsUser }}
  runAsUser: {{ int64 . }}
  runAsGroup: {{ int64 . }}
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- /* The container in which a stack of this name is tried. Names of stacks may be longer than those of
containers and hold dots: those are told apart by a hash. */ -}}
{{- define "otelgate.testContainerName" -}}
{{- if or (contains "." .) (gt (len .) 50) -}}
h-{{ sha256sum . | trunc 10 }}-{{ . | replace "." "-" | trunc 40 | trimSuffix "-" }}
{{- else -}}
s-{{ . }}
{{- end }}
{{- end }}

{{- define "otelgate.testContainer" -}}
image: {{ include "otelgate.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [otelgate]
{{- with .Values.controller.extraEnv }}
env:
{{- toYaml . | nindent 0 }}
{{- end }}
resources:
  requests:
    cpu: 10m
    memory: 32Mi
  limits:
    memory: 128Mi
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}
