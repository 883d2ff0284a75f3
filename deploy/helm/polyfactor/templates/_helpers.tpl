{{- define "polyfactor.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "polyfactor.labels" -}}
app.kubernetes.io/name: polyfactor
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "polyfactor.selector" -}}
app.kubernetes.io/name: polyfactor
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
