# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Keys, certificates and kubeconfigs of a cluster, in $D/pki and $D/kubeconfig. To be read with `.`.

pki_quiet() {
	"$@" 2>>"$D/log/pki.log"
}

pki_ca() {
	local p=$D/pki
	mkdir -p "$p" "$D/kubeconfig" "$D/log"
	chmod 700 "$D"
	pki_quiet openssl ecparam -name prime256v1 -genkey -noout -out "$p/ca.key"
	pki_quiet openssl req -x509 -new -key "$p/ca.key" -days 30 -subj /CN=e2e-ca -out "$p/ca.crt" \
		-addext 'keyUsage=critical,keyCertSign,cRLSign'
	# API tokens are signed with this pair
	pki_quiet openssl genrsa -out "$p/sa.key" 2048
	pki_quiet openssl rsa -in "$p/sa.key" -pubout -out "$p/sa.pub"
}

# pki_cert NAME SUBJECT [SAN...]
pki_cert() {
	local p=$D/pki name=$1 subject=$2 names
	shift 2
	names=$(IFS=, && printf '%s' "$*")
	pki_quiet openssl ecparam -name prime256v1 -genkey -noout -out "$p/$name.key"
	pki_quiet openssl req -new -key "$p/$name.key" -subj "$subject" -out "$p/$name.csr"
	{
		echo 'basicConstraints=CA:FALSE'
		echo 'keyUsage=critical,digitalSignature'
		echo 'extendedKeyUsage=serverAuth,clientAuth'
		[ $# = 0 ] || echo "subjectAltName=$names"
	} >"$p/$name.ext"
	pki_quiet openssl x509 -req -in "$p/$name.csr" -CA "$p/ca.crt" -CAkey "$p/ca.key" -days 30 \
		-set_serial "0x$(pki_quiet openssl rand -hex 8)" -extfile "$p/$name.ext" -out "$p/$name.crt"
	rm -f "$p/$name.csr" "$p/$name.ext"
}

# kubeconfig_write FILE NAMESPACE USER-LINE...: for the API server of this cluster
kubeconfig_write() {
	local file=$1 namespace=$2
	shift 2
	(
		umask 077
		{
			cat <<-EOF
				apiVersion: v1
				kind: Config
				clusters:
				- name: e2e
				  cluster:
				    server: https://127.0.0.1:$(cat "$D/apiserver.port")
				    certificate-authority: $D/pki/ca.crt
				contexts:
				- name: e2e
				  context: {cluster: e2e, user: me, namespace: $namespace}
				current-context: e2e
				users:
				- name: me
				  user:
			EOF
			printf '    %s\n' "$@"
		} >"$file.new"
	)
	mv "$file.new" "$file"
}

kubeconfig_of_cert() {
	kubeconfig_write "$D/kubeconfig/$1" default "client-certificate: $D/pki/$1.crt" "client-key: $D/pki/$1.key"
}
