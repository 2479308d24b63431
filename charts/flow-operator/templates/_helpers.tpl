{{/* Name of every object: the release's, which says flow-operator already or gets it appended. */}}
{{- define "flow-operator.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "flow-operator.selector" -}}
app.kubernetes.io/name: flow-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "flow-operator.labels" -}}
{{ include "flow-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: flow-operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* image (list context "flow-runtime" reference): the whole reference if one is given, else registry/name:tag. */}}
{{- define "flow-operator.image" -}}
{{- $context := index . 0 }}{{ $name := index . 1 }}{{ $reference := index . 2 }}
{{- if $reference }}{{ $reference }}
{{- else }}
{{- with $context.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ $name }}:{{ $context.Values.image.tag | default $context.Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* What the operator may do where it looks: nothing with Secrets, no spec of ours is ever written. */}}
{{- define "flow-operator.rules" -}}
- apiGroups: [flowoperator.dev]
  resources: [flowdeployments, flowmonitors]
  verbs: [get, list, watch]
- apiGroups: [flowoperator.dev]
  resources: [flowdeployments/status, flowmonitors/status]
  verbs: [patch]
# The children. Server-side apply needs create and patch.
- apiGroups: [""]
  resources: [services, serviceaccounts, configmaps]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [batch]
  resources: [cronjobs]
  verbs: [get, list, watch, create, patch, delete]
# Read: why a pod is not ready, which revision is in use, how a run ended.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [list]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end }}
