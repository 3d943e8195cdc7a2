{{/* The names of all objects begin with this. */}}
{{- define "nodetask.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Deployment, Service, Lease, roles of the operator. */}}
{{- define "nodetask.operator" -}}
{{ include "nodetask.fullname" . }}-operator
{{- end -}}

{{- define "nodetask.serviceAccountName" -}}
{{- if .Values.operator.serviceAccount.create -}}
{{- default (include "nodetask.operator" .) .Values.operator.serviceAccount.name -}}
{{- else -}}
{{- required "operator.serviceAccount.name: the name of the account that is there already, as operator.serviceAccount.create is false" .Values.operator.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* What makes an object one of this release. */}}
{{- define "nodetask.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "nodetask.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: nodetask
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* What the operator's pods are selected by: never to be changed, a Deployment's selector cannot be. */}}
{{- define "nodetask.selectorLabels" -}}
app.kubernetes.io/name: nodetask
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "nodetask.operatorSelectorLabels" -}}
{{ include "nodetask.selectorLabels" . }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* An image reference. Call it with (dict "image" … "chart" .Chart). */}}
{{- define "nodetask.image" -}}
{{- $tag := default .chart.AppVersion .image.tag -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ $tag }}
{{- end -}}
{{- end -}}

{{/* "true" where the operator has its HTTPS server: certificates for agents, admission, metrics. */}}
{{- define "nodetask.https" -}}
{{- if .Values.tls.enabled }}true{{ end -}}
{{- end -}}

{{/* Stops what cannot work, with what to write instead. Empty otherwise. */}}
{{- define "nodetask.check" -}}
{{- /* Only a cluster knows: helm template asks none, and finds no namespace at all. A chart around this one may make the namespace itself. */ -}}
{{- if and .Chart.IsRoot (lookup "v1" "Namespace" "" "kube-system") -}}
{{- range .Values.agentNamespaces -}}
{{- if not (lookup "v1" "Namespace" "" .) -}}
{{- fail (printf "agentNamespaces names %s, and there is no such namespace. Correct it, or run: kubectl create namespace %s" . .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not .Values.tls.enabled -}}
{{- if .Values.injection.enabled -}}
{{- fail "injection.enabled needs tls.enabled: an injected agent gets its certificate from the operator. Set injection.enabled=false as well." -}}
{{- end -}}
{{- if .Values.tls.certManager.enabled -}}
{{- fail "tls.certManager.enabled needs tls.enabled: without TLS nothing uses the CA. Set tls.certManager.enabled=false as well." -}}
{{- end -}}
{{- if .Values.metrics.podMonitor.enabled -}}
{{- fail "metrics.podMonitor.enabled needs tls.enabled: it reads the agents' metrics with a client certificate. Set metrics.podMonitor.enabled=false as well." -}}
{{- end -}}
{{- end -}}
{{- end -}}
