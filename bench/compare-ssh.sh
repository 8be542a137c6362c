#!/bin/bash
# `hostname` on 100 targets as ClusterShell, Ansible and Pantry do it: one sshd and 100 loopback addresses, beside 100
# separate clients of Pantry. Needs root, and Debian's openssh-server, openssh-client, clustershell and ansible-core
# (`--install` installs them). All of 127.0.0.0/8 is this machine's own on Linux. Leaves nothing running.
set -eu
cd "$(dirname "$0")/.."
rounds=3 port=22022 count=100
if [ "${1:-}" = --install ]; then
    shift
    DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y --no-install-recommends openssh-server openssh-client clustershell ansible-core >/dev/null
fi
[ $# -eq 0 ] || rounds=$1
for tool in ssh-keygen clush ansible dotnet; do
    command -v $tool >/dev/null || { echo "$tool is missing; run with --install, as root." >&2; exit 2; }
done

dir=$(mktemp -d)
chmod 700 "$dir"
sshd_pid=
cleanup() {
    [ -z "$sshd_pid" ] || kill "$sshd_pid" 2>/dev/null || true
    rm -rf "$dir"
}
trap cleanup EXIT INT TERM

ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
ssh-keygen -q -t ed25519 -N '' -f "$dir/user"
cp "$dir/user.pub" "$dir/authorized"
cat > "$dir/sshd" <<END
Port $port
HostKey $dir/host
PidFile $dir/pid
AuthorizedKeysFile $dir/authorized
PasswordAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
MaxStartups 500:100:500
# sshd listens on 16 addresses at most, so it does on all; whoever comes from elsewhere is not let in.
Match Address *,!127.0.0.0/8
    PubkeyAuthentication no
END
mkdir -p /run/sshd
"$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$dir/sshd" 2>"$dir/log" &
sshd_pid=$!
options="-p $port -i $dir/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o IdentitiesOnly=yes"
for _ in $(seq 100); do ssh $options 127.77.0.1 true 2>/dev/null && break; sleep 0.1; done
ssh $options 127.77.0.1 true

for i in $(seq $count); do echo "127.77.0.$i"; done > "$dir/hosts"
cat > "$dir/ansible.cfg" <<END
[defaults]
host_key_checking = False
remote_port = $port
private_key_file = $dir/user
gathering = explicit
local_tmp = $dir/ansible
[ssh_connection]
pipelining = True
ssh_args = -o ControlMaster=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o IdentitiesOnly=yes
END

# Seconds, and how many targets have answered.
timed() {
    local start end answers
    start=$(date +%s.%N)
    answers=$(timeout 300 "${@:2}" 2>"$dir/errors" | tr -d '\r' | grep -c "$(hostname)\$" || true)
    end=$(date +%s.%N)
    awk -v what="$1" -v s="$start" -v e="$end" -v n="$answers" 'BEGIN { printf "%-28s %8.3f s   %d answers\n", what, e - s, n }'
}

echo "$(nproc) cores, $count targets, hostname; each round one after the other"
for _ in $(seq "$rounds"); do
    timed 'clush -f 64' clush -f 64 -o "$options" -w '127.77.0.[1-100]' hostname
    ANSIBLE_CONFIG="$dir/ansible.cfg" timed 'ansible raw, 50 forks' ansible all -i "$dir/hosts" -u "$(id -un)" -f 50 -m raw -a hostname
done
timeout 600 dotnet run ${NO_BUILD:+--no-build} -c Release --project bench/Pantry.Bench -- shell --clients $count --rounds $((rounds * 5))
