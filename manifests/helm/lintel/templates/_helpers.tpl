{{/* "lintel" for a release of that name, else RELEASE-lintel: several releases stand beside each other. */}}
{{- define "lintel.name" -}}
{{- if contains "lintel" .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-lintel" .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "lintel.selector" -}}
app.kubernetes.io/name: lintel
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "lintel.labels" -}}
{{ include "lintel.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* An IPv6 address stands in brackets before a port. */}}
{{- define "lintel.listen" -}}
{{- if contains ":" .Values.listen.address -}}
{{- printf "[%s]:%d" .Values.listen.address (int .Values.listen.port) -}}
{{- else -}}
{{- printf "%s:%d" .Values.listen.address (int .Values.listen.port) -}}
{{- end -}}
{{- end -}}
