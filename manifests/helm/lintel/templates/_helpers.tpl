{{/* "lintel" for a release of that name, else RELEASE-lintel: several releases stand beside each other. Nothing is cut
     off: Helm refuses names of releases over 53 characters, and what is cut at a dash or a dot is no name. */}}
{{- define "lintel.name" -}}
{{- if contains "lintel" .Release.Name -}}
{{- .Release.Name -}}
{{- else -}}
{{- printf "%s-lintel" .Release.Name -}}
{{- end -}}
{{- end -}}

{{/* A release may have a name that YAML would read as a number. */}}
{{- define "lintel.selector" -}}
app.kubernetes.io/name: lintel
app.kubernetes.io/instance: {{ .Release.Name | quote }}
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
